"""Laws of bins by month: what is added up over whole months is what it was, whatever is merged."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuekit.ledger.frame import conform
from valuekit.ledger.merge import merge
from valuekit.ledger.months import (
    KEPT_DAYS,
    by_month,
    daily_from,
    lost,
    merged,
    sums,
    whole_months,
)
from valuekit.ledger.schema import FACTS

SCORE, FEATURE = FACTS["score"], FACTS["feature"]
FIRST = date(2025, 1, 20)
DAYS = 130
KEYS = ["version", "segment", "arm", "acted", "label", "layout"]
SIZES = {"all-1": 5, "all-2": 7, "part-1": 3}


@st.composite
def worlds(draw: st.DrawFn) -> pd.DataFrame:
    """Score rows of several versions, segments, labels and layouts, not all of them on each day."""
    seed = draw(st.integers(0, 2**32 - 1))
    share = draw(st.sampled_from([0.02, 0.3, 0.9]))
    rng = np.random.default_rng(seed)
    made = []
    for step in range(DAYS):
        for version, segment, label in (
            ("v1", "all", "1"), ("v1", "all", ""), ("v2", "all", "0"), ("v1", "seg=a", "1"),
        ):  # fmt: skip
            if rng.random() > share:
                continue
            layout = "part-1" if segment != "all" else "all-1" if step < 75 else "all-2"
            n = rng.poisson(3, SIZES[layout])
            made.append(
                {
                    "model": "m", "version": version, "segment": segment, "label": label,
                    "day": FIRST + timedelta(days=step), "arm": "", "acted": "", "layout": layout,
                    "total": int(n.sum()), "brier": float(rng.random()),
                    "log_loss": float(rng.random()), "n": n,
                    "sum_p": np.round(n * rng.random(len(n)), 6),
                    "sum_v": np.round(n * rng.normal(0, 50, len(n)), 6),
                }
            )  # fmt: skip
    frame = pd.DataFrame(made, columns=[one.name for one in SCORE.columns])
    return conform(SCORE, frame.sample(frac=1, random_state=seed % 1000))


def firsts() -> st.SearchStrategy[date]:
    return st.sampled_from([date(2025, month, 1) for month in range(1, 8)])


def total(frame: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    days = frame["day"].dt.date
    return merge(SCORE, frame[(days >= first) & (days < last)], KEYS)


def equal(left: pd.DataFrame, right: pd.DataFrame) -> None:
    assert left[KEYS].to_numpy().tolist() == right[KEYS].to_numpy().tolist()
    for one in SCORE.measures:
        for a, b in zip(left[one.name], right[one.name], strict=True):
            if one.dtype in {"int", "ints"}:
                np.testing.assert_array_equal(a, b)
            else:
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-9, err_msg=one.name)


def identical(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@settings(max_examples=60)
@given(worlds(), firsts(), firsts(), firsts())
def test_sums_over_whole_months_are_those_of_days(frame, daily, one, other):
    first, last = sorted((one, other))
    made = merged(SCORE, frame, daily)
    equal(total(made, first, last), total(frame, first, last))
    equal(total(made, FIRST, date(2025, 12, 1)), total(frame, FIRST, date(2025, 12, 1)))


@settings(max_examples=60)
@given(worlds(), firsts())
def test_rows_scalars_and_later_vectors_stay(frame, daily):
    made = merged(SCORE, frame, daily)
    scalars = [one.name for one in SCORE.columns if one.dtype not in {"ints", "floats"}]
    identical(made[scalars], frame[scalars])
    later = frame["day"] >= pd.Timestamp(daily)
    identical(made[later], frame[later])
    filled = made[~later & (made["n"].map(len) > 0)]
    months = filled["day"].dt.strftime("%Y-%m")
    assert not filled.assign(month=months).duplicated([*KEYS, "month"]).any()


@settings(max_examples=60)
@given(worlds(), firsts(), firsts())
def test_in_steps_or_at_once_and_again_is_the_same(frame, one, other):
    early, late = sorted((one, other))
    at_once = merged(SCORE, frame, late)
    identical(merged(SCORE, merged(SCORE, frame, early), late), at_once)
    assert merged(SCORE, at_once, late) is at_once
    assert merged(SCORE, at_once, early) is at_once


@settings(max_examples=60)
@given(worlds(), firsts(), firsts())
def test_what_is_merged_too_far_is_seen(frame, stored, wanted):
    """Vectors by day are missing from ``wanted`` on where a month after it had several rows."""
    made = {"score": merged(SCORE, frame, stored)}
    days = frame["day"].dt.date
    between = frame[(days >= wanted) & (days < stored)]
    month = between["day"].dt.strftime("%Y-%m")
    several = between.assign(month=month).duplicated([*KEYS, "month"]).any()
    assert lost(made, wanted) == bool(several)
    assert lost({"score": frame}, None) is False


@settings(max_examples=30)
@given(worlds())
def test_the_sums_of_a_month_name_the_rows_they_stand_for(frame):
    made = merged(SCORE, frame, date(2025, 6, 1))
    march = made[made["day"].dt.month == 3].reset_index(drop=True)
    holders, among = sums(SCORE, march)
    groups = march.groupby(KEYS)["day"]
    np.testing.assert_array_equal(among, (groups.transform("size") > 1).to_numpy())
    assert len(holders) == sum(size > 1 for size in groups.size())
    assert (holders["day"] == groups.transform("min").loc[holders.index]).all()


def test_features_merge_and_other_facts_do_not():
    rows = [
        {
            "model": "m", "version": "all", "segment": "all", "day": FIRST + timedelta(days=step),
            "feature": name, "label": "", "layout": name, "missing": step, "n": [1, step],
            "sum_v": [0.0, 0.5],
        }
        for step in range(8)
        for name in ("age", "income")
    ]  # fmt: skip
    feature = conform(FEATURE, pd.DataFrame(rows))
    made = by_month({"feature": feature}, date(2025, 2, 1))["feature"]
    assert made["n"].map(list).tolist() == [[8, 28]] * 2 + [[]] * 14
    assert made["sum_v"].map(list).tolist() == [[0.0, 4.0]] * 2 + [[]] * 14
    assert made["missing"].tolist() == feature["missing"].tolist()
    flow = {"flow": pd.DataFrame({"day": [pd.Timestamp(FIRST)]})}
    assert by_month(flow, date(2030, 1, 1))["flow"] is flow["flow"]
    assert by_month({"feature": feature}, None)["feature"] is feature


@pytest.mark.parametrize(
    ("last", "settled", "daily"),
    [
        (None, None, None),
        (date(1, 5, 1), None, None),
        (date(2026, 11, 4), None, date(2025, 9, 1)),  # 400 days before lies on 30 Sep
        (date(2026, 11, 5), None, date(2025, 10, 1)),
        (date(2026, 11, 5), date(2026, 10, 1), date(2025, 10, 1)),
        (date(2026, 11, 5), date(2025, 8, 30), date(2025, 8, 1)),  # August is still open
        (date(2026, 11, 5), date(2025, 8, 31), date(2025, 9, 1)),
    ],
)
def test_the_first_day_by_day_is_a_month_begun_400_days_ago(last, settled, daily):
    assert daily_from(last, settled) == daily


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_only_months_wholly_older_than_400_days_are_merged(last):
    daily = daily_from(last)
    assert daily.day == 1
    assert daily - timedelta(days=1) < last - timedelta(days=KEPT_DAYS)
    following = (daily + timedelta(days=32)).replace(day=1)
    assert following - timedelta(days=1) >= last - timedelta(days=KEPT_DAYS)


@given(
    st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.integers(0, 90),
    st.dates(date(2024, 1, 1), date(2026, 1, 1)),
)  # fmt: skip
def test_stretches_cut_no_merged_month(first, length, day):
    daily, last = day.replace(day=1), first + timedelta(days=length)
    ((start, end),) = whole_months([(first, last)], daily)
    assert start <= first
    assert last <= end
    for edge, inside in ((start, start - timedelta(days=1)), (end + timedelta(days=1), end)):
        assert edge >= daily or edge.month != inside.month
    assert first < daily or start == first
    assert last < daily or end == last
    assert whole_months([(first, last)], None) == [(first, last)]
