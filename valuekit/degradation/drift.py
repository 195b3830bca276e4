"""Has the score moved: population stability with a threshold that knows the sample size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from valuekit.scorecard import Drift
from valuekit.text import count

if TYPE_CHECKING:
    from valuekit.degradation.performance import Floats

FLOOR = 0.02  # a smaller PSI is no alert, however significant
MOST_BINS = 20
LEAST_BINS = 2
EXPECTED = 10


def merged_bins(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """Neighbouring bins merged to at most 20 of about equal reference mass.

    Every merged bin holds at least ten rows of the reference and, at the reference's shares, is
    expected to hold at least ten current ones.
    """
    n, m = reference.sum(), current.sum()
    if min(n, m) < LEAST_BINS * EXPECTED:
        return np.array([n]), np.array([m])
    wanted = int(min(MOST_BINS, min(n, m) // EXPECTED))
    target = max(n / wanted, EXPECTED, EXPECTED * n / m)
    starts, held, left = [0], 0.0, float(n)
    for place, mass in enumerate(reference):
        # The rest must fill a bin of its own too.
        if held >= target - 1e-9 and left >= target - 1e-9:
            starts.append(place)
            held = 0.0
        held += float(mass)
        left -= float(mass)
    return np.add.reduceat(reference, starts), np.add.reduceat(current, starts)


def psi(reference: Floats, current: Floats) -> float:
    """PSI = sum (q - p) ln(q / p) with p, q the shares of reference and current by bin.

    An empty current bin counts as half a row, so that the sum stays finite.
    """
    p = reference / reference.sum()
    q = np.maximum(current, 0.5) / current.sum()
    return float(((q - p) * np.log(q / p)).sum())


def drift(name: str, reference: Floats, current: Floats) -> Drift:
    """Compare two binned distributions.

    Without drift PSI / (1/N + 1/M) is chi-square with B - 1 degrees of freedom (Yurdakul &
    Naranjo 2020, Journal of Risk Model Validation), so a fixed 0.1 or 0.25 alarms on small
    samples and sleeps on large ones. Alert: significant at 5% and PSI above 0.02.

    Args:
        name: What is compared.
        reference: Rows by bin in the reference, registered and frozen.
        current: Rows by bin now, same bins.
    """
    n, m = int(reference.sum()), int(current.sum())
    p, q = merged_bins(reference, current)
    if len(p) < LEAST_BINS:
        why = (
            f"Too little to compare: {count(n)} rows in the reference, {count(m)} now."
            if min(n, m) < LEAST_BINS * EXPECTED
            else "The reference has a single value, so there is nothing to compare."
        )
        return Drift(
            name, None, None, None, alert=False, n_reference=n, n_current=m, bins=(), text=why
        )
    value = psi(p, q)
    scale = 1 / n + 1 / m
    p_value = float(special.chdtrc(len(p) - 1, value / scale))
    threshold = max(FLOOR, float(special.chdtri(len(p) - 1, 0.05)) * scale)
    alert = p_value < 0.05 and value > FLOOR
    return Drift(
        name=name,
        psi=value,
        p_value=p_value,
        threshold=threshold,
        alert=alert,
        n_reference=n,
        n_current=m,
        bins=tuple(zip((p / n).tolist(), (q / m).tolist(), strict=True)),
        text=_text(name, value, threshold, alert=alert),
    )


def _text(name: str, value: float, threshold: float, *, alert: bool) -> str:
    compared = f"PSI {value:.3f}, alert above {threshold:.3f}"
    if alert:
        return f"The {name} no longer looks as it did in the reference ({compared})."
    return f"The {name} looks as it did in the reference ({compared})."
