"""A series before and after a launch as a scorecard: money, grades, checks, what is unknown."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tests.assess import cases
from tests.assess.shown import checks, figures, shown
from tests.bookkeeping import book
from tests.panels import panel_frame
from tests.workspaces import workspace
from valuekit.assess import assess
from valuekit.scorecard import from_json, to_json

FIRST = date(2024, 1, 1)
LAUNCH = 120
DESIGNS = ("before_after", "structural")


def raw(n=200, launch=LAUNCH, effect=5.0, seed=5, first=FIRST):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    x = 50 + rng.normal(0, 2, n)
    y = 100 + np.array([0, 1, 2, 1, 0, -4, -4.0])[t % 7] + 0.5 * x + rng.normal(0, 1, n)
    return pd.DataFrame(
        {
            "day": [first + timedelta(days=int(one)) for one in t],
            "y": y + effect * (t >= launch), "x": x, "group": "all", "on": t >= launch,
        }
    )  # fmt: skip


def declared(design, launch, metric=None, panel=None, **evidence):
    model = {
        "title": "Pricing",
        "task": "regression",
        "predictions": None,
        "panel": {"table": "p", "time": "day"} | (panel or {}),
        "metrics": {
            "y": {"column": "y", "already_money": True, "primary": True} | (metric or {}),
            "x": {"column": "x"},
            "z": {"column": "z"},
        },
        "evidence": [{"design": design, "from": launch, **evidence}],
        "costs": cases.COSTS,
    }
    return workspace({"m": model})


def card(rows, design="before_after", launch=None, **how):
    rows = rows.assign(group=rows.get("group", "all"))
    frame = panel_frame(rows)
    if "x" in rows:
        frame = pd.concat(
            [frame, panel_frame(rows.assign(y=rows["x"]), metric="x")], ignore_index=True
        )
    last = max(rows["day"])
    held = book(
        {"panel": frame}, first=min(rows["day"]), last=last, complete_through=last, as_of=last
    )
    if launch is None:
        launch = rows.loc[rows["on"], "day"].min() if rows["on"].any() else last
    named = declared(design, launch, **how)
    found = assess(named, "m", cases.costed(named, held))
    assert from_json(to_json(found)) == found
    return found


def report(*args, **how):
    (one,) = card(*args, **how).evidence
    return one


def status(one, name):
    return next(check.status for check in one.diagnostics if check.name == name)


@pytest.mark.parametrize("design", DESIGNS)
def test_money_of_every_period_is_what_was_seen_beyond_what_was_expected(design):
    rows = raw()
    found = card(rows, design, controls=["x"])
    (one,) = found.evidence
    days = int(rows["on"].sum())
    assert one.money.low < 5.0 * days < one.money.high
    assert one.effect.unit == "EUR/day"
    assert one.money.value == pytest.approx(one.effect.value * days)
    assert one.base_money == pytest.approx(rows.loc[rows["on"], "y"].sum() - one.money.value)
    assert one.relative.value == pytest.approx(one.money.value / one.base_money)
    weeks = [week.value for week in found.weeks if week.value is not None]
    assert sum(weeks) == pytest.approx(one.money.value)
    assert weeks[0] == 0
    assert found.period("all").value.value == pytest.approx(one.money.value)
    assert (one.effect_grade, one.grade) == ("C", "C")
    assert not {check.status for check in one.diagnostics} & {"failed", "not run"}
    assert one.title.startswith("Since the launch it went €")
    assert one.timeline[-1].value == pytest.approx(one.effect.value)


@pytest.mark.parametrize("design", DESIGNS)
def test_the_course_shows_what_was_seen_beside_what_was_expected(design):
    rows = raw()
    course = report(rows, design).course
    assert [one.day for one in course] == sorted(one.day for one in course)
    assert len(course) <= 92
    after = [one for one in course if one.treated]
    assert all(one.low < one.expected < one.high < one.actual for one in after)
    before = [one for one in course if not one.treated]
    if design == "before_after":
        assert np.mean([one.actual - one.expected for one in before]) == pytest.approx(0, abs=0.3)
    else:
        assert {one.expected for one in before} == {None}


def test_without_control_and_two_years_it_is_an_assumption():
    one = report(raw())
    assert one.grade == "D"
    assert one.grade_reasons[0].startswith("no control series, and less than two years")
    long = raw(n=900, launch=800)
    assert report(long).grade == "C"


def test_a_declared_price_is_an_assumption():
    metric = {"already_money": False, "money": "2"}
    one = report(raw(), metric=metric, controls=["x"])
    assert (one.effect_grade, one.grade) == ("C", "D")
    plain = report(raw(), controls=["x"])
    assert one.money.value == pytest.approx(2 * plain.money.value)


def test_lower_may_be_better():
    one = report(raw(effect=-5.0), metric={"higher_is_better": False})
    assert one.effect.low < 5.0 < one.effect.high
    assert one.relative.value < 0


@pytest.mark.parametrize("design", DESIGNS)
def test_a_bad_stretch_before_the_launch_is_seen(design):
    rows = raw(effect=0.0)
    t = np.arange(len(rows))
    rows["y"] -= 3.0 * ((t >= LAUNCH - 14) & (t < LAUNCH))
    one = report(rows, design)
    assert status(one, "Bad stretch before the launch") in {"failed", "warning"}
    assert "bad times pass by themselves" in next(
        check.text for check in one.diagnostics if check.name == "Bad stretch before the launch"
    )


def test_a_launch_pretended_before_the_real_one_finds_an_earlier_change():
    rows = raw()
    rows["y"] += 6.0 * (np.arange(len(rows)) >= 78)
    one = report(rows, controls=["x"])
    assert status(one, "Pretended launches") == "failed"
    assert one.grade == "D"
    assert any("pretended launches failed" in why for why in one.grade_reasons)


def test_a_control_that_moved_with_the_launch_is_none():
    rows = raw()
    rows["x"] += 8.0 * rows["on"]
    one = report(rows, controls=["x"])
    assert status(one, "Controls left alone") == "failed"
    assert one.grade == "D"


def test_the_belief_about_the_level_is_shown_at_three_values():
    one = report(raw(), "structural")
    wide = [figure.estimate.high - figure.estimate.low for figure in one.others]
    assert [figure.key for figure in one.others] == [
        "uplift.level_prior_01", "uplift.level_prior_03", "uplift.level_prior_10",
    ]  # fmt: skip
    assert wide == sorted(wide)
    assert status(one, "Belief about the level") == "passed"
    assert one.others[0].estimate.value == pytest.approx(one.effect.value)


def _drop(rows, *, keep):
    return rows[keep].reset_index(drop=True)


HARD = {
    "zero variance": (lambda r: r.assign(y=7.0), "never moved before the launch"),
    "all zero": (lambda r: r.assign(y=0.0), "every total is 0"),
    "launch on the first day": (lambda r: r.assign(on=True), "no day before the launch"),
    "55 days before": (lambda r: _drop(r, keep=r.index >= LAUNCH - 55), "only 55 days before"),
    "weekends only": (
        lambda r: _drop(r, keep=[one.weekday() >= 5 for one in r["day"]]),
        "days before the launch; at least 56",
    ),
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("name", HARD)
def test_what_cannot_be_known_is_unknown_with_its_reason(design, name):
    change, reason = HARD[name]
    found = card(change(raw()), design)
    (one,) = found.evidence
    for figure in (one.money, one.effect):
        assert (figure.value, figure.low, figure.high, figure.se) == (None, None, None, None)
        assert reason in figure.reason
    assert one.grade is None
    assert found.period("all").value.value is None


@pytest.mark.parametrize("design", DESIGNS)
def test_a_launch_in_the_future_is_awaited(design):
    found = card(raw(), design, launch=date(2030, 1, 1))
    assert "no after yet" in found.evidence[0].effect.reason


@pytest.mark.parametrize("design", DESIGNS)
def test_gaps_are_left_out_and_said(design):
    rows = raw()
    gappy = _drop(rows, keep=~rows.index.isin([5, 6, 40, 150, 151, 152]))
    one = report(gappy, design)
    assert one.effect.low < 5.0 < one.effect.high
    assert status(one, "Data left out") == "warning"
    assert one.money.value == pytest.approx(one.effect.value * gappy["on"].sum())


@pytest.mark.parametrize("design", DESIGNS)
def test_weekends_alone_are_a_series_when_there_are_enough(design):
    rows = raw(n=500, launch=300)
    rows = _drop(rows, keep=[one.weekday() >= 5 for one in rows["day"]])
    one = report(rows, design)
    assert one.effect.low < 5.0 < one.effect.high


@pytest.mark.parametrize("design", DESIGNS)
def test_a_large_level_costs_no_digits(design):
    rows = raw()
    small, large = report(rows, design), report(rows.assign(y=rows["y"] + 1e8), design)
    assert large.effect.value == pytest.approx(small.effect.value, rel=1e-5)
    assert large.effect.high == pytest.approx(small.effect.high, rel=1e-5)


def test_controls_that_say_the_same_are_counted_once():
    rows = raw()
    frame = pd.concat(
        [panel_frame(rows.assign(y=rows[name] * k), metric=metric)
         for metric, name, k in (("y", "y", 1), ("x", "x", 1), ("z", "x", 3.0))],
        ignore_index=True,
    )  # fmt: skip
    last = max(rows["day"])
    held = book({"panel": frame}, first=FIRST, last=last, complete_through=last, as_of=last)
    found = []
    for design in DESIGNS:
        for controls in (["x"], ["x", "z"]):
            launch = FIRST + timedelta(days=LAUNCH)
            named = declared(design, launch, controls=controls)
            found.append(assess(named, "m", cases.costed(named, held)).evidence[0].effect.value)
    assert found[0] == pytest.approx(found[1])
    assert found[2] == pytest.approx(found[3])


def test_a_workspace_file_of_counts_reaches_the_terminal(tmp_path):
    """The rate ratio is that of a quasi-Poisson regression of the raw rows."""
    rng = np.random.default_rng(5)
    t = np.arange(72)
    on = t >= 48
    population = 1e5 * (1 + 0.001 * t)
    rate = np.exp(-5 + 0.003 * t + 0.2 * np.sin(2 * np.pi * t / 12) - 0.25 * on)
    rows = pd.DataFrame({
        "month": pd.date_range("2018-01-01", periods=72, freq="MS").date,
        "cases": rng.poisson(population * rate), "population": population,
    })  # fmt: skip
    text = """
[models.safety]
title = "Safety"
owner = "a@example.com"
task = "regression"
[models.safety.panel]
table = "rows.parquet"
time = "month"
frequency = "month"
offset = "population"
[models.safety.metrics.cases]
column = "cases"
higher_is_better = false
[[models.safety.evidence]]
design = "before_after"
from = 2022-01-01
family = "poisson"
change = "level"
harmonics = 1
"""
    one = shown(tmp_path, text, rows=rows)["evidence"][0]
    wave = 2 * np.pi * t / 12
    x = np.column_stack([np.ones(72), on, t, np.sin(wave), np.cos(wave)])
    fit = sm.GLM(
        rows["cases"].to_numpy(), x, family=sm.families.Poisson(), offset=np.log(population)
    ).fit(scale="X2")
    low, high = np.exp(fit.conf_int()[1])
    ratio = figures(one)["uplift.rate_ratio"]
    assert ratio["value"] == pytest.approx(np.exp(fit.params[1]), rel=1e-6)
    assert (ratio["low"], ratio["high"]) == (pytest.approx(low, rel=1e-6), pytest.approx(high))
    assert one["relative"]["value"] == pytest.approx(ratio["value"] - 1)
    assert one["relative"]["low"] == pytest.approx(low - 1)
    assert one["relative"]["high"] == pytest.approx(high - 1)
    assert one["money"]["value"] is None
    assert one["effect"]["low"] > 0
    assert checks(one)["Pretended launches"] in {"passed", "failed"}
    assert one["course"][-1]["actual"] < one["course"][-1]["low"]


def test_evidence_takes_back_a_change_it_does_not_know():
    with pytest.raises(ValueError, match="means nothing for design 'structural'"):
        declared("structural", FIRST, change="level")
