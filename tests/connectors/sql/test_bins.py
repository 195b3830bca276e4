"""A value's bin is the same from a grid in the engine, from comparisons and from numpy."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sql import bins
from connectors.sql.work import Work

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


@pytest.fixture
def work(opened):
    engine = opened()
    return Work(engine, engine.workspace, "m", (), lambda _what, _share: None)


@pytest.fixture
def check(work):
    """A function: edges -> nothing, or a failure."""
    return lambda edges: _check(work, edges)


def _edges(values):
    return tuple(sorted({float(one) for one in values}))


def _around(edges):
    """Values at, just below and just above each edge, far away, and none."""
    found = [one for edge in edges for one in (edge, *_beside(edge))]
    return [*found, -1.7e308, 1.7e308, 0.0, None]


def _beside(edge):
    return math.nextafter(edge, -math.inf), math.nextafter(edge, math.inf)


def _found(work, values, edges):
    rows = work.lookup("values", pa.table({"value": pa.array(values, pa.float64())}))
    source, place = bins.binned(work, rows, rows.c.value, edges)
    statement = sa.select(rows.c.value, place.label("bin")).select_from(source)
    made = work.engine.run("bins", statement).to_pandas()
    assert len(made) == len(values)
    return made


def _check(work, edges):
    found = _found(work, _around(edges), edges)
    known = found.dropna(subset="value")
    wanted = np.searchsorted(edges[1:], known["value"].to_numpy(), side="right")
    assert known["bin"].astype(int).tolist() == wanted.tolist()
    assert found.loc[found["value"].isna(), "bin"].isna().all()


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(FINITE, min_size=bins.FEW + 1, max_size=60, unique=True))
def test_any_edges(check, values):
    check(_edges(values))


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 1, 200),
        np.round(np.linspace(0, 1, 200) ** 3, 4),  # the scores of a rare event crowd at 0
        np.linspace(-3e6, 5e6, 50),
        1 + np.arange(100) * 2.0**-52,  # neighbours
        np.array([*np.linspace(0, 1e-9, 90), 1.0]),
    ],
)
def test_edges_of_many_kinds(work, values):
    _check(work, _edges(values))


def test_many_edges_are_looked_up_and_few_or_crowded_ones_compared(work):
    even = _edges(np.linspace(0, 1, 200))
    _found(work, [0.5], even)
    _found(work, [0.25], even)
    assert list(work.grids) == [even]
    (made,) = [one for one in work.engine.queries if one.name == "grid"]
    assert made.sql.startswith('-- "made"."grid')  # told, so that no statement names the unknown
    _found(work, [0.5], even[: bins.FEW])
    _found(work, [0.5], _edges([*np.linspace(0, 1e-9, 90), 1.0]))
    assert list(work.grids) == [even]


def test_an_engine_that_takes_no_rows_compares(work, without_tables):
    work.engine.__class__ = without_tables
    source = sa.table("t", sa.column("value"))
    same, place = bins.binned(work, source, source.c.value, tuple(np.linspace(0, 1, 200)))
    assert same is source
    assert "edge" not in str(place)
