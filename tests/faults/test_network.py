"""PostgreSQL behind a proxy of the tests' own: cut, stalled, gone."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import valuekit.refresh
from benchmarks.faults import tiny
from tests.faults.proxy import Proxy
from valuekit.api import Workspace
from valuekit.errors import StoreError
from valuekit.store import commit, lock, open_store, patience

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)

SOON = 20.0  # seconds; every deadline below is 1 s, the machine may be busy


@pytest.fixture
def proxy(url):
    folder = sa.make_url(url).query["host"]
    made = Proxy(Path(str(folder)) / ".s.PGSQL.5432")
    yield made
    made.close()


@pytest.fixture
def far(refreshed, url, proxy):
    """The refreshed workspace, its store now reached through the proxy."""
    through = sa.make_url(url).set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
    address = through.render_as_string(hide_password=False)
    text = refreshed.path.read_text()
    refreshed.path.write_text(text.replace(url, address))
    yield refreshed
    proxy.flow()


@pytest.fixture
def hasty(monkeypatch):
    """Deadlines of a second, so that the tests need not wait for minutes."""
    monkeypatch.setattr(patience, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(patience, "READ_SECONDS", 1)
    monkeypatch.setattr(patience, "WRITE_SECONDS", 1)
    monkeypatch.setattr(patience, "_SLACK", 0.5)
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.5)
    monkeypatch.setattr(lock, "SILENT_SECONDS", 3)


def during(step: str, monkeypatch, deed) -> None:
    """Do something after a step of the transaction."""

    def then(one):
        def made(*words):
            one(*words)
            deed()

        return made

    steps = tuple(then(one) if one.__name__ == step else one for one in commit.STEPS)
    monkeypatch.setattr(commit, "STEPS", steps)


def test_a_run_through_the_proxy_is_like_any_other(far):
    far.clean()


@pytest.mark.parametrize("step", [one.__name__ for one in commit.STEPS])
def test_a_cut_in_the_middle_of_the_transaction(far, proxy, monkeypatch, step):
    with monkeypatch.context() as patch:
        during(step, patch, proxy.cut)
        assert far.broken() == "connection_lost"
    far.kept("connection_lost")
    far.clean()


def test_a_run_is_stored_although_the_answer_to_its_commit_was_lost(
    far, proxy, monkeypatch, caplog
):
    """The server committed, and the connection was cut before it could say so."""
    caplog.set_level("INFO", "valuekit")
    with monkeypatch.context() as patch:
        last = commit.STEPS[-1].__name__
        during(last, patch, lambda: proxy.cut_before_the_answer(b"COMMIT"))
        outcome = far.refresh()
    with Workspace.load(far.path).store() as store:
        (last,) = store.runs(1)
        assert (last.id, last.status, last.cause) == (outcome.run, "ok", "")
        assert store.latest_run().id == outcome.run > far.run
        assert tiny.figures(store) != far.figures
        assert not store.locked()
    events = [one.getMessage() for one in caplog.records]
    assert events.count("run_stored") == 1
    assert "run_failed" not in events
    far.clean()


def at(text, deed):
    """A progress callback that does something once, when the run says what it is doing."""
    done = []

    def progress(_model, said, _share):
        if text in said and not done:
            done.append(None)
            deed()

    return progress


@pytest.mark.parametrize("text", ["opening", "assessing"])
def test_a_cut_before_the_transaction_ends_the_run(far, proxy, text):
    """Its lock went with the session; that nobody took it meanwhile, the run cannot know."""
    assert far.broken(at(text, proxy.cut)) == "connection_lost"
    far.kept("connection_lost")
    far.clean()


def test_a_lock_that_is_known_to_be_lost_ends_the_run_early(far, proxy, monkeypatch):
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.05)

    def cut():
        proxy.cut()
        time.sleep(1.0)

    def never(*_):
        raise AssertionError("nothing is assessed for a run that cannot be committed")

    monkeypatch.setattr(valuekit.refresh, "assess", never)
    assert far.broken(at("opening", cut)) == "connection_lost"
    far.kept("connection_lost")


@pytest.mark.parametrize("text", ["opening", "storing"])
def test_a_refresh_in_the_gap_is_not_overwritten(far, proxy, url, text):
    """The lock is free after the cut: another refresh commits, and the first may not."""
    second = []

    def cut_and_overtake():
        proxy.cut()
        tiny.feed(far.path.parent, 3)
        loaded = Workspace.load(far.path).loaded
        with open_store(url) as store:
            until = time.monotonic() + SOON
            while store.locked():
                assert time.monotonic() < until, "the lock of a cut session was not freed"
                time.sleep(0.05)
            ask = valuekit.refresh.Asked(
                accept_gone=True
            )  # as the tables of this test go to and fro
            made = valuekit.refresh.refresh(loaded, store, now=datetime.now(UTC), ask=ask)
            second.append(made.run)
            second.append(tiny.figures(store))

    assert far.broken(at(text, cut_and_overtake)) == "connection_lost"
    run, figures = second
    with open_store(url) as store:
        assert store.latest_run().id == run
        assert tiny.figures(store) == figures != far.figures
        found = {one.id: (one.status, one.cause) for one in store.runs()}
        assert found == {
            far.run: ("ok", ""),
            run - 1: ("failed", "connection_lost"),
            run: ("ok", ""),
        }
        assert not store.locked()
    far.clean()


def test_a_stall_in_the_middle_of_the_transaction_is_given_up(far, proxy, url, monkeypatch, hasty):
    """TCP is healthy, every byte is acknowledged: only the client's own deadline fires."""
    del hasty
    with monkeypatch.context() as patch:
        stalled = []

        def stall():
            stalled.append(time.monotonic())
            proxy.stall()

        during("replace_facts", patch, stall)
        assert far.broken() == "no_answer"
        assert time.monotonic() - stalled[0] < SOON
    # The proxy is still dumb. Readers on another way see the last good run, and the server frees
    # the lock of a session that says nothing.
    with open_store(url) as near:
        assert near.latest_run().id == far.run
        assert tiny.figures(near) == far.figures
        until = time.monotonic() + SOON
        while near.locked():
            assert time.monotonic() < until, "the lock of a silent session was not freed"
            time.sleep(0.1)
    proxy.flow()
    monkeypatch.undo()  # deadlines again that a busy machine keeps
    far.kept()
    far.clean()


def test_a_holder_that_lives_keeps_the_lock_however_long_it_computes(far, hasty):
    del hasty
    held = Workspace.load(far.path)
    with held.store() as first, held.store() as second:
        number = first.begin("refresh", {}, datetime.now(UTC))
        time.sleep(2 * lock.SILENT_SECONDS)  # nothing but the beat
        assert second.locked()
        with pytest.raises(StoreError, match=f"is running: run {number}, process"):
            second.begin("refresh", {}, datetime.now(UTC))
        first.fail(number, "over", datetime.now(UTC))
        assert not second.locked()


def test_a_proxy_that_accepts_and_says_nothing(far, proxy, monkeypatch, hasty):
    del hasty
    proxy.stall()
    began = time.monotonic()
    assert far.broken() == "unreachable"
    assert time.monotonic() - began < SOON
    proxy.flow()
    monkeypatch.undo()  # deadlines again that a busy machine keeps
    far.kept()
    far.clean()


def test_a_reader_gives_up_too(far, proxy, hasty):
    del hasty
    with Workspace.load(far.path).store() as store:
        store.latest_run()
        proxy.stall()
        began = time.monotonic()
        with pytest.raises(StoreError) as caught:
            store.latest_run()
        assert caught.value.findings[0].code in {"no_answer", "unreachable"}
        assert time.monotonic() - began < SOON


def test_a_proxy_that_is_gone(far, proxy, url):
    proxy.close()
    assert far.broken() == "unreachable"
    with open_store(url) as near:
        assert tiny.figures(near) == far.figures


def test_a_statement_that_takes_too_long_is_ended_by_the_server(far, hasty):
    del hasty
    with (
        Workspace.load(far.path).store() as store,
        pytest.raises(StoreError) as caught,
        store._writing() as connection,
    ):
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    assert caught.value.findings[0].code == "too_slow"
