"""One model's part of a run before it is assessed: survey, plan, pull, and the facts of all days.

Days that do not depend on what changed keep their stored facts; the others are pulled. What comes
out is the same as if everything had been pulled, and is held against the sources' own counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit import journal
from valuekit.ahead import StoredFacts
from valuekit.assess.scene import scene
from valuekit.errors import Finding, SourceError
from valuekit.facts import inside, kept
from valuekit.incremental import early, empties
from valuekit.incremental.framed import framed
from valuekit.incremental.marks import OF_PAST
from valuekit.incremental.plan import FULL, Plan, Stored, plan
from valuekit.incremental.prints import NO_DAY
from valuekit.incremental.settled import settled
from valuekit.incremental.survey import Survey
from valuekit.judging import account, decided, judged, told
from valuekit.kept import Kept, known, noted
from valuekit.ledger.book import Book
from valuekit.ledger.collect import together
from valuekit.ledger.intake import conserved
from valuekit.ledger.months import by_month, daily_from, lost, whole_months
from valuekit.quarantine import emptied
from valuekit.ready.laws import UNSERVED, more_than_served
from valuekit.scope import EVERYTHING, NOTHING
from valuekit.source import Connector, Held, Pull, Registered
from valuekit.text import plural

if TYPE_CHECKING:
    from valuekit.store.records import RunModelRecord
    from valuekit.store.store import Store
    from valuekit.workspace.declare import Model
    from valuekit.workspace.load import Loaded

# What a run says of itself, not of rows that are still there.
_OF_ONE_RUN = (
    OF_PAST
    | {
        *("new_column", "lost_column", "lacking_column", "changed_type", "residual", "empty_model"),
        *("no_line_end", "empty_column", "empty_value", emptied.EMPTIED, early.CODE, UNSERVED),
    }
    | empties.CODES
)

Part = Callable[[str, float], None]
Facts = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is to be computed, whatever changed.

    Attributes:
        full: Everything.
        since: At least the days from this one on.
        now: Rows after this moment lie in the future; None: no row does.
        accept_gone: Data may end earlier than in the last good run.
        accept_bad_day: Days may hold back more than the limit of a rule.
    """

    full: bool = False
    since: date | None = None
    accept_gone: bool = False
    accept_bad_day: bool = False
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model's facts of all days, and how they came about.

    Attributes:
        pull: What the connector gave; of some days only where it was asked for some.
        facts: Fact -> conformed rows of all days.
        stored: Fact -> rows in the store, read before; None when there were none.
        registered: Registrations old and new.
        findings: Warnings that belong beside the figures.
        seconds: How long it took.
        first: First day with data.
        last: Last such day.
        complete_through: Last day through which outcomes are complete.
        through: Last day that had been published when the run began.
        plan: What was computed; None when the connector cannot tell what changed.
        survey: The sources now; None likewise.
        held: Examples of rows that are held back, of all days.
        daily_from: First day whose vectors are kept by day; None when all are.
        was_daily_from: First day of which that is sure of the store; None likewise.
        was_first: First day with data in the store.
        merged_now: Whether vectors that the store may have by day were added up by month.
    """

    pull: Pull
    facts: Facts
    stored: Facts | None
    registered: tuple[Registered, ...]
    findings: tuple[Finding, ...]
    seconds: float
    first: date | None
    last: date | None
    complete_through: date | None
    through: date | None = None
    plan: Plan | None = None
    survey: Survey | None = None
    held: tuple[Held, ...] = ()
    daily_from: date | None = None
    was_daily_from: date | None = None
    was_first: date | None = None
    merged_now: bool = False

    @property
    def both_daily(self) -> date | None:
        """First day whose vectors are by day both in the store and now; None when all are."""
        ends = [one for one in (self.daily_from, self.was_daily_from) if one is not None]
        return max(ends, default=None)

    @property
    def touched(self) -> tuple[tuple[date, date], ...] | None:
        """Stretches outside of which facts are the stored ones; None: they may differ anywhere."""
        return None if self.merged_now else self.pull.ranges

    @property
    def rows(self) -> int:
        """Source rows that the facts account for."""
        intake = self.facts["intake"]
        return int(intake.loc[intake["segment"] == "all", "rows"].sum())

    @property
    def scope(self) -> str:
        """What was computed, and why, in words."""
        if self.plan is None:
            return EVERYTHING
        if self.pull.ranges is None:
            return f"{EVERYTHING}: {self.pull.why or self.plan.whole}"
        if self.plan.idle:
            return f"{NOTHING}: no table changed"
        days = plural(self.days, "day that depends", "days that depend")
        return f"{days} on what changed"

    @property
    def days(self) -> int:
        """Number of days that were computed."""
        if self.pull.ranges is None:
            return self.facts["intake"]["day"].nunique()
        return sum((last - first).days + 1 for first, last in self.pull.ranges)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is asked of whom: a model of a workspace, its connector, what was frozen before."""

    loaded: Loaded
    name: str
    connector: Connector
    part: Part
    known: tuple[Registered, ...]

    def reading(self) -> AbstractContextManager[None]:
        """What the connector reads within is the same from the survey to the last statement."""
        reading = getattr(self.connector, "reading", None)
        made: AbstractContextManager[None] = nullcontext() if reading is None else reading()
        return made

    def seeing(self, check: Callable[[], None] | None) -> _Turn:
        """The same, which ends where ``check`` raises between two statements of the connector."""
        if check is None:
            return self

        def part(text: str, share: float) -> None:
            check()
            self.part(text, share)

        return replace(self, part=part)

    def pull(self, found: Plan | None = None) -> Pull:
        """Everything, or the days of a plan."""
        arguments = (self.loaded.workspace, self.name, self.known, self.part)
        return self.connector.pull(*arguments, *(() if found is None else (found,)))


def planned(
    loaded: Loaded,
    store: Store | None,
    name: str,
    connector: Connector,
    ask: Asked,
    kept: Kept | None = None,
) -> Plan | None:
    """What a refresh would compute of a model; None when its connector cannot tell what changed."""
    survey = getattr(connector, "survey", None)
    if survey is None:  # a connector of a third party that always pulls everything
        return None
    stored = known(store, name, kept) if store is not None else Stored()
    now: Survey = survey(loaded.workspace, name, stored.survey)
    return plan(
        loaded.workspace.models[name], stored, now, full=ask.full, since=ask.since, now=ask.now
    )


def pulled(
    loaded: Loaded, store: Store, name: str, connector: Connector, part: Part, ask: Asked
) -> Pulled:
    """The facts of a model for all days.

    Raises:
        ValuekitError: a table is wrong, a fact does not conform, or rows got lost.
    """
    began = perf_counter()
    part("looking for changes", 0.0)
    before = store.last_of(name)
    turn = _Turn(loaded, name, connector, part, store.registrations(name))
    stored = StoredFacts(store, name) if before is not None else None
    made = None
    with turn.reading():
        found = planned(loaded, store, name, connector, ask)
        if found is not None:
            journal.planned(name, found)
        if found is not None and not found.whole and stored is not None and before is not None:
            made = _partly(turn, found, stored, before)
        if made is None:
            with nullcontext() if stored is None else stored.ahead() as check:
                made = _wholly(turn.seeing(check), found)
    months = by_month(made.facts, made.daily_from)
    merged_now = any(months[name] is not frame for name, frame in made.facts.items())
    made = replace(made, facts=months, merged_now=merged_now)
    account(loaded, name, made)
    served = more_than_served(name, loaded.workspace.models[name], made.facts)
    if over := [one for one in served if one.severity == "error"]:
        raise SourceError(*over)
    whole = replace(made, stored=stored, findings=(*made.findings, *served))
    made = judged(loaded, store, name, whole)
    late = decided(loaded, name, made, before, ask)
    through = published(loaded.workspace.models[name], before)
    survey = None if made.survey is None else noted(made.survey, made.facts["intake"])
    return replace(
        made,
        survey=survey,
        stored=stored,
        through=through,
        findings=(*made.findings, *late, *told(loaded, name, made)),
        was_first=None if before is None else before.first,
        was_daily_from=None if before is None else daily_from(before.last),
        seconds=perf_counter() - began,
    )


def _wholly(turn: _Turn, found: Plan | None) -> Pulled:
    given = turn.pull()
    facts = together(turn.name, given.facts)
    conserved(turn.name, facts["intake"], given.rows_read)
    ends = given.first, given.last, given.complete_through
    return Pulled(
        pull=given,
        facts=facts,
        stored=None,
        registered=(*turn.known, *given.registered),
        findings=given.findings,
        seconds=0.0,
        first=given.first,
        last=given.last,
        complete_through=given.complete_through,
        plan=found,
        survey=_surveyed(found, given, whole=True),
        daily_from=_daily(turn, facts, ends),
    )


def _partly(turn: _Turn, found: Plan, stored: StoredFacts, before: RunModelRecord) -> Pulled | None:
    """Stored facts with the days that had to be pulled; None when everything must be."""
    if found.idle:
        ends = before.first, before.last, before.complete_through
        findings, seen = _shape(turn, before.last)
        given = Pull({}, seen, (), *ends, findings=findings, ranges=())
    else:
        narrowed = replace(found, settled=settled(found, stored["intake"]))
        with stored.ahead() as check:
            given = turn.seeing(check).pull(narrowed)
    facts = together(turn.name, given.facts)
    if given.ranges is None:
        conserved(turn.name, facts["intake"], given.rows_read)
        ends = given.first, given.last, given.complete_through
    else:
        facts = _merged(stored, facts, given)
        if given.ranges:
            _suspect(turn, facts["intake"])
        ends = framed(turn.loaded.workspace.models[turn.name], facts["intake"])
        if ends[0] != before.first and _dayless(found.survey):
            return None  # rows without a day are counted on the first one, which has moved
    daily = _daily(turn, facts, ends)
    if given.ranges is not None and (
        lost(facts, daily) or whole_months(given.ranges, found.daily_from) != list(given.ranges)
    ):
        return None  # bins by day are wanted that the store has by month alone
    return Pulled(
        pull=given,
        facts=facts,
        stored=stored,
        registered=(*turn.known, *given.registered),
        findings=given.findings if given.ranges is None else _both(before.findings, given.findings),
        seconds=0.0,
        first=ends[0],
        last=ends[1],
        complete_through=ends[2],
        plan=found,
        survey=_surveyed(found, given, whole=given.ranges is None),
        daily_from=daily,
    )


def _shape(turn: _Turn, last: date | None) -> tuple[tuple[Finding, ...], tuple[Registered, ...]]:
    """What to warn of in tables whose rows are what they were, and columns new, lost or changed."""
    shape = getattr(turn.connector, "shape", None)
    if shape is None or last is None:  # a connector of a third party, or a model without data
        return (), ()
    found: tuple[tuple[Finding, ...], tuple[Registered, ...]] = shape(
        turn.loaded.workspace, turn.name, turn.known, last
    )
    return found


def _daily(
    turn: _Turn, facts: Facts, ends: tuple[date | None, date | None, date | None]
) -> date | None:
    """First day whose vectors are kept by day: figures end with the last day that is mature."""
    workspace = turn.loaded.workspace
    first, last, complete = ends
    if first is None or last is None:
        return None
    as_of = workspace.workspace.as_of or last
    here = scene(workspace, turn.name, Book(facts, (), first, last, complete, as_of))
    mature = here.mature_through or first - timedelta(days=1)
    return daily_from(min(last, as_of), mature)


def _suspect(turn: _Turn, intake: pd.DataFrame) -> None:
    """Refuse what a whole pull would: a table that breaks one rule too often over all days."""
    refuse = getattr(turn.connector, "suspect", None)
    if refuse is None:  # a connector of a third party
        return
    rows = intake[intake["segment"] == "all"]
    summed = rows.groupby(["source", "rule"])["rows"].sum().reset_index()
    counts: dict[str, dict[str, int]] = {}
    for source, rule, n in summed.itertuples(index=False):
        counts.setdefault(str(source), {})[str(rule)] = int(n)
    refuse(turn.loaded.workspace, turn.name, counts)


def _merged(stored: Facts, new: Facts, given: Pull) -> dict[str, pd.DataFrame]:
    """Stored facts outside the days that were pulled, new ones inside."""
    made = dict(new)
    for name, fresh in new.items():
        if name == "cost" or name not in stored:  # costs are worked out anew in each run
            continue
        old = stored[name]
        keep = ~inside(old, given.ranges or ())
        if name == "panel":
            keep[:] = not given.panel
        elif name == "intake":
            panel = (old["source"] == "panel").to_numpy(dtype=np.bool_)
            keep = (panel & (not given.panel)) | (~panel & keep)
        rest = kept(old, keep)
        if fresh.empty:
            made[name] = rest.reset_index(drop=True)
        elif not rest.empty:
            made[name] = pd.concat([rest, fresh], ignore_index=True)
    return made


def _surveyed(found: Plan | None, given: Pull, *, whole: bool) -> Survey | None:
    """The survey to keep, with the days that are tied to others by key."""
    if found is None:
        return None
    now = found.survey
    tied = {role: {day.isoformat() for day in days} for role, days in given.tied.items()}
    far, crossing = ({day.isoformat() for day in days} for days in (given.far, given.crossing))
    if not whole:
        for role, days in now.tied.items():
            tied[role] = tied.get(role, set()) | set(days)
        far |= set(now.far)
        crossing |= set(now.crossing)
    return replace(
        now,
        tied={role: tuple(sorted(days)) for role, days in tied.items()},
        far=tuple(sorted(far)),
        crossing=tuple(sorted(crossing)),
    )


def _dayless(survey: Survey) -> bool:
    return any(NO_DAY in table.days for table in survey.tables.values())


def _both(old: tuple[Finding, ...], new: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings of earlier days and of those pulled now; of one kind the one about more rows."""
    found = {(one.place, one.code): one for one in old if one.code not in _OF_ONE_RUN}
    for one in new:
        held = found.get((one.place, one.code))
        if held is None or (one.rows or 0) >= (held.rows or 0):
            found[one.place, one.code] = one
    return tuple(found.values())


def published(model: Model, before: RunModelRecord | None) -> date | None:
    """Last day that had been shown as settled: its outcome window was closed."""
    if before is None or before.last is None:
        return None
    o = model.outcomes or model.facts
    if o is None:
        return before.last
    if before.complete_through is None:
        return None
    return min(before.last, before.complete_through - timedelta(days=o.window + o.allowance))


__all__ = ["FULL", "Asked", "Pulled", "planned", "published", "pulled"]
