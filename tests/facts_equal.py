"""Facts of two stores compared: keys, counts and Decimals exactly, floats within rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from valuekit.ledger.schema import FACTS


def same(one: Mapping[str, pd.DataFrame], other: Mapping[str, pd.DataFrame]) -> None:
    """See that two sets of facts are equal."""
    for name, fact in FACTS.items():
        if name not in one:
            continue
        keys = list(fact.key_names)
        a = one[name].sort_values(keys, ignore_index=True)
        b = other[name].sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(a[keys], b[keys], obj=name)
        for column in fact.measures:
            x, y = a[column.name], b[column.name]
            said = f"{name}.{column.name}"
            if column.dtype == "float":
                np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-9, err_msg=said)
            elif column.dtype in {"ints", "floats"}:
                assert x.map(np.shape).tolist() == y.map(np.shape).tolist(), said
                left, right = (np.concatenate([[], *one]) for one in (x, y))
                np.testing.assert_allclose(left, right, rtol=1e-12, atol=1.1e-6, err_msg=said)
            else:
                assert x.tolist() == y.tolist(), said


def alike(one: Any, other: Any, place: str = "") -> None:
    """See that two parts of scorecards are equal, floats within rounding.

    Threads add up in the order in which they come: the last bit of a sum is not the same twice.
    """
    assert type(one) is type(other), place
    if is_dataclass(one):
        for field in fields(one):
            alike(getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}")
    elif isinstance(one, tuple | list):
        assert len(one) == len(other), place
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            alike(a, b, f"{place}[{number}]")
    elif isinstance(one, float):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=place)
    else:
        assert one == other, place
