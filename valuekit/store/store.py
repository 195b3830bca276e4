"""The value store: the only door to its database."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa

from valuekit import __version__
from valuekit.errors import StoreError
from valuekit.running import heed, note_stored
from valuekit.store import ages as aging
from valuekit.store import commit as steps
from valuekit.store import copy, facts, history, lock, quarantine, reads, rights, tables
from valuekit.store import register as registering
from valuekit.store.connect import WRITE
from valuekit.store.size import size
from valuekit.store.words import cut_off, failure, in_words, read_only, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from valuekit.scorecard import Decision
    from valuekit.source import Query, Registered
    from valuekit.store.records import (
        Age,
        HeldRecord,
        IntakeRecord,
        ReportRecord,
        RestatedRecord,
        RestatementRecord,
        RunModelRecord,
        RunOutcome,
        RunRecord,
        SourceRead,
    )

_MESSAGE = 4_000  # characters of a failure that are kept
_RECENT = 50  # runs among which one may have been interrupted
_LOOKS, _LOOK_SECONDS = 50, 0.1  # for the run that holds the lock


class Store:
    """Facts, runs and history of one workspace.

    Reads see the last good run, whole. A run is ``begin``, then ``commit`` (one transaction) or
    ``fail``; between the two the store's lock is held, and a second run is told so.
    """

    def __init__(
        self,
        engine: sa.Engine,
        url: sa.URL,
        *,
        writable: bool,
        refused: StoreError | None = None,
    ) -> None:
        """Made by :func:`valuekit.store.open_store`; ``refused``: why it may only be read."""
        self._engine = engine
        self._url = url
        self._held: lock.Held | None = None
        self.place = shown(url)
        self.begun: int | None = None  # the run that was begun last
        self.stored: int | None = None  # the same, once it is stored
        self.moved = ""  # the older schema that it was brought from when it was opened
        self.writable = writable
        self._refused = refused or read_only(self.place)

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Give back the lock and every connection."""
        self._unlock()
        self._engine.dispose()

    def begin(
        self,
        kind: str,
        parameters: Mapping[str, object],
        at: datetime,
        *,
        workspace_hash: str = "",
    ) -> int:
        """Start a run in a transaction of its own and take the lock.

        Runs that are still marked as running lost their process: they become failed.

        Args:
            kind: What runs, such as ``refresh``.
            parameters: What it was asked to do; JSON-ready.
            at: Now, with a zone.
            workspace_hash: Hash of the declarations that the run rests on.

        Returns:
            The id of the run.

        Raises:
            StoreError: when another run holds the lock, or the store may not be written.
        """
        self.begun = self.stored = None  # also where it is refused: the one before is over
        note_stored(None)
        if not self.writable:
            raise self._refused
        self._lock()
        table = tables.runs
        try:
            with self._writing() as connection:
                connection.execute(
                    sa.update(table)
                    .where(table.c.status == "running")
                    .values(
                        status="failed",
                        finished=at,
                        message="its process was ended",
                        cause="killed",
                    )
                )
                run_id = connection.execute(
                    sa.insert(table)
                    .values(
                        kind=kind,
                        started=at,
                        status="running",
                        complete=False,
                        parameters=steps.plain(parameters),
                        workspace_hash=workspace_hash,
                        valuekit_version=__version__,
                        seconds=0.0,
                        rows_read=0,
                        fact_rows=0,
                        message="",
                        holder=lock.holder(),
                    )
                    .returning(table.c.id)
                ).scalar_one()
                # Known before the end of the transaction: a stop right after it must be noted.
                self.begun = int(run_id)
        except StoreError:
            self.begun = None
            self._unlock()
            raise
        except BaseException:  # a stop: whether it was noted before, `fail` finds out
            self._unlock()
            raise
        return int(run_id)

    def commit(self, run_id: int, outcome: RunOutcome, at: datetime) -> None:
        """Write everything of a run and mark it good, in one transaction.

        Args:
            run_id: What :meth:`begin` returned.
            outcome: What the run made.
            at: Now, with a zone.

        Raises:
            StoreError: when the database refuses, or the run is not running; then nothing of the
                run is kept and the last good run stays what readers see.
        """
        self._still_ours()
        with self._writing() as connection:
            self._running(connection, run_id)
            for step in steps.STEPS:
                step(connection, outcome)
            steps.finish(connection, outcome, at)
        self._known_as_stored(run_id)
        self._unlock()

    def fail(self, run_id: int, message: str, at: datetime, cause: str = "") -> bool:
        """Mark a run as failed, with the reason; its facts were never written.

        Returns:
            Whether it failed; False where it had been stored, which stays as it is, and is known
            from then on. One that was undone before it was noted has not begun.

        Args:
            run_id: What :meth:`begin` returned.
            message: Why, in words.
            at: Now, with a zone.
            cause: Stable short name of the reason, such as ``disk_full``.

        Raises:
            StoreError: when the store cannot be written now; the next run marks it as failed.
        """
        table = tables.runs
        try:
            with self._writing(stopped=True) as connection:
                # Another run that took our lost lock has taken us for dead; we know better.
                open_ = (table.c.status == "running") | (table.c.cause == "killed")
                ours = (table.c.id == run_id) & open_
                noted = sa.select(table.c.status).where(table.c.id == run_id)
                status = connection.execute(noted).scalar()
                began = connection.execute(sa.select(table.c.started).where(ours)).scalar()
                if began is not None:
                    connection.execute(
                        sa.update(table)
                        .where(ours)
                        .values(
                            status="failed",
                            finished=at,
                            seconds=max(0.0, (at - began).total_seconds()),
                            message=message[:_MESSAGE],
                            cause=cause,
                        )
                    )
        finally:
            self._unlock()
        if status is None:
            self.begun = None
        if status == "ok":
            self._known_as_stored(run_id)
        return status != "ok"

    def latest_run(self) -> RunRecord | None:
        """The last good run; None before the first."""
        with self._reading() as connection:
            return next(iter(history.runs(connection, 1, good=True)), None)

    def runs(self, limit: int = 50) -> tuple[RunRecord, ...]:
        """The latest runs of any status, newest first."""
        with self._reading() as connection:
            return history.runs(connection, limit)

    def interrupted(self) -> frozenset[int]:
        """Runs that are noted as running, and that no process computes any more.

        The next refresh notes them as failed; until then they are told by the lock, which a
        process cannot keep beyond its end, and by the process itself where it ran on this machine.
        """
        held = self.locked()
        marked = [one for one in self.runs(_RECENT) if one.status == "running"]
        free = bool(marked) and not held and not self.locked()
        return frozenset(one.id for one in marked if free or lock.gone(one.holder))

    def locked(self) -> bool:
        """Whether a run holds the lock now; asking disturbs nobody."""
        with in_words(self.place):
            return lock.is_held(self._engine, self._url)

    def size(self) -> int:
        """Bytes of the store's tables and indexes."""
        with self._reading() as connection:
            return size(connection)

    def lacking(self) -> tuple[str, ...]:
        """Tables that the user of the database may not write; a file's rights are `writable`."""
        with self._reading() as connection:
            return rights.lacking(connection)

    def clock(self) -> datetime:
        """The moment by the clock of the database server; a file's is this machine's."""
        with self._reading() as connection:
            return history.clock(connection)

    def run_models(self, run: int) -> tuple[RunModelRecord, ...]:
        """What a run found of every model."""
        with self._reading() as connection:
            return history.run_models(connection, run)

    def queries(self, run: int, model: str) -> tuple[Query, ...]:
        """The statements that a run ran for a model; none of old runs that were given up."""
        with self._reading() as connection:
            return reads.queries(connection, run, model)

    def reads(self, model: str) -> tuple[SourceRead, ...]:
        """The run that last read the sources of a model, and the last whole pull before it."""
        with self._reading() as connection:
            return reads.reads(connection, model)

    @property
    def for_threads(self) -> bool:
        """Whether threads have connections of their own; a database in memory has one for all."""
        return not isinstance(self._engine.pool, sa.StaticPool)

    def facts(
        self,
        model: str,
        fact: str,
        first: date | None = None,
        last: date | None = None,
        segment: str | None = "all",
    ) -> pd.DataFrame:
        """Stored rows of one fact of a model, conformed.

        Args:
            model: Name of the model.
            fact: Name of a stored fact.
            first: First day, included; None for no bound.
            last: Last day, included; None for no bound.
            segment: ``all``, ``name=value``, or None for the rows of every segment.

        Raises:
            KeyError: for a fact that is not stored as a frame.
        """
        declared = tables.STORED[fact]
        with self._reading() as connection:
            return facts.read(connection, declared, model, (first, last), segment)

    def survey(self, model: str) -> bytes:
        """The sources of a model as they were at its last good run; empty when unknown."""
        table = tables.surveys
        with self._reading() as connection:
            query = sa.select(table.c.content).where(table.c.model == model)
            return bytes(connection.execute(query).scalar_one_or_none() or b"")

    def surveys(self) -> dict[str, bytes]:
        """Model -> its sources as they were at its last good run."""
        table = tables.surveys
        with self._reading() as connection:
            found = connection.execute(sa.select(table.c.model, table.c.content))
            return {model: bytes(content) for model, content in found}

    def last_of_each(self) -> dict[str, RunModelRecord]:
        """Model -> what its last good run found, of all models of the last complete run."""
        with self._reading() as connection:
            return history.last_of_each(connection)

    def ages(self, *, killed: bool = False) -> dict[str, Age]:
        """Model -> when its figures were made, and a run that failed since; of all shown models.

        Args:
            killed: Also a run that was killed and that no later one has noted as such yet.
        """
        with self._reading() as connection:
            found = aging.ages(connection)
        gone = self.interrupted() if killed else frozenset()
        if not gone:
            return found
        return aging.with_killed(found, [one for one in self.runs(_RECENT) if one.id in gone])

    def last_of(self, model: str, until: int | None = None) -> RunModelRecord | None:
        """What the last good run of a model found, up to a run; None before the first."""
        with self._reading() as connection:
            return history.last_of(connection, model, until)

    def restatements(
        self, model: str | None = None, run: int | None = None, limit: int | None = None
    ) -> tuple[RestatementRecord, ...]:
        """Published days that are not what they were, newest first; of one model or run."""
        with self._reading() as connection:
            return history.restatements(connection, model, run, limit)

    def restated(self) -> tuple[RestatedRecord, ...]:
        """How many published days each run found to be another, by model, newest first."""
        with self._reading() as connection:
            return history.restated(connection)

    def restated_days(self) -> dict[str, int]:
        """Model -> published days that some run found to be another, each counted once."""
        with self._reading() as connection:
            return history.restated_days(connection)

    def registrations(self, model: str) -> tuple[Registered, ...]:
        """Everything registered for a model, oldest first."""
        with self._reading() as connection:
            return history.registrations(connection, model)

    def register(
        self, items: Sequence[Registered], parameters: Mapping[str, object], at: datetime
    ) -> int:
        """Append registrations that a person made; never changed nor deleted. Id of their run.

        Args:
            items: What is registered.
            parameters: Who asked for what; JSON-ready.
            at: Now, with a zone.
        """
        with self._writing() as connection:
            return registering.register(connection, items, parameters, at)

    def scorecards(self, run: int | None = None) -> dict[str, str]:
        """Model -> scorecard JSON of its last good run; as of ``run`` when given.

        A model that a partial run left out keeps its previous scorecard; a model that a complete
        run left out is no longer declared and is gone. As of an old run there may be none; see
        :mod:`valuekit.store.forget`.
        """
        with self._reading() as connection:
            return history.scorecards(connection, run)

    def overview(self, period: str) -> bytes | None:
        """All models of the last good run over a named period, added up and listed, as JSON.

        None before this version of valuekit has refreshed the store: then it follows from
        :meth:`scorecards`.
        """
        with self._reading() as connection:
            return history.overview(connection, period)

    def registered(self, kind: str) -> dict[str, tuple[Registered, ...]]:
        """Registrations of one kind by model, oldest first."""
        with self._reading() as connection:
            return history.registered(connection, kind)

    def decide(self, decision: Decision) -> None:
        """Append a decision. Decisions are never changed nor deleted: triggers refuse both.

        Raises:
            StoreError: when its run does not exist.
        """
        names = ("model", "action", "reason", "person", "at", "run", "verdict", "net")
        row = {name: getattr(decision, name) for name in names}
        with self._writing() as connection:
            connection.execute(sa.insert(tables.decisions).values(row))

    def decisions(self, model: str | None = None) -> tuple[Decision, ...]:
        """Decisions, oldest first; of one model when named."""
        with self._reading() as connection:
            return history.decisions(connection, model)

    def note_report(
        self, name: str, kind: str, fmt: str, run: int, data: bytes, *, at: datetime
    ) -> None:
        """Note an export: what, when, from which run, with its hash and size, not its content."""
        with self._writing() as connection:
            connection.execute(
                sa.insert(tables.reports).values(
                    name=name,
                    kind=kind,
                    format=fmt,
                    run=run,
                    at=at,
                    sha256=hashlib.sha256(data).hexdigest(),
                    size=len(data),
                )
            )

    def reports(self) -> tuple[ReportRecord, ...]:
        """Exports, newest first."""
        with self._reading() as connection:
            return history.reports(connection)

    def data_version(self) -> str:
        """A text that changes whenever something that a page shows changes; cheap to ask."""
        with self._reading() as connection:
            return history.data_version(connection)

    def quarantine(
        self, model: str | None = None, rule: str | None = None, *, past: bool = False
    ) -> tuple[HeldRecord, ...]:
        """Examples of rows that were held back, newest first.

        Args:
            model: Only of this model.
            rule: Only of this rule.
            past: Also those that later runs no longer met.
        """
        with self._reading() as connection:
            return quarantine.read(connection, model, rule, past=past)

    def run_intake(self, run: int) -> tuple[IntakeRecord, ...]:
        """What had become of the source rows of its models after a run, by source and rule."""
        with self._reading() as connection:
            return quarantine.counts(connection, run)

    def backup(self, target: Path) -> copy.Copied:
        """Copy every row into a new SQLite file; readers and a writer go on meanwhile.

        Returns:
            What was copied, and its digest.

        Raises:
            StoreError: when the file exists or cannot be written.
        """
        with self._reading() as connection:
            return copy.backup(connection, target)

    def restore(self, source: Path) -> copy.Copied:
        """Fill this store, which must be empty, from a backup; all of it or nothing.

        Raises:
            StoreError: when the store has rows, is being refreshed, or the file is no backup.
        """
        with copy.sound(source) as found:
            return self.fill(found)

    def fill(self, source: copy.Sound) -> copy.Copied:
        """Fill this store, which must be empty, from a backup that was found sound.

        Raises:
            StoreError: when the store has rows, or is being refreshed.
        """
        self._lock()
        try:
            with self._writing() as connection:
                return copy.restore(source, connection, self.place)
        finally:
            self._unlock()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        if self._held is not None and self._held.lost():
            raise cut_off(self.place)
        with in_words(self.place), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self, *, stopped: bool = False) -> Iterator[sa.Connection]:
        """A transaction, committed at the end unless a stop was asked for.

        Args:
            stopped: Whether what is written says so itself.
        """
        if not self.writable:
            raise self._refused
        with (
            in_words(self.place),
            self._engine.connect().execution_options(**WRITE) as connection,
            connection.begin(),
        ):
            yield connection
            if not stopped:
                heed()

    def _lock(self) -> None:
        if self.writable and self._held is None:
            with in_words(self.place):
                self._held = lock.acquire(self._engine, self._url)
            if self._held is None:
                raise failure(
                    self.place,
                    "busy",
                    f"another refresh of this store is running{self._holder()}",
                    "Wait until it has finished; its run then shows in `valuekit show`.",
                )

    def _holder(self) -> str:
        """Who holds the lock since when. A run is noted a moment after it took the lock."""
        for _ in range(_LOOKS):
            with self._reading() as connection:
                found = history.running(connection)
            if found is not None and not lock.gone(found.holder):
                by = f", {found.holder}," if found.holder else ""
                return f": run {found.id}{by} since {found.started:%Y-%m-%d %H:%M:%S} UTC"
            sleep(_LOOK_SECONDS)
        return ""

    def _known_as_stored(self, run_id: int) -> None:
        self.stored = run_id
        note_stored(run_id)

    def _unlock(self) -> None:
        if self._held is not None:
            self._held.release()
            self._held = None

    def _still_ours(self) -> None:
        """See that no other run can have been between the start of this one and its commit."""
        if self._held is not None and not self._held.ours():
            raise cut_off(self.place)

    def _running(self, connection: sa.Connection, run_id: int) -> None:
        table = tables.runs
        query = sa.select(table.c.status).where(table.c.id == run_id)
        status = connection.execute(query).scalar_one_or_none()
        if status != "running":
            raise failure(
                self.place,
                "not_running",
                "only a running run can be committed, once",
                "Begin a new run.",
                f"run {run_id} is {status or 'unknown'}",
            )
