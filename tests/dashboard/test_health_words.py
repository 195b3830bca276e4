"""What the Data health page says first: whether something is wrong, with which model, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from dashboard import data
from dashboard.health import _title
from dashboard.health_look import problems
from dashboard.health_restated import _days
from tests.cli.commands import forked
from tests.dashboard.conftest import Fill, Pages, text_of
from tests.dashboard.test_runs import DIES
from tests.factories import scorecards
from tests.hostile_rows import HELD, write
from valuekit.api import Workspace
from valuekit.errors import Finding
from valuekit.scorecard import Scorecard
from valuekit.store import open_store
from valuekit.store.records import RestatedRecord, RunRecord

Open = Callable[[Path], Pages]
TOLD = Finding(
    "models.{}.predictions, table t", "3 days", "the last day with data moved back",
    "Look after the files.", severity="warning", code="days_gone",
)  # fmt: skip


def clean(n: int) -> list[Scorecard]:
    """Scorecards of models with nothing to look at."""
    made = []
    for card in scorecards()[:n]:
        whole = replace(card.health.coverage, value=1.0)
        health = replace(card.health, coverage=whole, missing_days=0, warnings=(), intake=())
        made.append(replace(card, health=health))
    return made


def shot(cards: list[Scorecard], **more: object) -> data.Snapshot:
    """A snapshot of a good run over some scorecards."""
    now = dt.datetime.now(dt.UTC)
    run = RunRecord(4, "refresh", now, now, "ok", True, {}, "", "", 1.0, 9, 9, "")
    given = {"run": run, "failed": None, "ages": {}, "begun": None}
    given |= {"pending": (), "findings": (), **more}
    return data.Snapshot(
        key=("", ""), name="", description="", currency="EUR", plan_per_year=None,
        cards=tuple(cards), **given,
    )  # fmt: skip


@pytest.fixture
def found_by_run(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Finding, ...]]:
    """What the run found of each model, to be filled in."""
    made: dict[str, tuple[Finding, ...]] = {}

    def records(_: object) -> tuple[SimpleNamespace, ...]:
        return tuple(SimpleNamespace(model=one, findings=each) for one, each in made.items())

    monkeypatch.setattr(data, "run_models", records)
    monkeypatch.setattr(data, "held", lambda _: ())
    monkeypatch.setattr(data, "late", lambda _: {})
    return made


def test_others_are_complete_only_without_any_warning(found_by_run) -> None:
    cards = clean(3)
    one, other, _ = (card.model for card in cards)
    assert problems(shot(cards)) == {}
    assert _title(shot(cards), {}) == "The data of all 3 models is complete"

    told = replace(TOLD, place=TOLD.place.format(one))
    found_by_run[one] = (told, replace(told, severity="info"))  # to know, not to look at
    looked = problems(shot(cards))
    said = ["The last day with data moved back (found 3 days)."]
    assert looked == {one: said}
    expected = "1 model has something to look at; the others are complete"
    assert _title(shot(cards), looked) == expected

    of_file = replace(TOLD, place=f"valuekit.toml:48 models.{other}")
    looked = problems(shot(cards, findings=(of_file,)))
    assert looked == {one: said, other: said}
    assert _title(shot(cards), looked).startswith("2 models have something to look at")
    # A name that only begins like the model's is another model.
    near = replace(TOLD, place=f"valuekit.toml:48 models.{other}_2")
    assert set(problems(shot(cards, findings=(near,)))) == {one}


def test_a_model_whose_data_are_late_is_looked_at(found_by_run, monkeypatch) -> None:
    del found_by_run
    cards = clean(2)
    name = cards[0].model
    late = {name: "its outcomes are 13 days late"}
    monkeypatch.setattr(data, "late", lambda _: late)
    assert problems(shot(cards)) == {name: ["Its outcomes are 13 days late."]}


def test_a_warning_of_no_single_model_is_counted_beside(found_by_run) -> None:
    del found_by_run
    cards = clean(2)
    now = shot(cards, findings=(replace(TOLD, place="valuekit.toml:3 pools"),))
    assert problems(now) == {}
    assert _title(now, {}) == "The data of both models is complete, with 1 warning"


def test_a_run_that_was_killed_hides_none_that_failed_before(fill: Fill, pages: Open) -> None:
    path = fill(fail="predictions: the table has no such column. Correct the name.")
    opened = pages(path)
    text = text_of(opened.open("health"))
    assert "The last refresh failed; the figures are those of the run before" in text
    assert forked(DIES, url=f"sqlite:///{path.parent}/valuekit.db") == 9
    for page in ("health", "portfolio"):
        text = text_of(opened.open(page))
        assert "ended before the run did: it was killed, or the machine stopped" in text
        assert "the table has no such column" in text
    assert "the others are complete" not in text


def test_a_run_that_goes_on_is_no_interruption(fill: Fill, pages: Open) -> None:
    path = fill()
    opened = pages(path)
    with open_store(f"sqlite:///{path.parent}/valuekit.db") as store:
        store.begin("refresh", {}, dt.datetime.now(dt.UTC))
        text = text_of(opened.open("health"))
        assert "it was killed" not in text
        assert "was interrupted" not in text


def test_rules_are_titles_and_what_to_look_at_is_said(tmp_path: Path, pages: Open) -> None:
    path = write(tmp_path)
    Workspace.load(path).refresh(now=dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    text = text_of(pages(path).open("health")).replace("\\", "")
    warned = {key: n for key, n in HELD.items() if key[1] != "orphan"}
    rules, rows = len({name for _, name in warned}), sum(warned.values())
    assert f"{rules} rules hold back {rows} rows, more than is allowed without a warning." in text
    assert f"{HELD['outcomes', 'orphan']} Outcome of nobody (orphan): " in text


def test_days_that_do_not_follow_each_other_are_said_to_lie_between() -> None:
    first, last = dt.date(2026, 10, 8), dt.date(2026, 10, 14)
    one = RestatedRecord(
        run=2, at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC), model="m", days=2, first=first, last=last
    )
    assert _days(one) == "between 8 Oct and 14 Oct 2026"
    assert _days(replace(one, days=7)) == "8 Oct to 14 Oct 2026"
    assert _days(replace(one, days=1, last=first)) == "8 Oct 2026"


def test_a_long_cause_is_told_to_its_end_where_it_is_mended(fill: Fill, pages: Open) -> None:
    """The remedy stands at the end, and a refresh may have found several faults."""
    first = f"valuekit.toml:9 models.a: {'a long rule ' * 70}. The remedy of the first"
    opened = pages(fill(fail=f"{first}.\nvaluekit.toml:12 models.b: another. Its own remedy"))
    health = text_of(opened.open("health"))
    assert health.count("The remedy of the first.") == 2  # above all, and with the runs
    assert health.count("Its own remedy") == 2
    portfolio = text_of(opened.open("portfolio"))
    assert "The remedy of the first" not in portfolio
    assert "valuekit.toml:9 models.a: a long rule" in portfolio
    assert "All of it: the page Data health." in portfolio
