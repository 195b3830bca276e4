"""One run from sources to scorecards: all of it or nothing, whoever fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

import valuekit.refresh
from tests import factories
from valuekit.errors import Finding, SourceError, ValuekitError, WorkspaceError
from valuekit.ledger.schema import FACTS
from valuekit.ledger.show import day_of
from valuekit.pulling import Asked
from valuekit.refresh import refresh
from valuekit.scorecard import from_json
from valuekit.source import Pull, Query, Registered
from valuekit.store import open_store
from valuekit.store.migrate import move
from valuekit.store.tables import KNOWN as REVISIONS
from valuekit.workspace.load import load

NOW = datetime(2026, 2, 1, 6, 0, tzinfo=UTC)
FIRST = date(2026, 1, 1)

WORKSPACE = """
[workspace]
name = "Test"
currency = "EUR"
[sources.lake]
kind = "fake"
[[pools]]
category = "platform"
amount = "310"
from = 2026-01-01
"""
MODEL = """
[models.{name}]
title = "{name}"
owner = "a@example.com"
task = "classification"
[models.{name}.predictions]
table = "{name}"
id = "id"
time = "at"
score = "p"
[models.{name}.costs]
per_prediction = "0.01"
"""


def volume(model: str, days: int, served: int = 100) -> pd.DataFrame:
    zero = {one.name: 0 for one in FACTS["volume"].measures}
    keys = {"model": model, "version": "v1", "segment": "all"}
    rows = [
        zero | keys | {"day": FIRST + timedelta(days=day), "predictions": served}
        for day in range(days)
    ]
    return pd.DataFrame(rows, columns=[one.name for one in FACTS["volume"].columns])


def intake(model: str, rows: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": model,
                "version": "all",
                "day": FIRST,
                "segment": "all",
                "source": "predictions",
                "rule": fate,
                "fate": fate,
                "rows": count,
                "value": 0.0,
            }
            for fate, count in rows.items()
        ]
    )


def pull(model: str, days: int = 10, **changes: object) -> Pull:
    made = Pull(
        facts={
            "volume": volume(model, days),
            "intake": intake(model, {"accepted": 90, "quarantined": 10}),
        },
        registered=(Registered(model, "layout", "score", {"id": f"score-{model}"}, FIRST),),
        queries=(Query("volume", "SELECT 1", {}, days, 0.1),),
        first=FIRST,
        last=FIRST + timedelta(days=days - 1),
        complete_through=None,
        rows_read=100,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class Fake:
    """A connector whose pulls are set by the test."""

    def __init__(self, pulls):
        self.pulls = pulls
        self.seen = {}
        self.open = 0

    def pull(self, _workspace, model, registered, progress):
        progress("reading", 0.5)
        self.seen[model] = [one.content["id"] for one in registered]
        made = self.pulls[model]
        if isinstance(made, BaseException):
            raise made
        return made

    def close(self):
        self.open -= 1


@pytest.fixture
def books():
    return {}


@pytest.fixture
def fake(monkeypatch, books):
    made = Fake({name: pull(name) for name in ("churn", "fraud")})

    def opened(*_args):
        made.open += 1
        return made

    card = factories.scorecards()[0]

    def assess(workspace, model, book):
        books[model] = book
        return replace(card, model=model, as_of=book.as_of)

    monkeypatch.setattr(valuekit.refresh, "open_connector", opened)
    monkeypatch.setattr(valuekit.refresh, "assess", assess)
    return made


@pytest.fixture
def loaded(tmp_path):
    text = WORKSPACE + "".join(MODEL.format(name=name) for name in ("churn", "fraud"))
    (tmp_path / "valuekit.toml").write_text(text)
    return load(tmp_path)


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/values.db", create=True) as made:
        yield made


def failure(text: str) -> SourceError:
    return SourceError(Finding(text, "", "cannot be read", "Look.", code="x"))


def test_a_run_stores_facts_costs_and_scorecards_of_all_models(fake, loaded, store, books):
    outcome = refresh(loaded, store, now=NOW)
    assert outcome.models == ("churn", "fraud")
    assert (outcome.rows_read, outcome.complete) == (200, True)
    assert fake.open == 0
    cards = {name: from_json(text) for name, text in store.scorecards().items()}
    assert {card.model for card in cards.values()} == {"churn", "fraud"}
    assert cards["churn"].as_of == date(2026, 1, 10)
    cost = store.facts("churn", "cost")
    by_basis = {basis: sum(rows["amount"]) for basis, rows in cost.groupby("basis")}
    assert by_basis == {"marginal": Decimal(10), "shared": Decimal(50)}
    assert outcome.fact_rows == sum(
        len(store.facts(model, fact, segment=None))
        for model in ("churn", "fraud")
        for fact in ("volume", "intake", "cost")
    )
    (record,) = store.runs()
    assert (record.status, record.kind, record.started) == ("ok", "refresh", NOW)
    assert record.finished >= NOW
    assert len(record.workspace_hash) == 64
    assert store.queries(outcome.run, "fraud")[0].rows == 10


def test_the_book_holds_every_fact_up_to_the_last_day(fake, loaded, store, books):
    fake.pulls["fraud"] = pull("fraud", 12)
    refresh(loaded, store, now=NOW)
    book = books["churn"]
    assert set(book.facts) == set(FACTS)
    assert book.as_of == date(2026, 1, 12)
    assert book.registration("layout", "score").content == {"id": "score-churn"}
    assert book.registration("cap", "score") is None
    assert len(book.fact("volume")) == 10
    assert len(book.fact("volume", first=date(2026, 1, 3), last=date(2026, 1, 4))) == 2
    assert len(replace(book, as_of=date(2026, 1, 2)).fact("volume")) == 2
    assert replace(book, facts={}).fact("score").empty


def test_registrations_of_earlier_runs_are_handed_to_the_connector(fake, loaded, store):
    refresh(loaded, store, now=NOW)
    assert fake.seen == {"churn": [], "fraud": []}
    fake.pulls["churn"] = pull("churn", registered=())
    refresh(loaded, store, models=["churn"], now=NOW)
    assert fake.seen["churn"] == ["score-churn"]
    assert len(store.registrations("churn")) == 1


def test_reruns_leave_the_same_facts(fake, loaded, store):
    refresh(loaded, store, now=NOW)
    before = {
        name: store.facts("churn", name, segment=None) for name in ("volume", "cost", "intake")
    }
    refresh(loaded, store, now=NOW + timedelta(hours=1))
    for name, frame in before.items():
        pd.testing.assert_frame_equal(store.facts("churn", name, segment=None), frame)


def test_the_findings_of_all_models_are_told_together_and_the_last_run_stays(fake, loaded, store):
    good = refresh(loaded, store, now=NOW)
    before = store.scorecards(), store.facts("churn", "volume")
    fake.pulls = {"churn": failure("churn.parquet"), "fraud": failure("fraud.parquet")}
    with pytest.raises(SourceError) as caught:
        refresh(loaded, store, now=NOW)
    assert [one.place for one in caught.value.findings] == ["churn.parquet", "fraud.parquet"]
    assert fake.open == 0
    assert store.latest_run().id == good.run
    assert store.scorecards() == before[0]
    pd.testing.assert_frame_equal(store.facts("churn", "volume"), before[1])
    failed = store.runs()[0]
    assert failed.status == "failed"
    assert "churn.parquet" in failed.message
    assert "fraud.parquet" in failed.message


def test_one_failing_model_fails_the_run(fake, loaded, store):
    fake.pulls["fraud"] = failure("fraud.parquet")
    with pytest.raises(SourceError):
        refresh(loaded, store, now=NOW)
    assert store.scorecards() == {}
    assert store.facts("churn", "volume").empty


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_any_other_error_marks_the_run_as_failed_and_frees_the_lock(fake, loaded, store, error):
    fake.pulls["fraud"] = error
    with pytest.raises(type(error)):
        refresh(loaded, store, now=NOW)
    assert store.runs()[0].status == "failed"
    said = store.runs()[0].message
    if isinstance(error, RuntimeError):  # raw words alone would tell nobody what to do
        assert "a fault of valuekit that nobody foresaw" in said
        assert "RuntimeError: broken" in said
        assert "VALUEKIT_TRACEBACK=1" in said
    else:
        assert said == "it was stopped"
    fake.pulls["fraud"] = pull("fraud")
    refresh(loaded, store, now=NOW)


def test_a_model_that_cannot_be_assessed_fails_the_run(fake, loaded, store, monkeypatch):
    def assess(_workspace, model, _book):
        raise failure(f"models.{model}")

    monkeypatch.setattr(valuekit.refresh, "assess", assess)
    with pytest.raises(ValuekitError) as caught:
        refresh(loaded, store, now=NOW)
    assert [one.place for one in caught.value.findings] == ["models.churn", "models.fraud"]


@pytest.mark.parametrize("rows", [{"accepted": 99}, {"accepted": 90, "lost": 10}])
def test_rows_that_do_not_add_up_fail_the_run(fake, loaded, store, rows):
    facts = {"volume": volume("churn", 3), "intake": intake("churn", rows)}
    fake.pulls["churn"] = pull("churn", facts=facts)
    with pytest.raises(SourceError, match="source rows must add up") as caught:
        refresh(loaded, store, now=NOW)
    assert caught.value.findings[0].code == "conservation"


def test_facts_that_do_not_conform_fail_the_run(fake, loaded, store):
    facts = {**pull("churn").facts, "volume": volume("fraud", 3).assign(predictions=-0.5)}
    fake.pulls["churn"] = pull("churn", facts=facts)
    with pytest.raises(
        SourceError, match=r"ledger\.volume\.predictions: a count is a whole number"
    ):
        refresh(loaded, store, now=NOW)


def test_an_empty_model_is_a_warning_not_a_failure(fake, loaded, store, books):
    fake.pulls["fraud"] = pull("fraud", 0, facts={}, first=None, last=None, rows_read=0)
    outcome = refresh(loaded, store, now=NOW)
    held, warning = outcome.findings
    assert (held.place, held.value) == ("models.churn.predictions", "10 of 100 rows, 10%")
    assert (warning.code, warning.severity) == ("empty_model", "warning")
    assert "valuekit.toml:" in warning.place
    assert books["fraud"].first is None
    assert books["fraud"].findings == (warning,)
    assert store.run_models(outcome.run)[1].findings == (warning,)


def test_a_workspace_without_any_data_still_makes_a_run(fake, loaded, store, books):
    fake.pulls = {
        name: pull(name, 0, facts={}, first=None, last=None, rows_read=0)
        for name in ("churn", "fraud")
    }
    refresh(loaded, store, now=NOW)
    assert books["churn"].as_of == NOW.date()


def test_a_partial_run_keeps_the_other_models_and_splits_pools_with_them(fake, loaded, store):
    facts = {**pull("fraud").facts, "volume": volume("fraud", 10, 300)}
    fake.pulls["fraud"] = pull("fraud", facts=facts)
    refresh(loaded, store, now=NOW)
    before = store.facts("churn", "cost"), store.facts("fraud", "cost")
    assert sum(before[0]["amount"]) == Decimal(10) + Decimal(25)
    outcome = refresh(loaded, store, models=["churn"], now=NOW)
    assert (outcome.models, outcome.complete) == (("churn",), False)
    pd.testing.assert_frame_equal(store.facts("churn", "cost"), before[0])
    pd.testing.assert_frame_equal(store.facts("fraud", "cost"), before[1])
    assert set(store.scorecards()) == {"churn", "fraud"}
    asked = {"models": ["churn"], "full": False, "since": None}
    assert store.runs()[0].parameters == asked


def test_a_partial_run_ends_on_the_same_day_as_a_whole_one(fake, tmp_path, store, books):
    ahead = MODEL.format(name="fraud").replace('"classification"', '"forecast"')
    (tmp_path / "valuekit.toml").write_text(WORKSPACE + MODEL.format(name="churn") + ahead)
    loaded = load(tmp_path)
    known = date(2026, 1, 14)
    fake.pulls["fraud"] = pull("fraud", 40, complete_through=known)  # targets lie ahead
    for models in (None, ["churn"], ["fraud"]):
        refresh(loaded, store, models=models, now=NOW)
        assert books["churn" if models is None else models[0]].as_of == known


def test_a_model_without_a_log_holds_the_last_day_of_a_partial_run(fake, loaded, store, books):
    units = {"intake": pull("fraud").facts["intake"]}
    fake.pulls["fraud"] = pull("fraud", 20, facts=units)
    refresh(loaded, store, now=NOW)
    refresh(loaded, store, models=["churn"], now=NOW)
    assert books["churn"].as_of == date(2026, 1, 20)


def test_an_unknown_model_is_refused_before_a_run_begins(fake, loaded, store):
    with pytest.raises(WorkspaceError, match="no such model"):
        refresh(loaded, store, models=["chrun"], now=NOW)
    assert store.runs() == ()


def test_a_declared_last_day_bounds_the_figures(fake, tmp_path, store, books):
    text = WORKSPACE.replace('"EUR"', '"EUR"\nas_of = 2026-01-05') + MODEL.format(name="churn")
    (tmp_path / "valuekit.toml").write_text(text)
    refresh(load(tmp_path), store, now=NOW)
    assert books["churn"].as_of == date(2026, 1, 5)
    assert len(books["churn"].fact("volume")) == 5
    assert store.facts("churn", "cost")["day"].max() == pd.Timestamp(2026, 1, 5)


def test_progress_rises_from_0_to_1_over_all_models(fake, loaded, store):
    told = []
    refresh(loaded, store, now=NOW, progress=lambda *one: told.append(one))
    shares = [share for _, _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert [model for model, text, _ in told if text == "reading"] == ["churn", "fraud"]


def test_that_a_store_of_an_older_version_was_brought_along_is_told_once(fake, loaded, tmp_path):
    url = f"sqlite:///{tmp_path}/values.db"
    with open_store(url, create=True) as store:
        move(store._engine, "-1")
    told = []
    for _ in range(2):
        with open_store(url, create=True) as store:
            told.append(refresh(loaded, store, now=NOW).general)
    moved, again = ([one for one in each if one.code == "store_moved"] for each in told)
    assert [(one.severity, one.value) for one in moved] == [
        ("info", f"it had schema {sorted(REVISIONS)[-2]}")
    ]
    assert again == []


def test_a_large_model_takes_its_part_of_the_progress(fake, loaded, store):
    """Of what is read whole; of a night nobody knows it beforehand."""
    sizes = {"churn": 650_000_000, "fraud": 50_000_000}  # beside 50 MB for what each takes anyway
    fake.size = lambda _workspace, model: sizes[model]
    began = []
    for full in (False, False, True):
        told = {}
        refresh(
            loaded, store, now=NOW, ask=Asked(full=full),
            progress=lambda model, text, share, told=told: told.setdefault((model, text), share),
        )  # fmt: skip
        began.append(told["fraud", "opening"] / told["", "storing"])
    assert began == [pytest.approx(part * 0.85 / 0.97) for part in (700 / 800, 1 / 2, 700 / 800)]


def test_the_ledger_of_a_day_is_plain_data(fake, loaded, store):
    refresh(loaded, store, now=NOW)
    found = day_of(store, "churn", date(2026, 1, 2))
    assert list(found) == ["schema", "model", "day", "facts", "by_month"]
    assert found["day"] == "2026-01-02"
    (row,) = found["facts"]["volume"]
    assert (row["version"], row["segment"], row["predictions"]) == ("v1", "all", 100)
    assert {row["amount"] for row in found["facts"]["cost"]} == {"1.000000", "5.000000"}
    assert "intake" not in found["facts"]
