"""How far a model's data reached in its good runs, and what is said when it now ends earlier.

The figures follow the data: days whose outcomes are gone are open again, for to count them as
complete would make every outcome that is missing one that never came. So the mark itself may have
to move back, but never without a word. The word is the run's: a scorecard tells of the data alone,
so that a store with a past says of it what a new one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from valuekit.errors import Finding

if TYPE_CHECKING:
    from datetime import date

    from valuekit.workspace.declare import Model

BEHIND = frozenset({"watermark_back", "days_gone"})  # codes, given anew by each run


@dataclass(frozen=True, slots=True)
class Marks:
    """Two days that move ahead as data comes in; None where there is none.

    Attributes:
        last: Last day with data.
        complete_through: Last day through which outcomes are complete.
    """

    last: date | None = None
    complete_through: date | None = None


def behind(model: Model, place: str, reached: Marks, now: Marks) -> tuple[Finding, ...]:
    """Warnings for a model whose data ends earlier than it did in some good run.

    Args:
        model: As declared.
        place: Where it is declared.
        reached: The latest days of all good runs before.
        now: The days of this run.
    """
    found = []
    if reached.last is not None and (now.last is None or now.last < reached.last):
        rule = "the last day with data never moves back"
        found.append(_finding(place, "days_gone", rule, "data", reached.last, now.last))
    was, through = reached.complete_through, now.complete_through
    if was is not None and not _said(model) and (through is None or through < was):
        rule = "the day through which outcomes are complete never moves back"
        found.append(_finding(place, "watermark_back", rule, "outcomes", was, through))
    return tuple(found)


def _said(model: Model) -> bool:
    """Whether the declaration, not the rows, says how far outcomes are complete."""
    if model.outcomes is not None:
        o = model.outcomes
        return o.complete_through is not None or o.time is None
    others = [one.complete_through for one in (model.facts, model.panel) if one is not None]
    return any(one is not None for one in others)


def _finding(place: str, code: str, rule: str, what: str, was: date, now: date | None) -> Finding:
    """What is gone: the days after the one that is the last now, to the one that was."""
    if now is None:
        value = f"no {what} now; there were {what} through {was}"
    else:
        gone = now + timedelta(days=1)
        days = f"{was} was" if gone == was else f"{gone} to {was} were"
        value = f"{what} end on {now}; {days} there in an earlier run"
    return Finding(
        place=place,
        value=value,
        rule=rule,
        remedy="Bring back the files or rows that went missing, and refresh. If they are gone for "
        f"good, nothing is to be done: figures end with the {what} that are there, and this "
        f"warning ends once {what} reach {was} again.",
        severity="warning",
        code=code,
    )
