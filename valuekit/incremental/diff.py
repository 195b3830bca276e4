"""Stored and new facts of a model, day by day: which days are not what they were.

Counts, Decimals and texts are compared exactly. Engines add up floats in any order, so floats count
as equal within 1e-12 of their natural scale: for sums that cancel (errors, co-moments) that is
what was added up, not what is left of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.ledger.cast import PLACES

if TYPE_CHECKING:
    from valuekit.ledger.schema import Column, Fact

_Values = Mapping[str, np.ndarray]  # column -> its values, row by row

TOLERANCE = 1e-12
_ROUNDING = 1.01 * 10.0**-PLACES  # a sum near half a unit may be rounded either way
_FEW = 2_000  # rows; about where both ways of finding keys take the same time
_MONTH = 31  # days whose vectors may have been added up
_SCALES: Mapping[str, tuple[str, ...]] = {
    "sum_e": ("sum_abs",),
    "sum_y": ("sum_abs_y",),
    "sum_f": ("sum_abs_y", "sum_abs"),
}


@dataclass(frozen=True, slots=True)
class Restated:
    """A published day that is not what it was.

    Attributes:
        fact: Name of the fact.
        day: The day.
        before: Sums over segment ``all`` as they were; empty when there were none.
        after: The same now.
    """

    fact: str
    day: date
    before: Mapping[str, object]
    after: Mapping[str, object]


def differing(
    fact: Fact,
    old: pd.DataFrame,
    new: pd.DataFrame,
    *,
    rounding: bool = True,
    daily: date | None = None,
) -> frozenset[date]:
    """Days of which some row is new, gone or not the same.

    Args:
        fact: The fact.
        old: Conformed rows.
        new: Conformed rows.
        rounding: Whether vectors that are kept to six places may differ in the last one.
        daily: First day whose vectors are by day; before it each stands for up to 31 days.
    """
    if old.empty and new.empty:
        return frozenset()
    places = _places(fact, old, new)
    there = places >= 0
    gone = np.ones(len(old), dtype=np.bool_)
    gone[places[there]] = False
    # Keys are the same, and to copy text is slow.
    names = ["day", *(one.name for one in fact.measures)]
    before = {name: old[name].to_numpy() for name in names}
    after = {name: new[name].to_numpy() for name in names}
    a = {name: values[places[there]] for name, values in before.items()}
    b = {name: values[there] for name, values in after.items()}
    unlike = np.zeros(np.count_nonzero(there), dtype=np.bool_)
    near = np.full(len(unlike), _ROUNDING if rounding else 0.0)
    if daily is not None:
        near[a["day"] < np.datetime64(daily, "s")] *= _MONTH
    for one in fact.measures:
        unlike |= _unlike(one, a, b, near)
    days = np.concatenate([after["day"][~there], before["day"][gone], a["day"][unlike]])
    return frozenset(np.unique(days).astype("datetime64[D]").tolist())


def _places(fact: Fact, old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray:
    """Of each row of ``new`` the place in ``old`` of the row with its key; -1 where there is none.

    Few rows are looked up one by one: pandas needs milliseconds before it joins the first.
    """
    keys = list(fact.key_names)
    if len(old) + len(new) <= _FEW:
        known = {key: place for place, key in enumerate(_tuples(old, keys))}
        return np.array([known.get(key, -1) for key in _tuples(new, keys)], dtype=np.int64)
    place = old[keys].assign(_place=np.arange(len(old)))
    found = new[keys].merge(place, on=keys, how="left", sort=False)["_place"]
    return found.fillna(-1).to_numpy(dtype=np.int64)


def _tuples(frame: pd.DataFrame, keys: Sequence[str]) -> Iterator[tuple[object, ...]]:
    return zip(*(frame[name].tolist() for name in keys), strict=True)


def restated(
    fact: Fact, old: pd.DataFrame, new: pd.DataFrame, days: frozenset[date], through: date | None
) -> tuple[Restated, ...]:
    """Days up to ``through`` that were published and are not what they were."""
    shown = [] if through is None else sorted(one for one in days if one <= through)
    before, after = (totals(fact, frame, shown) for frame in (old, new))
    sizes = [totals(fact, frame, shown, _sizes) for frame in (old, new)]
    return tuple(
        Restated(
            fact.name,
            day,
            before.get(day, {}),
            _steady(before.get(day, {}), after.get(day, {}), [one.get(day, {}) for one in sizes]),
        )
        for day in shown
    )


def _steady(
    before: Mapping[str, object],
    after: Mapping[str, object],
    sizes: Sequence[Mapping[str, object]],
) -> dict[str, object]:
    """Sums after, where those that differ by rounding alone are as they were before."""
    made = dict(after)
    for name, now in after.items():
        was, scale = before.get(name), [one.get(name) for one in sizes]
        if isinstance(now, float) and isinstance(was, float):
            limit = TOLERANCE * max(one for one in scale if isinstance(one, float))
            made[name] = was if abs(now - was) <= limit else now
    return made


# Keys whose sums are of different things.
APART = ("metric", "forecaster", "source", "fate")
Summands = Callable[["Column", pd.DataFrame], Iterator[tuple[str, np.ndarray]]]


def totals(
    fact: Fact, frame: pd.DataFrame, days: Sequence[date], of: Summands | None = None
) -> dict[date, dict[str, object]]:
    """Rows and sums of days over segment ``all``; means as the sums that they stand for.

    Sums of different metrics or forecasters, and of rows of different tables and fates, do not add
    up: each has its own, named ``SUM:METRIC`` or ``SUM:SOURCE:FATE``. With ``of`` other sums of
    each measure, by the same names.

    The frame is searched once for all days: after a night that changes every day, a search a day
    would take the square of the days.
    """
    if not days or frame.empty:
        return {}
    wanted = frame["day"].isin(pd.to_datetime(list(days))) & (frame["segment"] == "all")
    rows = frame[wanted]
    summands = {
        name: values for one in fact.scalars for name, values in (of or _summands)(one, rows)
    }
    apart = [name for name in APART if name in fact.key_names]
    made: dict[date, dict[str, object]] = {}
    numbers = dict[date, int]()
    for place, at in rows.groupby(["day", *apart], sort=False).indices.items():
        stamp, *of_key = place if isinstance(place, tuple) else (place,)
        day, more = stamp.date(), "".join(f":{one}" for one in of_key)
        numbers[day] = numbers.get(day, 0) + len(at)
        sums = {f"{name}{more}": _sum(values[np.asarray(at)]) for name, values in summands.items()}
        groups = {} if "rows" in summands else {"rows": numbers[day]}
        made[day] = {**made.get(day, {}), **groups, **sums}
    return made


def _summands(one: Column, rows: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """What is added up of a measure, by the name of its sum; nothing where there is none."""
    kind, *names = one.rule.split(":")
    if kind == "sum":
        yield one.name, rows[one.name].to_numpy()
    elif kind == "mean":
        name = one.name.replace("mean_", "sum_", 1)
        yield name, (rows[one.name] * rows[names[0]]).to_numpy()


def _sizes(one: Column, rows: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """What the summands of a float were added up from, by the name of its sum."""
    for name, values in _summands(one, rows) if one.dtype == "float" else ():
        kind, *names = one.rule.split(":")
        many = rows[names[0]].to_numpy(dtype=np.float64) if kind == "mean" else 1.0
        yield name, np.maximum(np.abs(values), _scale(one, rows) * many)


def _sum(values: np.ndarray) -> object:
    """Decimals as text, exactly; other numbers as Python's own."""
    return str(sum(values)) if values.dtype == object else values.sum().item()


def _unlike(one: Column, a: _Values, b: _Values, near: np.ndarray) -> np.ndarray:
    """Rows in which a measure is not the same; rounded vectors may be ``near`` each other."""
    x, y = a[one.name], b[one.name]
    if one.dtype in {"ints", "floats"}:
        near = near if one.unit in {"currency", "1"} else np.zeros(len(x))
        return _unlike_vectors(x, y, near)
    if one.dtype != "float":
        return np.asarray(x != y, dtype=np.bool_)
    scale = np.maximum(_scale(one, a), _scale(one, b))
    return np.asarray(np.abs(x - y) > TOLERANCE * np.maximum(scale, 1e-300), dtype=np.bool_)


def _unlike_vectors(x: np.ndarray, y: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Rows in which vectors differ, all of them compared in one stretch."""
    sizes = np.fromiter(map(len, x), np.int64, len(x))
    unlike: np.ndarray = sizes != np.fromiter(map(len, y), np.int64, len(y))
    at = np.flatnonzero(~unlike & (sizes > 0))
    if not len(at):
        return unlike
    left, right, sizes = np.concatenate(x[at]), np.concatenate(y[at]), sizes[at]
    starts = np.cumsum(sizes) - sizes
    wrong = left != right
    if left.dtype.kind == "f":
        # What cancels within a bin is of the size of the vector, not of the bin.
        whole = np.maximum.reduceat(np.maximum(np.abs(left), np.abs(right)), starts)
        limit = np.repeat(np.maximum(TOLERANCE * whole, near[at]), sizes)
        wrong = ~(np.abs(left - right) <= limit)  # NaN is like nothing
    unlike[at] = np.logical_or.reduceat(wrong, starts)
    return unlike


def _scale(one: Column, rows: _Values | pd.DataFrame) -> np.ndarray:
    """What a float was added up from, in its unit."""
    own: np.ndarray = np.abs(_floats(rows, one.name))
    kind, *names = one.rule.split(":")
    if kind == "sum":
        for name in _SCALES.get(one.name, ()):
            own = np.maximum(own, _floats(rows, name))
        whole: np.ndarray = np.maximum(own, 1.0) if one.name == "value" else own
        return whole
    n = _floats(rows, names[0])
    if kind == "mean":
        other = _spread(rows, n, one.name.removeprefix("mean_"))
    else:
        sizes = [_size(rows, n, axis) for axis in names[1:]]
        other = n * (sizes[0] ** 3 if kind == "third" else sizes[0] * sizes[1])
    found: np.ndarray = np.maximum(own, other)
    return found


def _floats(rows: _Values | pd.DataFrame, name: str) -> np.ndarray:
    return np.asarray(rows[name], dtype=np.float64)


def _size(rows: _Values | pd.DataFrame, n: np.ndarray, axis: str) -> np.ndarray:
    """Root mean square of what was squared or cubed."""
    size: np.ndarray = np.hypot(np.abs(_floats(rows, f"mean_{axis}")), _spread(rows, n, axis))
    return size


def _spread(rows: _Values | pd.DataFrame, n: np.ndarray, axis: str) -> np.ndarray:
    name = f"c_{axis}{axis}" if f"c_{axis}{axis}" in rows else f"c_{axis}"
    if name not in rows:
        return np.zeros(len(n))
    second = np.maximum(_floats(rows, name), 0.0)
    spread: np.ndarray = np.sqrt(second / np.maximum(n, 1.0))
    return spread
