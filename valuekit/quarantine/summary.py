"""What became of the source rows: rules with counts and examples, and the sum that must fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from valuekit.quarantine.counts import Count
from valuekit.quarantine.limits import State, limit, part
from valuekit.quarantine.redact import EXAMPLES
from valuekit.quarantine.rules import named
from valuekit.quarantine.rules import rule as told
from valuekit.text import count, plural

if TYPE_CHECKING:
    from valuekit.store.records import HeldRecord
    from valuekit.workspace.declare import Workspace

# What became of an outcome that could be read; only the first gives its value to somebody.
_MATCHED = ("credited", "uncredited", "outside_window", "before_prediction", "orphan")


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
    where: str = ""  # file, line or row as its day was last read; what contradicts it; "" unknown


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Rows of one source that one rule holds back."""

    model: str
    source: str  # predictions, assignments, outcomes or panel
    rule: str
    rows: int
    read: int  # rows read of the source
    first: date | None  # first day with such a row; null where the rows have none
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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some outcomes are credited to nobody."""

    rule: str
    rows: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Credit:
    """Outcomes of one model that could be read: credited to a prediction or unit, or to nobody."""

    model: str
    outcomes: int
    credited: int
    reasons: tuple[Reason, ...]  # of the others, most outcomes first

    @property
    def uncredited(self) -> int:
        """Outcomes that are credited to nobody."""
        return self.outcomes - self.credited


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


def credit(model: str, counts: Sequence[Count]) -> Credit | None:
    """How many outcomes of a model are credited, and why the others are not.

    Args:
        model: Name of the model.
        counts: What became of its rows.

    Returns:
        None for a model without outcomes that are joined with something.
    """
    rows: dict[str, int] = {}
    for one in counts:
        if one.source == "outcomes" and one.rule in _MATCHED:
            rows[one.rule] = rows.get(one.rule, 0) + one.rows
    if not rows:
        return None
    credited = rows.pop(_MATCHED[0], 0)
    most = sorted(rows.items(), key=lambda one: (-one[1], one[0]))
    reasons = tuple(Reason(name, n, told(name).meaning) for name, n in most if n)
    return Credit(model, credited + sum(rows.values()), credited, reasons)


def credited(one: Credit) -> str:
    """The same as a sentence.

    >>> late = Reason("outside_window", 7, "late")
    >>> credited(Credit("leads", 100, 93, (late,)))
    '7 of 100 outcomes (7.0%) are credited to nobody: 7 Too late to count (outside_window): late.'
    >>> credited(Credit("leads", 1, 1, ()))
    'The only outcome is credited.'
    """
    if not one.uncredited:
        return (
            "The only outcome is credited."
            if one.outcomes == 1
            else (f"All {count(one.outcomes)} outcomes are credited.")
        )
    of = f"{count(one.uncredited)} of {plural(one.outcomes, 'outcome')}"
    why = "; ".join(
        f"{count(each.rows)} {named(each.rule)}: {each.meaning}" for each in one.reasons
    )
    are = "is" if one.uncredited == 1 else "are"
    return f"{of} ({part(one.uncredited, one.outcomes)}) {are} credited to nobody: {why}."


def _read(counts: Sequence[Count], source: str) -> int:
    return sum(one.rows for one in counts if one.source == source)


def _held(
    workspace: Workspace, model: str, one: Count, read: int, records: Sequence[HeldRecord]
) -> HeldBack:
    rule = told(one.rule)
    such = [one_ for one_ in records if (one_.row.source, one_.row.rule) == (one.source, one.rule)]
    examples = [_example(record) for record in such]
    # Rows without a day are counted on the first one.
    dayless = one.first == one.last and bool(such) and all(each.row.day is None for each in such)
    return HeldBack(
        model=model,
        source=one.source,
        rule=one.rule,
        rows=one.rows,
        read=read,
        first=None if dayless else one.first,
        last=None if dayless else one.last,
        state=limit(workspace, model, one.rule).state(one.rows, read),
        meaning=rule.meaning,
        why=rule.why,
        remedy=rule.remedy,
        examples=tuple(examples[:EXAMPLES]),
    )


def _example(record: HeldRecord) -> Example:
    row = record.row
    return Example(
        record.run, row.reference, row.at, row.column, row.value, row.reason, row.row_hash, row.file
    )
