"""The model's finding in one line, computed and branched on its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.assess.scene import first_maturing
from valuekit.text import day, money
from valuekit.uplift.valued import partly

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
    left = partly(whole.unvalued) if whole.value.known else ""
    if whole.net.reason == left:
        left = ""  # said already, as the reason why net value is unknown
    return f"{title} {_finding(whole, unit)}{left and f'; {left}'}"


def _finding(whole: PeriodFigures, unit: str) -> str:
    net = whole.net
    if net.value is None:
        why = f"{net.reason[:1].lower()}{net.reason[1:]}"
        if whole.value.value is not None:
            gross = whole.value.value
            did = "added" if gross >= 0 else "lost"
            return f"{did} {money(abs(gross), unit)} before costs; {why}"
        return f"has no known value: {why}"
    open_ended = net.low is not None and net.high is not None and net.low < 0 < net.high
    likely = "probably " if open_ended else ""
    ends = ""
    if open_ended and net.low is not None and net.high is not None:
        ends = f" ({money(net.low, unit)} to {money(net.high, unit)})"
    if net.value >= 0:
        return f"{likely}earned {money(net.value, unit)} after costs{ends}"
    return f"{likely}cost {money(-net.value, unit)} more than it earned{ends}"
