"""Whether the evidence of a model fits the tables and metrics that it declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from valuekit.workspace.evidence import GROUP_DESIGNS, PANEL_DESIGNS, Evidence

if TYPE_CHECKING:
    from valuekit.workspace.declare import Model


def problems(model: Model) -> list[str]:
    """What does not fit, one sentence each: ``problem: remedy``."""
    return [line for one in model.evidence for line in _evidence(model, one)]


def compared(model: Model) -> set[str]:
    """Metrics that designs over the panel compare, their control series included."""
    used: set[str] = set()
    for one in model.evidence:
        if one.design in PANEL_DESIGNS:
            used |= {*one.controls, one.metric or model.primary_metric or ""}
    return used


def measured_on_units(model: Model) -> set[str]:
    """Metrics that designs over units compare."""
    return {
        one.metric or model.primary_metric or ""
        for one in model.evidence
        if one.design in {"holdout", "observational"}
    }


def _evidence(model: Model, one: Evidence) -> Iterator[str]:
    article = {"holdout": "a holdout needs", "observational": "an observational comparison needs"}
    if one.design in {*article, *PANEL_DESIGNS} and not model.metrics:
        words = article.get(one.design, f"design {one.design!r} needs")
        yield f"{words} at least one [metrics.NAME] to compare"
    yield from _metrics(model, one)
    if one.design in PANEL_DESIGNS:
        yield from _panel(model, one)
    elif one.design == "observational":
        yield from _observational(model)
    if one.repeat:
        yield from _repeat(model)


def _metrics(model: Model, one: Evidence) -> Iterator[str]:
    known = ", ".join(sorted(model.metrics)) or "a [metrics.NAME] of this model"
    if one.metric is not None and one.metric not in model.metrics:
        yield f"evidence names metric {one.metric!r}, which is not declared: use {known}"
    for name in one.controls:
        if name not in model.metrics:
            yield f"`controls` names metric {name!r}, which is not declared: use {known}"
        elif name == (one.metric or model.primary_metric):
            yield f"{name!r} cannot be its own control: name a series that nothing changed"


def _panel(model: Model, one: Evidence) -> Iterator[str]:
    panel = model.panel
    if panel is None:
        yield (
            f"design {one.design!r} compares outcomes over time: declare [panel] with their "
            "table, time and group"
        )
        return
    if one.design in GROUP_DESIGNS:
        if panel.group is None:
            yield f"design {one.design!r} compares groups: add `group` to [panel]"
        if panel.treated_from is None and not panel.launch:
            yield (
                f"design {one.design!r} must know who was treated from when: add `treated_from` "
                "or `launch` to [panel]"
            )
    if one.design == "switchback" and panel.arm is None:
        yield "design 'switchback' must know which blocks were treated: add `arm` to [panel]"
    treated = sorted(set(one.control_groups) & set(panel.launch))
    if treated:
        yield f"`control_groups` names a treated group, {treated[0]!r}: name untreated ones"
    name = one.metric or model.primary_metric
    metric = model.metrics.get(name or "")
    if metric is not None and metric.denominator is not None:
        yield (
            f"metric {name!r} has a denominator, which panels do not use: declare the exposure "
            "as `offset` of [panel]"
        )


def _repeat(model: Model) -> Iterator[str]:
    outcomes = model.outcomes
    units = {one.unit for one in (model.predictions, model.assignments) if one is not None}
    if outcomes is None or outcomes.time is None or not units & set(outcomes.on):
        yield (
            "`repeat` counts outcomes of a unit on their own day: declare [outcomes] with `time`, "
            "joined `on` the column of the unit"
        )


def _observational(model: Model) -> Iterator[str]:
    a, ready = model.assignments, model.ready("effect")
    if a is None and ready is not None:
        if "stratum" not in ready.mapped:
            yield (
                "design 'observational' compares like with like: add `stratum` to the columns of "
                "[facts.effect]"
            )
        return
    if a is None or (a.stratum is None and a.propensity is None):
        yield (
            "design 'observational' compares like with like: declare [assignments] with "
            "`stratum` or `propensity`"
        )
