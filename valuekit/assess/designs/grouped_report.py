"""The report and the design of a comparison of groups, from its money and checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from valuekit.assess.designs.base import Design, graded, range_text
from valuekit.assess.designs.grouped import entry_words
from valuekit.estimate import Estimate, Grade, Period
from valuekit.scorecard import Arm, Diagnostic, EvidenceReport, Figure, LaunchEffect
from valuekit.text import money as as_money
from valuekit.text import number, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from valuekit.assess.designs.grouped import Money
    from valuekit.assess.designs.trial import Trial

SETTLE = (
    "A randomised holdout: leave a small random share without the model, register it before the "
    "first exposure, and compare the money itself."
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a design says of itself: the finding's comparison, its formula and source."""

    against: str
    formula: str
    source: str
    treated: str = "Treated groups"


def design(  # noqa: PLR0913  the parts of a report, most of them named
    money: Money,
    words: Words,
    found: tuple[Diagnostic, ...],
    grade: tuple[Grade, Grade, tuple[str, ...]],
    *,
    others: tuple[Figure, ...] = (),
    arms: tuple[Arm, ...] = (),
    launch: tuple[LaunchEffect, ...] = (),
    effect_in: Callable[[str], Estimate],
) -> Design:
    """A design with money over any period, from how its totals are read."""
    trial = money.trial

    def worth(period: Period) -> Estimate:
        return graded(money.money(period), grade[1])

    return Design(
        report=replace(_report(money, words, found, grade, others, arms), launch=launch),
        worth=worth,
        daily=money.daily(),
        effect_in=effect_in,
        comparison=True,
        base_in=money.base if trial.priced else lambda _period: None,
    )


def _report(
    money: Money,
    words: Words,
    found: tuple[Diagnostic, ...],
    grade: tuple[Grade, Grade, tuple[str, ...]],
    others: tuple[Figure, ...],
    arms: tuple[Arm, ...],
) -> EvidenceReport:
    trial = money.trial
    mature = trial.scene.mature
    effect, total, lift = money.effect(mature), money.money(mature), money.relative(mature)
    known = effect.known
    return EvidenceReport(
        design=trial.evidence.design,
        primary=trial.evidence.primary,
        metric=trial.name,
        title=_title(trial, effect, lift, words),
        money=graded(total, grade[1]),
        effect=graded(effect, grade[0]),
        relative=graded(lift, grade[0]),
        effect_grade=grade[0] if known else None,
        grade=grade[1] if known and total.known else None,
        grade_reasons=grade[2] if known else ("no grade before there is an effect to judge",),
        arms=arms,
        diagnostics=found,
        timeline=money.timeline() if known else (),
        others=others if known else (),
        settle=SETTLE,
        formula=words.formula,
        source=words.source,
        base_money=money.base(mature) if mature and total.known else None,
    )


def _title(trial: Trial, effect: Estimate, lift: Estimate, words: Words) -> str:
    if effect.value is None:
        return f"The effect is not known: {effect.reason}"
    unit, per = trial.scene.currency, entry_words(trial)
    if trial.priced:
        size = f"{as_money(abs(effect.value), unit)} {per}{range_text(effect, unit)}"
    else:
        size = f"{number(abs(effect.value))} {trial.name} {per}"
    if lift.value is not None:
        size += f", {percent(abs(lift.value))} of what they would have had,"
    sense = "better" if effect.value >= 0 else "worse"
    if effect.resolved:
        return f"{words.treated} did {size} {sense} than {words.against}"
    if effect.low is None:
        unsure = "how sure that is, is not known"
        return f"{words.treated} did {size} {sense} than {words.against}; {unsure}"
    treated = f"{words.treated[0].lower()}{words.treated[1:]}"
    return f"Not told from zero: {treated} did {size} {sense} than {words.against}"
