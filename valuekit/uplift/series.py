"""One series over time, made from panel facts: totals by period, exposure and control series.

An entry is the total of the metric in a period, over the treated groups where the facts name any
and over all groups otherwise, divided by the exposure where one is declared. A period counts as
treated from the one that holds the first treated day on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from valuekit.facts import only
from valuekit.text import listed, plural
from valuekit.uplift.panel import Bools, Days, Floats, Ints, buckets
from valuekit.uplift.totals import filled, starts_of, totals

#: Periods in a year, by the spacing of the observations.
YEAR: dict[str, float] = {"day": 365.25, "week": 365.25 / 7, "month": 12.0, "quarter": 4.0}
_NEVER = np.datetime64("0001-01-01")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """T periods of one series, ascending.

    Attributes:
        days: First day of each period that has rows, on which the period counts; shape (T,).
        time: Number of each period in the calendar of its spacing; gaps are missing numbers.
        total: Total of the metric, shape (T,).
        exposure: What totals are divided by; ones where none is declared.
        controls: Control series, per exposure, shape (T, K).
        names: Their names.
        treated: Periods from the launch on.
        frequency: ``day``, ``week``, ``month``, ``quarter`` or ``year``.
        season: Periods after which the pattern within a week (or year) repeats.
        notes: What was left out or filled.
        until: Last day of the data.
    """

    days: Days
    time: Ints
    total: Floats
    exposure: Floats
    controls: Floats
    names: tuple[str, ...]
    treated: Bools
    frequency: str
    season: int
    notes: tuple[str, ...] = ()
    until: np.datetime64 = _NEVER

    @property
    def rate(self) -> Floats:
        """Totals over exposure."""
        return self.total / self.exposure

    def kept(self, chosen: Bools, treated: Bools | None = None) -> Series:
        """Some of the periods, with another launch where ``treated`` says so."""
        return Series(
            self.days[chosen],
            self.time[chosen],
            self.total[chosen],
            self.exposure[chosen],
            self.controls[chosen],
            self.names,
            (self.treated if treated is None else treated)[chosen],
            self.frequency,
            self.season,
            self.notes,
            self.until,
        )

    @property
    def spans(self) -> tuple[Days, Days]:
        """First and last day of each period; the last one ends with its last row."""
        first = starts_of(self.time, self.frequency)
        last = starts_of(self.time + 1, self.frequency) - np.timedelta64(1, "D")
        last[-1:] = np.minimum(last[-1:], np.maximum(self.until, self.days[-1:]))
        return first, last

    def instead(self, control: int) -> Series:
        """The control series of that number in the place of the outcome, without controls."""
        none = np.zeros((len(self.time), 0))
        values = self.controls[:, control]
        one = np.ones(len(values))
        return Series(
            self.days, self.time, values, one, none, (), self.treated, self.frequency, self.season
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """What a series did beyond its counterfactual over some periods.

    Attributes:
        value: Seen less expected, in units of the metric.
        low: Lower end of its 95% interval; None when there is none.
        high: Upper end.
        se: Standard error; None when it cannot be estimated.
        df: Degrees of freedom; None for normal.
        seen: Total that was seen.
        base: Total that would have been.
        periods: Periods that it is about.
    """

    value: float
    low: float | None
    high: float | None
    se: float | None
    df: float | None
    seen: float
    base: float
    periods: int


def series_of(
    frame: pd.DataFrame,
    launch: date,
    *,
    controls: Mapping[str, pd.DataFrame] | None = None,
    frequency: str = "day",
    season: int = 7,
    counted: bool = False,
    rate: bool = False,
) -> Series:
    """The series of some facts.

    Args:
        frame: Panel rows of one metric and segment.
        launch: First treated day.
        controls: Panel rows of each control metric, of the same segment.
        frequency: Spacing of the periods.
        season: Periods in a season.
        counted: The metric counts rows; then a period without rows has 0, not a gap.
        rate: Totals are divided by the exposure.

    Raises:
        ValueError: when the rows are of several models, metrics or segments.
    """
    only(frame, "model", "metric", "segment")
    notes: list[str] = []
    frame = _treated_groups(frame, notes)
    days, time, total, offset, said = totals(frame, frequency, counted=counted)
    notes += said
    if counted:
        days, time, total, offset = filled(days, time, total, offset, frequency, notes)
    exposure = offset if rate else np.ones(len(total))
    known = exposure > 0
    if not known.all():
        notes.append(f"{plural(int((~known).sum()), 'period')} left out for want of exposure")
    beside = np.full((len(time), len(controls or {})), np.nan)
    for place, (name, rows) in enumerate((controls or {}).items()):
        kept = _same_groups(rows, frame)
        _, when, values, _, _ = totals(kept, frequency, counted=False)
        here, at = np.isin(time, when), np.searchsorted(when, time)
        beside[here, place] = values[at[here]]
        if missing := int((known & ~here).sum()):
            notes.append(f"{plural(missing, 'period')} left out, in which {name} has no value")
            known &= here
    with np.errstate(invalid="ignore", divide="ignore"):
        beside = beside / exposure[:, None]
    start = buckets(np.array([launch], dtype="datetime64[D]"), frequency)
    made = Series(
        days, time, total, exposure, beside, tuple(controls or ()),
        buckets(days, frequency) >= start, frequency, season, tuple(notes),
        frame["day"].max().to_datetime64().astype("datetime64[D]") if len(frame) else _NEVER,
    )  # fmt: skip
    return made.kept(known)


def _treated_groups(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Rows of the treated groups; all rows where no group is said to be treated."""
    treated = frame["treated_from"].to_numpy().astype(str) != ""
    if not treated.any() or treated.all():
        return frame
    left = frame.loc[~treated, "group"].nunique()
    notes.append(f"{plural(left, 'group')} that the model never touched left out")
    kept: pd.DataFrame = frame[treated]
    return kept


def _same_groups(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["group"].isin(frame["group"].unique())]


def left_out(made: Series) -> str:
    """What was left out or filled, in one sentence; empty for nothing."""
    return listed(list(made.notes)) if made.notes else ""
