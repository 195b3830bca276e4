"""Which columns of a row break a rule, and which of them name a person."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.roles import Block
from connectors.sql.keys import Keys, actual_time
from connectors.sql.spine import CLASSES
from connectors.sql.values import LARGEST
from connectors.sql.work import Work
from valuekit.workspace.declare import Assignments, DailyTable, Model, Outcomes, Predictions
from valuekit.workspace.panel import Panel

Cells = Mapping[str, str | None]
Test = Callable[[str | None], bool]
TIMES = ("null_time", "time_unit", "no_such_time", "future")  # rules about times


@dataclass(frozen=True, slots=True)
class Culprits:
    """What the columns of a source mean to its rules.

    Attributes:
        rules: Rule -> columns that can break it.
        names: Columns that tell rows apart, best first.
        personal: Columns whose values are masked.
        shares: Columns whose values lie between 0 and 1.
    """

    rules: Mapping[str, Sequence[str | None]]
    names: Sequence[str | None]
    personal: frozenset[str | None] = frozenset()
    shares: frozenset[str | None] = field(default_factory=frozenset)

    def of(self, rule: str, cells: Cells) -> list[str]:
        """The columns of a row that break a rule; all that could where none is plain."""
        asked = [one for one in self.rules.get(rule, ()) if one is not None and one in cells]
        if rule.startswith("null_"):
            return [one for one in asked if _blank(cells[one])] or asked
        if rule.startswith("bad_"):
            return [one for one in asked if self._broken(one, cells[one])] or asked
        return asked

    def reference(self, cells: Cells) -> str | None:
        """The first column that tells this row from others; None when all are empty."""
        return next((one for one in self.names if one and not _blank(cells.get(one))), None)

    def _broken(self, column: str, text: str | None) -> bool:
        number = _number(text)
        return text is not None and not (
            abs(number) < LARGEST and (column not in self.shares or 0 <= number <= 1)
        )


def _blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _number(text: str | None) -> float:
    """A cell as a number; NaN where it is none."""
    truths = {"true": 1.0, "false": 0.0}
    try:
        return truths[text] if text in truths else float(text or "nan")
    except ValueError:
        return math.nan


def culprits(work: Work, model: Model, block: Block, keys: Keys | None) -> Culprits:
    """What the columns of one of a model's tables mean to its rules."""
    if isinstance(block, Predictions):
        return _predictions(model, block, keys)
    if isinstance(block, Assignments):
        return _assignments(block, keys)
    if isinstance(block, DailyTable):
        msg = "rows of ready-made tables are told apart where they are judged"
        raise TypeError(msg)
    if isinstance(block, Panel):
        return _panel(model, block)
    return _outcomes(work, model, block, keys)


def _predictions(model: Model, p: Predictions, keys: Keys | None) -> Culprits:
    classes = model.task in CLASSES
    numbers = (p.value, p.weight, p.latency_ms)
    more = (*p.quantiles.values(), *p.baselines.values(), *p.tokens.values())
    entry = keys.entry if keys else ()
    return Culprits(
        {
            "null_id": [p.id],
            "long_id": [p.id],
            "null_key": [one for one in dict.fromkeys([p.unit, *entry]) if one != p.id],
            **dict.fromkeys(TIMES, (p.time, p.target_time if model.task == "forecast" else None)),
            "bad_score": [p.score, None if classes else p.predicted],
            "bad_value": [*numbers, *more],
            "conflicting_duplicate": [p.id],
            "conflicting_arms": [p.arm],
        },
        [p.id, p.unit, *entry],
        frozenset(_persons(model, entry, entry)),
        frozenset({p.score} if model.task == "classification" else ()),
    )


def _assignments(a: Assignments, keys: Keys | None) -> Culprits:
    return Culprits(
        {
            "null_id": [a.unit],
            "long_id": [a.unit],
            **dict.fromkeys(TIMES, (a.time,)),
            "bad_propensity": [a.propensity],
            "conflicting_duplicate": [a.arm],
        },
        [a.unit],
        frozenset({a.unit, *(keys.entry if keys else ())}),
        frozenset({a.propensity}),
    )


def _outcomes(work: Work, model: Model, o: Outcomes, keys: Keys | None) -> Culprits:
    entry, outcome = (keys.entry, keys.outcome) if keys else ((), ())
    when = actual_time(work)
    metrics = [c for one in model.unit_metrics.values() for c in (one.column, one.denominator)]
    return Culprits(
        {
            "null_key": outcome,
            "long_key": outcome,
            "null_id": [o.id],
            "long_id": [o.id],
            **dict.fromkeys(TIMES, (when,)),
            "bad_value": [*metrics, o.label],
            "bad_label": [o.label],
            "null_value": [*metrics, o.label],
            "conflicting_duplicate": [o.id],
            "orphan": outcome,
            "before_prediction": [when],
        },
        [o.id, *outcome],
        frozenset(_persons(model, entry, outcome)),
    )


def _panel(model: Model, p: Panel) -> Culprits:
    values = [one.column for one in model.panel_metrics.values()]
    return Culprits(
        {
            "null_group": [p.group],
            "null_id": [p.id],
            "long_id": [p.id],
            **dict.fromkeys(TIMES, (p.time,)),
            "null_arm": [p.arm],
            "bad_arm": [p.arm],
            "bad_value": [*values, p.offset],
            "null_value": values,
            "conflicting_duplicate": [p.id],
        },
        [p.id, p.group],
    )


def _persons(model: Model, entry: Sequence[str], named: Sequence[str]) -> list[str | None]:
    """Units, and every key but the prediction's own id and the series of a forecast."""
    p = model.predictions
    units = {one.unit for one in (p, model.assignments) if one is not None}
    things = {p.id, p.series} - units if p is not None else set()
    keys = [name for left, name in zip(entry, named, strict=True) if left not in things]
    return [*units, *keys]
