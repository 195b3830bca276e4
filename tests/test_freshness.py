"""Figures are as old as the run that refreshed their own model, and a total as its oldest."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests import factories
from tests.cli import commands
from tests.restated_rows import Sources
from valuekit.api import Workspace
from valuekit.cli.doctor import examine
from valuekit.errors import ValuekitError
from valuekit.freshness import failures, freshness, in_words, late
from valuekit.store.records import Age, Failure
from valuekit.workspace.declare import Model

NOW = datetime(2026, 3, 6, 6, tzinfo=UTC)
CARDS = factories.scorecards()[:2]
FIRST, SECOND = (card.model for card in CARDS)


def at(day: int, hour: int = 6) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def cards(*ends: date, **more: object):
    """Two models whose data end on these days."""
    return [
        replace(card, health=replace(card.health, last_prediction=end, **more))
        for card, end in zip(CARDS, ends, strict=True)
    ]


def test_a_total_is_as_old_as_its_oldest_model():
    ages = {FIRST: Age(FIRST, 1, at(1)), SECOND: Age(SECOND, 2, at(6))}
    held = cards(date(2026, 3, 1), date(2026, 3, 1), immature_days=0)
    found = freshness(held, ages, at(6))
    assert (found.refreshed, found.refreshed_of, found.newest) == (at(1), FIRST, at(6))
    assert in_words(found, NOW) == (
        f"Data through 1 Mar 2026, refreshed 5 days ago ({FIRST}) to just now."
    )
    alone = freshness(held[1:], ages, at(6))
    assert in_words(alone, NOW) == "Data through 1 Mar 2026, refreshed just now."
    near = {FIRST: Age(FIRST, 1, at(5)), SECOND: Age(SECOND, 2, at(6))}
    assert "refreshed 24 hours ago." in in_words(freshness(held, near, at(6)), NOW)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((date(2026, 2, 27), date(2026, 3, 1)), "Data through 27 Feb 2026"),
        ((date(2026, 2, 26), date(2026, 3, 1)), f"Data through 26 Feb ({FIRST}) to 1 Mar 2026"),
        ((date(2026, 3, 1), date(2025, 12, 30)),
         f"Data through 30 Dec 2025 ({SECOND}) to 1 Mar 2026"),
    ],
)  # fmt: skip
def test_ends_of_data_that_are_apart_are_told_apart(ends, said):
    found = freshness(cards(*ends, immature_days=0), {}, NOW)
    assert in_words(found, NOW).partition(", ")[0] == said
    assert found.data_through == max(ends)
    titles = {card.model: card.title for card in CARDS}
    if "(" in said:
        assert f"({titles[found.first_end_of]})" in in_words(found, NOW, titles)


def declared(window: str = "0d", allowance: str = "0d", **more: object) -> Model:
    """A model that logs predictions, with outcomes that take some days."""
    held = {
        "title": "T", "owner": "o@example.com", "task": "classification",
        "predictions": {"table": "p", "id": "id", "time": "at", "unit": "u"},
        "outcomes": {"table": "o", "on": {"u": "u"}, "time": "at", "window": window,
                     "allowance": allowance, "label": "y"},
    }  # fmt: skip
    return Model.model_validate({key: one for key, one in (held | more).items() if one is not None})


def test_the_data_of_a_retired_model_end_where_they_should():
    held = cards(date(2026, 1, 1), date(2026, 3, 1), immature_days=0)
    held[0] = replace(held[0], retired=date(2026, 1, 1))
    assert freshness(held, {}, NOW).first_end_of == SECOND
    assert late(declared(), held[0], NOW) == ""
    held[0] = replace(held[0], retired=date(2027, 1, 1))
    assert freshness(held, {}, NOW).first_end_of == FIRST
    assert late(declared(), held[0], NOW) == "its data end on 1 Jan 2026, 64 days ago"
    trial = {"predictions": None, "assignments": {"table": "a", "unit": "u", "arm": "x"}}
    trial["assignments"]["time"] = "at"  # units are assigned for some time only
    assert late(declared(**trial), held[0], NOW) == ""


def test_late_is_more_than_a_week_beyond_the_window():
    ends = cards(
        date(2026, 3, 5), date(2026, 3, 5), immature_days=3, last_outcome=date(2026, 2, 20)
    )
    assert late(declared("4d", "2d"), ends[0], NOW) == ""  # due on 21 February, 13 days ago
    assert late(declared("4d", "1d"), ends[0], NOW) == "its outcomes are 13 days late"
    whose = in_words(freshness(ends, {}, NOW), NOW)
    assert whose.endswith(f"next outcomes expected 21 Feb 2026 ({FIRST}: 13 days late).")


def test_a_failure_is_told_of_the_models_that_it_left():
    failure = Failure(7, at(6, 5), "no table")
    hit, well = Age(FIRST, 1, at(1), failure), Age(SECOND, 8, at(6))
    both = {FIRST: hit, SECOND: replace(well, failed=failure)}
    assert failures([FIRST, SECOND], {SECOND: well}, NOW) == []
    assert failures([SECOND], {FIRST: hit, SECOND: well}, NOW) == []
    (said,) = failures([FIRST, SECOND], both, NOW)
    assert said == (
        "The last refresh failed (run 7, 60 minutes ago): these are the last good figures; "
        "see valuekit runs."
    )
    (said,) = failures([FIRST, SECOND], {FIRST: hit, SECOND: well}, NOW)
    assert said == (
        f"The last refresh of {FIRST} failed (run 7, 60 minutes ago): its figures are the last "
        "good ones; see valuekit runs."
    )


@pytest.fixture
def world(tmp_path: Path) -> tuple[Sources, Path]:
    held = Sources(tmp_path)
    return held, held.write()


def test_a_run_of_one_model_leaves_the_age_of_the_other(world):
    _, path = world
    space = Workspace.load(path)
    now = datetime.now(UTC)
    first = space.refresh(now=now - timedelta(days=5)).run
    second = space.refresh(["upsell"], now=now - timedelta(minutes=10)).run
    ages = space.ages()
    assert {name: one.run for name, one in ages.items()} == {"leads": first, "upsell": second}
    assert ages["leads"].at < now - timedelta(days=4)
    assert "refreshed 5 days ago, next" in shown("show", "leads", path=path)
    assert "refreshed 10 minutes ago, next" in shown("show", "upsell", path=path)
    # The same from what the run stored and from the scorecards themselves.
    assert "refreshed 5 days ago (leads) to 10 minutes ago, next" in shown("show", path=path)
    made = json.loads(commands.run("show", "--json", "-w", str(path)).stdout)
    assert made["freshness"]["refreshed"] == iso(ages["leads"].at)
    assert (made["freshness"]["refreshed_of"], made["warnings"]) == ("leads", [])
    figures = next(one for one in examine(path) if one.what == "figures")
    assert (figures.state, "valuekit refresh" in figures.remedy) == ("warning", True)


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def shown(*words: str, path: Path) -> str:
    done = commands.run(*words, "-w", str(path))
    return " ".join(done.stdout.split())


def test_a_run_that_failed_is_told_until_its_own_models_are_refreshed(world):
    held, path = world
    space = Workspace.load(path)
    space.refresh()
    table = held.folder / "outcomes.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:200])
    with pytest.raises(ValuekitError):
        space.refresh()
    both = "The last refresh failed (run 2, just now): these are the last good figures"
    for words in (("show",), ("show", "leads"), ("show", "upsell")):
        assert both in shown(*words, path=path)
    space.refresh(["upsell"])
    own = "The last refresh of leads failed (run 2, just now): its figures are the last good ones"
    assert own in shown("show", path=path)
    assert both in shown("show", "leads", path=path)
    assert "failed" not in shown("show", "upsell", path=path)
    for words, text in ((("show",), own), (("show", "leads"), both)):
        made = json.loads(commands.run(*words, "--json", "-w", str(path)).stdout)
        assert text in made["warnings"][0]
    points = {one.what: one for one in examine(path)}
    assert "run 2 of leads failed just now" in points["last run"].finding
    assert "The last run of leads failed, so its figures are" in points["figures"].finding
    table.write_bytes(whole)
    space.refresh(["leads"])
    assert "failed" not in shown("show", path=path)
    assert "last run" not in {one.what for one in examine(path)}


def test_a_run_that_was_asked_for_one_model_fails_for_no_other(world):
    held, path = world
    space = Workspace.load(path)
    space.refresh()
    (held.folder / "outcomes.parquet").write_bytes(b"none")
    with pytest.raises(ValuekitError):
        space.refresh(["leads"])
    ages = space.ages()
    assert ages["leads"].failed is not None
    assert (ages["leads"].failed.run, ages["upsell"].failed) == (2, None)


def test_the_doctor_names_a_model_whose_outcomes_are_late(world):
    held, path = world
    held.sales = held.sales[held.sales["seen"] < datetime(2026, 2, 10)]
    held.write()
    now = datetime(2026, 3, 3, 6, tzinfo=UTC)
    Workspace.load(path).refresh(now=now)
    point = next(one for one in examine(path, now + timedelta(hours=1)) if one.what == "figures")
    assert point.state == "warning"
    assert "upsell: its outcomes are 21 days late." in point.finding
    assert "leads:" not in point.finding.partition("late).")[2]
    assert "still written" in point.remedy
