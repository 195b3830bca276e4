"""A run keeps who made it, why it failed, how many days it replaced and how large the store was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAMES = ("holder", "cause", "days_replaced", "store_bytes")


def upgrade() -> None:
    """Add the columns; of earlier runs these things are unknown."""
    for name in NAMES[:2]:
        op.add_column("runs", sa.Column(name, sa.String(), nullable=False, server_default=""))
    for name in NAMES[2:]:
        op.add_column("runs", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    """Drop the columns and what they held."""
    for name in reversed(NAMES):
        op.drop_column("runs", name)
