"""Examples of rows held back: always rows that break the rule, told again in plain Python."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuekit.quarantine.redact import EXAMPLES, masked

START = datetime(2025, 3, 1)
HOURS = st.one_of(st.none(), st.integers(0, 24 * 6))
NUMBERS = st.sampled_from([None, 0.0, 0.25, 1.0, math.nan, math.inf, 1.5, -0.1])
PREDICTION = st.tuples(
    st.sampled_from([None, "", " ", *(f"p{i}" for i in range(12))]),
    HOURS,
    st.sampled_from([None, "u1", "u2"]),
    NUMBERS,
)
OUTCOME = st.tuples(
    st.sampled_from([None, "", *(f"o{i}" for i in range(12))]),
    st.sampled_from([None, "", "u1", "u2", "u3"]),
    HOURS,
    st.sampled_from([None, 0.0, 10.5, -3.0, math.nan, math.inf]),
)
PREDICTIONS = {"table": "p", "id": "id", "time": "t", "unit": "unit", "score": "score"}
OUTCOMES = {"table": "o", "id": "oid", "on": {"unit": "unit"}, "time": "t", "window": "2d"}
MODEL = {
    "task": "classification",
    "predictions": PREDICTIONS,
    "outcomes": OUTCOMES,
    "metrics": {"money": {"column": "y", "primary": True}},
}


def _time(hours):
    return None if hours is None else START + timedelta(hours=hours)


def _hash(**cells):
    """The documented hash: pairs of column and text by column, as JSON, SHA-256."""
    text = json.dumps(sorted(map(list, cells.items())), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value):
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value if value is None or isinstance(value, str) else str(value)


def _hashes(names, rows):
    return [_hash(**dict(zip(names, map(_text, row), strict=True))) for row in rows]


def _tables(predictions, outcomes):
    kinds = {"id": pa.string(), "unit": pa.string(), "oid": pa.string(), "t": pa.timestamp("us")}

    def table(names, rows):
        columns = zip(*rows, strict=True) if rows else [[]] * len(names)
        pairs = zip(names, columns, strict=True)
        return pa.table({n: pa.array(list(c), kinds.get(n, pa.float64())) for n, c in pairs})

    return {
        "p": table(["id", "t", "unit", "score"], predictions),
        "o": table(["oid", "unit", "t", "y"], outcomes),
    }


def _blank(text):
    return text is None or not text.strip()


def _settled(rows, own, content):
    """Rule -> rows, once repeated ids are settled; ``own`` says what a row breaks by itself."""
    found, by_id = defaultdict(list), defaultdict(list)
    for row in rows:
        if own(row).startswith("null_"):
            found[own(row)].append(row)
        else:
            by_id[row[0]].append(row)
    for same in by_id.values():
        same.sort(key=lambda row: next(one for one in row if isinstance(one, datetime)))
        if len({repr(content(row)) for row in same}) > 1:
            found["conflicting_duplicate"] += same
        else:
            found[own(same[0])].append(same[0])
    return found


def _of_prediction(row):
    name, at, unit, score = row
    if _blank(name):
        return "null_id"
    if _blank(unit):
        return "null_key"
    if at is None:
        return "null_time"
    return "accepted" if score is None or 0 <= score <= 1 else "bad_score"


def _of_outcome(row):
    name, unit, at, y = row
    if _blank(unit):
        return "null_key"
    if _blank(name):
        return "null_id"
    if at is None:
        return "null_time"
    if y is None:
        return "null_value"
    return "accepted" if math.isfinite(y) else "bad_value"


def _expected(predictions, outcomes):
    """(source, rule) -> hashes of the rows that it holds back."""
    p = _settled(predictions, _of_prediction, lambda row: row[2:])
    o = _settled(outcomes, _of_outcome, lambda row: (row[1], row[3]))
    first: dict[str, datetime] = {}
    for _, at, unit, _ in p.pop("accepted", []):
        first[unit] = min(first.get(unit, at), at)
    for row in o.pop("accepted", []):
        if row[1] not in first or first[row[1]] > row[2] + timedelta(days=2):
            o["orphan"].append(row)
        elif row[2] < first[row[1]]:
            o["before_prediction"].append(row)
    names = ("id", "t", "unit", "score")
    made = {("predictions", rule): _hashes(names, rows) for rule, rows in p.items()}
    names = ("oid", "unit", "t", "y")
    return made | {("outcomes", rule): _hashes(names, rows) for rule, rows in o.items()}


def _by_rule(pull):
    found = defaultdict(list)
    for one in pull.held:
        found[one.source, one.rule].append(one)
    return dict(found)


def _counts(pull):
    frame = pull.facts["intake"]
    held = frame[(frame["fate"] == "quarantined") & (frame["rows"] > 0)]
    return held.groupby(["source", "rule"])["rows"].sum().to_dict()


@settings(max_examples=15)
@given(st.lists(PREDICTION, max_size=60), st.lists(OUTCOME, max_size=60))
def test_examples_are_rows_that_break_the_rule(pulled, predictions, outcomes):
    # A row with everything in each table: a column without any value is refused before.
    predictions = [("base", 0, "u9", 0.5), *predictions]
    outcomes = [("base", "u9", 1, 1.0), *outcomes]
    predictions = [(name, _time(hours), *rest) for name, hours, *rest in predictions]
    outcomes = [(name, unit, _time(hours), y) for name, unit, hours, y in outcomes]
    expected = _expected(predictions, outcomes)
    made = pulled(_tables(predictions, outcomes), MODEL)
    found = _by_rule(made)
    assert _counts(made) == {key: len(rows) for key, rows in expected.items()}
    assert set(found) == set(expected)
    for key, examples in found.items():
        hashes = [one.row_hash for one in examples]
        assert len(hashes) == len(set(hashes)) == min(EXAMPLES, len(set(expected[key])))
        assert set(hashes) <= set(expected[key])


def test_twenty_of_many_and_always_the_same(pulled, without_tables):
    rows = [(f"p{i:03d}", START + timedelta(hours=i), "u1", 1.4) for i in range(57)]
    made = pulled(_tables(rows, []), MODEL)
    assert _counts(made) == {("predictions", "bad_score"): 57}
    newest = [f"id p{i:03d}" for i in range(56, 36, -1)]
    assert [one.reference for one in made.held] == newest
    again = pulled(_tables(rows[::-1], []), MODEL)
    assert again.held == made.held
    assert pulled(_tables(rows, []), MODEL, engine=without_tables).held == made.held


def test_an_engine_without_tables_gives_the_same(pulled, without_tables):
    """Every rule at once: kept results are common table expressions there."""
    at = [START + timedelta(hours=i) for i in range(9)]
    predictions = [
        ("p1", at[5], "u1", 0.5),
        ("p2", at[1], "u2", 0.5),
        ("p2", at[2], "u2", 0.5),  # the same again
        ("p3", at[1], "u2", 0.5),
        ("p3", at[1], "u2", 0.6),  # contradicts
        ("p4", at[3], "u4", 1.4),
        ("p4", at[4], "u4", 1.4),
        (None, at[3], "u4", 0.5),
    ]
    outcomes = [
        ("o1", "u1", at[2], 1.0),  # before its prediction
        ("o2", "u9", at[2], 1.0),  # of nobody
        ("o2", "u9", at[3], 1.0),
        ("o3", "u2", at[6], math.inf),
        ("o4", "u2", at[6], 1.0),
    ]
    tables = _tables(predictions, outcomes)
    made = pulled(tables, MODEL)
    assert _counts(made) == {
        ("predictions", "conflicting_duplicate"): 2,
        ("predictions", "bad_score"): 1,
        ("predictions", "null_id"): 1,
        ("outcomes", "before_prediction"): 1,
        ("outcomes", "orphan"): 1,
        ("outcomes", "bad_value"): 1,
    }
    assert {key: len(rows) for key, rows in _by_rule(made).items()} == _counts(made)
    first = _by_rule(made)["outcomes", "orphan"][0]
    assert first.at == at[2].replace(tzinfo=UTC)
    assert pulled(tables, MODEL, engine=without_tables).held == made.held


def test_nothing_held_back_asks_nothing(pulled):
    rows = [(f"p{i}", START + timedelta(hours=i), "u1", 0.5) for i in range(9)]
    made = pulled(_tables(rows, [("o1", "u1", START + timedelta(hours=3), 4.0)]), MODEL)
    assert made.held == ()
    assert not [one.name for one in made.queries if "examples" in one.name]
    rows.append((None, START, "u1", 0.5))
    asked = [one.name for one in pulled(_tables(rows, []), MODEL).queries if "examples" in one.name]
    assert asked == ["m: examples of null_id in predictions"]


def test_a_row_says_where_what_and_why(pulled):
    rows = [("p1", START, "customer-77", math.inf), (None, START, "customer-78", 0.5)]
    outcomes = [("o9", "customer-99", START, 4.0)]
    made = _by_rule(pulled(_tables(rows, outcomes), MODEL))
    (bad,) = made["predictions", "bad_score"]
    assert (bad.reference, bad.column, bad.value) == ("id p1", "score", "inf")
    assert bad.at == START.replace(tzinfo=UTC)
    assert bad.reason.startswith("score: the score is no number between 0 and 1")
    (nameless,) = made["predictions", "null_id"]
    assert nameless.reference == f"unit {masked('customer-78')}"
    assert (nameless.column, nameless.value) == ("id", "(empty)")
    (orphan,) = made["outcomes", "orphan"]
    assert orphan.reference == "oid o9"
    assert (orphan.column, orphan.value) == ("unit", masked("customer-99"))
    assert "customer-" not in repr(made)


CSV = {
    "task": "classification",
    "predictions": {"table": "p", "id": "id", "time": "t", "score": "score", "value": "amount"},
}


def test_text_files_give_file_line_and_cell(tmp_path, pulled_from):
    lines = ["id,t,score,amount"]
    lines += [f"a{i},2025-03-0{1 + i % 9},0.5,{i}" for i in range(40)]
    lines[3] = 'x1,2025-03-02,0.5,"12\u202e34"'
    lines[7] = "x2,2025-03-02,0.5"
    lines[9] = "x3,2025-03-02,0.5,1,2,3"
    lines[11] = "x4,soon,0.5,1"
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pull = pulled_from(tmp_path, CSV)
    assert pull.rows_read == 40
    assert _counts(pull) == {
        ("predictions", "bad_cell"): 2,
        ("predictions", "missing_columns"): 1,
        ("predictions", "too_many_columns"): 1,
    }
    found = _by_rule(pull)
    assert {one.reference: (one.column, one.value) for one in found["predictions", "bad_cell"]} == {
        "id x1": ("amount", "12\\u202e34"),
        "id x4": ("t", "soon"),
    }
    x1 = _hash(id="x1", t="2025-03-02", score="0.5", amount="12\u202e34")
    assert x1 in {one.row_hash for one in found["predictions", "bad_cell"]}
    (short,) = found["predictions", "missing_columns"]
    assert (short.reference, short.value) == ("p.csv, line 8", "3 cells, 4 columns")
    assert short.row_hash == hashlib.sha256(lines[7].encode()).hexdigest()
    (long,) = found["predictions", "too_many_columns"]
    assert (long.reference, long.value) == ("p.csv, line 10", "6 cells, 4 columns")


def test_assignments(pulled):
    assigned = pd.DataFrame(
        [
            ("unit-1", "a", START, 0.5),
            ("unit-1", "b", START, 0.5),
            ("unit-2", "a", START, 0.5),
            ("unit-2", "a", START, 0.5),
            ("unit-3", "a", START, 1.5),
            (None, "a", START, 0.5),
            ("unit-4", "a", None, 0.5),
        ],
        columns=["unit", "arm", "t", "chance"],
    )
    outcomes = pd.DataFrame({"unit": ["unit-2"], "t": [START], "y": [1.0]})
    block = {"table": "a", "unit": "unit", "arm": "arm", "time": "t", "propensity": "chance"}
    model = {
        "task": "classification",
        "assignments": block,
        "outcomes": {"table": "o", "on": {"unit": "unit"}, "time": "t", "window": "2d"},
        "metrics": {"money": {"column": "y", "primary": True}},
    }
    pull = pulled({"a": assigned, "o": outcomes}, model)
    found = _by_rule(pull)
    assert _counts(pull) == {
        ("assignments", "bad_propensity"): 1,
        ("assignments", "conflicting_duplicate"): 2,
        ("assignments", "null_id"): 1,
        ("assignments", "null_time"): 1,
    }
    assert {key: len(rows) for key, rows in found.items()} == _counts(pull)
    torn = found["assignments", "conflicting_duplicate"]
    assert {one.reference for one in torn} == {f"unit {masked('unit-1')}"}
    assert {(one.column, one.value) for one in torn} == {("arm", "a"), ("arm", "b")}
    (chance,) = found["assignments", "bad_propensity"]
    assert (chance.column, chance.value) == ("chance", "1.5")


def test_panels(pulled):
    table = pa.table(
        {
            "id": pa.array([1, 2, 3, 4, 5, 5]),
            "region": pa.array(["north", None, "south", "south", "south", "south"]),
            "day": pa.array([START] * 6, pa.timestamp("us")),
            "y": pa.array([5.0, 5.0, math.nan, None, 2.0, 3.0]),
        }
    )
    model = {
        "task": "regression",
        "panel": {"table": "x", "id": "id", "time": "day", "group": "region",
                  "launch": {"north": "2025-03-01"}},
        "metrics": {"money": {"column": "y", "primary": True, "already_money": True}},
        "evidence": [{"design": "diff_in_diff"}],
    }  # fmt: skip
    pull = pulled({"x": table}, model)
    found = {rule: [(o.reference, o.column, o.value) for o in rows] for (_, rule), rows in
             _by_rule(pull).items()}  # fmt: skip
    assert {rule: len(rows) for rule, rows in found.items()} == {
        rule: n for (_, rule), n in _counts(pull).items()
    }
    assert found["null_group"] == [("id 2", "region", "(empty)")]
    assert found["bad_value"] == [("id 3", "y", "nan")]
    assert found["null_value"] == [("id 4", "y", "(empty)")]
    assert sorted(found["conflicting_duplicate"]) == [("id 5", "id", "5")] * 2


def test_forecasts(pulled):
    forecasts = pd.DataFrame(
        {"id": ["f1", "f2"], "t": [START] * 2, "aim": [START + timedelta(days=1)] * 2,
         "sku": ["s1", None], "made": [3.0, 4.0]}
    )  # fmt: skip
    days = [START + timedelta(days=i) for i in range(3)]
    actuals = pd.DataFrame({"sku": ["s1", "s1", "s2"], "d": days, "y": [2.0, 3.0, 4.0]})
    model = {
        "task": "forecast",
        "predictions": {"table": "f", "id": "id", "time": "t", "target_time": "aim",
                        "series": "sku", "predicted": "made"},
        "outcomes": {"table": "a", "on": {"sku": "sku", "aim": "d"}, "label": "y"},
    }  # fmt: skip
    pull = pulled({"f": forecasts, "a": actuals}, model)
    assert _counts(pull) == {("outcomes", "orphan"): 1, ("predictions", "null_key"): 1}
    held = {one.rule: one for one in pull.held}
    assert (held["orphan"].column, held["orphan"].value) == ("sku", "s2")
    assert (held["null_key"].column, held["null_key"].reference) == ("sku", "id f2")


def test_two_spines_agree_with_the_counts(pulled):
    predictions = [("p1", START + timedelta(days=2), "u1", 0.5)]
    assigned = pd.DataFrame(
        {"unit": ["u1", "u4"], "arm": ["a", "b"], "t": [START, START + timedelta(days=3)]}
    )
    outcomes = [
        ("o1", "u1", START + timedelta(days=1), 1.0),
        ("o2", "u4", START + timedelta(days=1), 1.0),
        ("o3", "u5", START + timedelta(days=1), 1.0),
    ]
    model = MODEL | {
        "assignments": {"table": "a", "unit": "unit", "arm": "arm", "time": "t"},
        "outcomes": OUTCOMES | {"label": "y"},
    }
    pull = pulled(_tables(predictions, outcomes) | {"a": assigned}, model)
    assert _counts(pull) == {
        ("outcomes", "before_prediction"): 1,
        ("outcomes", "orphan"): 1,
    }
    told = {one.rule: one.reference for one in pull.held}
    assert told == {"before_prediction": "oid o2", "orphan": "oid o3"}


@pytest.mark.parametrize("name", ["a'b\"; DROP", "🙂 ü", "order", "x\u200by"])
def test_names_of_columns_are_data(pulled, name):
    table = pa.table(
        {
            name: pa.array(["p1", None], pa.string()),
            "t": pa.array([START] * 2, pa.timestamp("us")),
            "score": pa.array([1.4, 0.5]),
        }
    )
    block = {"table": "p", "id": name, "time": "t", "score": "score"}
    pull = pulled({"p": table}, {"task": "classification", "predictions": block})
    assert {one.rule for one in pull.held} == {"bad_score", "null_id"}
    assert all(one.reference.isprintable() for one in pull.held)
