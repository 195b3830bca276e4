"""Shared costs split over the models: by predictions or evenly, every day, to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from valuekit.cost.lines import SHARED, Charge, frame, records
from valuekit.cost.spread import days_between, largest_remainder, monthly
from valuekit.errors import Finding
from valuekit.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.workspace.declare import Pool, Workspace

Served = dict[str, dict[date, int]]


def allocate(
    workspace: Workspace, volumes: dict[str, pd.DataFrame], first: date, last: date
) -> dict[str, pd.DataFrame]:
    """Split every declared pool over the models, day by day; basis ``shared``.

    The amount of a month is spread over its days to the cent, and the amount of a day over the
    models by their predictions of that day (or evenly) by largest remainder: a pool's parts add
    up to the pool exactly. A day on which the driver is zero for every model is split evenly;
    :func:`undriven` says so.

    Args:
        workspace: The declared workspace.
        volumes: Volume fact by model name.
        first: First day to allocate.
        last: Last day.

    Returns:
        A cost fact by model name, for every model in ``volumes``; may have no rows.
    """
    served = {name: _served(volume) for name, volume in volumes.items()}
    gathered: dict[str, list[Charge]] = {name: [] for name in volumes}
    for pool in workspace.pools:
        for day, amount in monthly(pool.amount, first, last, pool.from_, pool.to):
            names = _sharing(workspace, served, day)
            weights, _ = _weights(pool, served, names, day)
            for name, part in zip(names, largest_remainder(amount, weights), strict=True):
                if part:
                    gathered[name].append(Charge(day, pool.category, SHARED, part))
    return {name: frame(name, charges) for name, charges in gathered.items()}


def undriven(
    workspace: Workspace, volumes: dict[str, pd.DataFrame], first: date, last: date
) -> tuple[Finding, ...]:
    """What to say about pools that had days without any predictions to split by."""
    served = {name: _served(volume) for name, volume in volumes.items()}
    found = []
    for number, pool in enumerate(workspace.pools):
        low = max(first, pool.from_)
        high = last if pool.to is None else min(last, pool.to)
        days = sum(
            not _weights(pool, served, _sharing(workspace, served, day), day)[1]
            for day in days_between(low, high)
        )
        if volumes and days:
            found.append(
                Finding(
                    place=f"pools[{number}] {pool.category}",
                    value=plural(days, "day"),
                    rule="no model served a prediction, so these days were split evenly",
                    remedy='Nothing to do if that is right; else declare driver = "even" or dates.',
                    severity="info",
                    code="pool_without_driver",
                )
            )
    return tuple(found)


def _served(volume: pd.DataFrame) -> dict[date, int]:
    rows = volume[volume["segment"] == "all"]
    by_day: dict[date, int] = defaultdict(int)
    for day, predictions in records(rows, "day", "predictions"):
        by_day[day] += predictions
    return dict(by_day)


def _sharing(workspace: Workspace, served: Served, day: date) -> list[str]:
    """Models alive on a day: launched (or first served) and not retired; all when none is."""
    alive = []
    for name, by_day in served.items():
        model = workspace.models[name]
        start = model.launched or min(by_day, default=None)
        started = start is not None and start <= day
        if by_day.get(day) or (started and (model.retired is None or day <= model.retired)):
            alive.append(name)
    return alive or list(served)


def _weights(pool: Pool, served: Served, names: list[str], day: date) -> tuple[list[int], bool]:
    """Weights by model, and whether the declared driver could be used."""
    if pool.driver == "even":
        return [1] * len(names), True
    weights = [served[name].get(day, 0) for name in names]
    return (weights, True) if any(weights) else ([1] * len(names), False)
