"""Splitting an amount without losing a cent: largest remainder over weights, months over days."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``, both included; none when they are swapped."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def largest_remainder(total: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Split an amount in proportion to weights so that the parts add up to it exactly.

    Each part is its exact share rounded towards zero to the cent; the cents left over go to the
    parts with the largest remainders, earlier parts first (Hamilton's method). An amount that is
    not a whole number of cents is split to the millionth; a finer one is rounded to it first, half
    to even, which loading the workspace warns of with the residual.

    Args:
        total: The amount, in currency; a credit is negative.
        weights: Non-negative, not all zero.

    Returns:
        One Decimal a weight; they add up to the total, rounded to six places.

    Raises:
        ValueError: for a negative weight, or when no weight is positive.

    >>> largest_remainder(Decimal("1.00"), [1, 1, 1])
    [Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        msg = f"weights must be 0 or more and not all 0, found {list(weights)}"
        raise ValueError(msg)
    total = total.quantize(MICRO)
    quantum = CENT if total == total.quantize(CENT) else MICRO
    units = int((total / quantum).to_integral_value(ROUND_DOWN))
    sign = -1 if units < 0 else 1
    shares = [Fraction(abs(units) * weight, whole) for weight in weights]
    parts = [int(share) for share in shares]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for i in order[: abs(units) - sum(parts)]:
        parts[i] += 1
    return [sign * part * quantum for part in parts]


def monthly(
    amount: Decimal, first: date, last: date, start: date, end: date | None
) -> Iterator[tuple[date, Decimal]]:
    """A monthly amount day by day, for the days of ``first``..``last`` on which it applies.

    The amount is split evenly over all days of each calendar month, to the cent, and the days
    outside are dropped: a whole month adds up to the amount exactly, a part of it pro rata.

    Args:
        amount: Amount a month.
        first: First day wanted.
        last: Last day wanted.
        start: First day on which the amount is due.
        end: Last such day; None when it goes on.
    """
    low = max(first, start)
    high = last if end is None else min(last, end)
    month: tuple[int, int] | None = None
    parts: list[Decimal] = []
    for one in days_between(low, high):
        if month != (one.year, one.month):
            month = (one.year, one.month)
            parts = largest_remainder(amount, [1] * monthrange(*month)[1])
        yield one, parts[one.day - 1]
