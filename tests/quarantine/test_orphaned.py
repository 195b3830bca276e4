"""A night of nothing but strangers is told where a third of the outcomes are always theirs."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.incremental.lake import NOW
from tests.quarantine.test_emptied import DAYS, START, Shop
from tests.quarantine.test_jump import ONE, intake
from tests.workspaces import workspace
from valuekit.quarantine.jump import jump
from valuekit.quarantine.orphaned import warnings

USUAL = [(31, 69)] * 60


def values(days: list[tuple[int, int]], logged: int | None = None, **limits: object) -> list[str]:
    held = workspace({"m": ONE | ({"quarantine": limits} if limits else {})})
    rows = intake(days)
    if logged is not None:
        log = rows.assign(source="predictions", rule="accepted", fate="accepted")
        ahead = log["day"] <= rows["day"].min() + pd.Timedelta(days=logged)
        rows = pd.concat([rows, log[ahead]])
    return [one.value.partition(",")[0] for one in warnings(held, "m", rows, ())]


@pytest.mark.parametrize(
    ("night", "told"),
    [
        ((80, 0), True),
        ((73, 7), True),  # 91%
        ((72, 8), False),  # 90%
        ((12, 0), True),  # 0.31^12 is 8e-7
        ((11, 0), False),  # 3e-6
        ((0, 80), False),
        ((0, 0), False),
    ],
)
def test_a_night_beyond_chance(night, told):
    expected = [f"{night[0]} of {sum(night)} outcomes on 2026-03-02"] if told else []
    assert values([*USUAL, night]) == expected
    assert values([*USUAL, night, *[(31, 69)] * 6]) == expected
    assert values([*USUAL, night, *[(31, 69)] * 7]) == []


def test_a_night_that_is_usual_is_not_told():
    assert values([(95, 5)] * 60 + [(100, 0)]) == []
    rests = [(80, 0)] + [(20, 60)] * 6
    assert values(rests * 6) == []  # on one weekday
    often = [(80, 0), (20, 60), (20, 60), (20, 60)]
    assert values(often * 12) == []


def test_a_second_night_and_a_log_that_comes_later():
    assert values([*USUAL, (80, 0), (70, 0)]) == ["70 of 70 outcomes on 2026-03-03"]
    assert values([*USUAL, (80, 0)], logged=60) == ["80 of 80 outcomes on 2026-03-02"]
    assert values([*USUAL, (80, 0)], logged=59) == values([*USUAL, (80, 0)], logged=58) == []
    assert values([*USUAL, (80, 0)], logged=57) != []


def test_a_declared_limit_replaces_it():
    assert values([*USUAL, (80, 0)], rules={"orphan": {"warn": 1.0}}) == []
    assert values([*USUAL, (80, 0)], rules={"orphan": {"fail": 0.9}}) != []


@given(st.lists(st.integers(0, 100), min_size=7, max_size=7), st.integers(3, 10))
def test_what_repeats_by_week_is_no_news(week, weeks):
    """Whatever the share of each weekday, once three weeks are there before the newest one."""
    days = [(n, 100 - n) for n in week] * (weeks + 1)
    assert values(days) == []


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.6, 0.85])
def test_chance_alone_seldom_tells(rate):
    rng = np.random.default_rng(5)
    seen = 0
    for _ in range(60):
        n = rng.integers(1, 60, 40)
        bad = rng.binomial(n, rate)
        seen += bool(values([(int(b), int(a - b)) for a, b in zip(n, bad, strict=True)]))
    assert seen == 0


def test_a_night_of_other_keys_is_told_by_its_day_and_not_as_a_week(tmp_path):
    """Where nobody's outcomes were none: the night moves the share of the week as well."""
    shop = Shop(tmp_path)
    for day in range(DAYS, 21):
        shop.write(day)
    shop.space.refresh(now=NOW)
    path = shop.folder / "data" / "o" / "20.parquet"
    rows = pd.read_parquet(path)
    rows.assign(cid=rows["cid"] + 10**9).to_parquet(path, index=False)
    part = shop.space.refresh(now=NOW + timedelta(hours=1)).parts[0]
    found = [one for one in part.findings if one.code.startswith("orphan")]
    assert [(one.code, one.rows) for one in found] == [("orphan_day", len(rows))]
    assert f"on {(START + timedelta(days=20)).date()}" in found[0].value
    assert "in o/20.parquet" in found[0].value
    with shop.space.store() as store:
        intake = store.facts("m", "intake")
    assert jump(intake).large  # which alone would be said without the day


class Strangers(Shop):
    """A third of the outcomes are of people whom nobody assigned."""

    def write(self, day: int, **cells: object) -> None:
        super().write(day)
        path = self.folder / "data" / "o" / f"{day:02d}.parquet"
        rows = pd.read_parquet(path)
        known = np.where(np.arange(len(rows)) % 3, rows["cid"].to_numpy(), -rows["id"] - 1)
        rows.assign(cid=known, **cells).to_parquet(path, index=False)


def test_a_night_of_other_keys_by_nights(tmp_path):
    shop = Strangers(tmp_path)
    for day in range(DAYS, 20):
        shop.write(day)

    def said(**ask: bool) -> list:
        shop.hour += 1
        part = shop.space.refresh(now=NOW + timedelta(hours=shop.hour), **ask).parts[0]
        return [one for one in part.findings if one.code.startswith("orphan")]

    assert said() == []
    shop.write(20)
    path = shop.folder / "data" / "o" / "20.parquet"
    rows = pd.read_parquet(path).iloc[:80]
    good = path.read_bytes()
    rows.assign(cid=rows["cid"] + 10**9).to_parquet(path, index=False)
    (one,) = first = said()
    day = (START + timedelta(days=20)).date()
    assert (one.code, one.severity, one.rows) == ("orphan_day", "warning", 80)
    assert one.value.startswith(f"80 of 80 outcomes on {day}, 100%; 33% before: id ")
    assert "in o/20.parquet" in one.value
    assert said() == said(full=True) == first
    path.write_bytes(good)
    assert said() == said(full=True) == []
