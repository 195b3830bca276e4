"""Terms of a series over time: trend, days of the week, waves of the year, controls.

The columns of a segmented regression (Wagner et al. 2002, J. Clinical Pharmacy and Therapeutics
27:299; Lopez Bernal, Cummins & Gasparrini 2017, Int. J. Epidemiology 46:348).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from valuekit.uplift.panel import Bools, Floats, Ints
from valuekit.uplift.series import YEAR, Series

PAIRS = 2  # waves of the year by default, where the series is long enough
YEARS = 2.0  # length from which a yearly pattern can be told from a trend
_LONGEST = 14  # seasons of up to this many days get a term a day
_ALIKE = 1e-9  # part of a column that the ones before do not explain, below which it is dropped


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Columns of a regression.

    Attributes:
        names: Their names.
        x: Their values, shape (T, k); independent of each other.
        changes: Which of them describe the launch.
        left_out: Names of columns that the others explain already.
    """

    names: tuple[str, ...]
    x: Floats
    changes: Bools
    left_out: tuple[str, ...] = ()

    @property
    def without(self) -> Floats:
        """The columns as if there had been no launch."""
        return np.where(self.changes, 0.0, self.x)


def years(made: Series, chosen: Bools | None = None) -> float:
    """How many years of the calendar a series covers."""
    time = made.time if chosen is None else made.time[chosen]
    length = YEAR.get(made.frequency, 1.0)
    return (int(time[-1] - time[0]) + 1) / length if len(time) else 0.0


def pairs_of(made: Series, harmonics: int | None) -> int:
    """Waves of the year: as declared, else two where the series covers two years."""
    if made.frequency == "year":
        return 0
    if harmonics is not None:
        return harmonics
    return PAIRS if years(made) >= YEARS else 0


def terms(
    made: Series,
    *,
    harmonics: int | None = None,
    change: str = "level_and_slope",
    log: bool = False,
) -> Terms:
    """Columns: constant, level and slope change, trend, weekdays, waves of the year, controls.

    Args:
        made: The series.
        harmonics: Pairs of waves of the year; by default 2 from two years on, else none.
        change: ``level``, ``level_and_slope``, or ``none``.
        log: Controls enter by their logarithm where they are positive.
    """
    columns: dict[str, Floats] = {"constant": np.ones(len(made.time))}
    after = made.treated.astype(np.float64)
    if change != "none" and made.treated.any() and not made.treated.all():
        columns["level change"] = after
        first = int(np.flatnonzero(made.treated)[0])
        if change == "level_and_slope" and made.treated.sum() >= 3:
            columns["slope change"] = after * (made.time - made.time[first])
    columns["trend"] = made.time - made.time.mean()
    columns |= _season(made) | waves(made, pairs_of(made, harmonics))
    for name, values in zip(made.names, made.controls.T, strict=True):
        ready = np.log(values) if log and bool((values > 0).all()) else values
        columns[f"control {name}"] = ready - ready.mean()
    return _independent(columns)


def weekdays_only(made: Series, *, log: bool = False) -> Terms:
    """Constant, days of the week and controls: what a wandering level leaves to be said."""
    columns: dict[str, Floats] = {"constant": np.ones(len(made.time))}
    columns |= _season(made)
    for name, values in zip(made.names, made.controls.T, strict=True):
        ready = np.log(values) if log and bool((values > 0).all()) else values
        columns[f"control {name}"] = ready - ready.mean()
    return _independent(columns)


def _season(made: Series) -> dict[str, Floats]:
    if made.frequency != "day" or not 1 < made.season <= _LONGEST:
        return {}
    place = made.time % made.season
    return {
        f"day {one} of {made.season}": (place == one).astype(np.float64)
        for one in np.unique(place)[1:]
    }


def waves(made: Series, pairs: int) -> dict[str, Floats]:
    """Sine and cosine of 1 to ``pairs`` cycles a year (of a season, where another is declared)."""
    length = YEAR.get(made.frequency, 0.0)
    usual = {"week": 52, "month": 12, "quarter": 4}.get(made.frequency)
    if usual is not None and made.season != usual:
        length = float(made.season)
    if length <= 1:
        return {}
    angle = 2 * np.pi * (made.time - made.time[0]) / length if len(made.time) else made.time * 1.0
    found: dict[str, Floats] = {}
    for order in range(1, min(pairs, int(length // 2)) + 1):
        found[f"sine {order} a year"] = np.sin(order * angle)
        found[f"cosine {order} a year"] = np.cos(order * angle)
    return found


def _independent(columns: dict[str, Floats]) -> Terms:
    """The columns in their order, without those that the ones before them explain."""
    basis: list[Floats] = []
    names, kept, lost = [], [], []
    for name, values in columns.items():
        rest, whole = values.astype(np.float64), float(np.linalg.norm(values))
        for one in (*basis, *basis):  # twice: rounding of the first pass is removed
            rest = rest - one * float(one @ rest)
        size = float(np.linalg.norm(rest))
        if not np.isfinite(size) or size <= _ALIKE * max(whole, 1e-300):
            lost.append(name)
            continue
        basis.append(rest / size)
        names.append(name)
        kept.append(values.astype(np.float64))
    changes = np.array([name.endswith(" change") for name in names], dtype=bool)
    return Terms(tuple(names), np.column_stack(kept), changes, tuple(lost))


def steady(time: Ints, frequency: str) -> Ints:
    """Numbers of the periods in which days of the week that never occur are skipped."""
    if frequency != "day" or not len(time):
        return time - time[0] if len(time) else time
    day = (time + 3) % 7
    used = np.unique(day)
    number = (time + 3) // 7 * len(used) + np.searchsorted(used, day)
    steady_number: Ints = number - number[0]
    return steady_number
