"""E-value: how strong an unmeasured cause would have to be to explain an association away."""

from __future__ import annotations

import math


def e_value(risk_ratio: float) -> float:
    """E-value of a risk ratio or of the interval limit nearer to 1.

    RR + sqrt(RR (RR - 1)) for RR of at least 1, else of 1/RR (VanderWeele & Ding 2017, Annals of
    Internal Medicine 167:268).

    Raises:
        ValueError: when the ratio is not positive.

    >>> round(e_value(3.9), 2), round(e_value(1.8), 2)
    (7.26, 3.0)
    """
    if risk_ratio <= 0:
        msg = f"a risk ratio is positive, this one is {risk_ratio}"
        raise ValueError(msg)
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))
