"""A warning when outcomes of nobody become more, and none where they were always many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.restated_rows import Sources
from tests.workspaces import workspace
from valuekit.api import Workspace
from valuekit.quarantine.jump import DAYS, LEAST, Jump, jump
from valuekit.quarantine.limits import judge

START = date(2026, 1, 1)
ONE = {"outcomes": {"table": "o", "on": {"id": "id"}, "time": "t", "label": "y"}}


def intake(days: list[tuple[int, int]]) -> pd.DataFrame:
    """The fact of outcomes by day: (orphans, credited)."""
    rows = [
        ("all", "outcomes", rule, fate, pd.Timestamp(START + timedelta(days=day)), n)
        for day, pair in enumerate(days)
        for (rule, fate), n in zip(
            (("orphan", "quarantined"), ("credited", "accepted")), pair, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["segment", "source", "rule", "fate", "day", "rows"])


def codes(days: list[tuple[int, int]], **limits: object) -> list[str]:
    held = workspace({"m": ONE | ({"quarantine": limits} if limits else {})})
    return [one.code for one in judge(held, "m", intake(days), ())]


def test_many_strangers_all_along_are_no_news():
    assert codes([(40, 60)] * 60) == []
    assert codes([(51, 49)] * 60) == ["orphan"]  # most of them are


def test_a_rise_within_the_last_week_is():
    assert codes([(2, 98)] * 60 + [(30, 70)] * DAYS) == ["orphan_jump"]
    assert codes([(2, 98)] * 60 + [(10, 90)] * DAYS) == []  # below 10 points
    assert codes([(30, 70)] * DAYS + [(2, 98)] * 60) == []  # a fall
    assert codes([(90, 10)] * 60 + [(99, 1)] * DAYS) == ["orphan"]  # said once


def test_what_is_declared_replaces_both():
    steep = [(2, 98)] * 60 + [(30, 70)] * DAYS
    assert codes(steep, rules={"orphan": {"warn": 1.0}}) == []
    assert codes(steep, default={"warn": 0.5}) == []
    assert codes(steep, rules={"orphan": {"warn_rows": 0}}) == ["orphan"]
    assert codes(steep, rules={"orphan": {"fail": 0.9}}) == ["orphan_jump"]


def test_too_few_outcomes_tell_nothing():
    quiet = [(0, LEAST[1])] + [(0, 0)] * (DAYS - 1)
    assert jump(intake([*quiet, (LEAST[0], 0)])) == Jump(LEAST[0], LEAST[0], 0.0)
    assert jump(intake([*quiet, (LEAST[0] - 1, 0)])) is None
    few = [(0, 1)] * (LEAST[1] - 1) + [(9, 0)] * DAYS
    assert jump(intake(few)) is None
    assert jump(intake([(0, 10)] * 60 + [(4, 0)] * DAYS)) is None
    assert jump(intake([])) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_shares_are_those_of_the_days(days):
    found, last = (
        jump(intake(days)),
        max((d for d, pair in enumerate(days) if sum(pair)), default=-1),
    )
    recent = [pair for day, pair in enumerate(days) if last - DAYS < day <= last]
    old = [pair for day, pair in enumerate(days) if day <= last - DAYS]
    read, before = (sum(map(sum, part)) for part in (recent, old))
    if read < LEAST[0] or before < LEAST[1]:
        assert found is None
        return
    share = sum(orphans for orphans, _ in old) / before
    assert found == Jump(sum(orphans for orphans, _ in recent), read, share)


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.3, 0.6])
def test_chance_alone_seldom_warns(rate):
    """Of steady weeks fewer than 1 in 200 warn, however small (one-sided, three errors)."""
    rng = np.random.default_rng(4)
    reads = rng.integers(LEAST[0], 400, 20_000)
    rows = rng.binomial(reads, rate)
    warned = [Jump(int(k), int(n), rate).large for k, n in zip(rows, reads, strict=True)]
    assert np.mean(warned) < 0.005


def test_a_run_says_so_and_the_next_one_no_longer(tmp_path):
    held = Sources(tmp_path)
    strange = held.outcomes["seen"] > held.outcomes["seen"].max() - timedelta(days=5)
    known = held.outcomes["customer"].copy()
    held.outcomes.loc[strange, "customer"] = "C-" + known[strange]
    now = datetime(2026, 4, 1, tzinfo=UTC)
    space = Workspace.load(held.write())
    found = [one for one in space.refresh(now=now).findings if one.code.startswith("orphan")]
    assert [(one.code, one.rows) for one in found] == [("orphan_jump", int(strange.sum()))]
    assert "of the last 7 days" in found[0].value
    held.outcomes["customer"] = known
    held.write()
    again = space.refresh(now=now + timedelta(hours=1))
    assert not [one for one in again.findings if one.code.startswith("orphan")]
