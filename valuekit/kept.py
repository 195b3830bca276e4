"""What a store keeps of the sources at the last run: what the next plan starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from valuekit.incremental.plan import Stored
from valuekit.incremental.survey import Survey, unpacked
from valuekit.ledger.months import daily_from

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.store.records import RunModelRecord
    from valuekit.store.store import Store


_REPEATED = ("duplicate", "conflicting_duplicate")


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store keeps of the sources of all models, read at once for the plans of many."""

    surveys: Mapping[str, bytes]
    last: Mapping[str, RunModelRecord]

    @classmethod
    def of(cls, store: Store) -> Kept:
        """All that the store has."""
        return cls(store.surveys(), store.last_of_each())


def known(store: Store, name: str, kept: Kept | None = None) -> Stored:
    """What the plan of a model has to know of its last run."""
    held = store.survey(name) if kept is None else kept.surveys.get(name)
    before = None if kept is None else kept.last.get(name)
    before = before or store.last_of(name)
    if not held or before is None:
        return Stored()
    survey = unpacked(held)
    if survey.uncredited is None:  # what is noted last: the survey is of an older version
        survey = noted(survey, store.facts(name, "intake"))
    future = {
        role: frozenset(map(date.fromisoformat, days))
        for role, days in (survey.future or {}).items()
    }
    daily = daily_from(before.last)
    return Stored(
        survey,
        before.first,
        bool(survey.conflicts),
        future,
        daily,
        frozenset(survey.repeats or ()),
        frozenset(survey.faulty or ()),
        uncredited=bool(survey.uncredited),
    )


def noted(survey: Survey, intake: pd.DataFrame) -> Survey:
    """The survey with what the next plan must know of rows that were held back."""
    rows = intake[(intake["segment"] == "all") & (intake["rows"] > 0)]
    twice = (rows["source"] == "predictions") & (rows["rule"] == "conflicting_duplicate")
    later = rows[rows["rule"] == "future"].groupby("source")["day"]
    future = {str(role): tuple(sorted(set(days.dt.date.map(str)))) for role, days in later}
    repeats, faulty = (
        tuple(sorted(map(str, rows.loc[such, "source"].unique())))
        for such in (rows["rule"].isin(_REPEATED), rows["fate"] == "quarantined")
    )
    return replace(
        survey,
        conflicts=bool(twice.any()),
        future=future,
        repeats=repeats,
        faulty=faulty,
        uncredited=bool((rows["rule"] == "uncredited").any()),
    )
