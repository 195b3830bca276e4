"""What treated groups did beyond their comparison, period by period, and its total over any span.

Difference in differences, synthetic control and synthetic difference in differences are one
formula with different weights. With unit weights w over the controls and time weights l over the
periods before the launch,

    r_it  = y_it - sum_s l_s y_is
    total = sum_t sum_i m_it r_it - sum_t M_t sum_h w_h r_ht,     M_t = sum_i m_it,

i over treated, h over control groups, m what turns an effect on y into one on the total. A shock
that all groups share in a period cancels exactly, whatever the weights m are.

Variance. From the spread of groups (Welch on changes, t with G - 2 degrees of freedom: Bertrand,
Duflo & Mullainathan 2004), with M_i = sum_t m_it, d_i = sum_t m_it r_it / M_i and
c_h = sum_t M_t r_ht / M:  V = s1^2 sum M_i^2 + M^2 s0^2 / n0; a single treated group takes the
spread of the controls for its own. Or from placebos: the spread of the same total when each
control is taken for treated (Arkhangelsky et al. 2021, algorithm 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from valuekit.uplift.panel import Bools, Days, Floats


@dataclass(frozen=True, slots=True)
class Total:
    """An effect on the total of the treated groups over some periods.

    Attributes:
        value: The effect, in units of the metric.
        se: Its standard error; None when it cannot be estimated.
        df: Degrees of freedom; None for normal.
        weight: Sum of the weights, so that value / weight is the effect on one unit.
        base: Total that the treated groups would have had, by the comparison.
        groups: Groups on both sides.
        reason: Why there is no standard error.
    """

    value: float
    se: float | None
    df: float | None
    weight: float
    base: float
    groups: int
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Changes of treated and control groups in the T1 periods after a launch.

    Attributes:
        days: Days on which the periods count, shape (T1,).
        actual: Outcomes of the n1 treated groups, shape (n1, T1).
        treated: Their changes r, shape (n1, T1).
        control: Changes of the n0 control groups, shape (n0, T1).
        share: Weights of the control groups, summing to 1, shape (n0,).
        weight: m, shape (n1, T1).
        placebo: Gaps of P placebos, per unit, shape (P, T1); None to use the spread of groups.
    """

    days: Days
    actual: Floats
    treated: Floats
    control: Floats
    share: Floats
    weight: Floats
    placebo: Floats | None = None

    def total(self, chosen: Bools) -> Total | None:
        """Effect on the total over the chosen periods; None when none is chosen."""
        m = self.weight[:, chosen]
        whole = float(m.sum())
        if not whole:
            return None
        by_time = m.sum(axis=0)
        beside = self.control[:, chosen] @ by_time  # one a control group, on the scale of the total
        own = (m * self.treated[:, chosen]).sum(axis=1)
        value = float(own.sum() - self.share @ beside)
        if self.placebo is None:
            se, df, reason = _spread(own, m.sum(axis=1), beside, whole)
        else:
            se, df, reason = _placebos(self.placebo[:, chosen] @ by_time)
        base = float((m * self.actual[:, chosen]).sum()) - value
        groups = len(self.treated) + len(self.control)
        return Total(value, se, df, whole, base, groups, reason)

    def everything(self) -> Total | None:
        """Effect on the total over all periods after the launch."""
        return self.total(np.ones(len(self.days), dtype=bool))


def _spread(
    own: Floats, weight: Floats, beside: Floats, whole: float
) -> tuple[float | None, float | None, str]:
    n1, n0 = int((weight > 0).sum()), len(beside)
    if n0 < 2:
        return None, None, "one control group says nothing of how much groups differ by chance"
    around = float(np.var(beside, ddof=1)) / whole**2  # of one control group, per unit
    spread = float(np.var(own[weight > 0] / weight[weight > 0], ddof=1)) if n1 > 1 else around
    variance = spread * float(weight @ weight) + whole**2 * around / n0
    if variance <= 0:
        return None, None, "every group changed alike, so no uncertainty can be estimated"
    return math.sqrt(variance), float(n1 + n0 - 2), ""


def _placebos(totals: Floats) -> tuple[float | None, float | None, str]:
    if len(totals) < 2:
        return None, None, "two or more control groups are needed for placebos"
    se = float(np.std(totals))
    if se <= 0:
        return None, None, "all placebos are alike, so no uncertainty can be estimated"
    return se, None, ""
