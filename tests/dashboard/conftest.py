"""A filled store of the eight example models, and pages run on it without a browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import PROJECT
from tests.factories import scorecards
from valuekit.scorecard import Scorecard, to_json
from valuekit.source import Query
from valuekit.store import open_store
from valuekit.store.records import ModelOutcome, RunOutcome

HEAD = """[workspace]
name = "Acme models"
currency = "EUR"
plan_per_year = "2500000"
[sources.lake]
kind = "duckdb"
"""
MODEL = """[models.{model}]
title = {title}
owner = "{owner}"
area = "{area}"
task = "{task}"
[models.{model}.predictions]
table = "t"
id = "i"
time = "t"
"""
STATEMENT = Query("volume", "SELECT day, count(*) AS n FROM t GROUP BY day", {"a": 1}, 357, 0.1)
Fill = Callable[..., Path]


def write_workspace(folder: Path, cards: Sequence[Scorecard]) -> Path:
    """A workspace file that declares the cards' models."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        MODEL.format(
            model=one.model,
            title="'''" + one.title + "'''",
            owner=one.owner,
            area=one.area,
            task=one.task,
        )
        for one in cards
    ]
    path = folder / "valuekit.toml"
    path.write_text(HEAD + "".join(parts))
    return path


def fill_store(
    folder: Path, cards: Sequence[Scorecard], *, at: dt.datetime | None = None, fail: str = ""
) -> Path:
    """A workspace with one good run of the cards, and a failed run after it when asked."""
    path = write_workspace(folder, cards)
    moment = at or dt.datetime.now(dt.UTC)
    with open_store(f"sqlite:///{folder}/valuekit.db", create=True) as store:
        run = store.begin("refresh", {}, moment, workspace_hash="abc123def456")
        parts = tuple(
            ModelOutcome(
                one.model,
                {},
                to_json(one),
                queries=(STATEMENT,),
                first=one.launched,
                last=one.as_of,
                complete_through=one.as_of,
                rows_read=480_000,
                seconds=0.4,
            )
            for one in cards
        )
        store.commit(run, RunOutcome(run, parts, complete=True, seconds=3.2), moment)
        if fail:
            store.fail(store.begin("refresh", {}, moment), fail, moment)
    return path


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Make a store in this test's folder."""

    def _fill(cards: Sequence[Scorecard] | None = None, **options: object) -> Path:
        return fill_store(tmp_path, scorecards() if cards is None else cards, **options)

    return _fill


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


class Pages:
    """Runs pages of the app on one workspace."""

    def __init__(self, workspace: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("VALUEKIT_WORKSPACE", str(workspace))
        self.app = self.visit()

    def visit(self, **query: str) -> AppTest:
        """A first visit to the portfolio under an address, in a session of its own."""
        self.app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
        for key, value in query.items():
            self.app.query_params[key] = value
        self.app.run()
        assert [one.value for one in self.app.exception] == []
        return self.app

    def open(self, name: str, **query: str) -> AppTest:
        """The page under a deep link."""
        self.app.switch_page(f"dashboard/pages/{name}.py")
        for key, value in query.items():
            self.app.query_params[key] = value
        self.app.run()
        assert [one.value for one in self.app.exception] == []
        return self.app


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Pages]:
    """Open the app on a workspace."""
    return lambda workspace: Pages(workspace, monkeypatch)


def text_of(app: AppTest) -> str:
    """All text of a page, escapes and joiners removed."""
    shown = [
        str(one.value)
        for kind in (
            "title",
            "header",
            "markdown",
            "caption",
            "error",
            "warning",
            "info",
            "success",
        )
        for one in getattr(app, kind)
    ]
    return "\n".join(shown).replace("\\", "").replace("\u2060", "")
