"""What only a database server can do: refuse a user, drop a connection, be somewhere else."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy as sa

from tests.store.made import facts, later, part, run
from tests.store.test_store import dump
from valuekit.errors import StoreError
from valuekit.store import RunOutcome, open_store

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def refused(url: str, **options: bool) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url, **options)
    (finding,) = caught.value.findings
    return finding.code


def plain(url: str) -> sa.URL:
    return sa.make_url(url)


def test_the_plain_address_is_enough(url):
    short = plain(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with open_store(short, create=True) as store:
        run(store, part())
        assert len(store.facts("churn", "cost")) == 3


def test_what_cannot_be_reached_is_said(url):
    nowhere = plain(url).set(database="nobody_made_this").render_as_string(hide_password=False)
    assert refused(nowhere) == "unreachable"
    assert refused("postgresql://someone@127.0.0.1:1/values") == "unreachable"


def test_a_missing_driver_says_what_to_install(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert refused(url) == "no_driver"


def test_other_databases_are_refused(url):
    del url
    assert refused("mysql://root@localhost/values") == "store_kind"


def test_a_password_is_never_shown(url):
    del url
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://ada:s3cret@127.0.0.1:1/values")
    assert str(caught.value).startswith("postgresql://ada:***@127.0.0.1:1/values: ")
    assert "s3cret" not in str(caught.value)


def test_a_user_who_may_only_read_reads(store, url):
    number = run(store, part())
    name = f"reader_{plain(url).database}"
    with store._engine.begin() as connection:
        connection.exec_driver_sql(f'CREATE ROLE "{name}" LOGIN')
        connection.exec_driver_sql(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{name}"')
    address = plain(url).set(username=name).render_as_string(hide_password=False)
    try:
        with open_store(address) as reader:
            assert reader.latest_run().id == number
            with pytest.raises(StoreError, match="may only read"):
                reader.begin("refresh", {}, later(1))
    finally:
        with store._engine.begin() as connection:
            connection.exec_driver_sql(f'DROP OWNED BY "{name}"')
            connection.exec_driver_sql(f'DROP ROLE "{name}"')


def test_a_lost_connection_leaves_the_last_good_run(store, url):
    run(store, part())
    before = dump(store)
    with open_store(url) as writer:
        number = writer.begin("refresh", {}, later(1))
        with store._engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert dump(store) == before
        # Its lock died with its session: the next run is not blocked, and the old one is over.
        after = run(store, part(facts=facts(days=2)))
        assert after > number
        with pytest.raises(StoreError, match=r"is failed|connection"):
            writer.commit(number, _outcome(number), later(3))
    assert store.latest_run().id == after


def _outcome(number: int):
    return RunOutcome(run=number, parts=(part(),), complete=True)


def test_readers_see_one_state_over_several_statements(store, url):
    run(store, part())
    with open_store(url) as reader, reader._reading() as connection:
        count = "SELECT count(*) FROM runs"
        first = connection.exec_driver_sql(count).scalar_one()
        run(store, part(facts=facts(days=2)))
        assert connection.exec_driver_sql(count).scalar_one() == first
