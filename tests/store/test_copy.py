"""Backup and restore: a drill on every pair of databases, and what goes wrong."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from tests.postgres import server
from tests.store.conftest import database
from tests.store.made import NOW, facts, later, part, run
from valuekit.errors import StoreError
from valuekit.scorecard import Decision
from valuekit.store import open_store
from valuekit.store.connect import connect
from valuekit.store.digest import seal
from valuekit.store.migrate import move
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


@pytest.fixture
def crossed(store, tmp_path, worker_id):
    """The address of a second store, of the kind that the first is not."""
    if store._url.get_backend_name() == "postgresql":
        yield f"sqlite:///{tmp_path}/crossed.db"
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
    made = store.backup(tmp_path / "kept.db")
    before = everything(store)
    assert made.rows == {name: len(rows) for name, rows in before.items()}
    assert made.rows["vectors"]
    with open_store(other, create=True) as empty:
        assert empty.restore(tmp_path / "kept.db") == made
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


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "index", "stranger"])
def test_what_is_no_backup_leaves_the_store_empty(store, crossed, tmp_path, damage):
    filled(store)
    kept = tmp_path / "kept.db"
    store.backup(kept)
    if damage == "missing":
        kept.unlink()
    elif damage == "text":
        kept.write_text("id,amount\n" * 300)
    elif damage == "cut":
        kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    elif damage == "index":  # more than one row of it is wrong
        with closing(sqlite3.connect(kept)) as file, file:
            file.executescript(
                "CREATE TABLE more (a, b); INSERT INTO more VALUES (1, 2), (3, 4), (5, 6);"
                "CREATE INDEX of_more ON more (a); PRAGMA writable_schema = ON;"
                "UPDATE sqlite_master SET sql = 'CREATE INDEX of_more ON more (b)' "
                "WHERE name = 'of_more'"
            )
        with closing(sqlite3.connect(kept)) as file:
            assert len(file.execute("PRAGMA integrity_check").fetchall()) > 1
    else:
        kept.unlink()
        engine = sa.create_engine(f"sqlite:///{kept}")
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE invoices (id INTEGER)")
        engine.dispose()
    with open_store(crossed, create=True) as empty:
        with pytest.raises(StoreError) as caught:
            empty.restore(kept)
        (found,) = caught.value.findings
        assert found.place == str(kept)
        assert damage != "index" or found.code == "damaged"
        assert "backup" in f"{found.rule} {found.remedy}".lower()
        assert "refresh" not in found.remedy  # and no word of the store's own remedies
        assert "Correct `store`" not in found.remedy
        assert not any(everything(empty).values())
        run(empty, part())


# A row of each kind of table that a backup has, changed by SQL as a disk would change it by bytes:
# the file stays a sound database.
CHANGES = {
    "an amount": "UPDATE fact_cost SET amount = amount + 1 WHERE line = 0",
    "a vector": "UPDATE vectors SET payload = zeroblob(length(payload)) WHERE line = 0",
    "text to bytes": "UPDATE runs SET workspace_hash = CAST(workspace_hash AS BLOB)",
    "a float": "UPDATE runs SET seconds = seconds + 1e-15",
    "a row less": "DELETE FROM statements",
    "a row more": "INSERT INTO series (model, version, segment) VALUES ('x', 'y', 'z')",
    "a revision": "UPDATE alembic_version SET version_num = '0007'",
    "a digest": "UPDATE backup_digest SET sha256 = '00' WHERE \"table\" = 'runs'",
    "a digest less": "DELETE FROM backup_digest WHERE \"table\" = 'runs'",
    "no digest": "DROP TABLE backup_digest",
    "a column": "ALTER TABLE reports RENAME COLUMN size TO sizf",
}


def changed(kept, statement: str) -> None:
    with closing(sqlite3.connect(kept)) as file, file:
        file.execute(statement)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("change", CHANGES)
def test_a_backup_whose_content_changed_restores_nothing(store, crossed, tmp_path, change):
    filled(store)
    kept = tmp_path / "kept.db"
    store.backup(kept)
    changed(kept, CHANGES[change])
    with open_store(crossed, create=True) as empty:
        with pytest.raises(StoreError) as caught:
            empty.restore(kept)
        (found,) = caught.value.findings
        assert (found.code, found.place) == ("digest", str(kept))
        assert found.value.startswith("changed: ")
        assert "older backup" in found.remedy
        assert not any(everything(empty).values())


def test_a_flipped_byte_never_passes_unseen(store, tmp_path):
    """Anywhere in the file: refused, or it lay where no row is, and the rows are the same."""
    filled(store)
    kept, before = tmp_path / "kept.db", everything(store)
    store.backup(kept)
    good = kept.read_bytes()
    refused = 0
    filled_bytes = [place for place, byte in enumerate(good) if byte]  # pages are mostly empty
    for number, place in enumerate(
        np.random.default_rng(7).choice(filled_bytes, 60, replace=False).tolist()
    ):
        kept.write_bytes(
            good[:place] + bytes([good[place] ^ (1 << number % 8)]) + good[place + 1 :]
        )
        with open_store(f"sqlite:///{tmp_path}/{number}.db", create=True) as empty:
            try:
                empty.restore(kept)
            except StoreError as error:
                refused += 1
                assert error.findings[0].place == str(kept)  # noqa: PT017 (or none is raised)
                assert not any(everything(empty).values())
            else:
                assert everything(empty) == before
    assert refused > 30


def test_what_changes_no_row_changes_no_digest(store, other, tmp_path):
    """A vacuum moves every page, a look by another program may; the rows are what counts."""
    filled(store)
    kept = tmp_path / "kept.db"
    made = store.backup(kept)
    before = kept.read_bytes()
    with closing(sqlite3.connect(kept)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
        file.execute("VACUUM")
    assert kept.read_bytes() != before
    with open_store(other, create=True) as empty:
        assert empty.restore(kept) == made


def test_the_digest_is_one_that_others_can_recompute(store, tmp_path):
    filled(store)
    kept = tmp_path / "kept.db"
    made = store.backup(kept)
    with closing(sqlite3.connect(kept)) as file:
        told = dict(file.execute('SELECT "table", sha256 FROM backup_digest'))
        file.text_factory = bytearray
        for name, digest in told.items():
            rows = file.execute(f"SELECT * FROM {name} NOT INDEXED")
            lines = [[one[0] for one in rows.description], *rows]
            content = "\n".join(ascii(line) for line in lines)
            assert hashlib.sha256(content.encode()).hexdigest() == digest
    assert set(told) == {*metadata.tables, "alembic_version"}
    listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(told.items()))
    assert hashlib.sha256(listed.encode()).hexdigest() == made.digest


def test_a_backup_of_an_older_version_is_restored_with_a_word(store, other, tmp_path):
    filled(store)
    kept, before = tmp_path / "kept.db", everything(store)
    store.backup(kept)
    with closing(sqlite3.connect(kept)) as file, file:  # as it was before there were digests
        file.execute("DROP TABLE backup_digest")
        file.execute("PRAGMA user_version = 0")
    with open_store(other, create=True) as empty:
        made = empty.restore(kept)
        assert everything(empty) == before
    (found,) = made.findings
    assert (made.digest, found.severity, found.place) == ("", "warning", str(kept))
    assert "no digest" in found.rule


def test_a_backup_of_an_older_schema_is_checked_as_it_was_made(store, other, tmp_path):
    number = filled(store)
    kept = tmp_path / "kept.db"
    store.backup(kept)
    with closing(sqlite3.connect(kept)) as file, file:
        file.execute("DROP TABLE backup_digest")
    engine = connect(sa.URL.create("sqlite", database=str(kept)), writable=True)
    move(engine, "-1")
    engine.dispose()
    seal(kept)
    with open_store(other, create=True) as empty:
        assert not empty.restore(kept).findings
        assert empty.latest_run().id == number


def test_an_empty_database_is_no_backup(store, tmp_path):
    kept = tmp_path / "kept.db"
    with closing(sqlite3.connect(kept)) as file, file:
        file.execute("PRAGMA user_version = 3")
    with pytest.raises(StoreError) as caught:
        store.restore(kept)
    assert code(caught) == "not_a_store"


def test_the_holder_of_the_lock_is_named(store, other):
    del other
    number = store.begin("refresh", {}, NOW)
    with (
        open_store(store._url.render_as_string(hide_password=False)) as second,
        pytest.raises(StoreError, match=f"run {number}, process .*, since 2026-03-01 06:30:00 UTC"),
    ):
        second.begin("refresh", {}, later(1))
