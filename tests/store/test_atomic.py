"""A run that fails or dies at any step leaves the last good run, whole."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest

from tests.cli.commands import forked
from tests.store.made import facts, later, part, run
from tests.store.test_store import dump
from valuekit.errors import StoreError
from valuekit.store import RunOutcome, commit, open_store

STEPS = [*(step.__name__ for step in commit.STEPS), "finish"]

KILLED = """
import os, signal, sys, types
# Some libraries ship a package of this name: ours goes first.
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = [tests]
from tests.store.made import facts, later, part
from valuekit.store import RunOutcome, commit, open_store

store = open_store(url)

def dying(step):
    def made(*args):
        step(*args)
        os.kill(os.getpid(), signal.SIGKILL)
    return made

commit.STEPS = tuple(dying(one) if one.__name__ == step else one for one in commit.STEPS)
if step == "finish":
    commit.finish = dying(commit.finish)
number = store.begin("refresh", {}, later(10))
made = part(facts=facts(factor=9), scorecard="9")
store.commit(number, RunOutcome(number, (made,), complete=True), later(11))
"""


def state(store) -> tuple[object, ...]:
    return dump(store), store.scorecards(), store.registrations("churn"), store.latest_run()


@pytest.mark.parametrize("step", STEPS)
def test_an_exception_at_any_step_leaves_the_last_good_run(store, monkeypatch, step):
    run(store, part())
    before = state(store)

    def failing(one):
        def made(*args):
            one(*args)
            raise RuntimeError(step)

        return made

    steps = tuple(failing(one) if one.__name__ == step else one for one in commit.STEPS)
    monkeypatch.setattr(commit, "STEPS", steps)
    if step == "finish":
        monkeypatch.setattr(commit, "finish", failing(commit.finish))
    number = store.begin("refresh", {}, later(10))
    outcome = RunOutcome(number, (part(facts=facts(factor=9), scorecard="9"),), complete=True)
    with pytest.raises(RuntimeError, match=step):
        store.commit(number, outcome, later(11))
    assert state(store) == before
    store.fail(number, f"broke at {step}", later(11))
    assert state(store) == before
    latest = store.runs()[0]
    assert (latest.status, latest.message) == ("failed", f"broke at {step}")
    assert store.run_models(number) == ()
    assert store.queries(number, "churn") == ()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_kill_at_any_step_leaves_the_last_good_run_and_frees_the_lock(store, url):
    run(store, part())
    before = state(store)
    tests = str(Path(__file__).parents[1])
    assert {forked(KILLED, url=url, step=step, tests=tests) for step in STEPS} == {-signal.SIGKILL}
    assert state(store) == before
    assert [one.status for one in store.runs()] == ["running", *["failed"] * (len(STEPS) - 1), "ok"]
    number = run(store, part(scorecard="after"), minutes=20)
    assert [one.status for one in store.runs()] == ["ok", *["failed"] * len(STEPS), "ok"]
    assert {one.message for one in store.runs()} == {"", "its process was ended"}
    assert store.latest_run().id == number
    assert store.scorecards() == {"churn": "after"}


def test_a_reader_sees_the_last_good_run_while_another_writes(store, url):
    run(store, part())
    with open_store(url) as reader:
        before = state(reader)
        number = store.begin("refresh", {}, later(10))
        with store._writing() as connection:
            for step in commit.STEPS:
                step(connection, RunOutcome(number, (part(facts=facts(factor=9)),), complete=True))
            assert state(reader) == before
        store.fail(number, "", later(11))


def test_a_second_refresh_is_told_in_words_and_decisions_are_not_held_up(store, url):
    number = store.begin("refresh", {}, later(0))
    with open_store(url) as second:
        with pytest.raises(StoreError, match="another refresh of this store is running") as caught:
            second.begin("refresh", {}, later(1))
        assert caught.value.findings[0].code == "busy"
        second.note_report("a.csv", "portfolio", "csv", number, b"", at=later(1))
        store.fail(number, "stopped", later(2))
        assert second.begin("refresh", {}, later(3)) == number + 1


def test_closing_gives_the_lock_back(url):
    with open_store(url, create=True) as first:
        first.begin("refresh", {}, later(0))
    with open_store(url) as second:
        second.begin("refresh", {}, later(1))


def test_a_run_is_committed_once_and_only_when_it_runs(store):
    number = run(store, part())
    for wrong in (number, number + 5):
        with pytest.raises(StoreError, match="only a running run can be committed"):
            store.commit(wrong, RunOutcome(wrong, (part(),), complete=True), later(9))
    store.fail(number, "too late", later(9))
    assert store.latest_run().status == "ok"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_writer_that_holds_the_file_is_named(store, url, monkeypatch):
    run(store, part())
    held = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("valuekit.store.connect.BUSY_MS", 10)
    with (
        open_store(url) as second,
        pytest.raises(StoreError, match="another process is writing to the store"),
    ):
        second.begin("refresh", {}, later(5))
    held.close()
