"""What ready-made tables do not give is unknown, with the reason; a 0 in its place says nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from valuekit.estimate import unknown
from valuekit.ledger.schema import FACTS
from valuekit.scorecard import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from valuekit.scorecard import Arm, Figure
    from valuekit.workspace.declare import Model

_FREE = frozenset({"sum_v", "value", "hist", "layout"})  # asked for where they are declared


def lacking(model: Model, fact: str, names: Iterable[str], metric: str = "") -> tuple[str, ...]:
    """Which of some measures the ready-made table of a fact does not give.

    Args:
        model: As declared.
        fact: Name of the fact; one that is computed from rows lacks nothing.
        names: Measures that are asked for.
        metric: Name of the metric, for the fact ``effect``.
    """
    table = model.ready(fact)
    if table is None:
        return ()
    name = metric or model.primary_metric or ""
    declared = model.metrics.get(name)
    given = table.given(name, proportion=declared is not None and declared.kind == "proportion")
    measures = {one.name for one in FACTS[fact].measures} - _FREE
    return tuple(one for one in names if one in measures and one not in given)


def why_lacking(fact: str, names: Iterable[str]) -> str:
    """The reason in words.

    >>> why_lacking("error", ["sum_ape"])
    'the ready-made table [facts.error] does not give `sum_ape`'
    """
    listed = ", ".join(f"`{one}`" for one in names)
    return f"the ready-made table [facts.{fact}] does not give {listed}"


def told(model: Model, figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Figures, those unknown that rest on something a ready-made table does not give."""
    if model.facts is None:
        return tuple(figures)
    return tuple(_told(model, one) for one in figures)


def _told(model: Model, figure: Figure) -> Figure:
    asked: dict[str, list[str]] = {}
    for one in figure.facts:
        fact, _, name = one.partition(".")
        asked.setdefault(fact, []).append(name)
    for fact, names in asked.items():
        if fact != "effect" and (missing := lacking(model, fact, names)):
            old = figure.estimate
            why = why_lacking(fact, missing)
            return replace(figure, estimate=unknown(why, old.unit, period=old.period))
    return figure


def not_run(model: Model, metric: str, name: str, what: str) -> Diagnostic | None:
    """A check of a holdout that cannot be run, because the table lacks what it reads."""
    missing = lacking(model, "effect", [what], metric)
    if what == "matched" and model.facts is not None and model.facts.absent == "unknown":
        return None  # units in the moments are those with an outcome
    if not missing:
        return None
    why = why_lacking("effect", missing)
    return Diagnostic(name, "not run", f"{why[0].upper()}{why[1:]}.")


def arms_told(model: Model, metric: str, arms: Iterable[Arm]) -> tuple[Arm, ...]:
    """Arms, with counts that a ready-made table does not give as unknown."""
    missing = set(lacking(model, "effect", ["matched", "nonzero"], metric))
    return tuple(
        replace(
            one,
            matched=None if "matched" in missing else one.matched,
            nonzero=None if "nonzero" in missing else one.nonzero,
        )
        for one in arms
    )


def filled_in(model: Model, metric: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Effect rows whose missing counts are as good as the sums allow.

    Units with a known outcome are those in the moments where the table names no others. Units with
    an outcome other than 0 are at least (sum y)^2 / sum y^2 (Cauchy-Schwarz).
    """
    missing = lacking(model, "effect", ["matched", "nonzero"], metric)
    if not missing or rows.empty:
        return rows
    if "matched" in missing and model.facts is not None and model.facts.absent == "unknown":
        rows = rows.assign(matched=rows["n"])
    if "nonzero" in missing:
        n, mean = rows["n"].to_numpy(dtype=float), rows["mean_y"].to_numpy()
        squares = rows["c_yy"].to_numpy() + n * mean**2
        least = np.divide((n * mean) ** 2, squares, out=np.zeros(len(n)), where=squares > 0)
        rows = rows.assign(nonzero=np.floor(least * (1 + 1e-12)).astype("int64"))
    return rows


def acts(model: Model) -> bool:
    """Whether it is known which predictions were acted on."""
    if model.predictions is not None:
        return model.predictions.acted is not None
    score, volume = model.ready("score"), model.ready("volume")
    in_score = score is not None and "acted" in score.mapped
    return in_score or (volume is not None and "acted" in volume.mapped)
