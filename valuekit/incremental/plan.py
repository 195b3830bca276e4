"""Which days of a model must be computed again, from what changed in its tables.

A changed day dirties every day that depends on it. With w the outcome window and W = w, or 2 w
where units get their outcomes by way of their predictions (plus two days for zones and for sides
that know only days):

* outcomes of day t: entries from t - W on may count them, and outcomes up to t + W may lose or
  gain their credit to them;
* predictions and assignments of day d: outcomes of [d - W, d) may be credited anew, and from d on
  units may be new or no longer new, outcomes explained or no longer explained;
* forecasts: an actual of day t is a lag of every later target, so everything from its period on;
* ready-made facts: a row bears on its own day alone.

The bins of old scores are kept by calendar month (:mod:`valuekit.ledger.months`): a day of such a
month dirties all of it.

What cannot be bounded that way is computed whole; the reason is part of the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from valuekit.incremental.gone import Spans, ends_earlier, files_gone, rows_in
from valuekit.incremental.prints import NO_DAY, Folded, Print
from valuekit.incremental.survey import Changed, Survey, Surveyed, changed, span
from valuekit.ledger.months import whole_months
from valuekit.ready.names import PREFIX
from valuekit.workspace.declare import Frequency, Model

if TYPE_CHECKING:
    import pandas as pd

Days = tuple[date, date]

FULL = "asked for with --full"
NEAR = 7  # days within which the same id may come again and still be seen by a slice
SLACK = 2  # days for zones, and for sides that know only days
_SHOWN = 3  # days in a message
MOST = 0.6  # share of all rows that is worth reading in slices
_PERIOD: Mapping[Frequency, int] = {"day": 1, "week": 7, "month": 31, "quarter": 92}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store knows of a model's last facts.

    Attributes:
        survey: The sources as they were then; None before the first run.
        first: First day with data then; None without any.
        conflicts: Whether predictions were held back because their id had two contents.
        future: Role -> days with rows that lay in the future then.
        daily_from: First day whose vectors are sure to be kept by day; None: all are.
        repeats: Roles with rows whose id another row has.
        faulty: Roles with rows that were held back.
        uncredited: Whether an outcome gave way to another one.
    """

    survey: Survey | None = None
    first: date | None = None
    conflicts: bool = False
    future: Mapping[str, frozenset[date]] = field(default_factory=dict)
    daily_from: date | None = None
    repeats: frozenset[str] = frozenset()
    faulty: frozenset[str] = frozenset()
    uncredited: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a refresh does for one model.

    Attributes:
        survey: The sources as they are now.
        whole: Why everything is computed again; empty when it is not.
        ranges: First and last day of each stretch that is computed again.
        panel: Whether the panel is computed again.
        reach: Days that are read on either side of a stretch.
        changed: Role -> the days that changed.
        first: First day with data at the last run.
        last: Last day of any table, then or now.
        conflicts: As in :class:`Stored`.
        daily_from: As in :class:`Stored`.
        redeclared: Whether the declaration, the source or the software is not what it was.
        earlier: Role -> its last day at the last run and now, where it ends earlier; without those
            of which somebody decided so: they are declared to lie elsewhere, or by other days.
        gone: Role -> files of the last run that are there no more, or have fewer rows, with the
            rows of theirs that are not in other files either.
        repeats: Roles of which ids may come again; of the others none does on unchanged days, and
            none of these is on a changed one.
        faulty: Roles with rows that were held back; of the others none is on unchanged days.
        undisputed: Whether outcomes of days before a stretch have no bearing on those in it.
        lags: Whether actuals of all days are read, as those of the model's forecasts are.
        settled: Role -> stored counts of its rows, where all were accepted; those of unchanged
            days are still true (:mod:`valuekit.incremental.settled`).
    """

    survey: Survey
    whole: str = ""
    ranges: tuple[Days, ...] = ()
    panel: bool = False
    reach: int = 0
    changed: Mapping[str, frozenset[date]] = field(default_factory=dict)
    first: date | None = None
    last: date = date(1970, 1, 1)
    conflicts: bool = False
    daily_from: date | None = None
    redeclared: bool = False
    earlier: Mapping[str, tuple[date, date | None]] = field(default_factory=dict)
    gone: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    repeats: frozenset[str] = frozenset()
    faulty: frozenset[str] = frozenset()
    undisputed: bool = False
    lags: bool = False
    settled: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to compute."""
        return not (self.whole or self.ranges or self.panel)

    @property
    def days(self) -> int:
        """Number of days that are computed again."""
        if self.whole:
            return len(_days(self.survey))
        return sum((last - first).days + 1 for first, last in self.ranges)

    @property
    def rows(self) -> int:
        """Rows of the sources that the run will account for, but for what it finds by key.

        Those of the days themselves; of a table with rows that were held back, and of forecasts,
        of the days around them too.
        """
        return sum(
            self._rows_of(role, table.days, self._counted(role))
            for role, table in self.survey.tables.items()
        )

    @property
    def within_reach(self) -> int:
        """Rows of the days around the stretches, too, as far as ids might come again."""
        wide = read_ranges(self.ranges, self.reach)
        tables = self.survey.tables.items()
        return sum(self._rows_of(role, table.days, wide) for role, table in tables)

    @property
    def size(self) -> int:
        """Bytes of the files that will be read: files are taken whole."""
        if self.idle:
            return 0
        return sum(
            part.size
            for role, table in self.survey.tables.items()
            for part in table.parts.values()
            if self.whole or self._rows_of(role, part.days, self._read(role))
        )

    def _counted(self, role: str) -> Sequence[Days]:
        """Days of a table whose rows are counted."""
        sound = not (self.lags or role == "assignments" or role in self.faulty | self.repeats)
        return self.ranges if sound else self._read(role)

    def _read(self, role: str) -> Sequence[Days]:
        """Days of a table of which rows are read."""
        if role == "assignments" or (self.lags and role == "outcomes"):
            return ((date.min, date.max),) if self.ranges else ()
        reach = timedelta(days=self.reach if self.repeats else max(self.reach - NEAR, 0))
        alone = role == "outcomes" and self.undisputed and not self.repeats
        back = timedelta(days=SLACK) if alone else reach
        return together([(first - back, last + reach) for first, last in self.ranges], gap=0)

    def _rows_of(self, role: str, there: Mapping[str, Print], wide: Iterable[Days]) -> int:
        """Rows of a table on some days, of all those that are given."""
        if self.whole or (role == "panel" and self.panel):
            return rows_in(there)
        if role == "panel":
            return 0
        # ISO days are in order as texts: no day of a long history has to be parsed.
        folded = there if isinstance(there, Folded) else Folded.of(there)
        return folded.rows_on((first.isoformat(), last.isoformat()) for first, last in wide)


def plan(
    model: Model,
    stored: Stored,
    survey: Survey,
    *,
    full: bool = False,
    since: date | None = None,
    now: datetime | None = None,
) -> Plan:
    """What must be computed again.

    Args:
        model: As declared.
        stored: What the store has.
        survey: The sources now.
        full: Compute everything whatever changed.
        since: Compute at least the days from this one on.
        now: Rows after this moment lie in the future; None: nobody knows which still do.
    """
    old = stored.survey
    redeclared = old is not None and old.declared != survey.declared
    spans = _spans(old or survey), _spans(survey)
    told = Plan(
        survey,
        redeclared=redeclared,
        earlier={}
        if old is None
        else ends_earlier(model, (old, survey), spans, redeclared=redeclared),
        gone={} if old is None else files_gone(old, survey, redeclared=redeclared),
    )
    if full:
        return replace(told, whole=FULL)
    if old is None or stored.first is None:
        return replace(told, whole="the model has no facts yet")
    if (old.engine, old.declared) != (survey.engine, survey.declared):
        return replace(told, whole="its declaration, its source or the software changed")
    changes = {
        role: changed(old.tables[role], table).also(_reached(stored.future.get(role), now))
        for role, table in survey.tables.items()
        if role in old.tables
    }
    whole = _whole(old, survey, changes, spans) or (
        _unbounded(model) if any(changes.values()) else ""
    )
    days = {role: one.days for role, one in changes.items()}
    if whole:
        return replace(told, whole=whole, changed=days)
    end = _last(spans)
    known = Survey(survey.engine, survey.declared, survey.tables, old.tied, old.far, old.crossing)
    asked = [] if since is None else [(since, max(since, end))]
    found = replace(
        told,
        survey=known,
        ranges=_stretches(model, [*dirty(model, days, end), *asked], stored.daily_from),
        panel=bool(changes.get("panel")),
        reach=reach_of(model),
        changed=days,
        first=stored.first,
        last=end,
        conflicts=stored.conflicts,
        daily_from=stored.daily_from,
        repeats=stored.repeats,
        faulty=stored.faulty,
        undisputed=_named(model) and not stored.uncredited,
        lags=model.task == "forecast",
    )
    far = _altered(model, old, changes) or too_far(found)
    return replace(told, whole=far, changed=days) if far else found


def _reached(future: frozenset[date] | None, now: datetime | None) -> frozenset[date]:
    """Days with rows that lay in the future at the last run and may do so no more.

    A day that is ahead in every zone is left alone: a row of the year 2099 would dirty the days
    around it at every refresh.
    """
    days = future or frozenset()
    if now is None:
        return days
    ahead = (now + timedelta(days=SLACK)).date()
    return frozenset(day for day in days if day <= ahead)


def widened(model: Model, found: Plan, linked: Mapping[str, frozenset[date]]) -> Plan:
    """The plan with further changed days: those that share an id with the ones known so far."""
    days = {role: one | linked.get(role, frozenset()) for role, one in found.changed.items()}
    ranges = _stretches(model, [*found.ranges, *dirty(model, days, found.last)], found.daily_from)
    wider = replace(found, ranges=ranges, changed=days)
    far = too_far(wider)
    return Plan(found.survey, far) if far else wider


def depth_of(model: Model) -> int:
    """Days before and after an entry within which outcomes and other entries bear on it."""
    if _ready_alone(model):
        return 0
    o, p, a = model.outcomes, model.predictions, model.assignments
    if o is None:
        return SLACK
    if model.task == "forecast" and p is not None:
        return _PERIOD[p.frequency] + SLACK
    units = {one.unit for one in (p, a) if one is not None and one.unit is not None}
    through = bool(model.unit_metrics) and bool(units) and not set(o.on) <= units
    return (2 if through else 1) * o.window + SLACK


def reach_of(model: Model) -> int:
    """Days that are read on either side of those whose facts are wanted.

    Who gets an outcome of day t is decided among the entries of [t - w, t]; whether they count it,
    by their other outcomes, and so by entries from t - 2 w on. Where outcomes name their
    prediction there is nobody to decide among, and w does. Ready-made rows bear on their day.
    """
    if _ready_alone(model):
        return 0
    o, p = model.outcomes, model.predictions
    if model.task == "forecast" and p is not None:
        return _PERIOD[p.frequency] + NEAR + SLACK
    windows = 0 if o is None else o.window if _named(model) else 2 * o.window
    return windows + NEAR + 2 * SLACK


def _named(model: Model) -> bool:
    """Whether an outcome names the one prediction that may have it, and nothing else counts it."""
    o, p = model.outcomes, model.predictions
    return p is not None and o is not None and p.id in o.on and not model.unit_metrics


def near_of(found: Plan, model: Model) -> int:
    """Days that are read on either side where no id comes again."""
    return found.reach if _ready_alone(model) else found.reach - NEAR


def _ready_alone(model: Model) -> bool:
    """Whether all facts of a model arrive ready-made, its panel aside."""
    rows = model.predictions or model.assignments
    return model.facts is not None and rows is None


def read_ranges(ranges: Iterable[Days], reach: int) -> tuple[Days, ...]:
    """Days that are read for some days that are computed again."""
    wide = timedelta(days=reach)
    return together([(first - wide, last + wide) for first, last in ranges], gap=0)


def _stretches(model: Model, ranges: Iterable[Days], daily: date | None) -> tuple[Days, ...]:
    """Ranges in order, those near each other as one, and in merged months whole months."""
    gap = 2 * reach_of(model) + 1
    return together(whole_months(together(ranges, gap), daily), gap)


def together(ranges: Iterable[Days], gap: int) -> tuple[Days, ...]:
    """Ranges in order, those that overlap or lie at most ``gap`` days apart as one."""
    made: list[Days] = []
    for first, last in sorted(ranges):
        if made and first <= made[-1][1] + timedelta(days=gap + 1):
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return tuple(made)


def _whole(
    old: Survey, new: Survey, changes: Mapping[str, Changed], spans: tuple[Spans, Spans]
) -> str:
    """Why the days that depend on a change cannot be told; empty when they can."""
    if old.tables.keys() != new.tables.keys():
        return "its tables are not the same as before"
    tables = ((role, old.tables[role], table, changes[role]) for role, table in new.tables.items())
    found = [why for one in tables if (why := _of_table(*one))]
    starts = [_first_entry(one) for one in spans]
    if starts[0] != starts[1]:
        found.append("its first day is not the same as before")
    if changes.get("panel") and starts[1] is None:
        found.append("its panel changed")
    return found[0] if found else ""


def _of_table(role: str, old: Surveyed, new: Surveyed, change: Changed) -> str:
    """What of one table's change no day tells."""
    if old.columns != new.columns:
        return f"columns of its {role} are not what they were"
    if role == "panel" or not change:
        return ""
    told = (
        (not new.timed, f"its {role} changed, and their rows have no time"),
        (change.no_day, f"rows of its {role} without a usable time changed"),
        (change.series, "its series are not the same as before"),
    )
    return next((why for holds, why in told if holds), "")


def _spans(survey: Survey) -> Spans:
    """First and last day of each table that has any."""
    found = ((role, span(table.days)) for role, table in survey.tables.items())
    return {role: one for role, one in found if one is not None}


def _first_entry(spans: Spans) -> date | None:
    """First day of the predictions, assignments and ready-made facts; None without any."""
    entries = (first for role, (first, _) in spans.items() if role not in {"outcomes", "panel"})
    return min(entries, default=None)


def _unbounded(model: Model) -> str:
    """Why any change of a model's tables may matter on any day; empty when it may not."""
    o, p, a = model.outcomes, model.predictions, model.assignments
    measured = bool(model.unit_metrics) and (
        a is not None or (p is not None and p.unit is not None)
    )
    if o is not None and actual_time_of(model) is None:
        return "its outcomes have no time"
    if o is None and measured:
        return "its units have no outcomes, and so no window"
    if model.task == "forecast" and measured:
        return "its forecasts have units"
    return ""


def actual_time_of(model: Model) -> str | None:
    """Column with the time of an outcome: the declared one, else the target day's partner."""
    p, o = model.predictions, model.outcomes
    if o is None:
        return None
    if o.time is not None or p is None or p.target_time is None:
        return o.time
    return o.on.get(p.target_time)


def dirty(model: Model, changes: Mapping[str, frozenset[date]], end: date) -> list[Days]:
    """The days that depend on each changed day of each table, up to the last of all."""
    back = timedelta(days=depth_of(model))
    made: list[Days] = []
    for role, days in changes.items():
        if role == "panel":
            continue
        for day in days:
            if role.startswith(PREFIX):
                made.append((day, day))
                continue
            local = role == "outcomes" and model.task != "forecast"
            made.append((day - back, min(day + back, end) if local else end))
    return made


def _altered(model: Model, old: Survey, changes: Mapping[str, Changed]) -> str:
    """Why rows that are gone, or not what they were, may matter on days that cannot be told."""
    for role, change in changes.items():
        before = {date.fromisoformat(day) for day in old.tied.get(role, ())}
        if before & change.altered:
            return f"a day of its {role} changed that shares ids with other days"
    entries = [changes[role] for role in ("predictions", "assignments") if role in changes]
    crossing = {date.fromisoformat(day) for day in old.crossing}
    if any(crossing & one.altered for one in entries):
        return "a day changed on which units were seen in another arm than their first"
    if lends_arms(model) and changes["assignments"].altered:
        return "assignments changed that give older predictions their arm"
    return ""


def lends_arms(model: Model) -> bool:
    """Whether predictions take their arm from the assignments of their units."""
    p = model.predictions
    return p is not None and p.unit is not None and p.arm is None and model.assignments is not None


def too_far(found: Plan) -> str:
    """Why slices would not do."""
    if not found.ranges:
        return ""
    if found.first is None or found.ranges[0][0] <= found.first:
        return "its first days depend on what changed"
    wide = read_ranges(found.ranges, found.reach)
    far = [date.fromisoformat(day) for day in found.survey.far]
    near = sorted({day for day in far if any(start <= day <= last for start, last in wide)})
    if near:
        return f"ids of the days to be read occur again far away: of {_listed(near)}"
    every = sum(rows_in(table.days) for table in found.survey.tables.values())
    if found.within_reach > MOST * every:
        return "most rows would be read in any case"
    return ""


def _listed(days: list[date]) -> str:
    """The first of some days, and how many more there are."""
    more = f" and {len(days) - _SHOWN} more" if len(days) > _SHOWN else ""
    return ", ".join(map(str, days[:_SHOWN])) + more


def _days(survey: Survey) -> set[str]:
    roles = [role for role in survey.tables if role != "outcomes"] or list(survey.tables)
    return {day for role in roles for day in survey.tables[role].days if day != NO_DAY}


def _last(spans: Iterable[Spans]) -> date:
    """Last day of any table."""
    ends = (last for tables in spans for _, last in tables.values())
    return max(ends, default=date(1970, 1, 1))
