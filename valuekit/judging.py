"""What a run says of a model's facts: rows held back, and what a person has to decide first.

Limits of rules hold for all days together, whatever was pulled. What only shows beside the last
good run (data that end earlier, days that are bad as a whole, a metric that is empty) refuses the
run, until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.errors import Finding, SourceError
from valuekit.incremental import empties
from valuekit.incremental.marks import Marks, behind, held_since
from valuekit.ledger.intake import accounted
from valuekit.quarantine import days, emptied, gaps, lacking, nights, orphaned, unarmed
from valuekit.quarantine.carry import carried
from valuekit.quarantine.jump import JUMPED, warning
from valuekit.quarantine.limits import WARNED, held_counts, judge
from valuekit.text import plural

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from valuekit.incremental.plan import Plan
    from valuekit.pulling import Asked, Facts, Pulled
    from valuekit.source import Held
    from valuekit.store.records import RunModelRecord
    from valuekit.store.store import Store
    from valuekit.workspace.load import Loaded

_SHOWN = 3  # files in a message
_ANEW = frozenset(
    {"bad_day", gaps.CODE, orphaned.CODE, *unarmed.CODES, *lacking.CODES}
)  # from all days, each run


def judged(loaded: Loaded, store: Store, name: str, made: Pulled) -> Pulled:
    """Rows held back on all days, against what the workspace allows.

    Raises:
        SourceError: a rule holds back more than its limit.
    """
    given, intake = made.pull, made.facts["intake"]
    before = [one.row for one in store.quarantine(name)] if given.ranges is not None else []
    held = carried(given.held, before, given.ranges, panel=given.panel, intake=intake)
    found = judge(loaded.workspace, name, intake, held)
    found += days.warnings(intake, name, nights.limits_of(loaded.workspace, name))
    found += unarmed.warnings(loaded.workspace, name, made.facts["effect"])
    stored = None if made.stored is None else made.stored["effect"]
    found += lacking.findings(loaded.workspace, name, made.facts["effect"], stored)
    found += gaps.warnings(loaded.workspace.models[name], name, intake)
    found = _of_nobody(loaded, name, found, intake, held)
    if refused := [one for one in found if one.severity == "error"]:
        raise SourceError(*refused)
    others = [
        one
        for one in made.findings
        if not one.rule.startswith((WARNED, JUMPED)) and one.code not in _ANEW
    ]
    return replace(made, held=held, findings=(*others, *found))


def _of_nobody(
    loaded: Loaded,
    name: str,
    found: tuple[Finding, ...],
    intake: pd.DataFrame,
    held: Sequence[Held],
) -> tuple[Finding, ...]:
    """What is said of outcomes of nobody, once: of days where these made the week's share rise."""
    nights = orphaned.warnings(loaded.workspace, name, intake, held)
    week = [one for one in found if one.code == "orphan_jump"]
    if nights and week:
        rest = intake[~intake["day"].isin(orphaned.days(intake))]
        if warning(rest, week[0].place):
            return found
    return (*(one for one in found if one not in week or not nights), *nights)


def decided(
    loaded: Loaded, name: str, made: Pulled, before: RunModelRecord | None, ask: Asked
) -> tuple[Finding, ...]:
    """What a person has to decide since the last good run, as warnings when somebody did.

    Raises:
        SourceError: nobody decided so.
    """
    if before is None:
        return ()
    bad = _bad_days(loaded, name, made, before.first, accepted=ask.accept_bad_day)
    late = _behind(loaded, name, made, before, accepted=ask.accept_gone)
    waived = ask.accept_bad_day or _redeclared(made)
    empty = emptied.refused(made.findings, before.findings, decided=waived)
    if refused := [one for one in (*bad, *late, *empty) if one.severity == "error"]:
        raise SourceError(*refused)
    newest = {one.rows for one in made.findings if one.code == "bad_day"}
    return (*(one for one in bad if one.rows not in newest), *late)


def _redeclared(made: Pulled) -> bool:
    return made.plan is not None and made.plan.redeclared


def _bad_days(
    loaded: Loaded, name: str, made: Pulled, was_first: date | None, *, accepted: bool
) -> tuple[Finding, ...]:
    """Days that hold back more than a limit, and that the last good run did not store so."""
    if made.stored is None:
        return ()
    return nights.unpublished(
        loaded.workspace,
        name,
        made.facts["intake"],
        made.stored["intake"],
        made.held,
        accepted=accepted,
        redeclared=_redeclared(made),
        firsts=(made.first, was_first),
    )


def _behind(
    loaded: Loaded, name: str, made: Pulled, before: RunModelRecord, *, accepted: bool
) -> tuple[Finding, ...]:
    """What to say when the data ends earlier than in the last good run; warnings when decided."""
    now, was = (Marks(one.last, one.complete_through) for one in (made, before))
    waived = accepted or (_redeclared(made) and made.plan is not None and not made.plan.earlier)
    place = loaded.place("models", name)
    held = _held_since(made.stored, made.facts)
    return behind(loaded.workspace.models[name], place, was, now, decided=waived, held=held)


def _files_gone(loaded: Loaded, name: str, found: Plan | None) -> tuple[Finding, ...]:
    """Files of the last run that are gone or shorter: the rows of their days are fewer now."""
    made = []
    for role, files in (found.gone if found is not None else {}).items():
        there = found.survey.tables[role].parts if found is not None else {}
        place = loaded.place("models", name, *role.split("."), "table")
        for code, rule in _FEWER.items():
            such = {one: n for one, n in files.items() if (one in there) == (code == "rows_gone")}
            if such:
                made.append(_fewer(place, code, rule, such))
    return tuple(made)


_FEWER = {
    "file_gone": "a file of the last run is there no more, and its rows are in no other",
    "rows_gone": "a file has fewer rows than at the last run, and they are in no other",
}


def _fewer(place: str, code: str, rule: str, files: Mapping[str, int]) -> Finding:
    more = f" and {plural(len(files) - _SHOWN, 'file')} more" if len(files) > _SHOWN else ""
    rows = sum(files.values())
    return Finding(
        place=place,
        value=f"{', '.join(list(files)[:_SHOWN])}{more}; {plural(rows, 'row')} fewer",
        rule=rule,
        remedy="If that was no decision of somebody, bring them back, and refresh.",
        severity="warning",
        code=code,
        rows=rows,
    )


def told(loaded: Loaded, name: str, made: Pulled) -> tuple[Finding, ...]:
    """Files that are gone, a newest file without rows, a newest day without scores."""
    files = _files_gone(loaded, name, made.plan)
    if made.survey is not None:
        files = (*files, *empties.no_rows(made.survey, name))
    if any(one.code == "empty_column" for one in made.findings):  # which says it of a file
        return files
    return (*files, *empties.no_scores(made.facts["volume"], name))


def _held_since(stored: Facts | None, facts: Facts) -> str:
    """Rows that are held back now and were not at the last run, by rule, in words."""
    was, now = (held_counts(one["intake"]) if one is not None else {} for one in (stored, facts))
    return held_since(was, now)


def account(loaded: Loaded, name: str, made: Pulled) -> None:
    """See that the facts account for every row that the survey counted, source by source."""
    if made.survey is None:
        return
    intake = made.facts["intake"]
    for role, table in made.survey.tables.items():
        counts = {day: one.rows for day, one in table.days.items()}
        accounted(name, role, intake, counts, made.first, loaded.place("models", name))
