"""What the sources were at the last run, and published days that are not what they were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; restatements are append-only."""
    op.create_table(
        "surveys",
        sa.Column("model", sa.String(), primary_key=True),
        sa.Column("run", sa.Integer(), sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "restatements",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("run", sa.Integer(), sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
    )
    op.create_index("ix_restatements_model", "restatements", ["model"])
    _guard("restatements")
    op.add_column("run_models", sa.Column("scope", sa.String(), nullable=False, server_default=""))
    whole = sa.Column("replaced", sa.Integer(), nullable=False, server_default="0")
    op.add_column("run_models", whole)


def downgrade() -> None:
    """Drop both: the next run pulls everything again."""
    op.drop_column("run_models", "replaced")
    op.drop_column("run_models", "scope")
    op.drop_table("restatements")
    op.drop_table("surveys")


def _guard(table: str) -> None:
    """Triggers that refuse UPDATE and DELETE, whoever sends them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION valuekit_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
        )
