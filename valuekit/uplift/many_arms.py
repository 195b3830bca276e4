"""Several treated arms against one control: as many questions, and more than one chance of luck.

The headline compares all treated arms together with the control, which is one comparison. Each arm
alone has an interval of its own, which holds for that arm only: of four arms without any effect
one interval in six or so misses zero somewhere. Holm's step-down adjustment (1979, Scandinavian
Journal of Statistics 6:65) keeps the chance of any false finding at 5% whatever the arms share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.critical import two_sided_p
from valuekit.scorecard import Diagnostic
from valuekit.text import listed
from valuekit.uplift.multiple import holm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from valuekit.estimate import Estimate

NAME = "Several arms"
ALPHA = 0.05


def many_arms(effects: Mapping[str, Estimate]) -> Diagnostic | None:
    """What the number of treated arms means for the findings on each; None with fewer than two.

    A warning where an arm is told from zero by its own interval alone, but not among all.

    Args:
        effects: Effect of each treated arm alone against the control, at one look.
    """
    if len(effects) < 2:
        return None
    raw = {
        arm: two_sided_p(one.value / one.se, one.df)
        for arm, one in effects.items()
        if one.value is not None and one.se
    }
    adjusted = holm(raw)
    alone = [arm for arm, p in raw.items() if p <= ALPHA < adjusted[arm]]
    said = ", ".join(f"{arm} p = {raw[arm]:.2g}, adjusted {adjusted[arm]:.2g}" for arm in raw)
    text = (
        f"{len(effects)} treated arms are compared with one control; the headline takes them "
        "together, and the interval of each arm is its own. At one look, adjusted for their "
        f"number (Holm): {said or 'no arm can be tested'}."
    )
    if alone:
        text += f" {listed(alone)} would be told from zero alone, but not among all of them."
    return Diagnostic(NAME, "warning" if alone else "passed", text)
