"""What is worth a look in each model's data, in sentences; for the Data health page."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dashboard import data
from dashboard.format import percent, plural
from valuekit.errors import Finding
from valuekit.quarantine.limits import WARNED
from valuekit.quarantine.rules import rule
from valuekit.scorecard import Scorecard

_NAMED = 2  # rules that are named in a sentence
_FLOOR = 0.9  # share of predictions that should find their outcome


def problems(shot: data.Snapshot) -> dict[str, list[str]]:
    """Model -> what to look at; models without anything are left out.

    The same warnings are told in full further down the page, so a model that is complete here has
    none there.
    """
    run = {one.model: list(one.findings) for one in data.run_models(shot)}
    late = data.late(shot)
    made = {
        card.model: [
            *([f"{text[:1].upper()}{text[1:]}."] if (text := late.get(card.model)) else []),
            *_held(shot, card.model),
            *_gaps(card),
            *_said(card, run.get(card.model, ()), shot.findings),
        ]
        for card in shot.cards
    }
    return {name: found for name, found in made.items() if found}


def general(shot: data.Snapshot) -> int:
    """Warnings of the run or the file that are of no single model."""
    of_file = [one for one in shot.findings if not any(_of(c.model, one) for c in shot.cards)]
    return sum(one.severity != "info" for one in (*shot.run.findings, *of_file))


def _held(shot: data.Snapshot, model: str) -> list[str]:
    found = [one for one in data.held(shot) if one.model == model and one.state != "counted"]
    if not found:
        return []
    rows = plural(sum(one.rows for one in found), "row")
    names = sorted({rule(one.rule).title for one in found})
    rules = plural(len(names), "rule holds", "rules hold")
    if len(names) <= _NAMED:
        rules = f"{' and '.join(names)} {'hold' if names[1:] else 'holds'}"
    if any(one.state == "failed" for one in found):
        return [f"{rules} back {rows}, more than is allowed: the next run is refused."]
    return [f"{rules} back {rows}, more than is allowed without a warning."]


def _gaps(card: Scorecard) -> list[str]:
    held, found = card.health, []
    if held.coverage.value is not None and held.coverage.value < _FLOOR:
        found.append(f"Only {percent(held.coverage.value)} of predictions found their outcome.")
    if held.missing_days:
        found.append(f"{plural(held.missing_days, 'day has', 'days have')} no data.")
    return found


def _said(card: Scorecard, run: Iterable[Finding], file: Iterable[Finding]) -> list[str]:
    """Warnings of the model, the run and the file; rows held back are counted elsewhere.

    Of each what is wrong: where it is and what to do stands with the warning itself.
    """
    found = [*run, *(one for one in file if _of(card.model, one))]
    briefly = {str(one): _wrong(one) for one in found if one.severity != "info"}
    infos = {str(one) for one in found} - set(briefly)
    texts = dict.fromkeys((*card.health.warnings, *briefly))
    told = [one for one in texts if one not in infos and f": {WARNED} " not in one]
    return list(dict.fromkeys(briefly.get(one, one) for one in told))


def _wrong(one: Finding) -> str:
    shown = f" (found {one.value})" if one.value else ""
    return f"{one.rule[:1].upper()}{one.rule[1:]}{shown}."


def _of(model: str, one: Finding) -> bool:
    """Whether a finding of the workspace file is about a model."""
    return re.search(rf"\bmodels\.{re.escape(model)}(?![\w-])", one.place) is not None
