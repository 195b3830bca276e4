"""One run: pull the facts of every model, cost them, assess them, commit them together.

A run is all or nothing: when any model fails, the findings of all models are reported together,
nothing is stored, and readers keep the last good run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, pairwise
from time import perf_counter
from typing import TYPE_CHECKING

from valuekit import faults, journal, overview
from valuekit.assess import assess
from valuekit.assess.designs.plans import plans
from valuekit.cost.charges import lines
from valuekit.cost.lines import frame, residual
from valuekit.cost.pools import allocate, undriven
from valuekit.errors import Finding, SourceError, StoreError, ValuekitError, WorkspaceError
from valuekit.incremental import early
from valuekit.incremental.changes import changes
from valuekit.incremental.marks import OF_PAST
from valuekit.ledger.book import Book
from valuekit.ledger.collect import add_up
from valuekit.ledger.schema import FACTS
from valuekit.places import placed
from valuekit.pulling import FULL, Asked, Pulled, published, pulled
from valuekit.running import StoppedAfter
from valuekit.scorecard import from_json, in_order, to_json
from valuekit.source import Connector, open_connector
from valuekit.store.records import ModelOutcome, RunOutcome

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    import pandas as pd

    from valuekit.store.store import Store
    from valuekit.workspace.declare import Model
    from valuekit.workspace.load import Loaded

__all__ = ["Asked", "ProgressCallback", "RunOutcome", "refresh"]

# (model, what is being done, share done of the whole run 0..1)
ProgressCallback = Callable[[str, str, float], None]

_PULLED, _ASSESSED = 0.85, 0.97  # share of the run at the end of each part
_ALIKE = 50_000_000  # bytes that are read in the time that a model takes however few it has
_OF_NIGHT = 0.02  # of its bytes that a model reads in a night, roughly


def refresh(
    loaded: Loaded,
    store: Store,
    *,
    models: Sequence[str] | None = None,
    now: datetime,
    ask: Asked | None = None,
    progress: ProgressCallback | None = None,
) -> RunOutcome:
    """Pull what changed, assess every model and commit one run.

    Args:
        loaded: The workspace.
        store: Its value store, writable.
        models: Names of models to limit the run to; None for all. The others keep their facts
            and scorecards; shared pools are split with their stored volumes.
        now: The moment of the run, with a zone.
        ask: What is to be computed whatever changed; None for what changed alone.
        progress: Told what is being done.

    Returns:
        What was committed.

    Raises:
        WorkspaceError: for an unknown model.
        ValuekitError: when a model or the store fails; the last good run is untouched.
        StoppedAfter: it was stopped when the run was stored already.
    """
    names, ask = _names(loaded, models), ask or Asked()
    tell = progress or (lambda _model, _text, _share: None)
    began = perf_counter()
    asked = {
        "models": None if models is None else names,
        "full": ask.full,
        "since": ask.since,
        **({"accept_gone": True} if ask.accept_gone else {}),
        **({"accept_bad_day": True} if ask.accept_bad_day else {}),
    }
    digest = hashlib.sha256(loaded.workspace.model_dump_json().encode()).hexdigest()
    outcome, stored, noted = None, began, False
    try:
        run = store.begin("refresh", asked, now, workspace_hash=digest)
        journal.note("run_started", run=run, models=names)
        journal.findings(_moved(store), run)
        made = _computed(loaded, store, names, now, ask, tell)
        outcome = replace(made, run=run, seconds=perf_counter() - began)
        tell("", "storing", _ASSESSED)
        stored = perf_counter()
        store.commit(run, outcome, now + timedelta(seconds=outcome.seconds))
        journal.stored(outcome, perf_counter() - stored)
        noted = True
        tell("", "done", 1.0)
    except BaseException as error:
        if _failed(store, error, now + timedelta(seconds=perf_counter() - began)) or not outcome:
            raise
        if not noted:
            journal.stored(outcome, perf_counter() - stored)
        if faults.interrupted(error):
            raise StoppedAfter(outcome.run) from error
        if not isinstance(error, StoreError):  # else only the answer to the commit was lost
            raise
    return outcome


def _failed(store: Store, error: BaseException, at: datetime) -> bool:
    """Note why a run failed; False where it had been stored when it was stopped or cut off."""
    # What stopped the run is what a person must know, even when it keeps us from noting it.
    if store.stored is not None:
        return False
    if store.begun is None:
        return True  # it was refused
    try:
        return store.fail(store.begun, faults.in_words(error), at, journal.cause(error))
    except ValuekitError as refused:
        journal.unrecorded(store.begun, refused)
        return True


def _computed(
    loaded: Loaded,
    store: Store,
    names: list[str],
    now: datetime,
    ask: Asked,
    tell: ProgressCallback,
) -> RunOutcome:
    """Everything that a run stores; its number and seconds are filled in by the caller."""
    reached = _reached(loaded, store, now)
    found = _pull_all(loaded, store, names, replace(ask, now=reached), tell)
    clock = _clock(store, now)
    parts, general = _assess_all(loaded, store, found, now, tell)
    complete = set(names) == set(loaded.workspace.models)
    return RunOutcome(
        run=0,
        parts=parts,
        complete=complete,
        seconds=0.0,
        general=(*clock, *_moved(store), *_amounts(loaded), *general),
        overviews=_overviews(loaded, {} if complete else store.scorecards(), parts),
        keep_days=loaded.workspace.workspace.keep_days,
    )


def _overviews(
    loaded: Loaded, others: Mapping[str, str], parts: Sequence[ModelOutcome]
) -> dict[str, bytes]:
    """Everything that is shown after the run, added up over each named period."""
    held = {**others, **{part.model: part.scorecard for part in parts}}
    cards = tuple(from_json(text) for text in in_order(loaded.workspace.models, held).values())
    return {name: overview.to_json(overview.overview(cards, name)) for name in overview.PERIODS}


def _names(loaded: Loaded, models: Sequence[str] | None) -> list[str]:
    declared = list(loaded.workspace.models)
    unknown = [name for name in models or () if name not in declared]
    if unknown:
        raise WorkspaceError(
            Finding(
                place=str(loaded.path),
                value=", ".join(unknown),
                rule="the workspace declares no such model",
                remedy=f"Models are: {', '.join(declared) or 'none'}.",
                code="unknown_model",
            )
        )
    return [name for name in declared if models is None or name in models]


def _reached(loaded: Loaded, store: Store, now: datetime) -> datetime:
    """The latest moment known: a clock set back must not make stored rows ones of the future."""
    latest = store.latest_run()
    known = [now] if latest is None else [now, latest.started]
    return loaded.workspace.workspace.reached(max(known))


def _clock(store: Store, now: datetime) -> tuple[Finding, ...]:
    """What to say when the clock stands before the last good run."""
    latest = store.latest_run()
    if latest is None or latest.started <= now:
        return ()
    return (
        Finding(
            place="clock of this machine",
            value=f"{now:%Y-%m-%d %H:%M} UTC, the last run began {latest.started:%Y-%m-%d %H:%M}",
            rule="the clock stands before the last run; what was reached then stays reached",
            remedy="Set the clock (NTP); figures are not affected.",
            severity="warning",
            code="clock_back",
        ),
    )


def _moved(store: Store) -> tuple[Finding, ...]:
    """That the store was made by an older version, which cannot read it any more."""
    if not store.moved:
        return ()
    return (
        Finding(
            place=store.place,
            value=f"it had schema {store.moved}",
            rule="the store was brought to the schema of this version of valuekit",
            remedy="Read it with this version or a newer one; older ones refuse it in words.",
            severity="info",
            code="store_moved",
        ),
    )


def _amounts(loaded: Loaded) -> tuple[Finding, ...]:
    """Warnings of the file that concern what this run adds up."""
    return tuple(one for one in loaded.warnings if one.code in {"negative_cost", "rounded"})


def _pull_all(
    loaded: Loaded, store: Store, names: list[str], ask: Asked, tell: ProgressCallback
) -> dict[str, Pulled]:
    """Pull every model; failures of several models are raised together."""
    found: dict[str, Pulled] = {}
    failed: dict[Finding, Finding] = {}
    with ExitStack() as stack:
        opened: dict[str, Connector] = {}
        open_one = partial(_opened, opened=opened, stack=stack)
        for name, between in _turns(loaded, store, names, ask, open_one).items():
            part = partial(_tell, tell, name, between)
            part("opening", 0.0)
            try:
                connector = open_one(loaded, name)
                connector.now = ask.now
                one = pulled(loaded, store, name, connector, part, ask)
                if one.first is None:
                    one = replace(one, findings=(*one.findings, _empty(loaded, name)))
                found[name] = one
                journal.pulled(name, one)
            except ValuekitError as error:
                for fault in error.findings:
                    failed.update(_at_key(loaded, name, fault, failed))
            except Exception as error:
                error.add_note(f"models.{name}")  # where nobody foresaw it, at least of whom
                raise
    if failed:
        raise SourceError(*failed.values())
    return found


def _at_key(
    loaded: Loaded, model: str, fault: Finding, told: Mapping[Finding, Finding]
) -> dict[Finding, Finding]:
    """A fault at the key that names it; a whole table's only once, however many models read it."""
    at = placed(loaded, model, fault)
    column = ", column " in fault.place
    known = at in told.values() or (fault in told and not column)
    return {} if known else {(at if column else fault): at}


def _tell(
    tell: ProgressCallback, name: str, between: tuple[float, float], text: str, share: float
) -> None:
    """What is being done of a model, as a share of the run."""
    start, end = between
    tell(name, text, start + (end - start) * min(max(share, 0.0), 1.0))


def _turns(
    loaded: Loaded,
    store: Store,
    names: Sequence[str],
    ask: Asked,
    opened: Callable[[Loaded, str], Connector],
) -> dict[str, tuple[float, float]]:
    """Model -> the share of the run when its turn begins and ends; only the progress needs it.

    What is read whole takes longer the more there is of it. Of a night nobody knows beforehand.
    """
    held = store.last_of_each()
    whole = {name for name in names if ask.full or name not in held}
    made = dict.fromkeys(names, float(_ALIKE))
    for name in names if whole and len(names) > 1 else ():
        with suppress(Exception):  # whatever is wrong is told when its turn comes
            size = getattr(opened(loaded, name), "size", None)
            read = size(loaded.workspace, name) if size is not None else 0
            made[name] += read if name in whole else read * _OF_NIGHT
    ends = list(accumulate(made.values(), initial=0.0))
    shares = [_PULLED * end / ends[-1] for end in ends] if names else []
    return dict(zip(names, pairwise(shares), strict=True))


def _opened(
    loaded: Loaded, name: str, *, opened: dict[str, Connector], stack: ExitStack
) -> Connector:
    workspace, model = loaded.workspace, loaded.workspace.models[name]
    source = workspace.source_of(next(iter(model.blocks.values())))
    if source not in opened:
        made = open_connector(source, workspace.sources[source], loaded.folder, workspace)
        stack.callback(made.close)
        opened[source] = made
    return opened[source]


def _empty(loaded: Loaded, name: str) -> Finding:
    return Finding(
        place=loaded.place("models", name),
        value="0 rows",
        rule="the model has no data: its figures are unknown, not zero",
        remedy="Check the table and the time column, or wait for its first predictions.",
        severity="warning",
        code="empty_model",
        rows=0,
    )


def _assess_all(
    loaded: Loaded,
    store: Store,
    found: Mapping[str, Pulled],
    now: datetime,
    tell: ProgressCallback,
) -> tuple[tuple[ModelOutcome, ...], tuple[Finding, ...]]:
    workspace = loaded.workspace
    volumes = {
        name: found[name].facts["volume"] if name in found else store.facts(name, "volume")
        for name in workspace.models
    }
    as_of = workspace.workspace.as_of or _last_day(loaded, store, found, now)
    days = (_first_day(volume, workspace.models[name]) for name, volume in volumes.items())
    first = min((day for day in days if day), default=as_of)
    shared = allocate(workspace, volumes, first, as_of)
    parts: list[ModelOutcome] = []
    failed: list[Finding] = []
    for place, (name, one) in enumerate(found.items()):
        share = (_ASSESSED - _PULLED) * place / len(found)
        tell(name, "assessing", _PULLED + share)
        try:
            costed = _costed(loaded, name, one, shared.get(name), (first, as_of))
            made = _assessed(loaded, name, costed, as_of)
            again = _early(loaded, store, one.through, made)
            parts.append(replace(made, findings=(*made.findings, *again)))
        except ValuekitError as error:
            failed.extend(error.findings)
        except Exception as error:
            error.add_note(f"models.{name}")
            raise
    if failed:
        raise ValuekitError(*failed)
    return tuple(parts), undriven(workspace, volumes, first, as_of)


def _early(
    loaded: Loaded, store: Store, through: date | None, made: ModelOutcome
) -> tuple[Finding, ...]:
    """What to say where the newest published day is restated night by night."""
    model = loaded.workspace.models[made.model]
    role, outcomes = (
        ("facts", model.facts) if model.outcomes is None else ("outcomes", model.outcomes)
    )
    if outcomes is None or through is None or all(one.day != through for one in made.restated):
        return ()
    newest = store.restatements(made.model, limit=1)  # the newest day of the newest run
    if not newest:
        return ()
    after, before = (store.last_of(made.model, newest[0].run - back) for back in (0, 1))
    twice = published(model, after) == through and published(model, before) == newest[0].day
    place = loaded.place("models", made.model, role)
    days = newest[0].day, through
    return (early.warning(place, days, outcomes.allowance),) if twice else ()


def _first_day(volume: pd.DataFrame, model: Model) -> date | None:
    """First day that shared costs fall on: served predictions, or the launch without a log."""
    if volume.empty:
        alone = model.predictions is None and (model.panel or model.facts) is not None
        return model.launched if alone else None
    found: date = volume["day"].min().date()
    return found


def _last_day(loaded: Loaded, store: Store, found: Mapping[str, Pulled], now: datetime) -> date:
    """The last day with predictions, units or panel rows of any model.

    Models that the run leaves out count as they were last pulled. Forecasts count to their last
    known actual: their days are those that are forecast, and may lie ahead.
    """
    days: list[date] = []
    for name, model in loaded.workspace.models.items():
        one = found[name] if name in found else store.last_of(name)
        if one is None or one.last is None:
            continue
        through = one.complete_through if model.task == "forecast" else None
        days.append(one.last if through is None else min(one.last, through))
    return max(days, default=now.date())


def _costed(
    loaded: Loaded,
    name: str,
    one: Pulled,
    pool: pd.DataFrame | None,
    span: tuple[date, date],
) -> Pulled:
    first = one.first or loaded.workspace.models[name].launched or span[0]
    model, volume, usage = loaded.workspace.models[name], one.facts["volume"], one.facts["usage"]
    own = lines(model, volume, usage, min(first, span[1]), span[1])
    kept = (one.facts["cost"], frame(name, own), pool)
    cost = add_up(FACTS["cost"], [made for made in kept if made is not None])
    findings = (*one.findings, *_rounded(loaded, name, residual(own)))
    return replace(one, facts={**one.facts, "cost": cost}, findings=findings)


def _rounded(loaded: Loaded, name: str, left: Decimal) -> tuple[Finding, ...]:
    """What amounts lost when they were rounded to the places that facts keep."""
    if not left:
        return ()
    return (
        Finding(
            place=loaded.place("models", name, "costs"),
            value=f"{left.normalize():f} {loaded.workspace.workspace.currency} in all",
            rule="amounts of a day are rounded to 6 decimals, half to even",
            remedy="Nothing to do: this is all that rounding left out of the model's costs.",
            severity="info",
            code="residual",
        ),
    )


def _assessed(loaded: Loaded, name: str, one: Pulled, as_of: date) -> ModelOutcome:
    began = perf_counter()
    book = Book(
        facts=one.facts,
        registered=one.registered,
        first=one.first,
        last=one.last,
        complete_through=one.complete_through,
        as_of=as_of,
        findings=tuple(found for found in one.findings if found.code not in OF_PAST),
        rows_read=one.rows,
        daily_from=one.daily_from,
    )
    designs = plans(loaded.workspace, name, book)
    book = replace(book, registered=(*book.registered, *designs))
    card = assess(loaded.workspace, name, book)
    found = None
    if one.stored is not None:
        rounding = one.plan is not None and one.plan.whole == FULL
        found = changes(
            one.stored,
            one.facts,
            one.through,
            one.both_daily,
            rounding=rounding,
            firsts=(one.was_first, one.first),
            touched=one.touched,
        )
    return ModelOutcome(
        model=name,
        facts=one.facts if found is None else found.facts,
        scorecard=to_json(card),
        registered=(*one.pull.registered, *designs),
        queries=one.pull.queries,
        first=one.first,
        last=one.last,
        complete_through=one.complete_through,
        findings=one.findings,
        rows_read=one.pull.rows_read,
        seconds=one.seconds + perf_counter() - began,
        replaced=None if found is None else found.replaced,
        survey=b"" if one.survey is None else one.survey.packed(),
        restated=() if found is None else found.restated,
        total=one.rows,
        why=one.scope,
        days=one.days,
        held=one.held,
    )
