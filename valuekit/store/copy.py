"""Backup and restore: every row of a store, into and out of one SQLite file.

The file has the schema of any store, so it can be opened as one, and a store can be moved from
SQLite to PostgreSQL or back by the same two steps. It carries a digest of its rows, which a restore
compares before it touches anything (:mod:`valuekit.store.digest`).
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from valuekit.errors import Finding, StoreError
from valuekit.running import heed
from valuekit.scratch import Scratch
from valuekit.store import digest
from valuekit.store.connect import WRITE, connect
from valuekit.store.migrate import ensure, revision
from valuekit.store.tables import metadata
from valuekit.store.words import failure, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

CHUNK = 5_000  # rows in memory at a time


# What is wrong with a file -> how that is said of a backup; a store's remedies do not fit.
_OF_BACKUPS = {
    "not_a_store": (
        "the file is no backup of a value store",
        "Name a file that `valuekit backup` made.",
    ),
    "damaged": ("the backup is damaged; nothing was restored", "Take an older backup."),
    "newer_store": (
        "the backup was made by a newer version of valuekit",
        "Install the newest valuekit, then restore it.",
    ),
    "disk_full": (
        "the disk for temporary files is full, and a backup is looked at in a copy",
        "Free some space there, or point TMPDIR to a larger disk, then try again.",
    ),
}


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup or a restore copied.

    Attributes:
        rows: Table -> rows.
        digest: SHA-256 of the backup's content; empty where it has none.
        findings: What is worth knowing of the backup.
    """

    rows: dict[str, int]
    digest: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """A backup that was found sound, open for reading at the newest schema."""

    connection: sa.Connection
    digest: str
    findings: tuple[Finding, ...]


def backup(source: sa.Connection, target: Path) -> Copied:
    """Write every row to a new SQLite file with their digest, whole or not at all.

    Args:
        source: A connection in a transaction that sees one state of the store.
        target: The file to make.

    Returns:
        What was copied.

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
        sealed = digest.seal(made)
        heed()
        made.replace(target)
    return Copied(counts, sealed)


@contextmanager
def sound(source: Path) -> Iterator[Sound]:
    """Open a backup that is what it was when it was made; else say why it is not.

    An older backup is brought to the newest schema, in a copy: the file stays as it is.

    Args:
        source: What :func:`backup` made.

    Raises:
        StoreError: when the file is missing, no backup, damaged, or changed since it was made.
    """
    if not source.is_file():
        raise failure(str(source), "missing", "there is no such file", "Name a backup.")
    if not source.stat().st_size:
        raise failure(
            str(source), "damaged", "the file is empty, so it is no backup", "Take an older backup."
        )
    with Scratch() as folder:
        copied = folder / "backup.db"
        shutil.copyfile(source, copied)
        with _of_backup(source):
            sealed = _as_made(copied, source)
            engine = _engine(copied)
        try:
            with engine.connect() as connection, connection.begin():
                yield Sound(connection, sealed, () if sealed else (_without_digest(source),))
        finally:
            engine.dispose()


def restore(source: Sound, target: sa.Connection, place: str) -> Copied:
    """Read every row of a backup into an empty store.

    Args:
        source: The backup.
        target: A connection in a transaction of the store to fill.
        place: That store, for messages.

    Returns:
        What was copied.

    Raises:
        StoreError: when the store is not empty.
    """
    if any(_rows(target, table) for table in metadata.sorted_tables):
        raise failure(
            place,
            "not_empty",
            "the store already has rows; a restore replaces nothing",
            "Name an empty store in the workspace file, or move this one away.",
        )
    counts = _copy(source.connection, target)
    _number_on(target)
    return Copied(counts, source.digest, source.findings)


@contextmanager
def _of_backup(source: Path) -> Iterator[None]:
    """What is wrong with the file, said of a backup rather than of a store."""
    try:
        with in_words(str(source)):
            yield
    except StoreError as error:
        said = [
            replace(one, rule=_OF_BACKUPS[one.code][0], remedy=_OF_BACKUPS[one.code][1])
            if one.code in _OF_BACKUPS
            else one
            for one in error.findings
        ]
        raise StoreError(*said) from error


def _as_made(copied: Path, source: Path) -> str:
    """See that a backup is a whole store and the one that was sealed; its digest, if it has one."""
    engine = connect(sa.URL.create("sqlite", database=str(copied)), writable=True)
    try:
        if revision(engine) is None:
            raise failure(str(source), "not_a_store", "", "", "no schema of valuekit in it")
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    finally:
        engine.dispose()
    if found != ["ok"]:  # else a row for each damage
        raise failure(str(source), "damaged", "", "", " ".join(" ".join(found).split())[:120])
    sealed, changed = digest.unlike(copied)
    if changed:
        raise failure(
            str(source),
            "digest",
            "its content is not what `valuekit backup` wrote: the file was damaged or changed "
            "since; nothing was restored",
            f"Compare {shlex.quote(str(source))} with another copy of it, or take an older "
            "backup. If it was used as a store itself since, back that store up again.",
            f"changed: {', '.join(changed[:5])}",
        )
    return sealed


def _without_digest(source: Path) -> Finding:
    return Finding(
        place=str(source),
        value="",
        rule="the backup has no digest of its content, as those of older versions: whether it is "
        "as it was made is not known beyond its structure",
        remedy="See that `valuekit show` says what it should, then make a new backup.",
        severity="warning",
        code="no_digest",
    )


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
