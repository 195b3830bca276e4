"""Which days a run says that it restated: only those whose figures were settled, and moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.incremental.lake import NOW, workspace
from valuekit.api import Workspace

START = datetime(2026, 1, 1)
DAYS, AHEAD, SERIES = 20, 3, 5
FORECAST = """
[models.m]
title = "M"
owner = "owner@example.com"
task = "forecast"
[models.m.predictions]
table = "p"
id = "id"
time = "at"
target_time = "day"
series = "store"
predicted = "units"
[models.m.outcomes]
table = "o"
id = "id"
on = { store = "store" }
time = "day"
window = "2d"
label = "sold"
"""
SEGMENT = 'segments = ["region"]\n'
CHURN = f"""
[models.m]
title = "M"
owner = "owner@example.com"
task = "classification"
[models.m.predictions]
table = "p"
id = "id"
time = "at"
score = "score"
{SEGMENT}[models.m.outcomes]
table = "o"
id = "id"
on = {{ id = "pid" }}
time = "when"
window = "2d"
label = "y"
"""


def night_of_forecasts(folder: Path, day: int, sold: float = 0.0) -> None:
    """Forecasts of the next days, and what was sold the day before."""
    at = START + timedelta(days=day)
    ahead = [(store, h) for store in range(SERIES) for h in range(1, AHEAD + 1)]
    made = pd.DataFrame(
        {
            "id": [f"{day}-{store}-{h}" for store, h in ahead],
            "at": at,
            "day": [at + timedelta(days=h) for _, h in ahead],
            "store": [f"s{store}" for store, _ in ahead],
            "units": [10.0 + store + h for store, h in ahead],
        }
    )
    made.to_parquet(folder / "data" / "p" / f"{day:02d}.parquet", index=False)
    known = pd.DataFrame(
        {
            "id": [f"{day}-{store}" for store in range(SERIES)],
            "day": at - timedelta(days=1),
            "store": [f"s{store}" for store in range(SERIES)],
            "sold": [11.0 + store + sold for store in range(SERIES)],
        }
    )
    known.to_parquet(folder / "data" / "o" / f"{day:02d}.parquet", index=False)


def made(folder: Path, toml: str) -> Workspace:
    space = workspace(folder, toml)
    for table in ("p", "o"):
        (folder / "data" / table).mkdir(parents=True, exist_ok=True)
    return space


def restated(space: Workspace, hour: int) -> dict[str, set[int]]:
    """Fact -> days since the start that the run says it restated."""
    run = space.refresh(now=NOW + timedelta(hours=hour))
    found: dict[str, set[int]] = {}
    for one in run.parts[0].restated:
        found.setdefault(one.fact, set()).add((one.day - START.date()).days)
    return found


def test_a_day_that_meets_its_first_actual_was_never_published(tmp_path):
    space = made(tmp_path, FORECAST)
    for day in range(DAYS):
        night_of_forecasts(tmp_path, day)
    assert restated(space, 0) == {}
    for night in range(3):
        night_of_forecasts(tmp_path, DAYS + night)
        assert restated(space, 1 + night) == {}
    # Actuals of day 9 are written anew: it was settled.
    night_of_forecasts(tmp_path, 10, sold=2.0)
    moved = restated(space, 9)
    assert moved["error"] >= {9}
    assert max(max(days) for days in moved.values()) <= DAYS


def night_of_scores(folder: Path, day: int, region: str = "") -> None:
    numbers = np.arange(day * 12, (day + 1) * 12)
    at = START + timedelta(days=day)
    scores = {"id": numbers, "at": at, "score": (numbers % 97) / 97}
    regions = [region or f"r{n % 2}" for n in numbers]
    rows = pd.DataFrame({**scores, "region": regions})
    rows.to_parquet(folder / "data" / "p" / f"{day:02d}.parquet", index=False)
    said = {"id": numbers, "pid": numbers, "when": at + timedelta(hours=5), "y": numbers % 2}
    pd.DataFrame(said).to_parquet(folder / "data" / "o" / f"{day:02d}.parquet", index=False)


@pytest.fixture
def churn(tmp_path: Path) -> Workspace:
    space = made(tmp_path, CHURN)
    for day in range(DAYS):
        night_of_scores(tmp_path, day)
    assert restated(space, 0) == {}
    return space


def declared(space: Workspace, old: str, new: str) -> Workspace:
    toml = space.loaded.path
    text = toml.read_text()
    assert old in text
    toml.write_text(text.replace(old, new))
    return Workspace.load(toml)


def test_a_segment_that_is_declared_or_no_more_restates_nothing(churn):
    without = declared(churn, SEGMENT, "")
    assert restated(without, 1) == {}
    with without.store() as store:
        assert set(store.facts("m", "volume", segment=None)["segment"]) == {"all"}
    again = declared(without, 'score = "score"\n', f'score = "score"\n{SEGMENT}')
    assert restated(again, 2) == {}
    with again.store() as store:
        segments = set(store.facts("m", "volume", segment=None)["segment"])
    assert segments == {"all", "region=r0", "region=r1"}


def test_rows_that_move_to_another_segment_restate_their_day(churn):
    night_of_scores(churn.loaded.folder, 4, region="r1")
    assert restated(churn, 1)["volume"] == {4}


def test_days_that_are_gone_are_restated_when_a_segment_goes_with_them(churn):
    folder = churn.loaded.folder / "data"
    for table in ("p", "o"):
        (folder / table / "04.parquet").unlink()
    without = declared(churn, SEGMENT, "")
    assert restated(without, 1)["volume"] == {4}


LATE = 2  # of the 12 outcomes of a day that lie in the next night's file, as files cut by UTC do


def night_cut_by_another_zone(folder: Path, day: int) -> None:
    """Scores of a day, outcomes of two days ago and the last ones of three days ago."""
    night_of_scores(folder, day)
    came = [(day - 2, range(12 - LATE)), (day - 3, range(12 - LATE, 12))]
    of = [(entry, entry * 12 + n) for entry, some in came for n in some if entry >= 0]
    rows = pd.DataFrame(of, columns=["entry", "id"])
    times = START + pd.to_timedelta(rows["entry"] + 2, unit="D") + timedelta(hours=5)
    scores = folder / "data" / "p" / f"{day:02d}.parquet"
    pd.read_parquet(scores).assign(at=START + timedelta(days=day, hours=6)).to_parquet(scores)
    path = folder / "data" / "o" / f"{day:02d}.parquet"
    path.unlink()
    if len(rows):
        said = rows.assign(pid=rows["id"], when=times, y=rows["id"] % 2)
        said[["id", "pid", "when", "y"]].to_parquet(path, index=False)


def test_a_day_that_is_published_too_early_every_night_is_told_with_the_remedy(tmp_path):
    space = made(tmp_path, CHURN)
    for day in range(DAYS):
        night_cut_by_another_zone(tmp_path, day)

    def told(hour: int) -> tuple[set[int], list[str]]:
        part = space.refresh(now=NOW + timedelta(hours=hour)).parts[0]
        days = {(one.day - START.date()).days for one in part.restated}
        early = [one for one in part.findings if one.code == "published_early"]
        assert all(one.severity == "warning" for one in early)
        return days, [one.remedy.partition(",")[0] for one in early]

    assert told(0) == (set(), [])
    night_cut_by_another_zone(tmp_path, DAYS)
    assert told(1) == ({DAYS - 3}, [])  # one late row is no pattern
    assert told(2) == (set(), [])  # nothing is new
    night_cut_by_another_zone(tmp_path, DAYS + 1)
    assert told(3) == ({DAYS - 2}, ['Declare `allowance = "1d"`'])
    assert told(4) == (set(), [])  # it is a matter of the run that restated
    space = declared(space, 'window = "2d"', 'window = "2d"\nallowance = "1d"')
    night_cut_by_another_zone(tmp_path, DAYS + 2)
    told(5)  # what was published before the allowance is restated once more
    for more in (3, 4):
        night_cut_by_another_zone(tmp_path, DAYS + more)
        assert told(3 + more) == (set(), [])
