"""One cast per declared dtype: a value that does not fit is an error, never a silent change.

A column that is as declared is handed on: most are, and small frames are many.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd

from valuekit.errors import Finding, ValuekitError
from valuekit.ledger.ragged import boxed, joined, parted
from valuekit.ledger.schema import Column, Fact

PLACES = 6  # of money in facts
_WHOLE = 2.0**63
_STR = pd.StringDtype(na_value=np.nan)
_SECONDS = np.dtype("datetime64[s]")


def bad(
    fact: Fact, column: Column, value: object, rule: str, code: str, rows: int | None = None
) -> ValuekitError:
    """The error for a value of a column that breaks a rule."""
    return ValuekitError(
        Finding(
            place=f"ledger.{fact.name}.{column.name}",
            value=str(value)[:80],
            rule=rule,
            remedy=f"The column holds {column.doc or column.dtype} ({column.dtype}).",
            code=code,
            rows=rows,
        )
    )


def _first_bad(
    fact: Fact, column: Column, series: pd.Series, wrong: pd.Series | np.ndarray, rule: str
) -> ValuekitError:
    mask = np.asarray(wrong, dtype=bool)
    return bad(fact, column, series[mask].iloc[0], rule, f"fact_{column.dtype}", int(mask.sum()))


def _text(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
    missing = series.isna()
    if series.dtype == _STR and not bool(missing.any()):
        return series
    if bool(missing.any()):
        raise _first_bad(fact, column, series, missing, "a key is missing; an unknown one is ''")
    if not isinstance(series.dtype, pd.StringDtype):  # pandas holds that one to text
        wrong = ~series.map(lambda value: isinstance(value, str)).astype(bool)
        if bool(wrong.any()):
            raise _first_bad(fact, column, series, wrong, "a key is text")
    return series.astype("str")


def _number(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
    try:
        return pd.to_numeric(series, errors="raise")
    except (ValueError, TypeError):
        wrong = pd.to_numeric(series, errors="coerce").isna()
        raise _first_bad(fact, column, series, wrong, "not a number") from None


def _int(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
    if series.dtype == np.int64:
        return series
    number = _number(fact, column, series)
    if number.isna().any():
        raise _first_bad(fact, column, series, number.isna(), "a count is missing; none is 0")
    if number.dtype.kind in "iu" or number.dtype.kind == "b":
        return number.astype("int64")
    whole = number.astype("float64")
    wrong = ~np.isfinite(whole) | (whole != np.floor(whole)) | (whole.abs() >= _WHOLE)
    if bool(wrong.any()):
        raise _first_bad(fact, column, series, wrong, "a count is a whole number")
    return whole.astype("int64")


def _float(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
    if series.dtype == np.float64 and bool(np.isfinite(series.to_numpy()).all()):
        return series
    number = _number(fact, column, series).astype("float64")
    wrong = ~np.isfinite(number.to_numpy(na_value=np.nan))
    if bool(wrong.any()):
        raise _first_bad(fact, column, series, wrong, "a sum is finite; NULL, NaN and inf are not")
    return number


def _one_decimal(value: object) -> Decimal | None:
    if isinstance(value, Decimal | int | str) and not isinstance(value, bool):
        try:
            made = Decimal(value)
        except InvalidOperation:
            return None
        return made if made.is_finite() else None
    return None


def _too_fine(value: Decimal) -> bool:
    exponent = value.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent < -PLACES


def _decimal(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
    made = [_one_decimal(value) for value in series]
    wrong = np.array([value is None for value in made], dtype=bool)
    if bool(wrong.any()):
        raise _first_bad(
            fact, column, series, wrong, "an amount is a finite Decimal or its text, never a float"
        )
    if column.rule == "sum":
        wrong = np.array([value is not None and _too_fine(value) for value in made], dtype=bool)
        if bool(wrong.any()):
            raise _first_bad(
                fact,
                column,
                series,
                wrong,
                f"an amount has at most {PLACES} places: round it first",
            )
    return pd.Series(made, dtype="object", index=series.index)


def _are_days(seconds: np.ndarray) -> bool:
    """Whether times without a zone are all known and at midnight."""
    cut = seconds.astype("datetime64[D]")
    return not bool(np.isnat(cut).any()) and bool((cut == seconds).all())


def _one_day(value: object) -> bool:
    return isinstance(value, date | datetime | np.datetime64 | str) and not pd.isna(value)


def _day(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
    plain = isinstance(series.dtype, np.dtype) and series.dtype.kind == "M"
    if plain and _are_days(series.to_numpy()):
        return series.astype(_SECONDS)
    if series.dtype.kind != "M" and len(series):
        wrong = ~series.map(_one_day).astype(bool)
        if bool(wrong.any()):
            raise _first_bad(fact, column, series, wrong, "not a day")
    try:
        day = pd.to_datetime(series, errors="raise")
    except (ValueError, TypeError) as error:
        raise bad(fact, column, error, "not a day (ISO date)", "fact_day") from None
    if getattr(day.dtype, "tz", None) is not None:
        raise bad(
            fact, column, day.iloc[0], "a day has no zone: cut times to days first", "fact_day"
        )
    wrong = day.isna() | (day != day.dt.normalize())
    if bool(wrong.any()):
        raise _first_bad(fact, column, series, wrong, "a day has no time of day")
    return day.astype("datetime64[s]")


def _vector(dtype: str) -> Callable[[Fact, Column, pd.Series], pd.Series]:
    def cast(fact: Fact, column: Column, series: pd.Series) -> pd.Series:
        values = series.tolist()
        box = _vectors(values, dtype)
        if box is None:
            box = boxed([_one_vector(fact, column, value, dtype) for value in values])
        return pd.Series(box, dtype="object", index=series.index)

    return cast


def _vectors(values: list[Any], dtype: str) -> np.ndarray | None:
    """All vectors cast at once; None when they differ in dtype or one of them is wrong."""
    flat = joined(values)
    made = None if flat is None else _array(flat, dtype)
    return None if made is None else parted(made, values)


def _one_vector(fact: Fact, column: Column, value: object, dtype: str) -> np.ndarray:
    array = _array(value, dtype)
    if array is None:
        raise bad(fact, column, value, f"not a one-dimensional array of finite {dtype}", "vector")
    return array


def _array(value: object, dtype: str) -> np.ndarray | None:
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iufb"):
        return None
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            return None
        if dtype == "int64" and (array != np.floor(array)).any():
            return None
    return array.astype(dtype)


def _json(_fact: Fact, _column: Column, series: pd.Series) -> pd.Series:
    return series.astype("object")


Cast = Callable[[Fact, Column, "pd.Series[Any]"], "pd.Series[Any]"]

CASTS: dict[str, Cast] = {
    "text": _text,
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "day": _day,
    "ints": _vector("int64"),
    "floats": _vector("float64"),
    "json": _json,
}
