"""Comparisons within strata: raw rows, a randomised study, trimming, balance and E-values."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from causaldata import nsw_mixtape

from tests.facts_from_rows import effect_frame
from valuekit.estimate import Estimate
from valuekit.uplift.balance import balance, exposure, pairs
from valuekit.uplift.holdout import from_strata
from valuekit.uplift.observational import by_stratum, hidden, in_words, overlap
from valuekit.uplift.stratified import stratify


def frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Effect facts by stratum of rows with columns stratum, arm, y and others."""
    parts = [
        effect_frame(part.drop(columns="stratum")).assign(stratum=name)
        for name, part in rows.groupby("stratum")
    ]
    return pd.concat(parts, ignore_index=True)


def units(n: int = 900, seed: int = 1) -> pd.DataFrame:
    """Units of three strata; those of the last are treated most and have the largest outcomes."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 3, n)
    treated = rng.random(n) < np.array([0.2, 0.5, 0.8])[place]
    x = 10 * place + rng.normal(0, 2, n)
    y = 5 + 2 * x + 3 * treated + rng.normal(0, 3, n)
    return pd.DataFrame(
        {
            "stratum": np.array(["low", "mid", "top"])[place],
            "arm": np.where(treated, "on", "off"),
            "x": x,
            "y": y,
        }
    )


def measure(facts: pd.DataFrame, kept: tuple[str, ...]) -> Estimate:
    found = in_words(stratify(by_stratum(facts, kept), "off", "on"))
    return from_strata(
        found, method="m", unit="y", per="unit", value=1.0, level=0.95, period=None
    ).effect


def test_the_effect_on_the_treated_by_hand() -> None:
    rows = units()
    strata = pairs(frame(rows), "off", "on")
    kept = overlap(strata, 0.05).kept
    assert kept == ("low", "mid", "top")
    att = variance = 0.0
    n1 = (rows["arm"] == "on").sum()
    for _, part in rows.groupby("stratum"):
        on, off = part.loc[part["arm"] == "on", "y"], part.loc[part["arm"] == "off", "y"]
        att += len(on) / n1 * (on.mean() - off.mean())
        variance += (len(on) / n1) ** 2 * (on.var() / len(on) + off.var() / len(off))
    found = measure(frame(rows), kept)
    assert found.value == pytest.approx(att)
    assert found.se == pytest.approx(math.sqrt(variance))
    assert found.value == pytest.approx(3, abs=3 * math.sqrt(variance))


def test_the_effect_on_the_treated_is_a_weighted_regression() -> None:
    """Controls weighted by n1s / n0s: least squares gives the same difference."""
    rows = units(seed=2)
    size = rows.groupby(["stratum", "arm"]).size()
    rows["w"] = [
        1.0 if arm == "on" else size[s, "on"] / size[s, "off"]
        for s, arm in zip(rows["stratum"], rows["arm"], strict=True)
    ]
    fit = smf.wls("y ~ C(arm)", rows, weights=rows["w"]).fit()
    found = measure(frame(rows), ("low", "mid", "top"))
    assert found.value == pytest.approx(fit.params["C(arm)[T.on]"])


def test_a_randomised_study_in_one_stratum() -> None:
    """Dehejia & Wahba 1999: 1,794.34 dollars, Welch SE 671.0; nothing to explain away."""
    rows = nsw_mixtape.load_pandas().data
    made = pd.DataFrame(
        {
            "stratum": "all",
            "arm": np.where(rows["treat"] == 1, "on", "off"),
            "y": rows["re78"],
            "x": rows["re75"],
        }
    )
    facts = frame(made)
    strata = pairs(facts, "off", "on")
    found = measure(facts, overlap(strata, 0.05).kept)
    assert found.value == pytest.approx(1794.34, abs=0.01)
    assert found.se == pytest.approx(671.0, abs=0.1)
    alike = balance("re75", strata, ("all",))
    assert alike is not None
    on, off = (rows.loc[rows["treat"] == arm, "re75"] for arm in (1, 0))
    spread = math.sqrt((on.var() + off.var()) / 2)
    assert alike.raw == pytest.approx((on.mean() - off.mean()) / spread)
    assert alike.alike


def test_balance_within_strata() -> None:
    rows = units()
    facts = frame(rows)
    found = balance("x", pairs(facts, "off", "on"), ("low", "mid", "top"))
    assert found is not None
    assert found.raw > 0.5
    assert found.alike
    treated = rows[rows["arm"] == "on"]
    off = rows[rows["arm"] == "off"].groupby("stratum")["x"].mean()
    share = treated.groupby("stratum").size() / len(treated)
    arms = [rows.loc[rows["arm"] == arm, "x"].var() for arm in ("on", "off")]
    by_hand = (treated["x"].mean() - (share * off).sum()) / math.sqrt(sum(arms) / 2)
    assert found.adjusted == pytest.approx(by_hand)


def test_balance_of_the_day_of_exposure() -> None:
    rows = units()
    late = rows["arm"] == "on"
    rows["day"] = np.where(late, "2026-02-01", "2026-01-01")
    rows.loc[rows.index % 7 == 0, "day"] = "2026-01-15"
    facts = frame(rows)
    found = balance("day", exposure(facts, "off", "on"), ("low", "mid", "top"))
    assert found is not None
    days = pd.to_datetime(rows["day"]).astype("int64")
    spread = math.sqrt(sum(days[late == one].var() for one in (True, False)) / 2)
    assert found.raw == pytest.approx((days[late].mean() - days[~late].mean()) / spread)
    assert not found.alike


def test_nothing_measured_before_has_no_balance() -> None:
    strata = pairs(frame(units().drop(columns="x")), "off", "on")
    assert balance("x", strata, tuple(strata)) is None


@pytest.mark.parametrize(
    ("treated", "control", "kept"), [(50, 50, True), (4, 96, False), (96, 4, False), (1, 9, False)]
)
def test_strata_of_nearly_one_side_are_left_out(treated: int, control: int, kept: bool) -> None:
    arm = ["on"] * treated + ["off"] * control
    rows = pd.DataFrame({"stratum": "s", "arm": arm, "y": np.arange(len(arm), dtype=float)})
    found = overlap(pairs(frame(rows), "off", "on"), 0.05)
    assert found.kept == (("s",) if kept else ())
    assert (found.units, found.lost) == ((treated, 0) if kept else (0, treated))


def test_a_declared_chance_decides_what_is_left_out() -> None:
    """p00 and p19 lie outside 0.05 to 0.95; a bin inside stays, whatever share was treated."""
    names = ["p00", "p01", "old|p18", "old|p19"]
    rows = pd.concat(
        pd.DataFrame({"stratum": one, "arm": ["on"] * 2 + ["off"] * 60, "y": np.arange(62.0)})
        for one in names
    )
    strata = pairs(frame(rows), "off", "on")
    assert overlap(strata, 0.05, chance=True).kept == ("old|p18", "p01")
    assert overlap(strata, 0.0, chance=True).kept == tuple(sorted(names))
    assert overlap(strata, 0.05).kept == ()


def test_the_e_value_of_a_risk_ratio() -> None:
    """VanderWeele & Ding 2017: RR 3.9 (1.8 to 8.7) has 7.26, and 3.00 for its limit."""
    effect = Estimate(0.29, "share", low=0.08, high=0.77)
    found = hidden(effect, 0.1, 0.4, proportion=True)
    assert found is not None
    assert found.estimate == pytest.approx(7.26, abs=0.005)
    assert found.limit == pytest.approx(3.00, abs=0.005)


def test_the_e_value_of_a_difference_of_means() -> None:
    """d = 0.5 is a risk ratio of exp(0.455) = 1.576, E-value 2.53."""
    found = hidden(Estimate(-1.0, "y", low=-1.5, high=-0.5), 10, 2.0, proportion=False)
    assert found is not None
    assert found.estimate == pytest.approx(1.576 + math.sqrt(1.576 * 0.576), abs=0.002)
    assert 1 < found.limit < found.estimate
    unsure = hidden(Estimate(1.0, "y", low=-0.5, high=2.5), 10, 2.0, proportion=False)
    assert unsure is not None
    assert unsure.limit == 1.0
    assert hidden(Estimate(1.0, "y", low=-0.5, high=2.5), 10, 0.0, proportion=False) is None
    assert hidden(Estimate(1.0, "y"), 10, 1.0, proportion=False) is None
