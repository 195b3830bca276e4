"""What the library asks of a connector: check, register, pull. Connectors import us, not we them.

A connector class is found by name in the entry-point group ``valuekit.connectors``; the doors
(CLI, app, Python API) never import one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import pandas as pd

from valuekit.errors import Finding, SourceError
from valuekit.incremental.plan import Plan
from valuekit.incremental.survey import Survey
from valuekit.workspace.declare import Source, Workspace

GROUP = "valuekit.connectors"

Progress = Callable[[str, float], None]  # what is being done, share done of this model 0..1


@dataclass(frozen=True, slots=True)
class Registered:
    """Something frozen before looking: bin edges, a cap, a scale, an allocation.

    Attributes:
        model: Name of the model.
        kind: ``layout`` (bin edges), ``cap``, ``scale`` (per-series MASE scale), ``design``.
        name: What is registered, such as ``score``; for layouts also the fact's key ``layout``.
        content: JSON-ready dict. Layouts: ``{"id": str, "edges": [...], "exact": bool,
            "reference": [first day, last day], "counts": [reference rows per bin]}``.
        day: Day of registration.
    """

    model: str
    kind: str
    name: str
    content: Mapping[str, object]
    day: date


@dataclass(frozen=True, slots=True)
class Query:
    """One statement that was run, for the passport of the figures."""

    name: str
    sql: str
    parameters: Mapping[str, object]
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Check:
    """What ``valuekit check`` learned of one model's real tables without storing anything.

    Attributes:
        findings: Mistakes and warnings.
        profile: A frame with one row per table: rows, first and last time, rows per day.
        join: Share of sampled predictions (or units) that found an outcome; None if unknown.
        store_bytes: Projected size of the facts in the store.
    """

    findings: tuple[Finding, ...]
    profile: pd.DataFrame
    join: float | None
    store_bytes: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """One row that a rule held back, redacted: enough to find it, too little to know whom it is of.

    Attributes:
        source: ``predictions``, ``assignments``, ``outcomes``, ``panel`` or ``facts.NAME``.
        table: The table as declared.
        rule: Name of the rule, as in the fact ``intake``.
        reference: How to find the row: its id, else its key, else file and line.
        column: The column that breaks the rule; several with commas; empty for the whole row.
        value: What is there, by :mod:`valuekit.quarantine.redact`.
        reason: Why it was held back, in words.
        at: Time of the row in UTC; None when it has none that can be read.
        day: Its day in the workspace's zone, as in the fact ``intake``; None likewise.
        row_hash: SHA-256 of the row's mapped columns as they were written.
        file: Its file, with line or row where that is known, and what contradicts it; kept by run,
            because files move.
    """

    source: str
    table: str
    rule: str
    reference: str
    column: str
    value: str
    reason: str
    at: datetime | None
    day: date | None
    row_hash: str
    file: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Pull:
    """The facts of one model, its intake counts, and how they were obtained.

    Attributes:
        facts: Fact name -> frame with exactly the columns of :data:`valuekit.ledger.schema.FACTS`,
            vectors as one numpy array per row; dtypes are those of the schema once they are taken
            in (:func:`valuekit.ledger.collect.together`).
        registered: New registrations made for this pull.
        queries: Every statement that was run.
        first: First day with predictions or units; None for an empty model.
        last: Last such day.
        complete_through: Last day through which outcomes are complete; None without outcomes.
        findings: Warnings that belong beside the figures.
        rows_read: Source rows read.
        ranges: First and last day of each stretch that the facts cover; None for all days.
            With ranges ``first``, ``last`` and ``complete_through`` are None: they follow from
            the facts of all days together.
        panel: With ranges, whether the facts hold the whole panel too.
        why: Why everything was computed although some days were asked for.
        tied: Role -> days that share an id with another day, of those that were read.
        far: Those that share it with a day further away than slices look.
        crossing: Days on which units appear in another arm than their first.
        held: At most 20 examples of each source and rule that held rows back.
    """

    facts: Mapping[str, pd.DataFrame]
    registered: tuple[Registered, ...]
    queries: tuple[Query, ...]
    first: date | None
    last: date | None
    complete_through: date | None
    findings: tuple[Finding, ...] = ()
    rows_read: int = 0
    ranges: tuple[tuple[date, date], ...] | None = None
    panel: bool = False
    why: str = ""
    tied: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    far: tuple[date, ...] = ()
    crossing: tuple[date, ...] = ()
    held: tuple[Held, ...] = ()


class Connector(Protocol):
    """One engine over one declared source; read-only, confined, closed after use.

    Attributes:
        now: Set by the run: rows that lie after this moment are held back as ``future``. None:
            no row is too late.
    """

    now: datetime | None

    def check(self, workspace: Workspace, model: str) -> Check:
        """Validate a model's declarations against the real tables."""
        ...

    def survey(self, workspace: Workspace, model: str, known: Survey | None) -> Survey:
        """Fingerprints of a model's tables by file and day; unchanged files are not read."""
        ...

    def pull(
        self,
        workspace: Workspace,
        model: str,
        registered: Sequence[Registered],
        progress: Progress,
        plan: Plan | None = None,
    ) -> Pull:
        """Compute the facts of a model where the data lies: all of them, or those of a plan."""
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


def open_connector(name: str, source: Source, folder: Path, workspace: Workspace) -> Connector:
    """The connector for a declared source.

    Args:
        name: Name of the source in the workspace.
        source: Its declaration.
        folder: Folder of the workspace file; relative paths start there.
        workspace: The whole workspace (zone, currency).

    Raises:
        SourceError: when no installed connector has the declared kind.
    """
    if (unknown := unknown_kind(name, source.kind)) is not None:
        raise SourceError(unknown)
    (found,) = entry_points(group=GROUP, name=source.kind)
    made: Connector = found.load()(name, source, folder, workspace)
    return made


def unknown_kind(name: str, kind: str) -> Finding | None:
    """What to say of a source whose kind no installed connector has; None when one has it."""
    there = sorted({point.name for point in entry_points(group=GROUP)})
    if kind in there:
        return None
    near = get_close_matches(kind, there, n=1, cutoff=0.6)
    return Finding(
        place=f"sources.{name}.kind",
        value=repr(kind),
        rule=f"no connector of this kind is installed; there are {', '.join(there) or 'none'}",
        remedy=f"Did you mean {near[0]!r}?"
        if near
        else "Correct the kind, or install the package that provides it.",
        code="unknown_connector",
    )
