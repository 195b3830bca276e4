"""Many models, one p-value each: how many of the findings are chance?

Benjamini & Hochberg (1995, JRSS B 57:289): with p_(1) <= ... <= p_(m) the adjusted p-value of the
i-th is min over j >= i of m p_(j) / j; those at or below q are found, and of the found at most a
share q is false on average, for independent or positively dependent p-values.
"""

from __future__ import annotations

from collections.abc import Mapping

FALSE_DISCOVERY_RATE = 0.10


def benjamini_hochberg(p: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values by name, in the order given.

    Raises:
        ValueError: for a p-value outside 0 to 1.

    >>> benjamini_hochberg({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.5})
    {'a': 0.04, 'b': 0.05333333333333334, 'c': 0.05333333333333334, 'd': 0.5}
    """
    wrong = [value for value in p.values() if not 0 <= value <= 1]
    if wrong:
        msg = f"a p-value lies between 0 and 1, not {wrong[0]}"
        raise ValueError(msg)
    ranked = sorted(p, key=lambda name: p[name], reverse=True)
    adjusted: dict[str, float] = {}
    least = 1.0
    for place, name in enumerate(ranked):
        rank = len(ranked) - place
        least = min(least, p[name] * len(ranked) / rank)
        adjusted[name] = least
    return {name: adjusted[name] for name in p}


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values by name: at or below a, all hold with a chance of error of a.

    With p_(1) <= ... <= p_(m) the i-th is max over j <= i of (m - j + 1) p_(j), at most 1.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    ranked = sorted(p, key=lambda name: p[name])
    adjusted: dict[str, float] = {}
    most = 0.0
    for place, name in enumerate(ranked):
        most = max(most, min(p[name] * (len(ranked) - place), 1.0))
        adjusted[name] = most
    return {name: adjusted[name] for name in p}


def found(p: Mapping[str, float], rate: float = FALSE_DISCOVERY_RATE) -> frozenset[str]:
    """Names whose adjusted p-value is at or below the rate."""
    return frozenset(name for name, one in benjamini_hochberg(p).items() if one <= rate)
