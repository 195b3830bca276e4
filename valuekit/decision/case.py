"""What a decision rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from valuekit.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Drop:
    """A dated change for the worse, priced.

    Attributes:
        day: First day after it.
        text: What moved, in words.
        before: Value a day before it.
        after: Value a day after it.
        sudden: Whether it was one step rather than a slow decline.
        of_performance: Whether the performance itself fell, which retraining may restore.
        resolved: Whether the money lost since excludes zero.
    """

    day: date
    text: str
    before: float
    after: float
    sudden: bool
    of_performance: bool
    resolved: bool


@dataclass(frozen=True, slots=True)
class Case:
    """What the decision rests on.

    Attributes:
        title: Name of the model as people read it.
        currency: ISO code.
        value: Money that the model added over ``days``; grade and standard error included.
        days: Mature days that the value covers.
        base: Counterfactual money over the same days; None when the design has none.
        comparison: Whether the design compares arms, so that the prior on relative lift applies.
        control_share: Share of units in the control arm; None without one.
        cost: Marginal cost over the horizon.
        horizon: Days ahead.
        prior: Standard deviation of the prior on relative lift.
        drop: The dated change for the worse, if any.
        decay: What declines slowly, in words; empty when nothing does.
        withheld: Why no verdict may be given; empty when one may.
        maturing: Day when the first outcomes mature, when none has.
        retired: Day when the model was retired.
        no_evidence: Whether no evidence design is declared at all.
    """

    title: str
    currency: str
    value: Estimate
    days: int
    base: float | None
    comparison: bool
    control_share: float | None
    cost: float
    horizon: int
    prior: float = 0.03
    drop: Drop | None = None
    decay: str = ""
    withheld: str = ""
    maturing: date | None = None
    retired: date | None = None
    no_evidence: bool = False
