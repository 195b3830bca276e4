"""Periods in words: what was asked for, and through which day its outcomes are complete.

Figures of a period count its mature days only. A heading that named the whole period beside them
would promise months that are not in them.
"""

from __future__ import annotations

from datetime import date

from valuekit.estimate import Period
from valuekit.portfolio import Portfolio
from valuekit.scorecard import PeriodFigures, PeriodName, Scorecard
from valuekit.text import day, money

LABELS: dict[PeriodName, str] = {
    "year": "12 months",
    "quarter": "Last quarter",
    "prior_quarter": "Quarter before the last",
    "month": "Last 4 weeks",
    "all": "Since launch",
}
_WHOLE: tuple[PeriodName, ...] = ("year", "all")  # the others end on a mature day already


def span(period: Period | None) -> str:
    """A period in words, the year said once where it is the same.

    >>> from datetime import date
    >>> span(Period(date(2026, 7, 1), date(2026, 9, 30)))
    '1 Jul to 30 Sep 2026'
    """
    if period is None:
        return "no days with data"
    if period.first == period.last:
        return day(period.first)
    first = day(period.first)
    if period.first.year == period.last.year:
        first = first.rsplit(" ", 1)[0]
    return f"{first} to {day(period.last)}"


def counted(held: PeriodFigures) -> Period:
    """The days that the figures are about: the mature ones, or all when none can be valued."""
    return held.net.period or held.cost_attributed.period or held.period


def of_model(held: PeriodFigures, as_of: date | None) -> str:
    """The period of one model's figures and its days that count."""
    return _said(held.name, held.period, Period(counted(held).last, counted(held).last), as_of)


def of_models(total: Portfolio) -> str:
    """The same for a sum: models count through days of their own."""
    if total.period is None or total.ends is None:
        return f"{LABELS[total.name]}, {span(total.period)}"
    return _said(total.name, total.period, total.ends, None)


def _said(name: PeriodName, asked: Period, ends: Period, as_of: date | None) -> str:
    label, models = LABELS[name], "" if ends.days == 1 else ", by model"
    if name not in _WHOLE and ends.days > 1:
        return f"{label} of each model with complete outcomes, ending {span(ends)}"
    if ends.first < asked.last:
        to = f" to {day(asked.last)}" if name == "year" else f", {span(asked)}"
        return f"{label}{to}, outcomes complete through {span(ends)}{models}"
    if name not in _WHOLE and as_of is not None and asked.last < as_of:
        label += " with complete outcomes"
    return f"{label}, {span(asked)}"


def headline(card: Scorecard, held: PeriodFigures | None) -> str:
    """What the model earned in a period; the run's own headline when that is unknown."""
    net = held.net.value if held else None
    if net is None:
        return card.headline
    shown = money(abs(net), card.currency)
    open_ended = held is not None and held.net.low is not None and not held.net.resolved
    likely = "probably " if open_ended else ""
    if net >= 0:
        return f"{card.title} {likely}earned {shown} after costs"
    return f"{card.title} {likely}cost {shown} more than it earned"
