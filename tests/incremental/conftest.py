"""Fixtures of refreshes of what changed."""

from __future__ import annotations

import pytest

import valuekit.refresh


@pytest.fixture
def _facts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what follows the facts: they are what is compared."""
    monkeypatch.setattr(valuekit.refresh, "assess", lambda *_: None)
    monkeypatch.setattr(valuekit.refresh, "to_json", lambda _: "{}")
    monkeypatch.setattr(valuekit.refresh, "plans", lambda *_: ())
    monkeypatch.setattr(valuekit.refresh, "_overviews", lambda *_: {})
