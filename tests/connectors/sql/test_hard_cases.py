"""Treatments that change when outcomes come, and how often a customer is predicted."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from valuekit.assess.designs.holdout import holdout as design
from valuekit.assess.scene import scene
from valuekit.ledger.book import Book
from valuekit.workspace.declare import Workspace

START = pd.Timestamp("2025-01-01")
MODEL = {
    "title": "Offers",
    "owner": "team@example.com",
    "task": "ranking",
    "predictions": {"table": "p", "id": "id", "time": "t", "unit": "u", "arm": "arm"},
    "outcomes": {"table": "o", "on": {"u": "u"}, "time": "t", "window": "10d", "pick": "sum"},
    "metrics": {"spend": {"column": "spend", "already_money": True, "primary": True}},
    "evidence": [
        {"design": "holdout", "control": "c", "registered": "2025-01-01",
         "allocation": [{"from": "2025-01-01", "control": 0.5}]},
    ],
}  # fmt: skip


def evaluated(pull):
    """The design and the last mature day on pulled facts."""
    workspace = Workspace.model_validate(
        {
            "workspace": {"name": "w", "currency": "EUR"},
            "sources": {"files": {"kind": "duckdb"}},
            "models": {"m": MODEL},
        }
    )
    book = Book(
        pull.facts, (), pull.first, pull.last, pull.complete_through,
        as_of=max(pull.last, pull.complete_through),
    )  # fmt: skip
    here = scene(workspace, "m", book)
    return design(here, here.model.evidence[0]), here.mature_through


def units(n=4_000, seed=3):
    rng = np.random.default_rng(seed)
    return rng, pd.DataFrame(
        {
            "u": [f"u{one}" for one in range(n)],
            "arm": rng.choice(["t", "c"], n),
            "t": START + pd.to_timedelta(rng.uniform(0, 40, n).round(3), unit="D"),
        }
    )


def test_a_treatment_that_only_delays_outcomes_has_no_effect(pulled):
    """Every unit spends the same, treated ones a week later, all inside their window.

    Counting what has come by the last day would see a loss that is only lateness; days whose
    window is open are left out of both arms alike.
    """
    rng, made = units()
    p = made.assign(id=range(len(made)))
    late = np.where(made["arm"] == "t", 8.0, 1.0) + rng.uniform(0, 1, len(made)).round(3)
    o = pd.DataFrame(
        {
            "u": made["u"],
            "t": made["t"] + pd.to_timedelta(late, unit="D"),
            "spend": rng.gamma(2, 10, len(made)).round(2),
        }
    )
    seen = o[o["t"] < START + pd.Timedelta(days=41)]
    found, through = evaluated(pulled({"p": p, "o": seen}, MODEL))
    effect = found.report.effect
    assert through <= (START + pd.Timedelta(days=41)).date() - timedelta(days=10)
    kept = made.assign(y=o["spend"])[made["t"].dt.date <= through]
    t, c = (kept.loc[kept["arm"] == arm, "y"] for arm in "tc")
    assert effect.value == pytest.approx(t.mean() - c.mean(), rel=1e-9)
    assert effect.low < 0 < effect.high
    so_far = made.merge(seen[["u", "spend"]], on="u", how="left").fillna({"spend": 0.0})
    naive = so_far.groupby("arm")["spend"].mean()
    assert naive["t"] - naive["c"] < effect.low  # what counting all days would have claimed


def test_more_predictions_a_customer_do_not_dilute_the_money(pulled):
    """Treated customers are predicted five times as often and spend 3 more each."""
    rng, made = units()
    times = np.where(made["arm"] == "t", 10, 2)
    p = made.loc[made.index.repeat(times)].reset_index(drop=True)
    again = p.groupby("u").cumcount()
    p = p.assign(id=range(len(p)), t=p["t"] + pd.to_timedelta(again * 0.1, unit="D"))
    o = pd.DataFrame(
        {
            "u": made["u"],
            "t": made["t"] + pd.Timedelta(days=3),
            "spend": (rng.gamma(4, 5, len(made)) + 3.0 * (made["arm"] == "t")).round(2),
        }
    )
    found, through = evaluated(pulled({"p": p, "o": o}, MODEL))
    kept = made.assign(y=o["spend"])[made["t"].dt.date <= through]
    t, c = (kept.loc[kept["arm"] == arm, "y"] for arm in "tc")
    report = found.report
    assert report.effect.value == pytest.approx(t.mean() - c.mean(), rel=1e-9)
    assert report.money.value == pytest.approx(len(t) * (t.mean() - c.mean()), rel=1e-9)
    assert report.effect.low < 3.0 < report.effect.high
    assert [one.units for one in report.arms] == [len(c), len(t)]
    by_row = 10 * len(t) * (t.mean() / 10 - c.mean() / 2)  # money per prediction times predictions
    assert by_row < 0 < report.money.low
