"""Comparisons of groups over time as a scorecard: money, grades, checks, and what is unknown."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.assess import cases
from tests.bookkeeping import book
from tests.panels import FIRST, days, grouped_rows, panel_frame
from tests.workspaces import workspace
from valuekit.assess import assess
from valuekit.scorecard import from_json, to_json

PERIODS, LAUNCH = 120, 70


def declared(design, panel=None, metric=None, **evidence):
    where = {"table": "p", "time": "day", "group": "g", "treated_from": "start"}
    model = {
        "title": "Routing",
        "task": "regression",
        "predictions": None,
        "panel": panel or where,
        "metrics": {"y": {"column": "y", "already_money": True} | (metric or {})},
        "evidence": [{"design": design, **evidence}],
        "costs": cases.COSTS,
    }
    return workspace({"m": model})


def card(rows, design="diff_in_diff", frame=None, **how):
    made = panel_frame(rows) if frame is None else frame
    last = max(rows["day"]) if len(rows) else FIRST
    held = book(
        {"panel": made}, first=min(rows["day"]) if len(rows) else None, last=last,
        complete_through=last, as_of=last,
    )  # fmt: skip
    named = declared(design, **how)
    found = assess(named, "m", cases.costed(named, held))
    assert from_json(to_json(found)) == found
    return found


def only(found):
    (one,) = found.evidence
    return one


def status(one, name):
    return next(check for check in one.diagnostics if check.name == name)


@pytest.fixture(scope="module")
def rows():
    return grouped_rows(16, 6, PERIODS, LAUNCH, effect=2.0, each=2, seed=7)


@pytest.fixture(scope="module")
def found(rows):
    return card(rows)


def test_money_is_the_effect_on_all_treated_rows(found, rows):
    one = only(found)
    treated = int(rows["on"].sum())
    assert one.money.value == pytest.approx(one.effect.value * treated)
    assert one.effect.low < 2.0 < one.effect.high
    assert one.money.low < 2.0 * treated < one.money.high
    seen = rows.loc[rows["on"] == 1, "y"].sum()
    assert one.base_money == pytest.approx(seen - one.money.value)
    assert one.relative.value == pytest.approx(one.money.value / one.base_money)
    year = found.period("all")
    assert year.value.value == pytest.approx(one.money.value)
    quarter = found.period("quarter")
    assert 0 < quarter.value.value <= one.money.value
    weeks = [week.value for week in found.weeks if week.value is not None]
    assert sum(weeks) == pytest.approx(one.money.value, rel=0.2)
    assert {arm.role: arm.units for arm in one.arms} == {"control": 10, "treated": 6}


def test_it_says_what_it_checked_and_has_its_grade(found):
    one = only(found)
    assert (one.effect_grade, one.grade) == ("C", "C")
    assert one.grade_reasons == ("not randomised, and it passed its checks",)
    for name in ("Number of groups", "Parallel before the launch", "Placebo launch"):
        assert status(one, name).status == "passed", name
    assert status(one, "Randomisation test").p_value < 0.01
    assert "Treated groups did" in one.title
    assert one.formula
    assert "Duflo" in one.source
    assert one.timeline[-1].value == pytest.approx(one.effect.value)
    keys = [other.key for other in one.others]
    assert keys == [
        "uplift.clustered", "uplift.fixed_effects", "uplift.cells", "uplift.cells.unequal",
    ]  # fmt: skip
    assert all(other.estimate.value == pytest.approx(one.effect.value) for other in one.others)


def test_effect_since_launch_is_there_to_draw(found):
    points = only(found).launch
    assert [one.first for one in points if one.last < 0][-1] < 0
    before = [one for one in points if one.last < 0]
    assert sum(one.low <= 0 <= one.high for one in before) >= len(before) - 1
    assert all(one.low <= one.effect.low <= one.effect.high <= one.high for one in points)
    assert len(points) <= 37


def test_groups_that_were_on_another_path_cost_grades(rows):
    step = rows["day"].map({day: place for place, day in enumerate(days(PERIODS))})
    one = only(card(rows.assign(y=rows["y"] + 0.05 * step * rows["t"])))
    assert status(one, "Parallel before the launch").status == "failed"
    assert status(one, "Placebo launch").status == "failed"
    assert one.effect_grade == "D"
    assert len(one.grade_reasons) == 2


def test_a_declared_price_is_an_assumption(rows):
    metric = {"already_money": False, "money": "3", "higher_is_better": False}
    one = only(card(rows, metric=metric))
    plain = only(card(rows))
    assert one.money.value == pytest.approx(-3 * plain.money.value)
    assert (one.effect_grade, one.grade) == ("C", "D")
    unpriced = only(card(rows, metric={"already_money": False}))
    assert "no declared money value" in unpriced.money.reason
    assert unpriced.effect.value == pytest.approx(plain.effect.value)


def test_segments_have_effects_of_their_own(rows):
    frame = panel_frame(rows)
    both = pd.concat([frame, frame.assign(segment="size=big", mean_y=frame["mean_y"] * 2)])
    panel = {"table": "p", "time": "day", "group": "g", "treated_from": "s", "segments": ["size"]}
    made = card(rows, frame=both, panel=panel)
    effects = {one.segment: one.effect.value for one in made.segments}
    assert effects.get("size=big", 2 * only(made).effect.value) == pytest.approx(
        2 * only(made).effect.value
    )


@pytest.mark.parametrize(
    ("how", "keys", "why"),
    [
        ({"treated": 0}, {}, "no group is treated"),
        ({"treated": 16}, {}, "no untreated group"),
        ({"groups": 1, "treated": 1}, {}, "no untreated group"),
        ({"launch": 0}, {}, "no period before their launch"),
        ({"launch": 200}, {}, "is after the last day with data"),
        ({}, {"control_groups": ["nowhere"]}, "no untreated group"),
        ({}, {"anticipation": 60}, "no period before the launch"),
        ({}, {"until": FIRST + timedelta(days=10)}, "is after the last day with data"),
        ({}, {"from": FIRST}, "no"),
    ],
)
@pytest.mark.parametrize("design", ["diff_in_diff", "staggered"])
def test_what_cannot_be_compared_is_unknown(design, how, keys, why):
    if design == "staggered" and "from" in keys:
        pytest.skip("a roll-out in steps has no single first day")
    start = {"groups": 16, "treated": 6, "periods": 70, "launch": 60} | how
    made = card(grouped_rows(**start), design, **keys)
    one = only(made)
    assert one.money.value is None
    assert one.effect.value is None
    if design == "diff_in_diff":
        assert why in one.effect.reason
    assert one.effect.reason
    assert (one.grade, one.launch, one.timeline) == (None, (), ())
    assert made.period("all").net.value is None


def test_future_launch_says_its_day():
    one = only(card(grouped_rows(launch=200, periods=60)))
    assert "the first launch, 20 Jul 2026, is after the last day with data" in one.effect.reason


@pytest.mark.parametrize("value", [0.0, 7.0])
@pytest.mark.parametrize("design", ["diff_in_diff", "staggered"])
def test_no_variance_is_no_certainty(design, value):
    one = only(card(grouped_rows().assign(y=value), design))
    assert one.effect.value == pytest.approx(0, abs=1e-9)
    assert one.effect.low is None
    assert "alike" in one.effect.reason
    assert one.launch[0].effect.low is None


def test_two_periods_and_few_groups_are_graded_down():
    one = only(card(grouped_rows(groups=4, treated=2, periods=2, launch=1)))
    assert one.effect.value is not None
    assert one.effect.low is None
    assert "too few for an interval" in one.effect.reason
    assert "how sure that is, is not known" in one.title
    assert one.effect_grade == "D"
    assert status(one, "Randomisation test").p_value >= 1 / 6


def test_two_groups_with_rows_have_those_and_say_so():
    one = only(card(grouped_rows(groups=2, treated=1, periods=2, launch=1, each=50)))
    assert one.effect.low is not None
    assert "pooled least squares" in one.effect.method
    check = status(one, "Number of groups")
    assert check.status == "failed"
    assert "no inference by group is possible" in check.text
    assert one.effect_grade == "D"


def test_gaps_are_said(rows):
    hole = (rows["group"] == "g01") & (rows["day"] == rows["day"].min())
    one = only(card(rows[~hole]))
    check = status(one, "Data left out")
    assert check.status == "warning"
    assert "1 gap" in check.text
    assert one.effect.value is not None


def steps(seed=3, never=10, periods=PERIODS):
    """Four groups on each of three days."""
    rng = np.random.default_rng(seed)
    cuts = [40] * 4 + [60] * 4 + [80] * 4 + [None] * never
    common = rng.normal(size=periods)
    made = []
    for group, cut in enumerate(cuts):
        level = rng.normal(20, 3)
        start = None if cut is None else FIRST + timedelta(days=cut)
        made += [
            {"day": day, "group": f"g{group:02}",
             "treated_from": "" if start is None else start.isoformat(),
             "y": level + common[step] + 2.0 * (cut is not None and step >= cut) + rng.normal()}
            for step, day in enumerate(days(periods))
        ]  # fmt: skip
    return pd.DataFrame(made)


@pytest.mark.parametrize("comparison", ["never", "not_yet"])
def test_a_roll_out_in_steps(comparison):
    rows = steps()
    made = card(rows, "staggered", comparison=comparison)
    one = only(made)
    treated = 4 * (80 + 60 + 40)
    assert one.money.value == pytest.approx(one.effect.value * treated)
    assert one.effect.low < 2.0 < one.effect.high
    assert (one.effect_grade, one.grade) == ("B", "B")
    keys = {other.key: other.estimate for other in one.others}
    assert {"uplift.simple", "uplift.dynamic", "uplift.group", "uplift.calendar"} <= set(keys)
    assert all(abs(keys[key].value - 2.0) < 1 for key in keys)
    assert [point.first for point in one.launch] == sorted(point.first for point in one.launch)
    assert one.launch[0].low <= one.launch[0].effect.value <= one.launch[0].high
    daily = [week.value for week in made.weeks if week.value]
    assert len(daily) > 10


def test_a_roll_out_to_everyone_needs_those_not_treated_yet():
    rows = steps(never=0)
    never = only(card(rows, "staggered"))
    assert 'comparison = "not_yet"' in never.effect.reason
    later = only(card(rows, "staggered", comparison="not_yet"))
    assert later.effect.value == pytest.approx(2.0, abs=1)


def blocks(switch=2, span=80, effect=1.5, seed=5):
    rng = np.random.default_rng(seed)
    made = []
    for group in ("x", "y"):
        arm = rng.integers(0, 2, span * 4 // switch).repeat(switch)
        made += [
            {"day": day, "group": group, "block": 6 * part, "arm": str(arm[4 * step + part]),
             "y": 10 + part + rng.normal() + effect * arm[4 * step + part]}
            for step, day in enumerate(days(span)) for part in range(4)
        ]  # fmt: skip
    return pd.DataFrame(made)


SWITCHED = {"table": "p", "time": "at", "group": "g", "arm": "on", "block_hours": 6}


def test_a_switchback():
    rows = blocks(switch=4, seed=3)
    made = card(rows, "switchback", panel=SWITCHED)
    one = only(made)
    assert one.effect.low < 1.5 < one.effect.high
    assert (one.effect_grade, one.grade) == ("B", "B")
    treated = next(arm.units for arm in one.arms if arm.role == "treated")
    assert one.money.value == pytest.approx(one.effect.value * treated)
    assert "Blocks with the model did" in one.title
    assert status(one, "Number of switches").status == "passed"
    assert "left out as carried over" in status(one, "Data left out").text
    weeks = [week.value for week in made.weeks if week.value is not None]
    assert sum(weeks) == pytest.approx(one.money.value, rel=0.25)


def test_few_switches_cost_a_grade():
    rows = blocks(switch=40, span=60)
    one = only(card(rows, "switchback", panel=SWITCHED))
    assert status(one, "Number of switches").status == "failed"
    assert one.effect_grade in {"C", "D"}
    assert "20 are asked for" in " ".join(one.grade_reasons)


@pytest.mark.parametrize(
    ("change", "keys", "why"),
    [
        ({"arm": "1"}, {}, "all blocks are of one arm"),
        ({}, {"carry_over": 90}, "make the stretches longer"),
        ({}, {"from": FIRST + timedelta(days=900)}, "all blocks|no time of day|no mature"),
    ],
)
def test_a_switchback_that_cannot_be_compared(change, keys, why):
    one = only(card(blocks().assign(**change), "switchback", panel=SWITCHED, **keys))
    assert one.effect.value is None
    assert any(part in one.effect.reason for part in why.split("|"))


@pytest.mark.parametrize("design", ["diff_in_diff", "staggered", "switchback"])
def test_no_rows_at_all(design):
    panel = SWITCHED if design == "switchback" else None
    one = only(card(grouped_rows().head(0), design, panel=panel))
    assert one.money.value is None
    assert one.effect.reason


def test_two_groups_with_one_total_a_period_have_an_interval_and_a_lower_grade():
    """The spread of their difference, and nothing of the weeks that move both alike."""
    rows = grouped_rows(groups=2, treated=1, periods=60, launch=30, each=1, seed=4)
    one = only(card(rows))
    wide = rows.pivot_table(index="day", columns="group", values="y")
    apart = (wide["g00"] - wide["g01"]).to_numpy()
    assert one.effect.value == pytest.approx(apart[30:].mean() - apart[:30].mean())
    off = np.concatenate([apart[:30] - apart[:30].mean(), apart[30:] - apart[30:].mean()])
    least = np.sqrt(off @ off / 58 * (2 / 30))
    assert one.effect.se >= least * (1 - 1e-9)
    assert one.effect.se < 3 * least
    assert one.effect_grade == "D"
    assert status(one, "Number of groups").status == "failed"
