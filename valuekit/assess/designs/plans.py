"""What a refresh registers of a model's holdouts, once, before their later looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.assess.designs.plan import registered_now, replanned
from valuekit.assess.designs.trial import Trial
from valuekit.assess.scene import scene

if TYPE_CHECKING:
    from valuekit.ledger.book import Book
    from valuekit.source import Registered
    from valuekit.workspace.declare import Workspace


def plans(workspace: Workspace, model: str, book: Book) -> tuple[Registered, ...]:
    """New registrations: planned units, arms, dates and windows of holdouts that have units."""
    here = scene(workspace, model, book)
    found: dict[str, Registered] = {}
    for evidence in here.model.evidence:
        named = here.metric_of(evidence)
        if evidence.design != "holdout" or named is None:
            continue
        trial = Trial(here, evidence, *named)
        again = None if evidence.repeat else replanned(trial)
        for one in (trial, trial if again is None else replace(trial, since=again)):
            made = registered_now(one)
            if made is not None:
                found.setdefault(f"{made.name} {made.content.get('since')}", made)
    return tuple(found.values())
