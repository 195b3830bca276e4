"""Return on what was spent."""

from __future__ import annotations

from dataclasses import replace

from valuekit.estimate import Estimate, unknown

METHOD = "net value / cost"


def roi(net_value: Estimate, cost: Estimate) -> Estimate:
    """ROI = net value / cost, per unit of money spent: 0 breaks even, -1 earned nothing.

    A cost of zero, or a negative one (credits), makes the ratio undefined: unknown, never
    infinite.
    """
    if net_value.value is None:
        return unknown(net_value.reason, "1", period=net_value.period, method=METHOD)
    if cost.value is None:
        return unknown(cost.reason, "1", period=net_value.period, method=METHOD)
    if cost.value <= 0:
        why = (
            "undefined: the cost is zero" if cost.value == 0 else "undefined: the cost is negative"
        )
        return unknown(why, "1", period=net_value.period, method=METHOD)
    return replace(net_value.scaled(1 / cost.value, "1"), method=METHOD)
