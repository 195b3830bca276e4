"""Twenty writers at the same moment: one begins, the others are told who holds the lock."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from threading import Timer

import pytest
from alembic.runtime.environment import EnvironmentContext

from benchmarks.faults.race import race
from valuekit.store import migrate, open_store

RACERS = 20


def test_one_of_twenty_wins_and_the_others_are_told(refreshed, url):
    found = race(url, RACERS)
    assert found.other == ()
    assert (found.winners, found.told) == (1, RACERS - 1)
    refreshed.kept("drill")
    refreshed.clean()


def test_the_first_refresh_of_a_store_that_does_not_exist_yet_is_won_by_one(url):
    found = race(url, RACERS)
    assert found.other == ()
    assert (found.winners, found.told) == (1, RACERS - 1)
    with open_store(url) as store:
        assert [one.cause for one in store.runs()] == ["drill"]
        assert not store.locked()


def test_the_last_to_be_killed_is_not_named_as_the_holder(refreshed, url):
    """A run whose process is gone is not the one that holds the lock."""
    del refreshed
    with open_store(url) as first, open_store(url) as second:
        number = first.begin("refresh", {}, datetime.now(UTC))
        assert second.locked()
        assert f"run {number}, process " in second._holder()
        with first._writing() as connection:
            connection.exec_driver_sql(
                f"UPDATE runs SET holder = 'process 999999999 on nowhere' WHERE id = {number}"
            )
        assert "on nowhere" in second._holder()  # of another machine nothing is known
        first.fail(number, "over", datetime.now(UTC))
        assert not second.locked()


def test_a_store_that_another_process_has_just_made_is_no_strangers(refreshed, url, monkeypatch):
    """Its revision was read before the other one's commit, its tables after."""
    del refreshed
    real, early = migrate.revision, [None]
    monkeypatch.setattr(migrate, "revision", lambda engine: early.pop() if early else real(engine))
    moved: list[str] = []
    monkeypatch.setattr(EnvironmentContext, "run_migrations", lambda _: moved.append("again"))
    with open_store(url, create=True) as store:
        assert early == []
        assert store.latest_run() is not None
    assert moved == []  # twenty that wait for one another have no time to look at every step


def test_a_new_file_in_the_hands_of_another_process_is_waited_for(tmp_path):
    """SQLite itself refuses at once to begin the log of a file that another one is reading."""
    path = tmp_path / "values.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM alembic_version").fetchall()
    eager = sqlite3.connect(path, timeout=10)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        eager.execute("PRAGMA journal_mode = WAL")
    eager.close()
    later = Timer(0.3, other.close)
    later.start()
    try:
        with open_store(f"sqlite:///{path}", create=True) as store:
            assert store.latest_run() is None
    finally:
        later.join()
