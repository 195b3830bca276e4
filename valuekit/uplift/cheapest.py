"""The cheapest holdout that would tell an effect from zero, read every day or once.

A holdout of control share q sees an effect d with 80% power after N units with N = ((m + z) / d)^2
(s1^2/(1 - q) + s0^2/q) (:mod:`valuekit.uplift.power`), m the multiplier of the sequence at its
registered N when it is read every day. Its control units forgo what the model brings: cost
= q N x value of a unit. A small share costs little a day but takes long, so shares are compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from valuekit.uplift.power import mde, units_needed

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is known of the units before a holdout.

    Attributes:
        treated: Variance of the outcome of a unit with the model, in money.
        control: Variance of the outcome of a unit without it.
        rate: New units a day.
        wait: Days from a unit's exposure to its complete outcome.
    """

    treated: float
    control: float
    rate: float
    wait: int = 0

    def variance(self, share: float) -> float:
        """Variance of the difference times the number of units in both arms."""
        return self.treated / (1 - share) + self.control / share

    def detectable(self, units: float, share: float, *, watched: bool) -> float:
        """Smallest effect a unit that so many units show with 80% power."""
        return mde(math.sqrt(self.variance(share) / units), watched=watched)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan rests on.

    Attributes:
        traffic: Units a day and variances of the outcome in money.
        worth: Money that a unit is believed to bring with the model; None when unknown.
        sought: Money a unit that has to be told from zero; None when nobody knows.
        per: ``unit`` or ``prediction``.
        source: Where the numbers come from, in words.
    """

    traffic: Traffic
    worth: float | None
    sought: float | None
    per: str
    source: str


@dataclass(frozen=True, slots=True)
class Way:
    """A holdout that would settle it.

    Attributes:
        share: Share of units without the model.
        units: Units in both arms.
        exposure: Days on which units enter.
        days: Days until the last outcome is complete.
        cost: Value that its control units are expected to forgo, effect times control units;
            negative where the model is believed to lose money.
    """

    share: float
    units: int
    exposure: int
    days: int
    cost: float


def way(traffic: Traffic, effect: float, share: float, worth: float, *, watched: bool) -> Way:
    """The holdout of one share that finds an effect with 80% power.

    Args:
        traffic: What is known of the units.
        effect: Money a unit to be told from zero, not zero.
        share: Share of control units.
        worth: Money that a unit is believed to bring, for the opportunity cost.
        watched: Whether it is read every day.
    """
    units = units_needed(
        traffic.treated,
        effect,
        variance_control=traffic.control,
        control_share=share,
        watched=watched,
    )
    exposure = max(math.ceil(units / traffic.rate), 1)
    cost = worth * share * units
    return Way(share, units, exposure, exposure + traffic.wait, cost)


def cheapest(
    traffic: Traffic, effect: float, worth: float, *, watched: bool = True, most: int = MOST_DAYS
) -> Way | None:
    """The cheapest holdout within ``most`` days, the shorter of equal cost; None if none fits."""
    ways = [way(traffic, effect, share, worth, watched=watched) for share in SHARES]
    return min(
        (one for one in ways if one.days <= most),
        key=lambda one: (max(one.cost, 0.0), one.days),
        default=None,
    )
