"""The only place that writes joins: declared tables in, facts out."""

from __future__ import annotations

from connectors.sql.pull import pull

__all__ = ["pull"]
