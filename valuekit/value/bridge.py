"""The value bridge: value added, less each cost, is net value."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from valuekit.cost.lines import MARGINAL, SHARED, SUNK
from valuekit.scorecard import BridgeStep, CostLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_SUFFIX = {MARGINAL: "", SHARED: " (shared)", SUNK: " (one-off)"}


def cost_lines(cost: pd.DataFrame) -> tuple[CostLine, ...]:
    """Cost by category and basis, the largest first."""
    columns = (cost[name].tolist() for name in ("category", "basis", "amount"))
    return _added(zip(*columns, strict=True))


def merged(lines: Iterable[CostLine]) -> tuple[CostLine, ...]:
    """Lines with one category and basis added up, the largest first."""
    return _added((one.category, one.basis, one.amount) for one in lines)


def _added(lines: Iterable[tuple[str, str, Decimal]]) -> tuple[CostLine, ...]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for category, basis, amount in lines:
        sums[category, basis] += amount
    order = sorted(sums, key=lambda key: (-sums[key], key))
    return tuple(CostLine(*key, sums[key]) for key in order)


def bridge(added: Sequence[tuple[str, float]], costs: Sequence[CostLine]) -> tuple[BridgeStep, ...]:
    """Steps from value to net: the first and the last stand on zero, the others float.

    Args:
        added: Value by label, such as measured and assumed; may be negative.
        costs: Cost lines; a negative one is a credit and goes up.

    Returns:
        Steps whose floating amounts add up to the last: the first is a total, further values
        and costs float, and ``Net value`` is the sum. Nothing when no value is known.
    """
    if not added:
        return ()
    (label, amount), *further = added
    steps = [BridgeStep(label, amount, "total")]
    steps += [BridgeStep(name, part, "plus" if part >= 0 else "minus") for name, part in further]
    for one in costs:
        if one.amount:
            part = -float(one.amount)
            name = one.category.replace("_", " ").capitalize() + _SUFFIX.get(one.basis, "")
            steps.append(BridgeStep(name, part, "plus" if part >= 0 else "minus"))
    net = sum(step.amount for step in steps)
    return (*steps, BridgeStep("Net value", net, "total"))
