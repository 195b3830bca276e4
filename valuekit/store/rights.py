"""What the user of a database may do: reading a store and refreshing it are different rights."""

from __future__ import annotations

import sqlalchemy as sa

from valuekit.store import tables

_MOVED = ("UPDATE", "DELETE")  # of facts, whose days are replaced
_ALL = "the whole database"


def lacking(connection: sa.Connection) -> tuple[str, ...]:
    """Tables that this user may not write as a refresh does; all of them together have one name.

    A file has no users: whether it may be written is seen when it is opened.
    """
    if connection.dialect.name != "postgresql":
        return ()
    standby = connection.execute(sa.select(sa.func.pg_is_in_recovery())).scalar_one()
    only_read = connection.execute(
        sa.select(sa.func.current_setting("default_transaction_read_only"))
    ).scalar_one()
    if standby or only_read == "on":
        return (_ALL,)
    facts = {one.name for one in (*tables.fact_tables.values(), tables.vectors)}
    wanted = [
        (table.name, right)
        for table in tables.metadata.sorted_tables
        for right in ("INSERT", *(_MOVED if table.name in facts else ()))
    ]
    held = connection.execute(
        sa.select(*(sa.func.has_table_privilege(name, right) for name, right in wanted))
    ).one()
    return tuple(
        dict.fromkeys(name for (name, _), may in zip(wanted, held, strict=True) if not may)
    )
