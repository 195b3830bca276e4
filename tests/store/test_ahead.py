"""Stored facts read by another thread are those that the store has, whatever happens meanwhile."""

from __future__ import annotations

import threading
import time

import pandas as pd
import pytest

from tests.store.made import NOW, part
from valuekit.ahead import StoredFacts
from valuekit.errors import StoreError
from valuekit.store import RunOutcome, open_store
from valuekit.store.store import Store
from valuekit.store.tables import STORED


@pytest.fixture
def filled(store):
    number = store.begin("refresh", {}, NOW, workspace_hash="abc")
    store.commit(number, RunOutcome(number, (part(),), True, 1.0), NOW)
    return store


def _seen(monkeypatch, names, refused=None):
    """Note which thread reads what; refuse one fact."""
    read = Store.facts

    def noted(self, model, fact, *args, **more):
        names.append((threading.current_thread() is threading.main_thread(), fact))
        if fact == refused:
            raise StoreError("no such disk")
        return read(self, model, fact, *args, **more)

    monkeypatch.setattr(Store, "facts", noted)


def _busy(check):
    """Ten seconds of work, with a look at the other thread every now and then."""
    for _ in range(1_000):
        check()
        time.sleep(0.01)


def test_facts_read_ahead_are_the_stored_ones(filled, monkeypatch):
    wanted = {name: filled.facts("churn", name, segment=None) for name in STORED}
    read = []
    _seen(monkeypatch, read)
    found = StoredFacts(filled, "churn")
    first = found["score"]
    with found.ahead() as check:
        check()
    assert set(found) == set(STORED)
    for name, frame in found.items():
        pd.testing.assert_frame_equal(frame, wanted[name])
    assert len(wanted["score"]) > 0
    assert found["score"] is first
    with found.ahead():
        pass
    assert [name for main, name in read if main] == ["score"]
    assert sorted(name for _, name in read) == sorted(STORED)  # each once


def test_without_another_thread_each_is_read_when_asked_for(filled, monkeypatch):
    read = []
    _seen(monkeypatch, read)
    found = StoredFacts(filled, "churn")
    assert read == []
    assert len(found["cost"]) > 0
    assert read == [(True, "cost")]


def test_what_the_other_thread_could_not_read_is_told_meanwhile_and_at_the_end(filled, monkeypatch):
    _seen(monkeypatch, [], refused="score")
    found = StoredFacts(filled, "churn")
    with pytest.raises(StoreError, match="no such disk"), found.ahead() as check:
        _busy(check)
    with pytest.raises(StoreError, match="no such disk"), found.ahead():
        pass
    with pytest.raises(StoreError, match="no such disk"):
        found["score"]


def test_nobody_waits_for_the_other_thread_after_an_error(filled, monkeypatch):
    read, going = Store.facts, threading.Event()

    def slow(self, *args, **more):
        assert going.wait(60)
        return read(self, *args, **more)

    monkeypatch.setattr(Store, "facts", slow)
    found = StoredFacts(filled, "churn")
    with pytest.raises(ZeroDivisionError), found.ahead():
        raise ZeroDivisionError
    (other,) = (one for one in threading.enumerate() if one.name == "stored facts")
    assert other.daemon
    going.set()
    other.join(60)
    assert len(found._known) == 1  # the one that it was at
    wanted = filled.facts("churn", "score", segment=None)
    pd.testing.assert_frame_equal(found["score"], wanted)


def test_a_database_in_memory_is_read_by_one_thread(monkeypatch):
    with open_store("sqlite://", create=True) as store:
        number = store.begin("refresh", {}, NOW, workspace_hash="abc")
        store.commit(number, RunOutcome(number, (part(),), True, 1.0), NOW)
        read = []
        _seen(monkeypatch, read)
        found = StoredFacts(store, "churn")
        with found.ahead():
            assert read == []
        assert len(found["score"]) > 0
        assert read == [(True, "score")]
