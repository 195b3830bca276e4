"""Sample-ratio mismatch that may be looked at every day.

Bayes factor of "another split" against the declared one, a martingale under the declared one: by
Ville's inequality the smallest 1/BF of all days so far is a p-value whenever it is read (Lindon &
Malek 2022, Anytime-valid inference for multinomial count data, NeurIPS). For counts (a, b) of
control and other units at declared share q and a Beta(k q, k (1 - q)) prior

    BF = B(k q + a, k (1 - q) + b) / B(k q, k (1 - q)) / (q^a (1 - q)^b).

k = 100 finds gross losses early, k = 10,000 small ones late; the mean of both Bayes factors is a
martingale, too. A change of the declared share begins a factor of its own; the factors multiply.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

CONCENTRATIONS = (100.0, 10_000.0)
Floats = NDArray[np.float64]


def log_bayes_factor(control: Floats, rest: Floats, share: float, k: float) -> Floats:
    """Log Bayes factor against the declared share, for running counts of both sides."""
    a, b = k * share, k * (1 - share)
    null = control * np.log(share) + rest * np.log1p(-share)
    return np.asarray(
        special.betaln(a + control, b + rest) - special.betaln(a, b) - null, dtype=np.float64
    )


def sequential_p(frame: pd.DataFrame, control: str, shares: Mapping[str, float]) -> float:
    """p-value of the declared split, valid on any day.

    Args:
        frame: Effect rows of one metric and segment; all days, because only units count.
        control: Control arm; every other arm is on the other side.
        shares: Declared share of control by epoch; other epochs are left out.
    """
    used = frame[(frame["arm"] != "") & frame["epoch"].isin(list(shares))]
    if used.empty:
        return 1.0
    days = np.unique(used["day"].to_numpy())
    logs = np.zeros((len(CONCENTRATIONS), len(days)))
    for epoch, rows in used.groupby("epoch"):
        share = shares[str(epoch)]
        if not 0 < share < 1:
            continue
        sides = [
            rows[(rows["arm"] == control) == is_it].groupby("day")["units"].sum()
            for is_it in (True, False)
        ]
        counts = [side.reindex(days, fill_value=0).cumsum().to_numpy(float) for side in sides]
        for number, k in enumerate(CONCENTRATIONS):
            logs[number] += log_bayes_factor(counts[0], counts[1], share, k)
    mixed = special.logsumexp(logs, axis=0) - np.log(len(CONCENTRATIONS))
    return float(np.exp(-max(float(np.max(mixed)), 0.0)))
