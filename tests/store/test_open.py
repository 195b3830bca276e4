"""Opening: the right schema, our own database, read-only where it must be; else words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.store.made import NOW, part, run
from tests.store.test_store import dump
from valuekit.errors import StoreError
from valuekit.store import open_store
from valuekit.store.migrate import MIGRATIONS, ensure, move, revision
from valuekit.store.tables import HEAD, KNOWN, metadata


def refused(url: str, *, create: bool = False) -> tuple[str, str]:
    with pytest.raises(StoreError) as caught:
        open_store(url, create=create)
    (finding,) = caught.value.findings
    return finding.code, str(finding)


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_migrations_and_tables_say_the_same(store):
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [HEAD]
    assert {one.revision for one in scripts.walk_revisions()} == KNOWN


def test_down_and_up_again_leaves_an_empty_store(store):
    run(store, part())
    move(store._engine, "base")
    assert sa.inspect(store._engine).get_table_names() == ["alembic_version"]
    ensure(store._engine, "store", create=True)
    assert store.runs() == ()
    assert not any(dump(store).values())


@pytest.mark.parametrize(
    ("target", "reached"),
    [("-1", "0009"), ("-2", "0008"), ("0007", "0007"), ("0002", "0002"), (HEAD, HEAD)],
)
def test_a_move_by_name_or_by_steps_arrives(store, target, reached):
    move(store._engine, target)
    assert revision(store._engine) == reached
    move(store._engine, "head")
    assert revision(store._engine) == HEAD
    move(store._engine, "-1")
    move(store._engine, "+1")
    assert revision(store._engine) == HEAD


@pytest.mark.parametrize("target", ["-99", "+1", "0042", "nonsense", ""])
def test_a_move_that_cannot_be_made_is_refused(store, target):
    run(store, part())
    before = dump(store)
    with pytest.raises(StoreError) as caught:
        move(store._engine, target)
    (found,) = caught.value.findings
    assert found.code == "no_revision"
    assert found.value.startswith(f"{target}: ")
    assert dump(store) == before
    assert revision(store._engine) == HEAD


def test_opening_twice_changes_nothing(store, url):
    run(store, part())
    before = dump(store)
    with open_store(url, create=True) as again:
        assert dump(again) == before


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_sqlite_runs_with_a_log_and_foreign_keys(store):
    with store._engine.connect() as connection:
        for pragma, value in (
            ("journal_mode", "wal"),
            ("foreign_keys", 1),
            ("busy_timeout", 10_000),
        ):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_a_store_in_memory_works():
    with open_store("sqlite://", create=True) as store:
        run(store, part())
        assert len(store.facts("churn", "cost")) == 3


def test_a_missing_store_says_what_to_run(url, tmp_path):
    code, text = refused(url)
    assert code == "not_refreshed"
    assert "Run: valuekit refresh" in text
    assert list(tmp_path.iterdir()) == []
    code, text = refused(f"sqlite:///{tmp_path}/missing/values.db", create=True)
    assert code == "no_store_folder"
    assert f"mkdir -p {tmp_path}/missing" in text


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_empty_file_is_a_store_that_was_never_filled(url):
    file_of(url).touch()
    assert refused(url)[0] == "not_refreshed"
    open_store(url, create=True).close()


def test_a_newer_schema_is_refused_whoever_opens(store, url):
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for create in (False, True):
        code, text = refused(url, create=create)
        assert code == "newer_store"
        assert "schema 9999" in text
        assert "Install the newest valuekit" in text


def test_a_strangers_database_is_left_alone(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE invoices (id INTEGER)")
    engine.dispose()
    for create in (False, True):
        code, text = refused(url, create=create)
        assert code == "not_a_store"
    assert "invoices" in text


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_database_is_named(url, create):
    file_of(url).write_text("id,amount\n" * 200)
    assert refused(url, create=create)[0] == "not_a_store"
    assert file_of(url).read_text().startswith("id,amount")


@pytest.mark.parametrize("url", ["", "valuekit.db", "sqlite//x"])
def test_what_is_no_address_is_named(url):
    assert refused(url)[0] == "store_url"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_store_that_may_not_be_written_is_read_and_never_changed(store, url, monkeypatch):
    number = run(store, part())
    store.close()
    before = file_of(url).read_bytes()
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    assert refused(url, create=True)[0] == "read_only"
    with open_store(url) as reader:
        assert reader.latest_run().id == number
        assert len(reader.facts("churn", "score", segment=None)) == 6
        assert reader.data_version()
        for write in (
            lambda: reader.begin("refresh", {}, NOW),
            lambda: reader.note_report("a", "portfolio", "csv", number, b"", at=NOW),
        ):
            with pytest.raises(StoreError, match="may only be read here"):
                write()
        with pytest.raises(sa.exc.OperationalError, match="readonly"), reader._engine.begin() as c:
            c.exec_driver_sql("DELETE FROM runs")
    assert file_of(url).read_bytes() == before


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_store_in_a_folder_that_may_not_be_written_is_read(store, url, monkeypatch):
    """A log cannot be made there, so the file is opened as one that nobody changes."""
    run(store, part())
    store.close()
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    made = sa.create_engine
    gone = sa.URL.create("sqlite", database=f"file:{file_of(url)}/x?mode=ro", query={"uri": "true"})
    addresses = []

    def no_log(address, **options):
        addresses.append(str(address))
        return made(address if "immutable" in str(address) else gone, **options)

    monkeypatch.setattr(sa, "create_engine", no_log)
    with open_store(url) as reader:
        assert len(reader.facts("churn", "cost")) == 3
    assert len(addresses) == 2
