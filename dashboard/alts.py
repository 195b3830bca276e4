"""Charts in words: their numbers, for who cannot see them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.format import amount, day, figure, interval, money, percent, plural, signed
from valuekit.scorecard import Accuracy, BridgeStep, Drift, Figure, ToDate, Week


def bridge_alt(steps: Sequence[BridgeStep], currency: str) -> str:
    """The bridge in words."""
    parts = []
    for one in steps:
        text = money(one.amount, currency)
        parts.append(f"{one.label} {text if one.kind == 'total' else signed(one.amount, text)}")
    return "Value bridge. " + ", ".join(parts) + "."


def to_date_alt(points: Sequence[ToDate], currency: str) -> str:
    """The cumulative chart in words."""
    if not points:
        return "No cumulative net value yet."
    last = points[-1]
    return (
        f"Net value to date from {day(points[0].day)} to {day(last.day)}: "
        f"{money(last.net, currency)}, 95% range {money(last.low, currency)} to "
        f"{money(last.high, currency)}."
    )


def weeks_alt(weeks: Sequence[Week], name: str) -> str:
    """The weekly performance in words."""
    known = [one for one in weeks if one.performance is not None]
    if not known:
        return f"No weekly {name} yet."
    first, last = known[0], known[-1]
    return (
        f"{name} by week from {amount(first.performance, '1')} in the week of {day(first.start)} "
        f"to {amount(last.performance, '1')} in the week of {day(last.start)}; "
        f"{plural(sum(not one.mature for one in known), 'week is', 'weeks are')} still open."
    )


def net_weeks_alt(weeks: Sequence[Week], currency: str) -> str:
    """Weekly net value in words."""
    known = [one.net for one in weeks if one.net is not None]
    if not known:
        return "No weekly net value yet."
    return (
        f"Net value of {plural(len(known), 'week')}, from {money(min(known), currency)} "
        f"to {money(max(known), currency)} a week."
    )


def drift_alt(one: Drift) -> str:
    """A drift chart in words."""
    pairs = [
        f"bin {index + 1}: {percent(before, 1)} then, {percent(now, 1)} now"
        for index, (before, now) in enumerate(one.bins)
    ]
    return f"Share of predictions by {one.name}. " + "; ".join(pairs) + "."


def horizon_alt(accuracy: Accuracy) -> str:
    """Errors by horizon in words."""
    return "Error by horizon. " + ", ".join(
        f"{one.label}: {figure(one.estimate)}" for one in accuracy.by_horizon
    )


def error_weeks_alt(accuracy: Accuracy) -> str:
    """Weekly errors of a forecast and of the one it is compared with, in words."""
    first, last = accuracy.weeks[0], accuracy.weeks[-1]
    parts = [
        f"{name} {amount(before, '1')} in the week of {day(first.start)}, {amount(now, '1')} in "
        f"that of {day(last.start)}"
        for name, before, now in (
            ("model", first.model, last.model),
            (accuracy.against.replace("_", " "), first.other, last.other),
        )
    ]
    return f"Mean absolute error of {plural(len(accuracy.weeks), 'week')}: {'; '.join(parts)}."


def figures_alt(figures: Sequence[Figure]) -> str:
    """Estimates on a common scale in words."""
    return "; ".join(
        f"{one.label}: {figure(one.estimate)}, {interval(one.estimate)}" for one in figures
    )
