"""What evidence says: designs by name, titles of its cards, and its charts in words."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.format import amount, day, figure, interval, percent, plural
from valuekit.estimate import Estimate
from valuekit.scorecard import (
    AgeEffect,
    Arm,
    Course,
    Diagnostic,
    EvidenceReport,
    LaunchEffect,
    Step,
)

DESIGNS = {
    "holdout": "Randomised holdout",
    "before_after": "Before and after: interrupted time series",
    "structural": "Before and after: structural time series",
    "diff_in_diff": "Difference in differences",
    "staggered": "Staggered roll-out",
    "synthetic": "Synthetic control",
    "synthetic_did": "Synthetic difference in differences",
    "switchback": "Switchback: on and off by turns",
    "observational": "Matched strata, not randomised",
    "payoff": "Payoff matrix",
    "baseline_forecast": "Against a baseline forecast",
    "hours_saved": "Hours saved",
}
_ORDER = {"failed": 0, "warning": 1, "not run": 2, "passed": 3}
# What one of the compared is called, where it is not a unit.
_COUNTED = {
    "before_after": "Days", "structural": "Days", "diff_in_diff": "Groups", "staggered": "Groups",
    "synthetic": "Groups", "synthetic_did": "Groups", "switchback": "Blocks",
}  # fmt: skip


def design_line(one: EvidenceReport) -> str:
    """Design, metric and part of the evidence in one line."""
    design = DESIGNS.get(one.design, one.design)
    on = f", judged by {one.metric}" if one.metric else ""
    role = "it carries the headline" if one.primary else "a second opinion"
    return f"{design}{on}; {role}"


def effect_title(one: EvidenceReport) -> str:
    """What an effect says, by the side of zero that its range lies on."""
    subject = f"effect on {one.metric}" if one.metric else "value"
    held = one.effect
    if held.value is None:
        return f"The {subject} is not known yet"
    if one.blocked:
        return f"No claim on the {subject}: the arms do not hold their declared shares"
    # An assumption can be precise; that does not make it measured.
    given = "" if one.metric else ", if the assumptions hold"
    if held.low is not None and held.low > 0:
        return f"The {subject} is clearly positive{given}"
    if held.high is not None and held.high < 0:
        return f"The {subject} is clearly negative{given}"
    if held.low is None:
        return f"The {subject} is {figure(held)}, without a range"
    return f"The {subject} cannot be told from zero{given}"


def sentence(text: str) -> str:
    """A stored remark as a sentence: capital letter, full stop.

    >>> sentence("not randomised, and it passed its checks")
    'Not randomised, and it passed its checks.'
    """
    held = text.strip()
    return held and held[0].upper() + held[1:] + ("" if held[-1] in ".!?" else ".")


def method_name(held: Estimate) -> str:
    """The method without its variant, as the name of a line: what stands in brackets is left out.

    >>> method_name(Estimate(1.0, "EUR", method="difference in means (Welch), sequence"))
    'Difference in means'
    """
    name = held.method.partition(" (")[0].partition(",")[0].replace("_", " ").strip() or "estimate"
    return name[0].upper() + name[1:]


def grade_title(one: EvidenceReport) -> str:
    """Grade of the money in words."""
    if one.grade is None:
        return "No grade: the money is unknown"
    return f"Grade {one.grade} for the money"


def settle_title(one: EvidenceReport) -> str:
    """What the advice on more evidence is called."""
    return "What would settle it" if one.settle else "Nothing further is needed"


def checks_title(checks: Sequence[Diagnostic]) -> str:
    """How the checks went, the worst first."""
    number = len(checks)
    counted = {name: sum(one.status == name for one in checks) for name in _ORDER}
    if counted["passed"] == number:
        return {1: "Its one check passed", 2: "Both checks passed"}.get(
            number, f"All {number} checks passed"
        )
    said = [f"{counted['failed']} failed"] if counted["failed"] else []
    said += [plural(counted["warning"], "gives a warning", "give a warning")] * bool(
        counted["warning"]
    )
    said += [f"{counted['not run']} could not be run"] if counted["not run"] else []
    last = said.pop()
    parts = f"{', '.join(said)} and {last}" if said else last
    return f"Of {plural(number, 'check')}, {parts}"


def worst_first(checks: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Checks in the order in which they matter to a reader."""
    return sorted(checks, key=lambda one: _ORDER[one.status])


def counted(design: str) -> str:
    """What the number of an arm counts: units, days, groups or blocks."""
    return _COUNTED.get(design, "Units")


def arm_name(arm: Arm) -> str:
    """An arm with its part in the comparison.

    >>> arm_name(Arm("offer", "treated", 5, 5, None, None, 0))
    'offer (treated)'
    """
    same = arm.role in arm.name or arm.name == "untreated groups"
    return arm.name if same else f"{arm.name} ({arm.role})"


def settled_title(one: EvidenceReport) -> str:
    """Since when the effect has been told from zero, in the reading that leads."""
    reading = one.reading
    if one.blocked:
        return "Descriptive only: the arms do not hold their declared shares"
    if reading is not None and reading.steps:
        if reading.told_since is not None:
            return f"Told from zero since {day(reading.told_since)}, whichever day one looks"
        return "On no day could it be told from zero yet"
    if one.effect.resolved:
        since = next(
            at.day
            for place, at in enumerate(one.timeline)
            if all(later.low > 0 or later.high < 0 for later in one.timeline[place:])
            or place == len(one.timeline) - 1
        )
        return f"Its range has been clear of zero since {day(since)}"
    return "Its range still holds zero"


def settled_sub(one: EvidenceReport) -> str:
    """What the bands of the chart of the effect to date mean."""
    if one.reading is not None and one.reading.steps:
        return "Effect to date. Wide band: holds on every day. Inner band: holds for a single look"
    return "Effect to date with the 95% range of each date alone, descriptive"


def timeline_alt(one: EvidenceReport) -> str:
    """The effect over time in words."""
    steps: Sequence[Step] = one.timeline
    last, unit = steps[-1], one.effect.unit
    said = (
        f"Effect to date over {len(steps)} dates, at the end {amount(last.value, unit)}, "
        f"95% range {amount(last.low, unit)} to {amount(last.high, unit)}."
    )
    if one.reading is not None and one.reading.steps:
        held = one.reading.steps[-1]
        said += f" Range that holds on every day: {_range(held.low, held.high, unit)}."
    return said


def _range(low: float, high: float, unit: str) -> str:
    return f"{amount(low, unit)} to {amount(high, unit)}"


def course_title(points: Sequence[Course]) -> str:
    """On which side of the expected the series ran since the launch."""
    gaps = [one.actual - one.expected for one in points if one.treated and one.expected is not None]
    if not gaps:
        return "What happened, and what was expected"
    above = sum(gap > 0 for gap in gaps) / len(gaps)
    if above == 1:
        return "Since the launch it ran above what was expected"
    if above == 0:
        return "Since the launch it ran below what was expected"
    return f"Since the launch it ran above the expected {percent(above, 0)} of the time"


def course_alt(points: Sequence[Course], unit: str) -> str:
    """The series beside its counterfactual in words."""
    last = points[-1]
    said = f"Series from {day(points[0].day)} to {day(last.day)}. "
    if last.expected is None:
        return f"{said}At the end {amount(last.actual, unit)}."
    return (
        f"{said}At the end {amount(last.actual, unit)}, "
        f"expected without the model {amount(last.expected, unit)}."
    )


def launch_title(held: Sequence[LaunchEffect]) -> str:
    """Whether anything stood out before the launch, where there was nothing to find."""
    before = [one for one in held if one.last < 0 and one.effect.value is not None]
    if not before:
        return "The effect by time since the launch"
    out = sum(_excludes(one) for one in before)
    if out == 0:
        return "Before the launch they moved alike"
    # A pointwise range misses zero 5% of the time with nothing behind it.
    if any(one.low is not None for one in before):
        return f"Before the launch {plural(out, 'stretch', 'stretches')} stood out"
    return f"Before the launch {out} of {len(before)} ranges missed zero"


def _excludes(one: LaunchEffect) -> bool:
    low = one.effect.low if one.low is None else one.low
    high = one.effect.high if one.high is None else one.high
    return low is not None and high is not None and (low > 0 or high < 0)


def launch_sub(held: Sequence[LaunchEffect]) -> str:
    """What the points and the band of the launch chart mean."""
    band = any(one.low is not None for one in held)
    return "Effect by time since the launch, 95% ranges" + (
        "; the band holds for all points at once" if band else ""
    )


def launch_alt(held: Sequence[LaunchEffect]) -> str:
    """The launch chart in words."""
    after = [one for one in held if one.first >= 0]
    last = after[-1] if after else held[-1]
    return (
        f"Effect in {len(held)} stretches around the launch; at the end {figure(last.effect)}, "
        f"{interval(last.effect)}."
    )


def ages_alt(held: Sequence[AgeEffect]) -> str:
    """The effect by age in words."""
    pairs = [f"days {one.first} to {one.last}: {figure(one.effect)}" for one in held]
    return "Effect per unit and day by days since first exposure. " + "; ".join(pairs) + "."
