"""Sample-ratio mismatch: did the arms get the share of units that was declared?

Chi-square of the units counted in each allocation epoch against the shares declared for it,
summed over epochs (Fabijan et al. 2019, KDD). Below p = 0.0005 something in assignment or
logging loses units of one arm, and no difference between the arms can be trusted. Read on every
day, a fixed p would in time fall below any gate (0.0005 blocks 1.3% of sound holdouts in a year of
looks); a split that is watched is judged by the sequential test of
:mod:`valuekit.uplift.srm_watched`. Its p holds for all days together, so its gate is 0.01: at most
one sound holdout in a hundred is ever blocked (0.5% in a year, benchmarks/simulations/sequence.py),
where 0.0005 would let a split pass that is four standard errors off.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from valuekit.critical import chi2_p
from valuekit.scorecard import Diagnostic
from valuekit.uplift.arms import arm_epochs
from valuekit.uplift.srm_watched import sequential_p
from valuekit.workspace.declare import Allocation

NAME = "Sample ratio"
GATE = 0.0005  # of one look
WATCHED_GATE = 0.01  # of all looks together


def srm_p(counts: Sequence[float], shares: Sequence[float]) -> tuple[float, float]:
    """Chi-square statistic and p-value of counts against expected shares.

    Args:
        counts: Units by arm.
        shares: Expected shares by arm, positive, summing to 1.

    Raises:
        ValueError: when the shares are not positive or do not sum to 1.

    >>> round(srm_p([821588, 815482], [0.5, 0.5])[1], 7)
    1.8e-06
    """
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9 or len(shares) != len(counts):
        msg = f"expected shares must be positive and sum to 1, one per arm; got {list(shares)}"
        raise ValueError(msg)
    n = sum(counts)
    if n == 0:
        return 0.0, 1.0
    statistic = sum((x - n * q) ** 2 / (n * q) for x, q in zip(counts, shares, strict=True))
    return statistic, chi2_p(statistic, len(counts) - 1)


def sample_ratio(
    frame: pd.DataFrame,
    control: str,
    allocation: Sequence[Allocation],
    gate: float | None = None,
    *,
    watched: bool = False,
) -> Diagnostic:
    """Units in the control arm against its declared share, over all allocation epochs.

    Every arm with units counts on the other side, including arms that are not analysed.

    Args:
        frame: Effect rows of one metric; all days, mature or not, because only units count.
        control: Control arm.
        allocation: Declared steps; without any the check cannot run.
        gate: p-value below which the check fails; by default 0.0005, and 0.01 where watched.
        watched: Whether the split is read on every day: then p stays valid on any of them.
    """
    if not allocation:
        return Diagnostic(NAME, "not run", "No allocation is declared, so the split is unchecked.")
    shares = {step.from_.isoformat(): step.control for step in allocation}
    statistic, tested, n_control, n, odd = 0.0, 0, 0, 0, ""
    for epoch, arms in arm_epochs(frame).items():
        in_control = arms[control].units if control in arms else 0
        every = sum(one.units for one in arms.values())
        if epoch not in shares:
            odd = f"{every:,} units were exposed before the first declared allocation."
            continue
        expected = shares[epoch]
        if expected in {0.0, 1.0}:
            if in_control != every * expected:
                odd = f"From {epoch} on {expected:.0%} were to be control, but the data differ."
            continue
        statistic += srm_p([in_control, every - in_control], [expected, 1 - expected])[0]
        tested, n_control, n = tested + 1, n_control + in_control, n + every
    if odd:
        return Diagnostic(NAME, "failed", odd)
    if not tested or not n:
        return Diagnostic(NAME, "not run", "No units have been assigned under a declared split.")
    p = sequential_p(frame, control, shares) if watched else chi2_p(statistic, tested)
    kind = "p valid on any day" if watched else "p"
    limit = gate or (WATCHED_GATE if watched else GATE)
    return _verdict(statistic, p, n_control, n, limit, kind)


def _verdict(
    statistic: float, p: float, n_control: int, n: int, gate: float, kind: str
) -> Diagnostic:
    seen = f"{n_control:,} of {n:,} units ({n_control / n:.2%}) are in the control arm"
    said = f"{kind} = {p:.2g}"
    if p < gate:
        text = f"{seen}, which the declared split does not explain ({said}): units are lost."
        return Diagnostic(NAME, "failed", text, statistic, p)
    return Diagnostic(NAME, "passed", f"{seen}, as declared ({said}).", statistic, p)
