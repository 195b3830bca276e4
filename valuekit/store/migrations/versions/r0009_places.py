"""A run keeps where in its files each example of a row held back was then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of earlier runs the places are unknown."""
    op.add_column("run_intake", sa.Column("places", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop the column and what it held."""
    op.drop_column("run_intake", "places")
