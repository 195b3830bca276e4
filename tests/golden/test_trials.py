"""Published figures of randomised comparisons."""

from __future__ import annotations

import math

import causaldata
import numpy as np
import pandas as pd
import pytest

from tests.facts_from_rows import effect_frame
from valuekit.estimate import Estimate
from valuekit.moments import Moments
from valuekit.uplift.cuped import cuped
from valuekit.uplift.e_value import e_value
from valuekit.uplift.holdout import holdout
from valuekit.uplift.power import sample_size_rule
from valuekit.uplift.proportion import proportion_difference
from valuekit.uplift.relative import relative_from_moments
from valuekit.uplift.sequence import sequence
from valuekit.uplift.srm import GATE, sample_ratio, srm_p
from valuekit.uplift.welch import p_value, welch
from valuekit.workspace.declare import Allocation

CONTROL = Moments.from_sums(3407, 1396.87, 52377.9767)
TREATED = Moments.from_sums(3461, 2422.7, 134698.29)


def test_lalonde():
    """Dehejia & Wahba 1999, JASA 94:1053: NSW trial, earnings of 1978, difference 1,794."""
    data = causaldata.nsw_mixtape.load_pandas().data
    rows = pd.DataFrame(
        {"arm": np.where(data["treat"] == 1, "trained", "control"), "y": data["re78"].astype(float)}
    )
    found = holdout(effect_frame(rows), "control", unit="USD")
    assert found.effect.value == pytest.approx(1794.34, abs=0.01)
    assert found.effect.se == pytest.approx(671.0, abs=0.1)
    arms = [
        Moments.from_rows({"y": rows.loc[rows["arm"] == arm, "y"]})
        for arm in ("trained", "control")
    ]
    pooled = sum(float(one.C[0, 0]) for one in arms) / (arms[0].n + arms[1].n - 2)
    assert math.sqrt(pooled * (1 / arms[0].n + 1 / arms[1].n)) == pytest.approx(632.85, abs=0.01)


def test_sample_ratio_of_a_search_engine():
    """Kohavi, Tang & Xu 2020, Trustworthy Online Controlled Experiments, ch. 3: p = 1.8e-6."""
    assert srm_p([821_588, 815_482], [0.5, 0.5])[1] == pytest.approx(1.8e-6, abs=5e-8)


def test_sample_sizes():
    """Kohavi, Longbotham, Sommerfield & Henne 2009, Data Min. Knowl. Disc. 18:140, sec. 3.2."""
    assert sample_size_rule(0.05 * 0.95, 0.05 * 0.05) == 121_600
    assert sample_size_rule(30.0**2, 3.75 * 0.05) == 409_600


def test_welch_from_moments():
    """Published moments of a platform for experiments: difference of means from n, sum, squares."""
    found = welch(TREATED, CONTROL, unit="USD")
    assert found.value == pytest.approx(0.29, abs=1e-5)
    assert found.se == pytest.approx(0.12478, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((0.04538, 0.53462), abs=1e-5)
    assert p_value(found) == pytest.approx(0.02016, abs=1e-5)


def test_relative_by_delta_from_moments():
    """The same, relative difference by the delta method."""
    found = relative_from_moments(TREATED, CONTROL, method="delta")
    assert found.value == pytest.approx(0.70732, abs=1e-5)
    assert found.se == pytest.approx(0.37879, abs=1e-5)


def test_confidence_sequence_from_moments():
    """The same with 3,000 control units and N* = 1,000 (Waudby-Smith et al. 2024)."""
    control = Moments.from_sums(3000, 1396.87, 52377.9767)
    plain = relative_from_moments(TREATED, control, method="delta")
    assert plain.value == pytest.approx(0.50336, abs=1e-5)
    assert plain.se == pytest.approx(0.33341, abs=1e-5)
    found: Estimate = sequence(plain, 3000 + 3461, 1000)
    assert (found.low, found.high) == pytest.approx((-0.55844, 1.56516), abs=1e-5)


def test_t_test_from_moments():
    """Published moments (n, sum, sum of squares): 104, 312, 984 against 1009, 1969, 5767."""
    found = welch(Moments.from_sums(1009, 1969, 5767), Moments.from_sums(104, 312, 984), unit="1")
    assert found.value == pytest.approx(-1.0485629, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((-1.2054, -0.8917), abs=1e-3)


def test_e_values():
    """VanderWeele & Ding 2017, Ann. Intern. Med. 167:268: RR 3.9 (limit 1.8) gives 7.26 (3.00)."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value(1.8) == pytest.approx(3.00, abs=0.005)


@pytest.fixture(scope="module")
def email(shared):
    folder = shared / "data" / "email_test"
    rows = pd.read_parquet(folder / "assignments.parquet").merge(
        pd.read_parquet(folder / "outcomes.parquet"), on="customer_id"
    )
    return rows.assign(x=rows["history"])


def test_email_differences(email):
    """Hillstrom 2008, MineThatData e-mail challenge: Mens e-mail against none."""
    for column, published in (("visit", 0.0766), ("conversion", 0.0068)):
        frame = effect_frame(email.assign(y=email[column].astype(float)))
        found = proportion_difference(frame, "No E-Mail", "Mens E-Mail")
        assert found.value == pytest.approx(published, abs=5e-5)
        assert found.low > 0
    found = holdout(
        effect_frame(email.assign(y=email["spend"])), "No E-Mail", "Mens E-Mail", unit="USD"
    )
    assert found.effect.value == pytest.approx(0.770, abs=5e-4)
    assert (found.units, found.control_units) == (21_307, 21_306)
    assert found.money.value == pytest.approx(21_307 * found.effect.value)


def test_email_covariate_does_not_move_the_estimate(email):
    """CUPED on the year before must not move a randomised estimate by more than half its error."""
    frame = effect_frame(email.assign(y=email["spend"]))
    plain = holdout(frame, "No E-Mail", "Mens E-Mail", unit="USD").effect
    found = cuped(frame, "No E-Mail", "Mens E-Mail", unit="USD").effect
    assert abs(found.value - plain.value) < 0.5 * plain.se
    assert found.se <= plain.se


def test_email_split(email):
    third = Allocation(**{"from": "2026-01-05", "control": 1 / 3})
    frame = effect_frame(email.assign(y=email["spend"], epoch="2026-01-05"))
    assert sample_ratio(frame, "No E-Mail", [third]).status == "passed"


def test_game_gate_split(shared):
    """Cookie Cats: 44,700 against 45,489 at 50/50, p = .0086, which passes the gate at .0005."""
    rows = pd.read_parquet(shared / "data" / "game_gate" / "assignments_and_retention.parquet")
    counts = rows["test_version"].value_counts()
    p = srm_p([int(counts["gate_30"]), int(counts["gate_40"])], [0.5, 0.5])[1]
    assert p == pytest.approx(0.0086, abs=5e-5)
    assert p > GATE
