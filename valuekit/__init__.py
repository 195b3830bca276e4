"""Measures what machine-learning models earn, what they cost, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from valuekit.api import Workspace
    from valuekit.errors import ValuekitError

__all__ = ["ValuekitError", "Workspace", "__version__"]


def __getattr__(name: str) -> object:
    """Load the API on first use: a door that only needs the version stays fast."""
    if name == "Workspace":
        from valuekit.api import Workspace

        return Workspace
    if name == "ValuekitError":
        from valuekit.errors import ValuekitError

        return ValuekitError
    msg = f"module 'valuekit' has no attribute {name!r}"
    raise AttributeError(msg)
