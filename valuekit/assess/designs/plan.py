"""What was registered about a holdout before anyone looked: units planned, dates, arms, windows.

In order of strength: ``valuekit holdout register``, the plan that the first refresh stored, the
``planned_units`` of the workspace file, and a default: the units of one year at the rate seen so
far. The default is fixed at the first refresh, so later looks cannot move it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from valuekit.scorecard import Diagnostic
from valuekit.source import Registered
from valuekit.text import count, day, listed
from valuekit.uplift.arms import treated_arms
from valuekit.uplift.watch import BURN_IN_DAYS, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from valuekit.assess.designs.trial import Trial

KIND = "plan"  # stored by a refresh
HOLDOUT = "holdout"  # stored by `valuekit holdout register`
DEFAULT_DAYS = 365
_FROZEN = ("control", "treated", "until", "window", "allowance", "cap")


@dataclass(frozen=True, slots=True)
class Registry:
    """The plan of a holdout and where it comes from.

    Attributes:
        plan: Planned units and control share; None before the first unit.
        source: Where the number of units comes from, in words.
        stored: Content of the registration that it rests on; None when nothing is stored yet.
    """

    plan: Plan | None
    source: str
    stored: Mapping[str, object] | None


def registry(trial: Trial) -> Registry:
    """The plan that the sequence of a holdout follows."""
    sources = (
        (registered_holdout(trial), "registered on"),
        (stored_plan(trial), "kept as the first run found it, with data to"),
    )
    for found, since in sources:
        if found is not None:
            units, share = found.content.get("units"), found.content.get("share")
            if isinstance(units, int) and isinstance(share, float):
                said = f"{count(units)} units, {since} {day(found.day)}"
                return Registry(Plan(units, share), said, found.content)
    made, declared = _made(trial)
    if made is None:
        return Registry(None, "no unit has been assigned yet", None)
    said = "declared in the workspace" if declared else "one year at the rate so far"
    if not declared and at_once(trial):
        said = "all that came on one day"
    return Registry(made, f"{count(made.units)} units, {said}", None)


def registered_holdout(trial: Trial) -> Registered | None:
    """The registration in force: the latest one that began on or before the first exposure.

    One that was made after its own start changes none that was made before.
    """
    days = trial.rows(None)["day"]
    first = None if days.empty else days.min().date().isoformat()
    found = [
        one
        for one in trial.scene.book.registered
        if one.kind == HOLDOUT
        and one.name == trial.name
        and (first is None or str(one.content.get("start")) <= first)
    ]
    before = [one for one in found if one.day.isoformat() <= str(one.content.get("start"))]
    return next(reversed(before or found), None)


def registered_now(trial: Trial) -> Registered | None:
    """What a refresh stores of a holdout that has units and no registration yet."""
    if stored_plan(trial) is not None:
        return None
    earlier = registered_holdout(trial)
    plan, declared = _made(trial)
    if plan is None:
        return None
    content = _frozen(trial) | {
        "units": plan.units,
        "share": plan.share,
        "declared": declared,
        "follows": None if earlier is None else earlier.day.isoformat(),
    }
    if trial.since is not None:
        content["since"] = trial.since.isoformat()
    return Registered(trial.scene.name, KIND, trial.name, content, trial.scene.book.as_of)


def stored_plan(trial: Trial) -> Registered | None:
    """What the first refresh stored of this sequence; None before it."""
    since = None if trial.since is None else trial.since.isoformat()
    found = (
        one
        for one in trial.scene.book.registered
        if one.kind == KIND and one.name == trial.name and one.content.get("since") == since
    )
    return next(found, None)


def replanned(trial: Trial) -> date | None:
    """First day of the latest plan that was registered anew, once outcomes of it are complete.

    A plan may be registered again, with other dates or more units, but only for units still to
    come. It begins a sequence of its own with them; the old sequence keeps its plan.
    """
    days, through = trial.rows(None)["day"], trial.scene.mature_through
    if days.empty or through is None:
        return None
    first = days.min().date()
    starts = [
        start
        for one in trial.scene.book.registered
        if one.kind == HOLDOUT and one.name == trial.name
        for start in (date.fromisoformat(str(one.content["start"])),)
        if first < start <= through and one.day <= start
    ]
    return max(starts, default=None)


def _frozen(trial: Trial) -> dict[str, object]:
    model, until = trial.scene.model, trial.evidence.until
    outcomes = model.outcomes or model.facts
    return {
        "control": trial.control,
        "treated": trial.evidence.treated,
        "until": None if until is None else until.isoformat(),
        "window": outcomes.window if outcomes else None,
        "allowance": outcomes.allowance if outcomes else None,
        "cap": trial.metric.cap,
    }


def _made(trial: Trial) -> tuple[Plan | None, bool]:
    """The plan by declaration or default, and whether its units were declared."""
    rows = trial.rows(None)
    arm, each = rows["arm"], rows["units"].to_numpy()
    used = arm.isin([trial.control, *_treated(trial)]).to_numpy(dtype=np.bool_)
    units = int(each[used].sum())
    control = int(each[(arm == trial.control).to_numpy(dtype=np.bool_)].sum())
    declared = trial.evidence.planned_units
    share = control / units if 0 < control < units else 0.5
    steps = [one.control for one in trial.evidence.allocation if 0 < one.control < 1]
    if steps and used.sum() == (arm != "").sum():
        share = steps[0]
    if declared is not None:
        return Plan(declared, share), True
    if not units:
        return None, False
    seen = rows["day"][used]
    days = (seen.max() - seen.min()).days + 1
    if days == 1 and (trial.evidence.repeat or at_once(trial)):
        return Plan(units, share), False  # a list of units: no more are to come
    return Plan(max(math.ceil(units / days * DEFAULT_DAYS), 2), share), False


def at_once(trial: Trial) -> bool:
    """Whether all units came on one day and no more are to come."""
    days = trial.rows(None)["day"]
    if days.empty or days.min() != days.max():
        return False
    model = trial.scene.model
    dated = model.assignments is not None and model.assignments.date is not None
    past = (trial.scene.book.as_of - days.max().date()).days >= BURN_IN_DAYS
    alone = model.predictions is None and model.facts is None
    return dated or alone or past


def _treated(trial: Trial) -> tuple[str, ...]:
    return treated_arms(trial.rows(None)["arm"], trial.control, trial.evidence.treated)


def unchanged(trial: Trial, found: Registry) -> Diagnostic:
    """Whether the design is still the one that was stored before its later looks.

    Args:
        trial: The holdout.
        found: Its plan.
    """
    name = "Plan kept"
    stored = stored_plan(trial)
    if stored is None:
        text = f"The plan ({found.source}) is stored by the next refresh and kept from then on."
        return Diagnostic(name, "passed" if found.plan else "not run", text)
    now = _frozen(trial)
    changed = [
        f"{key} from {_said(stored.content[key])} to {_said(now[key])}"
        for key in _FROZEN
        if key in stored.content and stored.content[key] != now[key]
    ]
    if changed:
        text = f"Changed after {day(stored.day)}, when outcomes could be seen: {listed(changed)}."
        return Diagnostic(name, "failed", text)
    planned = trial.evidence.planned_units
    if planned is not None and found.plan is not None and planned != found.plan.units:
        text = (
            f"{count(planned)} planned units are declared now; the sequence follows the plan "
            f"stored first: {found.source}."
        )
        return Diagnostic(name, "warning", text)
    return Diagnostic(name, "passed", f"Arms, dates and windows are as stored: {found.source}.")


def _said(value: object) -> str:
    return "nothing" if value is None else str(value)
