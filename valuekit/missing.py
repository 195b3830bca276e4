"""What the sums of a portfolio lack, in sentences: values and costs that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.text import listed, money, plural

if TYPE_CHECKING:
    from valuekit.portfolio import Portfolio


def missing(total: Portfolio) -> str:
    """Models whose value, cost or data is unknown, and what of them the sums hold; empty if none.

    A model of unknown value still cost something, which was paid: net is less by it.
    """
    unvalued = [one.title for one in total.left_out if one.share == 1]
    known = {*unvalued, *total.uncosted}
    absent = [title for title in total.unknown if title not in known and not _partly(total, title)]
    said = []
    if unvalued:
        cost, those = total.unvalued_cost, "its" if len(unvalued) == 1 else "their"
        paid = f"; {those} cost of {money(cost, total.currency)} is" if cost else ""
        models = plural(len(unvalued), "model")
        said.append(f"The value of {models} is unknown and not in these sums{paid}: ")
        said[-1] += f"{listed(unvalued)}."
    if total.uncosted:
        models, those = (
            plural(len(total.uncosted), "model"),
            "it" if len(total.uncosted) == 1 else "them",
        )
        said.append(
            f"The cost of {models} is unknown, so net leaves {those} out: {listed(total.uncosted)}."
        )
    if absent:
        said.append(f"No data in this period: {listed(absent)}.")
    return " ".join(said)


def _partly(total: Portfolio, title: str) -> bool:
    return any(one.title == title and one.share < 1 for one in total.left_out)
