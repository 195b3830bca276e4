"""Effect facts by epoch and arm: the cells that every estimator of a holdout reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuekit.facts import only
from valuekit.moments import EffectRows, Moments
from valuekit.scorecard import Arm

_COUNTS = ("units", "matched", "acted", "crossed", "nonzero")


@dataclass(frozen=True, slots=True)
class ArmFacts:
    """One arm, in one epoch or over all.

    Attributes:
        moments: Moments of y, d, x, e over the units with a known outcome.
        capped: Moments of the capped outcome.
        units: All units first exposed in the arm.
        matched: Units with at least one outcome row.
        acted: Units acted on at least once.
        crossed: Units later seen in another arm.
        nonzero: Units with an outcome other than 0.
    """

    moments: Moments
    capped: Moments
    units: int
    matched: int
    acted: int
    crossed: int
    nonzero: int

    @classmethod
    def merged(cls, parts: Sequence[ArmFacts]) -> ArmFacts:
        """All parts merged; they must be of one arm."""
        return cls(
            Moments.merged([part.moments for part in parts]),
            Moments.merged([part.capped for part in parts]),
            *(sum(getattr(part, name) for part in parts) for name in _COUNTS),
        )


Epochs = dict[str, dict[str, ArmFacts]]


def collect(frame: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[object, ...], ArmFacts]:
    """Effect rows merged by ``keys``, in ascending order of the keys.

    Raises:
        ValueError: when the rows are of several models, metrics or segments.
    """
    only(frame, "model", "metric", "segment")
    if frame.empty:
        return {}
    rows = EffectRows.of(frame)
    counts = np.column_stack([frame[name].to_numpy(dtype=np.int64) for name in _COUNTS])
    return {
        key: ArmFacts(rows.moments(at), rows.capped(at), *counts[at].sum(axis=0).tolist())
        for key, at in grouped(frame, keys)
    }


def grouped(
    frame: pd.DataFrame, keys: Sequence[str]
) -> Iterator[tuple[tuple[object, ...], NDArray[np.intp]]]:
    """Groups in ascending order of their keys: the keys, and the places of the group's rows."""
    if frame.empty:
        return
    codes = np.zeros(len(frame), dtype=np.intp)
    names: list[list[object]] = []
    for key in keys:
        found, values = pd.factorize(frame[key])
        ordered = sorted(values.tolist())  # few: sorting them beats sorting the rows
        place = np.array([ordered.index(one) for one in values.tolist()], dtype=np.intp)
        codes = codes * len(ordered) + place[found]
        names.append(ordered)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sizes = [len(values) for values in names]
    for start, at in zip(starts, np.split(order, starts[1:]), strict=True):
        each = np.unravel_index(codes[order[start]], sizes)
        yield tuple(values[int(one)] for values, one in zip(names, each, strict=True)), at


def arm_epochs(frame: pd.DataFrame) -> Epochs:
    """Facts by epoch, then arm; units without an arm are left out."""
    epochs: Epochs = {}
    for (epoch, arm), facts in collect(frame, ("epoch", "arm")).items():
        if arm:
            epochs.setdefault(str(epoch), {})[str(arm)] = facts
    return epochs


def arm_facts(frame: pd.DataFrame) -> dict[str, ArmFacts]:
    """Facts by arm over all epochs: descriptive, because pooling across allocations is biased."""
    return {str(arm): facts for (arm,), facts in collect(frame, ("arm",)).items() if arm}


def treated_arms(
    arms: Iterable[str], control: str, treated: str | Sequence[str] | None
) -> tuple[str, ...]:
    """Names of the treated arms: the one or those given, else every arm but the control."""
    if isinstance(treated, str):
        return (treated,)
    if treated is not None:
        return tuple(treated)
    if isinstance(arms, pd.Series):
        arms = arms.unique()
    return tuple(sorted({arm for arm in arms if arm and arm != control}))


def arm_rows(
    frame: pd.DataFrame, control: str, treated: str | Sequence[str] | None = None
) -> tuple[Arm, ...]:
    """Arms as the scorecard lists them: control first, then treated, then the others."""
    facts = arm_facts(frame)
    chosen = treated_arms(facts, control, treated)
    order = {control: 0} | dict.fromkeys(chosen, 1)
    names = sorted(facts, key=lambda name: (order.get(name, 2), name))
    return tuple(_row(name, facts[name], order.get(name, 2)) for name in names)


def _row(name: str, facts: ArmFacts, place: int) -> Arm:
    roles = ("control", "treated", "other")
    return Arm(
        name=name,
        role=roles[place],  # type: ignore[arg-type]  # indexed by 0, 1, 2 alone
        units=facts.units,
        matched=facts.matched,
        mean=facts.moments.mean_of() if facts.moments.n else None,
        sd=math.sqrt(facts.moments.variance()) if facts.moments.n > 1 else None,
        nonzero=facts.nonzero,
    )
