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
from valuekit.uplift.srm_watched import REST, sequential_p, sides
from valuekit.workspace.declare import Allocation

NAME = "Sample ratio"
GATE = 0.0005  # of one look
WATCHED_GATE = 0.01  # of all looks together
UNSPLIT = (
    " How the treated arms share the rest is not declared (`arms` of the allocation), so it was "
    "not checked."
)


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

    Where the shares of several treated arms are declared, every arm is held against its own: a
    redirect that moves units from one treated arm to another leaves the control's share as it was.
    Without them every arm with units counts on the other side, also arms that are not analysed,
    and the finding says that the split between those was not checked.

    Args:
        frame: Effect rows of one metric; all days, mature or not, because only units count.
        control: Control arm.
        allocation: Declared steps; without any the check cannot run.
        gate: p-value below which the check fails; by default 0.0005, and 0.01 where watched.
        watched: Whether the split is read on every day: then p stays valid on any of them.
    """
    if not allocation:
        return Diagnostic(NAME, "not run", "No allocation is declared, so the split is unchecked.")
    shares = {step.from_.isoformat(): _expected(step, control) for step in allocation}
    statistic, freedom, seen, odd, unsplit = 0.0, 0, dict[str, int](), "", False
    for epoch, arms in arm_epochs(frame).items():
        units = {arm: one.units for arm, one in arms.items()}
        expected = shares.get(epoch)
        if expected is None:
            odd = (
                f"{sum(units.values()):,} units were exposed before the first declared allocation."
            )
            continue
        odd = _undeclared(epoch, units, expected) or odd
        counts = sides(units, expected)
        if odd or min(expected.values()) <= 0:
            continue
        statistic += srm_p(list(counts.values()), list(expected.values()))[0]
        freedom += len(expected) - 1
        unsplit = unsplit or (REST in expected and len(set(units) - {control}) > 1)
        for arm, n in counts.items():
            seen[arm] = seen.get(arm, 0) + n
    if odd:
        return Diagnostic(NAME, "failed", odd)
    if not freedom or not sum(seen.values()):
        return Diagnostic(NAME, "not run", "No units have been assigned under a declared split.")
    p = sequential_p(frame, shares) if watched else chi2_p(statistic, freedom)
    kind = "p valid on any day" if watched else "p"
    limit = gate or (WATCHED_GATE if watched else GATE)
    return _verdict(statistic, p, limit, _seen(seen, control), kind, UNSPLIT if unsplit else "")


def _expected(step: Allocation, control: str) -> dict[str, float]:
    """Declared share of every side; all treated arms are one where theirs are not declared."""
    if step.arms is None:
        return {control: step.control, REST: 1 - step.control}
    total = step.control + sum(step.arms.values())
    return {control: step.control / total} | {a: one / total for a, one in step.arms.items()}


def _undeclared(epoch: str, units: dict[str, int], expected: dict[str, float]) -> str:
    """Units where none may be: of an arm without a share, or with a share of 0."""
    strange = [arm for arm, n in units.items() if n and arm not in expected]
    if strange and REST not in expected:
        listed = ", ".join(repr(arm) for arm in strange)
        return f"From {epoch} on no share is declared of {listed}, but it has units."
    counts = sides(units, expected)
    wrong = [arm for arm, share in expected.items() if share == 0 and counts[arm]]
    if not wrong:
        return ""
    control = next(iter(expected))
    return f"From {epoch} on {expected[control]:.0%} were to be control, but the data differ."


def _seen(counts: dict[str, int], control: str) -> str:
    """Units of the control arm, and of every treated arm whose share is declared."""
    n = sum(counts.values())
    said = f"{counts[control]:,} of {n:,} units ({counts[control] / n:.2%}) are in the control arm"
    rest = [f"{arm} {k:,} ({k / n:.2%})" for arm, k in counts.items() if arm not in {control, REST}]
    return f"{said}; {', '.join(rest)}" if rest else said


def _verdict(
    statistic: float, p: float, gate: float, seen: str, kind: str, caution: str
) -> Diagnostic:
    said = f"{kind} = {p:.2g}"
    if p < gate:
        text = f"{seen}, which the declared split does not explain ({said}): units are lost."
        return Diagnostic(NAME, "failed", text, statistic, p)
    return Diagnostic(NAME, "passed", f"{seen}, as declared ({said}).{caution}", statistic, p)
