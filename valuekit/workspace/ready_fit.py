"""Whether ready-made facts fit the other tables, the metrics and the evidence of their model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.workspace.faults import Fault, Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from valuekit.workspace.declare import Model
    from valuekit.workspace.evidence import Evidence
    from valuekit.workspace.ready import Ready


def ready_problems(model: Model) -> Iterator[Fault]:
    """What of the ready-made facts does not fit the rest; paths start at the model."""
    facts = model.facts
    if facts is None:
        return
    yield from _doubled(model, facts)
    if facts.effect is not None:
        if not model.metrics:
            text = "facts.effect needs at least one [metrics.NAME]: add the metric that it holds"
            yield Fault(("facts", "effect"), text, (("metrics",),))
        yield from facts.effect.problems(model)
    if model.outcomes is not None:
        if model.predictions is None and model.assignments is None:
            text = (
                "[outcomes] are joined to predictions or assignments, of which there are none: "
                "remove them, or declare one of both"
            )
            yield Fault(("outcomes",), text, (("predictions",), ("assignments",)))
        for name in ("window", "allowance", "complete_through", "absent"):
            if name in facts.model_fields_set:
                text = f"[outcomes] says `{name}` already: remove it from [facts]"
                yield Fault(("facts", name), text)
    yield from _designs(model, facts)


def _doubled(model: Model, facts: Ready) -> Iterator[Fault]:
    for name in facts.tables:
        if name == "effect" and model.assignments is not None:
            text = "[assignments] make the fact `effect`: remove them, or [facts.effect]"
            yield Fault(("facts", name), text)
        if name != "effect" and model.predictions is not None:
            text = f"[predictions] make the fact `{name}`: remove them, or [facts.{name}]"
            yield Fault(("facts", name), text)


_DESIGNS = {
    "holdout": "effect",
    "observational": "effect",
    "payoff": "confusion",
    "baseline_forecast": "error",
    "hours_saved": "volume",
}


def _designs(model: Model, facts: Ready) -> Iterator[Fault]:
    """Evidence whose facts are not there."""
    logs = model.predictions is not None or model.assignments is not None
    for place, one in enumerate(model.evidence):
        here: Path = ("evidence", place)
        fact = _DESIGNS.get(one.design)
        if fact and fact not in facts.tables and not logs:
            text = f"design {one.design!r} is computed from the fact `{fact}`: add [facts.{fact}]"
            keys = (("facts", fact), ("predictions",), ("assignments",))
            yield Fault((*here, "design"), text, keys)
        if one.design == "baseline_forecast":
            yield from _two_forecasters(facts, (*here, "design"))
        if one.repeat and facts.effect is not None:
            text = (
                "`repeat` needs the units' own outcomes, which daily sums do not hold: remove it, "
                "or declare [assignments] and [outcomes]"
            )
            yield Fault((*here, "repeat"), text)
        yield from _rates(one, facts, (*here, "payoff"))


def _two_forecasters(facts: Ready, design: Path) -> Iterator[Fault]:
    if facts.error is None:
        return
    lost = [name for name in ("over", "under") if name not in facts.error.given()]
    lost += ["forecaster"] if "forecaster" not in facts.error.mapped else []
    if lost:
        listed = ", ".join(f"`{name}`" for name in lost)
        text = f"design 'baseline_forecast' compares two forecasters: add {listed} to [facts.error]"
        yield Fault(("facts", "error"), text, (("facts", "error", "columns"), design))


def _rates(one: Evidence, facts: Ready, here: Path) -> Iterator[Fault]:
    """Payoffs that multiply the value of the rows."""
    cells = ("tp", "fp", "fn", "tn")
    if one.payoff is None or not any(getattr(one.payoff, cell).rate for cell in cells):
        return
    for name in ("confusion", "score"):
        table = facts.tables.get(name)
        if table is not None and "sum_v" not in table.given():
            text = (
                "`rate` of the payoff multiplies the value of the rows: add `sum_v` to "
                f"[facts.{name}]"
            )
            yield Fault(here, text, (("facts", name, "columns"),))
