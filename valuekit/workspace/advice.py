"""What is legal in a workspace but leaves figures weaker or unknown: said before the run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from valuekit.quarantine.rules import RULES
from valuekit.workspace.amounts import odd_amounts
from valuekit.workspace.declare import Evidence, Model, Quarantine, Workspace
from valuekit.workspace.evidence import ASSUMPTIONS
from valuekit.workspace.wording import Mistake

_PASSWORD = re.compile(r"^(\w[\w+.-]*://[^:/]*:).+@")  # as SQLAlchemy reads addresses, or more
_QUERIED = re.compile(r"([?&]password=)[^&]+")


def advice(workspace: Workspace) -> tuple[Mistake, ...]:
    """Warnings of a valid workspace, model by model."""
    if not workspace.models:
        rule = "no model is declared, so there is nothing to show"
        return (_warn(("models",), "", rule, "Add [models.NAME].", "no_models"),)
    whole = ("workspace", "quarantine", "rules")
    found = [
        one for name, model in workspace.models.items() for one in _model(workspace, name, model)
    ]
    return (
        *_secrets(workspace),
        *_limits(whole, workspace.workspace.quarantine),
        *found,
        *odd_amounts(workspace),
    )


def _secrets(workspace: Workspace) -> Iterator[Mistake]:
    """A password in the address of the store."""
    store = workspace.workspace.store
    shown = _QUERIED.sub(r"\1***", _PASSWORD.sub(r"\1***@", store))
    if shown != store:
        rule = "a password stands in the workspace file, which many read and histories keep"
        remedy = "Leave it out of the address: it comes from PGPASSWORD or ~/.pgpass."
        yield _warn(("workspace", "store"), shown, rule, remedy, "secret_in_file")


def _limits(here: tuple[str | int, ...], declared: Quarantine) -> Iterator[Mistake]:
    """Limits of rules that no built-in connector has: mostly slips of the pen."""
    for name in declared.rules:
        if name not in RULES:
            near = get_close_matches(name, RULES, n=1, cutoff=0.5)
            remedy = f"Did you mean `{near[0]}`?" if near else f"Rules are: {', '.join(RULES)}."
            rule = "no built-in connector has a rule of this name"
            yield _warn((*here, name), f"`{name}`", rule, remedy, "unknown_rule")


def _model(workspace: Workspace, name: str, model: Model) -> Iterator[Mistake]:
    here = ("models", name)
    yield from _limits((*here, "quarantine", "rules"), model.quarantine)
    if not model.evidence:
        rule = "without evidence this model has no value in money"
        yield _warn(here, "", rule, f"Add [[models.{name}.evidence]].", "no_evidence")
    if model.costs == type(model.costs)():
        rule = (
            "no costs of its own are declared; only its part of the pools is taken off"
            if workspace.pools
            else "no costs are declared, so the net value is unknown"
        )
        remedy = f"Add [models.{name}.costs]; per_prediction = 0 where it costs nothing."
        yield _warn(here, "", rule, remedy, "no_costs")
    for index, one in enumerate(model.evidence):
        yield from _evidence(workspace, model, (*here, "evidence", index), one)


def _evidence(
    workspace: Workspace, model: Model, here: tuple[str | int, ...], one: Evidence
) -> Iterator[Mistake]:
    as_of = workspace.workspace.as_of
    if one.valid_until and as_of and one.valid_until < as_of:
        rule = f"the assumption ended before the last day of the analysis, {as_of}"
        remedy = "Confirm it and set a later day; until then it costs a grade."
        yield _warn((*here, "valid_until"), str(one.valid_until), rule, remedy, "stale")
    if one.design not in ASSUMPTIONS:
        metric = model.metrics.get(one.metric or model.primary_metric or "")
        if metric and not metric.already_money and metric.money is None:
            rule = "the metric has no value in money, so its effect is shown but not priced"
            remedy = "Set already_money = true, or money = the value of one unit."
            yield _warn(here, "", rule, remedy, "no_money")
        if one.design == "holdout" and one.registered is None:
            rule = "the design has no day of registration, so it cannot earn grade A"
            yield _warn(here, "", rule, "Set registered = the day it was written down.", "late")
    elif one.owner is None:
        rule = "nobody stands for this assumption"
        yield _warn(here, "", rule, 'Set owner = "name@example.com".', "no_owner")


def _warn(path: tuple[str | int, ...], value: str, rule: str, remedy: str, code: str) -> Mistake:
    return Mistake(path, value, rule, remedy, code, "warning")
