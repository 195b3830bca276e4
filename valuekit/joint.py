"""What many models say together: which discoveries survive their number, and sums without luck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from valuekit.critical import critical, two_sided_p
from valuekit.estimate import Estimate, Period, unknown
from valuekit.scorecard import PeriodName, Scorecard
from valuekit.text import plural
from valuekit.uplift.multiple import FALSE_DISCOVERY_RATE, benjamini_hochberg
from valuekit.uplift.shrink import LEAST, RULE, Shrunk, shrink
from valuekit.value.money import added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.scorecard import EvidenceReport

ASSUMED = frozenset({"payoff", "baseline_forecast", "hours_saved"})


@dataclass(frozen=True, slots=True)
class Discovery:
    """The primary p-value of one model among all of them."""

    model: str
    title: str
    p_value: float  # as the evidence gives it
    p_adjusted: float  # Benjamini-Hochberg over all models with one
    kind: str  # always valid, or fixed horizon
    found: bool  # adjusted p at or below the false discovery rate


@dataclass(frozen=True, slots=True)
class Discoveries:
    """Models whose effect is told from zero although many models were looked at."""

    rate: float  # share of the found that may be false
    tested: int  # models with a measured comparison and a p-value
    found: int
    models: tuple[Discovery, ...]  # smallest p first
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A model's measured value before and after shrinkage."""

    model: str
    title: str
    plain: float
    shrunk: float
    resolved: bool  # whether its own interval excludes zero


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Measured value (grades A and B) with and without the winner's curse."""

    rule: str
    kept: float | None  # share of each estimate that is kept; None with fewer than three
    plain: Estimate  # sum of the measured values as estimated
    shrunk: Estimate  # the same after shrinkage
    winners_plain: Estimate  # sum over the models whose interval excludes zero, as estimated
    winners_shrunk: Estimate  # the same models after shrinkage
    models: tuple[Part, ...]


def discoveries(cards: Sequence[Scorecard]) -> Discoveries:
    """Benjamini-Hochberg over one primary p-value a model."""
    raw = {card.model: one for card in cards if (one := _primary_p(card)) is not None}
    adjusted = benjamini_hochberg({name: p for name, (p, _) in raw.items()})
    made = [
        Discovery(
            model=card.model,
            title=card.title,
            p_value=raw[card.model][0],
            p_adjusted=adjusted[card.model],
            kind=raw[card.model][1],
            found=adjusted[card.model] <= FALSE_DISCOVERY_RATE,
        )
        for card in cards
        if card.model in raw
    ]
    made.sort(key=lambda one: one.p_value)
    count = sum(one.found for one in made)
    text = (
        f"{count} of {plural(len(made), 'measured effect is', 'measured effects are')} "
        f"told from zero when at most "
        f"{FALSE_DISCOVERY_RATE:.0%} of such discoveries may be chance."
        if made
        else "No model has a measured comparison to test."
    )
    return Discoveries(FALSE_DISCOVERY_RATE, len(made), count, tuple(made), text)


def _primary_p(card: Scorecard) -> tuple[float, str] | None:
    """p-value of the primary evidence and its kind; None for an assumption."""
    report = next((one for one in card.evidence if one.primary), None)
    if report is None or report.design in ASSUMED or report.blocked:
        return None
    if report.reading is not None:
        p = report.reading.p_value
        return None if p is None else (p, report.reading.p_kind)
    return _fixed_p(report)


def _fixed_p(report: EvidenceReport) -> tuple[float, str] | None:
    effect = report.effect
    if effect.value is None or not effect.se:
        return None
    return two_sided_p(effect.value / effect.se, effect.df), "fixed horizon"


def shrinkage(
    cards: Sequence[Scorecard], name: PeriodName, unit: str, period: Period | None
) -> Shrinkage:
    """Measured values of a period, shrunk towards zero before any are picked.

    Measured are models of grade A or B with a standard error; assumed ones (C, D) are no draws
    from a measurement, so nothing is learned from their spread.
    """
    held = [
        (card, value)
        for card in cards
        if (figures := card.period(name)) is not None
        and (value := figures.value).value is not None
        and value.grade in {"A", "B"}
        and value.se
    ]
    values = [value.value or 0.0 for _, value in held]
    errors = [value.se or 0.0 for _, value in held]
    found = shrink(values, errors)
    won = [value.resolved for _, value in held]
    everyone = [True] * len(held)
    return Shrinkage(
        rule=RULE,
        kept=None if found is None else found.kept,
        plain=_plain([v for _, v in held], unit, period),
        shrunk=_shrunk(found, everyone, unit, period),
        winners_plain=_plain([v for (_, v), w in zip(held, won, strict=True) if w], unit, period),
        winners_shrunk=_shrunk(found, won, unit, period),
        models=()
        if found is None
        else tuple(
            Part(card.model, card.title, plain, after, one)
            for (card, _), plain, after, one in zip(held, values, found.values, won, strict=True)
        ),
    )


def _plain(values: list[Estimate], unit: str, period: Period | None) -> Estimate:
    if not values:
        return unknown("no model of grade A or B is among them", unit, period=period)
    return added(values, unit, period, "sum of measured values as estimated")


def _shrunk(
    found: Shrunk | None, chosen: Sequence[bool], unit: str, period: Period | None
) -> Estimate:
    if found is None:
        why = f"fewer than {LEAST} measured values: their spread cannot be told"
        return unknown(why, unit, period=period)
    picked = [i for i, one in enumerate(chosen) if one]
    if not picked:
        return unknown("no measured value is told from zero", unit, period=period)
    value = math.fsum(found.values[i] for i in picked)
    se = math.sqrt(math.fsum(found.errors[i] ** 2 for i in picked))
    half = critical() * se
    return Estimate(
        value=value,
        unit=unit,
        low=value - half,
        high=value + half,
        se=se,
        n=len(picked),
        method="sum after positive-part James-Stein shrinkage",
        period=period,
    )
