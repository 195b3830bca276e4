"""Money moved by a randomised holdout, stratified by allocation epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuekit.critical import critical
from valuekit.estimate import Estimate, Period, unknown
from valuekit.facts import period_of
from valuekit.uplift.arms import Epochs, arm_epochs, treated_arms
from valuekit.uplift.proportion import mover_ends
from valuekit.uplift.stratified import Stratified, freedom, stratify_epochs, total, variance


@dataclass(frozen=True, slots=True)
class Holdout:
    """What a holdout says.

    Attributes:
        money: Sum over epochs of n1 (mean1 - mean0), times the value of one metric unit.
        effect: The same per treated unit.
        base: Counterfactual money of the treated units, sum of n1 mean0; None when unknown.
        units: Treated units that the figures cover.
        control_units: Control units they are compared with.
        excluded: Parts left out, a sentence each (also in the notes of the estimates).
    """

    money: Estimate
    effect: Estimate
    base: float | None
    units: int
    control_units: int
    excluded: tuple[str, ...]


def holdout(  # noqa: PLR0913 - settings by keyword, with defaults
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    unit: str,
    per: str = "unit",
    value: float = 1.0,
    level: float = 0.95,
    period: Period | None = None,
    capped: bool = False,
    proportion: bool = False,
    epochs: Epochs | None = None,
) -> Holdout:
    """Money of a holdout by intention to treat, and the effect per treated unit.

    ``money = value * sum_e n1e (mean1e - mean0e)``, ``effect = money / sum_e n1e`` over epochs
    with both arms. Positive when the treated arm's metric is higher. Several treated arms are
    compared with the one control, whose variance is counted once. No grade is set here.

    Args:
        frame: Effect rows of one metric and one segment, mature days only.
        control: Name of the control arm.
        treated: Treated arm or arms; None for every arm but the control.
        unit: Unit of the money, such as ``EUR``.
        per: Name of one unit, for the unit of the effect.
        value: Money per unit of the metric.
        level: Confidence level.
        period: Label; the frame's days by default.
        capped: Use the outcome capped at the registered cap.
        proportion: Outcomes are 0 or 1 a unit: the interval is Newcombe's.
        epochs: The frame merged by epoch and arm already, where it is at hand.

    Source: Imbens & Rubin (2015), Causal Inference, ch. 9 (stratified experiments).
    """
    epochs = arm_epochs(frame) if epochs is None else epochs
    strata = stratify_epochs(epochs, control, treated, capped=capped)
    notes = _matched_note(frame, control, treated)
    return from_strata(
        strata,
        method="capped difference in means" if capped else "difference in means",
        unit=unit,
        per=per,
        value=value,
        level=level,
        period=period_of(frame, period),
        notes=notes,
        proportion=proportion,
    )


def from_strata(  # noqa: PLR0913 - settings by keyword, with defaults
    strata: Stratified,
    *,
    method: str,
    unit: str,
    per: str,
    value: float,
    level: float,
    period: Period | None,
    notes: tuple[str, ...] = (),
    proportion: bool = False,
) -> Holdout:
    """A holdout from the terms of a stratified difference.

    With ``proportion`` the interval squares and adds Wilson distances of every arm, which is
    Newcombe's method 10 in one epoch; where outcomes are not 0 and 1 it stays Welch's.
    """
    rate = f"{unit}/{per}"
    notes = (*strata.excluded, *notes)
    if strata.alike:
        return _without_interval(strata, method, unit, rate, value, period, notes)
    if strata.reason:
        why = " ".join((strata.reason, *strata.excluded))
        none = unknown(why, unit, period=period, method=method)
        lost = unknown(why, rate, period=period, method=method)
        return Holdout(none, lost, None, 0, strata.control_units, strata.excluded)
    moved = total(strata.terms)
    se = math.sqrt(variance(strata.terms))
    df = freedom(strata.terms)
    half = critical(level, df) * se
    ends = mover_ends(strata.terms, level) if proportion else None
    low, high = ends or (moved - half, moved + half)
    money = Estimate(
        value=moved,
        unit=unit,
        low=low,
        high=high,
        level=level,
        se=se,
        df=df,
        n=strata.units + strata.control_units,
        method=_named(method, len(strata.epochs), "Newcombe" if ends else ""),
        period=period,
        notes=notes,
    ).scaled(value, unit)
    base = -total(strata.control) * value
    effect = money.scaled(1 / strata.units, rate)
    return Holdout(money, effect, base, strata.units, strata.control_units, strata.excluded)


def _without_interval(
    strata: Stratified,
    method: str,
    unit: str,
    rate: str,
    value: float,
    period: Period | None,
    notes: tuple[str, ...],
) -> Holdout:
    """The difference of arms in which nobody differs: a point, and why it has no interval."""
    money = Estimate(
        value=total(strata.alike),
        unit=unit,
        n=strata.units + strata.control_units,
        method=method,
        period=period,
        notes=(strata.reason, *notes),
    ).scaled(value, unit)
    base = -total([term for term in strata.alike if term.weight < 0]) * value
    effect = money.scaled(1 / strata.units, rate)
    return Holdout(money, effect, base, strata.units, strata.control_units, strata.excluded)


def by_arm(
    frame: pd.DataFrame,
    control: str,
    *,
    unit: str,
    per: str = "unit",
    value: float = 1.0,
    level: float = 0.95,
    period: Period | None = None,
) -> dict[str, Holdout]:
    """Each treated arm alone against the control. Their intervals share the control's noise."""
    arms = treated_arms(frame["arm"], control, None)
    return {
        arm: holdout(
            frame, control, arm, unit=unit, per=per, value=value, level=level, period=period
        )
        for arm in arms
    }


def _named(method: str, epochs: int, interval: str) -> str:
    if epochs == 1:
        return f"{method} ({interval or 'Welch'})"
    way = interval or "Welch-Satterthwaite"
    return f"{method} stratified by {epochs} allocation epochs ({way})"


def _matched_note(
    frame: pd.DataFrame, control: str, treated: str | Sequence[str] | None
) -> tuple[str, ...]:
    if frame.empty:
        return ()
    without = frame["units"].to_numpy() - frame["n"].to_numpy()
    if not without.any():
        return ()
    used = frame["arm"].isin([control, *treated_arms(frame["arm"], control, treated)])
    lost = int(without[used.to_numpy(dtype=np.bool_)].sum())
    return (f"{lost:,} units without a known outcome are left out.",) if lost else ()
