"""Every source row is counted once: against rules written again in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sql import intake
from valuekit.errors import SourceError

START = datetime(2025, 3, 1)
HOURS = st.one_of(st.none(), st.integers(0, 24 * 6))
SCORES = st.sampled_from([None, 0.0, 0.25, 1.0, 0.5, math.nan, math.inf, 1.5, -0.1])
PREDICTION = st.tuples(
    st.sampled_from([None, "", " ", "p1", "p2", "p3", "p4", "p5"]),
    HOURS,
    st.sampled_from([None, "", "  ", "u1", "u2"]),
    SCORES,
)
OUTCOME = st.tuples(
    st.sampled_from([None, "", "u1", "u2", "u3"]),
    HOURS,
    st.sampled_from([None, 0.0, 1.0, 10.5, -3.0, math.nan, math.inf]),
)
MODEL = {
    "task": "classification",
    "predictions": {"table": "p", "id": "id", "time": "t", "unit": "unit", "score": "score"},
    "outcomes": {"table": "o", "on": {"unit": "unit"}, "time": "t", "window": "2d"},
    "metrics": {"money": {"column": "y", "primary": True}},
}


def _time(hours):
    return None if hours is None else START + timedelta(hours=hours)


def _tables(predictions, outcomes):
    p = {
        "id": pa.array([row[0] for row in predictions], pa.string()),
        "t": pa.array([_time(row[1]) for row in predictions], pa.timestamp("us")),
        "unit": pa.array([row[2] for row in predictions], pa.string()),
        "score": pa.array([row[3] for row in predictions], pa.float64()),
    }
    o = {
        "unit": pa.array([row[0] for row in outcomes], pa.string()),
        "t": pa.array([_time(row[1]) for row in outcomes], pa.timestamp("us")),
        "y": pa.array([row[2] for row in outcomes], pa.float64()),
    }
    return {"p": pa.table(p), "o": pa.table(o)}


def _bad(score):
    return score is not None and not 0 <= score <= 1


def _judged(rows):
    """Rule and day of each prediction row, and the accepted rows."""
    found, good, by_id = Counter(), [], {}
    for name, hours, unit, score in rows:
        day = None if hours is None else _time(hours).date()
        if name is None or not name.strip():
            found[day or "first", "null_id"] += 1
        elif unit is None or not unit.strip():
            found[day or "first", "null_key"] += 1
        elif hours is None:
            found["first", "null_time"] += 1
        else:
            by_id.setdefault(name, []).append((hours, unit, score))
    for name, same in by_id.items():
        same.sort(key=lambda row: row[0])
        if len({(unit, repr(score)) for _, unit, score in same}) > 1:
            for hours, _, _ in same:
                found[_time(hours).date(), "conflicting_duplicate"] += 1
            continue
        for hours, _, _ in same[1:]:
            found[_time(hours).date(), "duplicate"] += 1
        hours, unit, score = same[0]
        rule = "bad_score" if _bad(score) else "accepted"
        found[_time(hours).date(), rule] += 1
        if rule == "accepted":
            good.append((name, hours, unit))
    return found, good


def _without_values(rows, needed):
    """Whether a table with rows has a needed column (its first ones) that holds nothing."""
    return bool(rows) and any(all(row[i] is None for row in rows) for i in range(needed))


def _counts(frame, source):
    rows = frame[(frame["source"] == source) & (frame["rows"] > 0)]
    return Counter({(row.day.date(), row.rule): row.rows for row in rows.itertuples()})


def _placed(found, first):
    """Rows without a day count on the first day of the pull."""
    placed = Counter()
    for (day, rule), n in found.items():
        placed[first if day == "first" else day, rule] += n
    return placed


@settings(max_examples=15)
@given(st.lists(PREDICTION, max_size=25), st.lists(OUTCOME, max_size=16))
def test_every_row_has_one_fate_and_every_value_is_conserved(pulled, predictions, outcomes):
    if _without_values(predictions, 3) or _without_values(outcomes, 2):
        with pytest.raises(SourceError, match="every cell of a column") as caught:
            pulled(_tables(predictions, outcomes), MODEL)
        assert {one.code for one in caught.value.findings} == {"all_null"}
        return
    made = pulled(_tables(predictions, outcomes), MODEL)
    rules, good = _judged(predictions)
    first = made.first or datetime(1970, 1, 1).date()
    assert _counts(made.facts["intake"], "predictions") == _placed(rules, first)
    assert made.rows_read == len(predictions) + len(outcomes)

    frame = made.facts["intake"].query("source == 'outcomes'")
    assert frame["rows"].sum() == len(outcomes)
    finite = [y for _, _, y in outcomes if y is not None and math.isfinite(y)]
    assert frame["value"].sum() == pytest.approx(sum(finite), abs=1e-9)
    expected = Counter()
    for unit, hours, y in outcomes:
        seen = sorted(at for _, at, who in good if who == unit and unit)
        if unit is None or not unit.strip():
            rule = "null_key"
        elif hours is None:
            rule = "null_time"
        elif y is None:
            rule = "null_value"
        elif not math.isfinite(y):
            rule = "bad_value"
        elif not seen or hours < seen[0] - 48:
            rule = "orphan"  # of a stranger, or more than a window before the first prediction
        elif hours < seen[0]:
            rule = "before_prediction"
        elif not any(at <= hours < at + 48 for at in seen):
            rule = "outside_window"
        else:
            rule = "claimed"
        expected[rule] += 1
    by_rule = Counter(frame.groupby("rule")["rows"].sum().to_dict())
    claimed = by_rule.pop("credited", 0) + by_rule.pop("uncredited", 0)
    assert claimed == expected.pop("claimed", 0)
    assert +by_rule == +expected


def test_a_lost_row_stops_the_pull(pulled):
    tables = _tables([("p1", 0, "u1", 0.5)], [("u1", 1, 2.0)])
    frames = pulled(tables, MODEL).facts["intake"]
    source = intake.Source("outcomes", frames.rename(columns={"value": "amount"}), 99, 2.0)

    class Work:
        name = "m"

    with pytest.raises(SourceError, match="99 rows read, 2 accounted for"):
        intake.intake(Work(), [source], None)
    whole = intake.Source("outcomes", frames.rename(columns={"value": "amount"}), 2, 2.5)
    with pytest.raises(SourceError, match=r"difference -0.5"):
        intake.intake(Work(), [whole], None)


def test_no_rows_are_no_data_not_zero(pulled):
    made = pulled(_tables([], []), MODEL)
    assert made.first is None
    assert [one.code for one in made.findings] == ["no_data"]
    assert all(frame.empty for frame in made.facts.values())
