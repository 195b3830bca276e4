"""All models of a run added up and listed, so that nobody has to read every scorecard for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the next run fills it, until then scorecards are added up when asked."""
    op.create_table(
        "overviews",
        sa.Column("period", sa.String(), primary_key=True),
        sa.Column("run", sa.Integer(), sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Drop it: it only holds what follows from the scorecards."""
    op.drop_table("overviews")
