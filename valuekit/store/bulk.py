"""Insert many rows by columns: a quarter of the time of one dictionary a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def insert(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[object]]
) -> None:
    """Insert rows given as columns, bound by the types of the table.

    Args:
        connection: A connection in a transaction.
        table: The table.
        columns: Column name -> one value per row; all of one length.
    """
    dialect = connection.dialect
    statement = sa.insert(table).compile(dialect=dialect, column_keys=list(columns))
    bound = {name: _bound(table.c[name], values, dialect) for name, values in columns.items()}
    order: list[str] = list(getattr(statement, "positiontup", None) or ())
    names = order or list(columns)
    tuples = zip(*(bound[name] for name in names), strict=True)
    rows: list[Any] = [*tuples] if order else [dict(zip(names, row, strict=True)) for row in tuples]
    if rows:
        connection.exec_driver_sql(str(statement), rows)


def _bound(
    column: sa.Column[Any], values: Sequence[object], dialect: sa.Dialect
) -> Sequence[object]:
    if isinstance(column.type, sa.LargeBinary):  # bytes, which every driver takes as they are
        return values
    processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    if processor is None:
        return values
    if isinstance(column.type, sa.Date):  # few distinct days in many rows
        made = {value: processor(value) for value in set(values)}
        return [made[value] for value in values]
    return [processor(value) for value in values]
