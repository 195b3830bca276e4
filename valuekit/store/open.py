"""Open a value store: found, ours, of the right schema, read-only where it must be."""

from __future__ import annotations

import shlex
from pathlib import Path

import sqlalchemy as sa

from valuekit.errors import StoreError
from valuekit.store.connect import address, connect, file_of, may_write
from valuekit.store.migrate import ensure
from valuekit.store.store import Store
from valuekit.store.words import NO_ROOM, failure, in_words, read_only, shown


def open_store(url: str, *, create: bool = False, anew: bool = False) -> Store:
    """Open the value store at an address.

    Args:
        url: SQLAlchemy address, such as ``sqlite:////srv/values.db`` or
            ``postgresql://user@host/database`` (the password from PGPASSWORD or ~/.pgpass).
        create: Make the store, or bring it to the newest schema, when that is needed.
        anew: Make it even where one was before, to be filled from a backup.

    Returns:
        The store; read-only when its file may not be written and ``create`` is False.

    Raises:
        StoreError: when it is missing, unreachable, of an unknown schema, or not ours.
    """
    parsed = address(url)
    place, path = shown(parsed), file_of(parsed)
    if path is not None:
        _possible(path, place)
    if path is not None and not anew:
        _still_there(path, place)
    if path is not None and not create and not path.is_file():
        raise failure(place, "not_refreshed", "there is no store yet", "Run: valuekit refresh")
    writable, refused = may_write(parsed), None
    if create and not writable:
        raise read_only(place)
    try:
        engine, before = _ready(parsed, writable=writable, create=create)
    except StoreError as error:
        # Even to read, SQLite makes a small file beside the store. Where there is no room for it,
        # the last good run is read all the same.
        full = {one.code for one in error.findings} <= NO_ROOM
        if create or not writable or not full:
            raise
        (engine, before), refused = _ready(parsed, writable=False, create=False), error
    opened = Store(engine, parsed, writable=writable and refused is None, refused=refused)
    opened.moved = before
    return opened


def _still_there(path: Path, place: str) -> None:
    """Refuse to pass over in silence that a store was here: its lock file, made after it, is."""
    lock = path.with_name(f"{path.name}.lock")
    if lock.exists() and not (path.is_file() and path.stat().st_size):
        raise failure(
            place,
            "store_gone",
            "there was a store here, and its file is gone or empty: decisions, registrations and "
            "restatements were in it",
            "Bring the file back (is its disk mounted?), or restore a backup: valuekit restore "
            f"FILE. To begin anew, remove {shlex.quote(str(lock))} and refresh.",
        )


def _possible(path: Path, place: str) -> None:
    """Refuse a path at which no file can be: it is a mistake of the address, not a new store."""
    if path.is_dir():
        raise failure(
            place,
            "store_is_folder",
            "the path of the store is a folder, not a file",
            f'Name a file in it: store = "sqlite:///{path / "valuekit.db"}"',
        )
    if not path.parent.is_dir():
        raise failure(
            place,
            "no_store_folder",
            "the folder of the store does not exist",
            f"Make it (mkdir -p {shlex.quote(str(path.parent))}), or correct `store` in the "
            "workspace file.",
            str(path.parent),
        )


def _ready(url: sa.URL, *, writable: bool, create: bool) -> tuple[sa.Engine, str]:
    """An engine over a store of the right schema, and the older one that it was brought from."""
    engine, place = connect(url, writable=writable), shown(url)
    try:
        with in_words(place):
            before = ensure(engine, place, create=create)
    except StoreError:
        engine.dispose()
        raise
    return engine, before
