"""Lines of the results: what was measured, against what, the ratio, the limit, met or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEAD = ("what", "measured", "beside", "ratio", "limit", "")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``met`` is None where there is no limit."""

    what: str
    measured: str
    beside: str = ""
    ratio: str = ""
    limit: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return (self.what, self.measured, self.beside, self.ratio, self.limit, verdict)


def as_text(lines: Iterable[Line]) -> str:
    """A table for the terminal."""
    rows = [HEAD, *(one.cells for one in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def as_markdown(machine: str, day: str, lines: Sequence[Line], notes: Sequence[str]) -> str:
    """The contents of RESULTS.md."""
    rows = [HEAD, ("---",) * len(HEAD), *(one.cells for one in lines)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    remarks = "\n".join(f"- {note}" for note in notes)
    head = f"# Benchmarks\n\nLast run on {day}: {machine}. `make bench` repeats it."
    return f"{head}\n\n{table}\n\n{remarks}\n"
