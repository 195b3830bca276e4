"""Where a finding about a table is: in the source, and at the key of the workspace that names it.

Connectors know tables and columns, the file knows lines. Connectors write a place by
:func:`of_table`; here it is led back to the key, for every connector and every finding alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.errors import Finding, SourceError

if TYPE_CHECKING:
    from valuekit.workspace.declare import Block, Metric, Model
    from valuekit.workspace.load import Loaded

Path = tuple[str | int, ...]

# Text of a table's declaration that names no column.
_NO_COLUMNS = {
    *("source", "table", "positive", "treated_value", "frequency", "pick", "credit", "absent"),
    *("named", "metrics", "launch"),
}
_KEY = re.compile(r"^(?:sources|models|workspace)\.[\w.\[\]]+(?=$|[ ,])")
_PART = re.compile(r"\w+")


def shown(text: str, limit: int = 80) -> str:
    """Text as it may appear in a message: control and invisible characters escaped, cut.

    >>> shown("abcdef", 4)
    'abc…'
    """
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


def of_table(source: str, table: str, column: str | None = None) -> str:
    """Place of a table of a source or, where known, of its column.

    >>> of_table("lake", "churn", "score")
    'sources.lake, table churn, column score'
    """
    at = f"sources.{source}, table {shown(table)}"
    return at if column is None else f"{at}, column {shown(column)}"


def placed(loaded: Loaded, model: str, finding: Finding) -> Finding:
    """A finding of a connector with file, line and key before the table and column.

    Args:
        loaded: The workspace with the lines of its keys.
        model: The model whose tables were looked at.
        finding: What the connector found.

    Returns:
        The finding at ``valuekit.toml:24 models.churn.predictions.score (sources.lake, table
        churn, column region)``; as it is where its place names no key.
    """
    key = _key(loaded, model, finding)
    if key is not None:
        return replace(finding, place=f"{loaded.place(*key)} ({finding.place})")
    named = _KEY.match(finding.place)
    if named is None:
        return finding
    path = [int(one) if one.isdigit() else one for one in _PART.findall(named[0])]
    if tuple(path[:2]) not in loaded.positions.lines:
        return finding
    return replace(finding, place=f"{loaded.place(*path)}{finding.place[named.end() :]}")


@contextmanager
def placing(loaded: Loaded, model: str) -> Iterator[None]:
    """Whatever a source refuses within has the key that names it.

    Raises:
        SourceError: the same findings, placed.
    """
    try:
        yield
    except SourceError as error:
        raise SourceError(*(placed(loaded, model, one) for one in error.findings)) from error


def _key(loaded: Loaded, name: str, finding: Finding) -> Path | None:
    """The key behind a place of :func:`of_table`: of the value, else the column, else the table."""
    workspace, model = loaded.workspace, loaded.workspace.models[name]
    best: tuple[int, Path] | None = None
    for part, block in model.blocks.items():
        source = workspace.source_of(block)
        whole: Path = ("models", name, *part.split("."), "table")
        texts = [(of_table(source, block.table), whole)]
        texts += [(of_table(source, block.table, c), ("models", name, *key))
                  for c, key in _columns(model, part, block)]  # fmt: skip
        for text, key in texts:
            rest = finding.place.removeprefix(text)
            fits = finding.place.startswith(text) and (not rest or rest[0] in " ,")
            if fits and (best is None or len(text) > best[0]):
                best = len(text), key
    if best is None:
        return None
    return _value(model, name, finding) or best[1]


def _value(model: Model, name: str, finding: Finding) -> Path | None:
    """The key of a declared value that never occurs in its column."""
    key = finding.code.removeprefix("unknown_")
    if finding.code in {"unknown_control", "unknown_treated"}:
        for place, one in enumerate(model.evidence):
            value = one.control if key == "control" else one.treated
            if value is not None and shown(value) == finding.value:
                return ("models", name, "evidence", place, key)
    if finding.code == "unknown_positive" and model.outcomes is not None:
        return ("models", name, "outcomes", key)
    return None


def _columns(model: Model, part: str, block: Block) -> Iterator[tuple[str, Path]]:
    """Columns of a table with their keys, seen from the model; the most demanding use first."""
    here: Path = tuple(part.split("."))
    plain: list[tuple[str, Path]] = []
    lists: list[tuple[str, Path]] = []
    for field in type(block).model_fields:
        value = None if field in _NO_COLUMNS else getattr(block, field)
        if isinstance(value, str):
            plain.append((value, (*here, field)))
        elif isinstance(value, Mapping):
            plain += [(one, (*here, field, key)) for key, one in value.items()]
        elif isinstance(value, tuple):
            texts = (one for one in value if isinstance(one, str))  # not the edges of bins
            lists += [(one, (*here, field, at)) for at, one in enumerate(texts)]
    yield from plain
    yield from _of_metrics(model, part)
    if model.outcomes is not None and part == _owner(model):
        yield from ((left, ("outcomes", "on", left)) for left in model.outcomes.on)
    yield from lists


def _of_metrics(model: Model, part: str) -> Iterator[tuple[str, Path]]:
    """Columns that metrics read from a table."""
    by_part: Mapping[str, Mapping[str, Metric]] = {
        "outcomes": model.unit_metrics,
        "panel": model.panel_metrics,
    }
    for name, metric in by_part.get(part, {}).items():
        for key, column in (("column", metric.column), ("denominator", metric.denominator)):
            if column is not None:
                yield column, ("metrics", name, key)
    if part == "facts.effect" and (effect := model.facts and model.facts.effect):
        for name, measures in effect.metrics.items():
            yield from (
                (column, ("facts", "effect", "metrics", name, key))
                for key, column in measures.items()
            )


def _owner(model: Model) -> str:
    """The table that the left-hand columns of the join belong to."""
    return "assignments" if model.predictions is None else "predictions"
