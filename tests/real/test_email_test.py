"""The e-mail campaign (Hillstrom 2008): differences per customer as published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from valuekit.api import Workspace
from valuekit.scorecard import EvidenceReport


@pytest.fixture(scope="module")
def report(refreshed: Callable[[str], Workspace]) -> EvidenceReport:
    return refreshed("email_test").scorecard("email").evidence[0]


def test_spend_per_customer(report: EvidenceReport) -> None:
    """Men's e-mail against none: +$0.770 per customer, 21,307 and 21,306 customers."""
    assert report.effect.value == pytest.approx(0.770, abs=5e-4)
    assert report.effect.resolved
    units = {arm.name: arm.units for arm in report.arms}
    assert units["Mens E-Mail"] == 21_307
    assert units["No E-Mail"] == 21_306
    assert report.money.value == pytest.approx(0.769827 * 21_307, rel=1e-5)


def test_visits_and_conversions(report: EvidenceReport) -> None:
    """Visit +7.66 and conversion +0.68 percentage points."""
    others = {one.key: one.estimate for one in report.others}
    visit = next(one for key, one in others.items() if "visit" in key and "Mens" in key)
    conversion = next(one for key, one in others.items() if "conversion" in key and "Mens" in key)
    assert visit.value == pytest.approx(0.0766, abs=5e-5)
    assert conversion.value == pytest.approx(0.0068, abs=5e-5)


def test_cuped_on_history_does_not_move_the_estimate(report: EvidenceReport) -> None:
    """Adjusting by spend of the year before moves it by less than half a standard error."""
    adjusted = next(one.estimate for one in report.others if "cuped" in one.key)
    assert adjusted.value is not None
    assert report.effect.value is not None
    assert report.effect.se is not None
    assert abs(adjusted.value - report.effect.value) < 0.5 * report.effect.se


def test_no_declared_split_costs_a_grade(report: EvidenceReport) -> None:
    assert report.grade == "B"
    assert any("split" in reason for reason in report.grade_reasons)


def test_no_costs_is_unknown_not_free(refreshed: Callable[[str], Workspace]) -> None:
    year = refreshed("email_test").scorecard("email").period("year")
    assert year is not None
    assert year.cost_attributed.value is None
    assert year.net.value is None
    assert year.net.reason
