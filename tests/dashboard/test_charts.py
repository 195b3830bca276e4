from __future__ import annotations

import datetime as dt
import json
import math

import pytest

from dashboard.charts.base import value_axis, value_scale
from dashboard.charts.bridge import bridge, merged
from dashboard.charts.over_time import timeline
from dashboard.charts.to_date import to_date
from tests.factories import scorecards
from valuekit.scorecard import BridgeStep, Step


def values_of(spec: dict[str, object]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []

    def walk(thing: object) -> None:
        if isinstance(thing, dict):
            data = thing.get("data")
            if isinstance(data, dict):
                found.extend(data.get("values", ()))
            for inner in thing.values():
                walk(inner)
        elif isinstance(thing, list):
            for inner in thing:
                walk(inner)

    walk(spec)
    return found


def test_floating_bars_end_where_the_next_begins() -> None:
    steps = (
        BridgeStep("Value", 100.0, "total"),
        BridgeStep("People", -130.0, "minus"),
        BridgeStep("Credit", 10.0, "plus"),
        BridgeStep("Net value", -20.0, "total"),
    )
    bars = [one for one in values_of(bridge(steps, "EUR")) if "step" in one]
    ends = {one["step"]: (one["start"], one["end"]) for one in bars}
    assert ends == {
        "Value": (0.0, 100.0),
        "People": (100.0, -30.0),
        "Credit": (-30.0, -20.0),
        "Net value": (0.0, -20.0),
    }
    assert {one["text"] for one in bars} == {"€100", "−€130", "+€10.00", "−€20.00"}


def test_specs_hold_no_colour_of_axes_and_no_unknown_number() -> None:
    card = scorecards()[0]
    spec = to_date(card.to_date, "EUR", 2_500_000.0)
    text = json.dumps(spec, allow_nan=False)
    assert "gridColor" not in text
    assert "labelColor" not in text
    assert all(
        math.isfinite(v) for row in values_of(spec) for v in row.values() if isinstance(v, float)
    )


def test_a_spec_is_the_readers_own_copy() -> None:
    card = scorecards()[0]
    first = to_date(card.to_date, "EUR")
    first.clear()
    assert to_date(card.to_date, "EUR")


def test_the_plan_is_part_of_the_key() -> None:
    card = scorecards()[0]
    assert to_date(card.to_date, "EUR", 1e6) != to_date(card.to_date, "EUR", 2e6)


def test_small_costs_become_one_bar_and_nothing_is_lost() -> None:
    costs = [BridgeStep(f"c{n}", -float(n), "minus") for n in range(1, 9)]
    steps = (BridgeStep("Value", 100.0, "plus"), *costs, BridgeStep("Net value", 64.0, "total"))
    shown = merged(steps)
    assert [one.label for one in shown] == [
        "Value",
        "c5",
        "c6",
        "c7",
        "c8",
        "Other costs",
        "Net value",
    ]
    assert sum(one.amount for one in shown if one.kind != "total") == 64.0


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-0.2e6, 2.0e6), (-3.0, -1.0), (12.0, 12.4), (0.0, 7.1)]
)
def test_a_scale_holds_its_data_and_its_ticks_and_wastes_little(low: float, high: float) -> None:
    scale, axis = value_scale(low, high, "EUR").to_dict(), value_axis(low, high, "EUR").to_dict()
    first, last = scale["domain"]
    assert first <= low
    assert last >= high
    assert len(axis["values"]) >= 2
    assert all(first <= one <= last for one in axis["values"])
    step = axis["values"][1] - axis["values"][0]
    # Beyond the data at most a third of a step, or a twentieth of the data where no tick is near.
    assert low - first <= max(0.35 * step, 0.06 * (high - low)) + 1e-9
    assert last - high <= max(0.35 * step, 0.06 * (high - low)) + 1e-9


def test_first_days_far_off_leave_the_picture() -> None:
    start = dt.date(2026, 1, 1)
    steps = tuple(
        Step(start + dt.timedelta(days=at), 900.0 if at == 0 else 5.0, 4.0 - at / 99, 6.0 + at / 99)
        for at in range(40)
    )
    drawn = values_of(timeline(steps, "EUR/unit"))
    assert {one["value"] for one in drawn if "value" in one} == {5.0}
