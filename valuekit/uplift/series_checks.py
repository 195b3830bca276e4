"""What a series says against itself: pretended launches, bad luck before the launch, memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from valuekit.critical import chi2_p, two_sided_p
from valuekit.uplift.interrupted import LEAST
from valuekit.uplift.panel import Floats
from valuekit.uplift.series import Gap, Series

PRETENDED = (0.5, 0.65, 0.8)  # of the time before the launch
STRETCH = {"day": 14, "week": 4, "month": 3, "quarter": 2, "year": 2}
FEWEST = 10  # earlier stretches that the last one is compared with
_WINDOW = 2  # a pretended launch is followed for at least this many periods
_LAGS = 10


class Fitted(Protocol):
    """A series with its counterfactual."""

    @property
    def expected(self) -> Floats:
        """Totals that would have been, shape (T,)."""
        ...

    @property
    def past(self) -> Floats:
        """What trend, season and controls leave of the rates before the launch."""
        ...

    def gap(self, share: Floats) -> Gap | None:
        """Seen less expected over shares of the periods."""
        ...

    def log_error(self, share: Floats, found: Gap) -> float | None:
        """Standard error of ln(seen / expected)."""
        ...


Fit = Callable[[Series, int], "Fitted | str"]
"""Fits a series, asking for so many periods before its launch."""


@dataclass(frozen=True, slots=True)
class Placebo:
    """The effect of a launch that never was.

    Attributes:
        day: Its day.
        value: Effect over the periods that followed, as a share of what was expected; the effect
            itself where nothing was expected.
        p_value: Against no effect.
    """

    day: date
    value: float
    p_value: float


def placebos(made: Series, fit: Fit) -> tuple[Placebo, ...]:
    """Launches pretended at 50%, 65% and 80% of the time before the real one.

    Each is followed for as long as the real one, at most to the next.
    """
    past = made.kept(~made.treated)
    n, length = len(past.time), int(made.treated.sum())
    starts = sorted({int(n * one) for one in PRETENDED})
    found = []
    for start, following in zip(starts, (*starts[1:], n), strict=True):
        end = min(start + max(length, _WINDOW), following)
        place = np.arange(n)
        part = past.kept(place < end, place >= start)
        least = max(8, min(LEAST[made.frequency] // 2, start))
        one = fit(part, least)
        gap = None if isinstance(one, str) else one.gap(part.treated.astype(np.float64))
        if gap is None or not gap.se:
            continue
        size = gap.value / gap.base if gap.base > 0 else gap.value
        day = part.days[part.treated][0].item()
        found.append(Placebo(day, size, two_sided_p(gap.value / gap.se, gap.df)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Luck:
    """How the last stretch before the launch compares with earlier ones.

    Attributes:
        periods: Its length.
        share: Share of earlier stretches that were as bad or worse.
        without: Effect per period when it is left out of the fit; None where it cannot be.
    """

    periods: int
    share: float
    without: Gap | None


def luck(made: Series, found: Fitted, fit: Fit, *, higher_is_better: bool) -> Luck | None:
    """The stretch before the launch against all earlier ones, trend and season taken out.

    A launch is often decided after bad weeks, and bad weeks are followed by better ones whatever
    is launched (regression to the mean). None when there are too few stretches to compare.
    """
    length = STRETCH[made.frequency]
    before = np.flatnonzero(~made.treated)
    rest = found.past
    if len(rest) < 2 * length + FEWEST - 1:
        return None
    sums = np.convolve(rest, np.ones(length), "valid") * (1.0 if higher_is_better else -1.0)
    earlier = sums[:-length]
    share = float((earlier <= sums[-1]).mean())
    keep = np.ones(len(made.time), dtype=bool)
    keep[before[-length:]] = False
    part = made.kept(keep)
    one = fit(part, max(8, LEAST[made.frequency] - length))
    after = part.treated.astype(np.float64)
    return Luck(length, share, None if isinstance(one, str) else one.gap(after))


def remembers(residuals: Floats, order: int = 0) -> tuple[float, float, int] | None:
    """Ljung & Box (1978) on whitened residuals: Q, p-value and lags; None for too few.

    Args:
        residuals: Standardised, in their order.
        order: Parameters of the noise, taken off the degrees of freedom.
    """
    n = len(residuals)
    lags = min(_LAGS + order, n // 4)
    size = float(residuals @ residuals)
    if lags <= order or size <= 0:
        return None
    q = 0.0
    for lag in range(1, lags + 1):
        r = float(residuals[lag:] @ residuals[:-lag]) / size
        q += r * r / (n - lag)
    q *= n * (n + 2)
    return q, chi2_p(q, lags - order), lags
