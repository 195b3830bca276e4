"""One workspace with a small model for every evidence design, refreshed like anyone's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from valuekit.api import Workspace

NOW = datetime(2026, 10, 1, 6, tzinfo=UTC)
HEAD = """\
[workspace]
name = "Every design"
currency = "EUR"
[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"
"""
PANEL = """
[models.{name}]
title = "{title}"
owner = "a@example.com"
area = "{area}"
task = "regression"
[models.{name}.panel]
table = "{name}.parquet"
time = "day"
{panel}
[models.{name}.metrics.margin]
column = "margin"
already_money = true
primary = true
{metrics}
[models.{name}.costs]
monthly = [{{ category = "people", amount = 100, from = 2026-01-01 }}]
[[models.{name}.evidence]]
design = "{name}"
{evidence}
"""
UNITS = """
[models.{name}]
title = "{title}"
owner = "b@example.com"
area = "{area}"
task = "ranking"
[models.{name}.assignments]
table = "{name}_units.parquet"
unit = "unit"
arm = "arm"
time = "at"
{declared}
[models.{name}.outcomes]
table = "{name}_money.parquet"
on = {{ unit = "unit" }}
time = "paid"
window = "10d"
complete_through = 2026-09-30
[models.{name}.metrics.margin]
column = "margin"
already_money = true
primary = true
[models.{name}.metrics.bought]
column = "bought"
kind = "proportion"
[models.{name}.costs]
monthly = [{{ category = "people", amount = 300, from = 2026-01-01 }}]
[[models.{name}.evidence]]
design = "{design}"
control = "none"
{evidence}
"""
ASSUMED = """
[models.payoff]
title = "Refund check"
owner = "c@example.com"
area = "Payments"
task = "classification"
[models.payoff.predictions]
table = "scored.parquet"
id = "id"
time = "at"
score = "p"
threshold = 0.5
acted = "acted"
[models.payoff.outcomes]
table = "settled.parquet"
on = { id = "id" }
time = "known"
window = "10d"
label = "bad"
[[models.payoff.evidence]]
design = "payoff"
owner = "c@example.com"
valid_until = 2027-12-31
payoff = { tp = 30, fp = -8, fn = -40, tn = 0 }
[models.hours_saved]
title = "Draft writer"
owner = "c@example.com"
area = "Service"
task = "generation"
[models.hours_saved.predictions]
table = "drafts.parquet"
id = "id"
time = "at"
acted = "used"
[[models.hours_saved.evidence]]
design = "hours_saved"
minutes = 4
minutes_low = 2
minutes_high = 6
hourly = 40
owner = "c@example.com"
valid_until = 2027-12-31
[models.baseline_forecast]
title = "Bread forecast"
owner = "c@example.com"
area = "Supply"
task = "forecast"
[models.baseline_forecast.predictions]
table = "forecasts.parquet"
id = "id"
time = "at"
target_time = "day"
series = "shop"
predicted = "forecast"
frequency = "day"
season = 7
[models.baseline_forecast.outcomes]
table = "sales.parquet"
on = { shop = "shop", day = "day" }
time = "day"
window = "5d"
label = "sold"
[[models.baseline_forecast.evidence]]
design = "baseline_forecast"
holding = "1.10"
stockout = "3.40"
owner = "c@example.com"
valid_until = 2027-12-31
"""
ALLOCATION = "allocation = [{ from = 2026-01-01, control = 0.3 }]\n"
PANELS: dict[str, tuple[str, str, str, str]] = {
    "before_after": (
        "Price advice", "", '[models.before_after.metrics.footfall]\ncolumn = "footfall"',
        'from = 2026-06-01\ncontrols = ["footfall"]',
    ),
    "structural": ("Ad placement", "", "", "from = 2026-06-01"),
    "diff_in_diff": (
        "Delivery routes", 'group = "store"\ntreated_from = "live_since"', "", "",
    ),
    "staggered": (
        "Stock planner", 'group = "store"\ntreated_from = "live_since"', "",
        'comparison = "not_yet"',
    ),
    "synthetic": ("Store layout", 'group = "store"\ntreated_from = "live_since"', "", ""),
    "synthetic_did": ("Shift planning", 'group = "store"\ntreated_from = "live_since"', "", ""),
    "switchback": (
        "Dispatch", 'group = "store"\narm = "live"\nblock_hours = 0', "", "",
    ),
}  # fmt: skip
HOLDOUTS = {
    "watched": ("Churn letters", f"registered = 2025-12-20\n{ALLOCATION}"),
    "ended": (
        "Winter mailing",
        f"registered = 2025-12-20\nuntil = 2026-07-01\n{ALLOCATION}",
    ),
    "early": ("New offer", f"registered = 2025-12-20\n{ALLOCATION}"),
    "repeat": ("Loyalty", f"registered = 2025-12-20\nrepeat = true\n{ALLOCATION}"),
}
MODELS = {
    **{name: name for name in PANELS}, **dict.fromkeys(HOLDOUTS, "holdout"),
    "observational": "observational", "payoff": "payoff", "hours_saved": "hours_saved",
    "baseline_forecast": "baseline_forecast",
}  # fmt: skip


def series(_rng: np.random.Generator) -> pd.DataFrame:
    """One day a row: a weekly season, a control series, and 12 more a day since June."""
    rng = np.random.default_rng(3)
    days = pd.date_range("2026-01-01", "2026-09-20")
    visitors = 300 + 20 * np.sin(np.arange(len(days)) / 30) + rng.normal(0, 6, len(days))
    margin = 0.3 * visitors + 8 * (days.day_of_week >= 5) + rng.normal(0, 4, len(days))
    margin += 12 * (days >= "2026-06-01")
    return pd.DataFrame({"day": days.date, "margin": margin, "footfall": visitors})


def groups(
    rng: np.random.Generator, starts: dict[int, str] | None = None, size: int = 14
) -> pd.DataFrame:
    """One store and day a row; four stores earn 6 more a day from their launch on."""
    days = pd.date_range("2026-03-01", "2026-08-31")
    starts = starts or dict.fromkeys(range(4), "2026-06-01")
    common = rng.normal(0, 3, len(days))
    made = []
    for index in range(size):
        start = starts.get(index)
        on = days >= start if start else np.zeros(len(days), dtype=bool)
        margin = 80 + 4 * index + common + rng.normal(0, 4, len(days)) + 6 * on
        part = {"store": f"store {index:02}", "day": days.date, "margin": margin}
        made.append(
            pd.DataFrame(
                {
                    **part,
                    "live_since": pd.Timestamp(start) if start else pd.NaT,
                    "live": on.astype(int),
                }
            )
        )
    return pd.concat(made, ignore_index=True)


def steps(rng: np.random.Generator) -> pd.DataFrame:
    """Stores that get the model in three steps."""
    when = ["2026-05-04", "2026-06-01", "2026-07-06"]
    return groups(rng, {index: when[index % 3] for index in range(9)})


def one_store(rng: np.random.Generator) -> pd.DataFrame:
    """A single store with the model, and many without it."""
    return groups(rng, {5: "2026-06-01"})


def switched(rng: np.random.Generator) -> pd.DataFrame:
    """Stores that switch the model on and off by the draw of a coin every third day."""
    made = groups(rng, {99: "2026-06-01"}, size=6)
    place = pd.factorize(made["store"])[0] * 200 + (made.groupby("store").cumcount() // 3)
    coin = rng.random(int(place.max()) + 1) < 0.5
    made["live"] = coin[place].astype(int)
    made["margin"] += 6 * made["live"]
    return made


_ROWS: dict[str, Callable[[np.random.Generator], pd.DataFrame]] = {
    "before_after": series, "structural": series, "diff_in_diff": groups, "staggered": steps,
    "synthetic": one_store, "synthetic_did": one_store, "switchback": switched,
}  # fmt: skip


def customers(rng: np.random.Generator, n: int, days: int, lift: float) -> pd.DataFrame:
    """One customer a row; larger ones are called more often where no lot is drawn."""
    size = rng.integers(0, 5, n)
    day = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, days, n), unit="D")
    live = rng.random(n) < 0.7
    return pd.DataFrame(
        {
            "unit": np.arange(n), "arm": np.where(live, "offer", "none"), "at": day,
            "size": [f"size {one}" for one in size], "live": live,
            "prior": 10 * size + rng.normal(0, 3, n),
            "paid": day + pd.to_timedelta(rng.integers(1, 9, n), unit="D"),
            "margin": 20 + 3 * size + lift * live + rng.normal(0, 8, n),
        }
    )  # fmt: skip


def called(rng: np.random.Generator) -> pd.DataFrame:
    """Customers of whom the large ones were called more often."""
    made = customers(rng, 4000, 200, 0.0)
    live = rng.random(len(made)) < 0.15 + 0.014 * made["prior"].clip(0, 45)
    return made.assign(
        live=live, arm=np.where(live, "offer", "none"), margin=made["margin"] + 2 * live
    )


def _write_units(folder: Path, name: str, rows: pd.DataFrame, money: pd.DataFrame) -> None:
    kept = ["unit", "arm", "at", "size", "prior"]
    rows[kept].to_parquet(folder / f"{name}_units.parquet", index=False)
    paid = money[["unit", "paid", "margin"]].assign(bought=(money["margin"] > 30).astype(int))
    paid.to_parquet(folder / f"{name}_money.parquet", index=False)


def assumed(folder: Path) -> None:
    """Scores with labels, drafts that people use, and forecasts of a weekly pattern."""
    rng = np.random.default_rng(4)
    number = 3000
    at = pd.Timestamp("2026-05-01") + pd.to_timedelta(rng.integers(0, 120, number), unit="D")
    score = rng.beta(1, 3, number)
    rows = pd.DataFrame({"id": np.arange(number), "at": at, "p": score, "acted": score > 0.5})
    rows.to_parquet(folder / "scored.parquet", index=False)
    known = rows[["id"]].assign(
        known=at + pd.Timedelta(days=3), bad=(rng.random(number) < score).astype(int)
    )
    known.to_parquet(folder / "settled.parquet", index=False)
    rows[["id", "at"]].assign(used=rng.random(number) < 0.6).to_parquet(
        folder / "drafts.parquet", index=False
    )
    days = pd.date_range("2026-04-01", "2026-09-20")
    shops = pd.MultiIndex.from_product([days, [f"shop {one}" for one in range(5)]])
    day, shop = shops.get_level_values(0), shops.get_level_values(1)
    usual = 40 + 12 * (day.day_of_week >= 5)
    sold = rng.poisson(usual)
    sales = pd.DataFrame({"shop": shop, "day": day, "sold": sold})
    sales.to_parquet(folder / "sales.parquet", index=False)
    ahead = sales[["shop", "day"]].assign(
        id=np.arange(len(sales)),
        at=day - pd.Timedelta(days=2),
        forecast=usual + rng.normal(0, 2, len(sales)),
    )
    ahead.to_parquet(folder / "forecasts.parquet", index=False)


def come_back(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """The same customers buying again and again, each at a level of their own."""
    often = rows.loc[rows.index.repeat(4)].copy()
    often["paid"] = often["at"] + pd.to_timedelta(rng.integers(1, 60, len(often)), unit="D")
    often["margin"] = often["margin"] / 4 + rng.normal(0, 2, len(often))
    return often


def workspace(folder: Path) -> Path:
    """Write the tables and the file, refresh, and give the file's path."""
    text = HEAD + ASSUMED
    for seed, (name, (title, panel, metrics, evidence)) in enumerate(PANELS.items()):
        _ROWS[name](np.random.default_rng(seed + 1)).to_parquet(
            folder / f"{name}.parquet", index=False
        )
        text += PANEL.format(
            name=name, title=title, area="Stores", panel=panel, metrics=metrics, evidence=evidence
        )
    rng = np.random.default_rng(9)
    for name, (title, evidence) in HOLDOUTS.items():
        few = name == "early"
        held = customers(rng, 60 if few else 3000, 260 if few else 150, 1.2)
        _write_units(folder, name, held, come_back(rng, held) if name == "repeat" else held)
        text += UNITS.format(
            name=name, title=title, area="Customers", design="holdout", evidence=evidence,
            declared='covariates = { margin = "prior" }',
        )  # fmt: skip
    chosen = called(rng)
    _write_units(folder, "observational", chosen, chosen)
    assumed(folder)
    text += UNITS.format(
        name="observational", title="Sales calls", area="Customers", design="observational",
        evidence="", declared='stratum = "size"\ncovariates = { margin = "prior" }',
    )  # fmt: skip
    path = folder / "valuekit.toml"
    path.write_text(text)
    Workspace.load(folder).refresh(now=NOW)
    return path
