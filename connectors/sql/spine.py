"""The spine of predictions: one row a served prediction, its day, and what is declared of it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from connectors import dialects
from connectors.base import BAD_CELL, ColumnType
from connectors.sql import instants as when
from connectors.sql.dedupe import Judged, judge
from connectors.sql.keys import Keys, prediction_keys
from connectors.sql.periods import moment_of, period
from connectors.sql.values import (
    any_of,
    blank,
    class_name,
    filled_text,
    flag,
    number,
    text,
    too_long,
    truth,
    unusable,
    zero,
)
from connectors.sql.work import Expression, Work
from connectors.sql.written import Written, cells_of
from valuekit.workspace.declare import Predictions

CLASSES = ("classification", "ranking")


@dataclass(frozen=True, slots=True)
class Spine:
    """Accepted predictions.

    Attributes:
        judged: Rows and their counts. Columns: id, ts (naive UTC), day, version, arm, acted
            (1, 0, NULL), score, predicted (a name; 1 or 0 from a threshold), forecast, value,
            weight, latency, unit, key0..., seg0..., period, issued, series, q0..., and
            ``base_NAME``, ``token_NAME``.
        by_day: Whether the time has no time of day.
        keys: Keys to the outcomes; None when predictions cannot be matched.
        unique: Whether the keys hold the prediction's own id.
        assigned: The rows with the arm that their unit was assigned to, where they log none.
        clashes: Ids of all days that were taken out, as they name another arm than a row of the
            same unit and time.
    """

    judged: Judged
    by_day: bool
    keys: Keys | None
    unique: bool
    assigned: sa.FromClause | None = None
    clashes: sa.FromClause | None = None

    @property
    def rows(self) -> sa.FromClause:
        """The accepted rows, with the arm that they log."""
        return self.judged.rows

    @property
    def armed(self) -> sa.FromClause:
        """The accepted rows, with the arm that they log or were assigned to."""
        return self.judged.rows if self.assigned is None else self.assigned


def predictions(work: Work) -> Spine | None:
    """The spine of a model's predictions; None when it declares none."""
    p = work.model.predictions
    if p is None:
        return None
    kinds = work.engine.columns(p.table)
    keys = prediction_keys(work)
    by_day = p.time is None or kinds.get(p.time) == "date"
    unique = keys is not None and p.id in keys.entry
    return Spine(judge(work, "predictions", read(work, p, keys)), by_day, keys, unique)


def read(work: Work, p: Predictions, keys: Keys | None) -> sa.Subquery:
    """Rows of the prediction table with their meaning and the rule that each breaks, if any."""
    return _Rows(work, p, work.engine.columns(p.table), keys).read()


def written(work: Work, p: Predictions) -> Written:
    """Every row of the predictions as it was judged, with its cells as they were written."""
    kinds = work.engine.columns(p.table)
    rows = _Rows(work, p, kinds, prediction_keys(work), cells=True)
    return Written(rows.read(), tuple(rows.wanted()))


def time_of(value: Expression, kind: ColumnType) -> Expression:
    """A time column as a time: a date is its midnight."""
    return dialects.instant(value) if kind == "date" else value


class _Rows:
    """The typed columns of the prediction table, each by its meaning."""

    def __init__(
        self,
        work: Work,
        p: Predictions,
        kinds: dict[str, ColumnType],
        keys: Keys | None,
        *,
        cells: bool = False,
    ) -> None:
        self.work, self.p, self.kinds, self.keys = work, p, kinds, keys
        self.classes = work.model.task in CLASSES
        self.forecast = work.model.task == "forecast" and p.target_time is not None
        self.raw = work.table("predictions", p, self.wanted(), cells=cells)

    def read(self) -> sa.Subquery:
        """All rows of the table with their meaning and the rule that each breaks, if any."""
        p, raw = self.p, self.raw
        ts = self._time()
        unfit: when.Rules = [
            (raw.c[BAD_CELL].is_not(None), "bad_cell"),
            (blank(raw.c[p.id], self.kinds[p.id]), "null_id"),
            (too_long(raw.c[p.id], self.kinds[p.id]), "long_id"),
            *self._key_rules(),
            *self._time_rules(),
        ]
        rule = sa.case(
            *unfit,
            (self._bad_score(), "bad_score"),
            (self._bad_number(), "bad_value"),
            else_="accepted",
        )
        columns: dict[str, Expression] = {
            "id": raw.c[p.id],
            "ts": ts,
            "day": self._day(p.target_time if self.forecast else p.time),
            "usable": flag(sa.not_(when.broken(unfit))),
            "rule": rule,
            "amount": sa.literal_column("0"),
            **self._who(),
            **self._what(),
            **(self.keys.of_entry(raw.c, self.kinds) if self.keys else {}),
            **self._more(),
            **cells_of(raw),
        }
        made = [one.label(name) for name, one in columns.items()]
        return sa.select(*made).select_from(raw).subquery("read_predictions")

    def wanted(self) -> list[str]:
        """The columns that are read."""
        p = self.p
        single = (
            p.id, p.time, p.unit, p.score, p.predicted, p.acted, p.arm, p.version, p.value,
            p.target_time, p.series, p.latency_ms, p.provider_model, p.weight,
        )  # fmt: skip
        several = (
            *p.segments, *p.quantiles.values(), *p.baselines.values(), *p.tokens.values(),
            *(self.keys.entry if self.keys else ()),
        )  # fmt: skip
        return list(dict.fromkeys(one for one in (*single, *several) if one is not None))

    def _number(self, column: str | None, missing: Expression) -> Expression:
        return missing if column is None else number(self.raw.c[column], self.kinds[column])

    def _text(self, column: str | None, missing: str) -> Expression:
        if column is None:
            return sa.literal_column(f"'{missing}'")
        return sa.func.coalesce(text(self.raw.c[column], self.kinds[column]), "")

    def _time(self) -> Expression:
        column = self.p.time
        if column is not None:
            return time_of(self.raw.c[column], self.kinds[column])
        assert self.p.date is not None  # noqa: S101  declared: exactly one of time and date
        return moment_of(self.p.date)

    def _day(self, column: str | None) -> Expression:
        if column is None:
            return dialects.day(self._time())
        time = self.raw.c[column]
        return when.day_or_none(self.work.engine.local_day(time), time, self.kinds[column])

    def _time_rules(self) -> when.Rules:
        """The time of a prediction; a forecast's target may lie in the future."""
        p, found = self.p, when.never_was(self.raw.c)
        if p.time is not None:
            found += when.rules(self.work.engine, self.raw.c, p.time, self.kinds[p.time])
        if self.forecast and p.target_time is not None:
            target, kind = self.raw.c[p.target_time], self.kinds[p.target_time]
            found += [(target.is_(None), "null_time"), (when.other_age(target, kind), "time_unit")]
        return found

    def _key_rules(self) -> when.Rules:
        """A prediction for nobody, or with a part of its key missing, leads to no outcome."""
        named = dict.fromkeys([self.p.unit, *(self.keys.entry if self.keys else ())])
        keys = [one for one in named if one is not None and one != self.p.id]
        missing = [blank(self.raw.c[one], self.kinds[one]) for one in keys]
        return [(any_of(missing), "null_key")] if missing else []

    def _bad_score(self) -> sa.ColumnElement[bool]:
        p, found = self.p, []
        if p.score is not None:
            found.append(unusable(self.raw.c[p.score], self.kinds[p.score]))
        if self.work.model.task == "classification" and p.score is not None:
            score = number(self.raw.c[p.score], self.kinds[p.score])
            # NaN is above every number on some engines and beside them on others.
            found.append(sa.and_(score.is_not(None), sa.not_(sa.and_(score >= 0.0, score <= 1.0))))
        if p.predicted is not None and not self.classes:
            found.append(unusable(self.raw.c[p.predicted], self.kinds[p.predicted]))
        return any_of(found)

    def _bad_number(self) -> sa.ColumnElement[bool]:
        p = self.p
        names = (
            p.value, p.weight, p.latency_ms,
            *p.quantiles.values(), *p.baselines.values(), *p.tokens.values(),
        )  # fmt: skip
        return any_of([unusable(self.raw.c[one], self.kinds[one]) for one in names if one])

    def _who(self) -> dict[str, Expression]:
        p, raw = self.p, self.raw
        columns: dict[str, Expression] = {
            "version": self._text(p.version, "all"),
            "arm": sa.literal_column("''")
            if p.arm is None
            else filled_text(raw.c[p.arm], self.kinds[p.arm]),
            "acted": sa.cast(sa.null(), sa.BigInteger())
            if p.acted is None
            else truth(raw.c[p.acted], self.kinds[p.acted]),
        }
        if p.unit is not None:
            columns["unit"] = raw.c[p.unit]
        for place, segment in enumerate(p.segments):
            columns[f"seg{place}"] = text(raw.c[segment], self.kinds[segment])
        return columns

    def _what(self) -> dict[str, Expression]:
        p = self.p
        unknown: Expression = sa.cast(sa.null(), sa.Double())
        score = self._number(p.score, unknown)
        columns = {
            "score": score,
            "value": zero(self._number(p.value, unknown)),
            "weight": zero(self._number(p.weight, unknown)) if p.weight else sa.literal_column("1"),
            "latency": self._number(p.latency_ms, unknown),
        }
        if self.classes:
            columns["predicted"] = self._predicted(score)
            columns["scored"] = flag(score.is_not(None))
        else:
            made = self._number(p.predicted or p.score, unknown)
            columns["forecast"] = made
            columns["scored"] = flag(made.is_not(None))
        return columns

    def _predicted(self, score: Expression) -> Expression:
        p, o = self.p, self.work.model.outcomes
        if p.predicted is not None:
            kind = self.kinds[p.predicted]
            # A declared positive names a text class; 0/1 and true/false speak for themselves.
            positive = o.positive if o is not None and kind == "text" else None
            return class_name(self.raw.c[p.predicted], kind, positive)
        threshold = 0.5 if p.threshold is None else p.threshold
        if p.score is None:
            return sa.cast(sa.null(), sa.BigInteger())
        return sa.case((score.is_(None), sa.null()), (score >= threshold, 1), else_=0)

    def _more(self) -> dict[str, Expression]:
        p = self.p
        columns: dict[str, Expression] = {}
        numbers = {
            **{f"q{place}": c for place, (_, c) in enumerate(quantiles(p))},
            **{f"base_{name}": c for name, c in p.baselines.items()},
            **{f"token_{name}": c for name, c in p.tokens.items()},
        }
        for name, column in numbers.items():
            columns[name] = self._number(column, sa.null())
        if p.tokens:
            columns["provider"] = self._text(p.provider_model, "")
        if self.forecast:
            columns["period"] = period(self._day(p.target_time), p.frequency)
            columns["issued"] = period(self._day(p.time), p.frequency)
            columns["series"] = self._text(p.series, "all")
        return columns


def quantiles(p: Predictions) -> list[tuple[float, str]]:
    """Declared quantiles as (level, column), by level."""
    return sorted((float(level), column) for level, column in p.quantiles.items())
