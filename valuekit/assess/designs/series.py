"""A series against its counterfactual on the facts of one model: money, effect, course."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.base import no_series
from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import Course, Step
from valuekit.uplift.series import Series, series_of

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.assess.designs.trial import Trial
    from valuekit.degradation.performance import Days, Floats
    from valuekit.uplift.panel import Ints
    from valuekit.uplift.series import Gap
    from valuekit.uplift.series_checks import Fitted

MOST_STEPS = 60
MOST_POINTS = 90
NOT_YET = "the model was not launched yet on these days"
NO_DATA = "there are no data of these days"


def series_in(trial: Trial, segment: str = "all") -> Series:
    """The series of the metric, over the mature days of the design."""
    scene, evidence = trial.scene, trial.evidence
    declared = scene.model.panel
    if declared is None or evidence.from_ is None:
        raise ValueError("a series without a panel and a first treated day")
    rows = scene.fact("panel", scene.mature, segment)
    if scene.mature is None:
        rows = rows[:0]
    if evidence.until is not None:
        rows = rows[rows["day"].dt.date <= evidence.until]
    return series_of(
        _of(rows, trial.name),
        evidence.from_,
        controls={name: _of(rows, name) for name in evidence.controls},
        frequency=declared.frequency,
        season=declared.per_season,
        counted=trial.metric.column is None,
        rate=declared.offset is not None,
    )


def _of(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    return rows[rows["metric"] == metric]


@dataclass(frozen=True, slots=True)
class SeriesMoney:
    """Gaps between a series and its counterfactual as the estimates that a design gives.

    Attributes:
        trial: Metric and price.
        made: The series.
        found: Its counterfactual, or why there is none.
        method: Name of the method.
    """

    trial: Trial
    made: Series
    found: Fitted | str
    method: str

    @property
    def treated(self) -> Floats:
        """1 for each treated period, 0 before the launch."""
        return self.made.treated.astype(np.float64)

    def share(self, period: Period) -> Floats:
        """The part of each treated period that lies in some days, by days."""
        first, last = self.made.spans
        low = np.maximum(first, np.datetime64(period.first))
        high = np.minimum(last, np.datetime64(period.last))
        one = np.timedelta64(1, "D")
        inside = np.maximum((high - low + one) / one, 0.0)
        shares: Floats = self.treated * inside / ((last - first + one) / one)
        return shares

    def money(self, period: Period) -> Estimate:
        """Money over a period; 0 before the launch."""
        trial, unit = self.trial, self.trial.scene.currency
        if not trial.priced:
            why = f"metric {trial.name!r} has no declared money value"
            return unknown(why, unit, period=period)
        if isinstance(self.found, str):
            return unknown(self.found, unit, period=period, method=self.method)
        if trial.evidence.from_ is not None and period.last < trial.evidence.from_:
            return Estimate(0.0, unit, method=NOT_YET, period=period)
        gap = self.found.gap(self.share(period))
        if gap is None:
            return unknown(NO_DATA, unit, period=period, method=self.method)
        return self._estimate(gap, period).scaled(trial.value, trial.unit)

    def effect(self, period: Period | None) -> Estimate:
        """Effect per treated period, in money where the metric has a price."""
        unit = f"{self.trial.unit}/{self.made.frequency}"
        if isinstance(self.found, str):
            return unknown(self.found, unit, period=period, method=self.method)
        gap = self.found.gap(self.treated)
        if gap is None:
            return unknown(NO_DATA, unit, period=period, method=self.method)
        return self._estimate(gap, period).scaled(self.trial.value / gap.periods, unit)

    def relative(self, period: Period | None) -> Estimate:
        """Seen over expected, less 1, its interval on the log scale."""
        if isinstance(self.found, str):
            return unknown(self.found, "share", period=period, method=self.method)
        gap = self.found.gap(self.treated)
        se = None if gap is None else self.found.log_error(self.treated, gap)
        if gap is None or se is None:
            why = "seen and expected totals are not both above 0: there is no ratio"
            return unknown(why, "share", period=period)
        ratio, spread = gap.seen / gap.base, math.exp(critical(0.95, gap.df) * se)
        return Estimate(
            ratio - 1, "share", ratio / spread - 1, ratio * spread - 1, se=ratio * se, df=gap.df,
            n=len(self.made.time), method=f"{self.method}, log scale", period=period,
        )  # fmt: skip

    def base(self, period: Period) -> float | None:
        """Money that there would have been."""
        if isinstance(self.found, str) or not self.trial.priced:
            return None
        base = float(self.share(period) @ self.found.expected)
        return base * abs(self.trial.value) if base else None

    def daily(self) -> tuple[Days, Floats]:
        """Money of every treated period, on its day."""
        if isinstance(self.found, str) or not self.trial.priced:
            return no_series()
        after = self.made.treated
        over = (self.made.total - self.found.expected)[after]
        return self.made.days[after], over * self.trial.value

    def timeline(self) -> tuple[Step, ...]:
        """Effect per period to date, at up to 60 ends (descriptive)."""
        if isinstance(self.found, str):
            return ()
        steps, after = [], np.flatnonzero(self.made.treated)
        for end in sorted(set(np.linspace(0, len(after) - 1, MOST_STEPS).astype(int))):
            share = np.zeros(len(self.made.time))
            share[after[: end + 1]] = 1.0
            gap = self.found.gap(share)
            if gap is None:
                continue
            one = self._estimate(gap, None).scaled(self.trial.value / gap.periods, "")
            if one.value is not None and one.low is not None and one.high is not None:
                day = self.made.days[after[end]].item()
                steps.append(Step(day, one.value, one.low, one.high))
        return tuple(steps)

    def course(self) -> tuple[Course, ...]:
        """The series beside what would have been, in stretches, at most 90 of them."""
        if isinstance(self.found, str):
            return ()
        width = math.ceil(len(self.made.time) / MOST_POINTS)
        points: list[Course] = []
        for treated in (False, True):
            there = np.flatnonzero(self.made.treated == treated)
            points += [
                self._point(self.found, there[start : start + width], treated=treated)
                for start in range(0, len(there), width)
            ]
        return tuple(points)

    def _point(self, found: Fitted, places: Ints, *, treated: bool) -> Course:
        share = np.zeros(len(self.made.time))
        share[places] = 1 / len(places)
        actual, day = float(share @ self.made.total), self.made.days[places[0]].item()
        gap = found.gap(share)
        if gap is None or gap.low is None or gap.high is None:
            return Course(day, actual, None, None, None, treated)
        return Course(day, actual, gap.base, actual - gap.high, actual - gap.low, treated)

    def _estimate(self, gap: Gap, period: Period | None) -> Estimate:
        return Estimate(
            gap.value, self.trial.name, gap.low, gap.high, se=gap.se, df=gap.df,
            n=len(self.made.time), method=self.method, period=period, notes=self.made.notes,
        )  # fmt: skip
