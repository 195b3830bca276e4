"""Difference in differences: the change of treated groups less the change of untreated ones.

Each group is collapsed to the mean after less the mean before the launch, so that days of one
group, which move together, count once (Bertrand, Duflo & Mullainathan 2004, QJE 119:249: with
rows taken as independent, placebo laws were "significant" 45% of the time).
"""

from __future__ import annotations

import numpy as np

from valuekit.uplift.gaps import Gaps
from valuekit.uplift.panel import Floats, Panel


def diff_in_diff(panel: Panel, anticipation: int = 0) -> Gaps | str:
    """Changes of treated and control groups, or why there is nothing to compare.

    Args:
        panel: A panel without gaps whose treated groups share one launch.
        anticipation: Periods before the launch that are left out of the comparison.
    """
    why = comparable(panel, anticipation)
    if why:
        return why
    launch = panel.cohorts[0]
    periods = len(panel.days)
    time = np.zeros(periods)
    time[: launch - anticipation] = 1 / (launch - anticipation)
    control = panel.never
    return gaps_of(panel, np.full(int(control.sum()), 1 / control.sum()), time)


def gaps_of(panel: Panel, unit: Floats, time: Floats) -> Gaps:
    """Changes under unit weights over the untreated groups and time weights over all periods."""
    launch = panel.cohorts[0]
    change = panel.y - (panel.y @ time)[:, None]
    treated = ~panel.never
    return Gaps(
        days=panel.days[launch:],
        actual=panel.y[treated, launch:],
        treated=change[treated, launch:],
        control=change[~treated, launch:],
        share=unit,
        weight=panel.weight[treated, launch:],
    )


def comparable(panel: Panel, anticipation: int = 0) -> str:
    """Why treated groups cannot be compared before and after one launch; empty when they can."""
    cohorts = panel.cohorts
    if not cohorts:
        return "no group is treated within the data"
    if not panel.never.any():
        return "there is no untreated group with data to compare with"
    if len(cohorts) > 1:
        return (
            f"groups were launched at {len(cohorts)} different times: declare design "
            '"staggered", or `from` with one day for all'
        )
    if cohorts[0] - anticipation < 1:
        return "there is no period before the launch"
    return ""


def pre_slopes(panel: Panel) -> Floats | None:
    """Slope a period of each group before the launch; None with fewer than three periods."""
    launch = panel.cohorts[0]
    if launch < 3:
        return None
    t = np.arange(launch) - (launch - 1) / 2
    slopes: Floats = panel.y[:, :launch] @ t / (t @ t)
    return slopes
