"""How complete and fresh the data behind the figures is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from valuekit.assess.carried import filled_in, lacking, why_lacking
from valuekit.assess.scene import over_panel
from valuekit.cost.unit import costed_share
from valuekit.estimate import Estimate, unknown
from valuekit.scorecard import Health, IntakeRow
from valuekit.text import percent
from valuekit.uplift.proportion import share

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Evidence, Model

_WEEKS = 3  # of which a weekday is seen, before it is one without rows


def health(scene: Scene) -> Health:
    """Coverage of the join, costing, freshness, gaps, intake and warnings."""
    span = scene.span
    immature = 0
    if span is not None:
        through = scene.mature_through
        immature = span.days if through is None else max(0, (span.last - through).days)
    return Health(
        coverage=coverage(scene),
        costed=costed(scene),
        last_prediction=None if span is None else span.last,
        last_outcome=scene.book.complete_through,
        mature_through=scene.mature_through,
        immature_days=immature,
        missing_days=_missing(scene),
        intake=_intake(scene),
        warnings=tuple(str(one) for one in scene.book.findings),
    )


def no_log(model: Model) -> str:
    """Why there is no prediction to count."""
    if model.facts is not None and model.ready("volume") is None:
        return "no [facts.volume] says how many predictions were served"
    only = "outcomes by group and time" if model.assignments is None else "assigned units"
    return f"the model has no prediction log, only {only}"


def costed(scene: Scene) -> Estimate:
    """Share of predictions that every declared price covers."""
    if scene.span is None:
        return unknown("no data", "share")
    volume = scene.fact("volume")
    if volume.empty:
        return unknown(no_log(scene.model), "share")
    return costed_share(scene.model.costs, scene.fact("cost"), volume, scene.span)


def coverage(scene: Scene) -> Estimate:
    """Share of the primary evidence's entries that found their outcome, mature days only.

    A holdout and an observational comparison are about units, a panel about groups, everything
    else about predictions. Where a missing row counts as
    zero a missing match is no loss, so there is nothing to cover and the share is unknown.
    """
    evidence = scene.model.primary_evidence
    if scene.mature is None:
        return unknown("no day is mature yet" if scene.span else "no data", "share")
    if over_panel(scene.model):
        why = "outcomes are read by group and day, so nothing is joined"
        return unknown(why, "share", period=scene.mature)
    if scene.model.outcomes is None and scene.model.facts is not None:
        return _of_ready(scene, evidence)
    if scene.model.outcomes is None:
        return unknown("the model has no outcomes to join", "share", period=scene.mature)
    if evidence is not None and evidence.design in {"holdout", "observational"}:
        return _of_units(scene)
    return _of_predictions(scene)


def _of_ready(scene: Scene, evidence: Evidence | None) -> Estimate:
    """Share that found an outcome before the tables were handed in, where they say so."""
    model = scene.model
    if evidence is not None and evidence.design == "holdout" and model.ready("effect") is not None:
        return _of_units(scene)
    missing = lacking(model, "volume", ["labelled"])
    if model.ready("volume") is None or missing:
        why = why_lacking("volume", missing) if missing else no_log(model)
        return unknown(why, "share", period=scene.mature)
    return _labelled(scene)


def unpriced(scene: Scene) -> str:
    """Why what is paid per use is unknown: no table counts what was used; empty otherwise."""
    model = scene.model
    if model.predictions is not None:
        return ""
    if model.costs.per_prediction is not None and model.ready("volume") is None:
        return f"each prediction has a price, and {no_log(model)}"
    if model.costs.tokens and model.ready("usage") is None:
        return "tokens have a price, and no [facts.usage] says how many were used"
    return ""


def uncovered(scene: Scene) -> str:
    """Why money is withheld: too few entries found their outcome; empty when enough did."""
    return _below(coverage(scene), scene.settings.coverage_floor, "entries found their outcome")


def uncosted(scene: Scene) -> str:
    """Why net value is withheld: too few predictions have a price; empty when enough have."""
    return unpriced(scene) or _below(
        costed(scene), scene.settings.costing_floor, "predictions have a cost"
    )


def _below(share: Estimate, floor: float, what: str) -> str:
    if share.value is None or share.value >= floor:
        return ""
    return f"only {percent(share.value)} of {what}, below the floor of {percent(floor)}"


def _of_units(scene: Scene) -> Estimate:
    if scene.absent == "zero":
        why = "a unit without an outcome row counts as zero, so none is missing"
        return unknown(why, "share", period=scene.mature)
    evidence = scene.model.primary_evidence
    named = scene.metric_of(evidence) if evidence else None
    name = named[0] if named else ""
    effect = scene.fact("effect", scene.mature)
    rows = filled_in(scene.model, name, effect[effect["metric"] == name])
    return share(
        int(rows["matched"].sum()),
        int(rows["units"].sum()),
        period=scene.mature,
        none="no unit was assigned",
    )


def _of_predictions(scene: Scene) -> Estimate:
    outcomes = scene.model.outcomes
    if outcomes is None or outcomes.label is None:
        return unknown("no label is declared", "share", period=scene.mature)
    if outcomes.absent == "zero":
        why = "a prediction without an outcome row counts as label 0, so none is missing"
        return unknown(why, "share", period=scene.mature)
    return _labelled(scene)


def _labelled(scene: Scene) -> Estimate:
    volume = scene.fact("volume", scene.mature)
    return share(
        int(volume["labelled"].sum()),
        int(volume["predictions"].sum()),
        period=scene.mature,
        none="no prediction was served",
    )


def _missing(scene: Scene) -> int:
    panel = scene.model.panel
    daily = panel is not None and panel.frequency == "day" and over_panel(scene.model)
    rows = scene.fact("panel" if daily else "volume", scene.span)
    if rows.empty and scene.model.facts is not None:
        rows = scene.fact(next(iter(scene.model.facts.tables)), scene.span)
    if scene.span is None or rows.empty:
        return 0
    there = pd.DatetimeIndex(rows["day"].unique())
    every = pd.date_range(there.min(), there.max())
    empty = every[~every.isin(there)]
    # A weekday that seldom has rows is one of rest.
    days, none = (np.bincount(one.day_of_week, minlength=7) for one in (every, empty))
    rests = np.flatnonzero((2 * none > days) & (days >= _WEEKS))
    return int((~empty.day_of_week.isin(rests)).sum())


def _intake(scene: Scene) -> tuple[IntakeRow, ...]:
    intake = scene.book.facts.get("intake")
    if intake is None or intake.empty:
        return ()
    sums = intake.groupby(["source", "rule", "fate"], sort=True)["rows"].sum()
    found = sums.reset_index()
    columns = (found[name] for name in ("source", "rule", "fate", "rows"))
    return tuple(
        IntakeRow(str(source), str(rule), str(fate), int(rows))
        for source, rule, fate, rows in zip(*columns, strict=True)
    )
