"""What the terminal shows: tables, findings and one-line amounts. Colour only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from valuekit.errors import Finding
from valuekit.estimate import Estimate
from valuekit.text import money

# A pipe has no width of its own: 80 columns would fold figures that any pager can scroll.
_PIPED = None if sys.stdout.isatty() else 140
OUT = Console(highlight=False, soft_wrap=False, width=_PIPED)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
_EMITTED: ContextVar[bool] = ContextVar("emitted", default=False)
_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def complain(findings: Iterable[Finding]) -> None:
    """Findings on standard error, a line each, the place first."""
    for one in findings:
        line = Text(f"{one.severity}: ", style=_STYLES[one.severity])
        line.append(printable(str(one)), style="")
        ERR.print(line)


def printable(text: str) -> str:
    """Text without control characters, which could rewrite a terminal."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)


def emit(content: object) -> None:
    """JSON on standard output, keys in the documented order."""
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    _EMITTED.set(True)  # first: one that is cut off is followed by no other either
    sys.stdout.write(text)


def emitted() -> bool:
    """Whether the command has written its JSON: it is one document."""
    return _EMITTED.get()


@contextmanager
def nothing_emitted() -> Iterator[None]:
    """A command begins: what an earlier one of the process wrote is not its own."""
    before = _EMITTED.set(False)
    try:
        yield
    finally:
        _EMITTED.reset(before)


def table(
    title: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[str]],
    *,
    headed: bool = True,
) -> None:
    """A table; columns are (heading, "left" or "right"), the headings shown unless told not to."""
    made = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        show_header=headed,
    )
    for heading, side in columns:
        numeric = side == "right"
        made.add_column(
            heading,
            justify="right" if numeric else "left",
            no_wrap=numeric,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(Text(printable(cell)) for cell in row))
    OUT.print(made)


def say(text: str, style: str = "") -> None:
    """One line of text, never read as markup."""
    OUT.print(Text(printable(text), style=style), soft_wrap=True)


def amount(one: Estimate | None, currency: str) -> str:
    """Money of an estimate, or that it is unknown."""
    return "unknown" if one is None or one.value is None else money(one.value, currency)


def interval(one: Estimate | None, currency: str) -> str:
    """Its interval as "low to high", or an empty text."""
    if one is None or one.low is None or one.high is None:
        return ""
    return f"{money(one.low, currency)} to {money(one.high, currency)}"
