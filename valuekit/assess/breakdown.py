"""Segments (exploratory, never totalled) and versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from valuekit.assess.quality import performance
from valuekit.estimate import Estimate, unknown
from valuekit.ledger.frame import empty
from valuekit.ledger.schema import FACTS
from valuekit.ledger.split import split
from valuekit.scorecard import SegmentRow, VersionRow

if TYPE_CHECKING:
    import pandas as pd

    from valuekit.assess.designs.base import Design
    from valuekit.assess.scene import Scene
    from valuekit.degradation.performance import Performance

OF_PERFORMANCE = ("score", "confusion", "error", "volume")  # what a version is judged by
EXPLORATORY = "exploratory: looked at after the fact, never added up"


def segments(scene: Scene, design: Design | None) -> tuple[SegmentRow, ...]:
    """Each declared segment's effect and performance over the mature days."""
    names = _names(scene)
    served = _served(scene)
    rows = []
    for segment in names:
        effect = (
            unknown("no evidence is declared", f"{scene.currency}/prediction")
            if design is None
            else design.effect_in(segment)
        )
        if effect.known:
            effect = replace(effect, notes=(*effect.notes, EXPLORATORY))
        rows.append(
            SegmentRow(
                segment=segment,
                predictions=served.get(segment, 0),
                effect=effect,
                performance=_whole(performance(scene, segment)),
            )
        )
    return tuple(rows)


def _names(scene: Scene) -> list[str]:
    found: set[str] = set()
    for fact in ("volume", "effect", "flow", "panel"):
        found |= set(scene.fact(fact, None, None)["segment"].unique())
    return sorted(found - {"all"})


def _served(scene: Scene) -> dict[str, int]:
    volume = scene.fact("volume", scene.span, None)
    sums = volume.groupby("segment")["predictions"].sum()
    return {str(name): int(count) for name, count in sums.items()}


def _whole(measured: Performance) -> Estimate:
    """Performance over all days, as a figure without an interval."""
    value = measured.overall()
    if value is None:
        return unknown(f"too few labelled rows for {measured.name}", measured.unit)
    return Estimate(
        value=value,
        unit=measured.unit,
        method=measured.name,
        reason="no interval is computed for parts of a model",
    )


def versions(scene: Scene) -> tuple[VersionRow, ...]:
    """Every version in the log, in order of appearance; none when the log does not name them."""
    by_version = {name: split(scene.fact(name, scene.mature), "version") for name in OF_PERFORMANCE}
    rows = []
    for name, of in split(scene.fact("volume", scene.span), "version").items():
        if name == "all":
            continue

        def rows_of(fact: str, version: str = name) -> pd.DataFrame:
            return by_version[fact].get(version, empty(FACTS[fact]))

        rows.append(
            VersionRow(
                version=name,
                first=of["day"].min().date(),
                last=of["day"].max().date(),
                predictions=int(of["predictions"].sum()),
                performance=_whole(performance(scene, rows_of=rows_of)),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.first, row.version)))
