"""What the sums of a portfolio do not hold: models of unknown value, unvalued parts of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from valuekit.text import listed
from valuekit.uplift.valued import partly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valuekit.scorecard import PeriodFigures, Scorecard


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A model whose value is missing in the sums, in whole or in part.

    Attributes:
        model: Its name.
        title: Its title.
        share: Share of its treated units whose value is not in the sums: 1 where all of it is
            missing.
        blocked: Whether a failed check forbids the claim.
        why: Why, in words.
    """

    model: str
    title: str
    share: float
    blocked: bool
    why: str


def left_out(card: Scorecard, held: PeriodFigures | None) -> LeftOut | None:
    """What is missing of one model in a period; None where nothing is, or it has no data in it."""
    if held is None:
        return None
    if not held.value.known:
        blocked = any(one.primary and one.blocked for one in card.evidence)
        return LeftOut(card.model, card.title, 1.0, blocked, held.value.reason)
    if not held.unvalued:
        return None
    return LeftOut(card.model, card.title, held.unvalued, blocked=False, why=partly(held.unvalued))


def said(found: Sequence[LeftOut]) -> str:
    """Which claims are blocked and which are counted in part, in a sentence each."""
    blocked = [one.title for one in found if one.blocked]
    parts = [f"{one.title} ({one.why})" for one in found if not one.blocked and one.share < 1]
    made = []
    if blocked:
        made.append(
            "Left out, because the declared split between the arms was not kept: "
            f"{listed(blocked)}."
        )
    if parts:
        made.append(f"Counted in part: {listed(parts)}.")
    return " ".join(made)
