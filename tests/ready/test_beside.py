"""Ready-made facts beside others: tokens, a panel, strata, zones; what a day's facts look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.commands import run as told
from tests.ready.tables import NOW, TRIAL, day, trial, workspace
from valuekit.api import Workspace

TOKENS = """
[models.shop.costs]
tokens = [
  { token = "input", per_million = 2, from = 2026-01-01 },
  { token = "output", per_million = 8, from = 2026-01-01 },
]
[models.shop.facts.volume]
table = "served.csv"
columns = { predictions = "n" }
"""
USAGE = """
[models.shop.facts.usage]
table = "tokens.csv"
columns = { token = "class", quantity = "tokens" }
"""


def served(days: int = 20) -> pd.DataFrame:
    return pd.DataFrame({"day": [day(place) for place in range(days)], "n": 1_000})


def test_tokens_are_priced(tmp_path: Path) -> None:
    rows = [(day(i), name, n) for i in range(20) for name, n in (("input", 500), ("output", 250))]
    tokens = pd.DataFrame(rows, columns=["day", "class", "tokens"]).assign(
        tokens=lambda of: of["tokens"] * 1_000_000
    )
    made = workspace(tmp_path, TRIAL + TOKENS + USAGE, ab=trial(), served=served(), tokens=tokens)
    made.refresh(now=NOW)
    whole = made.scorecard("shop").period("all")
    assert whole is not None
    assert whole.cost_marginal.value == pytest.approx(20 * (500 * 2 + 250 * 8))


def test_tokens_without_a_table_leave_costs_unknown(tmp_path: Path) -> None:
    made = workspace(tmp_path, TRIAL + TOKENS, ab=trial(), served=served())
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    whole = card.period("all")
    assert whole is not None
    assert whole.value.known
    for one in (whole.cost_marginal, whole.net, whole.net_marginal):
        assert one.value is None
        assert "no [facts.usage]" in one.reason
    assert card.to_date == ()
    assert all(one.net is None for one in card.weeks)
    assert any("[facts.usage]" in one for one in card.verdict.reasons)


PANEL = """
[models.shop.metrics.sales]
already_money = true
[[models.shop.evidence]]
design = "diff_in_diff"
metric = "sales"
primary = false
[models.shop.panel]
table = "stores.csv"
time = "day"
group = "store"
launch = { s0 = 2026-03-15, s1 = 2026-03-15 }
"""


def test_a_panel_beside_an_experiment(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    stores = pd.DataFrame(
        [(f"s{i}", day(d), round(100 + rng.normal(0, 3), 2)) for i in range(12) for d in range(40)],
        columns=["store", "day", "sales"],
    )
    text = TRIAL.replace("already_money = true", "already_money = true\nprimary = true", 1) + PANEL
    made = workspace(tmp_path, text, ab=trial(days=40), stores=stores)
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    assert [one.design for one in card.evidence] == ["holdout", "diff_in_diff"]
    assert card.evidence[0].effect.value == pytest.approx(1.0, abs=1e-6)
    assert card.evidence[1].effect.known
    assert {one.source for one in made.intake("shop")} == {"facts.effect", "panel"}


STRATA = """
[models.shop.metrics.spend]
already_money = true
[[models.shop.evidence]]
design = "observational"
control = "A"
treated = "B"
[models.shop.facts.effect]
table = "ab.csv"
columns = { arm = "arm", stratum = "plan", units = "users", mean_y = "mean", sd_y = "sd" }
"""


def test_like_is_compared_with_like(tmp_path: Path) -> None:
    """Two plans with other means and other shares treated: the effect is 2 in each of them."""
    rows = [
        (day(i), arm, plan, users, base + (2.0 if arm == "B" else 0.0), 5.0)
        for i in range(30)
        for plan, base, treated in (("basic", 10.0, 100), ("premium", 50.0, 300))
        for arm, users in (("A", 200), ("B", treated))
    ]
    table = pd.DataFrame(rows, columns=["day", "arm", "plan", "users", "mean", "sd"])
    made = workspace(tmp_path, STRATA, ab=table)
    made.refresh(now=NOW)
    found = made.scorecard("shop").evidence[0]
    assert found.effect.value == pytest.approx(2.0, abs=1e-9)
    states = {one.name: one.status for one in found.diagnostics}
    assert states["Outcomes found by arm"] == states["Units in both arms"] == "not run"
    assert all(one.matched is None for one in found.arms)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Pacific/Auckland"])
def test_a_day_without_a_zone_is_the_day_that_is_written(tmp_path: Path, zone: str) -> None:
    """Midnight is how Parquet files of pandas and Spark hold a day."""
    made = workspace(tmp_path, TRIAL.replace("ab.csv", "ab.parquet"))
    stamped = trial(days=5).assign(day=lambda rows: pd.to_datetime(rows["day"]))
    stamped.to_parquet(tmp_path / "data" / "ab.parquet")
    text = (tmp_path / "valuekit.toml").read_text()
    text = text.replace('currency = "EUR"', f'currency = "EUR"\ntimezone = "{zone}"')
    (tmp_path / "valuekit.toml").write_text(text)
    made = Workspace.load(tmp_path / "valuekit.toml")
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    assert card.health.last_prediction == day(4)
    with made.store() as store:
        days = store.facts("shop", "effect")["day"]
    assert [one.date() for one in sorted(set(days))] == [day(place) for place in range(5)]


def test_the_ledger_shows_what_is_not_given_as_unknown(tmp_path: Path) -> None:
    made = workspace(tmp_path, TRIAL, ab=trial())
    made.refresh(now=NOW)
    facts = made.ledger("shop", day(0))["facts"]
    assert isinstance(facts, dict)
    for row in facts["effect"]:
        assert row["units"] == 100
        assert row["c_yy"] == pytest.approx(25 * 99, rel=1e-4)
        assert (row["matched"], row["crossed"], row["m3_y"], row["nonzero"]) == (None,) * 4


SEGMENTS = TRIAL.replace('table = "ab.csv"', 'table = "ab.csv"\nsegments = ["country"]')


def test_parts_add_up_to_the_whole(tmp_path: Path) -> None:
    parts = pd.concat([trial().assign(country=name) for name in ("DE", "FR", "")])
    made = workspace(tmp_path, SEGMENTS, ab=parts)
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    assert [one.segment for one in card.segments] == [
        "country=(none)", "country=DE", "country=FR",
    ]  # fmt: skip
    assert all(one.effect.value == pytest.approx(1.0, abs=1e-6) for one in card.segments)
    assert [one.units for one in card.evidence[0].arms] == [6_000, 6_000]
    whole = workspace(tmp_path / "one", TRIAL, ab=trial())
    whole.refresh(now=NOW)
    assert card.evidence[0].effect.value == pytest.approx(
        whole.scorecard("shop").evidence[0].effect.value, rel=1e-12
    )


def test_commands_of_the_terminal_speak_of_the_tables(tmp_path: Path) -> None:
    workspace(tmp_path, TRIAL, ab=trial())
    at = ("-w", str(tmp_path / "valuekit.toml"))
    checked = told("check", *at)
    assert checked.returncode == 0, checked.stderr
    assert "ab.csv" in checked.stdout
    dry = told("refresh", "--dry-run", *at)
    assert dry.returncode == 0, dry.stderr
    assert "40" in dry.stdout  # rows that will be read
    assert told("refresh", *at).returncode == 0
    shown = told("show", "shop", *at)
    assert "does not give" in " ".join(shown.stdout.split())
    health = told("doctor", *at)
    assert "ab.csv 40 rows" in " ".join(health.stdout.split())
    past = told("holdout", "check", "shop", *at)
    assert past.returncode in {1, 2}
    assert past.stderr
