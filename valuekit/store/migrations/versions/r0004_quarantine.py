"""Rows held back are kept for good, each once, and every run keeps its counts by rule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; runs made before have no counts of their own."""
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), primary_key=True),
        _run(),
        *(_text(name) for name in ("model", "source", "rule", "row_hash", "table")),
        *(_text(name, sa.Text) for name in ("reference", "column", "value", "reason")),
        sa.Column("at", sa.DateTime()),
        sa.Column("day", sa.Date()),
        sa.UniqueConstraint("model", "source", "rule", "row_hash", name="uq_quarantine"),
    )
    op.create_table(
        "run_intake",
        _run(primary_key=True),
        *(_text(name, primary_key=True) for name in ("model", "source", "rule")),
        _text("fate"),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date()),
        sa.Column("last", sa.Date()),
        sa.Column("examples", sa.JSON(), nullable=False),
    )
    op.create_index("ix_run_intake_model", "run_intake", ["model", "source", "rule"])
    _guard()


def downgrade() -> None:
    """Drop both with what they held; the guard's function stays, others need it."""
    op.drop_table("run_intake")
    op.drop_table("quarantine")


def _run(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "run", sa.Integer(), sa.ForeignKey("runs.id"), nullable=False, primary_key=primary_key
    )


def _text(
    name: str, kind: type[sa.String] = sa.String, *, primary_key: bool = False
) -> sa.Column[str]:
    return sa.Column(name, kind(), nullable=False, primary_key=primary_key)


def _guard() -> None:
    """Triggers that refuse UPDATE and DELETE, whoever sends them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER quarantine_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON quarantine FOR EACH STATEMENT EXECUTE FUNCTION valuekit_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER quarantine_no_{verb.lower()} BEFORE {verb} ON quarantine "
            "BEGIN SELECT RAISE(ABORT, 'quarantine are append-only'); END"
        )
