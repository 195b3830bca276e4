"""All facts of a generated model, pulled by the connector and written by hand, side by side."""

from __future__ import annotations

import gc
import resource
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from benchmarks.by_hand import ByHand, pull_by_hand
from benchmarks.generate import MODEL, Made
from valuekit.source import Pull, open_connector

RATIO = 1.3  # the most that the pull may take, in times of the hand-written statements
PEAK = 1.5e9  # bytes
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Race:
    """Times and memory of both ways.

    Attributes:
        pulled: Seconds of each pull, opening and closing included.
        by_hand: Seconds of each run of the hand-written statements.
        peak: Most resident bytes of the process during the first pull.
        peak_by_hand: The same during the first run by hand.
        statements: Statement of the pull -> seconds, slowest first.
        hand_statements: The same of the hand-written ones.
    """

    pulled: tuple[float, ...]
    by_hand: tuple[float, ...]
    peak: int
    peak_by_hand: int
    statements: tuple[tuple[str, float], ...]
    hand_statements: tuple[tuple[str, float], ...]

    @property
    def ratio(self) -> float:
        """Median seconds of the pull in medians of the hand-written statements."""
        return statistics.median(self.pulled) / statistics.median(self.by_hand)


def race(made: Made, repetitions: int) -> Race:
    """Run both ways in turn, after showing that their numbers are the same.

    Raises:
        AssertionError: the two ways disagree.
    """
    pulled, by_hand = [], []
    peaks: list[int] = []
    statements: tuple[tuple[str, float], ...] = ()
    hand_statements: tuple[tuple[str, float], ...] = ()
    for turn in range(repetitions):
        _reset_peak()
        began = perf_counter()
        pull = pull_facts(made)
        pulled.append(perf_counter() - began)
        peaks.append(_peak())
        _reset_peak()
        began = perf_counter()
        hand = pull_by_hand(made)
        by_hand.append(perf_counter() - began)
        peaks.append(_peak())
        if turn == 0:
            agree(pull, hand)
        statements = _slowest({one.name: one.seconds for one in pull.queries})
        hand_statements = _slowest(hand.seconds)
    return Race(tuple(pulled), tuple(by_hand), peaks[0], peaks[1], statements, hand_statements)


def pull_facts(made: Made) -> Pull:
    """All facts, through the connector, from opening to closing it."""
    workspace, folder = made.loaded.workspace, made.loaded.folder
    connector = open_connector("lake", workspace.sources["lake"], folder, workspace)
    try:
        return connector.pull(workspace, MODEL, (), lambda _what, _share: None)
    finally:
        connector.close()


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
    _same("score", _daily(score, columns), _daily(mine["score"].assign(total=mine["score"]["n"]), columns))
    for column in ("n", "sum_p"):
        bins = np.sum(np.stack(score[column].to_list()), axis=0)
        there = mine["score"].groupby("bin")[column].sum().reindex(range(len(bins)), fill_value=0)
        np.testing.assert_allclose(bins, there.to_numpy(dtype=float), rtol=1e-9, err_msg=column)
    _effect(facts["effect"], mine["effect"])
    _maturity(facts["maturity"], mine)
    for source in ("predictions", "outcomes"):
        taken = facts["intake"][facts["intake"]["source"] == source]
        by = ["day", "rule"]
        _same(f"intake of {source}", _sums(taken, by, ("rows", "value")), _sums(mine[source], by, ("rows", "value")))


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
            there = mine[ages].groupby("age")[column].sum().reindex(range(len(summed)), fill_value=0)
            np.testing.assert_allclose(summed, there.to_numpy(dtype=float), rtol=1e-9, err_msg=metric)
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


def _slowest(seconds: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(seconds.items(), key=lambda one: -one[1]))


def _reset_peak() -> None:
    gc.collect()
    if _CLEAR.exists():
        _CLEAR.write_text("5", encoding="ascii")  # see proc(5): resets the peak of resident memory


def _peak() -> int:
    """Most resident bytes since the reset; since the start of the process where there is none."""
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
    return int(lines["VmHWM"].split()[0]) * 1024
