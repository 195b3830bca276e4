"""A fresh store per test."""

from __future__ import annotations

import pytest

from valuekit.store import open_store


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/values.db"


@pytest.fixture
def store(url):
    with open_store(url, create=True) as made:
        yield made
