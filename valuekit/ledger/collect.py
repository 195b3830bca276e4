"""Frames from a source become the facts of one model: conformed, complete, its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from valuekit.errors import Finding, SourceError, ValuekitError
from valuekit.ledger.frame import conform, empty
from valuekit.ledger.merge import merge
from valuekit.ledger.schema import FACTS, Fact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def together(model: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every fact of the schema as a conformed frame of the model; one not delivered is empty.

    Raises:
        ValuekitError: with the findings of all facts, for a frame that does not conform, that
            holds rows of another model, or that is no fact.
    """
    facts = {name: empty(fact) for name, fact in FACTS.items()}
    findings: list[Finding] = []
    for name, frame in frames.items():
        if name not in FACTS:
            findings.append(_finding(f"ledger.{name}", name, "there is no such fact"))
            continue
        try:
            facts[name] = conform(FACTS[name], frame)
        except ValuekitError as error:
            findings.extend(error.findings)
            continue
        others = sorted(set(facts[name]["model"]) - {model})
        if others:
            findings.append(_finding(f"ledger.{name}.model", others[0], f"not a row of {model}"))
    if findings:
        raise SourceError(*findings)
    return facts


def add_up(fact: Fact, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames of one fact as one conformed frame; rows with the same key are merged."""
    filled = [frame for frame in frames if not frame.empty]
    if not filled:
        return empty(fact)
    if len(filled) == 1:
        return filled[0]
    stacked = pd.concat(filled, ignore_index=True)
    return conform(fact, merge(fact, stacked, fact.key_names))


def _finding(place: str, value: str, rule: str) -> Finding:
    return Finding(
        place=place,
        value=value,
        rule=rule,
        remedy="This is a fault of the connector: docs/ledger.md lists facts and columns.",
        code="fact_unknown",
    )
