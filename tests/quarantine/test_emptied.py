"""A night whose metric is empty beside other values is refused where empty cells count as 0."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.incremental.lake import NOW, workspace
from valuekit.errors import Finding, SourceError

DAYS, EACH = 6, 3000  # more rows a day than are looked at of a file
START = datetime(2026, 1, 1)
MODEL = """
[models.m]
title = "M"
owner = "owner@example.com"
task = "ranking"
[models.m.assignments]
table = "a"
unit = "customer"
arm = "arm"
time = "at"
[models.m.outcomes]
table = "o"
id = "id"
on = { customer = "cid" }
time = "at"
window = "2d"
pick = "sum"
label = "bought"
[models.m.metrics.spend]
column = "spend"
primary = true
[[models.m.evidence]]
design = "holdout"
control = "control"
allocation = [{ from = 2026-01-01, control = 0.5 }]
"""


class Shop:
    """Assignments and outcomes, a file a day."""

    def __init__(self, folder: Path, toml: str = MODEL) -> None:
        self.folder, self.hour = folder, 0
        self.space = workspace(folder, toml)
        for table in ("a", "o"):
            (folder / "data" / table).mkdir(parents=True)
        for day in range(DAYS):
            self.write(day)

    def write(self, day: int, **cells: object) -> None:
        ids = np.arange(day * EACH, (day + 1) * EACH)
        at = START + timedelta(days=day)
        units = {"customer": ids, "arm": np.where(ids % 2, "treated", "control"), "at": at}
        said = {"id": ids, "cid": ids, "at": at + timedelta(hours=3), "bought": ids % 3 == 0}
        rows = pd.DataFrame({**said, "spend": 1.0 + ids % 5}).assign(**cells)
        pd.DataFrame(units).to_parquet(
            self.folder / "data" / "a" / f"{day:02d}.parquet", index=False
        )
        rows.to_parquet(self.folder / "data" / "o" / f"{day:02d}.parquet", index=False)

    def refresh(self, **ask: bool) -> tuple[Finding, ...]:
        """The warnings about the metric's column."""
        self.hour += 1
        part = self.space.refresh(now=NOW + timedelta(hours=self.hour), **ask).parts[0]
        return tuple(one for one in part.findings if one.code == "lost_values")

    def refused(self) -> Finding:
        before = self.known()
        found = set()
        for full in (False, True):
            with pytest.raises(SourceError) as caught:
                self.refresh(full=full)
            found |= set(caught.value.findings)
        (one,) = found
        assert self.known() == before
        assert (one.code, one.severity) == ("lost_values", "error")
        assert "column spend" in one.place
        assert "--accept-bad-day" in one.remedy
        return one

    def known(self) -> tuple[int, float]:
        """Number of the last good run, and all that was spent by what is stored."""
        with self.space.store() as store:
            effect = store.facts("m", "effect")
            number = store.latest_run().id
        rows = effect[(effect["segment"] == "all") & (effect["metric"] == "spend")]
        return number, float((rows["n"] * rows["mean_y"]).sum())


def spent(days: int) -> float:
    return days * EACH * 3.0  # of 1 to 5 in turn


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    assert made.refresh() == ()
    assert made.known() == (1, pytest.approx(spent(DAYS)))
    return made


def test_an_emptied_night_is_refused_until_it_is_mended(shop):
    shop.write(DAYS, spend=np.nan)
    one = shop.refused()
    assert one.value == f"no value in 3,000 rows of o/{DAYS:02d}.parquet"
    shop.write(DAYS)
    assert shop.refresh() == ()
    assert shop.known()[1] == pytest.approx(spent(DAYS + 1))


def test_a_night_that_lost_most_of_its_values(shop):
    rows = np.arange(EACH)
    shop.write(DAYS, spend=np.where(rows < EACH * 2 // 5, 3.0, np.nan))
    assert shop.refused().value.startswith("no value in 1,800 rows")
    shop.write(DAYS, spend=np.where(rows < EACH * 3 // 5, 3.0, np.nan))
    assert shop.refresh() == ()


def test_a_night_without_the_column(shop):
    shop.write(DAYS)
    path = shop.folder / "data" / "o" / f"{DAYS:02d}.parquet"
    pd.read_parquet(path).drop(columns="spend").to_parquet(path, index=False)
    one = shop.refused()
    assert one.value == f"the newest file o/{DAYS:02d}.parquet"
    assert one.rule.startswith("the newest file of a table lacks a declared column")


def test_an_accepted_night_is_told_and_not_refused_again(shop):
    shop.write(DAYS, spend=np.nan)
    (one,) = shop.refresh(accept_bad_day=True)
    assert (one.severity, one.rows) == ("warning", EACH)
    assert shop.known()[1] == pytest.approx(spent(DAYS))
    assert shop.refresh() == (one,)  # nothing changed
    shop.write(DAYS + 1)
    assert shop.refresh() == (one,)
    assert shop.known()[1] == pytest.approx(spent(DAYS + 1))


def test_a_first_run_says_it_and_goes_on(tmp_path):
    shop = Shop(tmp_path)
    shop.write(DAYS, spend=np.nan)
    (one,) = shop.refresh()
    assert one.severity == "warning"
    assert shop.refresh() == (one,)


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ('pick = "sum"', 'pick = "sum"\nabsent = "unknown"', ["empty_column"]),
        ("primary = true", "primary = true\nempty_is_zero = true", ["empty_column"]),
    ],
)
def test_what_is_unknown_or_declared_to_be_nothing_is_not_refused(tmp_path, old, new, codes):
    shop = Shop(tmp_path, MODEL.replace(old, new))
    shop.refresh()
    shop.write(DAYS, spend=np.nan)
    part = shop.space.refresh(now=NOW + timedelta(days=1)).parts[0]
    assert [one.code for one in part.findings if "column spend" in one.place] == codes


def test_empty_cells_are_counted_in_each_of_the_newest_files(tmp_path):
    """Also where the rows of one file are more than are looked at."""
    shop = Shop(tmp_path)
    shop.write(DAYS, spend=np.where(np.arange(EACH) % 4 == 0, np.nan, 1.0))
    part = shop.space.refresh(now=NOW).parts[0]
    (one,) = (one for one in part.findings if one.code == "empty_value")
    assert one.value == f"no value in 512 of the {(DAYS + 1) * 2048:,} rows looked at"


SCORES = """
[models.m]
title = "M"
owner = "owner@example.com"
task = "classification"
[models.m.predictions]
table = "p"
id = "id"
time = "at"
score = "score"
value = "price"
weight = "share"
segments = ["region"]
"""


def column(one: Finding) -> str:
    return re.search(r"column (\w+)", one.place)[1]


def test_amounts_at_stake_and_weights_that_a_night_lacks(tmp_path):
    space = workspace(tmp_path, SCORES)
    folder = tmp_path / "data" / "p"
    folder.mkdir(parents=True)

    def write(day: int, **cells: object) -> None:
        ids = np.arange(day * 30, (day + 1) * 30)
        rows = pd.DataFrame({"id": ids, "at": START + timedelta(days=day), "score": 0.5})
        rows = rows.assign(price=10.0, share=2.0, region="north").assign(**cells)
        rows.to_parquet(folder / f"{day:02d}.parquet", index=False)

    for day in range(DAYS):
        write(day)
    space.refresh(now=NOW)
    write(DAYS, price=np.nan, share=np.nan, region=None)
    with pytest.raises(SourceError) as caught:
        space.refresh(now=NOW)
    found = caught.value.findings
    assert {column(one) for one in found} == {"price", "share"}
    assert {one.code for one in found} == {"lost_values"}
    part = space.refresh(now=NOW, accept_bad_day=True).parts[0]
    told = {(one.code, column(one)): one.rows for one in part.findings}
    assert told == {
        ("lost_values", "price"): 30,
        ("lost_values", "share"): 30,
        ("empty_value", "price"): 30,
        ("empty_value", "share"): 30,
        ("empty_column", "region"): 30,
    }


def test_a_column_that_is_empty_each_week_is_no_loss(tmp_path):
    made = Shop(tmp_path)
    for day in range(DAYS, 13):
        made.write(day, **({"spend": np.nan} if day == 6 else {}))
    first = made.refresh()
    assert [one.severity for one in first] == ["warning"]
    made.write(13, spend=np.nan)  # a week after the other
    assert made.refresh() == ()
    for day in range(14, 20):
        made.write(day)
    assert made.refresh() == ()
    made.write(20, spend=np.nan)
    assert made.refresh() == ()
    made.write(21, spend=np.nan)  # a day that was never empty
    with pytest.raises(SourceError, match=r"21\.parquet"):
        made.refresh()
