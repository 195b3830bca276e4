"""Database failures in words: what happened, what is still safe, what to do."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from valuekit.errors import Finding, StoreError
from valuekit.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

_LITTLE = 1_000_000  # bytes
WRITE_TO_IT = "Give this user the right to write to the file and its folder."
NO_ROOM = frozenset({"disk_full", "disk_failed"})
# Codes of a store that takes nothing now, not even why a run failed.
UNWRITABLE = NO_ROOM | {"read_only", "unreachable", "connection_lost", "no_answer", "denied"}

# A piece of the driver's message -> (code, rule, remedy). Where the answer to a commit may be what
# was lost, the last good run may be the one that is told of: it is whole, whichever it is.
_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    *(
        (
            piece,
            "connection_lost",
            "the connection to the database broke; what is shown is the last good run, whole",
            "Run it again when the database is back.",
        )
        for piece in (
            "terminating connection",
            "closed the connection",
            "connection is lost",
            "connection is closed",
            "consuming input failed",
            "could not receive data",
            "could not send data",
        )
    ),
    (
        "no answer from the database",
        "no_answer",
        (
            "no answer: the database or something on the way hangs; what is shown is the last "
            "good run, whole"
        ),
        "Look after the server and the proxies before it, then run it again.",
    ),
    (
        "statement timeout",
        "too_slow",
        "the database took too long over one statement; the last good run is untouched",
        "See what else keeps the server busy or locks the store's tables, then run it again.",
    ),
    (
        "could not serialize",
        "overtaken",
        "another process changed the store meanwhile; the last good run is untouched",
        "Run it again.",
    ),
    *(
        (
            piece,
            "unreachable",
            "the database is not ready",
            "Run it again when the server has started.",
        )
        for piece in ("the database system is", "not yet accepting connections")
    ),
    *(
        (
            piece,
            "denied",
            "the database does not let this user in",
            "Check the user in `store`, and PGPASSWORD or ~/.pgpass for the password.",
        )
        for piece in ("password authentication", "no password supplied", "pg_hba.conf")
    ),
    (
        "permission denied",
        "read_only",
        "the database user may only read here",
        "Grant it the right to write, or name another user in `store`.",
    ),
    (
        "read-only transaction",
        "read_only",
        "the database may only be read here",
        "Name the writable server in `store`.",
    ),
    (
        "no space left",
        "disk_full",
        "the disk is full; the last good run is untouched",
        "Free some space, then try again.",
    ),
    *(
        (
            piece,
            "unreachable",
            "the database cannot be reached",
            "Check that it runs and exists, and its address in `store`.",
        )
        for piece in (
            "connection failed",
            "connection timeout",
            "connection is bad",
            "connection to server",
            "could not translate host name",
        )
    ),
    (
        "database is locked",
        "busy",
        "another process is writing to the store",
        "Wait until it has finished, then try again.",
    ),
    (
        "readonly database",
        "read_only",
        "the store may only be read here",
        WRITE_TO_IT,
    ),
    (
        "append-only",
        "append_only",
        "decisions, registrations and rows in quarantine are never changed nor deleted",
        "Add a new one that supersedes it.",
    ),
    (
        "disk is full",
        "disk_full",
        "the disk is full; the last good run is untouched",
        "Free some space, then try again.",
    ),
    (
        "could not extend file",
        "disk_full",
        "the disk of the database is full; the last good run is untouched",
        "Free some space on the server, then try again.",
    ),
    (
        "disk i/o error",
        "disk_failed",
        "the disk, a quota or a limit on file sizes refused; the last good run is untouched",
        "See that the disk works and has room, and `ulimit -f`, then try again.",
    ),
    (
        "not a database",
        "not_a_store",
        "the file is not a value store",
        (
            "Correct `store` in the workspace file. If it was one, move it away, then bring back a "
            "backup: valuekit restore FILE"
        ),
    ),
    (
        "malformed",
        "damaged",
        "the file is damaged",
        (
            "Move it away, then bring back a backup: valuekit restore FILE. To begin anew without "
            "one, move its .lock file away as well, then run: valuekit refresh"
        ),
    ),
    (
        "payload",
        "damaged",
        "stored vectors cannot be read",
        "Run: valuekit refresh",
    ),
    (
        "not an amount",
        "amount",
        "an amount does not fit; the last good run is untouched",
        "Correct the price or the bill it comes from.",
    ),
    (
        "unable to open",
        "unreachable",
        "the file cannot be opened",
        "Check that its folder exists and may be read.",
    ),
    (
        "foreign key",
        "unknown_run",
        "it refers to a run that the store does not have",
        "Name a run of `valuekit show`.",
    ),
)


def failure(place: str, code: str, rule: str, remedy: str, value: str = "") -> StoreError:
    """A store error with one finding."""
    return StoreError(Finding(place=place, value=value, rule=rule, remedy=remedy, code=code))


def read_only(place: str) -> StoreError:
    """The error of a write to a store that this process may only read."""
    rule, remedy = _why_read_only(place)
    return failure(place, "read_only", rule, remedy)


def _why_read_only(place: str) -> tuple[str, str]:
    """Rule and remedy: no right helps on a disk that is mounted so, as disks are that fail."""
    folder = Path(place).parent
    if _mounted_read_only(folder):
        rule = "the store may only be read here: its file system is mounted read-only"
        return rule, f"Mount it for writing (see: findmnt -T {shlex.quote(str(folder))})."
    return "the store may only be read here", WRITE_TO_IT


def _mounted_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except (AttributeError, OSError):  # no such call outside Unix
        return False


def cut_off(place: str) -> StoreError:
    """The error of a run whose session with the lock ended: it may not commit."""
    return failure(
        place,
        "connection_lost",
        "the connection to the database broke during the run, and the lock of the store with it: "
        "another run may have written since; the last good run is untouched",
        "Run it again.",
    )


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Turn any database error raised inside into a :class:`StoreError`.

    Args:
        place: The store, without password.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, ValueError) as error:  # the last: it does not fit
        text = str(getattr(error, "orig", None) or error)
        if "disk i/o error" in text.lower() and _is_full(place):
            text = f"{text}: disk is full"  # SQLite has one name for all that a disk refuses
        for piece, code, rule, remedy in _KNOWN:
            if piece in text.lower():
                said = _why_read_only(place) if remedy == WRITE_TO_IT else (rule, remedy)
                raise failure(place, code, *said, cut(text, 200)) from error
        raise failure(
            place,
            "store_failed",
            "the store refused; the last good run is untouched",
            "Run `valuekit doctor`, or look the message up.",
            cut(text, 200),
        ) from error


def _is_full(place: str) -> bool:
    """Whether the disk of a store in a file has less room than one transaction takes."""
    try:
        return shutil.disk_usage(Path(place).parent).free < _LITTLE
    except OSError:
        return False


def shown(url: sa.URL) -> str:
    """The address as people write it: without its password, and without the driver that is ours."""
    backend = url.get_backend_name()
    return url.database or "memory" if backend == "sqlite" else str(url.set(drivername=backend))
