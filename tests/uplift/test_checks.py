"""Sample ratio, attrition, crossover and skew: what passes, what fails, what is not run."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.facts_from_rows import effect_frame
from valuekit.estimate import Estimate
from valuekit.uplift.attrition import attrition
from valuekit.uplift.crossover import crossover
from valuekit.uplift.many_arms import many_arms
from valuekit.uplift.multiple import holm
from valuekit.uplift.skew import skew_gate
from valuekit.uplift.srm import sample_ratio, srm_p
from valuekit.workspace.declare import Allocation


def units(**arms: int) -> pd.DataFrame:
    names = [name for name, n in arms.items() for _ in range(n)]
    return pd.DataFrame({"arm": names, "y": np.arange(len(names)) % 5.0})


def steps(*pairs: tuple[str, float]) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(**{"from": date.fromisoformat(day), "control": share}) for day, share in pairs
    )


def test_srm_equals_scipy():
    counts = [1000, 940, 1100]
    oracle = stats.chisquare(counts, [sum(counts) / 3] * 3)
    assert srm_p(counts, [1 / 3] * 3) == pytest.approx((oracle.statistic, oracle.pvalue))
    with pytest.raises(ValueError, match="sum to 1"):
        srm_p([1, 2], [0.5, 0.6])
    assert srm_p([0, 0], [0.5, 0.5]) == (0.0, 1.0)


def test_sample_ratio_by_epoch():
    early = units(control=500, offer=520).assign(epoch="2026-01-01")
    late = units(control=50, offer=930).assign(epoch="2026-05-01")
    frame = effect_frame(pd.concat([early, late]))
    found = sample_ratio(frame, "control", steps(("2026-01-01", 0.5), ("2026-05-01", 0.05)))
    statistic = srm_p([500, 520], [0.5, 0.5])[0] + srm_p([50, 930], [0.05, 0.95])[0]
    assert found.status == "passed"
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, 2))
    failed = sample_ratio(frame, "control", steps(("2026-01-01", 0.5), ("2026-05-01", 0.1)))
    assert failed.status == "failed"
    assert "units are lost" in failed.text


def test_sample_ratio_edges():
    frame = effect_frame(units(control=50, offer=50).assign(epoch="2026-01-01"))
    assert sample_ratio(frame, "control", ()).status == "not run"
    before = sample_ratio(frame, "control", steps(("2026-02-01", 0.5)))
    assert before.status == "failed"
    assert "before the first declared" in before.text
    none = sample_ratio(frame, "control", steps(("2026-01-01", 0.0)))
    assert none.status == "failed"
    rest = effect_frame(units(offer=50).assign(epoch="2026-01-01"))
    assert sample_ratio(rest, "control", steps(("2026-01-01", 0.0))).status == "not run"


def test_sample_ratio_counts_every_arm_and_units_without_outcome():
    rows = units(control=334, a=333, b=333).assign(epoch="2026-01-01")
    rows.loc[rows["arm"] == "control", "y"] = np.nan
    found = sample_ratio(effect_frame(rows), "control", steps(("2026-01-01", 1 / 3)))
    assert found.status == "passed"


def test_sample_ratio_of_each_treated_arm_against_its_declared_share():
    """100 units moved from one treated arm to the other leave the control's share as it was."""
    moved = effect_frame(units(control=400, a=200, b=400).assign(epoch="2026-01-01"))
    step = {"from": "2026-01-01", "control": 0.4}
    alone = sample_ratio(moved, "control", [Allocation(**step)])
    assert alone.status == "passed"
    assert "not checked" in alone.text
    declared = [Allocation(**step, arms={"a": 0.3, "b": 0.3})]
    found = sample_ratio(moved, "control", declared)
    oracle = stats.chisquare([400, 200, 400], [400, 300, 300])
    assert found.status == "failed"
    assert (found.statistic, found.p_value) == pytest.approx(oracle)
    assert "a 200 (20.00%)" in found.text
    watched = sample_ratio(moved, "control", declared, watched=True)
    assert watched.status == "failed"
    sound = effect_frame(units(control=400, a=295, b=305).assign(epoch="2026-01-01"))
    for one in (False, True):
        assert sample_ratio(sound, "control", declared, watched=one).status == "passed"
    strange = effect_frame(units(control=400, a=295, c=305).assign(epoch="2026-01-01"))
    assert "'c'" in sample_ratio(strange, "control", declared).text


def test_shares_of_arms_add_up():
    thirds = {"from": "2026-01-01", "control": 0.333, "arms": {"a": 0.333, "b": 0.333}}
    assert Allocation(**thirds).arms == {"a": 0.333, "b": 0.333}
    with pytest.raises(ValueError, match=r"add up to 0\.9"):
        Allocation(**{"from": "2026-01-01", "control": 0.3, "arms": {"a": 0.3, "b": 0.3}})


def test_several_arms_are_adjusted_for_their_number():
    effects = {
        name: Estimate(value, "EUR", se=1.0) for name, value in (("a", 2.1), ("b", 0.1), ("c", 5.0))
    }
    found = many_arms(effects)
    raw = [2 * stats.norm.sf(one) for one in (2.1, 0.1, 5.0)]
    oracle = multipletests(raw, method="holm")[1]
    held = holm(dict(zip("abc", raw, strict=True)))
    assert list(held.values()) == pytest.approx(list(oracle))
    assert found.status == "warning"
    assert "a would be told from zero alone" in found.text
    assert many_arms({"a": effects["a"]}) is None
    assert many_arms({name: effects[name] for name in "bc"}).status == "passed"


def test_attrition_equals_a_contingency_table():
    rows = units(control=600, offer=900)
    rows["matched"] = [1] * 500 + [0] * 100 + [1] * 750 + [0] * 150
    found = attrition(effect_frame(rows), "control", absent="unknown")
    assert found.status == "passed"
    rows["matched"] = [1] * 500 + [0] * 100 + [1] * 600 + [0] * 300
    found = attrition(effect_frame(rows), "control", absent="unknown")
    oracle = stats.chi2_contingency([[500, 100], [600, 300]], correction=False)
    assert found.status == "failed"
    assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert attrition(effect_frame(rows), "control", absent="zero").status == "warning"


def test_attrition_needs_both_arms():
    assert attrition(effect_frame(units(offer=10)), "control").status == "not run"
    assert attrition(effect_frame(units(offer=10, control=10)), "control").p_value == 1.0


def test_crossover_limit():
    rows = units(control=100, offer=100)
    rows["crossed"] = 0
    assert crossover(effect_frame(rows)).status == "passed"
    rows.loc[:2, "crossed"] = 1
    found = crossover(effect_frame(rows))
    assert found.status == "warning"
    assert "3 of 200" in found.text
    assert crossover(effect_frame(rows).iloc[:0]).status == "not run"


def test_skew_equals_the_formula():
    rng = np.random.default_rng(3)
    y1, y0 = rng.lognormal(0, 1.5, 2000), rng.lognormal(0, 1.5, 100)
    rows = pd.DataFrame({"arm": ["t"] * 2000 + ["c"] * 100, "y": np.concatenate([y1, y0])})
    v = y1.var(ddof=1) / 2000 + y0.var(ddof=1) / 100
    third = stats.moment(y1, 3) / 2000**2 - stats.moment(y0, 3) / 100**2
    found = skew_gate(effect_frame(rows), "c")
    assert found.statistic == pytest.approx(third / v**1.5)
    assert found.status == "failed"
    calm = pd.DataFrame({"arm": ["t", "c"] * 1000, "y": rng.normal(size=2000)})
    assert skew_gate(effect_frame(calm), "c").status == "passed"
    assert skew_gate(effect_frame(calm).iloc[:0], "c").status == "not run"


def test_a_small_arm_without_its_large_outcomes_is_flagged_by_those_of_all():
    """The control drew none of the large outcomes that the treated have: its moments are calm."""
    rng = np.random.default_rng(1)
    y1 = np.where(rng.random(3800) < 0.02, rng.lognormal(0, 1, 3800), 0.0)
    y0 = np.tile([0.5, -0.5], 100)
    rows = pd.DataFrame({"arm": ["t"] * 3800 + ["c"] * 200, "y": np.concatenate([y1, y0])})
    found = skew_gate(effect_frame(rows), "c")
    assert found.status == "failed"
    assert "too few of the large outcomes" in found.text
    every = np.concatenate([y1, y0])
    third = stats.moment(every, 3) * (1 / 3800**2 - 1 / 200**2)
    spread = every.var(ddof=1) * (1 / 3800 + 1 / 200)
    assert found.statistic == pytest.approx(third / spread**1.5)
