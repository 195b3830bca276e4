"""Sample-ratio mismatch that may be looked at every day.

Bayes factor of "another split" against the declared one, a martingale under the declared one: by
Ville's inequality the smallest 1/BF of all days so far is a p-value whenever it is read (Lindon &
Malek 2022, Anytime-valid inference for multinomial count data, NeurIPS). For counts n of the arms
at declared shares q and a Dirichlet(k q) prior, with B the multivariate beta function,

    BF = B(k q + n) / B(k q) / prod q_i^n_i.

k = 100 finds gross losses early, k = 10,000 small ones late; the mean of both Bayes factors is a
martingale, too. A change of the declared share begins a factor of its own; the factors multiply.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

REST = ""  # the side of all arms without a declared share of their own
CONCENTRATIONS = (100.0, 10_000.0)
Floats = NDArray[np.float64]


def sides(units: Mapping[str, int], expected: Mapping[str, float]) -> dict[str, int]:
    """Units by declared side; arms without a share of their own are together on `REST`."""
    found = {arm: units.get(arm, 0) for arm in expected}
    if REST in found:
        found[REST] = sum(n for arm, n in units.items() if arm not in expected)
    return found


def log_bayes_factor(counts: Floats, shares: Floats, k: float) -> Floats:
    """Log Bayes factor against the declared shares, for running counts (day, side)."""
    prior = k * shares
    made = special.gammaln(prior + counts).sum(axis=1) - special.gammaln(k + counts.sum(axis=1))
    made -= special.gammaln(prior).sum() - special.gammaln(k)
    return np.asarray(made - counts @ np.log(shares), dtype=np.float64)


def sequential_p(frame: pd.DataFrame, shares: Mapping[str, Mapping[str, float]]) -> float:
    """p-value of the declared split, valid on any day.

    Args:
        frame: Effect rows of one metric and segment; all days, because only units count.
        shares: Declared share of every side by epoch, `REST` for all arms that are not named;
            other epochs, and those with a share of 0, are left out.
    """
    used = frame[(frame["arm"] != "") & frame["epoch"].isin(list(shares))]
    if used.empty:
        return 1.0
    days = np.unique(used["day"].to_numpy())
    logs = np.zeros((len(CONCENTRATIONS), len(days)))
    for epoch, rows in used.groupby("epoch"):
        expected = shares[str(epoch)]
        if min(expected.values()) <= 0:
            continue
        side = rows["arm"].where(rows["arm"].isin(list(expected)), REST)
        daily = pd.crosstab(rows["day"], side, rows["units"], aggfunc="sum").fillna(0.0)
        running = daily.reindex(index=days, columns=list(expected), fill_value=0).cumsum()
        counts = running.to_numpy(dtype=np.float64)
        declared = np.array(list(expected.values()))
        for number, k in enumerate(CONCENTRATIONS):
            logs[number] += log_bayes_factor(counts, declared, k)
    mixed = special.logsumexp(logs, axis=0) - np.log(len(CONCENTRATIONS))
    return float(np.exp(-max(float(np.max(mixed)), 0.0)))
