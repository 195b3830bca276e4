"""Numbers that are none, too large, in another unit; money in other currencies or too fine."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from tests.inputs.lake import GOOD, Lake, outcomes, predictions, refused, text, warned
from valuekit.api import Workspace

OUTCOMES = text(outcomes())
PER = 'per_prediction = "0.10"'


def paid(lake: Lake) -> Decimal:
    amounts = lake.fact("cost")["amount"]
    assert all(isinstance(one, Decimal) for one in amounts)
    return sum(amounts, start=Decimal(0))


def test_nan_and_infinite(lake: Lake) -> None:
    p = GOOD
    for good, broken in ((",0.15,", ",NaN,"), (",0.25,", ",inf,"), (",0.35,", ",-Infinity,")):
        p = p.replace(good, broken, 1)
    margins = outcomes().astype({"margin": "float64"})
    margins.loc[[30, 31, 32], "margin"] = [float("nan"), float("inf"), float("-inf")]
    lake.write(predictions=p, outcomes=margins.to_csv(index=False, na_rep="nan"))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 37, "bad_score": 3}
    assert lake.rules("outcomes") == {"credited": 34, "orphan": 3, "bad_value": 3}
    value = lake.intake().query("source == 'outcomes'")["value"].sum()
    assert value == outcomes()["margin"].drop([30, 31, 32]).sum()


def test_1e308(lake: Lake) -> None:
    large = outcomes().astype({"margin": "float64"})
    large.loc[[2, 3], "margin"] = [1e308, -1e308]
    lake.write(outcomes=text(large))
    made = lake.refresh()
    assert lake.rules("outcomes") == {"credited": 38, "bad_value": 2}
    warned(made, "bad_value", value="(margin -1e+308)", rule="10¹⁵ and more on either side", rows=2)
    effect = lake.fact("effect")
    kept = large.drop([2, 3])["margin"]
    assert (effect["n"] * effect["mean_y"]).sum() == pytest.approx(kept.sum())


def test_overflow(lake: Lake) -> None:
    n = 10_000
    p = pd.DataFrame(
        {
            "id": range(n),
            "at": pd.Timestamp("2026-01-05", tz="UTC"),
            "customer": "c00",
            "score": 0.5,
            "version": "v1",
            "tokens": 10**15 - 1,
        }
    )
    lake.write(predictions=p)
    lake.declare('version = "version"', 'version = "version"\ntokens = { input = "tokens" }')
    refused(
        lake,
        "overflow",
        place="predictions.tokens.input (sources.lake, table predictions, column tokens)",
        value="sum of a day over tokens",
        rule="too large for its type",
        remedy="Correct the value",
    )


def test_float_money_becomes_decimal(lake: Lake, good: Lake) -> None:
    lake.declare(PER, "per_prediction = 0.1")
    assert lake.refresh().findings == ()
    assert paid(lake) == Decimal("4.000000")  # not 40 x 0.1000000000000000055511151231257827
    pd.testing.assert_frame_equal(lake.fact("cost"), good.fact("cost"))
    lake.declare("per_prediction = 0.1", "per_prediction = nan")
    refused(lake, "finite_number", place="valuekit.toml:41 models.churn.costs.per_prediction")


def test_more_than_6_decimals(lake: Lake) -> None:
    month = '[{ category = "people", amount = "31.0000007", from = 2026-01-01, to = 2026-01-20 }]'
    lake.declare(PER, f'per_prediction = "0.00000012"\nmonthly = {month}')
    made = lake.refresh()
    warned(made, "residual", value="0.0000048 EUR in all", rule="rounded to 6 decimals")
    warned(
        made,
        "rounded",
        place="models.churn.costs.monthly[0].amount",
        value="31.0000007",
        remedy="-0.0000003",
    )
    # 31.000001 over 31 days to the millionth: the one left over goes to the first day.
    assert paid(lake) == Decimal("20.000001")


def test_negative_cost(lake: Lake) -> None:
    once = 'once = [{ category = "%s", amount = "-3", on = 2026-01-05 }]'
    lake.declare(PER, f"{PER}\n{once % 'vendor_credit'}")
    assert lake.refresh().findings == ()
    assert paid(lake) == Decimal(1)
    lake.declare("vendor_credit", "build")
    warned(
        lake.refresh(),
        "negative_cost",
        place="models.churn.costs.once[0].amount",
        value="-3",
        rule="no category says that it is a credit",
    )
    assert paid(lake) == Decimal(1)


def test_correction_to_a_closed_month(lake: Lake) -> None:
    """Bills cannot be declared yet; a corrected declaration replaces the amounts of its days."""
    lake.declare(PER, f'{PER}\nbill = {{ source = "lake", table = "focus" }}')
    refused(lake, "unknown_key", place="models.churn.costs.bill", rule="unknown key")
    lake.declare('\nbill = { source = "lake", table = "focus" }', "")
    lake.declare('"0.10"', '"0.20"')
    lake.refresh()
    assert paid(lake) == Decimal(8)


def test_mixed_currencies(lake: Lake) -> None:
    line = '{ category = "people", amount = "31", currency = "USD", from = 2026-01-01 }'
    lake.declare(PER, f"monthly = [{line}]")
    refused(
        lake,
        "unknown_key",
        place="valuekit.toml:41 models.churn.costs.monthly[0].currency",
        remedy="[workspace]",
    )
    lake.declare('"31", currency = "USD"', '"31 USD"')
    refused(lake, "decimal_parsing", value="31 USD", rule="must be an amount")


def test_unknown_currency(lake: Lake) -> None:
    lake.declare('"EUR"', '"EUU"')
    refused(
        lake,
        "broken_rule",
        place="valuekit.toml:4 workspace.currency",
        value="EUU",
        rule="is not a currency",
        remedy='"EUR"',
    )


def test_price_missing_for_a_day(lake: Lake) -> None:
    lake.write(predictions=text(predictions().assign(tokens=1_000)))
    lake.declare('version = "version"', 'version = "version"\ntokens = { input = "tokens" }')
    price = '[{ token = "input", per_million = "2", from = 2026-01-06 }]'
    lake.declare(PER, f"tokens = {price}")
    lake.refresh()
    assert paid(lake) == Decimal("0.06")  # 30 of 40 predictions have a price
    card = lake.card()
    assert card.health.costed.value == pytest.approx(0.75)
    whole = card.period("all")
    assert whole.value.value is not None
    assert whole.net.value is None
    assert "only 75% of predictions have a cost" in whole.net.reason
    assert whole.roi.value is None
    lake.declare(f"tokens = {price}", f"tokens = {price}\nrates = {{ USD = 0.9 }}")
    refused(lake, "unknown_key", place="models.churn.costs.rates")


def test_billed_and_effective_cost_mixed(lake: Lake) -> None:
    """Bills cannot be declared yet, so neither can two of their columns."""
    lake.declare(PER, 'bill = { table = "focus", column = ["BilledCost", "EffectiveCost"] }')
    refused(lake, "unknown_key", place="models.churn.costs.bill", value="`bill`")


def test_percentages_for_shares(lake: Lake) -> None:
    p = predictions()
    lake.write(predictions=text(p.assign(score=p["score"] * 100)))
    refused(
        lake,
        "score_range",
        place="table predictions, column score",
        value="40 of 40 scores above 1.5, up to 95, the first '5.0' in predictions.csv, line 2",
        rule="between 0 and 1",
        remedy="Divide percentages by 100",
    )
    lake.write(predictions=GOOD.replace(",0.15,", ",15,", 1).replace(",0.25,", ",-0.25,", 1))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 38, "bad_score": 2}
    found = Workspace.load(lake.path).check()["churn"].findings
    told = [(one.code, one.severity, one.rows) for one in found]
    assert told == [("bad_score", "warning", 2)]  # as the refresh: held back, not refused
    lake.declare('currency = "EUR"', 'currency = "EUR"\ncoverage_floor = 90')
    refused(lake, "less_than", place="workspace.coverage_floor", value="90")


def test_amounts_as_people_write_them(lake: Lake) -> None:
    o = OUTCOMES
    for good, written in ((",12\n", ',"1,234.50"\n'), (",13\n", ",(12)\n"), (",14\n", ",$5\n")):
        o = o.replace(good, written)
    lake.write(outcomes=o)
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 37, "bad_cell": 3}
    assert lake.fates("outcomes") == {"accepted": 37, "quarantined": 3}
    value = lake.intake().query("source == 'outcomes'")["value"].sum()
    assert value == outcomes()["margin"].drop([2, 3, 4]).sum()


def test_label_of_neither_kind(lake: Lake) -> None:
    odd = outcomes().astype({"kept": "float64"})
    odd.loc[[2, 3], "kept"] = [2.0, -1.0]
    lake.write(outcomes=text(odd))
    warned(lake.refresh(), "bad_label", value="2 of 40 rows", rule="neither 0 nor 1", rows=2)
    assert lake.rules("outcomes") == {"credited": 38, "bad_label": 2}
    assert lake.fact("volume")["outcome_value"].sum() == odd.drop([2, 3])["kept"].sum()
    lake.write(outcomes=text(outcomes().assign(kept=[1 + i % 2 for i in range(40)])))
    refused(lake, "bad_label", value="20 of 40 rows", rule="more than 10%", remedy="`positive`")
    lake.declare('label = "kept"', 'label = "kept"\npositive = "2"')
    lake.refresh()
    assert lake.rules("outcomes") == {"credited": 40}
