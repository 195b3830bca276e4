"""What goes in comes out: facts to the bit, runs, history, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.store.made import DAY, NOW, bill, facts, later, part, run
from valuekit import __version__
from valuekit.errors import StoreError
from valuekit.ledger.frame import empty, select
from valuekit.ledger.schema import FACTS
from valuekit.scorecard import Decision
from valuekit.store import RunOutcome
from valuekit.store.tables import STORED, metadata


def decision(number: int, **changes: object) -> Decision:
    made = Decision(
        "churn", "retire", "costs more than it earns", "ana", NOW, number, "retire", -1.5
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def dump(store) -> dict[str, list]:
    """Every fact table, row by row."""
    with store._engine.connect() as connection:
        return {
            name: connection.execute(sa.select(table)).all()
            for name, table in metadata.tables.items()
            if name.startswith("fact_") or name in {"vectors", "series"}
        }


@pytest.mark.parametrize("name", ["effect", "score", "cost"])
def test_facts_come_back_exactly(store, name):
    made = part()
    run(store, made)
    keys = list(FACTS[name].key_names)
    wanted = made.facts[name].sort_values(
        ["version", "segment", "day", *keys[4:]], ignore_index=True
    )
    pd.testing.assert_frame_equal(
        store.facts("churn", name, segment=None), wanted, check_exact=True
    )


def test_every_kind_of_amount_comes_back_digit_by_digit(store):
    run(store, part(facts={"bill": bill()}))
    found = store.facts("churn", "bill")
    assert str(found["billed"][0]) == "-9000000000000.123456"
    assert str(found["rate"][0]) == "0.00007120"
    assert found["rate_day"][0] == pd.Timestamp(2025, 12, 31)
    assert found["effective"][0] == Decimal("0.000001")


def test_an_amount_too_large_for_the_store_fails_and_leaves_the_last_run(store):
    run(store, part())
    frame = part().facts["cost"].assign(amount=Decimal(10**13))
    number = store.begin("refresh", {}, later(5))
    outcome = RunOutcome(number, (part(facts={"cost": frame}),), complete=True)
    with pytest.raises(StoreError, match="not an amount with at most 6 places"):
        store.commit(number, outcome, later(6))
    assert len(store.facts("churn", "cost")) == 3


def test_facts_by_day_and_segment(store):
    made = part()
    run(store, made)
    second = date(2026, 1, 2)
    for segment in ("all", "plan=a", None):
        pd.testing.assert_frame_equal(
            store.facts("churn", "score", second, second, segment),
            select(made.facts["score"], second, second, segment),
        )
    pd.testing.assert_frame_equal(store.facts("churn", "volume"), empty(FACTS["volume"]))
    pd.testing.assert_frame_equal(store.facts("other", "score"), empty(FACTS["score"]))


def test_registration_is_no_frame(store):
    assert set(FACTS) - set(STORED) == {"registration", "published"}
    with pytest.raises(KeyError):
        store.facts("churn", "registration")


def test_a_run_is_remembered_with_all_that_made_it(store):
    number = run(store, part(), part("fraud"))
    (record,) = store.runs()
    assert record == store.latest_run()
    assert (record.id, record.kind, record.status, record.complete) == (
        number,
        "refresh",
        "ok",
        True,
    )
    assert (record.started, record.finished) == (NOW, later(1))
    assert (record.parameters, record.workspace_hash) == ({"models": None}, "abc")
    assert (record.rows_read, record.fact_rows, record.seconds) == (200, 24, 2.0)
    assert record.valuekit_version == __version__
    churn, fraud = store.run_models(number)
    assert (churn.model, fraud.model) == ("churn", "fraud")
    assert churn.findings == part().findings
    assert (churn.first, churn.last, churn.complete_through) == (
        DAY,
        date(2026, 1, 3),
        date(2026, 1, 2),
    )
    (query,) = store.queries(number, "churn")
    assert (query.name, query.sql, query.rows, query.seconds) == ("effect", "SELECT 1", 7, 0.25)
    assert query.parameters == {"first": "2026-01-01", "p": "0.1"}


def test_reruns_leave_identical_tables(store):
    run(store, part(), part("fraud"))
    before = dump(store)
    for minute in range(10, 60, 10):
        run(store, part(), part("fraud"), minutes=minute)
    assert dump(store) == before


def test_the_order_of_delivered_rows_does_not_matter(store):
    run(store, part())
    before = dump(store)
    shuffled = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in facts().items()}
    run(store, part(facts=shuffled), minutes=10)
    assert dump(store) == before


def test_facts_are_replaced_whole_or_by_days(store):
    run(store, part(), part("fraud"))
    second = date(2026, 1, 2)
    new = {"cost": select(facts(factor=7)["cost"], second, second)}
    days = {"cost": {second}, "effect": {second}}
    run(store, part(facts=new, replaced=days), minutes=10, complete=False)
    assert [str(one) for one in store.facts("churn", "cost")["amount"]] == [
        "1.000000",
        "7.000001",
        "1.000002",
    ]
    assert store.facts("churn", "effect")["day"].dt.day.tolist() == [1, 3]
    assert store.facts("churn", "score")["day"].dt.day.tolist() == [1, 2, 3]
    run(store, part(facts=new), minutes=20, complete=False)
    assert len(store.facts("churn", "cost")) == 1
    assert store.facts("churn", "score", segment=None).empty
    assert len(store.facts("fraud", "cost")) == 3


def test_registrations_are_kept_in_order_and_never_replaced(store):
    run(store, part())
    run(
        store,
        part(registered=(replace(part().registered[0], content={"id": "score-2"}),)),
        minutes=9,
    )
    assert [one.content["id"] for one in store.registrations("churn")] == ["score-1", "score-2"]
    assert store.registrations("churn")[0] == part().registered[0]
    assert store.registrations("fraud") == ()


def test_a_partial_run_keeps_the_other_scorecards_and_a_complete_one_drops_them(store):
    first = run(store, part(), part("fraud"))
    second = run(store, part(scorecard="new"), complete=False, minutes=10)
    assert store.scorecards() == {"churn": "new", "fraud": part("fraud").scorecard}
    assert store.scorecards(first) == {"churn": part().scorecard, "fraud": part("fraud").scorecard}
    assert store.scorecards(second) == store.scorecards()
    run(store, part("fraud"), minutes=20)
    assert list(store.scorecards()) == ["fraud"]


def test_before_the_first_run_there_is_nothing(store):
    assert store.latest_run() is None
    assert store.runs() == ()
    assert store.scorecards() == {}


def test_decisions_are_appended_and_listed(store):
    number = run(store, part())
    store.decide(decision(number))
    store.decide(decision(number, action="keep", net=None, at=later(3)))
    store.decide(decision(number, model="fraud"))
    assert store.decisions("churn") == (
        decision(number),
        decision(number, action="keep", net=None, at=later(3)),
    )
    assert len(store.decisions()) == 3
    with pytest.raises(StoreError, match="a run that the store does not have"):
        store.decide(decision(999))


@pytest.mark.parametrize("table", ["decisions", "registrations"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET model = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_history(store, table, verb):
    number = run(store, part())
    store.decide(decision(number))
    with (
        pytest.raises(sa.exc.DBAPIError, match=f"{table} are append-only"),
        store._engine.begin() as connection,
    ):
        connection.exec_driver_sql(verb.format(table))
    assert len(store.decisions()) == len(store.registrations("churn")) == 1


REPLACED = {
    "sqlite": "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
    "postgresql": "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT (id) DO UPDATE SET model = 'x'",
}


@pytest.mark.parametrize("table", ["decisions", "registrations"])
def test_the_database_itself_refuses_to_replace_history(store, table):
    number = run(store, part())
    store.decide(decision(number))
    statement = REPLACED[store._engine.dialect.name].format(table)
    with (
        pytest.raises(sa.exc.DBAPIError, match=f"{table} are append-only"),
        store._engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement)
    store.decide(decision(number, action="keep"))
    assert [one.model for one in store.decisions()] == ["churn", "churn"]
    assert len(store.registrations("churn")) == 1


def test_reports_are_noted_by_hash(store):
    number = run(store, part())
    store.note_report("portfolio.csv", "portfolio", "csv", number, b"a,b\n", at=NOW)
    (report,) = store.reports()
    assert (report.name, report.kind, report.format, report.run) == (
        "portfolio.csv", "portfolio", "csv", number,
    )  # fmt: skip
    assert report.size == 4
    assert report.sha256 == "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313"
    assert report.at == NOW


def test_the_data_version_changes_with_everything_a_page_shows(store):
    seen = [store.data_version()]

    def changed() -> None:
        seen.append(store.data_version())
        assert store.data_version() == seen[-1]

    number = run(store, part())
    changed()
    store.decide(decision(number))
    changed()
    store.note_report("a", "portfolio", "csv", number, b"", at=NOW)
    changed()
    second = store.begin("refresh", {}, later(5))
    changed()
    store.fail(second, "no", later(6))
    changed()
    assert len(set(seen)) == len(seen)


def test_a_moment_without_zone_is_refused(store):
    with pytest.raises(StoreError, match="has no zone"):
        store.begin("refresh", {}, NOW.replace(tzinfo=None))
    store.begin("refresh", {}, NOW)  # the lock was given back
