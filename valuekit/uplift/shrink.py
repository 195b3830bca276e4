"""Sums without the winner's curse: estimates shrunk before the winners are picked.

A model that looks best was, on average, lucky; the sum of those told from zero is too high. On
the scale of standard errors, z_i = v_i / se_i ~ N(zeta_i, 1), all estimates are shrunk towards
zero by the positive-part rule of James & Stein (1961; Efron & Morris 1973, JASA 68:117)

    v_i (1 - B),  B = min(1, (k - 2) / sum z^2),

which is the empirical Bayes mean under zeta_i ~ N(0, A) (van Zwet, Schwab & Senn 2021, Statistics
in Medicine 40:6107, on signal-to-noise ratios). Its variance, with what is not known of B, is
se_i^2 (1 - B) + 2 B^2 v_i^2 / (k - 2) (Morris 1983, JASA 78:47). Because a posterior mean does not
depend on why a model was picked, the sum over winners needs no further correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 3  # estimates below which their spread cannot be told
RULE = (
    "positive-part James-Stein on values in standard errors, towards zero: "
    "kept share 1 - min(1, (k - 2) / sum of squared z)"
)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Estimates after shrinkage.

    Attributes:
        kept: Share of each estimate that is kept, 1 - B.
        values: Shrunk values, in the order given.
        errors: Their standard errors.
    """

    kept: float
    values: tuple[float, ...]
    errors: tuple[float, ...]


def shrink(values: Sequence[float], errors: Sequence[float]) -> Shrunk | None:
    """All estimates shrunk towards zero by one factor; None with fewer than three.

    Args:
        values: Estimates, independent.
        errors: Their standard errors, positive.

    Raises:
        ValueError: when a standard error is not positive.

    >>> shrink([3.0, 2.0, 1.0], [1.0, 1.0, 1.0]).kept
    0.9285714285714286
    """
    if any(one <= 0 for one in errors) or len(values) != len(errors):
        msg = "every estimate needs a positive standard error"
        raise ValueError(msg)
    k = len(values)
    if k < LEAST:
        return None
    squares = math.fsum((v / se) ** 2 for v, se in zip(values, errors, strict=True))
    lost = min(1.0, (k - 2) / squares) if squares > 0 else 1.0
    made = tuple(v * (1 - lost) for v in values)
    spread = tuple(
        math.sqrt(se**2 * (1 - lost) + 2 * (lost * v) ** 2 / (k - 2))
        for v, se in zip(values, errors, strict=True)
    )
    return Shrunk(1 - lost, made, spread)
