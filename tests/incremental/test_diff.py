"""Days that differ: exactly for counts, within rounding of what was added up for floats."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tests.ledger.frames import cost, effect, score
from valuekit.incremental import diff
from valuekit.incremental.diff import differing, restated, totals
from valuekit.ledger.schema import FACTS

FIRST = pd.Timestamp(2026, 1, 1)


def effects(seed: int = 1, days: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return effect([rng.normal(1e6, 1.0, size=(50, 4)) for _ in range(days)])


def days(*numbers: int) -> set[date]:
    return {(FIRST + pd.Timedelta(days=n - 1)).date() for n in numbers}


def test_equal_whatever_the_order():
    one = effects()
    assert differing(FACTS["effect"], one, one.iloc[::-1].reset_index(drop=True)) == set()


def test_rounding_is_no_difference_but_a_count_is():
    one = effects()
    other = one.assign(
        mean_y=one["mean_y"] * (1 + 2e-16), c_yd=one["c_yd"] + 1e-3 * 1e-12, m3_y=one["m3_y"] + 1e-3
    )
    assert differing(FACTS["effect"], one, other) == set()
    other.loc[1, "matched"] += 1
    assert differing(FACTS["effect"], one, other) == days(2)


def test_a_real_change_of_a_mean_is_seen():
    one = effects()
    other = one.copy()
    other.loc[2, "mean_y"] += 1e-5
    assert differing(FACTS["effect"], one, other) == days(3)


@pytest.mark.parametrize("few", [0, 10**9], ids=["joined", "looked up"])
def test_rows_are_found_by_their_keys_however_many_there_are(few, monkeypatch):
    """Either way of finding them gives what a search row by row gives."""
    monkeypatch.setattr(diff, "_FEW", few)
    rng = np.random.default_rng(few % 7)
    fact = FACTS["score"]
    every = pd.concat(
        [score([[n, 1]] * 9, segment=f"plan={n}", layout=f"score-{n % 2}") for n in range(5)],
        ignore_index=True,
    )
    for _ in range(10):
        old, new = (
            every.iloc[rng.permutation(len(every))[: rng.integers(1, len(every))]] for _ in range(2)
        )
        keys = [[tuple(row) for row in one[list(fact.key_names)].to_numpy()] for one in (old, new)]
        expected = [keys[0].index(key) if key in keys[0] else -1 for key in keys[1]]
        assert diff._places(fact, old, new).tolist() == expected
        unlike = set(keys[0]) ^ set(keys[1])
        assert differing(fact, old, new) == {pd.Timestamp(key[2]).date() for key in unlike}


def test_rows_that_come_and_go():
    one = effects()
    assert differing(FACTS["effect"], one, one.iloc[:2]) == days(3)
    assert differing(FACTS["effect"], one.iloc[:0], one) == days(1, 2, 3)
    assert differing(FACTS["effect"], one.iloc[:0], one.iloc[:0]) == set()


def test_vectors_and_decimals():
    one = score([[1, 2, 3], [4, 5, 6]])
    other = one.copy()
    other["n"] = [one["n"].iloc[0], np.array([4, 5, 7])]
    assert differing(FACTS["score"], one, other) == days(2)
    shifted = one.copy()
    shifted["sum_p"] = [one["sum_p"].iloc[0] + 1e-6, one["sum_p"].iloc[1]]
    assert differing(FACTS["score"], one, shifted) == set()
    assert differing(FACTS["score"], one, shifted, rounding=False) == days(1)
    assert differing(FACTS["cost"], cost(["1.000001"]), cost(["1.000002"])) == days(1)


def test_restated_days_tell_before_and_after():
    one, other = cost(["1.5", "2"]), cost(["1.5", "3"])
    found = differing(FACTS["cost"], one, other)
    (row,) = restated(FACTS["cost"], one, other, found, date(2026, 1, 2))
    assert row.day == date(2026, 1, 2)
    assert [Decimal(one["amount"]) for one in (row.before, row.after)] == [2, 3]
    assert restated(FACTS["cost"], one, other, found, date(2026, 1, 1)) == ()
    assert restated(FACTS["cost"], one, other, found, None) == ()
    assert totals(FACTS["cost"], one, [date(2025, 1, 1)]) == {}


def test_a_sum_that_differs_by_rounding_alone_is_as_it_was():
    """A day that is restated for its rows shows no change of a float but a real one."""
    one = effects(days=1)
    rounded = one["mean_y"] * (1 + 4e-16)
    other = one.assign(mean_y=rounded, mean_d=one["mean_d"] + 1e-3, matched=one["matched"] - 1)
    assert (rounded != one["mean_y"]).all()
    (found,) = restated(FACTS["effect"], one, other, frozenset(days(1)), max(days(1)))
    for metric, rows in one.groupby("metric"):
        assert found.after[f"sum_y:{metric}"] == found.before[f"sum_y:{metric}"]
        assert found.after[f"sum_d:{metric}"] != found.before[f"sum_d:{metric}"]
        matched = found.before[f"matched:{metric}"] - len(rows)
        assert found.after[f"matched:{metric}"] == matched


def test_sums_of_metrics_are_not_added_up():
    """Euros and orders have each their own figure; what groups there are is counted once."""
    one = effects(days=1).drop_duplicates("metric").head(1)
    both = pd.concat([one.assign(metric="euros"), one.assign(metric="orders", n=one["n"] + 5)])
    ((_, found),) = totals(FACTS["effect"], both.assign(segment="all"), days(1)).items()
    assert found["rows"] == 2
    assert found["n:orders"] == found["n:euros"] + 5 == one["n"].item() + 5
    assert "n" not in found
