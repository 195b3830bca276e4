"""Synthetic designs from a workspace file to the scorecard: figures, grades, hard cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.assess.shown import checks, figures, shown
from tests.uplift.panels import panel, walks
from valuekit.uplift.mix import Synthetic
from valuekit.uplift.synthetic import synthetic_control
from valuekit.uplift.synthetic_did import synthetic_did

MODEL = """
[models.m]
title = "Routing"
owner = "ops@example.com"
area = "Operations"
task = "regression"
launched = 2026-01-01

[models.m.panel]
table = "rows.parquet"
time = "day"
group = "region"
launch = {{ north = {launch} }}

[models.m.metrics.margin]
column = "margin"
already_money = true

[[models.m.evidence]]
design = "{design}"
{more}
"""
FIRST = pd.Timestamp("2026-03-01")
DESIGNS = pytest.mark.parametrize("design", ["synthetic", "synthetic_did"])


def text(design: str = "synthetic", launch: str = "2026-04-10", more: str = "") -> str:
    return MODEL.format(design=design, launch=launch, more=more)


def table(y: np.ndarray, per_group: int = 1) -> pd.DataFrame:
    """Rows of region and day; region 0 is the treated one, each entry split over some rows."""
    names = ["north", *(f"r{one}" for one in range(1, len(y)))]
    return pd.DataFrame(
        [
            {"region": name, "day": FIRST + pd.Timedelta(days=day), "margin": value}
            for name, own in zip(names, y, strict=True)
            for day, value in enumerate(own)
            for _ in range(per_group)
            if np.isfinite(value)
        ]
    )


def made(groups: int = 12, lift: float = 4.0, seed: int = 1) -> np.ndarray:
    """60 days; the first group does what three others do, and ``lift`` more from day 40 on."""
    y = walks(groups, 60, seed)
    y[0] = y[1:4].mean(axis=0) + np.random.default_rng(seed).normal(0, 0.3, 60)
    y[0, 40:] += lift
    return y


def first(card: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = card["evidence"][0]
    return report


def test_the_tobacco_programme(tmp_path: Path) -> None:
    """Arkhangelsky et al. 2021: SDID -15.6, SC -19.6 (exact minimum -19.51), DiD -27.3."""
    package = pytest.importorskip("synthdid", reason="the data are in synthdid-py")
    own = (Path(__file__).parents[1] / "real" / "tobacco.toml").read_text(encoding="utf-8")
    card = shown(tmp_path, own, rows=package.load_california_prop99())
    control, both = card["evidence"]
    assert control["effect"]["value"] == pytest.approx(-19.51, abs=0.01)
    assert both["effect"]["value"] == pytest.approx(-15.604, abs=0.005)
    assert both["effect"]["se"] == pytest.approx(8.4, abs=1.2)
    assert figures(both)["uplift.diff_in_diff"]["value"] == pytest.approx(-27.349, abs=0.001)
    assert figures(both)["uplift.synthetic"]["value"] == control["effect"]["value"]
    assert figures(control)["weight.Utah"]["value"] == pytest.approx(0.394, abs=0.001)
    assert both["effect_grade"] == "C"
    assert "failed" not in {*checks(both).values(), *checks(control).values()}
    assert both["launch"][0]["first"] == -19
    assert both["launch"][-1]["low"] < both["launch"][-1]["effect"]["low"]


@DESIGNS
def test_money_is_the_effect_on_the_total(tmp_path: Path, design: str) -> None:
    """Three rows a day: the total moves by three times the effect on one, day by day."""
    card = shown(tmp_path, text(design), rows=table(made(), per_group=3))
    report = first(card)
    money, effect = report["money"], report["effect"]
    assert effect["value"] == pytest.approx(4, abs=0.6)
    assert money["value"] == pytest.approx(60 * effect["value"])
    assert money["se"] == pytest.approx(60 * effect["se"])
    assert money["grade"] == "C"
    assert report["arms"][0]["units"] == 11
    weeks = [one["value"] for one in card["weeks"] if one["value"] is not None]
    assert sum(weeks) == pytest.approx(money["value"])
    assert card["periods"][0]["value"]["value"] == pytest.approx(money["value"])
    assert set(checks(report).values()) <= {"passed", "warning"}


@DESIGNS
def test_figures_are_those_of_the_raw_table(tmp_path: Path, design: str) -> None:
    """The path through SQL and facts changes no digit that counts."""
    y = made(seed=2)
    report = first(shown(tmp_path, text(design), rows=table(y)))
    run = synthetic_control if design == "synthetic" else synthetic_did
    found = run(panel(y, {0: 40}))
    assert isinstance(found, Synthetic)
    total = found.everything()
    assert total is not None
    assert report["money"]["value"] == pytest.approx(total.value)
    assert report["money"]["se"] == pytest.approx(total.se)
    share = {name.removeprefix("g").lstrip("0"): part for name, part in found.weights.items()}
    for key, part in list(share.items())[:3]:
        assert figures(report)[f"weight.r{key}"]["value"] == pytest.approx(part)


def test_control_groups_and_anticipation(tmp_path: Path) -> None:
    more = 'control_groups = ["r1", "r2", "r3", "r4", "r5"]\nanticipation = 3'
    y = made()
    y[0, 37:40] += 50  # customers knew of it three days ahead
    report = first(shown(tmp_path, text(more=more), rows=table(y)))
    assert report["effect"]["value"] == pytest.approx(4, abs=0.6)
    assert report["arms"][0]["units"] == 5
    assert checks(report)["Number of untreated groups"] == "failed"
    assert report["grade"] == "D"
    assert "number of untreated groups failed" in report["grade_reasons"][0]


def test_beyond_the_reach_of_all_others(tmp_path: Path) -> None:
    """A level that no mix has: synthetic control says so, with free levels it does not matter."""
    y = made()
    y[0] += 200
    report = first(shown(tmp_path, text(), rows=table(y)))
    assert checks(report)["Fit before the launch"] == "failed"
    assert report["grade"] == "D"
    free = figures(report)["uplift.synthetic_did"]["value"]
    assert free == pytest.approx(4, abs=0.6)


def test_a_launch_that_was_no_beginning(tmp_path: Path) -> None:
    """The lift began twelve days before its declared day: the placebo launch finds it."""
    y = made()
    y[0, 27:40] += 8
    report = first(shown(tmp_path, text("synthetic_did"), rows=table(y)))
    assert checks(report)["Placebo launch"] == "failed"
    assert report["grade"] == "D"


HARD = {
    "one untreated group": (made()[:2], "2026-04-10", "two untreated groups"),
    "a launch to come": (made(), "2026-09-01", "is after the last day"),
    "no day before": (made(), "2026-03-02", "two periods before"),
}


@DESIGNS
@pytest.mark.parametrize("case", HARD)
def test_nothing_is_claimed_without_a_comparison(tmp_path: Path, design: str, case: str) -> None:
    y, launch, why = HARD[case]
    report = first(shown(tmp_path, text(design, launch), rows=table(y)))
    assert report["money"]["value"] is None
    assert report["effect"]["value"] is None
    assert why in report["effect"]["reason"]
    assert report["grade"] is None


@DESIGNS
def test_outcomes_that_are_all_zero(tmp_path: Path, design: str) -> None:
    report = first(shown(tmp_path, text(design), rows=table(np.zeros((6, 60)))))
    assert report["money"]["value"] == pytest.approx(0)
    assert report["money"]["low"] is None
    assert "alike" in report["money"]["reason"]
    assert report["relative"]["value"] is None


@DESIGNS
def test_gaps_are_filled_or_left_out_and_said(tmp_path: Path, design: str) -> None:
    y = made()
    y[5, 20], y[6, :50] = np.nan, np.nan
    report = first(shown(tmp_path, text(design), rows=table(y)))
    assert report["effect"]["value"] == pytest.approx(4, abs=0.8)
    assert checks(report)["Data left out"] == "warning"


@DESIGNS
def test_three_untreated_groups_have_no_interval(tmp_path: Path, design: str) -> None:
    report = first(shown(tmp_path, text(design), rows=table(made(4))))
    assert report["money"]["value"] is not None
    assert report["money"]["low"] is None
    assert "4 untreated groups" in report["money"]["reason"]
    assert report["grade"] == "D"
    assert "how sure that is, is not known" in report["title"]
