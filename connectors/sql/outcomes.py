"""Outcome rows, judged and kept once: keys, time, label, metric columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from connectors import dialects
from connectors.base import BAD_CELL, ColumnType
from connectors.sql import instants as when
from connectors.sql.dedupe import Judged, judge
from connectors.sql.keys import Keys, actual_time
from connectors.sql.periods import period
from connectors.sql.spine import CLASSES, time_of
from connectors.sql.values import (
    any_of,
    blank,
    class_name,
    class_number,
    countable,
    flag,
    number,
    too_long,
    unusable,
    zero,
)
from connectors.sql.work import Expression, Work
from connectors.sql.written import Written, cells_of
from valuekit.workspace.declare import Metric, Model, Outcomes


@dataclass(frozen=True, slots=True)
class Actuals:
    """Clean outcome rows.

    Attributes:
        judged: Counts by rule before matching.
        rows: The clean rows, kept: oid (unique), ts, day, late (day of arrival), stated (the label
            as it is in the table), label, y, amount, ``m_NAME`` and ``d_NAME`` per metric,
            ``key0``..., period. No oid where one statement of a whole pull alone reads them: no
            other could know a row by it.
        timed: Whether outcomes have a time.
        by_day: Whether that time has no time of day.
    """

    judged: Judged
    rows: sa.FromClause
    timed: bool
    by_day: bool


def outcomes(work: Work, o: Outcomes, keys: Keys, *, once: bool = False) -> Actuals:
    """Clean outcome rows of a model, kept in the engine unless they are read only once.

    Args:
        work: The pull.
        o: What the model declares of its outcomes.
        keys: Keys that lead to the outcomes.
        once: Whether one statement alone reads them.
    """
    kinds = work.engine.columns(o.table)
    when = actual_time(work)
    read = _Rows(work, o, kinds, keys, when).read()
    judged = judge(work, "outcomes", read, has_id=o.id is not None)
    rows = judged.rows
    names = [one for one in rows.c if one.name not in {"id", "usable", "rule", "label", "y"}]
    known = [] if once and work.slice is None else [_identity(work, rows, o).label("oid")]
    found = sa.select(*known, *names)
    kept = found.subquery("outcomes") if once else work.keep("outcomes", found)
    more = [one.label(name) for name, one in classes(work, kept.c.stated).items()]
    by_day = when is not None and kinds[when] == "date"
    return Actuals(judged, sa.select(kept, *more).subquery("read_labels"), when is not None, by_day)


def classes(work: Work, stated: Expression) -> dict[str, Expression]:
    """The class and the number that an outcome's label stands for; both NULL without labels.

    Only the label is kept, as it is in the table: it is smaller than the name of its class.
    """
    o = work.model.outcomes
    label: Expression = sa.cast(sa.null(), sa.String())
    y: Expression = sa.cast(sa.null(), sa.Double())
    if o is None or o.label is None:
        return {"label": label, "y": y}
    kind = work.engine.columns(o.table)[o.label]
    if work.model.task in CLASSES:
        label = class_name(stated, kind, o.positive)
    return {"label": label, "y": class_number(stated, kind, o.positive)}


def written(work: Work, o: Outcomes, keys: Keys) -> Written:
    """Every row of the outcomes as it was judged, with its cells as they were written."""
    kinds = work.engine.columns(o.table)
    rows = _Rows(work, o, kinds, keys, actual_time(work), cells=True)
    return Written(rows.read(), tuple(rows.wanted()))


def _identity(work: Work, rows: sa.FromClause, o: Outcomes) -> Expression:
    """A number or id that tells outcome rows apart; equal rows may swap theirs."""
    if o.id is not None:
        return rows.c.id
    if work.engine.can_materialise:
        return sa.func.row_number().over()
    # A CTE may be computed anew at each use: number the rows the same way every time.
    order = [one for one in rows.c if one.name not in {"id", "usable", "rule", "amount"}]
    return sa.func.row_number().over(order_by=order)


class _Rows:
    """The typed columns of the outcome table, each by its meaning."""

    def __init__(
        self,
        work: Work,
        o: Outcomes,
        kinds: Mapping[str, ColumnType],
        keys: Keys,
        when: str | None,
        *,
        cells: bool = False,
    ) -> None:
        self.work, self.o, self.kinds, self.keys = work, o, kinds, keys
        self.when = when
        self.metrics: Mapping[str, Metric] = work.model.metrics
        self.raw = work.table("outcomes", o, self.wanted(), cells=cells)

    def read(self) -> sa.Subquery:
        """All rows of the table with their meaning and the rule that each breaks, if any."""
        o, raw, unknown = self.o, self.raw, sa.null()
        unfit: when.Rules = [
            (raw.c[BAD_CELL].is_not(None), "bad_cell"),
            (self._any_key(blank), "null_key"),
            (self._any_key(too_long), "long_key"),
            *self._id_rules(),
            *self._time_rules(),
            (self._no_value(), "null_value"),  # what says nothing contradicts no other row
        ]
        rule = sa.case(
            *unfit,
            (self._bad_value(), "bad_value"),
            (self._bad_label(), "bad_label"),
            else_="accepted",
        )
        stated = sa.null() if o.label is None else raw.c[o.label]
        columns: dict[str, Expression] = {
            "id": sa.literal_column("0") if o.id is None else raw.c[o.id],
            "usable": flag(sa.not_(when.broken(unfit))),
            "rule": rule,
            **self._times(),
            "stated": stated,
            **classes(self.work, stated),
            **self._metrics(),
            **self.keys.of_outcome(raw.c, self.kinds),
            "amount": self._amount(),
            **cells_of(raw),
        }
        if o.arrived is not None:
            arrived = raw.c[o.arrived]
            known = sa.not_(when.wrong_unit(arrived, self.kinds[o.arrived]))
            columns["late"] = sa.case((known, self.work.engine.local_day(arrived)))
        else:
            columns["late"] = sa.cast(unknown, sa.Date())
        made = [one.label(name) for name, one in columns.items()]
        return sa.select(*made).select_from(raw).subquery("read_outcomes")

    def _any_key(
        self, test: Callable[[Expression, ColumnType], sa.ColumnElement[bool]]
    ) -> sa.ColumnElement[bool]:
        return any_of([test(self.raw.c[one], self.kinds[one]) for one in self.keys.outcome])

    def _id_rules(self) -> when.Rules:
        if self.o.id is None:
            return []
        value, kind = self.raw.c[self.o.id], self.kinds[self.o.id]
        return [(blank(value, kind), "null_id"), (too_long(value, kind), "long_id")]

    def _time_rules(self) -> when.Rules:
        found = when.never_was(self.raw.c)
        if self.when is not None:
            found += when.rules(self.work.engine, self.raw.c, self.when, self.kinds[self.when])
        return found

    def _bad_label(self) -> sa.ColumnElement[bool]:
        """Whether a label is neither 1 nor 0, where a score says how likely it is."""
        o, p = self.o, self.work.model.predictions
        if o.label is None or o.positive is not None or self.work.model.task != "classification":
            return sa.false()
        if p is None or p.score is None or p.predicted is not None:
            return sa.false()
        stated = self.raw.c[o.label]
        label = number(stated, self.kinds[o.label])
        strange = sa.and_(label.is_not(None), label != 0.0, label != 1.0)
        return sa.or_(strange, sa.and_(stated.is_not(None), label.is_(None)))

    def wanted(self) -> list[str]:
        """The columns that are read."""
        o = self.o
        metrics = [c for one in self.metrics.values() for c in (one.column, one.denominator)]
        names = (o.id, self.when, o.arrived, o.label, *metrics, *self.keys.outcome)
        return list(dict.fromkeys(one for one in names if one is not None))

    def _times(self) -> dict[str, Expression]:
        if self.when is None:
            none = sa.cast(sa.null(), sa.DateTime())
            return {"ts": none, "day": sa.cast(sa.null(), sa.Date())}
        value = self.raw.c[self.when]
        kind = self.kinds[self.when]
        day = when.day_or_none(self.work.engine.local_day(value), value, kind)
        made = {"ts": time_of(value, kind), "day": day}
        p = self.work.model.predictions
        if self.work.model.task == "forecast" and p is not None:
            made["period"] = period(day, p.frequency)
        return made

    def _metrics(self) -> dict[str, Expression]:
        made: dict[str, Expression] = {}
        for name, metric in self.metrics.items():
            m = self._number(metric.column, sa.literal_column("1.0"))
            d = self._number(metric.denominator, sa.literal_column("0.0"))
            filled = zero if metric.empty_is_zero else _as_it_is
            made |= {f"m_{name}": filled(m), f"d_{name}": filled(d)}
        return made

    def _number(self, column: str | None, otherwise: Expression) -> Expression:
        if column is None:
            return dialects.to_double(otherwise)
        return number(self.raw.c[column], self.kinds[column])

    def _no_value(self) -> sa.ColumnElement[bool]:
        """Whether a row says nothing: no label, and no metric that an empty cell tells or counts.

        Such a row would pass for an outcome of 0, or hide one that is known.
        """
        read = self.metrics.values()
        if any(one.column is None or one.empty_is_zero for one in read):
            return sa.false()
        names = [c for one in read for c in (one.column, one.denominator)]
        said = [self.raw.c[one].is_(None) for one in (*names, self.o.label) if one is not None]
        return sa.and_(*said) if said else sa.false()

    def _bad_value(self) -> sa.ColumnElement[bool]:
        o = self.o
        names = [c for one in self.metrics.values() for c in (one.column, one.denominator)]
        if o.label is not None and not self._names_classes(o.label):
            names.append(o.label)
        found = dict.fromkeys(one for one in names if one is not None)
        return any_of([unusable(self.raw.c[one], self.kinds[one]) for one in found])

    def _names_classes(self, label: str) -> bool:
        return self.work.model.task in CLASSES and self.kinds[label] == "text"

    def _amount(self) -> Expression:
        stated = sa.null() if self.o.label is None else self.raw.c[self.o.label]
        return conserved(self.work.model, {**classes(self.work, stated), **self._metrics()})


def _as_it_is(value: Expression) -> Expression:
    return value


def conserved(model: Model, values: Mapping[str, Expression]) -> Expression:
    """What must not be lost: the primary metric, else the label, else one per row.

    Args:
        model: The declared model.
        values: y, and ``m_NAME`` of each metric.
    """
    if model.primary_metric is not None:
        return countable(values[f"m_{model.primary_metric}"])
    if model.outcomes is not None and model.outcomes.label is not None:
        return countable(values["y"])
    return sa.literal_column("1.0")
