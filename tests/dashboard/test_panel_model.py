"""A model without a prediction log: every page opens, and what cannot be known says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboard.model.page import SECTIONS
from tests.dashboard.conftest import Pages, text_of
from valuekit.api import Workspace
from valuekit.estimate import Estimate

WORKSPACE = """\
[workspace]
name = "Stores"
currency = "EUR"
plan_per_year = 100000
[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"
[models.stock]
title = "Stock planner"
owner = "a@example.com"
task = "ranking"
launched = 2026-03-01
[models.stock.panel]
table = "p.csv"
time = "day"
group = "store"
launch = { s0 = 2026-03-01, s1 = 2026-03-01, s2 = 2026-03-01 }
segments = ["kind"]
[models.stock.metrics.sales]
column = "sales"
already_money = true
[models.stock.costs]
per_prediction = "0.01"
monthly = [{ category = "people", amount = 300, from = 2026-01-01 }]
[[pools]]
category = "platform"
amount = 31
from = 2026-01-01
driver = "even"
"""


PRICE = 'per_prediction = "0.01"\n'


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """A refreshed workspace of ten stores, three of them with the model since March."""
    return _refreshed(tmp_path, WORKSPACE)


def _refreshed(tmp_path: Path, declared: str) -> Path:
    rng = np.random.default_rng(3)
    days = pd.date_range("2026-01-01", "2026-05-31")
    rows = pd.DataFrame(
        [(f"s{i}", day.date(), f"kind {i % 2}") for i in range(10) for day in days],
        columns=["store", "day", "kind"],
    )
    late = pd.to_datetime(rows["day"]) >= "2026-03-01"
    live = rows["store"].isin(["s0", "s1", "s2"]) & late
    rows["sales"] = (100 + rng.normal(0, 5, len(rows)) + 10 * live).round(2)
    rows.to_csv(tmp_path / "p.csv", index=False)
    path = tmp_path / "valuekit.toml"
    path.write_text(declared)
    Workspace.load(tmp_path).refresh(now=datetime(2026, 6, 1, 6, tzinfo=UTC))
    return path


def test_every_page_opens(stores: Path, pages: Callable[[Path], Pages]) -> None:
    opened = pages(stores)
    for section in SECTIONS:
        said = text_of(opened.open("model", model="stock", section=section))
        assert "nan" not in said.lower().split()
    for page in sorted((Path(__file__).parents[2] / "dashboard" / "pages").glob("*.py")):
        if page.stem not in {"__init__", "model"}:
            assert "Traceback" not in text_of(opened.open(page.stem))


def test_what_needs_predictions_is_unknown_and_says_why(stores: Path) -> None:
    card = Workspace.load(stores).scorecard("stock")
    costs = [one.estimate for one in card.unit_costs]
    assert costs
    log = "the model has no prediction log, only outcomes by group and time"
    unknowns: list[Estimate] = [*costs, card.health.costed]
    assert {one.reason.removeprefix("each prediction has a price, and ") for one in unknowns} == {
        log
    }
    assert not any(one.known for one in unknowns)
    assert card.health.coverage.reason == "outcomes are read by group and day, so nothing is joined"
    assert card.accuracy.withheld.startswith("There is no prediction log")
    assert (card.health.immature_days, card.health.missing_days) == (0, 0)
    assert str(card.health.mature_through) == "2026-05-31"
    assert {row.segment for row in card.segments} == {"kind=kind 0", "kind=kind 1"}
    assert [(row.source, row.rows) for row in card.health.intake] == [("panel", 1510)]


def test_costs_are_there_without_predictions(tmp_path: Path) -> None:
    path = _refreshed(tmp_path, WORKSPACE.replace(PRICE, ""))
    whole = Workspace.load(path).scorecard("stock").period("all")
    assert whole is not None
    assert whole.cost_marginal.value == pytest.approx(5 * 300)
    assert whole.cost_attributed.value == pytest.approx(5 * 300 + 3 * 31)  # pools since launch


def test_a_price_per_prediction_that_nothing_counts_leaves_cost_unknown(stores: Path) -> None:
    assert PRICE in stores.read_text()
    whole = Workspace.load(stores).scorecard("stock").period("all")
    assert whole is not None
    why = (
        "each prediction has a price, and the model has no prediction log, only outcomes by group "
        "and time"
    )
    unknowns = (whole.cost_marginal, whole.cost_attributed)
    assert [(one.value, one.reason) for one in unknowns] == [(None, why)] * 2
    assert whole.net.value is None
