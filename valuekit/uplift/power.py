"""How large a holdout settles a question: sample sizes, detectable effects, and a plan in words.

N m^2-rule: se(N) = sqrt(s1^2/(N (1 - q)) + s0^2/(N q)) with control share q, and an effect is
found with 80% power once effect >= m se, m = 1.96 + 0.84 = 2.8 for one look at a declared date
and 3.06 + 0.84 = 3.9 when it is watched daily by a confidence sequence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import special

from valuekit.critical import critical
from valuekit.facts import period_of
from valuekit.uplift.arms import ArmFacts, Epochs, arm_epochs, treated_arms
from valuekit.uplift.sequence import multiplier

WATCHED = multiplier(2, 1)  # at the registered N, twice the information where it is tightest


@dataclass(frozen=True, slots=True)
class Plan:
    """What would settle whether the effect is at least ``effect``.

    Attributes:
        effect: Effect per unit to be told from zero, in the metric.
        units: Units needed in all arms together, for one look at a declared date.
        units_watched: The same when it is watched every day.
        days: Further days at today's traffic and split; None without traffic.
        days_watched: The same when watched.
        control_share: Today's share of control units.
        mde: Smallest effect that today's units detect with 80% power.
        text: The plan in a sentence or two.
    """

    effect: float
    units: int
    units_watched: int
    days: int | None
    days_watched: int | None
    control_share: float
    mde: float
    text: str


def z_power(power: float = 0.8) -> float:
    """Normal quantile of the power, 0.84 for 80%."""
    return float(special.ndtri(power))


def mde(se: float, *, power: float = 0.8, watched: bool = False, level: float = 0.95) -> float:
    """Smallest effect found with the given power at a standard error, ``(m + z_power) se``."""
    return ((WATCHED if watched else critical(level)) + z_power(power)) * se


def units_needed(
    variance_treated: float,
    effect: float,
    *,
    variance_control: float | None = None,
    control_share: float = 0.5,
    power: float = 0.8,
    watched: bool = False,
) -> int:
    """Units in both arms together that find ``effect`` with the given power.

    ``N = ((m + z_power) / effect)^2 (s1^2/(1 - q) + s0^2/q)``.

    Args:
        variance_treated: Variance of a treated unit's outcome.
        effect: Difference per unit to be found, not zero.
        variance_control: Variance of a control unit's outcome; the treated one's by default.
        control_share: Share q of units in the control arm.
        power: Chance to find it.
        watched: Whether the result is read every day by a confidence sequence.

    Raises:
        ValueError: when the effect is zero or the share not strictly between 0 and 1.
    """
    if effect == 0 or not 0 < control_share < 1:
        msg = f"an effect of {effect} with a control share of {control_share} cannot be planned for"
        raise ValueError(msg)
    base = variance_treated if variance_control is None else variance_control
    per_unit = variance_treated / (1 - control_share) + base / control_share
    return math.ceil(mde(1.0, power=power, watched=watched) ** 2 * per_unit / effect**2)


def sample_size_rule(variance: float, effect: float) -> int:
    """Units per arm by the rule of thumb 16 s^2 / effect^2 (Kohavi et al. 2009, sec. 3.2).

    >>> sample_size_rule(0.05 * 0.95, 0.05 * 0.05)
    121600
    """
    return round(16 * variance / effect**2)


def settle(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    effect: float,
    days: int | None = None,
    per: str = "unit",
    epochs: Epochs | None = None,
) -> Plan | None:
    """Units and days that would tell an effect from zero, from the traffic seen so far.

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        effect: Difference per unit that matters: the break-even effect, or the observed one.
        days: Days over which the units came; the frame's days by default.
        per: Name of one unit, for the text.
        epochs: The frame merged by epoch and arm already, where it is at hand.

    Returns:
        The plan, or None when an arm has fewer than two units, or the effect is zero.
    """
    epochs = arm_epochs(frame) if epochs is None else epochs
    latest = _latest(epochs, control, treated)
    if latest is None or effect == 0:
        return None
    base, rest = latest
    n = base.n + rest.n
    share = base.n / n
    period = period_of(frame)
    rate = n / (days or (period.days if period else 1))
    spread = base.var / base.n + rest.var / rest.n
    need, watched = (
        units_needed(
            rest.var, effect, variance_control=base.var, control_share=share, watched=looked
        )
        for looked in (False, True)
    )
    left, left_watched = (max(math.ceil((units - n) / rate), 0) for units in (need, watched))
    text = _text(need, n, left, left_watched, rate, share, per)
    return Plan(abs(effect), need, watched, left, left_watched, share, mde(math.sqrt(spread)), text)


@dataclass(frozen=True, slots=True)
class _Side:
    n: int
    var: float


def _latest(
    epochs: Epochs, control: str, treated: str | Sequence[str] | None
) -> tuple[_Side, _Side] | None:
    names = {arm for arms in epochs.values() for arm in arms}
    chosen = treated_arms(names, control, treated)
    base = [arms[control] for arms in epochs.values() if control in arms]
    rest = [arms[name] for arms in epochs.values() for name in chosen if name in arms]
    sides = (_side(base), _side(rest))
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def _side(parts: Sequence[ArmFacts]) -> _Side | None:
    if not parts:
        return None
    moments = ArmFacts.merged(parts).moments
    if moments.n < 2 or moments.variance() <= 0:
        return None
    return _Side(moments.n, moments.variance())


def _text(need: int, n: int, left: int, watched: int, rate: float, share: float, per: str) -> str:
    if need <= n:
        return f"The {n:,} {per}s seen so far are enough to settle an effect of this size."
    return (
        f"About {need:,} {per}s in all would settle it; there are {n:,}. At {rate:,.0f} a day and "
        f"a control share of {share:.0%} that takes {left:,} more days for one look at a "
        f"date fixed now, {watched:,} when it is watched every day."
    )
