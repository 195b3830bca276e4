"""The statements of a run and model in one deflated row: most of the text repeats itself."""

from __future__ import annotations

import json
import zlib
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAMES = ("name", "sql", "parameters", "rows", "seconds")


def _run() -> sa.Column[int]:
    return sa.Column("run", sa.Integer(), sa.ForeignKey("runs.id"), primary_key=True)


def _queries() -> list[sa.Column[Any]]:
    return [
        _run(),
        sa.Column("model", sa.String(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
    ]


def _statements() -> list[sa.Column[Any]]:
    return [
        _run(),
        sa.Column("model", sa.String(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    ]


def _known(name: str, columns: list[sa.Column[Any]]) -> sa.Table:
    """A table that is there, for statements."""
    metadata = sa.MetaData()
    sa.Table("runs", metadata, sa.Column("id", sa.Integer(), primary_key=True))
    return sa.Table(name, metadata, *columns)


def upgrade() -> None:
    """Move every statement into the row of its run and model."""
    op.create_table("statements", *_statements())
    old, new = _known("queries", _queries()), _known("statements", _statements())
    connection = op.get_bind()
    ordered = sa.select(old).order_by(old.c.run, old.c.model, old.c.line)
    rows = connection.execute(ordered).mappings()
    for (run, model), some in groupby(rows, key=lambda row: (row["run"], row["model"])):
        text = json.dumps([{name: row[name] for name in _NAMES} for row in some])
        content = zlib.compress(text.encode())
        connection.execute(sa.insert(new).values(run=run, model=model, content=content))
    op.drop_table("queries")


def downgrade() -> None:
    """Give every statement its own row again."""
    op.create_table("queries", *_queries())
    new, old = _known("queries", _queries()), _known("statements", _statements())
    connection = op.get_bind()
    for run, model, content in connection.execute(sa.select(old)).all():
        lines = enumerate(json.loads(zlib.decompress(content)))
        rows = [{"run": run, "model": model, "line": line, **one} for line, one in lines]
        connection.execute(sa.insert(new), rows)
    op.drop_table("statements")
