"""Panels know the arm of a block of time. The table was reserved before: it never held a row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "metric": sa.String,
    "group": sa.String,
    "treated_from": sa.String,
    "arm": sa.String,
    "block": sa.BigInteger,
    "n": sa.BigInteger,
    "mean_y": sa.Double,
    "c_yy": sa.Double,
    "offset": sa.Double,
}


def upgrade() -> None:
    """Make the table of panels anew, with the arm among its keys."""
    op.drop_table("fact_panel")
    _create(_COLUMNS)


def downgrade() -> None:
    """Make it as it was; panels of a newer store are lost."""
    op.drop_table("fact_panel")
    _create({name: kind for name, kind in _COLUMNS.items() if name != "arm"})


def _create(columns: dict[str, type[sa.types.TypeEngine[Any]]]) -> None:
    op.create_table(
        "fact_panel",
        sa.Column("series_id", sa.Integer(), sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        *(sa.Column(name, kind(), nullable=False) for name, kind in columns.items()),
        sqlite_with_rowid=False,
    )
