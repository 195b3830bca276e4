"""Fixtures of refreshes of what changed."""

from __future__ import annotations

import pytest

import valuekit.refresh


def facts_alone(patch: pytest.MonkeyPatch) -> None:
    """Leave out what follows the facts: they are what is compared."""
    patch.setattr(valuekit.refresh, "assess", lambda *_: None)
    patch.setattr(valuekit.refresh, "to_json", lambda _: "{}")
    patch.setattr(valuekit.refresh, "plans", lambda *_: ())
    patch.setattr(valuekit.refresh, "_overviews", lambda *_: {})


@pytest.fixture
def _facts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run without what follows the facts."""
    facts_alone(monkeypatch)
