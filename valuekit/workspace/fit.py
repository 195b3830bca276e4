"""Whether the evidence of a model fits the tables and metrics that it declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from valuekit.workspace.evidence import GROUP_DESIGNS, PANEL_DESIGNS, Evidence
from valuekit.workspace.faults import Fault, Path, instead

if TYPE_CHECKING:
    from valuekit.workspace.declare import Model

_METRICS: Path = ("metrics",)
_DESIGN: Path = ("design",)


def problems(model: Model) -> Iterator[Fault]:
    """What of the evidence does not fit; paths start at the model."""
    for place, one in enumerate(model.evidence):
        yield from _evidence(model, one, ("evidence", place))


def model_problems(model: Model) -> Iterator[Fault]:
    """What else of a model does not fit together: tables, metrics, days, the threshold."""
    if not model.logged and model.panel is None:
        text = (
            "there is nothing to measure: declare [predictions], [assignments] for an "
            "experiment without a log, [panel] for outcomes by group and time, or [facts] for "
            "daily tables of sums"
        )
        yield Fault((), text, (("predictions",), ("assignments",), ("panel",), ("facts",)))
    yield from _primaries(model)
    if model.retired and model.launched and model.retired < model.launched:
        text = f"retired {model.retired} is before launched {model.launched}: correct one of them"
        yield Fault(("retired",), text, (("launched",),))
    log = model.predictions
    if log is None or log.score is None or log.threshold is None:
        return
    if model.task == "classification" and not 0 <= log.threshold <= 1:
        text = (
            "the threshold of a probability lies between 0 and 1: write the score from which "
            "on somebody acts, such as 0.5"
        )
        yield Fault(("predictions", "threshold"), text, (("task",), ("predictions", "score")))


def _primaries(model: Model) -> Iterator[Fault]:
    """Not exactly one metric, or more than one piece of evidence, that carries the headline."""
    metrics = [name for name, metric in model.metrics.items() if metric.primary]
    listed = ", ".join(model.metrics)
    keys = (_METRICS, *(("metrics", name, "primary") for name in model.metrics))
    if len(model.metrics) > 1 and not metrics:
        text = f"exactly one metric must have primary = true; found 0: set it for one of {listed}"
        yield Fault(_METRICS, text, keys)
    for name in metrics[1:]:
        text = (
            f"exactly one metric must have primary = true; found {len(metrics)}: remove it here, "
            f"or from {metrics[0]}"
        )
        yield Fault(("metrics", name, "primary"), text, keys)
    several = [place for place, one in enumerate(model.evidence) if one.primary]
    for place in several[1:]:
        text = "several [[evidence]] entries are primary: set primary = false on all but one"
        yield Fault(("evidence", place), text, (("evidence", place, "primary"), ("evidence",)))


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


def _evidence(model: Model, one: Evidence, here: Path) -> Iterator[Fault]:
    article = {"holdout": "a holdout needs", "observational": "an observational comparison needs"}
    design = (*here, *_DESIGN)
    if one.design in {*article, *PANEL_DESIGNS} and not model.metrics:
        words = article.get(one.design, f"design {one.design!r} needs")
        yield Fault(design, f"{words} a metric to compare: add [metrics.NAME]", (_METRICS,))
    yield from _metrics(model, one, here)
    if one.design in PANEL_DESIGNS:
        yield from _panel(model, one, here)
    elif one.design == "observational":
        yield from _observational(model, design)
    if one.repeat:
        yield from _repeat(model, (*here, "repeat"))


def _metrics(model: Model, one: Evidence, here: Path) -> Iterator[Fault]:
    unnamed = "a [metrics.NAME] of this model"
    if one.metric is not None and one.metric not in model.metrics:
        remedy = instead(one.metric, model.metrics, unnamed)
        text = f"evidence names metric {one.metric!r}, which is not declared: {remedy}"
        yield Fault((*here, "metric"), text, (_METRICS,))
    for place, name in enumerate(one.controls):
        at = (*here, "controls", place)
        if name not in model.metrics:
            remedy = instead(name, model.metrics, unnamed)
            text = f"`controls` names metric {name!r}, which is not declared: {remedy}"
            yield Fault(at, text, (_METRICS,))
        elif name == (one.metric or model.primary_metric):
            text = f"{name!r} cannot be its own control: name a series that nothing changed"
            yield Fault(at, text, (_METRICS, (*here, "metric"), ("metrics", name, "primary")))


def _panel(model: Model, one: Evidence, here: Path) -> Iterator[Fault]:
    panel, design = model.panel, (*here, *_DESIGN)
    if panel is None:
        text = (
            f"design {one.design!r} compares outcomes over time: declare [panel] with their "
            "table, time and group"
        )
        if model.logged:  # else there is nothing at all, which is said already
            yield Fault(design, text, (("panel",),))
        return
    if one.design in GROUP_DESIGNS:
        if panel.group is None and not panel.launch:  # a launch names groups, and says so itself
            text = f"design {one.design!r} compares groups: add `group` to [panel]"
            yield Fault(design, text, (("panel", "group"),))
        if panel.treated_from is None and not panel.launch:
            text = (
                f"design {one.design!r} must know who was treated from when: add `treated_from` "
                "or `launch` to [panel]"
            )
            yield Fault(design, text, (("panel", "treated_from"), ("panel", "launch")))
    if one.design == "switchback" and panel.arm is None:
        text = "design 'switchback' must know which blocks were treated: add `arm` to [panel]"
        yield Fault(design, text, (("panel", "arm"),))
    for place, group in enumerate(one.control_groups):
        if group in panel.launch:
            text = f"`control_groups` names a treated group, {group!r}: name untreated ones"
            yield Fault((*here, "control_groups", place), text, (("panel", "launch"),))
    name = one.metric or model.primary_metric
    metric = model.metrics.get(name or "")
    if name is not None and metric is not None and metric.denominator is not None:
        text = (
            f"metric {name!r} has a denominator, which panels do not use: declare the exposure "
            "as `offset` of [panel]"
        )
        yield Fault(("metrics", name, "denominator"), text, (_METRICS, (*here, "metric"), design))


def _repeat(model: Model, here: Path) -> Iterator[Fault]:
    outcomes = model.outcomes
    units = {one.unit for one in (model.predictions, model.assignments) if one is not None}
    if outcomes is None or outcomes.time is None or not units & set(outcomes.on):
        text = (
            "`repeat` counts outcomes of a unit on their own day: declare [outcomes] with `time`, "
            "joined `on` the column of the unit"
        )
        tables = ("predictions", "assignments")
        keys = (("outcomes", "time"), ("outcomes", "on"), *((one, "unit") for one in tables))
        yield Fault(here, text, keys)


def _observational(model: Model, here: Path) -> Iterator[Fault]:
    a, ready = model.assignments, model.ready("effect")
    if a is None and ready is not None:
        if "stratum" not in ready.mapped:
            text = (
                "design 'observational' compares like with like: add `stratum` to the columns of "
                "[facts.effect]"
            )
            yield Fault(here, text, (("facts", "effect", "columns"),))
        return
    if a is None or (a.stratum is None and a.propensity is None):
        text = (
            "design 'observational' compares like with like: declare [assignments] with "
            "`stratum` or `propensity`"
        )
        yield Fault(here, text, (("assignments", "stratum"), ("assignments", "propensity")))
