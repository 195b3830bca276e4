"""Counts of predicted against true classes, and the shares read off them.

Two classes 0 and 1 give the usual figures of the positive class; more classes give macro means,
each class counted alike. Shares of rows have Wilson's interval; other functions f of the counts
the multinomial delta interval, whose variance is sum_ij (df/dn_ij)^2 n_ij because f does not
change when all counts are multiplied (Agresti 2013, Categorical Data Analysis, sec. 16.1).
Derivatives are taken by the complex step, exact to rounding (Squire & Trapp 1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.accuracy.report import from_se
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import only
from valuekit.uplift.proportion import share

Numbers = NDArray[Any]  # real counts, or complex ones in a derivative


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Labelled rows by predicted class (first axis) and true class (second axis).

    Attributes:
        labels: Class names, sorted; ``("0", "1")`` for two classes.
        n: Counts, shape (k, k).
        sum_v: Sums of the value column, shape (k, k).
    """

    labels: tuple[str, ...]
    n: NDArray[np.float64]
    sum_v: NDArray[np.float64]

    @property
    def rows(self) -> int:
        """Labelled rows."""
        return int(self.n.sum())

    @property
    def binary(self) -> bool:
        """Whether the classes are 0 and 1."""
        return self.labels == ("0", "1")


def confusion_table(frame: pd.DataFrame) -> Confusion:
    """Rows of the ``confusion`` fact added up; rows without a label are left out.

    Raises:
        ValueError: when the rows are of several models or segments.
    """
    only(frame, "model", "segment")
    used = ((frame["label"] != "") & (frame["predicted"] != "")).to_numpy(dtype=np.bool_)
    coded = [pd.factorize(frame[one]) for one in ("predicted", "label")]
    pairs = [(codes[used], [str(name) for name in values]) for codes, values in coded]
    names = {values[one] for codes, values in pairs for one in np.unique(codes).tolist()}
    labels = ("0", "1") if names <= {"0", "1"} else tuple(sorted(names))
    place = {name: i for i, name in enumerate(labels)}
    at = tuple(
        np.array([place.get(one, 0) for one in values], dtype=np.intp)[codes]
        for codes, values in pairs
    )
    n, sum_v = np.zeros((len(labels),) * 2), np.zeros((len(labels),) * 2)
    if used.any():
        np.add.at(n, at, frame["n"].to_numpy(dtype=np.float64)[used])
        np.add.at(sum_v, at, frame["sum_v"].to_numpy(dtype=np.float64)[used])
    return Confusion(labels, n, sum_v)


def accuracy(table: Confusion, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Share of rows predicted right."""
    right = float(np.trace(table.n))
    return share(right, table.rows, level=level, period=period, none=_NO_ROWS)


def precision(table: Confusion, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Share of predicted positives that are positive; macro mean with more classes."""
    why = "Nothing was predicted positive."
    if table.binary:
        return share(table.n[1, 1], table.n[1].sum(), level=level, period=period, none=why)
    return _delta(table, _precisions, "macro precision", level, period)


def recall(table: Confusion, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Share of positives that were found; macro mean with more classes."""
    why = "There are no positive labels."
    if table.binary:
        return share(table.n[1, 1], table.n[:, 1].sum(), level=level, period=period, none=why)
    return _delta(table, _recalls, "macro recall", level, period)


def specificity(table: Confusion, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Share of negatives that were left alone; macro mean of one class against the rest."""
    why = "There are no negative labels."
    if table.binary:
        return share(table.n[0, 0], table.n[:, 0].sum(), level=level, period=period, none=why)
    return _delta(table, _specificities, "macro specificity", level, period)


def f1(table: Confusion, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall; macro mean with more."""
    measure = _f1_positive if table.binary else _f1s
    return _delta(table, measure, "F1" if table.binary else "macro F1", level, period)


def balanced_accuracy(
    table: Confusion, *, level: float = 0.95, period: Period | None = None
) -> Estimate:
    """Mean of the recalls of all classes: blind to how rare each is."""
    return _delta(table, _recalls, "balanced accuracy", level, period)


def mcc(table: Confusion, *, level: float = 0.95, period: Period | None = None) -> Estimate:
    """Matthews correlation of prediction and label, from -1 to 1 (Gorodkin 2004 for k classes)."""
    return _delta(table, _mcc, "Matthews correlation", level, period, lowest=-1.0, unit="1")


_NO_ROWS = "There are no labelled predictions."
Measure = Callable[[Numbers], Any]


def _precisions(n: Numbers) -> Any:  # noqa: ANN401 - real or complex
    return (np.diagonal(n) / n.sum(axis=1)).mean()


def _recalls(n: Numbers) -> Any:  # noqa: ANN401 - real or complex
    return (np.diagonal(n) / n.sum(axis=0)).mean()


def _specificities(n: Numbers) -> Any:  # noqa: ANN401 - real or complex
    total, predicted, true = n.sum(), n.sum(axis=1), n.sum(axis=0)
    return ((total - predicted - true + np.diagonal(n)) / (total - true)).mean()


def _f1s(n: Numbers) -> Any:  # noqa: ANN401 - real or complex
    return (2 * np.diagonal(n) / (n.sum(axis=0) + n.sum(axis=1))).mean()


def _f1_positive(n: Numbers) -> Any:  # noqa: ANN401 - real or complex
    return 2 * n[1, 1] / (n[1].sum() + n[:, 1].sum())


def _mcc(n: Numbers) -> Any:  # noqa: ANN401 - real or complex
    total, predicted, true = n.sum(), n.sum(axis=1), n.sum(axis=0)
    above = np.trace(n) * total - (predicted * true).sum()
    return above / np.sqrt((total**2 - (predicted**2).sum()) * (total**2 - (true**2).sum()))


def _delta(
    table: Confusion,
    measure: Measure,
    name: str,
    level: float,
    period: Period | None,
    *,
    lowest: float = 0.0,
    unit: str = "share",
) -> Estimate:
    if not table.rows:
        return unknown(_NO_ROWS, unit, period=period)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(measure(table.n))
    if not math.isfinite(value):
        why = f"{name} is not defined: a class was never predicted, or never occurred."
        return unknown(why[0].upper() + why[1:], unit, period=period)
    return from_se(
        value,
        math.sqrt(_variance(table.n, measure)),
        unit=unit,
        method=f"{name} (multinomial delta)",
        n=table.rows,
        bounds=(lowest, 1.0),
        level=level,
        period=period,
    )


def _variance(n: NDArray[np.float64], measure: Measure) -> float:
    step = 1e-30
    total = 0.0
    for cell in np.argwhere(n > 0):
        moved = n.astype(np.complex128)
        moved[tuple(cell)] += 1j * step
        total += (float(measure(moved).imag) / step) ** 2 * n[tuple(cell)]
    return total
