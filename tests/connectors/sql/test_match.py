"""Window, credit and pick against a brute-force search over all pairs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.sql import match

START = datetime(2025, 3, 1)
DAYS = 2
ROW = st.tuples(st.sampled_from("abc"), st.integers(0, 24 * 5))
OUTCOME = st.tuples(st.sampled_from("abcd"), st.integers(0, 24 * 6), st.integers(-3, 9))


def _model(pick, credit, **outcomes):
    return {
        "task": "regression",
        "predictions": {"table": "p", "id": "id", "time": "t", "predicted": "f", "unit": "u"},
        "outcomes": {
            "table": "o", "on": {"u": "u"}, "time": "t", "window": f"{DAYS}d",
            "pick": pick, "credit": credit, "label": "y", **outcomes,
        },
    }  # fmt: skip


def _tables(predictions, outcomes):
    at = [START + timedelta(hours=row[1]) for row in predictions]
    seen = [START + timedelta(hours=row[1]) for row in outcomes]
    p = {
        "id": pa.array(range(len(predictions)), pa.int64()),
        "u": pa.array([row[0] for row in predictions], pa.string()),
        "t": pa.array(at, pa.timestamp("us")),
        "f": pa.array([1.0] * len(predictions), pa.float64()),
    }
    o = {
        "u": pa.array([row[0] for row in outcomes], pa.string()),
        "t": pa.array(seen, pa.timestamp("us")),
        "y": pa.array([float(row[2]) for row in outcomes], pa.float64()),
    }
    return {"p": pa.table(p), "o": pa.table(o)}


def _brute(predictions, outcomes, pick, credit):
    """Value of each prediction and credited share of each outcome."""
    pairs = []
    for j, (unit, hours, _) in enumerate(outcomes):
        able = [
            (at, i)
            for i, (who, at) in enumerate(predictions)
            if who == unit and at <= hours < at + 24 * DAYS
        ]
        if not able:
            continue
        if credit == "split":
            pairs += [(i, j, 1 / len(able)) for _, i in able]
        else:
            pairs.append(((min if credit == "first" else max)(able)[1], j, 1.0))
    values, share = {}, [0.0] * len(outcomes)
    for i in range(len(predictions)):
        mine = sorted((outcomes[j][1], outcomes[j][2], j, w) for k, j, w in pairs if k == i)
        if mine and pick != "sum":
            mine = [mine[0] if pick == "first" else mine[-1]]
        if mine:
            values[i] = sum(y * w for _, y, _, w in mine)
        for _, _, j, w in mine:
            share[j] += w
    return values, share


def _day(hours):
    return pd.Timestamp(START + timedelta(hours=hours)).normalize()


@pytest.mark.parametrize("pick", ["first", "last", "sum"])
@pytest.mark.parametrize("credit", ["first", "last", "split"])
@settings(max_examples=4)
@given(predictions=st.lists(ROW, min_size=1, max_size=14), outcomes=st.lists(OUTCOME, max_size=14))
def test_pick_and_credit_are_those_of_a_search_over_all_pairs(
    pulled, pick, credit, predictions, outcomes
):
    made = pulled(_tables(predictions, outcomes), _model(pick, credit))
    values, share = _brute(predictions, outcomes, pick, credit)
    volume = made.facts["volume"].set_index("day")
    assert volume["predictions"].sum() == len(predictions)
    assert volume["labelled"].sum() == len(values)
    expected = pd.Series(0.0, index=volume.index)
    for i, value in values.items():
        expected[_day(predictions[i][1])] += value
    pd.testing.assert_series_equal(
        volume["outcome_value"], expected, check_names=False, check_dtype=False
    )
    intake = made.facts["intake"].query("source == 'outcomes'")
    credited = intake.query("rule == 'credited'").groupby("day")["value"].sum()
    whole = intake.groupby("day")["value"].sum()
    for day in whole.index:
        mine = [(y, w) for (_, h, y), w in zip(outcomes, share, strict=True) if _day(h) == day]
        assert whole[day] == pytest.approx(sum(y for y, _ in mine), abs=1e-9)
        assert credited.get(day, 0.0) == pytest.approx(sum(y * w for y, w in mine), abs=1e-9)


BY_ID = st.tuples(st.integers(0, 4), st.integers(-30, 24 * 4), st.integers(0, 1), st.integers(0, 2))


def _of_ids(rows):
    """Outcomes of predictions 0 to 3, a day apart, by their id: hours after it, label, arrival."""
    hours = [24 * pid + after for pid, after, _, _ in rows]
    at = [START + timedelta(days=3, hours=h) for h in hours]
    late = [one + timedelta(days=row[3]) for one, row in zip(at, rows, strict=True)]
    o = {
        "pid": pa.array([row[0] for row in rows], pa.int64()),
        "t": pa.array(at, pa.timestamp("us")),
        "y": pa.array([float(row[2]) for row in rows], pa.float64()),
        "seen": pa.array(late, pa.timestamp("us")),
    }
    tables = _tables([(unit, 72 + 24 * i) for i, unit in enumerate("abab")], [])
    return {**tables, "o": pa.table(o)}


def _chosen(rows, pick):
    """Of each prediction the outcomes that count: ties by label, then by arrival."""
    inside = [one for one in rows if one[0] < 4 and 0 <= one[1] < 24 * DAYS]
    found = {}
    for pid in range(4):
        mine = sorted((one for one in inside if one[0] == pid), key=lambda one: one[1:])
        found[pid] = mine if pick == "sum" else mine[:1] if pick == "first" else mine[-1:]
    return inside, [one for each in found.values() for one in each]


@pytest.mark.parametrize("pick", ["first", "last", "sum"])
@settings(max_examples=4)
@given(rows=st.lists(BY_ID, max_size=12))
@example(
    rows=[(1, 5, 1, 2), (1, 5, 1, 0), (1, 5, 0, 1), (4, 5, 1, 0), (0, -1, 1, 0), (0, 48, 1, 0)]
)
def test_outcomes_of_an_id_are_those_of_a_search_in_whatever_order_they_lie(
    pulled, without_tables, pick, rows
):
    """Values, days to arrival and what became of each row; twice, with the rows turned round."""
    model = _model(pick, "first", on={"id": "pid"}, arrived="seen")
    inside, chosen = _chosen(rows, pick)
    made = pulled(_of_ids(rows), model)
    counted = made.facts["intake"].query("source == 'outcomes'").groupby("rule")["rows"].sum()
    early = sum(one[0] < 4 and -24 * DAYS <= one[1] < 0 for one in rows)
    expected = {
        "credited": len(chosen),
        "uncredited": len(inside) - len(chosen),
        "outside_window": sum(one[0] < 4 and one[1] >= 24 * DAYS for one in rows),
        "before_prediction": early,
        "orphan": sum(one[0] == 4 for one in rows),
    }
    assert counted.to_dict() == {rule: n for rule, n in expected.items() if n}
    assert made.facts["volume"]["outcome_value"].sum() == sum(one[2] for one in chosen)
    counts = made.facts["maturity"].query("basis == 'arrival'")["n"]
    last = len(counts.iloc[0]) - 1
    days = Counter(min(after // 24 + late, last) for _, after, _, late in chosen)
    assert [sum(one) for one in zip(*counts, strict=True)] == [days[i] for i in range(last + 1)]
    for again in (
        pulled(_of_ids(rows[::-1]), model),
        pulled(_of_ids(rows), model, engine=without_tables),
    ):
        for name, frame in made.facts.items():
            pd.testing.assert_frame_equal(frame, again.facts[name])


@pytest.mark.parametrize("pick", ["first", "last"])
@pytest.mark.parametrize("unknown", [0, 1])
def test_of_like_outcomes_the_one_counts_whose_arrival_is_known(pulled, pick, unknown):
    tables = _of_ids([(1, 5, 1, 2), (1, 5, 1, 2)])
    seen = tables["o"]["seen"].to_pylist()
    seen[unknown] = None
    tables["o"] = tables["o"].set_column(3, "seen", pa.array(seen, pa.timestamp("us")))
    made = pulled(tables, _model(pick, "first", on={"id": "pid"}, arrived="seen"))
    counts = made.facts["maturity"].query("basis == 'arrival'")["n"]
    assert [sum(one) for one in zip(*counts, strict=True)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("seconds", "rule"),
    [
        (-1, "before_prediction"),
        (0, "credited"),
        (172_799, "credited"),
        (172_800, "outside_window"),
    ],
)
def test_the_window_holds_its_start_and_not_its_end(pulled, seconds, rule):
    tables = _tables([("a", 5)], [("a", 5, 1)])
    when = START + timedelta(hours=5, seconds=seconds)
    tables["o"] = tables["o"].set_column(1, "t", pa.array([when], pa.timestamp("us")))
    made = pulled(tables, _model("first", "first"))
    outcomes = made.facts["intake"].query("source == 'outcomes'")
    assert outcomes["rule"].tolist() == [rule]


def test_outcomes_known_by_day_are_compared_by_day(pulled):
    """An outcome dated on the day of the prediction is not before it."""
    tables = _tables([("a", 15)], [("a", 0, 1), ("a", 47, 2), ("a", 48, 3)])
    days = [(START + timedelta(hours=h)).date() for h in (0, 47, 48)]
    tables["o"] = tables["o"].set_column(1, "t", pa.array(days, pa.date32()))
    made = pulled(tables, _model("sum", "first"))
    assert made.facts["volume"]["outcome_value"].tolist() == [3.0]
    maturity = made.facts["maturity"].iloc[0]
    assert maturity["n"].tolist() == [1, 1, 0]


def test_without_a_time_the_key_alone_decides(pulled):
    tables = _tables([("a", 0), ("b", 30)], [("a", 0, 1), ("b", 0, 2), ("c", 0, 4)])
    model = _model("first", "first", time=None)
    made = pulled(tables, model)
    assert made.facts["volume"]["outcome_value"].tolist() == [1.0, 2.0]
    assert made.complete_through == datetime(2025, 3, 4).date()  # all taken as complete
    assert made.facts["maturity"].empty


@pytest.mark.parametrize(
    ("zone", "hours", "days"),
    [
        ("UTC", (23, 24), ["2025-03-30", "2025-03-31"]),
        ("Europe/Berlin", (21, 22), ["2025-03-30", "2025-03-31"]),  # that day has 23 hours
        ("America/New_York", (3, 4), ["2025-03-29", "2025-03-30"]),
    ],
)
def test_days_are_cut_in_the_workspace_zone_also_when_clocks_change(pulled, zone, hours, days):
    start = datetime(2025, 3, 30)
    predictions = [("a", int((start - START).total_seconds() // 3600) + h) for h in hours]
    made = pulled(_tables(predictions, []), _model("first", "first"), zone=zone)
    assert made.facts["volume"]["day"].dt.strftime("%Y-%m-%d").tolist() == days


@pytest.mark.parametrize("pick", ["first", "last", "sum"])
@pytest.mark.parametrize("zone", ["Etc/GMT+5", "Etc/GMT-9", "Pacific/Pago_Pago", "Europe/Berlin"])
def test_days_of_matched_outcomes_are_those_of_the_zone(pulled, zone, pick):
    """Also where the offset never changes, and days are not kept beside the times."""
    rows = [(pid, after, 1, 0) for pid in range(4) for after in range(pid, 24 * DAYS, 5)]
    made = pulled(_of_ids(rows), _model(pick, "first", on={"id": "pid"}), zone=zone)
    ages, values = Counter(), Counter()
    for pid, after, value, _ in _chosen(rows, pick)[1]:
        entry, happened = (
            (START + timedelta(days=3, hours=24 * pid + h))
            .replace(tzinfo=UTC)
            .astimezone(ZoneInfo(zone))
            .date()
            for h in (0, after)
        )
        ages[entry, (happened - entry).days] += 1
        values[entry] += value
    volume = made.facts["volume"].set_index(made.facts["volume"]["day"].dt.date)
    assert volume["outcome_value"].to_dict() == values
    maturity = made.facts["maturity"]
    found = {
        (day.date(), age): n
        for day, counts in zip(maturity["day"], maturity["n"], strict=True)
        for age, n in enumerate(counts)
        if n
    }
    assert found == ages


def test_a_day_of_23_hours_conserves_totals(pulled):
    first = int((datetime(2025, 3, 29) - START).total_seconds() // 3600)
    rows = [("a", first + h) for h in range(72)]
    made = pulled(_tables(rows, []), _model("first", "first"), zone="Europe/Berlin")
    counts = made.facts["volume"].set_index("day")["predictions"]
    assert counts["2025-03-30"] == 23
    assert counts.sum() == 72


@pytest.mark.parametrize("credit", ["first", "split"])
def test_results_kept_in_another_way_give_the_same(pulled, other, credit):
    predictions = [(unit, h) for h in range(0, 90, 7) for unit in "abc"]
    outcomes = [(unit, h, h % 5) for h in range(0, 100, 5) for unit in "abd"]
    tables, model = _tables(predictions, outcomes), _model("first", credit)
    kept = pulled(tables, model)
    again = pulled(tables, model, engine=other)
    for name, frame in kept.facts.items():
        pd.testing.assert_frame_equal(frame, again.facts[name])


def test_how_rows_lie_in_files_changes_nothing(pulled):
    predictions = [(unit, h) for h in range(0, 90, 7) for unit in "abc"]
    outcomes = [(unit, h, h % 5) for h in range(0, 100, 5) for unit in "abd"]
    tables, model = _tables(predictions, outcomes), _model("last", "split")
    whole = pulled(tables, model)
    parts = {name: [t.slice(i, 5) for i in range(0, len(t), 5)][::-1] for name, t in tables.items()}
    again = pulled(parts, model)
    for name, frame in whole.facts.items():
        pd.testing.assert_frame_equal(frame, again.facts[name])
    assert whole.registered == again.registered


def test_a_crowded_key_is_joined_in_stretches_of_time(pulled, monkeypatch):
    """The same pairs, whether or not the stretch of time is one more key."""
    predictions = [(unit, h) for h in range(0, 24 * 9, 5) for unit in "ab"]
    outcomes = [(unit, h, h % 5) for h in range(0, 24 * 9, 4) for unit in "abc"]
    tables = _tables(predictions, outcomes)
    for credit in ("last", "split"):
        model = _model("sum", credit)
        plain = pulled(tables, model)
        monkeypatch.setattr(match, "CROWD", 1)
        crowded = pulled(tables, model)
        monkeypatch.undo()
        assert "block" in " ".join(one.sql for one in crowded.queries)
        assert "block" not in " ".join(one.sql for one in plain.queries)
        for name, frame in plain.facts.items():
            pd.testing.assert_frame_equal(frame, crowded.facts[name])
