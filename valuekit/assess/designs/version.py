"""Whether the evidence is of the version that is in use now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from valuekit.estimate import Period
from valuekit.text import day

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Model

RECENT_DAYS = 7
_ANY = "all"


def other_version(scene: Scene, last: date | None) -> str:
    """Why the evidence is of another version; empty where it is not, or where none is logged.

    The version in use is the one that served most predictions of the last seven days. Evidence
    that ends before any of its predictions says what its predecessor was worth.

    Args:
        scene: The model.
        last: Last day of the evidence; None without any.
    """
    if last is None or scene.span is None or not _named(scene.model):
        return ""
    rows = scene.fact("volume", Period(scene.span.first, scene.span.last))
    rows = rows[rows["version"] != _ANY]
    now = _most(rows[rows["day"].dt.date > scene.span.last - timedelta(days=RECENT_DAYS)])
    before = _most(rows[rows["day"].dt.date <= last])
    if not now or not before or now in set(rows.loc[rows["day"].dt.date <= last, "version"]):
        return ""
    since = rows.loc[rows["version"] == now, "day"].min().date()
    return (
        f"the evidence to {day(last)} is of version {before}, and version {now} has been in use "
        f"since {day(since)}"
    )


def _named(model: Model) -> bool:
    """Whether the versions that served are known."""
    if model.predictions is not None:
        return model.predictions.version is not None
    ready = model.ready("volume")
    return ready is not None and "version" in ready.mapped


def _most(rows: pd.DataFrame) -> str:
    """The version with most predictions; empty without any."""
    if rows.empty or not rows["predictions"].sum():
        return ""
    return str(rows.groupby("version")["predictions"].sum().idxmax())
