"""The sample is what its generator makes, small, and its truth follows from both worlds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sample_data.common import AS_OF, DAYS, FIRST, Story, index
from sample_data.generate import STORIES, generate
from valuekit.workspace.load import Loaded, load

FOLDER = Path(__file__).parents[2] / "sample_data"
TRUTH = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
HOLDOUTS = ("churn", "sendtime", "winback")
PAYOFFS = ("fraud", "leads", "reco")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    generate(folder)
    return folder


@pytest.fixture(scope="module")
def stories() -> dict[str, Story]:
    return {name: build() for name, build in STORIES.items()}


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(FOLDER)


def table(name: str) -> pd.DataFrame:
    return pd.read_parquet(FOLDER / f"{name}.parquet")


def berlin(column: pd.Series) -> pd.Series:
    return column.dt.tz_convert("Europe/Berlin")


def test_the_generator_makes_the_committed_tables(made: Path) -> None:
    committed = {one.name for one in FOLDER.glob("*.parquet")}
    assert committed == {one.name for one in made.glob("*.parquet")}
    for name in sorted(committed):
        pd.testing.assert_frame_equal(
            pd.read_parquet(made / name), pd.read_parquet(FOLDER / name), rtol=0, atol=0
        )


def test_the_generator_makes_the_committed_truth(made: Path) -> None:
    assert json.loads((made / "truth.json").read_text(encoding="utf-8")) == TRUTH


def test_the_tables_stay_small() -> None:
    assert sum(one.stat().st_size for one in FOLDER.glob("*.parquet")) <= 8_000_000


def test_the_workspace_loads_without_a_warning(loaded: Loaded) -> None:
    assert loaded.warnings == ()
    assert list(loaded.workspace.models) == list(STORIES) == list(TRUTH["models"])
    assert loaded.workspace.workspace.as_of == AS_OF


def test_every_declared_column_exists(loaded: Loaded) -> None:
    for model in loaded.workspace.models.values():
        blocks = [model.predictions, model.assignments, model.outcomes]
        for block in (one for one in blocks if one is not None):
            columns = set(table(block.table).columns)
            declared = block.model_dump(exclude={"table", "source", "on", "date"})
            for key in (
                "id",
                "time",
                "unit",
                "score",
                "predicted",
                "acted",
                "arm",
                "version",
                "value",
                "target_time",
                "series",
                "latency_ms",
                "provider_model",
                "label",
            ):
                assert declared.get(key) is None or declared[key] in columns, key  # fmt: skip
            for key in ("segments", "features"):
                assert set(declared.get(key, ())) <= columns
            for key in ("tokens", "quantiles", "baselines", "covariates"):
                assert set(declared.get(key, {}).values()) <= columns
        if model.outcomes:
            left = model.assignments or model.predictions
            assert left is not None
            assert set(model.outcomes.on) <= set(table(left.table).columns)
            assert set(model.outcomes.on.values()) <= set(table(model.outcomes.table).columns)


@pytest.mark.parametrize("name", HOLDOUTS)
def test_holdout_truth_follows_from_both_arms(stories: dict[str, Story], name: str) -> None:
    rows = stories[name].potential
    for period in TRUTH["models"][name]["periods"].values():
        first, last = (index(pd.Timestamp(period[key]).date()) for key in ("start", "end"))
        inside = (rows["day"] >= first) & (rows["day"] <= last)
        treated = inside & rows["treated"]
        difference = rows["one"] - rows["zero"]
        assert period["units"] == inside.sum()
        assert period["treated"] == treated.sum()
        assert period["gross"] == pytest.approx(difference[treated].sum(), abs=0.01)
        assert period["per_unit"] == pytest.approx(difference[inside].mean(), abs=1e-4)


@pytest.mark.parametrize("name", HOLDOUTS)
def test_the_log_holds_the_world_of_the_assigned_arm(stories: dict[str, Story], name: str) -> None:
    story = stories[name]
    rows = story.potential
    outcomes = {"churn": "churn_outcomes", "sendtime": "sendtime_outcomes",
                "winback": "winback_invoices"}[name]  # fmt: skip
    metric = "margin_90d" if name == "churn" else "margin"
    logged = table(outcomes).groupby("customer_id")[metric].sum()
    units = pd.Series(story.tables[f"{name}_predictions"]["customer_id"])
    seen = units.map(logged)
    happened = np.where(rows["treated"], rows["one"], rows["zero"])
    share = happened / 3 if name == "winback" else happened  # one invoice of three so far
    matched = seen.notna().to_numpy()
    np.testing.assert_allclose(seen[matched], share[matched])


@pytest.mark.parametrize("name", PAYOFFS)
def test_payoff_truth_follows_from_the_tables(loaded: Loaded, name: str) -> None:
    model = loaded.workspace.models[name]
    assert model.predictions
    assert model.outcomes
    design = model.primary_evidence
    assert design
    assert design.payoff
    key = next(iter(model.outcomes.on))
    rows = table(model.predictions.table).drop_duplicates(key)
    actual = table(model.outcomes.table).drop_duplicates(key)
    rows = rows.merge(actual, on=key, validate="1:1")
    made_at = rows[model.predictions.time]
    rows = rows[rows[model.outcomes.time] >= made_at]
    rows = rows[rows[model.predictions.score].notna()]
    day = berlin(rows[model.predictions.time]).dt.date
    period = TRUTH["models"][name]["periods"]["mature"]
    rows = rows[day <= pd.Timestamp(period["end"]).date()]
    value = rows[model.predictions.value] if model.predictions.value else 0.0
    money = {
        cell: float(one.fixed) + float(one.rate) * value
        for cell, one in ((c, getattr(design.payoff, c)) for c in ("tp", "fp", "fn", "tn"))
    }
    label = rows[model.outcomes.label]
    act = np.where(label, money["tp"], money["fp"])
    rest = np.where(label, money["fn"], money["tn"])
    without = act if design.without_model == "act_on_all" else rest
    chosen = np.where(rows[model.predictions.score] >= model.predictions.threshold, act, rest)
    assert len(rows) == period["predictions"]
    assert (chosen - without).sum() == pytest.approx(period["gross_realised"], abs=0.01)


def test_token_cost_follows_from_the_declared_prices(loaded: Loaded) -> None:
    model = loaded.workspace.models["assistant"]
    assert model.predictions
    rows = table("assistant_log")
    day = berlin(rows["answered_at"]).dt.date
    total = 0.0
    for token, column in model.predictions.tokens.items():
        price = pd.Series(0.0, index=rows.index)
        for one in sorted(model.costs.tokens, key=lambda one: one.from_):
            if one.token == token:
                hit = (rows["provider_model"] == one.provider_model) & (day >= one.from_)
                price[hit] = float(one.per_million)
        total += float((rows[column] * price).sum()) / 1e6
    assert total == pytest.approx(TRUTH["models"]["assistant"]["token_cost"], abs=0.01)


def test_forecast_truth_follows_from_the_tables(loaded: Loaded) -> None:
    design = loaded.workspace.models["demand"].primary_evidence
    assert design
    sales = table("demand_sales")
    sales["week_later"] = pd.to_datetime(sales["day"]) + pd.Timedelta(days=7)
    rows = table("demand_forecasts")
    rows["target_day"] = pd.to_datetime(rows["target_day"])
    sales["day"] = pd.to_datetime(sales["day"])
    rows = rows.merge(sales[["series", "day", "sold"]], left_on=["series", "target_day"],
                      right_on=["series", "day"], validate="1:1")  # fmt: skip
    rows = rows.merge(sales[["series", "week_later", "sold"]], left_on=["series", "target_day"],
                      right_on=["series", "week_later"], suffixes=("", "_naive"))  # fmt: skip
    assert len(rows) == TRUTH["models"]["demand"]["rows"] == 50 * DAYS

    def cost(forecast: str) -> float:
        over = (rows[forecast] - rows["sold"]).clip(lower=0).sum() * float(design.holding or 0)
        return over + (rows["sold"] - rows[forecast]).clip(lower=0).sum() * float(
            design.stockout or 0
        )

    stated = TRUTH["models"]["demand"]["inventory_cost"]
    assert cost("forecast") == pytest.approx(stated["model"], abs=0.01)
    assert cost("sold_naive") == pytest.approx(stated["seasonal_naive"], abs=0.01)
    assert cost("planner") == pytest.approx(stated["planner"], abs=0.01)
    assert ((rows["p10"] <= rows["p50"]) & (rows["p50"] <= rows["p90"])).all()


def test_blemishes_are_counted() -> None:
    payments = table("fraud_predictions")
    said = {name: one.get("blemishes", {}) for name, one in TRUTH["models"].items()}
    assert payments.duplicated().sum() == said["fraud"]["duplicate_predictions"] == 40
    assert payments["payment_id"].duplicated().sum() == 40
    hour = berlin(payments["scored_at"]).dt.strftime("%Y-%m-%d %H")
    assert {"2026-02-11 13", "2026-02-11 15"} <= set(hour)
    assert "2026-02-11 14" not in set(hour)
    leads, qualified = table("lead_scores"), table("lead_outcomes")
    assert leads["p_good"].isna().sum() == said["leads"]["unusable_scores"]
    strangers = ~qualified["lead_id"].isin(leads["lead_id"])
    assert strangers.sum() == said["leads"]["orphan_outcomes"]
    visits = table("reco_predictions").merge(table("reco_outcomes"), on="visit_id")
    early = visits["closed_at"] < visits["shown_at"]
    assert early.sum() == said["reco"]["outcomes_before_prediction"]


def test_days_are_those_of_berlin() -> None:
    for name, column in (("fraud_predictions", "scored_at"), ("reco_predictions", "shown_at")):
        local = berlin(table(name)[column])
        assert local.dt.date.min() == FIRST
        assert local.dt.date.max() == AS_OF
        assert local.dt.hour.between(7, 21).all()


def test_the_stories_can_be_told() -> None:
    models = TRUTH["models"]
    gross = {name: one["periods"]["year"] for name, one in models.items() if "periods" in one}
    star = gross["fraud"]["gross_realised"]
    assert star == max(one.get("gross_realised", one.get("gross", 0)) for one in gross.values())
    leads = models["leads"]["periods"]
    assert leads["before_break"]["gross_realised"] > 300_000
    assert leads["after_break"]["gross_realised"] < -50_000
    reco = models["reco"]["periods"]
    assert reco["last_quarter"]["gross_realised"] < 0.6 * reco["first_quarter"]["gross_realised"]
    assert gross["sendtime"]["gross"] < 10_000
    assert models["churn"]["periods"]["mature"]["relative"] > 0.05
