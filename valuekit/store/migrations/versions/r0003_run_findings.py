"""A run keeps what it found that belongs to no single model, such as pools split evenly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; runs made before it found nothing that is known."""
    op.add_column("runs", sa.Column("findings", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop the column and what it held."""
    op.drop_column("runs", "findings")
