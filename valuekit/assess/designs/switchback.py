"""Switchback: blocks of time with the model on against blocks with it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.grouped import NO_ROWS, Money, facts, grades, trial_of
from valuekit.assess.designs.grouped_checks import GATE, LEFT_OUT
from valuekit.assess.designs.grouped_report import Words, design
from valuekit.scorecard import Arm, Diagnostic
from valuekit.text import plural
from valuekit.uplift.switchback import (
    LEAST_SWITCHES,
    METHOD,
    Switchback,
    faded,
    shifted,
)
from valuekit.uplift.switchback import (
    switchback as blocks_of,
)

if TYPE_CHECKING:
    from valuekit.assess.designs.base import Design
    from valuekit.assess.designs.trial import Trial
    from valuekit.assess.scene import Scene
    from valuekit.estimate import Estimate
    from valuekit.uplift.gaps import Total
    from valuekit.uplift.panel import Bools, Days
    from valuekit.workspace.declare import Evidence

WORDS = Words(
    "blocks without the model",
    "sum over treated blocks of m (y - mean of untreated blocks of the same group and time of day)",
    "Bojinov, Simchi-Levi & Zhao (2023), Management Science 69:3759",
    treated="Blocks with the model",
)
SWITCHES, CARRIED, NEXT = "Number of switches", "Carry-over", "Placebo: the block before"


def switchback(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a switchback over the blocks of the panel."""
    trial = trial_of(scene, evidence)
    found = _found(trial)
    checks = _checks(found, evidence.carry_over)

    def effect_in(segment: str) -> Estimate:
        return _money(trial, _found(trial, segment)).effect(scene.mature)

    return design(
        _money(trial, found),
        WORDS,
        checks,
        grades(trial, "B", checks, (SWITCHES, CARRIED, NEXT)),
        arms=_arms(found),
        effect_in=effect_in,
    )


def _found(trial: Trial, segment: str = "all") -> Switchback:
    evidence = trial.evidence
    rows = facts(trial, segment)
    if evidence.from_ is not None:
        rows = rows[rows["day"].dt.date >= evidence.from_]
    return blocks_of(rows, carry_over=evidence.carry_over, counted=trial.metric.column is None)


def _money(trial: Trial, found: Switchback) -> Money:
    days: Days = np.unique(found.days)
    compared = found.compared
    if compared is None:
        why = found.why if len(facts(trial)) else NO_ROWS
        return Money(trial, days, lambda _chosen: None, METHOD, why, found.notes)
    place = np.searchsorted(days, found.days)

    def read(chosen: Bools) -> Total | None:
        return compared.total(chosen[place])

    return Money(trial, days, read, METHOD, "", found.notes)


def _arms(found: Switchback) -> tuple[Arm, ...]:
    """Blocks of either arm."""
    if found.compared is None:
        return ()
    rows = []
    for name, side in (("blocks without the model", 0), ("blocks with the model", 1)):
        y = found.blocks.loc[found.blocks["treated"] == side, "y"].to_numpy(dtype=np.float64)
        rows.append(
            Arm(
                name=name,
                role="treated" if side else "control",
                units=len(y),
                matched=len(y),
                mean=float(y.mean()),
                sd=float(y.std(ddof=1)) if len(y) > 1 else None,
                nonzero=int((y != 0).sum()),
            )
        )
    return tuple(rows)


def _checks(found: Switchback, carry_over: int) -> tuple[Diagnostic, ...]:
    if found.compared is None:
        return (_switches(found.switches), _left_out(found))
    return (
        _switches(found.switches),
        _carried(faded(found), carry_over),
        _next(shifted(found)),
        _random(found),
        _left_out(found),
    )


def _switches(switches: int) -> Diagnostic:
    have = plural(switches, "switch", "switches")
    if switches < LEAST_SWITCHES:
        text = f"{have} between on and off; {LEAST_SWITCHES} are asked for."
        return Diagnostic(SWITCHES, "failed", text, float(switches))
    return Diagnostic(SWITCHES, "passed", f"{have} between on and off.", float(switches))


def _carried(p: float | None, carry_over: int) -> Diagnostic:
    """Whether the first block that counts after a switch is like the later ones."""
    if p is None:
        text = (
            "No arm stays long enough to compare the first blocks after a switch with later ones."
        )
        return Diagnostic(CARRIED, "not run", text)
    if p < GATE:
        text = (
            f"Beyond the {plural(carry_over, 'block')} left out after each switch, the next one "
            f"still differs from later ones (p = {p:.2g}): raise `carry_over`."
        )
        return Diagnostic(CARRIED, "failed", text, p_value=p)
    text = f"The first blocks that count after a switch are like later ones (p = {p:.2g})."
    return Diagnostic(CARRIED, "passed", text, p_value=p)


def _next(p: float | None) -> Diagnostic:
    """Whether what comes next shows already, which it cannot have caused."""
    if p is None:
        return Diagnostic(NEXT, "not run", "Too few blocks are followed by either arm.")
    if p < GATE:
        text = (
            f"Blocks differ by the arm of the next one (p = {p:.2g}): switches were not by chance."
        )
        return Diagnostic(NEXT, "failed", text, p_value=p)
    text = f"Blocks do not differ by the arm of the next one (p = {p:.2g}), as it should be."
    return Diagnostic(NEXT, "passed", text, p_value=p)


def _random(found: Switchback) -> Diagnostic:
    name = "Randomisation test"
    if found.compared is None:
        return Diagnostic(name, "not run", found.why)
    p = found.compared.shuffled_p()
    text = (
        "Arms dealt anew to whole stretches 999 times differ at least as much in a share "
        f"of {p:.3g} of them."
    )
    return Diagnostic(name, "passed" if p <= GATE else "warning", text, p_value=p)


def _left_out(found: Switchback) -> Diagnostic:
    if not found.notes:
        return Diagnostic(LEFT_OUT, "passed", "Every block is compared.")
    said = "; ".join(found.notes)
    text = (
        f"{said[0].upper()}{said[1:]}. The money is that of the blocks compared; what the model "
        "brought in treated blocks left out is not in it."
    )
    return Diagnostic(LEFT_OUT, "warning", text)
