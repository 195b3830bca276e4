"""Backup and restore: every row of a store, into and out of one SQLite file.

The file has the schema of any store, so it can be opened as one, and a store can be moved from
SQLite to PostgreSQL or back by the same two steps.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from valuekit.store.connect import WRITE, connect
from valuekit.store.migrate import ensure
from valuekit.store.tables import metadata
from valuekit.store.words import failure, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

CHUNK = 5_000  # rows in memory at a time


def backup(source: sa.Connection, target: Path) -> dict[str, int]:
    """Write every row to a new SQLite file, whole or not at all.

    Args:
        source: A connection in a transaction that sees one state of the store.
        target: The file to make.

    Returns:
        Table -> rows.

    Raises:
        StoreError: when the file exists, or cannot be written.
    """
    if target.exists():
        raise failure(
            str(target), "exists", "the file exists; a backup replaces nothing", "Name a new file."
        )
    if not target.parent.is_dir():
        raise failure(str(target), "no_folder", "its folder does not exist", "Make the folder.")
    # In the folder of the target: a rename within one file system is one step.
    try:
        folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=".valuekit-")
    except OSError as error:
        raise failure(
            str(target), "unwritable", "the folder may not be written", "Name another.", str(error)
        ) from error
    with folder as name, in_words(str(target)):
        made = Path(name) / "backup.db"
        engine = _engine(made)
        try:
            with _writing(engine) as connection:
                counts = _copy(source, connection)
        finally:
            engine.dispose()  # the last connection folds the write-ahead log into the file
        made.replace(target)
    return counts


def restore(source: Path, target: sa.Connection, place: str) -> dict[str, int]:
    """Read every row of a backup into an empty store.

    An older backup is brought to the newest schema first, in a copy: the file stays as it is.

    Args:
        source: What :func:`backup` made.
        target: A connection in a transaction of the store to fill.
        place: That store, for messages.

    Returns:
        Table -> rows.

    Raises:
        StoreError: when the file is missing, damaged or no backup, or the store is not empty.
    """
    if not source.is_file():
        raise failure(str(source), "missing", "there is no such file", "Name a backup.")
    if not source.stat().st_size:
        raise failure(
            str(source), "damaged", "the file is empty, so it is no backup", "Take an older backup."
        )
    if any(_rows(target, table) for table in metadata.sorted_tables):
        raise failure(
            place,
            "not_empty",
            "the store already has rows; a restore replaces nothing",
            "Name an empty store in the workspace file, or move this one away.",
        )
    with tempfile.TemporaryDirectory(prefix="valuekit-") as name:
        copied = Path(name) / "backup.db"
        shutil.copyfile(source, copied)
        with in_words(str(source)):
            engine = _engine(copied)
        try:
            with in_words(str(source)), engine.connect() as connection, connection.begin():
                _whole(connection, source)
                counts = _copy(connection, target)
        finally:
            engine.dispose()
    _number_on(target)
    return counts


def _engine(path: Path) -> sa.Engine:
    engine = connect(sa.URL.create("sqlite", database=str(path)), writable=True)
    try:
        ensure(engine, str(path), create=True)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _writing(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
    return engine.execution_options(**WRITE).begin()


def _whole(connection: sa.Connection, place: Path) -> None:
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    if found != "ok":
        raise failure(
            str(place), "damaged", "the file is damaged", "Take an older backup.", str(found)[:120]
        )


def _copy(source: sa.Connection, target: sa.Connection) -> dict[str, int]:
    counts = {}
    for table in metadata.sorted_tables:  # parents first
        for rows in _chunks(source, table):
            target.execute(sa.insert(table), rows)
        counts[table.name] = _rows(target, table)
        if counts[table.name] != (there := _rows(source, table)):
            msg = f"{table.name}: {counts[table.name]} of {there} rows were copied"
            raise ValueError(msg)
    return counts


def _chunks(source: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    result = source.execution_options(yield_per=CHUNK).execute(query)
    for part in result.mappings().partitions():
        yield [dict(row) for row in part]


def _rows(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _number_on(connection: sa.Connection) -> None:
    """Let new rows be numbered after the restored ones (SQLite does so by itself)."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
            last = connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one()
            if last is not None:
                name = sa.func.pg_get_serial_sequence(table.name, "id")
                connection.execute(sa.select(sa.func.setval(name, last)))
