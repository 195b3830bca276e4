"""Keys of ready-made rows: filled in where no column is declared, judged where one is."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.ledger.schema import ALL, NONE
from valuekit.quarantine.undeclared import declared_arms
from valuekit.ready.names import CELLS, COMMON, KEYS

if TYPE_CHECKING:
    from valuekit.ready.judge import Judgement
    from valuekit.workspace.declare import Model
    from valuekit.workspace.ready import DailyTable

_YES = ("1", "1.0", "true", "t", "yes", "y")
_NO = ("0", "0.0", "false", "f", "no", "n")
_SEGMENT = re.compile(r"^(all|[^=]+=.*)$", re.DOTALL)


def keyed(model: Model, table: DailyTable, found: Judgement) -> None:
    """Fill in the keys of every row, and hold back rows whose keys cannot be."""
    made = {name: _or(found, table, name, ALL) for name in COMMON}
    wide = set(table.mapped) & set(CELLS)
    for name, default in KEYS[table.fact].items():
        if name not in table.mapped and (wide or name == "metric"):
            continue  # several keys in a row: the rows of the fact have them
        made[name] = _or(found, table, name, NONE if default is None else str(default))
    found.keys = pd.DataFrame(made, index=found.rows.index)
    _whole(table, found)
    if table.fact == "effect":
        _arms(model, found)
        _epochs(model, table, found)
        _metrics(model, table, found)
    if "acted" in table.mapped and table.fact == "score":
        _flags(found)
    if table.fact == "error":
        _horizon(found)


def _or(found: Judgement, table: DailyTable, name: str, default: str) -> pd.Series:
    if name not in table.mapped:
        return pd.Series(default, index=found.rows.index, dtype="str")
    text = found.rows[name].astype("str")
    return text.where(text.notna() & (text.str.strip() != ""), default)


def _whole(table: DailyTable, found: Judgement) -> None:
    """Keys without which a row is about nothing."""
    for name, default in KEYS[table.fact].items():
        if default is None and name in found.keys and name in table.mapped:
            rule = "null_arm" if name == "arm" else "empty_key"
            found.hold(found.keys[name] == NONE, rule, name)
    wrong = ~found.keys["segment"].str.match(_SEGMENT)
    found.hold(wrong, "bad_key", "segment")


def _arms(model: Model, found: Judgement) -> None:
    """Arms that no experiment of the model names, where all of them name theirs."""
    known: set[str] = set()
    for one in model.evidence:
        if one.design in {"holdout", "observational"}:
            arms = declared_arms(one)
            if arms is None:
                return  # every arm but the control is treated
            known |= {one.control or NONE, *arms}
    if known:
        found.hold(~found.keys["arm"].isin(known), "unknown_arm", "arm")


def _epochs(model: Model, table: DailyTable, found: Judgement) -> None:
    """The stretch of constant allocation: by its column, else by the day."""
    if "epoch" in table.mapped:
        text = found.keys["epoch"]
        found.hold(~text.map(_is_epoch).astype(bool), "bad_key", "epoch")
        return
    steps = allocation(model)
    day = found.rows["day"]
    epoch = pd.Series(NONE if steps else ALL, index=day.index, dtype="str")
    for first in steps:
        epoch = epoch.mask(day >= pd.Timestamp(first), first.isoformat())
    found.keys["epoch"] = epoch


def allocation(model: Model) -> tuple[date, ...]:
    """First days of the steps of the holdout that counts: the primary evidence, else the first."""
    holdouts = [one for one in model.evidence if one.design == "holdout"]
    first = sorted(holdouts, key=lambda one: not one.primary)
    return tuple(one.from_ for one in first[0].allocation) if first else ()


def _is_epoch(text: str) -> bool:
    if text in {ALL, NONE}:
        return True
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _metrics(model: Model, table: DailyTable, found: Judgement) -> None:
    """Names of metrics in a long table, as the workspace declares them."""
    if "metric" not in table.mapped:
        return
    named = {value: name for name, value in getattr(table, "named", {}).items()}
    text = found.keys["metric"]
    name = text.map(lambda one: named.get(one, NONE if one in named.values() else one))
    found.hold(~name.isin(list(model.metrics)), "unknown_metric", "metric")
    found.keys["metric"] = name.astype("str")


def _flags(found: Judgement) -> None:
    text = found.keys["acted"].str.strip().str.lower()
    made = np.select([text.isin(_YES), text.isin(_NO), text == NONE], ["1", "0", NONE], "?")
    found.hold(made == "?", "bad_key", "acted")
    found.keys["acted"] = pd.Series(made, index=text.index, dtype="str")


def _horizon(found: Judgement) -> None:
    number = pd.to_numeric(found.keys["horizon"], errors="coerce")
    wrong = number.isna() | (number < 0) | (number != np.floor(number))
    found.hold(wrong, "bad_count", "horizon")
    found.keys["horizon"] = number.where(~wrong, 0).astype("int64")
