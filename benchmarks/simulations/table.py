"""A table of simulated figures: each with its Monte-Carlo error and the bounds it must keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ABOUT = (
    "Data with a known truth, drawn again and again: does an interval cover it, does a test keep "
    "its promise? `make simulate ARGS=--write` repeats it and writes this page."
)
_READ = (
    "A promise is met when the figure is within its bounds, two Monte-Carlo errors allowed. Rows "
    "marked as wrong, or going wrong, show what a usual shortcut does to the same data."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One simulated figure and the promise it is held to.

    Attributes:
        name: What was simulated.
        figure: The figure, usually a share of repetitions.
        error: Its Monte-Carlo standard error.
        low: Least value that keeps the promise.
        high: Largest value that keeps the promise.
        repetitions: Simulated data sets.
        seed: Seed of the generator.
    """

    name: str
    figure: float
    error: float
    low: float
    high: float
    repetitions: int
    seed: int

    @property
    def met(self) -> bool:
        """Whether the figure is within its bounds, two Monte-Carlo errors allowed."""
        return self.low - 2 * self.error <= self.figure <= self.high + 2 * self.error


def share(name: str, hits: int, repetitions: int, low: float, high: float, seed: int) -> Row:
    """A share of repetitions, with its binomial error sqrt(p (1 - p) / R)."""
    p = hits / repetitions
    return Row(name, p, math.sqrt(p * (1 - p) / repetitions), low, high, repetitions, seed)


def mean(name: str, values: Sequence[float], low: float, high: float, seed: int) -> Row:
    """A mean over repetitions, with its error s / sqrt(R)."""
    n = len(values)
    middle = math.fsum(values) / n
    spread = math.sqrt(math.fsum((one - middle) ** 2 for one in values) / max(n - 1, 1))
    return Row(name, middle, spread / math.sqrt(n), low, high, n, seed)


def printed(rows: Sequence[Row]) -> str:
    """The table as text, one row a line, each met or missed."""
    width = max((len(row.name) for row in rows), default=4)
    head = f"{'figure':<{width}}  value    MC error  promised          runs    seed"
    lines = [head, "-" * len(head)]
    for row in rows:
        kept = f"{row.low:.4g} to {row.high:.4g}"
        lines.append(
            f"{row.name:<{width}}  {row.figure:<7.4f}  {row.error:<8.4f}  {kept:<16}  "
            f"{row.repetitions:<6}  {row.seed}  {'met' if row.met else 'MISSED'}"
        )
    return "\n".join(lines)


def as_markdown(
    parts: Mapping[str, Sequence[Row]], where: str, day: str, seed: int, verdict: str
) -> str:
    """The contents of SIMULATIONS.md.

    Args:
        parts: Rows by what they are about.
        where: Machine and versions.
        day: Day of the run.
        seed: Seed that every row has.
        verdict: How many promises are met.
    """
    lines = ["# Simulations", "", _ABOUT, ""]
    lines += [f"Last run on {day}, seed {seed}: {where}. {verdict}", "", _READ]
    for name, rows in parts.items():
        lines += ["", f"## {name.rstrip('.')}", ""]
        lines += ["| figure | value | MC error | promised | runs |  |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {row.name} | {row.figure:.4f} | {row.error:.4f} | {row.low:.4g} to {row.high:.4g} "
            f"| {row.repetitions:,} | {'met' if row.met else 'MISSED'} |"
            for row in rows
        ]
    return "\n".join(lines) + "\n"
