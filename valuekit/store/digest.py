"""A backup's digest of its own content: what was written, told from what is there now.

A table of the file holds, for every other table, the number of its rows and their SHA-256. It is
of the rows as SQLite stores them and not of the file's bytes: a copy, a vacuum or a look with
another program may change bytes that mean nothing, and the digest travels within the file.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

TABLE = "backup_digest"
_SEALED = 1  # user_version of a sealed file: the table of digests cannot go missing unseen

Digests = dict[str, tuple[int, str]]  # table -> rows, SHA-256


def seal(path: Path) -> str:
    """Write the digest of a SQLite file's rows into it; the digest of them all."""
    with closing(_opened(path)) as file:
        made = _digests(file)
        file.execute("BEGIN IMMEDIATE")
        file.execute(
            f'CREATE TABLE {TABLE} ("table" TEXT PRIMARY KEY, "rows" INTEGER NOT NULL,'
            " sha256 TEXT NOT NULL) WITHOUT ROWID"
        )
        rows = [(name, *found) for name, found in made.items()]
        file.executemany(f"INSERT INTO {TABLE} VALUES (?, ?, ?)", rows)  # noqa: S608 (a constant)
        file.execute(f"PRAGMA user_version = {_SEALED}")
        file.execute("COMMIT")
    return total(made)


def unlike(path: Path) -> tuple[str, list[str]]:
    """The digest that a backup was sealed with, and the tables that are not as it was then.

    Args:
        path: A SQLite file of its own, which nobody else has open.

    Returns:
        The digest, empty where the file was never sealed, and names of tables, the table of
        digests among them when it is gone.

    Raises:
        sqlite3.Error: the file is damaged so that its rows cannot be read.
    """
    with closing(_opened(path)) as file:
        (sealed,) = file.execute("PRAGMA user_version").fetchone()
        if TABLE not in _tables(file):
            return "", [TABLE] if sealed else []
        query = f'SELECT "table", "rows", sha256 FROM {TABLE}'  # noqa: S608 (a constant)
        kept = {_text(name): (rows, _text(digest)) for name, rows, digest in file.execute(query)}
        found = _digests(file)
    names = sorted(kept.keys() | found.keys())
    return total(kept), [name for name in names if kept.get(name) != found.get(name)]


def total(digests: Digests) -> str:
    """One SHA-256 over those of all tables, as ``sha256sum`` would list them.

    >>> total({"runs": (0, "e3b0")})[:16]
    'ab2b0921b2628d88'
    """
    lines = "".join(f"{digest}  {name}\n" for name, (_, digest) in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, isolation_level=None)
    # Else text and bytes of the same content, one bit apart in the file, would look the same.
    file.text_factory = bytearray
    return file


def _tables(file: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    return sorted(_text(name) for (name,) in file.execute(query))


def _digests(file: sqlite3.Connection) -> Digests:
    return {name: _digest(file, name) for name in _tables(file) if name != TABLE}


def _digest(file: sqlite3.Connection, name: str) -> tuple[int, str]:
    """Rows of a table and the SHA-256 of its columns' names and its rows, a line each."""
    quoted = '"' + name.replace('"', '""') + '"'
    # The table itself: an index that holds every column would be read instead.
    rows = file.execute(f"SELECT * FROM {quoted} NOT INDEXED")  # noqa: S608 (quoted)
    made, count = hashlib.sha256(), 0
    made.update(ascii([column[0] for column in rows.description]).encode())
    for row in rows:
        made.update(b"\n")
        made.update(ascii(row).encode())
        count += 1
    return count, made.hexdigest()


def _text(stored: object) -> str:
    return stored.decode(errors="replace") if isinstance(stored, bytearray) else str(stored)
