"""Comparisons within strata from a workspace file to the scorecard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from causaldata import nsw_mixtape

from tests.assess.shown import checks, figures, shown

MODEL = """
[models.calls]
title = "Calls"
owner = "crm@example.com"
area = "Sales"
task = "ranking"

[models.calls.assignments]
table = "assigned.parquet"
unit = "customer"
arm = "arm"
time = "called_at"
{declared}

[models.calls.outcomes]
table = "outcomes.parquet"
on = {{ customer = "customer" }}
time = "paid_at"
window = "10d"
complete_through = 2026-07-01

[models.calls.metrics.margin]
column = "margin"
already_money = true
primary = true

[models.calls.metrics.bought]
column = "bought"
kind = "proportion"

[[models.calls.evidence]]
design = "observational"
control = "none"
{more}
"""
STRATUM = 'stratum = "size"\ncovariates = { margin = "prior" }'
CHANCE = 'propensity = "chance"\ncovariates = { margin = "prior" }'


def text(declared: str = STRATUM, more: str = "") -> str:
    return MODEL.format(declared=declared, more=more)


def customers(n: int = 5000, seed: int = 1) -> pd.DataFrame:
    """Large customers are called more and buy more anyway; a call brings 3."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 8, n)
    chance = 0.1 + 0.1 * place
    called = rng.random(n) < chance
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, n), unit="D")
    margin = 20 + 4 * place + 3 * called + rng.normal(0, 4, n)
    return pd.DataFrame(
        {
            "customer": np.arange(n),
            "arm": np.where(called, "call", "none"),
            "called_at": day,
            "size": [f"s{one}" for one in place],
            "chance": chance + 0.001,
            "prior": 10 * place + rng.normal(0, 3, n),
            "paid_at": day + pd.Timedelta(days=2),
            "margin": margin,
            "bought": (margin > 35).astype(int),
        }
    )


def run(folder: Path, rows: pd.DataFrame, written: str) -> dict[str, Any]:
    one = ["customer", "arm", "called_at", "size", "chance", "prior"]
    two = ["customer", "paid_at", "margin", "bought"]
    return shown(folder, written, assigned=rows[one], outcomes=rows[two])


def by_hand(rows: pd.DataFrame, kept: list[str] | None = None) -> tuple[float, float, int]:
    """Sum over strata of n1 (mean1 - mean0), its standard error, and n1."""
    moved = variance = 0.0
    units = 0
    for name, part in rows.groupby("size"):
        if kept is not None and name not in kept:
            continue
        on, off = (part.loc[part["arm"] == arm, "margin"] for arm in ("call", "none"))
        moved += len(on) * (on.mean() - off.mean())
        variance += len(on) ** 2 * (on.var() / len(on) + off.var() / len(off))
        units += len(on)
    return moved, variance**0.5, units


def test_money_of_raw_rows(tmp_path: Path) -> None:
    rows = customers()
    card = run(tmp_path, rows, text())
    report = card["evidence"][0]
    moved, se, units = by_hand(rows)
    assert report["money"]["value"] == pytest.approx(moved)
    assert report["money"]["se"] == pytest.approx(se)
    assert report["effect"]["value"] == pytest.approx(moved / units)
    assert report["effect"]["value"] == pytest.approx(3, abs=0.5)
    assert figures(report)["uplift.unadjusted"]["value"] > 8
    assert report["grade"] == "C"
    assert "strata" in report["money"]["method"]
    assert card["periods"][0]["value"]["value"] == pytest.approx(moved)
    named = {one["name"]: one for one in card["periods"]}
    span = named["month"]["period"]
    month = rows[rows["called_at"].between(span["first"], span["last"])]
    assert len(month) < len(rows)
    assert named["month"]["value"]["value"] == pytest.approx(by_hand(month)[0])
    assert set(checks(report).values()) == {"passed"}


def test_balance_and_e_value_are_beside(tmp_path: Path) -> None:
    report = run(tmp_path, customers(), text())["evidence"][0]
    found = figures(report)
    assert found["balance.prior.raw"]["value"] > 0.5
    assert abs(found["balance.prior.adjusted"]["value"]) < 0.1
    assert found["e_value.estimate"]["value"] > found["e_value.limit"]["value"] > 1
    words = {one["name"]: one["text"] for one in report["diagnostics"]}
    assert "A cause nobody measured" in words["Unmeasured causes (E-value)"]
    assert "prior" in words["Balance before treatment"]
    assert found["uplift.bought"]["value"] is not None


def test_a_declared_chance_makes_the_strata(tmp_path: Path) -> None:
    rows = customers()
    report = run(tmp_path, rows, text(CHANCE))["evidence"][0]
    assert report["money"]["value"] == pytest.approx(by_hand(rows)[0])


def test_strata_without_overlap_are_left_out(tmp_path: Path) -> None:
    """Nearly all of the largest customers were called: they are out of the figure, and named."""
    rows = customers()
    rows.loc[rows["size"] == "s7", "arm"] = np.where(
        rows.loc[rows["size"] == "s7", "customer"] % 30 > 0, "call", "none"
    )
    report = run(tmp_path, rows, text())["evidence"][0]
    kept = [f"s{one}" for one in range(7)]
    assert report["money"]["value"] == pytest.approx(by_hand(rows, kept)[0])
    assert checks(report)["Overlap of treated and control"] == "failed"
    assert report["grade"] == "D"
    assert "left out" in report["money"]["notes"][0]
    wide = run(tmp_path, rows, text(more="trim = 0.0"))["evidence"][0]
    assert wide["money"]["value"] == pytest.approx(by_hand(rows)[0])


def test_treated_and_control_that_differ_within_strata(tmp_path: Path) -> None:
    rows = customers()
    rows["prior"] += 40 * (rows["arm"] == "call")
    report = run(tmp_path, rows, text())["evidence"][0]
    assert checks(report)["Balance before treatment"] == "failed"
    assert report["grade"] == "D"


def test_exposure_at_another_time(tmp_path: Path) -> None:
    """Those called came later: what else changed meanwhile would be taken for the effect."""
    rows = customers()
    late = rows["arm"] == "call"
    rows.loc[late, "called_at"] += pd.Timedelta(days=20)
    rows.loc[late, "paid_at"] += pd.Timedelta(days=20)
    report = run(tmp_path, rows, text())["evidence"][0]
    assert checks(report)["Balance before treatment"] == "failed"


def test_nothing_measured_before_costs_a_grade(tmp_path: Path) -> None:
    report = run(tmp_path, customers(), text('stratum = "size"'))["evidence"][0]
    assert checks(report)["Balance before treatment"] == "not run"
    assert report["grade"] == "D"
    assert any("could not be run" in why for why in report["grade_reasons"])


def test_no_overlap_at_all(tmp_path: Path) -> None:
    rows = customers(800)
    rows["arm"] = np.where(rows["size"] > "s3", "call", "none")
    report = run(tmp_path, rows, text())["evidence"][0]
    assert report["money"]["value"] is None
    assert "no overlap" in report["effect"]["reason"]
    assert report["grade"] is None


def test_one_side_alone(tmp_path: Path) -> None:
    rows = customers(300).assign(arm="call")
    report = run(tmp_path, rows, text())["evidence"][0]
    assert "only one side" in report["effect"]["reason"]


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_outcomes_that_do_not_vary(tmp_path: Path, level: float) -> None:
    rows = customers(400).assign(margin=level)
    report = run(tmp_path, rows, text())["evidence"][0]
    assert report["money"]["value"] is None
    assert "same outcome" in report["money"]["reason"]


def test_a_randomised_study_as_if_nobody_drew_lots(tmp_path: Path) -> None:
    """Dehejia & Wahba 1999: 1,794.34 dollars as it is; by schooling near to it."""
    rows = nsw_mixtape.load_pandas().data
    day = pd.Timestamp("2026-01-05")
    made = pd.DataFrame(
        {
            "customer": np.arange(len(rows)),
            "arm": np.where(rows["treat"] == 1, "call", "none"),
            "called_at": day,
            "size": np.where(rows["nodegree"] == 1, "no degree", "degree"),
            "chance": 0.5,
            "prior": rows["re75"],
            "paid_at": day + pd.Timedelta(days=1),
            "margin": rows["re78"],
            "bought": (rows["re78"] > 0).astype(int),
        }
    )
    report = run(tmp_path, made, text())["evidence"][0]
    assert figures(report)["uplift.unadjusted"]["value"] == pytest.approx(1794.34, abs=0.01)
    assert report["money"]["value"] == pytest.approx(by_hand(made)[0])
    assert report["effect"]["value"] == pytest.approx(1794, abs=200)
