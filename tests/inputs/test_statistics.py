"""Data that no statistic can be made of: it says so, and never says zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.inputs.lake import PREDICTED, TOML, Lake, warned

UNITS = 400
TRIAL = """
[models.churn.assignments]
table = "assignments"
unit = "customer"
arm = "arm"
time = "assigned"

[models.churn.outcomes]
table = "outcomes"
on = { customer = "customer" }
time = "seen"
window = "5d"

[models.churn.metrics.margin]
column = "margin"
already_money = true

[[models.churn.evidence]]
design = "holdout"
control = "control"
registered = 2025-12-01
allocation = [{ from = 2026-01-01, control = 0.5 }]

[models.churn.costs]
once = [{ category = "build", amount = "100", on = 2026-01-01 }]
"""


def assigned() -> pd.DataFrame:
    """400 customers over 20 days, every second one held back."""
    i = np.arange(UNITS)
    at = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(i * 72, unit="min")
    arms = np.where(i % 2 == 0, "treated", "control")
    names = [f"c{one:03d}" for one in i]
    return pd.DataFrame({"customer": names, "arm": arms, "assigned": at})


def spent(amount: object = None) -> pd.DataFrame:
    """An outcome of each customer: 12 or so treated, 10 or so held back, unless given."""
    a = assigned()
    drawn = np.random.default_rng(5).normal(0, 2, UNITS).round(2)
    margin = np.where(a["arm"] == "treated", 12.0, 10.0) + drawn if amount is None else amount
    seen = a["assigned"] + pd.Timedelta(days=1)
    return pd.DataFrame({"customer": a["customer"], "seen": seen, "margin": margin})


@pytest.fixture
def trial(lake: Lake) -> Lake:
    """A holdout instead of the prediction log."""
    head = TOML[: TOML.index(PREDICTED)]
    lake.path.write_text(head + TRIAL, encoding="utf-8")
    lake.write(assignments=assigned(), outcomes=spent())
    return lake


def holdout(lake: Lake):
    """The evidence that carries the money."""
    (report,) = lake.card().evidence
    assert report.design == "holdout"
    return report


def test_no_rows(trial: Lake) -> None:
    trial.write(assignments=assigned()[:0], outcomes=spent()[:0])
    made = trial.refresh(accept_gone=True)
    warned(made, "no_data", rule="there is no data", rows=0)
    assert trial.intake().empty
    card = trial.card()
    report = holdout(trial)
    assert (report.money.value, report.effect.value) == (None, None)
    assert report.money.reason == "no data"
    assert card.periods == ()
    assert card.verdict.action == "not enough evidence"
    status, out, _ = trial.cli("show", "churn")
    assert status == 0
    assert "no data" in out
    assert "€0" not in out


def test_zero_variance(trial: Lake) -> None:
    treated = assigned()["arm"] == "treated"
    trial.write(outcomes=spent(np.where(treated, 12.0, 10.0)))
    trial.refresh()
    report = holdout(trial)
    days = assigned()["assigned"].dt.normalize()
    complete = days + pd.Timedelta(days=5) <= spent()["seen"].max().normalize()
    money = 2.0 * int((treated & complete).sum())
    for figure, value in ((report.effect, 2.0), (report.money, money)):
        assert figure.value == pytest.approx(value)
        assert (figure.low, figure.high, figure.se) == (None, None, None)
        assert "Every unit has the same outcome in each arm" in figure.notes[0]
    assert report.relative.value is None
    assert "no uncertainty can be estimated" in report.title
    whole = trial.card().period("all")
    assert (whole.value.value, whole.value.low) == (pytest.approx(money), None)
    assert whole.p_loss is None
    assert trial.cli("show", "churn")[0] == 0


def test_one_armed_experiment(trial: Lake) -> None:
    trial.write(assignments=assigned().assign(arm="treated"))
    trial.refresh()
    report = holdout(trial)
    assert trial.rules("assignments") == {"accepted": UNITS}
    for figure in (report.money, report.effect, report.relative):
        assert figure.value is None
        assert figure.reason
    assert report.grade is None
    assert trial.card().period("all").value.value is None
    checked = trial.cli("check")
    assert "only one arm" in checked[1] + checked[2]
    assert "no causal claim" in checked[1] + checked[2]


def test_unit_in_both_arms(trial: Lake) -> None:
    grades = {}
    for crossed in (3, 5):  # 1% of the 320 whose window is closed is allowed
        later = assigned()[:crossed]
        later = later.assign(
            arm=later["arm"].map({"treated": "control", "control": "treated"}),
            assigned=later["assigned"] + pd.Timedelta(hours=1),
        )
        trial.write(assignments=pd.concat([assigned(), later], ignore_index=True))
        trial.refresh()
        assert trial.rules("assignments") == {"accepted": UNITS, "crossed": crossed}
        assert trial.fates("assignments") == {"accepted": UNITS, "deduplicated": crossed}
        effect = trial.fact("effect")
        assert effect["crossed"].sum() == crossed
        first = effect.groupby("arm")["units"].sum().to_dict()
        assert first == {"control": UNITS / 2, "treated": UNITS / 2}  # where it was first
        report = holdout(trial)
        grades[crossed] = report.effect_grade
        (check,) = [one for one in report.diagnostics if one.name == "Units in both arms"]
        assert check.status == ("passed" if crossed == 3 else "warning")
    assert grades == {3: "A", 5: "B"}


def test_same_instant_conflict(trial: Lake) -> None:
    twice = assigned()[:3].assign(arm="elsewhere")
    trial.write(assignments=pd.concat([assigned(), twice], ignore_index=True))
    made = trial.refresh()
    assert trial.rules("assignments") == {"accepted": UNITS - 3, "conflicting_duplicate": 6}
    assert trial.fates("assignments") == {"accepted": UNITS - 3, "quarantined": 6}
    warned(made, "conflicting_arms", value="3 units", rule="two arms at the same instant", rows=3)
    assert trial.fact("effect")["units"].sum() == UNITS - 3
    assert trial.rules("outcomes") == {"credited": UNITS - 3, "orphan": 3}


@pytest.mark.parametrize(
    ("amount", "why"), [("0", "the cost is zero"), ("-100", "the cost is negative")]
)
def test_return_on_zero_or_negative_cost(trial: Lake, amount: str, why: str) -> None:
    trial.declare('category = "build", amount = "100"', f'category = "credit", amount = "{amount}"')
    trial.refresh()
    whole = trial.card().period("all")
    assert whole.net.value is not None
    assert whole.cost_attributed.value == float(amount)
    assert whole.roi.value is None
    assert whole.roi.reason == f"undefined: {why}"
