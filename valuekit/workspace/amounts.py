"""Declared amounts that are legal and odd: negative without saying why, finer than facts keep."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from valuekit.workspace.declare import Model, Workspace
from valuekit.workspace.wording import Mistake

PLACES = Decimal("0.000001")  # of money in facts
#: Words of a category that say that an amount is given back.
CREDITS = ("credit", "refund", "rebate", "discount", "reimbursement")

Path = tuple[str | int, ...]


def odd_amounts(workspace: Workspace) -> Iterator[Mistake]:
    """Warnings about the costs and pools of a workspace."""
    for name, model in workspace.models.items():
        for path, category, amount, spread in _costs(("models", name, "costs"), model):
            yield from _odd(path, category, amount, spread=spread)
    for index, pool in enumerate(workspace.pools):
        yield from _odd(("pools", index, "amount"), pool.category, pool.amount, spread=True)


def _costs(here: Path, model: Model) -> Iterator[tuple[Path, str, Decimal, bool]]:
    """Path, category and amount of each cost; whether it is itself cut to the places of facts."""
    costs = model.costs
    if costs.per_prediction is not None:
        yield (*here, "per_prediction"), "", costs.per_prediction, False
    for index, month in enumerate(costs.monthly):
        yield (*here, "monthly", index, "amount"), month.category, month.amount, True
    for index, once in enumerate(costs.once):
        yield (*here, "once", index, "amount"), once.category, once.amount, True
    for index, token in enumerate(costs.tokens):
        yield (*here, "tokens", index, "per_million"), token.token, token.per_million, False


def _odd(path: Path, category: str, amount: Decimal, *, spread: bool) -> Iterator[Mistake]:
    if amount < 0 and not any(word in category for word in CREDITS):
        rule = "a negative cost lowers the total; no category says that it is a credit"
        remedy = (
            f"Name the category for it, with one of {', '.join(CREDITS)}, or write it positive."
        )
        yield Mistake(path, str(amount), rule, remedy, "negative_cost", "warning")
    residual = amount - amount.quantize(PLACES) if spread else Decimal(0)
    if residual:
        rule = "an amount has at most 6 decimals; it is rounded half to even"
        remedy = f"Round it yourself; the residual of {residual:f} is left out each time."
        yield Mistake(path, str(amount), rule, remedy, "rounded", "warning")
