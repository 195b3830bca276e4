"""Effect by time since the launch, in the price of the metric, for the page to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.designs.grouped import entry
from valuekit.critical import critical
from valuekit.estimate import Estimate
from valuekit.scorecard import LaunchEffect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from valuekit.assess.designs.trial import Trial
    from valuekit.uplift.since_launch import Stretch


def launch_effects(trial: Trial, found: Iterable[Stretch], n: int) -> tuple[LaunchEffect, ...]:
    """Stretches of periods since the launch, per row, each with its own interval and the band.

    Args:
        trial: Metric and price.
        found: The stretches.
        n: Groups they rest on.
    """
    return tuple(_effect(trial, one, n) for one in found)


def _effect(trial: Trial, one: Stretch, n: int) -> LaunchEffect:
    half = None if one.se is None else critical(0.95, one.df) * one.se
    effect = Estimate(
        value=one.value,
        unit="",
        low=None if half is None else one.value - half,
        high=None if half is None else one.value + half,
        se=one.se,
        df=one.df,
        n=n,
        reason="" if half is not None else "groups are too few or alike for an interval",
    ).scaled(trial.value, f"{trial.unit}/{entry(trial)}")
    if one.se is None or one.band is None:
        return LaunchEffect(one.first, one.last, effect)
    wide = one.band * one.se
    ends = sorted(((one.value - wide) * trial.value, (one.value + wide) * trial.value))
    return LaunchEffect(one.first, one.last, effect, ends[0], ends[1])
