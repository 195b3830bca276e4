"""Differential join: is an outcome found for the same share of units in each arm?

Chi-square of matched units by arm within each epoch, summed over epochs. When a missing row
means "unknown", a difference biases the comparison and the check fails at p < 0.0005. When a
missing row means zero, having a row at all may be the effect itself (customers who bought
nothing have no row): the difference is then reported as a warning, which costs no grade.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from valuekit.critical import chi2_p
from valuekit.scorecard import Diagnostic
from valuekit.text import p_value
from valuekit.uplift.arms import ArmFacts, Epochs, arm_epochs, treated_arms
from valuekit.workspace.declare import Absent

NAME = "Outcomes found by arm"
GATE = 0.0005


def attrition(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    *,
    absent: Absent = "zero",
    gate: float = GATE,
    epochs: Epochs | None = None,
) -> Diagnostic:
    """Matched share of the treated arms against the control's.

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        absent: What a missing outcome row was declared to mean.
        gate: p-value below which shares differ.
        epochs: The frame merged by epoch and arm already, where it is at hand.
    """
    epochs = arm_epochs(frame) if epochs is None else epochs
    chosen = treated_arms({arm for arms in epochs.values() for arm in arms}, control, treated)
    statistic, df = 0.0, 0
    used: dict[str, list[ArmFacts]] = {}
    for arms in epochs.values():
        names = [name for name in (control, *chosen) if name in arms and arms[name].units]
        if control not in names or len(names) < 2:
            continue
        for name in names:
            used.setdefault("control" if name == control else "treated", []).append(arms[name])
        table = np.array([[arms[one].matched, arms[one].units] for one in names], dtype=float)
        add, add_df = _chi2(table)
        statistic, df = statistic + add, df + add_df
    if not used:
        return Diagnostic(NAME, "not run", "Both arms are needed to compare them.")
    return _verdict(used, statistic, df, absent, gate)


def _chi2(table: np.ndarray) -> tuple[float, int]:
    matched, units = table.T
    pooled = matched.sum() / units.sum()
    if pooled in {0.0, 1.0}:
        return 0.0, 0
    expected = units * pooled
    return float(((matched - expected) ** 2 / (expected * (1 - pooled))).sum()), len(units) - 1


def _verdict(
    used: dict[str, list[ArmFacts]], statistic: float, df: int, absent: Absent, gate: float
) -> Diagnostic:
    share = {
        side: sum(one.matched for one in facts) / sum(one.units for one in facts)
        for side, facts in used.items()
    }
    p = chi2_p(statistic, df) if df else 1.0
    seen = (
        f"An outcome row was found for {share['treated']:.2%} of treated "
        f"and {share['control']:.2%} of control units"
    )
    if p >= gate:
        return Diagnostic(NAME, "passed", f"{seen}: alike ({p_value(p)}).", statistic, p)
    if absent == "zero":
        text = (
            f"{seen} ({p_value(p)}). "
            "A missing row counts as zero, so this may be the effect itself."
        )
        return Diagnostic(NAME, "warning", text, statistic, p)
    text = f"{seen} ({p_value(p)}): outcomes are lost unevenly, which biases the comparison."
    return Diagnostic(NAME, "failed", text, statistic, p)
