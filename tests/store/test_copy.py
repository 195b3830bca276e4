"""Backup and restore: a drill on every pair of databases, and what goes wrong."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from tests.postgres import server
from tests.store.conftest import database
from tests.store.made import NOW, facts, later, part, run
from valuekit.errors import StoreError
from valuekit.scorecard import Decision
from valuekit.store import open_store
from valuekit.store.tables import metadata

_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request, tmp_path, worker_id):
    """The address of a second store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/other.db"
        return
    name = f"copy_{worker_id}_{next(_numbers)}"
    yield from database(server(), name)


def everything(store) -> dict[str, list]:
    with store._engine.connect() as connection:
        return {
            name: connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
            for name, table in metadata.tables.items()
        }


def code(error: pytest.ExceptionInfo[StoreError]) -> str:
    return error.value.findings[0].code


def filled(store) -> int:
    number = run(store, part("churn"), part("leads", facts=facts("leads", days=2)))
    store.decide(
        Decision(
            model="churn",
            action="keep",
            reason="Pays for itself – “really”",
            person="Ada",
            at=NOW,
            run=number,
            verdict="keep",
            net=0.1 + 0.2,
        )
    )
    store.note_report("a.csv", "portfolio", "csv", number, b"x", at=NOW)
    return number


def test_the_drill(store, other, tmp_path):
    number = filled(store)
    counts = store.backup(tmp_path / "kept.db")
    before = everything(store)
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert counts["vectors"]
    with open_store(other, create=True) as empty:
        assert empty.restore(tmp_path / "kept.db") == counts
        assert everything(empty) == before
        assert empty.latest_run() == store.latest_run()
        assert empty.scorecards() == store.scorecards()
        # Life goes on: new rows are numbered after the restored ones.
        assert run(empty, part(facts=facts(days=4)), minutes=60) > number
        assert len(empty.decisions()) == 1
    assert everything(store) == before


def test_a_backup_is_a_store_itself(store, tmp_path):
    filled(store)
    store.backup(tmp_path / "kept.db")
    assert [one.name for one in tmp_path.glob("kept*")] == ["kept.db"]
    with open_store(f"sqlite:///{tmp_path}/kept.db") as kept:
        assert kept.decisions() == store.decisions()


def test_nothing_is_replaced(store, tmp_path):
    filled(store)
    kept = tmp_path / "kept.db"
    store.backup(kept)
    data = kept.read_bytes()
    with pytest.raises(StoreError) as caught:
        store.backup(kept)
    assert code(caught) == "exists"
    assert kept.read_bytes() == data
    before = everything(store)
    with pytest.raises(StoreError) as caught:
        store.restore(kept)
    assert code(caught) == "not_empty"
    assert everything(store) == before


def test_a_folder_that_is_not_there(store, tmp_path):
    with pytest.raises(StoreError) as caught:
        store.backup(tmp_path / "no" / "kept.db")
    assert code(caught) == "no_folder"


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "stranger"])
def test_what_is_no_backup_leaves_the_store_empty(store, other, tmp_path, damage):
    filled(store)
    kept = tmp_path / "kept.db"
    store.backup(kept)
    if damage == "missing":
        kept.unlink()
    elif damage == "text":
        kept.write_text("id,amount\n" * 300)
    elif damage == "cut":
        kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    else:
        kept.unlink()
        engine = sa.create_engine(f"sqlite:///{kept}")
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE invoices (id INTEGER)")
        engine.dispose()
    with open_store(other, create=True) as empty:
        with pytest.raises(StoreError):
            empty.restore(kept)
        assert not any(everything(empty).values())
        run(empty, part())


def test_the_holder_of_the_lock_is_named(store, other):
    del other
    number = store.begin("refresh", {}, NOW)
    with (
        open_store(store._url.render_as_string(hide_password=False)) as second,
        pytest.raises(StoreError, match=f"run {number}, process .*, since 2026-03-01 06:30:00 UTC"),
    ):
        second.begin("refresh", {}, later(1))
