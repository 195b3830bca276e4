"""Rows held back: stored once for good, counted for every run, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from tests.bookkeeping import rows
from tests.store.made import facts, part, run
from valuekit.errors import StoreError
from valuekit.source import Held
from valuekit.store import open_store, tables
from valuekit.store.connect import WRITE
from valuekit.store.migrate import MIGRATIONS, ensure
from valuekit.store.records import IntakeRecord

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def held(number: int, rule: str = "bad_score", source: str = "predictions") -> Held:
    return Held(
        source=source,
        table="p",
        rule=rule,
        reference=f"id p{number}",
        column="score",
        value="nan – “x” '",
        reason="why",
        at=AT + timedelta(minutes=number),
        day=AT.date(),
        row_hash=f"{number:064x}",
    )


def intake(*counts: tuple[str, str, str, int, int], model: str = "churn"):
    return rows(
        "intake",
        *(
            {"source": source, "rule": rule, "fate": fate, "rows": n, "model": model,
             "day": date(2026, 1, day)}
            for source, rule, fate, n, day in counts
        ),
    )  # fmt: skip


USED = ("predictions", "accepted", "accepted", 90, 1)


def with_rows(*examples: Held, model: str = "churn", n: int = 7):
    found = intake(
        USED,
        ("predictions", "bad_score", "quarantined", n, 2),
        ("predictions", "bad_score", "quarantined", 1, 4),
        model=model,
    )
    return part(model, facts={**facts(model), "intake": found}, held=examples)


def test_a_row_is_stored_once_and_stays_current(store):
    first = run(store, with_rows(held(1), held(2)))
    second = run(store, with_rows(held(2), held(3)), minutes=10)
    assert [(one.run, one.row, one.current) for one in store.quarantine(past=True)] == [
        (second, held(3), True),
        (first, held(2), True),
        (first, held(1), False),
    ]
    assert [one.row for one in store.quarantine()] == [held(3), held(2)]


def test_ten_nights_store_nothing_new(store):
    examples = tuple(held(number) for number in range(20))
    for night in range(10):
        run(store, with_rows(*examples), minutes=10 * night)
    assert len(store.quarantine(past=True)) == 20
    assert {one.run for one in store.quarantine()} == {1}
    assert [one.rows for one in store.run_intake(10)] == [90, 8]


def test_counts_of_a_run(store):
    number = run(store, with_rows(held(1)), with_rows(held(1), model="leads", n=2))
    assert store.run_intake(number) == (
        IntakeRecord(number, "churn", "predictions", "accepted", "accepted", 90,
                     date(2026, 1, 1), date(2026, 1, 1)),
        IntakeRecord(number, "churn", "predictions", "bad_score", "quarantined", 8,
                     date(2026, 1, 2), date(2026, 1, 4)),
        IntakeRecord(number, "leads", "predictions", "accepted", "accepted", 90,
                     date(2026, 1, 1), date(2026, 1, 1)),
        IntakeRecord(number, "leads", "predictions", "bad_score", "quarantined", 3,
                     date(2026, 1, 2), date(2026, 1, 4)),
    )  # fmt: skip
    assert [one.model for one in store.quarantine()] == ["churn", "leads"]
    assert [one.model for one in store.quarantine("leads", "bad_score")] == ["leads"]
    assert store.quarantine("leads", "orphan") == ()


def test_the_same_row_under_two_rules_and_sources_is_two(store):
    other = held(1, "orphan", "outcomes")
    found = intake(
        USED,
        ("predictions", "bad_score", "quarantined", 1, 2),
        ("outcomes", "orphan", "quarantined", 1, 2),
    )
    run(store, part(facts={"intake": found}, held=(held(1), other)))
    assert {one.row for one in store.quarantine()} == {held(1), other}


def test_rows_that_are_met_no_more_stay_in_the_log(store):
    first = run(store, with_rows(held(1)))
    clean = part(facts={**facts(), "intake": intake(USED)})
    second = run(store, clean, minutes=10)
    assert store.quarantine() == ()
    assert [(one.run, one.row) for one in store.quarantine(past=True)] == [(first, held(1))]
    assert [one.rule for one in store.run_intake(second)] == ["accepted"]


def test_counts_are_of_all_days_where_a_run_wrote_some(store):
    """The other days stay stored: what stands after the run is what is counted."""
    run(store, with_rows(held(1)))
    some = intake(("predictions", "bad_score", "quarantined", 3, 2))
    replaced = {"intake": {date(2026, 1, 2)}}
    second = run(
        store, part(facts={"intake": some}, replaced=replaced, held=(held(1),)), minutes=10
    )
    assert [(one.rule, one.rows) for one in store.run_intake(second)] == [
        ("accepted", 90),
        ("bad_score", 4),
    ]
    assert [one.row for one in store.quarantine()] == [held(1)]


def test_a_row_without_time(store):
    run(store, with_rows(replace(held(1), at=None), held(2)))
    assert [one.row.at for one in store.quarantine()] == [held(2).at, None]


@pytest.mark.parametrize("verb", ["UPDATE quarantine SET value = 'x'", "DELETE FROM quarantine"])
def test_the_database_refuses_to_change_it(store, verb):
    run(store, with_rows(held(1)))
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        store._engine.begin() as connection,
    ):
        connection.exec_driver_sql(verb)
    with pytest.raises(StoreError, match="never changed nor deleted"), store._writing() as changing:
        changing.exec_driver_sql(verb)
    assert [one.row for one in store.quarantine()] == [held(1)]


@pytest.mark.parametrize("columns", ["id, ", ""])
def test_the_database_refuses_to_replace_it(store, columns):
    """By its number, or as the row that it is."""
    run(store, with_rows(held(1)))
    others = ", ".join(f'"{one.name}"' for one in tables.quarantine.c if one.name != "id")
    values = others.replace('"value"', "'x'")
    text = f"INTO quarantine ({columns}{others}) SELECT {columns}{values} FROM quarantine"
    verb = {
        "sqlite": f"INSERT OR REPLACE {text}",
        "postgresql": f"INSERT {text} ON CONFLICT (model, source, rule, row_hash) "
        "DO UPDATE SET value = 'x'",
    }[store._engine.dialect.name]
    with pytest.raises(sa.exc.DBAPIError), store._engine.begin() as connection:
        connection.exec_driver_sql(verb)
    assert [one.row for one in store.quarantine()] == [held(1)]
    run(store, with_rows(held(1), held(2)))
    assert {one.row.reference for one in store.quarantine()} == {"id p1", "id p2"}


def test_a_failed_commit_keeps_none(store):
    run(store, with_rows(held(1)))
    twice = with_rows(held(2))
    with pytest.raises(StoreError):
        run(store, twice, twice, minutes=10)
    assert [one.row for one in store.quarantine(past=True)] == [held(1)]


def test_backup_and_restore(store, tmp_path):
    run(store, with_rows(held(1), held(2)))
    counts = store.backup(tmp_path / "kept.db").rows
    assert (counts["quarantine"], counts["run_intake"]) == (2, 2)
    with open_store(f"sqlite:///{tmp_path}/other.db", create=True) as empty:
        empty.restore(tmp_path / "kept.db")
        assert empty.quarantine() == store.quarantine()
        run(empty, with_rows(held(2), held(3)), minutes=10)
        assert len(empty.quarantine(past=True)) == 3


def down(engine, target):
    """Alembic's own step down, in one transaction."""
    scripts = ScriptDirectory(str(MIGRATIONS))

    def steps(at, _context):
        return scripts._downgrade_revs(target, at)

    with (
        engine.connect().execution_options(**WRITE) as connection,
        connection.begin(),
        EnvironmentContext(Config(), scripts, fn=steps, destination_rev=target) as environment,
    ):
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def test_one_step_down_and_up_again(store):
    number = run(store, with_rows(held(1)))
    asked = store.queries(number, "churn")
    assert asked
    with store._engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM fact_effect").scalar_one()
    down(store._engine, "0003")
    assert "quarantine" not in sa.inspect(store._engine).get_table_names()
    ensure(store._engine, "store", create=True)
    assert store.quarantine() == ()
    assert store.queries(number, "churn") == asked
    with store._engine.connect() as connection:
        after = connection.exec_driver_sql("SELECT count(*) FROM fact_effect").scalar_one()
    assert (after, store.latest_run().id) == (before, number)
    run(store, with_rows(held(1)), minutes=10)
    assert len(store.quarantine()) == 1
