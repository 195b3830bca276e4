"""Whether pulled and hand-written facts are the same numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.by_hand import ByHand
from valuekit.source import Pull


def agree(pull: Pull, hand: ByHand) -> None:
    """Compare all facts day by day, scores also bin by bin.

    Raises:
        AssertionError: a number differs by more than rounding.
    """
    facts, mine = pull.facts, hand.facts
    for name, columns in {
        "volume": ("predictions", "acted", "labelled", "scored", "outcome_value"),
        "confusion": ("n",),
    }.items():
        _same(name, _daily(facts[name], columns), _daily(mine[name], columns))
    score = facts["score"]
    columns = ("total", "brier", "log_loss")
    _same(
        "score",
        _daily(score, columns),
        _daily(mine["score"].assign(total=mine["score"]["n"]), columns),
    )
    for column in ("n", "sum_p"):
        bins = np.sum(np.stack(score[column].to_list()), axis=0)
        there = mine["score"].groupby("bin")[column].sum().reindex(range(len(bins)), fill_value=0)
        np.testing.assert_allclose(bins, there.to_numpy(dtype=float), rtol=1e-9, err_msg=column)
    _effect(facts["effect"], mine["effect"])
    _maturity(facts["maturity"], mine)
    for source in ("predictions", "outcomes"):
        taken = facts["intake"][facts["intake"]["source"] == source]
        by = ["day", "rule"]
        _same(
            f"intake of {source}",
            _sums(taken, by, ("rows", "value")),
            _sums(mine[source], by, ("rows", "value")),
        )


def _effect(facts: pd.DataFrame, mine: pd.DataFrame) -> None:
    keys = ["version", "day", "arm"]
    columns = ("units", "matched", "acted", "crossed", "nonzero", "mean_y", "c_yy")
    _same("effect", _sums(facts, keys, columns), _sums(mine, keys, columns))
    third = [_sums(one, keys, ("m3_y",)) for one in (facts, mine)]
    scale = float(third[1].abs().max().iloc[0])
    np.testing.assert_allclose(*third, rtol=1e-6, atol=1e-9 * scale, err_msg="m3_y")


def _maturity(facts: pd.DataFrame, mine: Mapping[str, pd.DataFrame]) -> None:
    for metric, ages in (("label", "ages"), ("amount", "unit_ages")):
        rows = facts[facts["metric"] == metric]
        for column in ("n", "sum_y"):
            summed = np.sum(np.stack(rows[column].to_list()), axis=0)
            there = (
                mine[ages].groupby("age")[column].sum().reindex(range(len(summed)), fill_value=0)
            )
            np.testing.assert_allclose(
                summed, there.to_numpy(dtype=float), rtol=1e-9, err_msg=metric
            )
    entries = facts[facts["metric"] == "label"]
    _same("entries", _daily(entries, ("entries",)), _daily(mine["entries"], ("entries",)))


def _daily(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    return _sums(frame, ["day"], columns)


def _sums(frame: pd.DataFrame, keys: list[str], columns: tuple[str, ...]) -> pd.DataFrame:
    numbers = frame[keys].assign(**{one: frame[one].astype(float) for one in columns})
    numbers["day"] = pd.to_datetime(numbers["day"]).astype("datetime64[s]")
    return numbers.groupby(keys, sort=True)[list(columns)].sum()


def _same(what: str, pulled: pd.DataFrame, by_hand: pd.DataFrame) -> None:
    assert list(pulled.index) == list(by_hand.index), f"{what}: other keys"
    np.testing.assert_allclose(
        pulled.to_numpy(), by_hand.to_numpy(), rtol=1e-9, atol=1e-6, err_msg=what
    )
