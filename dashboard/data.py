"""The only module that loads: workspace, run and scorecards, cached by the store's data version.

Every answer is either a :class:`Snapshot` of the last good run or a :class:`Trouble` that says
what is missing and what to do. Cached things are frozen, so all readers may share them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import streamlit as st

from valuekit import __version__
from valuekit.api import noted
from valuekit.errors import Finding, StoreError, WorkspaceError
from valuekit.freshness import failures, freshness, in_words, undated
from valuekit.freshness import late as whats_late
from valuekit.freshness import through as ends
from valuekit.portfolio import Portfolio, portfolio
from valuekit.quarantine.counts import Count
from valuekit.quarantine.summary import HeldBack, held_back
from valuekit.report import Meta, Report, build
from valuekit.report.build import Format, ReportKind
from valuekit.restatements import Moved, newest
from valuekit.restatements import moved as figures
from valuekit.scorecard import Action, Decision, PeriodName, Scorecard, from_json
from valuekit.store import Store, open_store
from valuekit.store.records import (
    Age,
    ReportRecord,
    RestatedRecord,
    RunModelRecord,
    RunRecord,
    SourceRead,
)
from valuekit.store.register import RUN as REGISTERED
from valuekit.workspace.declare import Workspace
from valuekit.workspace.load import Loaded, load

WORKSPACE = "VALUEKIT_WORKSPACE"
STALE_HOURS = 48
_LOOKED = 50  # runs, of which at least one has ended

TroubleKind = Literal["no workspace", "mistakes", "never refreshed", "store"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is nothing to show, and what was found wrong."""

    kind: TroubleKind
    place: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last good run, whole.

    Attributes:
        key: Workspace, store and data version: what every cache below it is keyed by.
        name: Name of the workspace.
        currency: ISO 4217 code of all money.
        plan_per_year: Net value planned for a year, when declared.
        run: The run whose figures are shown.
        failed: A later run that failed; the figures are older than its attempt.
        ages: Model -> when its own figures were made, and a run that failed since.
        begun: A later run that is noted as running; whether it still does, the lock knows.
        cards: Scorecards in the order of the workspace.
        pending: Models that are declared but were never refreshed: (name, title).
        findings: Warnings of the workspace file.
    """

    key: tuple[str, str]
    name: str
    description: str
    currency: str
    plan_per_year: float | None
    run: RunRecord
    failed: RunRecord | None
    ages: Mapping[str, Age]
    begun: RunRecord | None
    cards: tuple[Scorecard, ...]
    pending: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]

    def card(self, model: str) -> Scorecard | None:
        """The scorecard of a model; None when there is none."""
        return next((one for one in self.cards if one.model == model), None)

    def run_of(self, model: str) -> int:
        """The run that made a model's figures: a run of other models left them as they were."""
        own = self.ages.get(model)
        return self.run.id if own is None else own.run

    @property
    def finished(self) -> datetime:
        """When the figures were made, UTC."""
        return self.run.finished or self.run.started


def workspace_path() -> Path:
    """The workspace file that this server shows."""
    return Path(os.environ.get(WORKSPACE) or "valuekit.toml")


def snapshot() -> Snapshot | Trouble:
    """What there is to show now; asks the store for its version, loads only what changed."""
    path = workspace_path()
    try:
        loaded = _load(str(path), _stamp(path))
    except WorkspaceError as error:
        missing = any(one.code == "no_file" for one in error.findings)
        return Trouble("no workspace" if missing else "mistakes", str(path), error.findings)
    try:
        store = _store(loaded.store_url, _stamp_of_store(loaded.store_url))
        return _snapshot(loaded, store)
    except StoreError as error:
        fresh = any(one.code == "not_refreshed" for one in error.findings)
        return Trouble("never refreshed" if fresh else "store", str(path), error.findings)


def _snapshot(loaded: Loaded, store: Store) -> Snapshot | Trouble:
    version = store.data_version()
    run, ended, begun = _last_runs(loaded.store_url, version, store)
    if run is None:
        why = Finding("store", ended.message if ended else "", "no run has finished yet", "")
        return Trouble("never refreshed", str(loaded.path), (why,))
    settings = loaded.workspace.workspace
    cards = _cards(loaded.store_url, version, tuple(loaded.workspace.models), store)
    held = {card.model for card in cards}
    plan = settings.plan_per_year
    return Snapshot(
        key=(loaded.store_url, version),
        name=settings.name,
        description=settings.description,
        currency=settings.currency,
        plan_per_year=float(plan) if plan is not None else None,
        run=run,
        failed=ended if ended and ended.status == "failed" and ended.id > run.id else None,
        ages=_ages(loaded.store_url, version, store),
        begun=begun if begun and begun.id > run.id else None,
        cards=cards,
        pending=tuple(
            (name, model.title)
            for name, model in loaded.workspace.models.items()
            if name not in held
        ),
        findings=loaded.warnings,
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _last_runs(
    url: str, version: str, _store: Store
) -> tuple[RunRecord | None, RunRecord | None, RunRecord | None]:
    """The last good run, the last that ended, and one after it that is noted as running.

    A run that was killed hides none that failed before it, and neither does a registration.
    """
    del url, version
    held = [one for one in _store.runs(_LOOKED) if one.kind != REGISTERED]
    ended = next((one for one in held if one.status != "running"), None)
    begun = next(iter(held), None)
    return _store.latest_run(), ended, begun if begun and begun.status == "running" else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _ages(url: str, version: str, _store: Store) -> Mapping[str, Age]:
    del url, version
    return _store.ages()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        held = (path / "valuekit.toml" if path.is_dir() else path).stat()
    except OSError:
        return (0, 0)
    return (held.st_mtime_ns, held.st_size)


def _stamp_of_store(url: str) -> int:
    # A store that was deleted and made anew is another file: old connections would read the old.
    path = url.partition(":///")[2].partition("?")[0]
    try:
        return Path(path).stat().st_ino if url.startswith("sqlite") else 0
    except OSError:
        return 0


@st.cache_resource(max_entries=4, show_spinner=False)
def _load(path: str, stamp: tuple[int, int]) -> Loaded:  # noqa: ARG001 (the stamp is part of the key)
    return load(Path(path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(url: str, stamp: int) -> Store:  # noqa: ARG001 (the stamp is part of the key)
    return open_store(url, create=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def _cards(url: str, version: str, order: tuple[str, ...], _store: Store) -> tuple[Scorecard, ...]:
    # The store is left out of the key because url and version name its content exactly.
    del url, version
    held = _store.scorecards()
    names = [name for name in order if name in held]
    return tuple(from_json(held[name]) for name in names + sorted(set(held) - set(order)))


def total(shot: Snapshot, models: tuple[str, ...], period: PeriodName) -> Portfolio:
    """The sum of the named models over a period."""
    return _total(shot.key, models, period, shot.cards)


@st.cache_resource(max_entries=256, show_spinner=False)
def _total(
    key: tuple[str, str],
    models: tuple[str, ...],
    period: PeriodName,
    _cards: tuple[Scorecard, ...],
) -> Portfolio:
    del key  # it names the content of the cards
    return portfolio(tuple(card for card in _cards if card.model in models), period)


def _open(shot: Snapshot) -> Store:
    return _store(shot.key[0], _stamp_of_store(shot.key[0]))


def reads(shot: Snapshot, model: str) -> tuple[SourceRead, ...]:
    """The run that last read the sources of a model, and the last whole pull; with statements."""
    return _reads(shot.key, model, _open(shot))


@st.cache_resource(max_entries=64, show_spinner=False)
def _reads(key: tuple[str, str], model: str, _store: Store) -> tuple[SourceRead, ...]:
    del key
    return _store.reads(model)


def last_of(shot: Snapshot, model: str) -> RunModelRecord | None:
    """What the run found whose figures are shown of a model; it may be older than the last run."""
    return _last_of(shot.key, model, _open(shot))


@st.cache_resource(max_entries=64, show_spinner=False)
def _last_of(key: tuple[str, str], model: str, _store: Store) -> RunModelRecord | None:
    del key
    return _store.last_of(model)


def runs(shot: Snapshot) -> tuple[RunRecord, ...]:
    """The latest runs of any status, newest first."""
    return _runs(shot.key, _open(shot))


@st.cache_resource(max_entries=16, show_spinner=False)
def _runs(key: tuple[str, str], _store: Store) -> tuple[RunRecord, ...]:
    del key
    return _store.runs(50)


def interrupted(shot: Snapshot) -> frozenset[int]:
    """Runs that are noted as running and that nobody computes; asked anew at every look.

    A process that ends writes nothing, so no version of the store tells of it.
    """
    return _open(shot).interrupted()


def _declared() -> Workspace:
    """The workspace file as it is now."""
    path = workspace_path()
    return _load(str(path), _stamp(path)).workspace


def held(shot: Snapshot) -> tuple[HeldBack, ...]:
    """The rules that hold rows of the shown models back, with examples, model by model."""
    stamp = _stamp(workspace_path())
    return _held(shot.key, stamp, shot.cards, _declared(), _open(shot))


@st.cache_resource(max_entries=8, show_spinner=False)
def _held(
    key: tuple[str, str],
    stamp: tuple[int, int],
    _cards: tuple[Scorecard, ...],
    _workspace: Workspace,
    _store: Store,
) -> tuple[HeldBack, ...]:
    del key, stamp  # they name the content of all others
    records = _store.quarantine()
    return tuple(
        one for card in _cards for one in held_back(_workspace, card.model, counts(card), records)
    )


def counts(card: Scorecard) -> tuple[Count, ...]:
    """What became of the source rows of a model."""
    return tuple(Count(one.source, one.rule, one.fate, one.rows) for one in card.health.intake)


def restated(shot: Snapshot) -> tuple[RestatedRecord, ...]:
    """How many published days each run found to be another, by model, newest first."""
    return _restated(shot.key, _open(shot))


@st.cache_resource(max_entries=8, show_spinner=False)
def _restated(key: tuple[str, str], _store: Store) -> tuple[RestatedRecord, ...]:
    del key
    return _store.restated()


def restated_days(shot: Snapshot) -> dict[str, int]:
    """Model -> published days that some run found to be another, each counted once."""
    return _restated_days(shot.key, _open(shot))


@st.cache_resource(max_entries=8, show_spinner=False)
def _restated_days(key: tuple[str, str], _store: Store) -> dict[str, int]:
    del key
    return _store.restated_days()


def moved(shot: Snapshot, one: RestatedRecord, limit: int) -> tuple[Moved, ...]:
    """The figures that a run restated of a model, newest day first, at most ``limit``."""
    stamp = _stamp(workspace_path())
    return _moved(shot.key, stamp, one.run, one.model, limit, _declared(), _open(shot))


@st.cache_resource(max_entries=64, show_spinner=False)
def _moved(
    key: tuple[str, str],
    stamp: tuple[int, int],
    run: int,
    model: str,
    limit: int,
    _workspace: Workspace,
    _store: Store,
) -> tuple[Moved, ...]:
    del key, stamp  # they name the content of all others
    # Each record gives at least one figure.
    records = _store.restatements(model, run, limit)
    return tuple(figures(_workspace, records))[:limit]


def cut_off(shot: Snapshot) -> RunRecord | None:
    """A run after the shown one whose process ended before it did."""
    # Only a run that is noted as running makes us ask for the lock.
    gone = shot.begun is not None and shot.begun.id in interrupted(shot)
    return shot.begun if gone else None


def run_models(shot: Snapshot) -> tuple[RunModelRecord, ...]:
    """What the shown run found of every model."""
    return _run_models(shot.key, shot.run.id, _open(shot))


@st.cache_resource(max_entries=16, show_spinner=False)
def _run_models(key: tuple[str, str], run: int, _store: Store) -> tuple[RunModelRecord, ...]:
    del key
    return _store.run_models(run)


def decisions(shot: Snapshot, model: str | None = None) -> tuple[Decision, ...]:
    """Decisions, newest first; of one model when named."""
    held = _decisions(shot.key, _open(shot))
    return tuple(one for one in held if model is None or one.model == model)


@st.cache_resource(max_entries=16, show_spinner=False)
def _decisions(key: tuple[str, str], _store: Store) -> tuple[Decision, ...]:
    del key
    return tuple(reversed(_store.decisions()))


def exports(shot: Snapshot) -> tuple[ReportRecord, ...]:
    """What was exported, newest first."""
    return _open(shot).reports()


def decide(shot: Snapshot, card: Scorecard, action: Action, reason: str, person: str) -> Decision:
    """Store a decision with the run, verdict and net value that it rests on.

    Raises:
        StoreError: when the store may not be written.
    """
    held = card.period("year") or card.period("all")
    made = Decision(
        model=card.model,
        action=action,
        reason=reason.strip(),
        person=person.strip(),
        at=datetime.now(UTC),
        run=shot.run_of(card.model),
        verdict=card.verdict.action,
        net=held.net.value if held else None,
    )
    _open(shot).decide(made)
    return made


def stamp(shot: Snapshot) -> Meta:
    """What a report says of the runs that its figures are of."""
    return Meta(shot.name, shot.run.id, shot.finished, __version__, ages=shot.ages)


def report(
    shot: Snapshot, kind: ReportKind, models: Sequence[str], period: PeriodName, fmt: Format
) -> Report:
    """Build a report of the shown run; note the export unless the store may only be read."""
    cards = [card for card in shot.cards if card.model in set(models)]
    meta = replace(
        stamp(shot),
        reads=tuple(one for card in cards for one in reads(shot, card.model)),
        restated=newest(_declared(), _open(shot), [card.model for card in cards]),
    )
    made = build(kind, cards, period, fmt, meta)
    return noted(_open(shot), made, kind, fmt, shot.run.id)


def fresh(shot: Snapshot, models: Sequence[str] | None = None) -> str:
    """How old the figures are, in words; of the named models only."""
    cards = [card for card in shot.cards if models is None or card.model in models]
    titles = {card.model: card.title for card in cards}
    return in_words(freshness(cards, shot.ages, shot.finished), datetime.now(UTC), titles)


def through(shot: Snapshot) -> str:
    """Through which day there are data, in words."""
    return ends(undated(shot.cards), {card.model: card.title for card in shot.cards})


def not_refreshed(shot: Snapshot) -> list[str]:
    """A sentence on each run that failed of some models, though a later run of others did not."""
    last = shot.failed.id if shot.failed is not None else None
    older = {name: one for name, one in shot.ages.items() if one.failed and one.failed.run != last}
    titles = {card.model: card.title for card in shot.cards}
    return failures(list(titles), older, datetime.now(UTC), titles)


def age_hours(shot: Snapshot) -> float:
    """Hours since the oldest of the figures were made."""
    return (datetime.now(UTC) - oldest(shot)).total_seconds() / 3600


def late(shot: Snapshot) -> dict[str, str]:
    """Model -> what of its data is late, in words; nothing where figures end on a declared day."""
    declared, now = _declared(), datetime.now(UTC)
    if declared.workspace.as_of is not None:
        return {}
    found = {
        card.model: whats_late(declared.models[card.model], card, now)
        for card in shot.cards
        if card.model in declared.models
    }
    return {name: text for name, text in found.items() if text}


def oldest(shot: Snapshot) -> datetime:
    """When the oldest of the shown figures were made."""
    made = (shot.ages[card.model].at for card in shot.cards if card.model in shot.ages)
    return min(made, default=shot.finished)
