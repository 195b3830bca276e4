"""What a run is doing, for the progress bar: the names of its statements in words."""

from __future__ import annotations

from valuekit.quarantine.rules import rule as told
from valuekit.text import cut

_WIDTH = 48  # characters beside the bar
_KNOWN = {
    "unit_means": "adding up outcomes by unit",
    "cells_all": "counting scores and outcomes",
    "done": "all statements answered",
}
_VERBS = {"count": "counting", "judge": "judging rows of", "check": "checking"}
_KEPT = {"possible": "finding which", "cells": "counting by"}  # tables that a pull keeps meanwhile


def step(model: str, text: str) -> str:
    """A line for the bar.

    >>> step("churn", "judge predictions"), step("", "storing")
    ('churn: judging rows of predictions', 'storing')
    >>> step("churn", "examples of orphan in outcomes")
    'churn: rows of "Outcome of nobody"'
    >>> step("demand", "errors of seasonal_naive"), step("churn", "possible_predictions")
    ('demand: errors of seasonal naive', 'churn: finding which predictions are possible')
    """
    said = _said(text)
    return cut(f"{model}: {said}" if model else said, _WIDTH)


def _said(text: str) -> str:
    if text in _KNOWN:
        return _KNOWN[text]
    first, _, rest = text.partition(" ")
    if rest and first in _VERBS:
        return f"{_VERBS[first]} {rest.replace('_', ' ')}"
    kept, _, what = text.partition("_")
    if kept == "possible" and what:
        return f"{_KEPT[kept]} {what.replace('_', ' ')} are possible"
    if kept in _KEPT and what and " " not in what:
        return f"{_KEPT[kept]} {what.replace('_', ' ')}"
    if text.startswith("examples of "):
        rule = text.removeprefix("examples of ").partition(" in ")[0]
        return f'rows of "{told(rule).title}"'
    return text.replace("_", " ")
