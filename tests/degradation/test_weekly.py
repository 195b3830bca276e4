from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.bookkeeping import FIRST, days, rows, volume
from tests.facts_from_rows import confusion_frame, error_frame, exact_edges, score_frame
from valuekit.degradation.change import Dated, Split
from valuekit.degradation.performance import (
    from_confusion,
    from_errors,
    from_scores,
    from_volume,
    nothing,
)
from valuekit.degradation.price import lost_since
from valuekit.degradation.weekly import weekly
from valuekit.estimate import Estimate, Period, unknown

SPAN = Period(FIRST, FIRST + timedelta(days=20))  # a Thursday; Sundays on 4, 11, 18


def worth(period):
    return Estimate(value=7.0 * period.days, unit="EUR", se=2.0 * period.days**0.5)


def weeks(mature):
    served = volume([10] * 14)
    cost = rows(
        "cost",
        *({"day": d, "category": "p", "basis": "marginal", "amount": "2"} for d in days(21)),
    )
    return weekly(worth, from_volume(served), cost, served, SPAN, mature)


def test_weeks_run_from_monday_and_the_first_is_clipped():
    found = weeks(SPAN.last)
    assert [week.start.isoweekday() for week in found] == [1] * 4
    assert [week.cost for week in found] == [8.0, 14.0, 14.0, 6.0]
    assert found[0].value == 28.0
    assert found[0].net == 20.0


def test_an_open_week_has_cost_but_no_value():
    found = weeks(date(2026, 1, 13))
    assert [week.mature for week in found] == [True, True, False, False]
    assert (found[2].value, found[2].performance, found[2].cost) == (None, None, 14.0)
    assert not any(week.mature for week in weeks(None))


def test_a_week_without_data_is_a_gap():
    last = weeks(SPAN.last)[-1]
    assert (last.days, last.predictions, last.performance) == (0, 0, None)


@pytest.fixture
def scored():
    rng = np.random.default_rng(2)
    p = rng.integers(0, 40, 3000) / 40
    return pd.DataFrame(
        {
            "p": p,
            "label": np.where(rng.random(3000) < p, "1", "0"),
            "day": [FIRST + timedelta(days=int(d)) for d in rng.integers(0, 21, 3000)],
        }
    )


def test_auc_of_days_and_of_weeks_is_that_of_their_rows(scored):
    found = from_scores(score_frame(scored, exact_edges(scored["p"])))
    first, last = FIRST + timedelta(days=4), FIRST + timedelta(days=10)
    part = scored[scored["day"].between(first, last)]
    assert found.between(np.datetime64(first), np.datetime64(last)) == pytest.approx(
        roc_auc_score(part["label"] == "1", part["p"])
    )
    at, values = found.daily()
    one = scored[scored["day"] == at[3].item()]
    assert values[3] == pytest.approx(roc_auc_score(one["label"] == "1", one["p"]))


def test_accuracy_and_errors_from_their_rows(scored):
    guess = scored.assign(predicted=np.where(scored["p"] >= 0.5, "1", "0"))
    found = from_confusion(confusion_frame(guess))
    whole = found.between(found.days[0], found.days[-1])
    assert whole == pytest.approx((guess["predicted"] == guess["label"]).mean())
    rng = np.random.default_rng(3)
    sales = pd.DataFrame(
        {"day": np.repeat(days(10), 5), "y": rng.poisson(20, 50), "f": rng.poisson(20, 50)}
    )
    error = (sales["y"] - sales["f"]).abs()
    by_mae = from_errors(error_frame(sales), relative=False)
    by_wape = from_errors(error_frame(sales), relative=True)
    ends = by_mae.days[0], by_mae.days[-1]
    assert by_mae.between(*ends) == pytest.approx(error.mean())
    assert by_wape.between(*ends) == pytest.approx(error.sum() / sales["y"].sum())
    assert by_mae.better == "lower"


def test_a_day_of_one_class_has_no_auc():
    one = pd.DataFrame({"p": [0.1, 0.2], "label": ["1", "1"], "day": [FIRST, FIRST]})
    assert len(from_scores(score_frame(one, [0.1, 0.2])).daily()[0]) == 0
    assert nothing().between(np.datetime64(FIRST), np.datetime64(FIRST)) is None


def change(day, low, high):
    return Dated(day, low, high, Split(10, 8, 12, 1.0, 0.5, abrupt=True, gain=9.0))


def dropping(period):
    """10 a day before 11 January, 4 from then on, with a standard error of 1 per root day."""
    cut = date(2026, 1, 11)
    before = sum(10 if d < cut else 4 for d in days(period.days, period.first))
    return Estimate(value=float(before), unit="EUR", se=period.days**0.5)


def test_money_lost_since_and_its_interval_with_the_dates_uncertainty():
    cut = date(2026, 1, 11)
    exact = lost_since(dropping, change(cut, cut, cut), SPAN.first, SPAN.last)
    assert exact.value == pytest.approx((10 - 4) * 11)
    assert exact.se == pytest.approx(np.hypot(10**0.5 * 1.1, 11**0.5))
    wide = lost_since(
        dropping, change(cut, date(2026, 1, 9), date(2026, 1, 13)), SPAN.first, SPAN.last
    )
    assert wide.value == exact.value
    assert wide.se > exact.se


def test_a_change_at_the_edge_or_of_unknown_value_is_unpriced():
    edge = lost_since(dropping, change(SPAN.first, SPAN.first, SPAN.first), SPAN.first, SPAN.last)
    assert edge.value is None
    cut = date(2026, 1, 11)
    none = lost_since(
        lambda period: unknown("no price", "EUR", period=period),
        change(cut, cut, cut), SPAN.first, SPAN.last,
    )  # fmt: skip
    assert none.reason == "no price"
