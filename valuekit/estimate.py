"""One number with everything a reader needs to believe it, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

Grade = Literal["A", "B", "C", "D"]
GRADES: tuple[Grade, ...] = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from ``first`` to ``last``, both included, in the workspace's zone."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            msg = f"period ends {self.last} before it starts {self.first}: swap the two dates"
            raise ValueError(msg)

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure: value, interval, unit, sample size, method, grade and period; or a reason.

    Attributes:
        value: The point estimate in ``unit``; None when unknown (then ``reason`` says why).
        unit: ``"EUR"``, ``"EUR/unit"``, ``"EUR/prediction"``, ``"share"``, ``"1"``, ...
        low: Lower end of the interval at ``level``; None when there is no interval.
        high: Upper end of the interval.
        level: Confidence level of the interval, 0.95 unless said otherwise.
        se: Standard error of ``value`` where the method has one.
        df: Degrees of freedom of the reference t distribution; None for normal.
        n: Units, rows or days that the estimate rests on.
        method: Name of the method in the field's terms.
        grade: Grade of evidence A-D of this figure, worst link; None where none applies.
        period: Days the figure is about.
        reason: Why the value, or only the interval, is unknown.
        notes: Plain-language cautions that belong beside the figure.

    Raises:
        ValueError: for a non-finite number, an unknown value without a reason, half an interval,
            or an interval with its ends swapped.
    """

    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    se: float | None = None
    df: float | None = None
    n: int | None = None
    method: str = ""
    grade: Grade | None = None
    period: Period | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("value", "low", "high", "se"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                msg = f"{name} is {number}: an unknown figure is None with a reason"
                raise ValueError(msg)
        if self.value is None and not self.reason:
            msg = "an estimate without a value needs a reason"
            raise ValueError(msg)
        if (self.low is None) != (self.high is None):
            msg = "an interval needs both ends"
            raise ValueError(msg)
        if self.low is not None and self.high is not None and self.low > self.high:
            msg = f"interval ends are swapped: {self.low} > {self.high}"
            raise ValueError(msg)

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @property
    def resolved(self) -> bool:
        """Whether the interval exists and excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def scaled(self, factor: float, unit: str) -> Estimate:
        """The same estimate times a constant (no uncertainty of its own), in another unit."""
        if factor == 1 and unit == self.unit:
            return self
        if self.value is None:
            return replace(self, unit=unit)
        ends = (
            sorted((self.low * factor, self.high * factor))
            if self.low is not None and self.high is not None
            else (None, None)
        )
        return replace(
            self,
            value=self.value * factor,
            low=ends[0],
            high=ends[1],
            se=None if self.se is None else self.se * abs(factor),
            unit=unit,
        )

    def with_grade(self, grade: Grade | None, *notes: str) -> Estimate:
        """The same figure under another grade, with the reasons appended to its notes."""
        if grade == self.grade and not notes:
            return self
        return replace(self, grade=grade, notes=self.notes + notes)


def unknown(reason: str, unit: str, *, period: Period | None = None, method: str = "") -> Estimate:
    """An unknown figure with the reason why."""
    return Estimate(value=None, unit=unit, reason=reason, period=period, method=method)


def worst(*grades: Grade | None) -> Grade | None:
    """The worst of the grades (D is worst); None when none is given.

    >>> worst("A", "C", None)
    'C'
    """
    given = [grade for grade in grades if grade is not None]
    return max(given) if given else None


def lowered(grade: Grade, steps: int = 1) -> Grade:
    """The grade after losing ``steps``; D is the floor.

    >>> lowered("B")
    'C'
    >>> lowered("C", 5)
    'D'
    """
    return GRADES[min(GRADES.index(grade) + steps, len(GRADES) - 1)]
