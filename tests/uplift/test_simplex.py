"""Weights on the simplex: the exact minimum, by its own certificate and by another solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from valuekit.uplift.simplex import simplex


def problem(seed: int, rows: int, columns: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return size * rng.normal(1, 1, (rows, columns)), size * rng.normal(1, 1, rows)


PROBLEMS = st.builds(
    problem,
    st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1e-3, 1, 1e5]),
)  # fmt: skip


@given(made=PROBLEMS, ridge=st.sampled_from([0.0, 0.5, 20.0]), intercept=st.booleans())
def test_no_other_weights_are_nearer(
    made: tuple[np.ndarray, np.ndarray], ridge: float, intercept: bool
) -> None:
    """On the simplex, and no direction leads down: the certificate of a convex minimum."""
    a, b = made
    size = max(float(np.abs(a).max()), float(np.abs(b).max()))
    ridge *= size
    w = simplex(a, b, ridge, intercept=intercept)
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1, abs=1e-12)
    if intercept:
        a, b = a - a.mean(axis=0), b - b.mean()
    down = a.T @ (a @ w - b) + ridge**2 * w
    slack = 1e-6 * (size**2 * len(b) + ridge**2)
    assert (down >= w @ down - slack).all()


@pytest.mark.parametrize("seed", range(5))
def test_another_solver_finds_no_less(seed: int) -> None:
    a, b = problem(seed, 15, 6, 1.0)

    def distance(w: np.ndarray) -> float:
        return float(((a @ w - b) ** 2).sum())

    found = minimize(
        distance, np.full(6, 1 / 6), method="SLSQP", bounds=[(0, 1)] * 6, tol=1e-12,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
    )  # fmt: skip
    ours = simplex(a, b)
    assert distance(ours) <= found.fun + 1e-8
    assert ours == pytest.approx(found.x, abs=1e-3)


def test_nothing_to_tell_columns_apart() -> None:
    assert simplex(np.zeros((3, 4)), np.zeros(3)).tolist() == [0.25] * 4
    assert simplex(np.full((3, 1), 7.0), np.zeros(3)).tolist() == [1.0]


def test_a_column_that_is_the_target_takes_it_all() -> None:
    a, _ = problem(3, 20, 5, 1.0)
    assert simplex(a, a[:, 2]) == pytest.approx([0, 0, 1, 0, 0], abs=1e-9)
