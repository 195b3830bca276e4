"""One evidence design a file: declaration and facts in, money over any period out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.blocked import blocked
from valuekit.assess.designs.baseline import baseline
from valuekit.assess.designs.before_after import before_after
from valuekit.assess.designs.diff_in_diff import diff_in_diff
from valuekit.assess.designs.holdout import holdout
from valuekit.assess.designs.hours import hours
from valuekit.assess.designs.observational import observational
from valuekit.assess.designs.payoff import payoff
from valuekit.assess.designs.staggered import staggered
from valuekit.assess.designs.structural import structural_series
from valuekit.assess.designs.switchback import switchback
from valuekit.assess.designs.synthetic import synthetic, synthetic_did

if TYPE_CHECKING:
    from collections.abc import Callable

    from valuekit.assess.designs.base import Design
    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Evidence

_BUILDERS: dict[str, Callable[[Scene, Evidence], Design]] = {
    "holdout": holdout,
    "payoff": payoff,
    "baseline_forecast": baseline,
    "hours_saved": hours,
    "synthetic": synthetic,
    "synthetic_did": synthetic_did,
    "observational": observational,
    "diff_in_diff": diff_in_diff,
    "staggered": staggered,
    "switchback": switchback,
    "before_after": before_after,
    "structural": structural_series,
}


def build(scene: Scene, evidence: Evidence) -> Design:
    """The design of an evidence entry on the model's facts; without money where it is blocked."""
    return blocked(scene, _BUILDERS[evidence.design](scene, evidence))
