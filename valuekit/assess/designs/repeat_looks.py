"""How a holdout of customers who come back is read: one look at its end, or a sequence.

The total to date grows by what units bring day by day. Were all of that independent, its variance
would grow with the unit-days spent so far, and the total would be a Brownian motion on that clock.
One customer's orders are alike, which only ties later totals closer to earlier ones: the
correlation of the totals after s and t unit-days is at least sqrt(s/t), so by Slepian's inequality
(1962) the largest of them is crossed no more often than that of the motion. The boundary of the
asymptotic confidence sequence therefore holds with information = unit-days spent over unit-days
planned (benchmarks/simulations/repeat.py measures it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from valuekit.assess.designs.looks import BURN_IN, Looks
from valuekit.assess.designs.plan import DEFAULT_DAYS
from valuekit.estimate import Period
from valuekit.scorecard import Reading, Step
from valuekit.uplift.flow import Flow
from valuekit.uplift.power import WATCHED
from valuekit.uplift.returning import returning
from valuekit.uplift.sequence import TIGHTEST, always_valid_p, multiplier, widened
from valuekit.uplift.watch import BURN_IN_DAYS, BURN_IN_NONZERO
from valuekit.uplift.welch import p_value

if TYPE_CHECKING:
    from valuekit.assess.designs.trial import Trial
    from valuekit.estimate import Estimate
    from valuekit.uplift.returning import Returning


@dataclass(frozen=True)
class RepeatLooks:
    """How a holdout of returning units is read.

    Attributes:
        trial: The holdout.
        flow: Its facts of mature days, to the declared end.
        period: Its days; None before there are any.
        looks: The reading of its dates and plan.
    """

    trial: Trial
    flow: Flow
    period: Period | None
    looks: Looks

    @property
    def fixed(self) -> bool:
        """Whether this is the single look."""
        return self.looks.kind == "fixed"

    @cached_property
    def planned(self) -> float:
        """Unit-days at the planned end, of units that come evenly or all on one day."""
        plan, until = self.looks.registry.plan, self.trial.evidence.until
        if plan is None or self.period is None:
            return 0.0
        days = DEFAULT_DAYS if until is None else (until - self.period.first).days + 1
        entered = self.trial.rows(None)["day"]
        at_once = entered.min() == entered.max()
        return plan.units * (days if at_once else (days + 1) / 2)

    def information(self, last: date) -> float:
        """Unit-days spent by the end of a day, as a share of the planned ones."""
        trial = self.trial
        spent = self.flow.unit_days(last, trial.control, trial.evidence.treated)
        return spent / self.planned if self.planned else 0.0

    def times(self, period: Period) -> float | None:
        """Half-width of the sequence in standard errors; None where there is none."""
        if self.period is None or self.fixed:
            return None
        if period.first > self.period.first:
            return WATCHED
        share = self.information(period.last)
        return multiplier(share, TIGHTEST) if share > 0 else None

    def read(self, estimate: Estimate, period: Period) -> Estimate:
        """An estimate over a period with the interval that it is to carry."""
        times = self.times(period)
        if times is None or not estimate.known:
            return estimate
        note = () if self.ready(period.last) else (BURN_IN,)
        return widened(estimate, times).with_grade(estimate.grade, *note)

    def ready(self, last: date) -> bool:
        """Whether seven days have passed and each side has a hundred units."""
        if self.period is None or (last - self.period.first).days + 1 < BURN_IN_DAYS:
            return False
        trial = self.trial
        whole = Period(self.period.first, last)
        sides = self.flow.sides(whole, trial.control, trial.evidence.treated).values()
        return all(sum(one[at].n for one in sides) >= BURN_IN_NONZERO for at in (0, 1))

    def reading(self, found: Returning, money: Estimate, effect: Estimate) -> Reading | None:
        """Both intervals, the p-value and the band over time; estimates with fixed intervals."""
        plan, whole = self.looks.registry.plan, self.period
        if plan is None or whole is None or not found.total.se or found.total.value is None:
            return None
        share = self.information(whole.last)
        times = multiplier(share, TIGHTEST)
        steps = self.steps()
        z = found.total.value / found.total.se
        always = always_valid_p(z, share, TIGHTEST) if self.ready(whole.last) else None
        told = next((one.day for one in steps if one.low > 0 or one.high < 0), None)
        return Reading(
            kind=self.looks.kind,
            why=self.looks.why,
            fixed_effect=effect,
            fixed_money=money,
            sequence_effect=widened(effect, times),
            sequence_money=widened(money, times),
            p_value=p_value(effect) if self.fixed else always,
            p_kind="fixed horizon" if self.fixed else "always valid",
            planned_units=plan.units,
            information=share,
            steps=steps,
            told_since=None
            if told is None
            else told + timedelta(days=self.trial.scene.days_to_mature),
        )

    def steps(self, *, alone: bool = False) -> tuple[Step, ...]:
        """Effect per treated unit to date, week by week: in the sequence, or each as if alone."""
        if self.period is None:
            return ()
        trial, made = self.trial, []
        first, last = self.period.first, self.period.last
        end = min(first + timedelta(days=6 - first.weekday()), last)
        while True:
            to_date = Period(first, end)
            one = returning(
                self.flow, trial.control, trial.evidence.treated, unit=trial.unit, period=to_date
            ).effect.scaled(trial.value, "")
            if not alone:
                share = self.information(end)
                one = widened(one, multiplier(share, TIGHTEST)) if share > 0 else one
            shown = alone or self.ready(end)
            if shown and one.value is not None and one.low is not None and one.high is not None:
                made.append(Step(end, one.value, one.low, one.high))
            if end >= last:
                return tuple(made)
            end = min(end + timedelta(days=7), last)


def looks_of(trial: Trial) -> RepeatLooks:
    """The reading of a holdout of returning units."""
    mature, until = trial.scene.mature, trial.evidence.until
    rows = trial.scene.fact("flow", mature) if mature else trial.scene.fact("flow")[:0]
    rows = rows[rows["metric"] == trial.name]
    if until is not None:
        rows = rows[rows["day"].dt.date <= until]
    flow = Flow.of(rows)
    period = None
    if len(flow.days) and mature is not None:
        end = mature.last if until is None else min(mature.last, until)
        period = Period(flow.days[0].item(), end)
    looks = Looks.of(trial)
    if looks.kind == "sequence":
        why = looks.why.replace("of the planned", "of the planned unit-days, those of", 1)
        looks = replace(looks, why=why)
    return RepeatLooks(trial, flow, period, looks)
