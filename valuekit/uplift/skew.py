"""Skew gate: is the estimate's own distribution close enough to normal for its interval?

The third standardised cumulant of a weighted sum of means, g = sum w^3 mu3/n^2 / V^1.5, which is
(g1 s1^3/n1^2 - g0 s0^3/n0^2) / V^1.5 for one epoch. A one-sided error of a t interval departs
from nominal by about (2z^2 + 1) phi(z) |g| / 6 (Hall 1992, The Bootstrap and Edgeworth
Expansion, sec. 2.6); |g| above 0.12 is too much for the top grade.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from valuekit.scorecard import Diagnostic
from valuekit.uplift.arms import Epochs, arm_epochs
from valuekit.uplift.stratified import Stratified, stratify_epochs, variance

NAME = "Skewness"
GATE = 0.12


def skewness(strata: Stratified) -> float | None:
    """Skewness of a stratified difference; None when it has none or no third moments."""
    thirds = [term.third for term in strata.terms]
    spread = variance(strata.terms)
    if spread <= 0 or any(third is None for third in thirds):
        return None
    cumulant = sum(
        term.weight**3 * third
        for term, third in zip(strata.terms, thirds, strict=True)
        if third is not None
    )
    return float(cumulant / spread**1.5)


def skew_gate(
    frame: pd.DataFrame,
    control: str,
    treated: str | Sequence[str] | None = None,
    gate: float = GATE,
    *,
    epochs: Epochs | None = None,
) -> Diagnostic:
    """Whether a few large outcomes decide the difference; if so the capped figure leads.

    Args:
        frame: Effect rows of one metric and segment, mature days only.
        control: Control arm.
        treated: Treated arm or arms; None for all others.
        gate: Absolute skewness above which the check fails.
        epochs: The frame merged by epoch and arm already, where it is at hand.
    """
    epochs = arm_epochs(frame) if epochs is None else epochs
    found = skewness(stratify_epochs(epochs, control, treated))
    if found is None:
        return Diagnostic(NAME, "not run", "The difference cannot be estimated yet.")
    if abs(found) > gate:
        text = (
            f"A few large outcomes decide the difference (skewness {found:+.2f}, limit {gate}): "
            "its interval is not trustworthy, the capped one decides."
        )
        return Diagnostic(NAME, "failed", text, found)
    text = f"No handful of outcomes decides the difference (skewness {found:+.2f})."
    return Diagnostic(NAME, "passed", text, found)
