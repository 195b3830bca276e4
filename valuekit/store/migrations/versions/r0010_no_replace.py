"""In SQLite nothing replaces what is kept for good, either.

REPLACE and INSERT OR REPLACE take the old row away without its DELETE trigger, unless the
connection asked for that (https://sqlite.org/lang_conflict.html). PostgreSQL has no such statement.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SAME = {
    **dict.fromkeys(("decisions", "registrations", "restatements"), "id = NEW.id"),
    "quarantine": "id = NEW.id OR (model = NEW.model AND source = NEW.source"
    " AND rule = NEW.rule AND row_hash = NEW.row_hash)",
}


def upgrade() -> None:
    """A trigger a table that refuses a row in the place of another."""
    if op.get_bind().dialect.name == "postgresql":
        return
    for table, same in _SAME.items():
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  our own names
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
            f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
        )


def downgrade() -> None:
    """Drop the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        return
    for table in _SAME:
        op.execute(f"DROP TRIGGER {table}_no_replace")
