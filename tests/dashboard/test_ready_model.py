"""A model of ready-made daily tables: its pages show what the tables say, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dashboard.model.page import SECTIONS
from tests.dashboard.conftest import Pages, text_of
from tests.ready.tables import NOW, SCORES, TRIAL, bins, day, trial, workspace

CONFUSION = """
[models.shop.facts.confusion]
table = "conf.csv"
columns = { tp = "tp", fp = "fp", fn = "fn", tn = "tn" }
"""
COSTS = '[models.shop.costs]\nper_prediction = "0.01"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A refreshed workspace: an experiment of 60 days with one broken row, scores, decisions."""
    table = trial(days=60).astype({"users": object})
    table.loc[table.index[20], "users"] = -1
    days = {"day": [day(place) for place in range(60)]}
    conf = pd.DataFrame(days | {"tp": 30, "fp": 10, "fn": 20, "tn": 140})
    text = TRIAL + SCORES + CONFUSION + COSTS
    made = workspace(tmp_path, text, ab=table, bins=bins(days=60), conf=conf)
    made.refresh(now=NOW)
    return tmp_path / "valuekit.toml"


def test_every_page_opens(shop: Path, pages: Callable[[Path], Pages]) -> None:
    app = pages(shop)
    for section in SECTIONS:
        app.open("model", model="shop", section=section)
    for name in ("portfolio", "review", "reports", "health"):
        app.open(name)


def test_evidence_says_what_the_tables_do_not_give(
    shop: Path, pages: Callable[[Path], Pages]
) -> None:
    shown = text_of(pages(shop).open("model", model="shop", section="Evidence"))
    assert "The ready-made table [facts.effect] does not give `matched`." in shown
    assert "passed" in shown.lower()


def test_costs_and_net_value_are_unknown_without_a_volume(
    shop: Path, pages: Callable[[Path], Pages]
) -> None:
    shown = text_of(pages(shop).open("model", model="shop", section="Cost"))
    assert "no [facts.volume] says how many predictions were served" in shown


def test_rows_held_back_are_on_the_health_page(shop: Path, pages: Callable[[Path], Pages]) -> None:
    shown = text_of(pages(shop).open("health"))
    assert "1 of 120 rows of facts.effect" in shown
    assert "Rule: bad_count." in shown
    assert "Rule: incomplete_day." in shown
