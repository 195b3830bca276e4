"""``check`` of a panel: groups, launch days, blocks and arms against what the table holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from valuekit.ledger.schema import PANEL
from valuekit.source import Check

DAYS = pd.date_range("2026-01-01", periods=40)


def rows(groups: tuple[str, ...] = ("a", "b", "c")) -> pd.DataFrame:
    made = pd.DataFrame(
        [(one, day) for one in groups for day in DAYS], columns=["store", "at"]
    ).assign(sales=1.0, live=None, on=1)
    made["live"] = made["store"].map({"a": "2026-01-20"})
    made["live"] = pd.to_datetime(made["live"]).dt.date
    return made


def declared(evidence: dict[str, Any] | None = None, **panel: Any) -> dict[str, Any]:
    return {
        "title": "Stock",
        "owner": "someone@example.com",
        "task": "ranking",
        "panel": {"table": "p", "time": "at", "group": "store", **panel},
        "metrics": {"sales": {"column": "sales"}},
        "evidence": [evidence] if evidence else [],
    }


@pytest.fixture
def checked(opened: Any, root: Path) -> Callable[..., Check]:
    def check(frame: pd.DataFrame, model: dict[str, Any], **options: Any) -> Check:
        frame.to_parquet(root / "p.parquet", index=False)
        engine = opened(model, **options)
        found: Check = engine.check(engine.workspace, "m")
        return found

    return check


def codes(check: Check) -> dict[str, str]:
    return {one.code: one.severity for one in check.findings}


def test_a_clean_panel_is_quiet(checked):
    found = checked(rows(), declared({"design": "staggered"}, treated_from="live"))
    assert found.findings == ()
    assert found.join is None
    profile = found.profile.set_index("table").loc["p"]
    assert (profile["rows"], profile["days"], profile["rows_per_day"]) == (120, 40, 3)
    assert found.store_bytes == 40 * 3 * PANEL.row_bytes()


def test_a_group_that_begins_twice(checked):
    frame = rows()
    frame.loc[(frame["store"] == "a") & (frame["at"] < "2026-01-20"), "live"] = None
    found = checked(frame, declared({"design": "staggered"}, treated_from="live"))
    assert codes(found) == {"several_launches": "error"}
    assert "never and 2026-01-20 in group 'a'" in found.findings[0].value
    assert "in all rows" in found.findings[0].remedy


@pytest.mark.parametrize(
    ("panel", "evidence", "code", "remedy"),
    [
        ({"launch": {"A ": "2026-01-20"}}, {"design": "diff_in_diff"}, "unknown_launch", "'a'"),
        (
            {"launch": {"a": "2026-01-20"}},
            {"design": "synthetic", "control_groups": ["b", "zz"]},
            "unknown_control_groups",
            "Use one of these names",
        ),
        ({"arm": "on", "block_hours": 4, "time": "day"}, None, "no_hours", "block_hours"),
        ({"arm": "word", "treated_value": "New"}, None, "unknown_treated_value", "'new'"),
        ({"treated_from": "word"}, None, "wrong_type", "2026-01-31"),
        ({"group": "shop"}, None, "missing_column", "The table has"),
        ({"time": "word", "frequency": "year"}, None, "wrong_type", "2026"),
        ({"offset": "word"}, None, "wrong_type", "decimal point"),
    ],
)
def test_what_does_not_occur_or_fit(checked, panel, evidence, code, remedy):
    frame = rows().assign(word=["new", "old"] * 60)
    frame["day"] = frame["at"].dt.date
    found = checked(frame, declared(evidence, **panel))
    assert codes(found) == {code: "error"}
    assert remedy in found.findings[0].remedy


def test_more_groups_than_can_be_compared(checked):
    frame = rows(tuple(f"s{i}" for i in range(1_001)))
    found = checked(frame, declared())
    assert codes(found) == {"many_groups": "error"}
    assert "1,000" in found.findings[0].rule


def test_a_block_in_both_arms(checked):
    frame = pd.concat([rows(("a",)), rows(("a",)).head(3).assign(on=0)], ignore_index=True)
    found = checked(frame, declared(arm="on"))
    assert codes(found) == {"mixed_blocks": "warning"}
    assert found.findings[0].value == "3 of 40 blocks"


def test_years_and_months_have_no_missing_days(checked):
    years = pd.DataFrame({"at": [1988, 1989, 1991], "store": "a", "sales": 1.0, "live": [0, 0, 0]})
    found = checked(years, declared(frequency="year", treated_from="live"))
    assert found.findings == ()
    profile = found.profile.set_index("table").loc["p"]
    assert (str(profile["first"]), profile["days"]) == ("1988-01-01", 3)
    months = rows(("a",)).iloc[[0, 31]]
    assert checked(months, declared(frequency="month")).findings == ()
    assert codes(checked(months, declared())) == {"missing_days": "info"}


def test_times_without_a_zone_need_one(checked):
    found = checked(rows(), declared(), timezone=None)
    assert codes(found) == {"naive_timestamp": "error"}
