"""Published examples of other packages through workspace files over CSV tables."""

from __future__ import annotations

import shutil
import warnings
from datetime import UTC, datetime
from pathlib import Path

import causaldata
import numpy as np
import pandas as pd
import pytest

from valuekit.api import Workspace
from valuekit.estimate import Estimate
from valuekit.scorecard import EvidenceReport, Scorecard

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


def card(folder: Path, name: str, model: str, **tables: pd.DataFrame) -> Scorecard:
    """The scorecard of a workspace file over CSV tables."""
    for table, rows in tables.items():
        rows.to_csv(folder / f"{table}.csv", index=False)
    shutil.copy(HERE / f"{name}.toml", folder / "valuekit.toml")
    held = Workspace.load(folder)
    held.refresh(now=NOW)
    return held.scorecard(model)


def figure(one: EvidenceReport, key: str) -> Estimate:
    """A figure beside the leading ones."""
    return next(other.estimate for other in one.others if other.key == f"uplift.{key}")


def users(seed: int = 42, n: int = 4000) -> pd.DataFrame:
    """The recipe: sessions, orders and revenue, +10% orders and revenue; the same before.

    The draws must come in this order to be the published ones.
    """
    rng = np.random.default_rng(seed)
    treated = rng.binomial(1, 0.5, n)
    sessions = 1 + rng.poisson(np.full(n, 1.0))
    more = 1 + 0.1 * treated
    rate = rng.beta(0.25 * more, 1 - 0.25 * more)
    orders = rng.binomial(sessions, rate)
    spread = 0.5
    price = rng.lognormal(np.log(np.full(n, 10.0)) - spread**2 / 2, spread)
    sessions_before = rng.poisson(sessions)
    orders_before = rng.binomial(sessions_before, rate / more)
    price_before = rng.lognormal(np.log(price) - spread**2 / 2, spread)
    return pd.DataFrame(
        {
            "user": np.arange(n),
            "arm": np.where(treated == 1, "new", "control"),
            "sessions": sessions,
            "orders": orders,
            "revenue": (orders * price).round(2),
            "sessions_before": sessions_before,
            "orders_before": orders_before,
            "revenue_before": (orders_before * price_before).round(2),
        }
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> EvidenceReport:
    rows = users()
    before = [one for one in rows if one.endswith("_before")]
    (one,) = card(
        tmp_path_factory.mktemp("shop"),
        "orders",
        "shop",
        users=rows[["user", "arm", *before]],
        outcomes=rows[["user", "sessions", "orders", "revenue"]],
    ).evidence
    return one


def test_the_data_are_the_published_ones() -> None:
    """First users as printed in the documentation of tea-tasting, ``make_users_data``."""
    rows = users()
    assert rows["revenue"].head(5).tolist() == [9.17, 6.43, 7.94, 15.93, 7.14]
    assert rows["revenue_before"].head(3).tolist() == [19.19, 2.77, 22.57]
    assert rows["sessions_before"].tail(3).tolist() == [2, 1, 5]


@pytest.mark.parametrize(
    ("key", "value", "low", "high"),
    [
        ("ratio.per_session.relative", 0.088, -0.0089, 0.19),
        ("ratio.per_session.cuped.relative", 0.12, 0.042, 0.21),
        ("orders.new.relative", 0.080, -0.020, 0.19),
        ("orders.new.cuped.relative", 0.11, 0.029, 0.20),
        ("cuped.relative", 0.14, 0.038, 0.26),
    ],
)
def test_relative_lifts_as_published(
    shop: EvidenceReport, key: str, value: float, low: float, high: float
) -> None:
    """tea-tasting 2.0, ``RatioOfMeans`` and ``Mean``, plain and CUPED, to the digits printed."""
    found = figure(shop, key)
    assert found.value == pytest.approx(value, abs=0.0051)
    assert found.low == pytest.approx(low, abs=0.00051)
    assert found.high == pytest.approx(high, abs=0.0051)


def test_differences_as_published(shop: EvidenceReport) -> None:
    """Revenue per user 5.24 and 5.73, +9.3% (-2.4% to 22%); p of orders per session .00229."""
    assert shop.relative.value == pytest.approx(0.093, abs=0.0005)
    assert shop.relative.low == pytest.approx(-0.024, abs=0.0005)
    assert shop.relative.high == pytest.approx(0.22, abs=0.005)
    means = {arm.name: arm.mean for arm in shop.arms}
    assert means == {
        "control": pytest.approx(5.24, abs=0.005),
        "new": pytest.approx(5.73, abs=5e-3),
    }
    ratio = figure(shop, "ratio.per_session.cuped")
    assert ratio.value == pytest.approx(0.293 - 0.262, abs=0.001)
    assert ratio.value / ratio.se == pytest.approx(3.05, abs=0.01)  # p = .0023
    assert shop.grade == "A"
    kept = next(one.text for one in shop.diagnostics if one.name == "Plan kept")
    assert "4,000 units" in kept


MOMENTS = """
[workspace]
name = "Published moments"
currency = "USD"

[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"

[models.m]
title = "M"
owner = "a@example.com"
task = "ranking"

[models.m.assignments]
table = "a.csv"
unit = "unit"
arm = "arm"
date = 2026-01-01

[models.m.outcomes]
table = "o.csv"
on = { unit = "unit" }
window = "0d"
complete_through = 2026-01-02

[models.m.metrics.y]
column = "y"
already_money = true

[[models.m.evidence]]
design = "holdout"
control = "c"
"""


def with_moments(n: int, total: float, squares: float, seed: int) -> np.ndarray:
    """Rows with exactly these sums."""
    x = np.random.default_rng(seed).normal(size=n)
    x -= x.mean()
    return total / n + x * np.sqrt((squares - total**2 / n) / (x @ x))


@pytest.mark.parametrize(
    ("control", "treated", "wanted"),
    [
        ((3407, 1396.87, 52377.9767), (3461, 2422.7, 134698.29),
         {"effect": (0.29, 0.12478, 0.04538, 0.53462), "relative": (0.70732, 0.37879)}),
        ((3000, 1396.87, 52377.9767), (3461, 2422.7, 134698.29),
         {"relative": (0.50336, 0.33341)}),
        ((10, 100, 1002.25), (10, 105, 1111.5), {"relative": (0.05, 0.03572)}),
    ],
)  # fmt: skip
def test_published_moments_through_files(
    tmp_path: Path,
    control: tuple[int, float, float],
    treated: tuple[int, float, float],
    wanted: dict[str, tuple[float, ...]],
) -> None:
    """Moments as other packages publish them: Welch, and the relative lift by the delta method."""
    sides = {"c": with_moments(*control, 1), "t": with_moments(*treated, 2)}
    arms = [arm for arm, y in sides.items() for _ in y]
    rows = pd.DataFrame(
        {"unit": range(len(arms)), "arm": arms, "y": np.concatenate(list(sides.values()))}
    )
    rows[["unit", "arm"]].to_csv(tmp_path / "a.csv", index=False)
    rows[["unit", "y"]].to_csv(tmp_path / "o.csv", index=False)
    (tmp_path / "valuekit.toml").write_text(MOMENTS, encoding="utf-8")
    held = Workspace.load(tmp_path)
    held.refresh(now=NOW)
    (one,) = held.scorecard("m").evidence
    found = figure(one, "relative.delta")
    assert (found.value, found.se) == pytest.approx(wanted["relative"], abs=1e-5)
    if "effect" in wanted:
        seen = (one.effect.value, one.effect.se, one.effect.low, one.effect.high)
        assert seen == pytest.approx(wanted["effect"], abs=1e-5)


def castle() -> pd.DataFrame:
    rows = causaldata.castle.load_pandas().data
    first = rows[rows["post"] > 0].groupby("sid")["year"].min()
    return pd.DataFrame(
        {
            "sid": rows["sid"].astype(int),
            "year": rows["year"].astype(int),
            "since": rows["sid"].map(first).fillna(0).astype(int),
            "log_homicide": np.log(rows["homicide"].astype(float)),
        }
    )


def test_castle_doctrine_is_that_of_a_peer(tmp_path: Path) -> None:
    """Group-time effects without covariates, simple to calendar, as moderndid 0.2 has them."""
    peer = pytest.importorskip("moderndid", reason="the peer is a test-only package")
    rows = castle()
    found = card(tmp_path, "castle", "castle", rows=rows).evidence
    data = rows.assign(since=rows["since"].astype(float))
    for one, comparison in zip(found, ("nevertreated", "notyettreated"), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peer warns of small groups, as the card does
            effects = peer.att_gt(
                data=data, yname="log_homicide", tname="year", idname="sid", gname="since",
                control_group=comparison, boot=False, est_method="reg",
            )  # fmt: skip
            for kind in ("simple", "group", "dynamic", "calendar"):
                wanted = peer.aggte(effects, type=kind)
                made = figure(one, kind)
                assert made.value == pytest.approx(wanted.overall_att, rel=1e-6), kind
                assert made.se == pytest.approx(wanted.overall_se, rel=1e-6), kind
    assert found[0].effect.value == pytest.approx(0.0194028, abs=1e-6)
    trend = next(o for o in found[0].diagnostics if o.name == "Parallel before the launch")
    assert trend.status == "failed"  # a single state launched in 2006 moved alone before it
    assert found[0].effect_grade == "C"
