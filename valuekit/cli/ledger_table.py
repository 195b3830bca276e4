"""The stored facts of a day as tables that fit the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from valuekit.cli.screen import OUT, say, table

_FRAME = 3  # a border and a space on both sides of a column


def print_ledger(content: Mapping[str, object]) -> None:
    """The facts of a day: one table per fact, long vectors summed up in words."""
    facts = content.get("facts")
    if not isinstance(facts, dict) or not any(facts.values()):
        say(f"No facts for {content.get('model')} on {content.get('day')}.")
        return
    for name, rows in facts.items():
        _rows(str(name), rows)
    months = content.get("by_month")
    for name, rows in months.items() if isinstance(months, dict) else ():
        _rows(f"{name}: bins of the whole month {str(content.get('day'))[:7]}", rows)


def _rows(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        heads = [str(key) for key in rows[0]]
        _print(name, heads, [[_cell(value) for value in row.values()] for row in rows])


def _print(name: str, heads: list[str], cells: list[list[str]]) -> None:
    """One fact: a row an entry, or turned with a column an entry where that is too wide."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
    if sum(widths) + _FRAME * len(widths) < OUT.width:
        table(name, [(head, "left") for head in heads], cells)
        return
    first = max(len(head) for head in heads) + _FRAME
    for part in _parts(cells, OUT.width - first):
        columns = [("", "left"), *(("", "left") for _ in part)]
        table(name, columns, zip(heads, *part, strict=True), headed=False)
        name = ""


def _parts(cells: list[list[str]], room: int) -> Iterator[Sequence[list[str]]]:
    """Entries side by side, as many as there is room for; at least one."""
    part: list[list[str]] = []
    used = 0
    for entry in cells:
        width = max(len(cell) for cell in entry) + _FRAME
        if part and used + width >= room:
            yield part
            part, used = [], 0
        part.append(entry)
        used += width
    yield part


def _cell(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value)} values, sum {sum(value):,.6g}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return "" if value is None else str(value)
