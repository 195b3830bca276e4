"""Panel facts from raw rows, by the plainest arithmetic."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from tests.bookkeeping import rows as fact_rows

FIRST = date(2026, 1, 1)


def panel_frame(rows: pd.DataFrame, metric: str = "y") -> pd.DataFrame:
    """Panel facts of rows with columns day, group, y; optional treated_from, arm, block, offset."""
    blank = {"treated_from": "", "arm": "", "block": 0, "offset": 0.0}
    full = rows.assign(**{name: value for name, value in blank.items() if name not in rows})
    full = full.assign(y=full["y"].astype(float))
    parts = full.groupby(["day", "group", "treated_from", "arm", "block"])
    full["square"] = (full["y"] - parts["y"].transform("mean")) ** 2
    made = parts.agg(
        n=("y", "size"), mean_y=("y", "mean"), c_yy=("square", "sum"), offset=("offset", "sum")
    )
    made = made.reset_index().assign(metric=metric)
    return fact_rows("panel", *made.to_dict("records"))


def days(count: int) -> list[date]:
    """Consecutive days from the first one."""
    return [FIRST + timedelta(days=step) for step in range(count)]


def grouped_rows(
    groups: int = 12,
    treated: int = 5,
    periods: int = 30,
    launch: int = 18,
    effect: float = 2.0,
    each: int = 1,
    seed: int = 1,
) -> pd.DataFrame:
    """Raw rows of groups by day, the first ``treated`` of them launched on one day."""
    rng = np.random.default_rng(seed)
    made = []
    common = rng.normal(0, 1, periods)
    for group in range(groups):
        start = FIRST + timedelta(days=launch) if group < treated else None
        level = rng.normal(10, 3)
        for step, day in enumerate(days(periods)):
            on = start is not None and day >= start
            y = level + common[step] + effect * on + rng.normal(0, 1, each)
            made += [
                {
                    "day": day, "group": f"g{group:02}", "y": one, "on": int(on),
                    "treated_from": start.isoformat() if start else "",
                    "t": int(start is not None), "p": int(step >= launch),
                }
                for one in y
            ]  # fmt: skip
    return pd.DataFrame(made)
