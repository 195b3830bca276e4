"""The Evidence section of every design, on a workspace that was refreshed like anyone's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import evidence_words as say
from dashboard.format import amount, interval
from dashboard.model.evidence import by_method
from tests.dashboard.conftest import Pages, text_of
from tests.dashboard.designs import MODELS, workspace
from tests.once import once
from valuekit.api import Workspace
from valuekit.scorecard import EvidenceReport, Scorecard

Draw = Callable[[str], AppTest]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace file, refreshed."""
    return once(tmp_path_factory, "designs", workspace) / "valuekit.toml"


@pytest.fixture(scope="module")
def cards(path: Path) -> dict[str, Scorecard]:
    """The cards that were stored for it."""
    held = Workspace.load(path)
    return {name: held.scorecard(name) for name in MODELS}


@pytest.fixture(scope="module")
def section(path: Path) -> Iterator[Draw]:
    """The Evidence section of a model, drawn once for all that look at it."""
    with pytest.MonkeyPatch.context() as patch:
        opened = Pages(path, patch)
        drawn: dict[str, AppTest] = {}

        def _drawn(name: str) -> AppTest:
            if name not in drawn:
                opened.visit()
                drawn[name] = opened.open("model", model=name, section="Evidence")
            return drawn[name]

        yield _drawn


def specs(app: AppTest) -> str:
    return " ".join(one.proto.spec for one in app.get("vega_lite_chart"))


def report(cards: dict[str, Scorecard], name: str) -> EvidenceReport:
    return cards[name].evidence[0]


def test_every_declared_design_is_here(cards: dict[str, Scorecard]) -> None:
    assert {one.evidence[0].design for one in cards.values()} == set(say.DESIGNS)


@pytest.mark.parametrize("name", MODELS)
def test_section_says_what_the_run_found(
    name: str, cards: dict[str, Scorecard], section: Draw
) -> None:
    one = report(cards, name)
    app = section(name)
    said = text_of(app)
    assert say.DESIGNS[MODELS[name]] in said
    assert one.title in said
    values = {held.label: held.value for held in app.metric}
    assert values["Money to date"] == amount(one.money.value, one.money.unit)
    assert interval(one.money) in said
    for check in one.diagnostics:
        assert check.name in said
        assert " ".join(check.text.split())[:60].lower() in said.lower()
    assert one.settle[:60] in said
    assert " ".join(one.formula.split())[1:60] in said
    assert one.source[:60] in said
    assert f"Grade {one.grade} for the money" in said


@pytest.mark.parametrize("name", MODELS)
def test_every_method_is_drawn_with_its_range(
    name: str, cards: dict[str, Scorecard], section: Draw
) -> None:
    drawn = by_method(report(cards, name))
    app = section(name)
    (forest,) = [
        json.loads(one.proto.spec)
        for one in app.get("vega_lite_chart")
        if "lower" in one.proto.spec and "upper" in one.proto.spec
    ]
    rows = next(
        layer["data"]["values"] for layer in forest["layer"] if "lower" in json.dumps(layer["data"])
    )
    assert [row["label"] for row in rows] == [one.label for one in drawn]
    for row, one in zip(rows, drawn, strict=True):
        assert (row["low"], row["value"], row["high"]) == pytest.approx(
            (one.estimate.low, one.estimate.value, one.estimate.high)
        )


def test_a_watched_holdout_draws_the_band_that_holds_on_every_day(
    cards: dict[str, Scorecard], section: Draw
) -> None:
    one = report(cards, "watched")
    assert one.reading is not None
    assert one.reading.steps
    wide, narrow = one.reading.sequence_effect, one.reading.fixed_effect
    assert (wide.high or 0) - (wide.low or 0) > (narrow.high or 0) - (narrow.low or 0)
    app = section("watched")
    said = text_of(app)
    assert "holds on every day" in said
    assert "How it is read:" in said
    assert one.reading.steps[-1].day.isoformat() in specs(app)


@pytest.mark.parametrize("name", ["before_after", "structural"])
def test_a_series_is_drawn_beside_what_was_expected(
    name: str, cards: dict[str, Scorecard], section: Draw
) -> None:
    one = report(cards, name)
    app = section(name)
    treated = [held for held in one.course if held.treated]
    assert all(held.actual > (held.expected or 0) for held in treated)
    assert "Since the launch it ran above what was expected" in text_of(app)
    assert all(held.day.isoformat() in specs(app) for held in treated)


@pytest.mark.parametrize("name", ["diff_in_diff", "staggered", "synthetic", "synthetic_did"])
def test_a_launch_is_drawn_with_the_time_before_it(
    name: str, cards: dict[str, Scorecard], section: Draw
) -> None:
    app = section(name)
    assert min(one.first for one in report(cards, name).launch) < 0
    assert "Periods since the launch" in specs(app)
    assert say.launch_title(report(cards, name).launch) in text_of(app)


def test_a_mix_is_drawn_by_weight(cards: dict[str, Scorecard], section: Draw) -> None:
    first = next(one for one in report(cards, "synthetic").others if one.key.startswith("weight."))
    said = text_of(section("synthetic"))
    assert f"The mix draws most on {first.key.removeprefix('weight.')}" in said
    assert "Weight of" not in said


def test_the_worst_check_comes_first(cards: dict[str, Scorecard], section: Draw) -> None:
    checks = report(cards, "structural").diagnostics
    said = text_of(section("structural"))
    places = [said.index(f"**{one.name}**") for one in say.worst_first(checks)]
    assert places == sorted(places)
    assert {one.status for one in say.worst_first(checks)[:2]} == {"failed"}
    assert say.checks_title(checks) == "Of 6 checks, 2 failed and 2 give a warning"
