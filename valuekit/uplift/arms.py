"""Effect facts by epoch and arm: the cells that every estimator of a holdout reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from valuekit.facts import only
from valuekit.moments import Moments
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
    found: dict[tuple[object, ...], ArmFacts] = {}
    if frame.empty:
        return found
    for key, rows in frame.groupby(list(keys), sort=True):
        counts = (int(rows[name].sum()) for name in _COUNTS)
        found[key] = ArmFacts(Moments.from_effect_frame(rows), Moments.capped(rows), *counts)
    return found


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
