"""Runs on the Data health page: one that was killed is not shown as running, one that runs is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from tests.cli.commands import forked
from tests.dashboard.conftest import Fill, Pages, text_of
from valuekit.store import open_store

Open = Callable[[Path], Pages]
DIES = """
import os
from datetime import UTC, datetime
from valuekit.store import open_store
open_store(url).begin("refresh", {}, datetime.now(UTC))
os._exit(9)
"""


def shown(app) -> pd.DataFrame:
    (found,) = [one.value for one in app.dataframe if "State" in one.value.columns]
    return found


def test_a_run_that_was_killed_is_shown_as_interrupted(fill: Fill, pages: Open) -> None:
    path = fill()
    assert forked(DIES, url=f"sqlite:///{path.parent}/valuekit.db") == 9
    app = pages(path).open("health")
    assert shown(app)["State"].tolist() == ["✕ interrupted", "✓ good"]
    assert shown(app)["Seconds"].tolist() == ["–", "3.2"]
    assert shown(app)["Message"][0].startswith("its process is gone; the next refresh starts anew")
    text = text_of(app)
    assert "1 of the last 2 runs was interrupted" in text
    assert "All of the last" not in text
    with open_store(f"sqlite:///{path.parent}/valuekit.db") as store:  # the next run tidies up
        store.fail(
            store.begin("refresh", {}, dt.datetime.now(dt.UTC)),
            "disk full",
            dt.datetime.now(dt.UTC),
        )
        assert store.runs(2)[1].cause == "killed"
    app = pages(path).open("health")
    assert shown(app)["State"].tolist() == ["✕ failed", "✕ interrupted", "✓ good"]
    assert shown(app)["Seconds"][1] == "–"
    assert "2 of the last 3 runs failed or were interrupted" in text_of(app)
    assert "Why 1 run failed, and what to do" in [one.label for one in app.expander]


def test_a_run_is_running_until_its_process_ends(fill: Fill, pages: Open) -> None:
    path = fill()
    opened = pages(path)
    with open_store(f"sqlite:///{path.parent}/valuekit.db") as store:
        run = store.begin("refresh", {}, dt.datetime.now(dt.UTC))
        app = opened.open("health")
        assert shown(app)["State"].tolist() == ["… running", "✓ good"]
        assert "One run, and it succeeded; one more is running" in text_of(app)
        store.fail(run, "disk full", dt.datetime.now(dt.UTC))
        app = opened.open("health")
        assert "1 of the last 2 runs failed" in text_of(app)


def test_the_end_of_a_process_is_seen_though_it_writes_nothing(fill: Fill, pages: Open) -> None:
    path = fill()
    opened = pages(path)
    store = open_store(f"sqlite:///{path.parent}/valuekit.db")
    store.begin("refresh", {}, dt.datetime.now(dt.UTC))
    version = store.data_version()
    assert shown(opened.open("health"))["State"][0] == "… running"
    store.close()  # gives up the lock as the end of the process does
    assert shown(opened.open("health"))["State"][0] == "✕ interrupted"
    with open_store(f"sqlite:///{path.parent}/valuekit.db") as again:
        assert again.data_version() == version
