"""Checks that a series runs on itself, said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valuekit.critical import two_sided_p
from valuekit.scorecard import Diagnostic
from valuekit.text import day, number, percent, plural
from valuekit.uplift.interrupted import LEAST, interrupted
from valuekit.uplift.season import YEARS, years
from valuekit.uplift.series_checks import luck, placebos, remembers

if TYPE_CHECKING:
    from valuekit.assess.designs.series import SeriesMoney
    from valuekit.degradation.performance import Floats
    from valuekit.uplift.series import Series
    from valuekit.uplift.series_checks import Fit

PLACEBO = "Pretended launches"
LUCK = "Bad stretch before the launch"
MEMORY = "Residual autocorrelation"
CONTROLS = "Controls left alone"
LENGTH = "Time before the launch"
LEFT_OUT = "Data left out"
GATE, RARE, UNUSUAL = 0.05, 0.01, 0.05
SLIGHT = 1 / 3  # share of an effect that may go with a bad stretch before it no longer "stays"


def length_check(made: Series) -> Diagnostic:
    """How much past the counterfactual rests on."""
    n = int((~made.treated).sum())
    have = f"{plural(n, made.frequency)} before the launch"
    if n < LEAST[made.frequency]:
        return Diagnostic(LENGTH, "failed", f"{have}; at least {LEAST[made.frequency]} are needed.")
    if years(made, ~made.treated) < YEARS:
        text = f"{have}, less than two years: a yearly pattern cannot be told from the effect."
        return Diagnostic(LENGTH, "warning", text, float(n))
    return Diagnostic(LENGTH, "passed", f"{have}, two years or more.", float(n))


def gaps_check(made: Series) -> Diagnostic:
    """What was left out or filled, and periods that are missing."""
    missing = int(made.time[-1] - made.time[0]) + 1 - len(made.time) if len(made.time) else 0
    said = list(made.notes)
    if missing and not said:
        said = [f"{plural(missing, made.frequency)} without data between the first and the last"]
    if not said:
        return Diagnostic(LEFT_OUT, "passed", f"Every {made.frequency} has a value.")
    text = "; ".join(said)
    return Diagnostic(LEFT_OUT, "warning", f"{text[0].upper()}{text[1:]}.", float(missing))


def placebo_check(made: Series, fit: Fit) -> Diagnostic:
    """Launches pretended before the real one find nothing."""
    found = placebos(made, fit)
    if not found:
        text = "The time before the launch is too short to pretend a launch in it."
        return Diagnostic(PLACEBO, "not run", text)
    worst = min(found, key=lambda one: one.p_value)
    p = min(1.0, worst.p_value * len(found))
    size = percent(abs(worst.value)) if abs(worst.value) < 1 else number(abs(worst.value))
    tried = f"Of {plural(len(found), 'launch', 'launches')} pretended before the real one"
    said = f"{tried}, the one on {day(worst.day)} stands out most, by {size}"
    if p < GATE:
        text = f"{said} (p = {p:.2g}), where there was nothing to find: chance moves it as much."
        return Diagnostic(PLACEBO, "failed", text, worst.value, p)
    return Diagnostic(PLACEBO, "passed", f"{said} (p = {p:.2g}): nothing, as it should.", p_value=p)


def luck_check(money: SeriesMoney, fit: Fit) -> Diagnostic:
    """Whether the launch came after an unusually bad stretch, and what is left without it."""
    if isinstance(money.found, str):
        return Diagnostic(LUCK, "not run", "There is no fit to judge by.")
    better = money.trial.metric.higher_is_better
    found = luck(money.made, money.found, fit, higher_is_better=better)
    if found is None:
        return Diagnostic(LUCK, "not run", "There are too few earlier stretches to compare with.")
    last = f"the {plural(found.periods, money.made.frequency)} before the launch"
    if found.share >= UNUSUAL:
        text = f"{percent(found.share)} of earlier stretches were as bad as {last}: not unusual."
        return Diagnostic(LUCK, "passed", text, found.share)
    said = f"{last[0].upper()}{last[1:]} were unusually bad, and bad times pass by themselves"
    gap, now = found.without, money.found.gap(money.treated)
    if gap is None or gap.low is None or gap.high is None or now is None:
        return Diagnostic(LUCK, "failed", f"{said}; without them there is no fit.", found.share)
    inside = gap.low <= 0 <= gap.high or (gap.value > 0) != (now.value > 0)
    left = f"{number(gap.value / gap.periods)} instead of {number(now.value / now.periods)}"
    text = f"{said}. Without them the effect is {left} a {money.made.frequency}"
    if inside:
        return Diagnostic(LUCK, "failed", f"{text}, not told from zero.", found.share)
    return Diagnostic(LUCK, "warning", f"{text}: {_left(gap.value, now.value)}.", found.share)


def _left(without: float, now: float) -> str:
    """What is left of an effect, in words that fit its size."""
    gone = 1 - without / now
    if gone <= SLIGHT:
        return "it stays"
    return f"{percent(gone)} of it goes with them, and what is left is told from zero"


def memory_check(residuals: Floats, order: int, what: str) -> Diagnostic:
    """Whether the noise that is left still remembers."""
    found = remembers(residuals, order)
    if found is None:
        return Diagnostic(MEMORY, "not run", "There are too few observations to judge.")
    q, p, lags = found
    held = f"{what} {plural(order, 'earlier value')} in the noise" if order else what
    if p < RARE:
        text = (
            f"{held[0].upper()}{held[1:]} leaves a pattern in the residuals (p = {p:.2g} over "
            f"{lags} lags): the interval may be too narrow."
        )
        return Diagnostic(MEMORY, "failed", text, q, p)
    text = f"No pattern is left in the residuals (p = {p:.2g} over {lags} lags), after {held}."
    return Diagnostic(MEMORY, "passed", text, q, p)


def controls_check(made: Series, harmonics: int | None) -> Diagnostic:
    """Whether a control series moved at the launch itself."""
    moved: list[tuple[float, str, float]] = []
    for place, name in enumerate(made.names):
        one = interrupted(made.instead(place), change="level", harmonics=harmonics)
        gap = None if isinstance(one, str) else one.gap(made.treated.astype(np.float64))
        if gap is None or not gap.se:
            continue
        z = abs(gap.value / gap.se)
        moved.append((z, name, gap.value / gap.periods))
    if not moved:
        return Diagnostic(CONTROLS, "not run", "No control series can be judged.")
    z, name, by = max(moved)
    p = min(1.0, two_sided_p(z) * len(moved))
    if p < RARE:
        text = (
            f"{name} itself moved by {number(by)} at the launch (p = {p:.2g}): if the model moved "
            "it, it is no control and hides a part of the effect."
        )
        return Diagnostic(CONTROLS, "failed", text, by, p)
    names = plural(len(moved), "control series", "control series")
    return Diagnostic(
        CONTROLS, "passed", f"{names} did not move at the launch (p = {p:.2g}).", by, p
    )


def collinear_check(left_out: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    """Terms that the others explain already."""
    if not left_out:
        return ()
    text = f"Left out, because other terms say the same: {', '.join(left_out)}."
    return (Diagnostic("Terms left out", "warning", text),)
