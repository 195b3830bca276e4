"""How large a store is."""

from __future__ import annotations

import sqlalchemy as sa

from valuekit.store.tables import metadata


def size(connection: sa.Connection) -> int:
    """Bytes of the store's tables and indexes, those of the open transaction included.

    SQLite: the pages of its file (free ones too). PostgreSQL: its own tables, not the rest of the
    database.
    """
    if connection.dialect.name == "sqlite":
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    names = [table.name for table in metadata.sorted_tables]
    table: sa.ColumnElement[int] = sa.literal_column("c.oid")
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(sa.func.pg_total_relation_size(table)), 0))
        .select_from(sa.text("pg_catalog.pg_class c"))
        .where(
            sa.literal_column("c.relname").in_(names),
            sa.func.pg_table_is_visible(table),
        )
    )
    return int(connection.execute(query).scalar_one())
