"""How far a model's data reached in its last good run, and what is done when it now ends earlier.

Two marks never move back of themselves: the last day with data, and the last day through which
outcomes are complete. Files that did not arrive, or a copy that broke off, look the same as rows
that were taken away on purpose, and neither way to go on by oneself is honest: with the mark kept,
every outcome that went missing counts as one that never came; with the mark moved, settled figures
become open again overnight. So the run is refused, readers keep the last good figures, and a
person decides: bring the data back, or accept that they are gone.

A declaration that changed is such a decision as well (another table, another window); then, and
where the loss was accepted, the run goes on and carries a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.quarantine.rules import named
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from valuekit.workspace.declare import Model

BEHIND = frozenset({"watermark_back", "days_gone"})  # codes, given anew by each run
# What is told of the last run's sources; figures must not depend on what the store saw before.
OF_PAST = BEHIND | {"file_gone", "rows_gone"}
ACCEPT = "--accept-gone"


@dataclass(frozen=True, slots=True)
class Marks:
    """Two days that move ahead as data comes in; None where there is none.

    Attributes:
        last: Last day with data.
        complete_through: Last day through which outcomes are complete.
    """

    last: date | None = None
    complete_through: date | None = None


def behind(
    model: Model, place: str, reached: Marks, now: Marks, *, decided: bool, held: str = ""
) -> tuple[Finding, ...]:
    """What to say of a model whose data ends earlier than it did in its last good run.

    Args:
        model: As declared.
        place: Where it is declared.
        reached: The days of the last good run.
        now: The days of this run.
        decided: Whether a person decided so; the findings are warnings then, else errors.
        held: What is held back now and was not before, in words: the rows may be there.
    """
    found = []
    last, ends = _data(model, reached), _data(model, now)
    if last is not None and (ends is None or ends < last):
        rule = "the last day with data never moves back"
        found.append(
            _finding(place, "days_gone", rule, _Gone("data", last, ends, held), decided=decided)
        )
    was, through = reached.complete_through, now.complete_through
    if was is not None and not _said(model) and (through is None or through < was):
        rule = "the day through which outcomes are complete never moves back"
        found.append(
            _finding(
                place,
                "watermark_back",
                rule,
                _Gone("outcomes", was, through, held),
                decided=decided,
            )
        )
    return tuple(found)


def held_since(was: Mapping[tuple[str, str], int], now: Mapping[tuple[str, str], int]) -> str:
    """Rows that are held back now and were not then, in words; both by source and rule.

    >>> held_since({("outcomes", "bad_cell"): 2}, {("outcomes", "bad_cell"): 3})
    '1 row of outcomes: Unreadable cell (bad_cell)'
    """
    more = {key: n - was.get(key, 0) for key, n in now.items() if n > was.get(key, 0)}
    more = {key: n for key, n in more.items() if key[1] != "orphan"}  # what comes of it
    return ", ".join(
        f"{plural(n, 'row')} of {source}: {named(rule)}" for (source, rule), n in more.items()
    )


def refuses(one: Finding) -> bool:
    """Whether a run is refused for it until somebody decides; of a check it is a warning."""
    return one.code in BEHIND and ACCEPT in one.remedy


def _data(model: Model, marks: Marks) -> date | None:
    """Last day with data; forecasts may be withdrawn as long as their actuals have not come."""
    if model.task != "forecast" or marks.last is None or marks.complete_through is None:
        return None if model.task == "forecast" else marks.last
    return min(marks.last, marks.complete_through)


def _said(model: Model) -> bool:
    """Whether the declaration, not the rows, says how far outcomes are complete."""
    if model.outcomes is not None:
        o = model.outcomes
        return o.complete_through is not None or o.time is None
    others = [one.complete_through for one in (model.facts, model.panel) if one is not None]
    return any(one is not None for one in others)


@dataclass(frozen=True, slots=True)
class _Gone:
    """What ends earlier: its last day then and now, and what is held back since."""

    what: str
    was: date
    now: date | None
    held: str


def _finding(place: str, code: str, rule: str, gone: _Gone, *, decided: bool) -> Finding:
    """What is gone: the days after the one that is the last now, to the one that was."""
    what, was, now, held = gone.what, gone.was, gone.now, gone.held
    if now is None:
        value = f"no {what} now; there were {what} through {was}"
    else:
        first = now + timedelta(days=1)
        days = f"{was} was" if first == was else f"{first} to {was} were"
        value = f"{what} end on {now}; {days} there in the last good run"
    if held:
        value += f"; held back since then: {held}"
    again = "Bring back the files or rows that went missing, and refresh."
    if held:
        again = "See the rows that are held back: valuekit check. Mend them, and refresh."
    remedy = (
        f"Nothing is to be done: the change was declared or accepted, and figures end with the "
        f"{what} that are there. If it was a mistake, bring back the files or rows, and refresh."
        if decided
        else f"{again} If they are gone for good, accept it: valuekit refresh {ACCEPT}; days after "
        "the new end are open again then."
    )
    return Finding(
        place=place,
        value=value,
        rule=rule,
        remedy=remedy,
        severity="warning" if decided else "error",
        code=code,
    )
