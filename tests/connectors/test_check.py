"""``check``: every planted fault is found, with its count, in one go; clean tables are quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from valuekit.ledger.schema import SCORE
from valuekit.source import Check

N = 2_000
START = pd.Timestamp("2026-01-01", tz="UTC")

Tables = dict[str, pd.DataFrame]


def tables() -> Tables:
    """Predictions over 40 days, an assignment for each unit, an outcome for every second one."""
    rng = np.random.default_rng(7)
    ids = np.array([f"p{i}" for i in range(N)])
    units = np.array([f"c{i:05d}" for i in range(N)])
    times = START + pd.to_timedelta(np.arange(N) * 28.8, unit="min")
    arms = np.where(np.arange(N) % 5 == 0, "control", "treated")
    predictions = pd.DataFrame(
        {"id": ids, "time": times, "unit": units, "score": rng.random(N), "region": "north"}
    )
    assignments = pd.DataFrame({"unit": units, "arm": arms, "at": times, "prior": 1.0})
    outcomes = pd.DataFrame(
        {
            "unit": units[::2],
            "seen": times[::2] + pd.Timedelta(days=3),
            "kept": np.where(np.arange(N // 2) % 3, "yes", "no"),
            "margin": 10.0,
        }
    )
    return {"predictions": predictions, "assignments": assignments, "outcomes": outcomes}


def declared() -> dict[str, Any]:
    return {
        "title": "Churn",
        "owner": "someone@example.com",
        "task": "classification",
        "predictions": {
            "table": "predictions",
            "id": "id",
            "time": "time",
            "unit": "unit",
            "score": "score",
            "segments": ["region"],
        },
        "assignments": {
            "table": "assignments",
            "unit": "unit",
            "arm": "arm",
            "time": "at",
            "covariates": {"margin": "prior"},
        },
        "outcomes": {
            "table": "outcomes",
            "on": {"unit": "unit"},
            "time": "seen",
            "label": "kept",
            "positive": "yes",
        },
        "metrics": {"margin": {"column": "margin", "already_money": True}},
        "evidence": [{"design": "holdout", "control": "control"}],
    }


@pytest.fixture
def checked(opened: Any, root: Path) -> Callable[..., Check]:
    def check(data: Tables, model: dict[str, Any] | None = None, **options: Any) -> Check:
        for name, frame in data.items():
            frame.to_parquet(root / f"{name}.parquet", index=False)
        engine = opened(model or declared(), **options)
        found: Check = engine.check(engine.workspace, "m")
        return found

    return check


def codes(check: Check) -> dict[str, int | None]:
    return {one.code: one.rows for one in check.findings}


def test_clean_tables_are_quiet(checked):
    found = checked(tables())
    assert found.findings == ()
    assert found.join == pytest.approx(0.5, abs=0.06)
    profile = found.profile.set_index("table")
    assert profile["rows"].to_dict() == {"predictions": N, "assignments": N, "outcomes": N // 2}
    assert profile["days"].to_dict() == {"predictions": 40, "assignments": 40, "outcomes": 40}
    assert profile.loc["predictions", "rows_per_day"] == 50
    assert str(profile.loc["outcomes", "first"]) == "2026-01-04"


def test_a_unit_under_another_name_stands_for_the_key(checked):
    data, model = tables(), declared()
    data["assignments"] = data["assignments"].rename(columns={"unit": "customer"})
    data["outcomes"] = data["outcomes"].rename(columns={"unit": "customer"})
    model["assignments"]["unit"] = "customer"
    model["outcomes"]["on"] = {"customer": "customer"}
    found = checked(data, model)
    assert found.findings == ()
    assert found.join == pytest.approx(0.5, abs=0.06)
    model["outcomes"]["on"] = {"client": "customer"}
    assert "missing_column" in codes(checked(data, model))


def test_store_size_follows_days_and_segments(checked):
    small = checked(tables()).store_bytes
    data = tables()
    data["predictions"]["region"] = [f"r{i % 10}" for i in range(N)]
    large = checked(data).store_bytes
    assert 40 * 2_000 < small < 40 * 25_000  # the budget of a day is 25 kB
    assert large > small


def test_bins_of_days_before_the_last_400_are_projected_by_month(checked):
    data = tables()
    small = checked(data).store_bytes
    start = START + timedelta(hours=12)
    data["predictions"]["time"] = [start + timedelta(days=place // 2) for place in range(N)]
    large = checked(data).store_bytes
    days, arms = N // 2, 2
    old = days - 400 - 30
    of_all_and_of_the_segment = SCORE.row_bytes(200) + SCORE.row_bytes(20) - 2 * SCORE.row_bytes()
    bins = 4 * arms * of_all_and_of_the_segment
    assert large == small // 40 * days - (old - old // 30) * bins
    assert large < 0.6 * small / 40 * days


def test_every_fault_is_found_at_once_with_its_count(checked):
    data = tables()
    p, o = data["predictions"], data["outcomes"]
    p.loc[:4, "score"] = np.nan  # written as NULL: no score
    p.loc[5:6, "score"] = np.inf
    p.loc[10:12, "id"] = None
    p.loc[20:23, "time"] = pd.NaT
    data["predictions"] = pd.concat([p, p.iloc[100:107]], ignore_index=True)
    data["assignments"]["arm"] = data["assignments"]["arm"].replace({"control": "Holdout"})
    o["seen"] -= pd.Timedelta(days=30)
    model = declared()
    model["evidence"][0]["control"] = "holdout"
    model["outcomes"]["positive"] = "Yes"
    model["metrics"]["margin"]["column"] = "Margin"
    found = codes(checked(data, model))
    assert found == {
        "bad_score": 2,
        "no_score": 5,
        "null_id": 3,
        "null_time": 4,
        "duplicate_id": 7,
        "unknown_control": None,
        "unknown_positive": None,
        "missing_column": None,
        "outcome_first": found["outcome_first"],
    }
    assert found["outcome_first"] > 400


def test_names_close_to_the_declared_ones_are_suggested(checked):
    data = tables()
    data["assignments"]["arm"] = data["assignments"]["arm"].replace({"control": "Control "})
    found = checked(data)
    assert "'Control '" in found.findings[0].remedy
    assert found.findings[0].severity == "error"


def test_one_armed_holdout_is_a_warning(checked):
    data = tables()
    data["assignments"]["arm"] = "control"
    found = checked(data)
    assert [(one.code, one.severity) for one in found.findings] == [("one_arm", "warning")]


def test_an_arm_column_with_many_values_is_none(checked):
    data = tables()
    data["assignments"]["arm"] = data["assignments"]["unit"]
    assert "arms" in codes(checked(data))


def test_empty_tables_say_no_data(checked):
    data = {name: frame.head(0) for name, frame in tables().items()}
    found = checked(data)
    assert [(one.code, one.severity) for one in found.findings] == [("no_data", "warning")] * 3
    assert found.join is None
    assert found.profile["rows"].sum() == 0


def test_missing_tables_are_all_named(checked):
    found = checked({"outcomes": tables()["outcomes"]})
    assert [one.code for one in found.findings] == ["missing_file"] * 2
    assert found.join is None


@pytest.mark.parametrize(
    ("table", "column", "values", "code"),
    [
        ("predictions", "score", "high", "wrong_type"),
        ("predictions", "time", 1_767_225_600, "wrong_type"),
        ("predictions", "time", "yesterday", "wrong_type"),
        ("predictions", "unit", 1.5, "wrong_type"),
        ("predictions", "score", 73.0, "score_range"),
        ("outcomes", "margin", "10 EUR", "wrong_type"),
        ("outcomes", "seen", True, "wrong_type"),
    ],
)
def test_columns_that_hold_something_else(checked, table, column, values, code):
    data = tables()
    data[table][column] = values
    assert code in codes(checked(data))


def test_naive_times_without_a_zone(checked):
    data = tables()
    data["predictions"]["time"] = data["predictions"]["time"].dt.tz_localize(None)
    found = checked(data, timezone=None)
    assert codes(found) == {"naive_timestamp": len(data["predictions"])}
    assert checked(data, timezone="Europe/Berlin").findings == ()


def test_keys_of_two_types_that_never_meet(checked):
    data = tables()
    data["outcomes"]["unit"] = np.arange(N // 2)
    found = checked(data)
    assert set(codes(found)) == {"key_types", "no_join"}
    assert found.join == 0


def test_days_without_rows_are_told(checked):
    data = tables()
    p = data["predictions"]
    data["predictions"] = p[(p["time"].dt.day != 7) & (p["time"].dt.day != 8)]
    found = checked(data)
    assert [(one.code, one.severity) for one in found.findings] == [
        ("missing_days", "info"),
        ("missing_days", "info"),
    ][: len(found.findings)]
    assert found.profile.set_index("table").loc["predictions", "days"] == 36


def test_unreadable_cells_of_text_files(opened, root):
    data = tables()
    for name, frame in data.items():
        frame.to_csv(root / f"{name}.csv", index=False)
    path = root / "predictions.csv"
    lines = path.read_text().splitlines()
    lines[1:4] = ["p0,2026-01-01,c0,0.5,north", "p1,2026-01-01T00:00:00Z,c1,?,north", "cut"]
    path.write_text("\n".join(lines) + "\n")
    engine = opened(declared())
    found = codes(engine.check(engine.workspace, "m"))
    assert found["missing_columns"] == 1
    assert found["bad_cell"] == 2


def test_tables_in_two_sources_are_refused(opened, root, checked):
    from valuekit.workspace.declare import Workspace

    for name, frame in tables().items():
        frame.to_parquet(root / f"{name}.parquet", index=False)
    model = declared()
    for part in ("predictions", "assignments", "outcomes"):
        model[part]["source"] = "lake" if part != "outcomes" else "other"
    workspace = Workspace.model_validate(
        {
            "workspace": {"name": "w", "currency": "EUR"},
            "sources": {"lake": {"kind": "duckdb"}, "other": {"kind": "duckdb"}},
            "models": {"m": model},
        }
    )
    found = opened().check(workspace, "m")
    assert [one.code for one in found.findings] == ["two_sources"]


def test_text_labels_need_the_positive_one(checked):
    data, model = tables(), declared()
    del model["outcomes"]["positive"]
    (found,) = (one for one in checked(data, model).findings if one.code == "text_label")
    assert found.severity == "error"
    assert "positive = 'yes'" in found.remedy
    data["outcomes"]["kept"] = (data["outcomes"]["kept"] == "yes").astype(int)
    assert "text_label" not in codes(checked(data, model))
    data["outcomes"]["kept"] = data["outcomes"]["kept"].astype(str)
    assert "text_label" not in codes(checked(data, model))
