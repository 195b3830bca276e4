"""What a run found of no single model stands on the Data health page; read-only stores report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard import data
from tests.dashboard.conftest import Fill, Pages, text_of
from valuekit.errors import Finding
from valuekit.store import open_store, tables
from valuekit.store.words import read_only

SPLIT = Finding("pools[0] people", "3 days", "split evenly", "Nothing to do.", "info", "pool", 3)


def test_the_health_page_shows_what_the_run_found_as_a_whole(
    fill: Fill, pages: Callable[[Path], Pages]
) -> None:
    path = fill()
    with (
        open_store(f"sqlite:///{path.parent}/valuekit.db") as store,
        store._writing() as connection,
    ):
        connection.execute(sa.update(tables.runs).values(findings=[asdict(SPLIT)]))
    assert "split evenly (found 3 days)" in text_of(pages(path).open("health"))


def test_a_report_of_a_read_only_store_is_made_and_not_noted(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUEKIT_WORKSPACE", str(fill()))
    shot = data.snapshot()
    assert isinstance(shot, data.Snapshot)
    assert data.report(shot, "portfolio", ("churn",), "year", "csv").noted

    def refuse(*_args: object, at: dt.datetime) -> None:
        raise read_only(f"store at {at}")

    monkeypatch.setattr("valuekit.store.store.Store.note_report", refuse)
    made = data.report(shot, "portfolio", ("churn",), "year", "csv")
    assert not made.noted
    assert made.data
