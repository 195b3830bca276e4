"""The model's finding in one line, computed and branched on its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.scene import first_maturing
from valuekit.text import day, money

if TYPE_CHECKING:
    from valuekit.assess.scene import Scene
    from valuekit.scorecard import PeriodFigures


def headline(scene: Scene, whole: PeriodFigures | None) -> str:
    """What the model earned after costs over all its mature days, or why that is not known."""
    title, unit = scene.model.title, scene.currency
    if whole is None:
        return f"{title} has no data yet"
    maturing = first_maturing(scene)
    if maturing is not None:
        return f"Too early to say what {title} earns: the first outcomes mature on {day(maturing)}"
    net = whole.net
    if net.value is None and whole.value.value is not None:
        return f"{title} added {money(whole.value.value, unit)} before costs; {net.reason}"
    if net.value is None:
        return f"What {title} earns is not known: {net.reason[:1].lower()}{net.reason[1:]}"
    if net.low is not None and net.high is not None and net.low < 0 < net.high:
        ends = f"between {money(net.low, unit)} and {money(net.high, unit)}"
        sense = "probably earned" if net.value >= 0 else "probably cost more than"
        if net.value >= 0:
            return f"{title} {sense} {money(net.value, unit)} after costs, {ends}"
        return f"{title} {sense} it earned: {money(net.value, unit)} after costs, {ends}"
    if net.value >= 0:
        return f"{title} earned {money(net.value, unit)} after costs"
    return f"{title} cost {money(-net.value, unit)} more than it earned"
