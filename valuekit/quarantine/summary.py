"""What became of the source rows: rules with counts and examples, and the sum that must fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from valuekit.quarantine.counts import Count
from valuekit.quarantine.limits import State, limit
from valuekit.quarantine.redact import EXAMPLES
from valuekit.quarantine.rules import rule as told

if TYPE_CHECKING:
    from valuekit.store.records import HeldRecord
    from valuekit.workspace.declare import Workspace


@dataclass(frozen=True, slots=True)
class Example:
    """One row that was held back, redacted."""

    run: int  # that saw it first
    reference: str  # how to find the row
    at: datetime | None  # time of the row, UTC
    column: str  # that breaks the rule
    value: str  # what is there
    reason: str
    row_hash: str  # SHA-256 of the mapped columns as they were written


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Rows of one source that one rule holds back."""

    model: str
    source: str  # predictions, assignments, outcomes or panel
    rule: str
    rows: int
    read: int  # rows read of the source
    first: date | None  # first day with such a row
    last: date | None
    state: State  # counted: below every limit; warning: above `warn`; failed: above `fail`
    meaning: str
    why: str
    remedy: str
    examples: tuple[Example, ...]  # the newest rows, at most 20

    @property
    def share(self) -> float:
        """Share of the rows read of the source."""
        return self.rows / self.read if self.read else 0.0


@dataclass(frozen=True, slots=True)
class Balance:
    """Rows of one source: read = accepted + quarantined + deduplicated + out of window."""

    model: str
    source: str
    read: int
    accepted: int
    quarantined: int
    deduplicated: int
    out_of_window: int


def held_back(
    workspace: Workspace, model: str, counts: Sequence[Count], records: Iterable[HeldRecord]
) -> tuple[HeldBack, ...]:
    """The rules that hold rows of a model back, most rows first.

    Args:
        workspace: For the limits.
        model: Name of the model.
        counts: What became of its rows.
        records: Examples of this model, newest first; those of other models are passed over.
    """
    such = [one for one in records if one.model == model]
    made = [
        _held(workspace, model, one, _read(counts, one.source), such)
        for one in counts
        if one.fate == "quarantined" and one.rows
    ]
    return tuple(sorted(made, key=lambda one: (-one.rows, one.source, one.rule)))


def balances(model: str, counts: Sequence[Count]) -> tuple[Balance, ...]:
    """What became of the rows of each source of a model."""
    sources = dict.fromkeys(one.source for one in counts)

    def rows(source: str, fate: str) -> int:
        return sum(one.rows for one in counts if (one.source, one.fate) == (source, fate))

    return tuple(
        Balance(
            model=model,
            source=source,
            read=_read(counts, source),
            accepted=rows(source, "accepted"),
            quarantined=rows(source, "quarantined"),
            deduplicated=rows(source, "deduplicated"),
            out_of_window=rows(source, "out_of_window"),
        )
        for source in sources
    )


def _read(counts: Sequence[Count], source: str) -> int:
    return sum(one.rows for one in counts if one.source == source)


def _held(
    workspace: Workspace, model: str, one: Count, read: int, records: Sequence[HeldRecord]
) -> HeldBack:
    rule = told(one.rule)
    examples = [
        _example(record)
        for record in records
        if (record.row.source, record.row.rule) == (one.source, one.rule)
    ]
    return HeldBack(
        model=model,
        source=one.source,
        rule=one.rule,
        rows=one.rows,
        read=read,
        first=one.first,
        last=one.last,
        state=limit(workspace, model, one.rule).state(one.rows, read),
        meaning=rule.meaning,
        why=rule.why,
        remedy=rule.remedy,
        examples=tuple(examples[:EXAMPLES]),
    )


def _example(record: HeldRecord) -> Example:
    row = record.row
    return Example(
        record.run, row.reference, row.at, row.column, row.value, row.reason, row.row_hash
    )
