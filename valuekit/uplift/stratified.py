"""The stratified difference: a sum of weighted arm means, epoch by epoch.

Money moved is sum over epochs e and treated arms a of n_ae (mean_ae - mean_0e): intention to
treat over assigned units. Written as a sum of weighted means T = sum w_i m_i with w = n_ae for
a treated arm and w = -sum_a n_ae for the control, its variance is sum w_i^2 s_i^2 / n_i, its
degrees of freedom are V^2 / sum [(w_i^2 s_i^2/n_i)^2 / (n_i - 1)] (Satterthwaite 1946) and its
third cumulant is sum w_i^3 mu3_i / n_i^2. Pooling across a change of allocation instead mixes
cohorts; an epoch without both arms is left out and its money is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from valuekit.moments import Moments
from valuekit.uplift.arms import ArmFacts, Epochs, arm_epochs, treated_arms

Adjust = Callable[[dict[str, Moments]], dict[str, Moments]]


@dataclass(frozen=True, slots=True)
class Term:
    """A weighted mean of one arm in one epoch.

    Attributes:
        weight: Positive for treated, negative for control.
        mean: The arm's mean.
        variance: Variance of the mean, s^2 / n.
        df: n - 1.
        third: Third cumulant of the mean, mu3 / n^2; None when not kept.
    """

    weight: float
    mean: float
    variance: float
    df: int
    third: float | None


@dataclass(frozen=True, slots=True)
class Stratified:
    """The terms of a stratified difference, or the reason why there are none.

    Attributes:
        terms: Weighted means; empty when not estimable.
        units: Treated units that the sum covers.
        control_units: Control units that it is compared with.
        epochs: Names of the epochs included.
        excluded: Why a part was left out, one sentence each.
        reason: Why nothing can be estimated; empty otherwise.
        alike: The terms when arms differ and have no variance: a difference, no uncertainty.
        lost: Treated units with a known outcome that the sum does not cover.
    """

    terms: tuple[Term, ...]
    units: int
    control_units: int
    epochs: tuple[str, ...]
    excluded: tuple[str, ...]
    reason: str = ""
    alike: tuple[Term, ...] = ()
    lost: int = 0

    @property
    def uncovered(self) -> float | None:
        """Share of treated units with a known outcome whose money is unknown; None without any."""
        return share_lost(self.lost, self.units)

    @property
    def treated(self) -> tuple[Term, ...]:
        """Terms of the treated arms."""
        return tuple(term for term in self.terms if term.weight > 0)

    @property
    def control(self) -> tuple[Term, ...]:
        """Terms of the control arm."""
        return tuple(term for term in self.terms if term.weight < 0)


def share_lost(lost: int, covered: int) -> float | None:
    """Units that a sum does not cover as a share of all; None when there are none.

    >>> share_lost(13, 7)
    0.65
    """
    return lost / (lost + covered) if lost + covered else None


def total(terms: Sequence[Term]) -> float:
    """Sum of weight times mean."""
    return sum(term.weight * term.mean for term in terms)


def variance(terms: Sequence[Term]) -> float:
    """Sum of squared weight times variance of the mean."""
    return sum(term.weight**2 * term.variance for term in terms)


def satterthwaite(parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of independent variances (variance, df), Satterthwaite 1946."""
    sum_v = sum(v for v, _ in parts)
    return sum_v**2 / sum(v**2 / df for v, df in parts)


def freedom(terms: Sequence[Term]) -> float:
    """Satterthwaite degrees of freedom of the sum of the terms."""
    return satterthwaite([(term.weight**2 * term.variance, term.df) for term in terms])


def stratify(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    capped: bool = False,
    adjust: Adjust | None = None,
) -> Stratified:
    """Terms of the stratified difference of a frame of effect facts.

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Name of the control arm.
        treated: Treated arm or arms; None for every arm but the control.
        capped: Use the capped outcome.
        adjust: Replaces the moments of one epoch's arms, as a covariate adjustment does.
    """
    epochs = arm_epochs(frame)
    return stratify_epochs(epochs, control, treated, capped=capped, adjust=adjust)


def stratify_epochs(
    epochs: Epochs,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    capped: bool = False,
    adjust: Adjust | None = None,
) -> Stratified:
    """As :func:`stratify`, from facts already merged by epoch and arm."""
    seen = {arm for arms in epochs.values() for arm in arms}
    chosen = treated_arms(seen, control, treated)
    terms: list[Term] = []
    excluded: list[str] = []
    included: list[str] = []
    units = control_units = every = 0
    for epoch, arms in sorted(epochs.items()):
        made, why = _epoch_terms(arms, control, chosen, capped=capped, adjust=adjust)
        every += sum(arms[name].moments.n for name in chosen if name in arms)
        excluded += [f"{_where(epoch)}{text}" for text in why]
        if made:
            terms += made
            included.append(epoch)
            units += round(sum(term.weight for term in made if term.weight > 0))
            control_units += arms[control].moments.n
    reason = "" if terms and variance(terms) > 0 else _reason(epochs, control, chosen, terms)
    return Stratified(
        () if reason else tuple(terms),
        units,
        control_units,
        tuple(included),
        tuple(excluded),
        reason,
        # One value everywhere is more likely a column that says nothing than an effect of 0.
        alike=tuple(terms) if reason and len({term.mean for term in terms}) > 1 else (),
        lost=every - units,
    )


def _epoch_terms(
    arms: dict[str, ArmFacts],
    control: str,
    chosen: Sequence[str],
    *,
    capped: bool,
    adjust: Adjust | None,
) -> tuple[list[Term], list[str]]:
    moments = {
        name: (facts.capped if capped else facts.moments)
        for name, facts in arms.items()
        if name == control or name in chosen
    }
    if not any(name in moments and moments[name].n for name in chosen):
        return [], []
    if control not in moments or moments[control].n < 2:
        n = moments[control].n if control in moments else 0
        lost = sum(moments[name].n for name in chosen if name in moments)
        said = f"the control arm has {n} unit{'' if n == 1 else 's'}"
        return [], [f"{said}, so the money of {lost:,} treated units is unknown and left out"]
    if adjust is not None:
        moments = adjust(moments)
    usable = [name for name in chosen if name in moments and moments[name].n >= 2]
    why = [
        f"arm {name!r} has 1 unit, which is left out"
        for name in chosen
        if name in moments and moments[name].n == 1
    ]
    made = [_term(moments[name], float(moments[name].n)) for name in usable]
    if made:
        made.append(_term(moments[control], -sum(term.weight for term in made)))
    return made, why


def _term(moments: Moments, weight: float) -> Term:
    third = moments.third()
    return Term(
        weight=weight,
        mean=moments.mean_of(),
        variance=moments.variance() / moments.n,
        df=moments.n - 1,
        third=None if third is None else third / moments.n**2,
    )


def _where(epoch: str) -> str:
    return "" if epoch == "all" else f"Units first exposed from {epoch} on: "


def _reason(epochs: Epochs, control: str, chosen: Sequence[str], terms: Sequence[Term]) -> str:
    if not epochs:
        return "No units have completed their outcome window yet."
    names = {arm for arms in epochs.values() for arm in arms}
    if control not in names:
        return f"Only one side has data: there are no units in the control arm {control!r}."
    if not any(name in names for name in chosen):
        listed = ", ".join(repr(name) for name in chosen) or "any other arm"
        return f"Only one side has data: there are no units in {listed}."
    if terms:
        return "Every unit has the same outcome in each arm, so no uncertainty can be estimated."
    return "No stretch of constant allocation has at least two units in both arms."
