"""The report and the design of one series against its counterfactual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from valuekit.assess.designs.base import Design, graded, range_text
from valuekit.assess.designs.grouped import grades
from valuekit.estimate import Estimate, Grade, Period
from valuekit.scorecard import Arm, Diagnostic, EvidenceReport, Figure
from valuekit.text import money as as_money
from valuekit.text import number, percent
from valuekit.uplift.season import YEARS, years

if TYPE_CHECKING:
    from collections.abc import Callable

    from valuekit.assess.designs.series import SeriesMoney
    from valuekit.assess.designs.trial import Trial

SETTLE = (
    "A randomised holdout: leave a small random share without the model, register it before the "
    "first exposure, and compare the money itself."
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a design says of itself: the comparison, its formula, its source."""

    against: str
    formula: str
    source: str


def base_grade(money: SeriesMoney) -> tuple[Grade, str]:
    """C with control series or two years before the launch, else D, and why."""
    made = money.made
    if made.names:
        return "C", ""
    if years(made, ~made.treated) >= YEARS:
        return "C", ""
    return "D", "no control series, and less than two years before the launch"


def design(
    money: SeriesMoney,
    words: Words,
    checks: tuple[Diagnostic, ...],
    decisive: tuple[str, ...],
    others: tuple[Figure, ...],
    effect_in: Callable[[str], Estimate],
) -> Design:
    """A design with money over any period."""
    base, short = base_grade(money)
    effect, priced, why = grades(money.trial, base, checks, decisive)
    if short:
        why = (short, *(one for one in why if not one.startswith("not randomised")))

    def worth(period: Period) -> Estimate:
        return graded(money.money(period), priced)

    return Design(
        report=_report(money, words, checks, (effect, priced, why), others),
        worth=worth,
        daily=money.daily(),
        effect_in=effect_in,
        comparison=True,
        base_in=money.base,
    )


def _report(
    money: SeriesMoney,
    words: Words,
    checks: tuple[Diagnostic, ...],
    grade: tuple[Grade, Grade, tuple[str, ...]],
    others: tuple[Figure, ...],
) -> EvidenceReport:
    trial = money.trial
    mature = trial.scene.mature
    effect, lift = money.effect(mature), money.relative(mature)
    whole = mature or Period(trial.scene.book.as_of, trial.scene.book.as_of)
    total = money.money(whole)
    return EvidenceReport(
        design=trial.evidence.design,
        primary=trial.evidence.primary,
        metric=trial.name,
        title=_title(trial, money.made.frequency, effect, lift, words.against) + _but(checks),
        money=graded(total, grade[1]),
        effect=graded(effect, grade[0]),
        relative=graded(lift, grade[0]),
        effect_grade=grade[0] if effect.known else None,
        grade=grade[1] if total.known and effect.known else None,
        grade_reasons=grade[2]
        if effect.known
        else ("no grade before there is an effect to judge",),
        arms=_sides(money),
        diagnostics=checks,
        timeline=money.timeline(),
        others=others,
        settle=SETTLE,
        formula=words.formula,
        source=words.source,
        base_money=money.base(whole) if total.known else None,
        course=money.course(),
    )


def _sides(money: SeriesMoney) -> tuple[Arm, ...]:
    """Periods before and after the launch, with their mean totals."""
    made, rows = money.made, []
    for name, role, chosen in (
        (f"{made.frequency}s before", "control", ~made.treated),
        (f"{made.frequency}s after", "treated", made.treated),
    ):
        values, n = made.total[chosen], int(chosen.sum())
        rows.append(
            Arm(
                name=name,
                role=role,  # type: ignore[arg-type]  # one of the two words above
                units=n,
                matched=n,
                mean=float(values.mean()) if n else None,
                sd=float(values.std(ddof=1)) if n > 1 else None,
                nonzero=int((values != 0).sum()),
            )
        )
    return tuple(rows) if len(made.time) else ()


def _but(checks: tuple[Diagnostic, ...]) -> str:
    """That checks failed, beside the finding that they put in doubt."""
    failed = sum(one.status == "failed" for one in checks)
    return f"; {failed} of its {len(checks)} checks failed" if failed else ""


def _title(trial: Trial, per: str, effect: Estimate, lift: Estimate, against: str) -> str:
    if effect.value is None:
        return f"The effect is not known: {effect.reason}"
    unit = trial.scene.currency
    if trial.priced:
        size = f"{as_money(abs(effect.value), unit)} a {per}{range_text(effect, unit)}"
    else:
        size = f"{number(abs(effect.value))} {trial.name} a {per}"
    if lift.value is not None:
        size += f", {percent(abs(lift.value))},"
    sense = "better" if effect.value >= 0 else "worse"
    said = f"since the launch it went {size} {sense} than {against}"
    return f"{said[0].upper()}{said[1:]}" if effect.resolved else f"Not told from zero: {said}"
