"""Critical values and p-values of t, normal and chi-square (scipy.special is light to import)."""

from __future__ import annotations

import math

from scipy import special


def critical(level: float = 0.95, df: float | None = None) -> float:
    """Two-sided critical value of Student's t with ``df``, or of the normal when None.

    Raises:
        ValueError: when the level is not strictly between 0 and 1.

    >>> round(critical(), 3), round(critical(0.95, 10), 3)
    (1.96, 2.228)
    """
    if not 0 < level < 1:
        msg = f"confidence level {level} is not between 0 and 1: write 0.95 for 95%"
        raise ValueError(msg)
    upper = 0.5 + level / 2
    if df is None or math.isinf(df):
        return float(special.ndtri(upper))
    return float(special.stdtrit(df, upper))


def two_sided_p(statistic: float, df: float | None = None) -> float:
    """Two-sided p-value of a t (``df`` given) or z statistic.

    >>> round(two_sided_p(1.959964), 4)
    0.05
    """
    if df is None or math.isinf(df):
        return float(2 * special.ndtr(-abs(statistic)))
    return float(2 * special.stdtr(df, -abs(statistic)))


def chi2_p(statistic: float, df: int) -> float:
    """Upper tail of the chi-square distribution.

    >>> round(chi2_p(3.841459, 1), 4)
    0.05
    """
    return float(special.chdtrc(df, statistic))
