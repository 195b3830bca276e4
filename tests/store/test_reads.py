"""Figures lead to the runs that read the sources, whatever ran since and however long ago."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.made import NOW, part
from valuekit.source import Query
from valuekit.store import RunOutcome, Store, open_store, tables

WORDS = {"all": "everything: asked for", "some": "3 days that depend on what changed"}
IDLE = "nothing: no table changed"


def _run(store: Store, kind: str, at, keep: int | None = None) -> int:
    number = store.begin("refresh", {}, at, workspace_hash="abc")
    asked = () if kind == "none" else (Query("volume", f"SELECT {number}", {}, 1, 0.1),)
    made = part(
        facts={}, registered=(), queries=asked, why=WORDS.get(kind, IDLE), rows_read=10 * len(asked)
    )
    store.commit(number, RunOutcome(number, (made,), True, 1.0, keep_days=keep), at)
    return number


def _told(store: Store) -> list[tuple[int, bool, list[str]]]:
    return [(one.run, one.whole, [q.sql for q in one.queries]) for one in store.reads("churn")]


def test_a_run_that_found_nothing_leaves_the_statements_of_the_one_before(store):
    first = _run(store, "all", NOW)
    for turn in range(1, 4):
        _run(store, "none", NOW + timedelta(days=turn))
    assert _told(store) == [(first, True, [f"SELECT {first}"])]


def test_a_run_of_some_days_is_told_with_the_whole_pull_before_it(store):
    first = _run(store, "all", NOW)
    _run(store, "some", NOW + timedelta(days=1))
    last = _run(store, "some", NOW + timedelta(days=2))
    _run(store, "none", NOW + timedelta(days=3))
    assert _told(store) == [
        (last, False, [f"SELECT {last}"]),
        (first, True, [f"SELECT {first}"]),
    ]
    assert [one.after for one in store.reads("churn")] == [0, 2]
    assert [one.kind for one in store.reads("churn")] == [
        "last run of some days",
        "last whole pull",
    ]


def test_a_failed_run_is_no_read(store):
    first = _run(store, "all", NOW)
    store.fail(store.begin("refresh", {}, NOW, workspace_hash="abc"), "broken", NOW)
    assert [one.run for one in store.reads("churn")] == [first]
    assert store.reads("nobody") == ()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(
        st.tuples(st.sampled_from(["all", "some", "none"]), st.integers(1, 40)), max_size=25
    )
)
def test_no_statement_is_given_up_that_a_kept_scorecard_rests_on(kinds, tmp_path_factory):
    place = tmp_path_factory.mktemp("reads") / "valuekit.db"
    url, at, ran = f"sqlite:///{place}", NOW, []
    with open_store(url, create=True) as store:
        ran.append(("all", _run(store, "all", at, 20)))
        for kind, days in kinds:
            at += timedelta(days=days)
            ran.append((kind, _run(store, kind, at, 20)))
        told = _told(store)
    wanted: set[int] = set()
    with sa.create_engine(url).connect() as connection:
        cards = set(connection.execute(sa.select(tables.scorecards.c.run)).scalars())
        asked = set(connection.execute(sa.select(tables.statements.c.run)).scalars())
    for card in cards:
        before = [(kind, run) for kind, run in ran if run <= card and kind != "none"]
        wanted |= {before[-1][1], [run for kind, run in before if kind == "all"][-1]}
    assert asked == wanted
    assert all(texts for _, _, texts in told)


@pytest.mark.parametrize("keep", [1, 20])
def test_nightly_runs_without_new_rows_keep_the_statements_for_good(store, keep):
    first = _run(store, "all", NOW, keep)
    for turn in range(1, 100):
        _run(store, "none", NOW + timedelta(days=turn), keep)
    assert _told(store) == [(first, True, [f"SELECT {first}"])]
