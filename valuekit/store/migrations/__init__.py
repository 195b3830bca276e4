"""Alembic migrations of the value store, shipped with the library."""
