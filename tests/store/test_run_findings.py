"""What a run found that belongs to no single model is kept with it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.store.made import NOW, later, part, run
from valuekit.errors import Finding
from valuekit.store import RunOutcome, open_store, tables
from valuekit.store.connect import connect
from valuekit.store.migrate import move, revision

SPLIT = Finding("pools[0] people", "3 days", "split evenly", "Nothing.", "info", "pool", 3)


def test_findings_of_no_single_model_are_kept_with_the_run(store):
    number = store.begin("refresh", {}, NOW)
    outcome = RunOutcome(number, (part(),), complete=True, general=(SPLIT,))
    store.commit(number, outcome, later(1))
    assert store.latest_run().findings == (SPLIT,)
    assert store.run_models(number)[0].findings == part().findings
    again = run(store, part(), minutes=2)
    assert [(one.id, one.findings) for one in store.runs()] == [(again, ()), (number, (SPLIT,))]


def test_a_failed_run_has_none(store):
    store.fail(store.begin("refresh", {}, NOW), "no", later(1))
    assert store.runs()[0].findings == ()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_runs_of_an_older_store_are_kept_and_found_nothing(url):
    engine = connect(sa.make_url(url), writable=True)
    move(engine, "0002")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO runs (kind, started, status, complete, parameters, workspace_hash, "
            "valuekit_version, seconds, rows_read, fact_rows, message) VALUES "
            "('refresh', '2026-01-01 00:00:00', 'ok', 1, '{}', '', '0', 1.0, 5, 7, '')"
        )
    with open_store(url, create=True) as store:
        (old,) = store.runs()
        assert (old.rows_read, old.fact_rows, old.findings) == (5, 7, ())
        run(store, part())
        assert len(store.runs()) == 2
    assert revision(engine) == tables.HEAD
    engine.dispose()
