"""Too many rows held back: a warning beside the figures, or the end of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from valuekit.errors import Finding
from valuekit.quarantine import jump
from valuekit.quarantine.rules import named
from valuekit.quarantine.rules import rule as told
from valuekit.text import count, percent, plural
from valuekit.workspace.quarantine import Limits, Quarantine

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.source import Held
    from valuekit.workspace.declare import Workspace

State = Literal["counted", "warning", "failed"]

# Every row that is held back is a visible warning. One cell in ten that cannot be read as what its
# column holds means that the column has become something else; so do one row in ten of an unknown
# bin and one label in ten that is neither 0 nor 1. Outcomes of people whom the model never saw are
# no fault of the data: most of them are one, or that they have become more.
BUILT_IN = Quarantine(
    default=Limits(warn=0),
    rules={
        "bad_cell": Limits(fail=0.1),
        "bad_bin": Limits(fail=0.1),
        "bad_label": Limits(fail=0.1),
        "orphan": Limits(warn=0.5),
    },
)
_SHOWN = 3  # examples in a message
WARNED = "rows held back by the rule"  # how such a warning begins


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds for one rule of a model, and where that was said.

    Attributes:
        warn: Share of the rows of its source above which it is a warning; None for never.
        warn_rows: The same in rows.
        fail: Share above which the run is refused; None for never.
        fail_rows: The same in rows.
        declared: The table of the workspace file with ``fail``; empty when it is built in.
        usual: Whether what warns is built in.
    """

    warn: float | None
    warn_rows: int | None
    fail: float | None
    fail_rows: int | None
    declared: str
    usual: bool = False

    def state(self, rows: int, read: int) -> State:
        """Whether some rows of so many are too many."""
        if _above(rows, read, self.fail, self.fail_rows):
            return "failed"
        return "warning" if _above(rows, read, self.warn, self.warn_rows) else "counted"

    @property
    def allowed(self) -> str:
        """What may be held back, in words; ``any number`` without a limit."""
        parts = [
            share(self.fail) if self.fail is not None else "",
            plural(self.fail_rows, "row") if self.fail_rows is not None else "",
        ]
        return " or ".join(one for one in parts if one) or "any number"

    @property
    def unlimited(self) -> bool:
        """Whether any number may be held back."""
        return self.fail is None and self.fail_rows is None

    @property
    def refusal(self) -> str:
        """When a run is refused, as a sentence."""
        if self.unlimited:
            return "However many there are, no run is refused for them."
        return f"A run is refused above {self.allowed}."


def share(declared: float) -> str:
    """A declared share as a percentage, with every digit that was written.

    >>> share(0.0005), share(0.03), share(0.125)
    ('0.05%', '3.0%', '12.5%')
    """
    exact, text = Decimal(str(declared)) * 100, percent(declared)
    return text if Decimal(text[:-1]) == exact else f"{exact.normalize():f}%"


def _above(rows: int, read: int, part: float | None, most: int | None) -> bool:
    too_large = part is not None and rows > part * read
    return too_large or (most is not None and rows > most)


def limit(workspace: Workspace, model: str, rule: str) -> Limit:
    """The limits of a rule: the rule before the default, the model before the workspace.

    What is said of ``warn`` and of ``fail`` is looked up apart, so declaring one leaves the other.
    """
    own, whole = f"models.{model}.quarantine", "workspace.quarantine"
    declared = workspace.models.get(model)
    of_model = declared.quarantine if declared is not None else Quarantine()
    of_all = workspace.workspace.quarantine
    levels = [
        (f"{own}.rules.{rule}", of_model.rules.get(rule)),
        (f"{whole}.rules.{rule}", of_all.rules.get(rule)),
        (f"{own}.default", of_model.default),
        (f"{whole}.default", of_all.default),
        ("", BUILT_IN.rules.get(rule)),
        ("", BUILT_IN.default),
    ]
    nothing = ("", Limits())
    said, warn = next(
        ((at, one) for at, one in levels if one and _says(one.warn, one.warn_rows)), nothing
    )
    place, fail = next(
        ((at, one) for at, one in levels if one and _says(one.fail, one.fail_rows)), nothing
    )
    return Limit(warn.warn, warn.warn_rows, fail.fail, fail.fail_rows, place, not said)


def _says(part: float | None, rows: int | None) -> bool:
    return part is not None or rows is not None


def judge(
    workspace: Workspace, model: str, intake: pd.DataFrame, held: Sequence[Held]
) -> tuple[Finding, ...]:
    """A finding for each source and rule that held back more than is allowed without a word.

    Args:
        workspace: The whole workspace.
        model: Name of the model.
        intake: The conformed fact ``intake``.
        held: Examples, of which the first are named.
    """
    rows = [(*key, n) for key, n in held_counts(intake).items()]
    found = over(workspace, model, rows, rows_read(intake), held)
    if limit(workspace, model, "orphan").usual and not any(one.code == "orphan" for one in found):
        found += jump.warning(intake, f"models.{model}.outcomes")
    return found


def over(
    workspace: Workspace,
    model: str,
    rows: Iterable[tuple[str, str, int]],
    read: Mapping[str, int],
    held: Sequence[Held],
) -> tuple[Finding, ...]:
    """A finding for each source and rule that holds more back than is allowed without a word.

    Args:
        workspace: The whole workspace.
        model: Name of the model.
        rows: Source, rule and the rows that it holds back.
        read: Rows read of each source.
        held: Examples, of which the first are named.
    """
    found = []
    for source, rule, n in rows:
        allowed = limit(workspace, model, rule)
        state = allowed.state(n, read[source])
        if state != "counted":
            such = [one for one in held if (one.source, one.rule) == (source, rule)]
            make = _refused if state == "failed" else _warned
            place = place_of(model, source, such)
            found.append(make(place, rule, (n, read[source]), such, allowed))
    return tuple(found)


def rows_read(intake: pd.DataFrame) -> dict[str, int]:
    """Rows read of each source."""
    rows = intake[intake["segment"] == "all"]
    summed = rows.groupby("source")["rows"].sum()
    return {str(source): int(n) for source, n in summed.items()}


def held_counts(intake: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Source and rule -> rows that are held back."""
    rows = intake[(intake["segment"] == "all") & (intake["fate"] == "quarantined")]
    summed = rows.groupby(["source", "rule"], sort=True)["rows"].sum().reset_index()
    columns = (summed[name].tolist() for name in ("source", "rule", "rows"))
    return {(str(source), str(rule)): int(n) for source, rule, n in zip(*columns, strict=True)}


def place_of(model: str, source: str, examples: Sequence[Held]) -> str:
    """Where rows of a source were held back: its declaration, and the table where it is known."""
    at = f"models.{model}.{source}"
    return f"{at}, table {examples[0].table}" if examples else at


def _value(counts: tuple[int, int], examples: Iterable[Held], *, files: bool = False) -> str:
    """Counts and examples; with their files only where nothing of it is kept: files move."""
    rows, read = counts
    text = f"{count(rows)} of {plural(read, 'row')}, {part(rows, read)}"
    such = "; ".join(example(one, files=files) for one in examples)
    return f"{text}: {such}" if such else text


def example(one: Held, *, files: bool = True) -> str:
    """A row in a few words, with its file where that is known."""
    words = in_words(one.reference, one.column, one.value)
    return f"{words} in {one.file}" if files and one.file not in {"", one.reference} else words


def in_words(reference: str, column: str, value: str) -> str:
    """An example in a few words: its row, its column and the value there.

    >>> in_words("id 7", "score", "nan"), in_words("id 7", "id", "7")
    ('id 7 (score nan)', 'id 7')
    """
    what = f"{column} {value}".strip()
    both = reference and what and what != reference
    return f"{reference} ({what})" if both else reference or what


def part(rows: int, read: int) -> str:
    """Some rows of many as a share that never reads as none.

    >>> part(37, 60_449), part(12, 61_990), part(0, 0), part(1, 4)
    ('0.1%', 'under 0.1%', '0.0%', '25%')
    """
    of_all = rows / read if read else 0.0
    return "under 0.1%" if 0 < of_all < 0.0005 else percent(of_all)


def _warned(
    place: str, rule: str, counts: tuple[int, int], examples: Sequence[Held], _allowed: Limit
) -> Finding:
    return Finding(
        place=place,
        value=_value(counts, examples[:1], files=True),
        rule=f"{WARNED} {named(rule)}: {told(rule).meaning}",
        remedy=f"See: valuekit quarantine explain {rule}",
        severity="warning",
        code=rule,
        rows=counts[0],
    )


def _refused(
    place: str, rule: str, counts: tuple[int, int], examples: Sequence[Held], allowed: Limit
) -> Finding:
    where = f"in [{allowed.declared}]" if allowed.declared else "by default"
    level = allowed.declared or f"workspace.quarantine.rules.{rule}"
    return Finding(
        place=place,
        value=_value(counts, examples[:_SHOWN], files=True),
        rule=f"the rule {named(rule)} holds back more than {allowed.allowed}, the limit {where}: "
        f"{told(rule).meaning}",
        remedy=f"{told(rule).remedy} If that many are expected, raise `fail` in [{level}].",
        code=rule,
        rows=counts[0],
    )
