"""Rows of a panel's table by their meaning, each with the rule that it breaks, if any."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from connectors import dialects, zones
from connectors.base import BAD_CELL, ColumnType, Engine
from connectors.sql import instants as when
from connectors.sql.spine import time_of
from connectors.sql.values import (
    FALSE,
    TRUE,
    any_of,
    blank,
    countable,
    flag,
    number,
    text,
    unusable,
    zero,
)
from connectors.sql.work import Columns, Expression, Work
from connectors.sql.written import Written, cells_of
from valuekit.ledger.schema import NONE
from valuekit.workspace.declare import Metric, Panel
from valuekit.workspace.panel import ONE_GROUP

NUMBERS = ("int", "float", "decimal")
_YEARS = (1000, 9999)


def panel_rows(
    work: Work,
    declared: Panel,
    metrics: Mapping[str, Metric],
    primary: str | None,
    kinds: Mapping[str, ColumnType],
) -> sa.Subquery:
    """All rows of the table: id, ts, day, group, treated_from, arm, block, offset, ``y_NAME``.

    Args:
        work: The pull.
        declared: The panel.
        metrics: Metrics that are read from it.
        primary: Name of the primary metric; its sum is what is conserved.
        kinds: What the columns hold.
    """
    return _Rows(work, declared, metrics, kinds).read(primary)


def written(work: Work, declared: Panel, metrics: Mapping[str, Metric]) -> Written:
    """Every row of the panel as it was judged, with its cells as they were written."""
    kinds = work.engine.columns(declared.table)
    rows = _Rows(work, declared, metrics, kinds, cells=True)
    return Written(rows.read(None), tuple(rows.wanted))


def day_of(engine: Engine, value: Expression, kind: ColumnType) -> Expression:
    """Day of a time in the workspace's zone; of a year its first day; NULL for no year."""
    return first_of_year(value) if kind in NUMBERS else engine.local_day(value)


def treated_since(engine: Engine, value: Expression, kind: ColumnType) -> Expression:
    """The first treated day as text; of a group that never was, which many write as 9999-12-31."""
    day = sa.case((sa.not_(when.other_age(value, kind)), day_of(engine, value, kind)))
    return sa.func.coalesce(dialects.to_text(day), NONE)


def first_of_year(year: Expression) -> Expression:
    """The first day of a year written as a number; NULL where it is none."""
    whole = dialects.to_int(sa.case((year.between(*_YEARS), year)))
    known = sa.case((whole == year, whole))
    iso = dialects.to_text(known).concat(sa.literal("-01-01", sa.String()))
    return dialects.day(iso)


def block_of(engine: Engine, time: Expression, hours: int) -> Expression:
    """Hour at which the block of a time begins, on the clock of the workspace's zone."""
    if not hours:
        return sa.literal_column("0")
    local = zones.from_utc(time, engine.zone, engine.years)
    hour = sa.cast(sa.extract("hour", local), sa.BigInteger())
    return hour - sa.func.mod(hour, sa.literal_column(str(hours)))


class _Rows:
    """The typed columns of the table, each by its meaning."""

    def __init__(
        self,
        work: Work,
        declared: Panel,
        metrics: Mapping[str, Metric],
        kinds: Mapping[str, ColumnType],
        *,
        cells: bool = False,
    ) -> None:
        self.engine, self.p, self.metrics, self.kinds = work.engine, declared, metrics, kinds
        columns = [one.column for one in metrics.values()]
        p = declared
        wanted = (p.id, p.time, p.group, p.treated_from, p.arm, p.offset, *columns, *p.segments)
        self.wanted = list(dict.fromkeys(one for one in wanted if one is not None))
        self.raw = work.table("panel", p, self.wanted, cells=cells)

    @property
    def c(self) -> Columns:
        """The table's columns."""
        return self.raw.c

    def read(self, primary: str | None) -> sa.Subquery:
        """Rows with their meaning and rule."""
        p, time = self.p, self.c[self.p.time]
        bad = self.c[BAD_CELL].is_not(None)
        kind = self.kinds[p.time]
        day = when.day_or_none(day_of(self.engine, time, kind), time, kind)
        no_time = time.is_(None) if kind not in NUMBERS else day.is_(None)
        no_id = self._blank(p.id)
        rule = sa.case(
            (bad, "bad_cell"),
            (self._blank(p.group), "null_group"),
            (no_id, "null_id"),
            (no_time, "null_time"),
            *self._unfit_time(),
            *self._arm_rules(),
            (self._bad_value(), "bad_value"),
            (self._no_value(), "null_value"),
            else_="accepted",
        )
        made: dict[str, Expression] = {
            "id": sa.literal_column("0") if p.id is None else self.c[p.id],
            "ts": self._moment(time, day),
            "day": day,
            "usable": flag(sa.not_(sa.or_(bad, no_id, no_time, when.broken(self._unfit_time())))),
            "rule": rule,
            "group": self._group(),
            "treated_from": self._treated_from(),
            "arm": self._arm(),
            "block": block_of(self.engine, self._moment(time, day), p.block_hours),
            "offset": self._offset(),
            **{f"y_{name}": self._value(one) for name, one in self.metrics.items()},
            **{f"seg{i}": text(self.c[n], self.kinds[n]) for i, n in enumerate(p.segments)},
            "amount": self._amount(primary),
            **cells_of(self.raw),
        }
        labelled = [one.label(name) for name, one in made.items()]
        return sa.select(*labelled).select_from(self.raw).subquery("read_panel")

    def _unfit_time(self) -> when.Rules:
        """Times that are there and cannot be."""
        time, kind = self.c[self.p.time], self.kinds[self.p.time]
        return [*when.never_was(self.c), *when.of_panel(self.engine, time, kind)]

    def _moment(self, time: Expression, day: Expression) -> Expression:
        kind = self.kinds[self.p.time]
        return dialects.instant(day) if kind in NUMBERS else time_of(time, kind)

    def _blank(self, column: str | None) -> sa.ColumnElement[bool]:
        return sa.false() if column is None else blank(self.c[column], self.kinds[column])

    def _group(self) -> Expression:
        if self.p.group is None:
            return sa.literal_column(f"'{ONE_GROUP}'")
        return text(self.c[self.p.group], self.kinds[self.p.group])

    def _treated_from(self) -> Expression:
        column = self.p.treated_from
        if column is None:
            return sa.literal_column(f"'{NONE}'")
        return treated_since(self.engine, self.c[column], self.kinds[column])

    def _arm(self) -> Expression:
        if self.p.arm is None:
            return sa.literal_column(f"'{NONE}'")
        value, kind = self.c[self.p.arm], self.kinds[self.p.arm]
        if self.p.treated_value is not None:
            return sa.case((text(value, kind) == self.p.treated_value, "1"), else_="0")
        if kind == "bool":
            return sa.case((value, "1"), else_="0")
        if kind == "text":
            return sa.case((sa.func.lower(sa.func.trim(value)).in_(TRUE), "1"), else_="0")
        return sa.case((value == 1, "1"), else_="0")

    def _arm_rules(self) -> list[tuple[sa.ColumnElement[bool], str]]:
        """Rows whose arm is missing, or is neither yes nor no."""
        if self.p.arm is None:
            return []
        value, kind = self.c[self.p.arm], self.kinds[self.p.arm]
        rules = [(blank(value, kind), "null_arm")]
        if self.p.treated_value is None and kind == "text":
            words = (*TRUE, *(one for one in FALSE if one))
            rules.append((sa.func.lower(sa.func.trim(value)).not_in(words), "bad_arm"))
        elif self.p.treated_value is None and kind != "bool":
            rules.append((sa.and_(value != 0, value != 1), "bad_arm"))
        return rules

    def _offset(self) -> Expression:
        if self.p.offset is None:
            return dialects.to_double(sa.literal_column("0"))
        return number(self.c[self.p.offset], self.kinds[self.p.offset])

    def _value(self, metric: Metric) -> Expression:
        if metric.column is None:
            return dialects.to_double(sa.literal_column("1"))
        found = number(self.c[metric.column], self.kinds[metric.column])
        return zero(found) if metric.empty_is_zero else found

    def _bad_value(self) -> sa.ColumnElement[bool]:
        """A number that is none: NaN, infinite, text; or an exposure that is missing."""
        columns = [one.column for one in self.metrics.values() if one.column is not None]
        found = [unusable(self.c[one], self.kinds[one]) for one in dict.fromkeys(columns)]
        if self.p.offset is not None:
            value = self.c[self.p.offset]
            found += [value.is_(None), unusable(value, self.kinds[self.p.offset])]
        return any_of(found)

    def _no_value(self) -> sa.ColumnElement[bool]:
        """No metric of the row is known; one that counts rows, or reads empty as 0, always is."""
        columns = [one.column for one in self.metrics.values()]
        zeros = any(one.empty_is_zero for one in self.metrics.values())
        if not columns or None in columns or zeros:
            return sa.false()
        return sa.and_(*(self.c[one].is_(None) for one in columns if one is not None))

    def _amount(self, primary: str | None) -> Expression:
        """What is conserved: the primary metric of the panel, 0 where it is no number."""
        name = primary if primary in self.metrics else next(iter(self.metrics), None)
        if name is None:
            return sa.literal_column("1.0")
        return countable(self._value(self.metrics[name]))
