"""Bring a store to the newest schema, or say in words why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from valuekit.store.connect import WRITE
from valuekit.store.tables import HEAD, KNOWN
from valuekit.store.words import failure, shown

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_KEY = 0x76616C76  # one beside the lock of a run
MIGRATIONS = Path(__file__).parent / "migrations"


def revision(engine: sa.Engine) -> str | None:
    """Revision that the store is at; None for an empty database."""
    with engine.connect() as connection:
        return _at(connection)


def _at(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def ensure(engine: sa.Engine, place: str, *, create: bool) -> str:
    """Refuse an unknown schema; migrate an older one when ``create``.

    Returns:
        The schema that it was brought from; empty where it was the newest, or there was none.

    Raises:
        StoreError: for a revision of a newer valuekit, or an old or empty store that may not be
            migrated here.
    """
    at = revision(engine)
    if at == HEAD:
        return ""
    if at is not None and at not in KNOWN:
        raise failure(
            place,
            "newer_store",
            "the store was made by another version of valuekit",
            "Install the newest valuekit, or name another store in the workspace file.",
            f"schema {at}; this version knows up to {HEAD}",
        )
    _foreign(engine, place, at)
    if not create:
        refresh, empty = "Run: valuekit refresh", at is None
        older = (
            "Keep a backup (valuekit backup of the older version, a copy of its file, pg_dump): "
            "older versions cannot read it afterwards. "
        )
        raise failure(
            place,
            "not_refreshed",
            "the store is empty" if empty else "the store has an older schema",
            refresh if empty else older + refresh,
            at or "",
        )
    move(engine, HEAD)
    return at or ""


def move(engine: sa.Engine, target: str) -> None:
    """Run the migrations up or down to ``target``, in one transaction.

    Args:
        engine: Of the store.
        target: A revision, ``head``, ``base``, or steps from where it is, such as ``-1``, ``+1``.

    Raises:
        StoreError: there is no such revision, or there are not so many steps; nothing was moved.
    """
    # Alembic is only needed when the schema changes; pages never load it.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    scripts = ScriptDirectory(str(MIGRATIONS))

    def steps(at: str, _context: object) -> object:
        if not target:
            raise CommandError("no revision is named")
        # What alembic's own `upgrade` and `downgrade` commands ask for.
        down = _lower(scripts, at, target)
        plan = scripts._downgrade_revs if down else scripts._upgrade_revs  # noqa: SLF001 (documented recipe)
        return plan(target, at)

    with _alone(engine) as connection, _refused(engine, target):
        if _at(connection) == target:
            return  # another process did it while this one waited; others wait behind us
        with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=target) as environment:
            # The transaction is ours: DDL and version move together.
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()


def _lower(scripts: ScriptDirectory, at: object, target: str) -> bool:
    """Whether a target lies below the revision that a store is at."""
    if target == "base" or target.startswith("-"):
        return True
    held = at[0] if isinstance(at, tuple) and at else at
    if not held or target.startswith("+"):
        return False
    below = {one.revision for one in scripts.iterate_revisions(str(held), "base")}
    return target != held and target in below


@contextmanager
def _refused(engine: sa.Engine, target: str) -> Iterator[None]:
    """Alembic's own refusal of a target, in our words."""
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        raise failure(
            shown(engine.url),
            "no_revision",
            "the store cannot be moved to this schema; it is as it was",
            f"Name a revision up to {HEAD}, `base`, or as many steps as there are.",
            f"{target}: {error}",
        ) from error


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that migrates while no other does, and sees what the one before it did."""
    with engine.connect() as connection:
        options: dict[str, Any] = dict(WRITE)
        if connection.dialect.name == "postgresql":
            options["isolation_level"] = "READ COMMITTED"  # a snapshot would be older than the lock
        writing = connection.execution_options(**options)
        with writing.begin():
            if connection.dialect.name == "postgresql":
                writing.execute(sa.select(sa.func.pg_advisory_xact_lock(_KEY)))
            yield writing


def _foreign(engine: sa.Engine, place: str, at: str | None) -> None:
    # An empty revision in a database with tables: somebody else's, unless another process of ours
    # made them since the revision was read.
    names = set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    if at is None and names and revision(engine) is None:
        raise failure(
            place,
            "not_a_store",
            "the database belongs to something else: it has tables, but no valuekit schema",
            "Name another store in the workspace file.",
            ", ".join(sorted(names)[:5]),
        )
