"""Difference in differences: treated groups before and after, less untreated groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valuekit.assess.designs.grouped import (
    Money,
    entry,
    grades,
    panel,
    sides,
    trial_of,
    unbalanced,
    why_none,
)
from valuekit.assess.designs.grouped_checks import (
    NUMBER,
    PARALLEL,
    PLACEBO,
    gaps_check,
    number_check,
    placebo_check,
    slopes,
)
from valuekit.assess.designs.grouped_launch import launch_effects
from valuekit.assess.designs.grouped_report import Words, design
from valuekit.scorecard import Diagnostic, Figure
from valuekit.uplift import diff_in_diff as did
from valuekit.uplift.cells import (
    clustered,
    enough_periods,
    four_cells,
    totals_alone,
    unequal_cells,
)
from valuekit.uplift.few_groups import DRAWN, MOST_SPLITS, exact_p, interval_of, splits
from valuekit.uplift.fixed_effects import fixed_effects
from valuekit.uplift.gaps import Gaps, Total
from valuekit.uplift.panel import Panel
from valuekit.uplift.since_launch import since_launch

if TYPE_CHECKING:
    from valuekit.assess.designs.base import Design
    from valuekit.assess.designs.grouped import Reading
    from valuekit.assess.designs.trial import Trial
    from valuekit.assess.scene import Scene
    from valuekit.estimate import Estimate
    from valuekit.scorecard import LaunchEffect
    from valuekit.uplift.panel import Bools
    from valuekit.workspace.declare import Evidence

WORDS = Words(
    "the change of untreated groups",
    "sum over treated groups of (after - before) - mean over untreated groups of the same",
    "Bertrand, Duflo & Mullainathan (2004), QJE 119:249; Card & Krueger (1994), AER 84:772",
)
DECISIVE = (NUMBER, PARALLEL, PLACEBO)
_METHOD = "difference in differences of group means (Welch)"


def diff_in_diff(scene: Scene, evidence: Evidence) -> Design:
    """Evaluate a difference in differences over the groups of the panel."""
    trial = trial_of(scene, evidence)
    made = panel(trial)
    found = _compared(trial, made)
    money = _money(trial, made, found)
    checks = _checks(made, evidence.anticipation, found)

    def effect_in(segment: str) -> Estimate:
        part = panel(trial, segment)
        return _money(trial, part, _compared(trial, part)).effect(scene.mature)

    return design(
        money,
        WORDS,
        checks,
        grades(trial, "C", checks, DECISIVE),
        others=() if isinstance(found, str) else _others(trial, made),
        arms=sides(made),
        launch=() if isinstance(found, str) else _launch(trial, made),
        effect_in=effect_in,
    )


def _compared(trial: Trial, made: Panel) -> Gaps | str:
    found = did.diff_in_diff(made, trial.evidence.anticipation)
    return why_none(trial, made, found) if isinstance(found, str) else found


def _launch(trial: Trial, made: Panel) -> tuple[LaunchEffect, ...]:
    """Effect by time since the launch; nothing to draw from two periods."""
    if len(made.days) < 3:
        return ()
    start = made.cohorts[0] - trial.evidence.anticipation
    time = np.where(np.arange(len(made.days)) < start, 1 / start, 0.0)
    share = np.full(int(made.never.sum()), 1 / made.never.sum())
    return launch_effects(trial, since_launch(made, share, time), len(made.groups))


def _money(trial: Trial, made: Panel, found: Gaps | str) -> Money:
    if isinstance(found, str):
        return Money(trial, made.days, lambda _chosen: None, _METHOD, found, made.notes)
    read, method = _reading(made, found, trial.evidence.anticipation)
    return Money(trial, made.days, read, method, "", made.notes)


def _reading(made: Panel, found: Gaps, anticipation: int) -> tuple[Reading, str]:
    launch = made.cohorts[0]
    if _two_groups(made):
        said = "difference in differences of four cells (pooled least squares)"
        if totals_alone(made):
            said = "difference in differences of two series (spread of their difference)"
        return (lambda chosen: _of_rows(made, launch, anticipation, chosen)), said
    return (lambda chosen: interval_of(found.total(chosen[launch:]))), _METHOD


def _two_groups(made: Panel) -> bool:
    """Two groups with many rows or periods each: cells are all that there is."""
    many = bool((made.n > 1).all())
    if totals_alone(made):
        many = len(made.cohorts) == 1 and enough_periods(made, made.cohorts[0])
    return len(made.groups) == 2 and many


def _of_rows(made: Panel, launch: int, anticipation: int, chosen: Bools) -> Total | None:
    """Total from the four cells, rows independent, over the chosen periods after the launch."""
    after = chosen & (np.arange(len(made.days)) >= launch)
    before = np.arange(len(made.days)) < launch - anticipation
    if not after.any():
        return None
    part = made.kept(np.ones(2, dtype=bool), before | after)
    one = four_cells(part, unit="")
    weight = float(made.weight[~made.never][:, after].sum())
    if one.value is None:
        return None
    value = one.value * weight
    seen = float((made.weight * made.y)[~made.never][:, after].sum())
    se = None if one.se is None else one.se * weight
    return Total(value, se, one.df, weight, seen - value, 2, "" if se else "rows do not vary")


def _checks(made: Panel, anticipation: int, found: Gaps | str) -> tuple[Diagnostic, ...]:
    if isinstance(found, str):
        return (gaps_check(made),)
    return (
        number_check(int((~made.never).sum()), int(made.never.sum())),
        slopes(made, anticipation),
        placebo_check(made, anticipation),
        _random(found),
        gaps_check(made),
    )


def _random(found: Gaps) -> Diagnostic:
    """How often groups drawn by chance differ as much."""
    name = "Randomisation test"
    level = np.concatenate([found.treated.mean(axis=1), found.control.mean(axis=1)])
    treated = np.arange(len(level)) < len(found.treated)
    p = exact_p(level, treated)
    if p is None:
        return Diagnostic(name, "not run", "There are no groups on one of the sides.")
    ways = splits(len(level), int(treated.sum()))
    how = "" if ways <= MOST_SPLITS else f" (of which {DRAWN:,} were drawn)"
    text = (
        f"Of the {ways:.4g} ways to choose {int(treated.sum())} of {len(level)} groups{how}, a "
        f"share of {p:.3g} differ at least as much; it cannot be below "
        f"{1 / min(ways, DRAWN + 1):.2g}."
    )
    return Diagnostic(name, "passed" if p <= 0.05 else "warning", text, p_value=p)


def _others(trial: Trial, made: Panel) -> tuple[Figure, ...]:
    """The regression of rows, clustered by group, and with rows as independent."""
    whole = panel_of_rows(trial)
    if len(whole.cohorts) != 1:
        return ()
    rows = bool((made.n > 1).any())
    found = [
        ("clustered", "Rows weighted alike, clustered by group", clustered(whole, unit="")),
        (
            "fixed_effects",
            "Rows with an effect of each group and period, clustered by group",
            fixed_effects(whole, unit=""),
        ),
    ]
    if rows and not _two_groups(made):
        found.append(("cells", "Rows taken as independent: too sure", four_cells(whole, unit="")))
    if rows:
        label = "Rows taken as independent, a variance for each group and side"
        found.append(("cells.unequal", label, unequal_cells(whole, unit="")))
    return tuple(_figure(trial, *one) for one in found if one[2].known)


def _figure(trial: Trial, key: str, label: str, one: Estimate) -> Figure:
    formula = "least squares of rows on treated, after, and both"
    if key == "fixed_effects":
        formula = "least squares of rows on the launch, an effect of each group and each period"
    return Figure(
        f"uplift.{key}",
        f"{label}, per {entry(trial)}",
        one.scaled(trial.value, f"{trial.unit}/{entry(trial)}"),
        formula,
        WORDS.source,
        ("panel.n", "panel.mean_y", "panel.c_yy"),
        "higher",
    )


def panel_of_rows(trial: Trial) -> Panel:
    """The panel with its gaps: rows of groups that are not seen in every period count too."""
    made = unbalanced(trial)
    launch = made.cohorts[0] if made.cohorts else 0
    place = np.arange(len(made.days))
    keep = (place < launch - trial.evidence.anticipation) | (place >= launch)
    return made.kept(np.ones(len(made.groups), dtype=bool), keep)
