"""Frames from a source become the facts of one model: conformed, complete, its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.errors import Finding, SourceError, ValuekitError
from valuekit.ledger.cast import PLACES
from valuekit.ledger.frame import conform, empty
from valuekit.ledger.merge import merge
from valuekit.ledger.ragged import joined, parted
from valuekit.ledger.schema import FACTS, Fact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_ROUNDED = frozenset({"currency", "1"})  # units of vectors that are kept to 6 places


def together(model: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every fact of the schema as a conformed frame of the model; one not delivered is empty.

    Vectors of money and of scores are kept to 6 places: that is what money has, it packs to half
    the size, and the order in which an engine adds rows no longer shows.

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
            facts[name] = rounded(FACTS[name], conform(FACTS[name], frame))
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


def rounded(fact: Fact, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, its vectors of money and of scores at the places that are kept."""
    for one in fact.vectors:
        if one.dtype == "floats" and one.unit in _ROUNDED:
            vectors = frame[one.name].tolist()
            flat = joined(vectors)
            if flat is not None:  # None for no rows: conformed vectors have one dtype
                made = parted(np.round(flat, PLACES), vectors)
                frame = frame.assign(**{one.name: pd.Series(made, dtype="object")})
    return frame


def _finding(place: str, value: str, rule: str) -> Finding:
    return Finding(
        place=place,
        value=value,
        rule=rule,
        remedy="This is a fault of the connector: docs/ledger.md lists facts and columns.",
        code="fact_unknown",
    )
