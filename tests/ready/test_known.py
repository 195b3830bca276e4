"""Hand-made tables with known answers: published moments, wide and long shapes, four counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.ready.tables import HEAD, NOW, SCORES, TRIAL, bins, day, trial, workspace
from valuekit.scorecard import EvidenceReport, Figure
from valuekit.uplift.proportion import newcombe

AS_OF = HEAD.replace('currency = "EUR"', 'currency = "EUR"\nas_of = 2026-03-31')


def read(folder: Path, text: str, **tables: pd.DataFrame) -> EvidenceReport:
    made = workspace(folder, text, **tables)
    (folder / "valuekit.toml").write_text(AS_OF + text)
    made = type(made).load(folder / "valuekit.toml")
    made.refresh(now=NOW)
    return made.scorecard("shop").evidence[0]


def figures(folder: Path, text: str, **tables: pd.DataFrame) -> dict[str, Figure]:
    made = workspace(folder, text, **tables)
    made.refresh(now=NOW)
    return {one.key: one for one in made.scorecard("shop").accuracy.figures}


# Control and treated: units, sum, sum of squares.
PUBLISHED = ((3407, 1396.87, 52377.9767), (3461, 2422.7, 134698.29))


def published() -> pd.DataFrame:
    rows = [(day(0), arm, *one) for arm, one in zip("AB", PUBLISHED, strict=True)]
    return pd.DataFrame(rows, columns=["day", "arm", "users", "spend", "spend2"])


def test_published_moments(tmp_path: Path) -> None:
    """n, sum and sum of squares: Welch by SciPy 1.11's ttest_ind_from_stats, 1e-5.

    The same arms are a worked example of a public experimentation library's documentation.
    """
    found = read(tmp_path, TRIAL, ab=published())
    effect = found.effect
    assert effect.value == pytest.approx(0.29, abs=1e-5)
    assert effect.se == pytest.approx(0.12478, abs=1e-5)
    assert (effect.low, effect.high) == pytest.approx((0.04538, 0.53462), abs=1e-5)
    assert found.relative.value == pytest.approx(0.70732, abs=1e-5)
    delta = next(one for one in found.others if one.key == "uplift.relative.delta")
    assert delta.estimate.se == pytest.approx(0.37879, abs=1e-5)
    assert found.reading is not None
    assert found.reading.p_value == pytest.approx(0.02016, abs=1e-5)


MEANS = TRIAL.replace('sum_y = "spend", sum_yy = "spend2"', 'mean_y = "mean", sd_y = "sd"')


def test_means_and_standard_deviations_say_the_same(tmp_path: Path) -> None:
    table = published()
    n, total = table["users"], table["spend"]
    variance = (table["spend2"] - total**2 / n) / (n - 1)
    other = table.assign(mean=total / n, sd=np.sqrt(variance))[
        ["day", "arm", "users", "mean", "sd"]
    ]
    a = read(tmp_path / "a", TRIAL, ab=table).effect
    b = read(tmp_path / "b", MEANS, ab=other).effect
    assert (b.value, b.se, b.df) == pytest.approx((a.value, a.se, a.df), rel=1e-12)
    population = MEANS.replace('table = "ab.csv"', 'table = "ab.csv"\nddof = 0')
    of_all = other.assign(sd=np.sqrt(variance * (n - 1) / n))
    c = read(tmp_path / "c", population, ab=of_all).effect
    assert (c.value, c.se) == pytest.approx((a.value, a.se), rel=1e-12)


CONVERSIONS = """
[models.shop.metrics.bought]
kind = "proportion"
money = 10
[[models.shop.evidence]]
design = "holdout"
control = "A"
[models.shop.facts.effect]
table = "ab.csv"
columns = { arm = "arm", units = "users", sum_y = "bought" }
"""


def test_conversions_of_two_arms(tmp_path: Path) -> None:
    """56 of 70 against 48 of 80: .2, from .0524 to .3339 (Newcombe 1998, method 10)."""
    rows = [(day(0), "A", 80, 48), (day(0), "B", 70, 56)]
    table = pd.DataFrame(rows, columns=["day", "arm", "users", "bought"])
    found = read(tmp_path, CONVERSIONS, ab=table)
    per = found.effect.scaled(0.1, "share")
    assert per.value == pytest.approx(0.2, abs=1e-12)
    assert (per.low, per.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    own = newcombe(56, 70, 48, 80)
    assert (per.low, per.high) == pytest.approx((own.low, own.high), rel=1e-9)


WIDE = """
[models.shop.metrics.spend]
already_money = true
primary = true
[models.shop.metrics.bought]
kind = "proportion"
[[models.shop.evidence]]
design = "holdout"
control = "A"
[models.shop.facts.effect]
table = "ab.csv"
columns = { arm = "arm", units = "users" }
[models.shop.facts.effect.metrics.spend]
sum_y = "spend"
sum_yy = "spend2"
[models.shop.facts.effect.metrics.bought]
sum_y = "buyers"
"""
LONG = """
[models.shop.metrics.spend]
already_money = true
primary = true
[models.shop.metrics.bought]
kind = "proportion"
[[models.shop.evidence]]
design = "holdout"
control = "A"
[models.shop.facts.effect]
table = "ab.csv"
columns = { metric = "kpi", arm = "arm", units = "users", sum_y = "total", sum_yy = "squares" }
named = { spend = "Revenue", bought = "Conversion Rate" }
"""


def test_wide_and_long_tables_say_the_same(tmp_path: Path) -> None:
    wide = trial().assign(buyers=lambda rows: 40 + (rows["arm"] == "B") * 3)
    long = pd.concat(
        [
            wide.assign(kpi="Revenue", total=wide["spend"], squares=wide["spend2"]),
            wide.assign(kpi="Conversion Rate", total=wide["buyers"], squares=wide["buyers"]),
        ]
    )[["day", "kpi", "arm", "users", "total", "squares"]]
    found = []
    for name, text, table in (("wide", WIDE, wide), ("long", LONG, long)):
        made = workspace(tmp_path / name, text, ab=table)
        made.refresh(now=NOW)
        card = made.scorecard("shop").evidence[0]
        rows = [card.effect, card.money, *(one.estimate for one in card.others)]
        found.append([(one.value, one.low, one.high) for one in rows if one.known])
    assert len(found[0]) > 4
    assert [a == pytest.approx(b, rel=1e-9) for a, b in zip(*found, strict=True)]
    for a, b in zip(*found, strict=True):
        assert a == pytest.approx(b, rel=1e-9)


FOUR = """
[models.shop.facts.confusion]
table = "conf.csv"
columns = { tp = "hits", fp = "false_alarms", fn = "misses", tn = "rest" }
"""
EACH = """
[models.shop.facts.confusion]
table = "conf.csv"
columns = { predicted = "said", label = "was", n = "n" }
positive = "yes"
"""


def test_four_counts_a_day(tmp_path: Path) -> None:
    wide = pd.DataFrame(
        {"day": [day(0), day(1)], "hits": 30, "false_alarms": 10, "misses": 20, "rest": 140}
    )
    long = pd.DataFrame(
        [
            (day(place), said, was, n)
            for place in (0, 1)
            for said, was, n in (
                ("yes", "yes", 30), ("yes", "no", 10), ("no", "yes", 20), ("no", "no", 140),
            )
        ],
        columns=["day", "said", "was", "n"],
    )  # fmt: skip
    for name, text, table in (("wide", FOUR, wide), ("long", EACH, long)):
        found = figures(tmp_path / name, text, conf=table)
        assert found["accuracy.precision"].estimate.value == pytest.approx(30 / 40)
        assert found["accuracy.recall"].estimate.value == pytest.approx(30 / 50)
        assert found["accuracy.accuracy"].estimate.value == pytest.approx(170 / 200)
        assert found["accuracy.accuracy"].estimate.n == 400


def test_scores_by_bin(tmp_path: Path) -> None:
    """ROC AUC by counting pairs, ties half; what needs single rows is unknown, with the reason."""
    table = bins(days=3)
    found = figures(tmp_path, SCORES, bins=table)
    of = {label: table[table["y"] == label] for label in (0, 1)}
    pairs = sum(
        a.n * b.n * (1.0 if a.low > b.low else 0.5 if a.low == b.low else 0.0)
        for a in of[1].itertuples()
        for b in of[0].itertuples()
    )
    auc = pairs / (of[1]["n"].sum() * of[0]["n"].sum())
    assert found["accuracy.roc_auc"].estimate.value == pytest.approx(auc, rel=1e-12)
    brier = found["accuracy.brier"].estimate
    assert brier.value is None
    assert "does not give `brier`" in brier.reason


ERRORS = """
[models.shop.facts.error]
table = "errors.csv"
columns = { n = "n", sum_abs = "abs", sum_sq = "sq", sum_e = "e", sum_y = "y", sum_yy = "yy" }
"""


def test_errors_of_a_regression(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    y, f = rng.gamma(4.0, 25.0, (30, 50)), rng.gamma(4.0, 25.0, (30, 50))
    e = y - f
    table = pd.DataFrame(
        {
            "day": [day(place) for place in range(30)],
            "n": 50,
            "abs": np.abs(e).sum(axis=1),
            "sq": (e**2).sum(axis=1),
            "e": e.sum(axis=1),
            "y": y.sum(axis=1),
            "yy": (y**2).sum(axis=1),
        }
    )
    made = workspace(tmp_path, ERRORS, errors=table)
    text = (tmp_path / "valuekit.toml").read_text().replace('"classification"', '"regression"')
    (tmp_path / "valuekit.toml").write_text(text)
    made = type(made).load(tmp_path / "valuekit.toml")
    made.refresh(now=NOW)
    found = {one.key: one.estimate for one in made.scorecard("shop").accuracy.figures}
    assert found["accuracy.mae"].value == pytest.approx(np.abs(e).mean(), rel=1e-9)
    assert found["accuracy.rmse"].value == pytest.approx(np.sqrt((e**2).mean()), rel=1e-9)
    assert found["accuracy.bias"].value == pytest.approx(-e.sum() / y.sum(), rel=1e-9)
    r2 = 1 - (e**2).sum() / ((y - y.mean()) ** 2).sum()
    assert found["accuracy.r2"].value == pytest.approx(r2, rel=1e-9)
    for name in ("wape", "mape", "smape"):
        assert found[f"accuracy.{name}"].value is None
        assert "[facts.error] does not give" in found[f"accuracy.{name}"].reason


def test_cost_per_prediction_is_unknown_without_a_volume(tmp_path: Path) -> None:
    text = TRIAL + '[models.shop.costs]\nper_prediction = "0.01"\n'
    made = workspace(tmp_path, text, ab=trial())
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    for one in card.unit_costs:
        assert one.estimate.value is None
        assert "[facts.volume]" in one.estimate.reason
    assert "[facts.volume]" in card.health.costed.reason


def test_costs_are_priced_from_the_volume(tmp_path: Path) -> None:
    text = (
        TRIAL
        + '[models.shop.costs]\nper_prediction = "0.01"\n'
        + '[models.shop.facts.volume]\ntable = "served.csv"\ncolumns = { predictions = "n" }\n'
    )
    served = pd.DataFrame({"day": [day(place) for place in range(20)], "n": 500})
    made = workspace(tmp_path, text, ab=trial(), served=served)
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    whole = next(one for one in card.periods if one.name == "all")
    assert whole.cost_marginal.value == pytest.approx(20 * 500 * 0.01)
    assert whole.predictions == 10_000


def test_what_a_table_does_not_give_is_never_zero(tmp_path: Path) -> None:
    made = workspace(tmp_path, TRIAL, ab=trial())
    made.refresh(now=NOW)
    found = made.scorecard("shop").evidence[0]
    assert all(one.matched is None and one.nonzero is None for one in found.arms)
    states = {one.name: one.status for one in found.diagnostics}
    assert states["Sample ratio"] == "passed"
    assert [states[one] for one in ("Outcomes found by arm", "Units in both arms", "Skewness")] == [
        "not run",
        "not run",
        "not run",
    ]
    assert found.effect_grade == "B"
    assert any("large outcomes" in one for one in found.grade_reasons)


def test_a_window_keeps_days_open(tmp_path: Path) -> None:
    text = TRIAL + '[models.shop.facts]\nwindow = "5d"\nallowance = "1d"\n'
    made = workspace(tmp_path, text, ab=trial(days=20))
    made.refresh(now=NOW)
    card = made.scorecard("shop")
    assert card.health.mature_through == day(19 - 6)
    assert sum(one.units for one in card.evidence[0].arms) == 14 * 200
