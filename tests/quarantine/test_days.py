"""A night that is wrong as a whole is told, however many good ones lie before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.restated_rows import Sources
from valuekit.api import Workspace
from valuekit.quarantine.days import LEAST, NEWEST, warnings

NOW = datetime.fromisoformat("2026-03-10T06:00+00:00")
START = datetime(2026, 1, 1)


def intake(*rows: tuple[int, str, str, int]) -> pd.DataFrame:
    """Rows of an intake: day, fate, rule, rows."""
    return pd.DataFrame(
        [
            {
                "source": "predictions",
                "segment": "all",
                "day": START + timedelta(days=day),
                "fate": fate,
                "rule": rule,
                "rows": n,
            }
            for day, fate, rule, n in rows
        ]
    )


GOOD = [(day, "accepted", "accepted", 100) for day in range(30)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], None),
        ([(30, "quarantined", "bad_score", 24), (30, "accepted", "accepted", 1)], "24 of 25"),
        ([(30, "quarantined", "bad_score", 50), (30, "accepted", "accepted", 50)], None),
        ([(30, "quarantined", "bad_score", LEAST - 2)], None),
        ([(30, "quarantined", "orphan", 90)], None),
        ([(30 - NEWEST, "quarantined", "bad_score", 900)], None),
        ([(31 - NEWEST, "quarantined", "bad_score", 900)], "900 of 1,000"),
    ],
)
def test_most_rows_of_one_of_the_newest_days(rows, told):
    found = warnings(intake(*GOOD, *rows, (30, "accepted", "accepted", 1)), "m")
    if told is None:
        assert found == ()
        return
    (one,) = found
    assert (one.code, one.severity, one.place) == ("bad_day", "warning", "models.m.predictions")
    assert "(bad_score)" in one.rule
    assert one.value.startswith(told.replace("of 25", "of 26"))


def test_a_night_in_another_unit(tmp_path: Path):
    held = Sources(tmp_path)
    path = held.write()
    space = Workspace.load(path)
    space.refresh(now=NOW)
    rows = held.predictions.iloc[:30].copy()
    rows["id"] = [f"new{n}" for n in range(30)]
    rows["at"], rows["p"] = datetime(2026, 3, 2, 10), 55.0
    held.predictions = pd.concat([held.predictions, rows], ignore_index=True)
    held.write()
    for hour, full in ((1, False), (2, False), (3, True)):
        parts = space.refresh(now=NOW + timedelta(hours=hour), full=full).parts
        found = [f for part in parts if part.model == "leads" for f in part.findings]
        (one,) = (f for f in found if f.code == "bad_day")
        assert one.value == "30 of 30 rows on 2026-03-02"
