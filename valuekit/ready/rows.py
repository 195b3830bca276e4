"""Rows of facts from judged rows, fact by fact: ``row`` says which row of the table each is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.ledger.schema import FACTS
from valuekit.ready.effect import effect
from valuekit.ready.moments import from_squares
from valuekit.ready.names import CELLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from valuekit.ready.judge import Judgement
    from valuekit.workspace.declare import Model
    from valuekit.workspace.ready import DailyTable

    Floats = NDArray[np.float64]

__all__ = ["confusion", "effect", "error", "score", "usage", "volume"]

_SLACK = 1e-6  # tables round their sums


def volume(_model: Model, table: DailyTable, found: Judgement) -> pd.DataFrame:
    """Counts of a day; weights are the predictions themselves where none are given."""
    made = _plain(table, found)
    if "weight" not in table.mapped:
        made["weight"] = made["predictions"]
    found.amount = np.nan_to_num(found.number("predictions"))
    return made


def usage(_model: Model, table: DailyTable, found: Judgement) -> pd.DataFrame:
    """Tokens of a day by class."""
    found.amount = np.nan_to_num(found.number("quantity"))
    return _plain(table, found)


def score(_model: Model, table: DailyTable, found: Judgement) -> pd.DataFrame:
    """One bin of a day: counts, and sums of scores, values and losses."""
    made = _based(table, found).assign(place=found.rows["place"].to_numpy())
    for name in ("n", "sum_p", "sum_v", "brier", "log_loss"):
        made[name] = found.number(name) if name in table.mapped else 0.0
    if "sum_p" not in table.mapped and getattr(table, "exact", False) and found.edges:
        edge = np.asarray(found.edges)[np.maximum(found.rows["place"].to_numpy(), 0)]
        made["sum_p"] = made["n"].to_numpy() * edge
    found.amount = np.nan_to_num(found.number("n"))
    return made


def confusion(_model: Model, table: DailyTable, found: Judgement) -> pd.DataFrame:
    """Decisions against labels: one count a row, or four."""
    if not set(table.mapped) & set(CELLS):
        found.amount = np.nan_to_num(found.number("n"))
        return _plain(table, found)
    parts = []
    found.amount = np.zeros(len(found.rows))
    for cell, (predicted, label) in CELLS.items():
        count = found.number(cell)
        found.amount += np.nan_to_num(count)
        made = _based(table, found).assign(predicted=predicted, label=label, n=count, sum_v=0.0)
        parts.append(made)
    long = pd.concat(parts, ignore_index=True)
    return long[long["n"] != 0].reset_index(drop=True)


def error(_model: Model, table: DailyTable, found: Judgement) -> pd.DataFrame:
    """Sums of errors, those that follow from others too, and the moments of the actuals."""
    made = _plain(table, found)
    there, given = set(table.mapped), table.given()
    number = {name: found.number(name) for name in table.measured}
    n = np.maximum(np.nan_to_num(number["n"]), 0.0)
    _by_identity(number, n, found)
    for name in given & set(number):
        made[name] = number[name]
    if "c_yy" not in there and "sum_yy" in there:
        _spread_of_actuals(made, number, n, found)
    if {"sum_sq", "sum_abs"} <= set(number):
        least = number["sum_abs"] ** 2
        found.hold(n * number["sum_sq"] < least * (1 - _SLACK), "bad_moments", "sum_sq")
    if {"sum_abs_y", "sum_y"} <= set(number):
        size = number["sum_abs_y"] * (1 + _SLACK) + _SLACK
        found.hold(np.abs(number["sum_y"]) > size, "bad_moments", "sum_abs_y")
    _own_products(made, given)
    found.amount = n
    return made


def _by_identity(number: dict[str, Floats], n: Floats, found: Judgement) -> None:
    """Fill in what follows (e = y - f, |e| = over + under, e = under - over), check the rest."""
    for _ in range(2):  # what follows from what followed
        for made, sign, a, b in (
            ("sum_f", -1.0, "sum_y", "sum_e"),
            ("sum_e", -1.0, "sum_y", "sum_f"),
            ("sum_y", 1.0, "sum_e", "sum_f"),
            ("sum_abs", 1.0, "over", "under"),
            ("sum_e", -1.0, "under", "over"),
        ):
            if {a, b} <= set(number):
                follows = number[a] + sign * number[b]
                _agree(number, made, follows, np.abs(number[a]) + np.abs(number[b]), found)
        if "mean_y" in number:
            _agree(number, "sum_y", n * number["mean_y"], np.abs(n * number["mean_y"]), found)
        if "sum_y" in number and "mean_y" not in number:
            number["mean_y"] = np.divide(number["sum_y"], n, out=np.zeros_like(n), where=n > 0)
        if {"sum_abs", "sum_e"} <= set(number):
            size, e = number["sum_abs"], number["sum_e"]
            found.hold(np.abs(e) > size * (1 + _SLACK) + _SLACK, "bad_moments", "sum_e")
            for name, half in (("under", (size + e) / 2), ("over", (size - e) / 2)):
                number.setdefault(name, np.maximum(half, 0.0))


def _agree(
    number: dict[str, Floats],
    name: str,
    follows: Floats,
    scale: Floats,
    found: Judgement,
) -> None:
    """Take what follows where it is not given; where it is, both must say the same."""
    if name not in number:
        number[name] = follows
        return
    apart = np.abs(number[name] - follows) > _SLACK * np.maximum(scale, 1.0)
    found.hold(apart, "bad_moments", name)


def _spread_of_actuals(
    made: pd.DataFrame, number: dict[str, Floats], n: Floats, found: Judgement
) -> None:
    if "sum_y" not in number:
        return
    spread = from_squares(n, number["sum_y"], number["sum_yy"])
    found.hold(spread.impossible, "bad_moments", "sum_yy")
    found.hold(spread.lost, "lost_digits", "sum_yy")
    found.rough += int((spread.rough & found.accepted).sum())
    made["c_yy"] = spread.c


def _own_products(made: pd.DataFrame, given: frozenset[str]) -> None:
    """The model against itself: |e| x |e| is e^2."""
    own = made["forecaster"] == "model"
    if "cross_abs" not in given and "sum_sq" in given:
        made["cross_abs"] = made["sum_sq"].where(own, 0.0)


def _based(table: DailyTable, found: Judgement) -> pd.DataFrame:
    """Day, keys, segments and the place of each row."""
    made = found.keys.assign(day=found.rows["day"], row=np.arange(len(found.rows)))
    for place in range(len(table.segments)):
        made[f"seg{place}"] = found.rows[f"seg{place}"]
    return made.reset_index(drop=True)


def _plain(table: DailyTable, found: Judgement) -> pd.DataFrame:
    """The measures of the fact under their own names."""
    made = _based(table, found)
    scalars = [one.name for one in FACTS[table.fact].scalars]
    for name in (one for one in scalars if one in table.mapped):
        made[name] = found.number(name)
    return made
