"""Every known figure of a model as a table: people's names, and numbers without exponents."""

from __future__ import annotations

import math

from valuekit.cli.screen import say, table
from valuekit.estimate import Estimate
from valuekit.report import figures
from valuekit.scorecard import Scorecard
from valuekit.text import MINUS, plural

_PARTS = {"evidence", "accuracy", "unit_costs", "health"}
_NAMES = {
    "money": "Value before costs",
    "effect": "Effect",
    "relative": "Effect, relative",
    "fixed effect": "Effect, read once",
    "fixed money": "Value, read once",
    "sequence effect": "Effect, read every day",
    "sequence money": "Value, read every day",
    "coverage": "Outcomes found",
    "costed": "Predictions with a cost",
}
_COLUMNS = [
    ("Figure", "left"),
    ("Value", "right"),
    ("95% interval", "right"),
    ("Unit", "left"),
    ("Grade", "left"),
    ("Why unknown", "left"),
]
_MOST = 12  # decimal places


def print_figures(card: Scorecard) -> None:
    """Evidence, accuracy, unit costs and health, a line each."""
    every = [row for row in figures.rows(card) if row.path.split(".")[0] in _PARTS]
    shown = [row for row in every if not figures.by_launch(row)]
    rows = [
        (
            name_of(row.label),
            *written(row.estimate),
            row.estimate.unit,
            row.estimate.grade or "",
            row.estimate.reason if row.estimate.value is None else "",
        )
        for row in shown
    ]
    table("Figures (methods and sources: --json or a report)", _COLUMNS, rows)
    if left := len(every) - len(shown):
        say(f"{plural(left, 'effect')} by time from the launch: --json or a report.")


def name_of(label: str) -> str:
    """The name of a figure as people read it; a stretch of time behind it stays.

    >>> name_of("fixed effect"), name_of("effect, days 0 to 6 after exposure"), name_of("WAPE")
    ('Effect, read once', 'Effect, days 0 to 6 after exposure', 'WAPE')
    """
    name, comma, rest = label.partition(", ")
    return f"{_NAMES.get(name, name)}{comma}{rest}"


def written(one: Estimate) -> tuple[str, str]:
    """Value and interval with the same number of decimal places, thousands separated.

    >>> written(Estimate(359123.4, "EUR", low=264711.9, high=459932.2))
    ('359,123', '264,712 to 459,932')
    >>> written(Estimate(0.1016, "share", low=0.1007, high=0.1026)), written(Estimate(-1.5, "1"))
    (('0.1016', '0.1007 to 0.1026'), ('−1.50', ''))
    """
    if one.value is None:
        return "unknown", ""
    places = _places(one.value)
    if one.low is None or one.high is None:
        return _digits(one.value, places), ""
    width = one.high - one.low
    if width > 0:  # the ends of a narrow range are told apart by two digits
        places = min(_MOST, max(places, 1 - math.floor(math.log10(width))))
    ends = f"{_digits(one.low, places)} to {_digits(one.high, places)}"
    return _digits(one.value, places), ends


def _places(value: float) -> int:
    size = abs(value)
    if size >= 1000 or not size:
        return 0
    return 2 if size >= 1 else min(_MOST, 3 - math.floor(math.log10(size)))


def _digits(value: float, places: int) -> str:
    text = f"{abs(value):,.{places}f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text
