"""A cap found mostly from units that had no past: too low, because new units counted as 0.

The cap is a percentile of what units had in the window before exposure (`connectors/sql/caps.py`).
A sign-up has nothing there, as a customer who did not buy has; only the window after exposure tells
them apart. With p the share of units with an outcome before, and q that of the control arm, which
no model moved, in a window of the same length after exposure, fewer than half of the units existed
where

    q - 2 p > 1.96 sqrt(q (1 - q) / n_0 + 4 p (1 - p) / n),

by the normal approximation (two independent shares). The cap is then left aside, not changed: it
stays registered, and nothing is chosen by looking at how much treated units brought.
"""

from __future__ import annotations

import math

LEAST = 0.5  # share of units that existed before exposure, below which a found cap is left aside
_BEYOND_CHANCE = 1.96


def diluted(before: int, units: int, after: int, control: int) -> str:
    """Why a found cap is left aside; empty where it may stand.

    Args:
        before: Units with an outcome other than 0 in the window before exposure.
        units: Units the cap was found from.
        after: Units of the control arm with an outcome other than 0 in their own window.
        control: Units of the control arm.

    >>> diluted(20, 1000, 100, 1000)
    'only 2.0% of units had an outcome in the window before exposure, 10.0% of control units after'
    >>> diluted(90, 1000, 100, 1000)
    ''
    """
    if not units or not control:
        return ""
    p, q = before / units, after / control
    spread = q * (1 - q) / control + p * (1 - p) / (units * LEAST**2)
    if q - p / LEAST <= _BEYOND_CHANCE * math.sqrt(spread):
        return ""
    return (
        f"only {p:.1%} of units had an outcome in the window before exposure, "
        f"{q:.1%} of control units after"
    )
