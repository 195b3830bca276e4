"""The Versions section: each version's time and performance."""

from __future__ import annotations

from dashboard import data, ui
from dashboard.charts.forest import forest
from dashboard.format import count, day, figure, interval
from valuekit.scorecard import Figure, PeriodFigures, Scorecard, VersionRow


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del shot, held  # versions are shown over all days
    if not card.versions:
        ui.empty(
            "No versions are declared",
            "With a version column, each version's performance can be compared.",
            'Add version = "model_version" to the model\'s predictions in valuekit.toml.',
        )
        return
    name = card.degradation.performance_name
    with ui.card(_title(card.versions), f"{name} by version, with 95% ranges"):
        known = tuple(
            Figure(f"version.{one.version}", one.version, one.performance)
            for one in card.versions
            if one.performance.known
        )
        if len(known) > 1:
            ui.chart(forest(known, zero=False), _alt(card.versions, name))
        ui.table([_row(one, name) for one in card.versions], f"{name} by version.")


def _title(versions: tuple[VersionRow, ...]) -> str:
    newest = max(versions, key=lambda one: one.first)
    if len(versions) == 1:
        return f"One version has served: {newest.version}"
    return f"{len(versions)} versions have served; {newest.version} is the newest"


def _row(one: VersionRow, name: str) -> dict[str, object]:
    shown = f"{figure(one.performance)}, {interval(one.performance)}"
    return {
        "Version": one.version,
        "Served": f"{day(one.first)} to {day(one.last)}",
        "Predictions": count(one.predictions),
        name: shown if one.performance.known else f"Unknown: {one.performance.reason}",
    }


def _alt(versions: tuple[VersionRow, ...], name: str) -> str:
    pairs = "; ".join(f"{one.version} {figure(one.performance)}" for one in versions)
    return f"{name} by version. {pairs}."
