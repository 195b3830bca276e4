"""Long rows of a ready-made fact as the frames that the ledger takes, by segment too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.ledger.merge import merge
from valuekit.ledger.ragged import boxed
from valuekit.ledger.schema import FACTS, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OTHER, NOTHING = "(other)", "(none)"
_FILL: dict[str, str | int | float] = {"text": "", "int": 0, "float": 0.0}
_TYPE = {"int": "int64", "float": "float64"}


def views(
    long: pd.DataFrame, segments: Sequence[tuple[str, tuple[str, ...] | None]]
) -> Iterator[pd.DataFrame]:
    """The rows as they are, and once more for each segment column.

    Args:
        long: Long rows with columns ``seg0``, ``seg1``, ...
        segments: Name of each segment column, and the values kept apart; None for all of them.
    """
    yield long
    for place, (name, kept) in enumerate(segments):
        value = long[f"seg{place}"].astype("object")
        shown = value if kept is None else value.where(value.isin(kept) | value.isna(), OTHER)
        named = f"{name}=" + shown.where(value.notna(), NOTHING).astype("str")
        yield long.assign(segment=named)


def merged(name: str, model: str, long: pd.DataFrame) -> pd.DataFrame:
    """Rows of a fact without vectors, those of one key as one."""
    fact = FACTS[name]
    frame = _filled(fact, long.assign(model=model))
    if not frame.duplicated(list(fact.key_names)).any():
        return frame
    return merge(fact, frame, fact.key_names)


def _filled(fact: Fact, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of the fact in their types; what is not there is 0, or an empty vector."""
    made: dict[str, object] = {}
    for one in fact.columns:
        if one.dtype in {"ints", "floats"}:
            dtype = "int64" if one.dtype == "ints" else "float64"
            made[one.name] = boxed([np.zeros(0, dtype=dtype)] * len(frame))
        elif one.name not in frame:
            made[one.name] = _FILL[one.dtype]
        elif one.dtype == "text":
            made[one.name] = frame[one.name].astype("str")
        elif one.dtype in _TYPE:
            made[one.name] = frame[one.name].astype(np.dtype(_TYPE[one.dtype]))
        else:
            made[one.name] = frame[one.name]
    return pd.DataFrame(made, index=frame.index)
