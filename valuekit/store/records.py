"""What goes into the store and what comes out: frozen records, no database objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    import pandas as pd

    from valuekit.errors import Finding
    from valuekit.incremental.diff import Restated
    from valuekit.source import Held, Query, Registered

RunStatus = Literal["running", "ok", "failed"]


@dataclass(frozen=True, slots=True)
class ModelOutcome:
    """What one run made of one model.

    Attributes:
        model: Name of the model.
        facts: Fact name -> conformed frame.
        scorecard: The scorecard as JSON text.
        registered: New registrations.
        queries: Statements that were run.
        first: First day with predictions or units; None for an empty model.
        last: Last such day.
        complete_through: Last day through which outcomes are complete.
        findings: Warnings that belong beside the figures.
        rows_read: Source rows read.
        seconds: How long the model took.
        replaced: Fact -> days whose stored rows these replace; None for all facts and days.
        survey: The sources as they were; empty when they were not surveyed.
        restated: Published days that are not what they were.
        total: Source rows that the intake of all days accounts for; None when unknown.
        why: What was computed: everything, some days or nothing, and the reason.
        days: Number of days that were computed again.
        held: Examples of rows that are held back, of all days.
    """

    model: str
    facts: Mapping[str, pd.DataFrame]
    scorecard: str
    registered: tuple[Registered, ...] = ()
    queries: tuple[Query, ...] = ()
    first: date | None = None
    last: date | None = None
    complete_through: date | None = None
    findings: tuple[Finding, ...] = ()
    rows_read: int = 0
    seconds: float = 0.0
    replaced: Mapping[str, Collection[date]] | None = None
    survey: bytes = b""
    restated: tuple[Restated, ...] = ()
    total: int | None = None
    why: str = ""
    days: int = 0
    held: tuple[Held, ...] = ()

    @property
    def fact_rows(self) -> int:
        """Rows of all facts together."""
        return sum(len(frame) for frame in self.facts.values())

    @property
    def days_replaced(self) -> int:
        """Days that facts of any kind were written for."""
        found = (frame["day"].unique() for frame in self.facts.values() if "day" in frame)
        return len({day for days in found for day in days})


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What one run made of all its models.

    Attributes:
        run: Id of the run.
        parts: One outcome per model, in the order of the workspace.
        complete: Whether every declared model is among them; then models that the workspace no
            longer declares leave the list.
        seconds: How long the run took.
        general: Warnings that belong to no single model.
        overviews: Named period -> all models that are shown after the run, added up and listed,
            as JSON.
        keep_days: Days for which every run's scorecards and statements are kept; None: for good.
    """

    run: int
    parts: tuple[ModelOutcome, ...]
    complete: bool
    seconds: float = 0.0
    general: tuple[Finding, ...] = ()
    overviews: Mapping[str, bytes] = field(default_factory=dict)
    keep_days: int | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(part.model for part in self.parts)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Warnings of all models, then the general ones."""
        of_models = (finding for part in self.parts for finding in part.findings)
        return (*of_models, *self.general)

    @property
    def restated(self) -> int:
        """Published days that are not what they were."""
        return len({(part.model, one.day) for part in self.parts for one in part.restated})

    @property
    def rows_read(self) -> int:
        """Source rows read."""
        return sum(part.rows_read for part in self.parts)

    @property
    def fact_rows(self) -> int:
        """Fact rows made."""
        return sum(part.fact_rows for part in self.parts)

    @property
    def days_replaced(self) -> int:
        """Days of facts written, each model's counted by itself."""
        return sum(part.days_replaced for part in self.parts)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the store remembers it.

    Attributes:
        id: Its number.
        kind: What ran: ``refresh`` or ``register``.
        started: When, in UTC.
        finished: When, in UTC; None while it runs.
        status: ``running``, ``ok`` or ``failed``.
        complete: Whether every declared model was in it.
        parameters: What it was asked to do.
        workspace_hash: Hash of the declarations it rests on.
        valuekit_version: The version that ran.
        seconds: How long it took.
        rows_read: Source rows read.
        fact_rows: Fact rows made.
        message: Why it failed, in words.
        findings: Warnings that belong to no single model.
        holder: The process and machine that ran it.
        cause: Stable short name of why it failed, such as ``disk_full``.
        days_replaced: Days of facts written over all models; None where it is not known.
        store_bytes: Size of the store at its end; None where it is not known.
    """

    id: int
    kind: str
    started: datetime
    finished: datetime | None
    status: RunStatus
    complete: bool
    parameters: Mapping[str, object]
    workspace_hash: str
    valuekit_version: str
    seconds: float
    rows_read: int
    fact_rows: int
    message: str
    findings: tuple[Finding, ...] = ()
    holder: str = ""
    cause: str = ""
    days_replaced: int | None = None
    store_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RunModelRecord:
    """One model of a run; ``scope`` says what was computed and why, ``replaced`` how many days."""

    run: int
    model: str
    first: date | None
    last: date | None
    complete_through: date | None
    rows: int
    seconds: float
    scope: str
    replaced: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed: its number, when it ended (UTC), and why, in words.

    Of one that was killed nobody noted when it ended: ``at`` is when it began.
    """

    run: int
    at: datetime
    message: str
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Age:
    """How old the figures of a model are.

    Attributes:
        model: Name of the model.
        run: The good run that its figures are of.
        at: When that run finished, UTC.
        failed: The newest run after it that was asked for this model and failed.
    """

    model: str
    run: int
    at: datetime
    failed: Failure | None = None


@dataclass(frozen=True, slots=True)
class SourceRead:
    """A run that read the sources of a model, whose statements figures rest on.

    Attributes:
        run: Its number.
        model: Name of the model.
        at: When it finished, UTC.
        scope: What was computed and why, in words.
        whole: Whether it pulled all days.
        days: Days that it computed.
        rows: Source rows that it read.
        seconds: How long the model took.
        after: Runs after it that read some days.
        queries: Its statements; empty where they were given up.
    """

    run: int
    model: str
    at: datetime
    scope: str
    whole: bool
    days: int
    rows: int
    seconds: float
    after: int = 0
    queries: tuple[Query, ...] = ()

    @property
    def kind(self) -> str:
        """What it was, in words."""
        return "last whole pull" if self.whole else "last run of some days"


@dataclass(frozen=True, slots=True)
class RestatementRecord:
    """A published day that a later run found to be another: sums before and after.

    Attributes:
        run: The run that found it.
        at: When that run finished, UTC: since then the sums after are shown.
        model: Name of the model.
        fact: Name of the fact.
        day: The day.
        before: Sums over segment ``all`` as they were published; empty when there were none.
        after: The same since.
    """

    run: int
    at: datetime
    model: str
    fact: str
    day: date
    before: Mapping[str, object]
    after: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RestatedRecord:
    """What a run restated of a model, in one line.

    Attributes:
        run: The run.
        at: When it finished, UTC.
        model: Name of the model.
        days: Published days that it found to be another.
        first: The first of them.
        last: The last of them.
    """

    run: int
    at: datetime
    model: str
    days: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A row that was held back, as it was seen first.

    Attributes:
        id: Its number; later ones are larger.
        run: The run that saw it first.
        model: Name of the model.
        row: The example.
        current: Whether the last run of the model still met it.
    """

    id: int
    run: int
    model: str
    row: Held
    current: bool


@dataclass(frozen=True, slots=True)
class IntakeRecord:
    """Rows of a source by what became of them, all days together, as they stood after a run."""

    run: int
    model: str
    source: str
    rule: str
    fate: str
    rows: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """What was exported, when, from which run."""

    id: int
    run: int
    name: str
    kind: str
    format: str
    at: datetime
    sha256: str
    size: int
