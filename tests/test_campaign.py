"""A campaign sent on one day: its outcomes all come later, and it is judged all the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from valuekit.api import Workspace

if TYPE_CHECKING:
    from pathlib import Path

TOML = """
[workspace]
name = "Mail"
currency = "USD"

[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"

[models.mail]
title = "Mail campaign"
owner = "crm@example.com"
task = "ranking"

[models.mail.assignments]
table = "sent.csv"
unit = "customer"
arm = "arm"
time = "at"

[models.mail.outcomes]
table = "orders.csv"
on = { customer = "customer" }
time = "at"
window = "14d"

[models.mail.metrics.spend]
column = "spend"
already_money = true

[[models.mail.evidence]]
design = "holdout"
control = "none"
allocation = [{ from = 2026-03-01, control = 0.5 }]
registered = 2026-02-20

[models.mail.costs]
once = [{ category = "mailing", amount = "200", on = 2026-03-01 }]
"""
SENT = pd.Timestamp("2026-03-01 08:00")


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    arm = np.where(rng.random(4000) < 0.5, "mail", "none")
    sent = pd.DataFrame({"customer": np.arange(4000), "arm": arm, "at": SENT})
    bought = rng.random(4000) < np.where(arm == "mail", 0.3, 0.2)
    after = pd.to_timedelta(rng.uniform(1, 18 * 86_400, bought.sum()).round(), unit="s")
    spend = rng.gamma(2, 20, bought.sum()).round(2)
    orders = pd.DataFrame({"customer": sent["customer"][bought], "at": SENT + after})
    orders["spend"] = spend
    sent.to_csv(tmp_path / "sent.csv", index=False)
    (tmp_path / "valuekit.toml").write_text(TOML, encoding="utf-8")
    return tmp_path, sent, orders


def test_the_money_of_a_one_day_campaign_equals_the_raw_rows(tables):
    folder, sent, orders = tables
    orders.to_csv(folder / "orders.csv", index=False)
    held = Workspace.load(folder)
    held.refresh(now=datetime(2026, 4, 1, tzinfo=UTC))
    card = held.scorecard("mail")
    inside = orders[orders["at"] <= SENT + pd.Timedelta(days=14)]
    spent = sent["customer"].map(inside.groupby("customer")["spend"].sum()).fillna(0)
    mean = spent.groupby(sent["arm"]).mean()
    treated = int((sent["arm"] == "mail").sum())
    whole = card.period("all")
    assert card.as_of == card.health.mature_through == date(2026, 3, 1)
    assert whole.value.value == pytest.approx((mean["mail"] - mean["none"]) * treated)
    assert whole.net.value == pytest.approx(whole.value.value - 200)
    assert card.grade == "A"


def test_it_waits_until_the_window_is_over(tables):
    folder, _, orders = tables
    orders[orders["at"] < SENT + pd.Timedelta(days=13)].to_csv(folder / "orders.csv", index=False)
    held = Workspace.load(folder)
    held.refresh(now=datetime(2026, 4, 1, tzinfo=UTC))
    assert "15 Mar 2026" in held.scorecard("mail").headline
