"""Effect by unit age: outcomes that end early are not fading, an effect that ends early is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.panels import days
from valuekit.uplift.novelty import Fading, fading


def facts(late, gain):
    """Forty days of 100 units an arm; outcomes in the first week, and ``late`` in the second."""
    rng = np.random.default_rng(5)
    made = []
    for day in days(40):
        for arm in ("a", "b"):
            n = rng.poisson([20] * 7 + [late] * 7)
            lift = np.where(np.arange(14) < 7, gain if arm == "b" else 0.0, 0.0)
            made.append({"day": day, "arm": arm, "entries": 100, "n": n, "sum_y": n * (10 + lift)})
    return pd.DataFrame(made)


@pytest.mark.parametrize("late", [0, 0.1])
def test_outcomes_that_end_early_say_nothing_of_fading(late):
    found = fading(facts(late, 3.0), "a", "b", unit="EUR")
    assert isinstance(found, str)
    assert "hardly any outcome" in found


def test_an_effect_that_ends_while_outcomes_go_on_fades():
    found = fading(facts(20, 3.0), "a", "b", unit="EUR")
    assert isinstance(found, Fading)
    assert found.p < 0.01
    assert found.early.value > found.late.value
