"""The Python API: the same verbs as the terminal, for notebooks and jobs.

import valuekit
acme = valuekit.Workspace.load("valuekit.toml")
acme.refresh()
acme.scorecard("churn").verdict.action
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import ValidationError

from valuekit import __version__, journal, overview
from valuekit.errors import Finding, SourceError, StoreError, WorkspaceError
from valuekit.experiments import Holdouts
from valuekit.faults import interrupted
from valuekit.holdouts import KIND, statuses
from valuekit.overview import Overview
from valuekit.places import placed, placing
from valuekit.portfolio import Portfolio
from valuekit.quarantine.counts import Count, counted
from valuekit.quarantine.summary import Balance, Credit, HeldBack, balances, credit, held_back
from valuekit.report import Meta, Report, build
from valuekit.report.build import Format, ReportKind
from valuekit.restatements import newest
from valuekit.running import StoppedAfter, note_stored
from valuekit.scorecard import Action, Decision, PeriodName, Scorecard, from_json, in_order
from valuekit.source import Check, Connector, open_connector
from valuekit.store import Store, open_store
from valuekit.store.copy import Copied, sound
from valuekit.store.words import NO_ROOM
from valuekit.workspace.load import Loaded, load

if TYPE_CHECKING:
    from valuekit.incremental.plan import Plan
    from valuekit.refresh import ProgressCallback, RunOutcome
    from valuekit.store.records import Age, HeldRecord, RestatementRecord, RunRecord, SourceRead


@dataclass(frozen=True)
class Workspace:
    """A loaded workspace and its value store."""

    loaded: Loaded

    @classmethod
    def load(cls, path: str | Path = "valuekit.toml") -> Workspace:
        """Read and validate a workspace file.

        Raises:
            WorkspaceError: with every mistake of the file at once.
        """
        return cls(load(Path(path)))

    def store(self, *, create: bool = False, anew: bool = False) -> Store:
        """The value store; ``create`` makes or migrates it, ``anew`` even where one was.

        Raises:
            StoreError: when it is missing, locked or of an unknown schema.
        """
        try:
            return open_store(self.loaded.store_url, create=create, anew=anew)
        except StoreError as error:
            at = self.loaded.place("workspace", "store")  # of an address that cannot be one
            said = [
                replace(one, place=at) if one.place == "store" else one for one in error.findings
            ]
            raise StoreError(*said) from error

    def backup(self, target: str | Path) -> Copied:
        """Copy the value store into a new file: rows by table, and a digest of its content.

        Raises:
            StoreError: when there is no store, or the file exists or cannot be written.
        """
        with self.store() as store:
            return store.backup(Path(target))

    def restore(self, source: str | Path) -> Copied:
        """Fill an empty value store from a backup, once that is known to be as it was made.

        Raises:
            StoreError: when the store has rows, or the file is no backup, damaged or changed.
        """
        # The backup first: a damaged one must not leave an empty store where there was none.
        with sound(Path(source)) as found, self.store(create=True, anew=True) as store:
            return store.fill(found)

    def refresh(
        self,
        models: Sequence[str] | None = None,
        *,
        full: bool = False,
        since: date | None = None,
        accept_gone: bool = False,
        accept_bad_day: bool = False,
        now: datetime | None = None,
        progress: ProgressCallback | None = None,
    ) -> RunOutcome:
        """Pull what changed, assess every model and commit one run.

        Args:
            models: Names of models to limit the run to; None for all.
            full: Compute everything again, whatever changed.
            since: Compute at least the days from this one on again.
            accept_gone: Go on where data ends earlier than in the last good run.
            accept_bad_day: Go on where a day holds back more rows than the limit of a rule.
            now: The moment of the run, UTC; default: the clock.
            progress: Called with (model, what is being done, share done of the run).

        Raises:
            ValuekitError: when a source, a rule or the store fails; the last good run stays.
            KeyboardInterrupt: it was stopped; :class:`valuekit.running.StoppedAfter` when the run
                was stored already.
        """
        # Only a run needs the estimators' slow imports.
        from valuekit.refresh import Asked, refresh

        for name in models or ():
            self.known(name)
        note_stored(None)
        store: Store | None = None
        began = perf_counter()
        try:
            with self.store(create=True) as store:
                return refresh(
                    self.loaded,
                    store,
                    models=models,
                    now=now or datetime.now(UTC),
                    ask=Asked(full, since, accept_gone, accept_bad_day),
                    progress=progress,
                )
        except BaseException as error:
            if store is None or store.stored is None:
                run = store.begun if store is not None else None
                journal.failed(error, run, perf_counter() - began)
            elif interrupted(error) and not isinstance(error, StoppedAfter):
                raise StoppedAfter(store.stored) from error
            raise

    def plan(
        self,
        models: Sequence[str] | None = None,
        *,
        full: bool = False,
        since: date | None = None,
        now: datetime | None = None,
    ) -> dict[str, Plan | None]:
        """What a refresh would compute of each model, without computing or storing anything.

        None where the connector cannot tell what changed: then everything is computed.

        Args:
            models: Names of models; None for all.
            full: As if everything were to be computed.
            since: As if at least the days from this one on were.
            now: Rows after this moment lie in the future, UTC; default: the clock.

        Raises:
            ValuekitError: a source cannot be read, or the store is of an unknown schema.
        """
        from valuekit.kept import Kept
        from valuekit.pulling import Asked, planned

        reached = self.loaded.workspace.workspace.reached(now or datetime.now(UTC))
        ask = Asked(full=full, since=since, now=reached)
        found: dict[str, Plan | None] = {}
        try:
            opened = self.store()
        except StoreError as error:
            if any(one.code != "not_refreshed" or one.value for one in error.findings):
                raise  # of an older schema, which a refresh brings along first, too
            opened = None
        with nullcontext(opened) if opened is None else opened as store:
            kept = None if store is None else Kept.of(store)
            engines: dict[str, Connector] = {}
            with ExitStack() as stack:
                for name in models or tuple(self.loaded.workspace.models):
                    self.known(name)
                    source = self.source_of(name)
                    with placing(self.loaded, name):
                        if source not in engines:
                            engines[source] = stack.enter_context(closing(self._connector(name)))
                        found[name] = planned(self.loaded, store, name, engines[source], ask, kept)
        return found

    def restatements(
        self, model: str | None = None, run: int | None = None
    ) -> tuple[RestatementRecord, ...]:
        """Published days that a later refresh found to be another, newest first.

        Raises:
            WorkspaceError: for an unknown model.
            StoreError: when there is no store.
        """
        if model is not None:
            self.known(model)
        with self.store() as store:
            return store.restatements(model, run)

    def _connector(self, model: str) -> Connector:
        workspace, source = self.loaded.workspace, self.source_of(model)
        return open_connector(source, workspace.sources[source], self.loaded.folder, workspace)

    def check(
        self,
        models: Sequence[str] | None = None,
        *,
        now: datetime | None = None,
        past: bool = True,
    ) -> dict[str, Check]:
        """Validate declarations against the real tables; stores nothing.

        Args:
            models: Names of models; None for all.
            now: Rows after this moment lie in the future, UTC; default: the clock.
            past: Also whether data end earlier than in the last good run, where a store has one
                and can be read.
        """
        workspace, moment = self.loaded.workspace, now or datetime.now(UTC)
        checks: dict[str, Check] = {}
        opened = None
        if past:
            with suppress(StoreError):  # a check needs none; `doctor` says what is wrong with it
                opened = self.store()
        with nullcontext(opened) if opened is None else opened as store:
            for name in models or tuple(workspace.models):
                self.known(name)
                try:
                    with closing(self._connector(name)) as connector:
                        connector.now = workspace.workspace.reached(moment)
                        found = connector.check(workspace, name)
                        said = tuple(placed(self.loaded, name, one) for one in found.findings)
                        gone = self._gone(store, name, connector, said, moment)
                        checks[name] = replace(found, findings=(*said, *gone))
                except SourceError as error:  # the other models are checked all the same
                    failed = tuple(placed(self.loaded, name, one) for one in error.findings)
                    checks[name] = Check(failed, pd.DataFrame(), None, None)
        return checks

    def _gone(
        self,
        store: Store | None,
        name: str,
        connector: Connector,
        checked: Sequence[Finding],
        now: datetime,
    ) -> tuple[Finding, ...]:
        """Data that end earlier than in the last good run, where that can be told."""
        if store is None or any(one.severity == "error" for one in checked):
            return ()
        # Only a store with a past needs what a run imports.
        from valuekit.ending import ending_earlier

        try:
            return ending_earlier(self.loaded, store, name, connector, checked, now)
        except StoreError:  # as one that cannot be opened
            return ()

    def source_of(self, model: str) -> str:
        """Name of the source that a model's tables lie in."""
        declared = self.loaded.workspace.models[model]
        return self.loaded.workspace.source_of(next(iter(declared.blocks.values())))

    def scorecards(self) -> dict[str, Scorecard]:
        """All scorecards of the last good run, in the workspace's order."""
        with self.store() as store:
            held = {name: from_json(text) for name, text in store.scorecards().items()}
        return in_order(self.loaded.workspace.models, held)

    def scorecard(self, model: str) -> Scorecard:
        """One model's scorecard of the last good run.

        Raises:
            WorkspaceError: when the workspace declares no such model.
            StoreError: when the model has not been refreshed yet.
        """
        self.known(model)
        return _card(self.scorecards(), model)

    def portfolio(self, period: PeriodName = "year") -> Portfolio:
        """All models together over a named period."""
        return self.overview(period).portfolio

    def overview(self, period: PeriodName = "year") -> Overview:
        """All models together, a line for each, and how fresh they are; as the last run left it."""
        with self.store() as store:
            content, registered = store.overview(period), store.registered(KIND)
        made = None
        if content is not None:
            with suppress(ValidationError):  # of another shape than this version's
                made = overview.from_json(content)
        if made is None:
            made = overview.overview(tuple(self.scorecards().values()), period)
        declared = {name: registered.get(name, ()) for name in self.loaded.workspace.models}
        found = statuses(declared, made.trials, self.holdouts.today())
        return replace(made, portfolio=replace(made.portfolio, holdouts=found))

    @property
    def holdouts(self) -> Holdouts:
        """Holdouts: plan, register, check on past data, see what is due."""
        return Holdouts(self)

    def last_run(self) -> RunRecord:
        """The last good run.

        Raises:
            StoreError: when there is none.
        """
        with self.store() as store:
            run = store.latest_run()
        if run is None:
            raise StoreError(
                Finding(
                    place=str(self.loaded.path),
                    value="",
                    rule="no run has finished yet",
                    remedy="Run: valuekit refresh",
                    code="not_refreshed",
                )
            )
        return run

    def ages(self) -> dict[str, Age]:
        """Model -> the good run that its figures are of, and one that failed since.

        A run of some models leaves the figures of the others as old as they were. One that was
        killed counts as failed at once, before a later run notes it.
        """
        with self.store() as store:
            return store.ages(killed=True)

    def _dated(self) -> tuple[RunRecord, dict[str, Scorecard], dict[str, Age]]:
        """The last good run, scorecards and the runs that made them, of one state of the store."""
        run = self.last_run()
        while True:
            held, ages, before = self.scorecards(), self.ages(), run
            run = self.last_run()
            if run.id == before.id:  # else a run was stored in between
                return run, held, ages

    def warnings(self) -> dict[str, tuple[Finding, ...]]:
        """Model -> what its last good run warned of; information is left out."""
        with self.store() as store:
            held = store.last_of_each()
        return {
            name: tuple(one for one in held[name].findings if one.severity != "info")
            for name in self.loaded.workspace.models
            if name in held
        }

    def reads(self, model: str) -> tuple[SourceRead, ...]:
        """The run that last read a model's sources, and the last whole pull, with statements."""
        self.known(model)
        with self.store() as store:
            return store.reads(model)

    def report(
        self,
        kind: ReportKind = "portfolio",
        fmt: Format = "xlsx",
        *,
        models: Sequence[str] | None = None,
        period: PeriodName = "year",
    ) -> Report:
        """A report of the last good run, noted in the store's list of exports.

        Where the store may only be read, or its disk is full, the report is made all the same and
        says ``noted=False``.
        """
        for name in models or ():
            self.known(name)
        run, held, ages = self._dated()
        cards = [card for name, card in held.items() if models is None or name in models]
        with self.store() as store:
            meta = Meta(
                workspace=self.loaded.workspace.workspace.name,
                run=run.id,
                finished=run.finished or run.started,
                version=__version__,
                reads=tuple(one for card in cards for one in store.reads(card.model)),
                restated=newest(self.loaded.workspace, store, [card.model for card in cards]),
                ages=ages,
            )
            made = build(kind, cards, period, fmt, meta)
            return noted(store, made, kind, fmt, run.id)

    def decide(self, model: str, action: Action, reason: str, person: str) -> Decision:
        """Store a decision with the verdict and figures it rests on; it can't be changed later.

        Raises:
            WorkspaceError: for an unknown model, or an empty reason or person.
        """
        self.known(model)
        _, held, ages = self._dated()
        card = _card(held, model)
        for field, text in (("reason", reason), ("person", person)):
            if not text.strip():
                raise WorkspaceError(
                    Finding(
                        place=f"decide {model}",
                        value="",
                        rule=f"a decision needs a {field}",
                        remedy=f"Give --{field} TEXT.",
                        code="empty_decision",
                    )
                )
        latest = card.period("year") or card.period("all")
        made = Decision(
            model=model,
            action=action,
            reason=reason.strip(),
            person=person.strip(),
            at=datetime.now(UTC),
            run=ages[model].run,
            verdict=card.verdict.action,
            net=latest.net.value if latest else None,
        )
        with self.store() as store:
            store.decide(made)
        return made

    def ledger(self, model: str, day: date) -> dict[str, object]:
        """The facts of one model and day, vectors unpacked, JSON-ready.

        Measures that a ready-made table does not give are None.
        """
        from valuekit.ledger.show import day_of
        from valuekit.ready.show import as_given

        self.known(model)
        declared = self.loaded.workspace.models[model]
        with self.store() as store:
            found = day_of(store, model, day)
        return found | {"facts": as_given(declared, found["facts"])}

    def quarantine(self, model: str | None = None) -> tuple[HeldBack, ...]:
        """The rules that hold rows back, with counts, limits and the newest examples.

        Args:
            model: Only of this model; None for all that the workspace declares.
        """
        workspace = self.loaded.workspace
        records = self.held_rows(model)
        return tuple(
            one
            for name, counts in self._intake(model).items()
            for one in held_back(workspace, name, counts, records)
        )

    def intake(self, model: str | None = None) -> tuple[Balance, ...]:
        """What became of the rows of every source; the four fates add up to the rows read."""
        found = self._intake(model)
        return tuple(one for name, counts in found.items() for one in balances(name, counts))

    def credit(self, model: str | None = None) -> tuple[Credit, ...]:
        """How many outcomes of each model are credited, and why the others are not."""
        made = (credit(name, counts) for name, counts in self._intake(model).items())
        return tuple(one for one in made if one is not None)

    def held_rows(self, model: str | None = None, *, past: bool = False) -> tuple[HeldRecord, ...]:
        """Examples of rows held back; with ``past`` also those that later runs no longer met."""
        if model is not None:
            self.known(model)
        with self.store() as store:
            return store.quarantine(model, past=past)

    def _intake(self, model: str | None) -> dict[str, tuple[Count, ...]]:
        if model is not None:
            self.known(model)
        names = list(self.loaded.workspace.models) if model is None else [model]
        with self.store() as store:
            return {name: counted(store.facts(name, "intake")) for name in names}

    def known(self, model: str) -> None:
        """See that the workspace declares a model.

        Raises:
            WorkspaceError: when it does not.
        """
        declared = self.loaded.workspace.models
        if model in declared:
            return
        raise WorkspaceError(
            Finding(
                place=str(self.loaded.path),
                value=model,
                rule="the workspace declares no such model",
                remedy=models_are([model], declared),
                code="unknown_model",
            )
        )


def models_are(strangers: Iterable[str], declared: Iterable[str]) -> str:
    """What to write instead of names of models that nobody declared: the nearest, and all.

    >>> models_are(["chrun"], ["churn", "offers"])
    'Did you mean churn? Models are: churn, offers.'
    """
    names = list(declared)
    near = [close for name in strangers for close in get_close_matches(name, names, n=1)]
    meant = f"Did you mean {', '.join(dict.fromkeys(near))}? " if near else ""
    return f"{meant}Models are: {', '.join(names) or 'none'}."


def _card(held: Mapping[str, Scorecard], model: str) -> Scorecard:
    if model not in held:
        raise StoreError(
            Finding(
                place=f"models.{model}",
                value="",
                rule="this model has not been refreshed yet",
                remedy="Run: valuekit refresh",
                code="not_refreshed",
            )
        )
    return held[model]


def noted(store: Store, made: Report, kind: ReportKind, fmt: Format, run: int) -> Report:
    """The report, noted in the store's list of exports unless that may only be read or is full.

    Raises:
        StoreError: when the store fails for another reason.
    """
    try:
        store.note_report(made.name, kind, fmt, run, made.data, at=datetime.now(UTC))
    except StoreError as error:
        if any(one.code not in NO_ROOM | {"read_only"} for one in error.findings):
            raise
        return replace(made, noted=False)
    return made
