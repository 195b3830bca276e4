"""Columns that some Parquet files of a table hold as another type than they are needed for.

Looked for only after the engine failed to read files together: footers of all files are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from connectors.findings import place, shown
from connectors.roles import roles
from connectors.unlike import Need, suits
from valuekit.errors import Finding
from valuekit.text import plural

if TYPE_CHECKING:
    from connectors.duckdb import DuckDBConnector
    from connectors.tables import FileTable

_RULES: dict[str, tuple[str, str]] = {
    "time": (
        "the column must hold dates or times in every file",
        "Convert seconds or milliseconds since 1970 to timestamps there, as in the other files.",
    ),
    "number": (
        "the column must hold numbers in every file",
        "Write it with a number type there, as in the other files.",
    ),
}


def mistyped(engine: DuckDBConnector, table: str, opened: FileTable) -> list[Finding]:
    """A finding for each column that is not what it is needed for in some files only."""
    if opened.files.kind == "csv" or len(opened.files.paths) == 1:
        return []
    return list(_found(engine, table, opened))


def _found(engine: DuckDBConnector, table: str, opened: FileTable) -> Iterator[Finding]:
    for column, role in roles(engine.workspace, engine.name, table).items():
        if role not in {"time", "number"}:
            continue
        need: Need = "time" if role == "time" else "number"
        odd = [path for path in opened.files.paths if not suits(path, column, need)]
        if not 0 < len(odd) < len(opened.files.paths):
            continue
        schema = pq.read_schema(odd[0])
        files = f"in {len(odd):,} of {plural(len(opened.files.paths), 'file')}"
        yield Finding(
            place=place(engine, table, column),
            value=f"{schema.field(column).type} values {files}, the first "
            f"{shown(engine.part_of(str(odd[0])))}",
            rule=_RULES[role][0],
            remedy=_RULES[role][1],
            code="wrong_type",
        )
