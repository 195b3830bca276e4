"""Laws between the facts of a day: nothing is labelled, scored or judged that was not served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from valuekit.errors import Finding
from valuekit.ledger.schema import ALL
from valuekit.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from valuekit.workspace.declare import Model

UNSERVED = "day_without_volume"


def more_than_served(
    name: str, model: Model, facts: Mapping[str, pd.DataFrame]
) -> tuple[Finding, ...]:
    """A finding for each law that some day breaks.

    Args:
        name: Name of the model.
        model: As declared.
        facts: Conformed facts.
    """
    if model.facts is None:
        return ()
    ready = model.ready("volume")
    if ready is None and model.predictions is None:
        return ()
    known = {"predictions", "acted", "labelled", "scored"}
    given = known if ready is None else known & ready.given()
    volume = _whole(facts["volume"])
    if volume.empty:
        return ()
    served = volume.groupby("day")[sorted(known)].sum()
    found: list[Finding] = []
    for fact, what, part, over in _parts(model, facts):
        for whole in (*over, "predictions"):
            if whole in given:
                found += _above(name, fact, what, part, served[whole], whole)
                break
    # A day without a usable row of the volume is one of which the predictions are not known.
    alone = {fact: part for fact, what, part, _ in _parts(model, facts) if what == "n"}
    if ready is not None:
        found += _unserved(name, alone, served.index)
    return tuple(found)


def _parts(
    model: Model, facts: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, str, pd.Series, tuple[str, ...]]]:
    """Ready-made sums by day, and of which count of the volume they are a part."""
    if model.ready("score") is not None:
        rows = _whole(facts["score"])
        yield "score", "n", rows.groupby("day")["total"].sum(), ("scored",)
        labelled = rows[rows["label"] != ""]
        yield "score", "n with a label", labelled.groupby("day")["total"].sum(), ("labelled",)
    if model.ready("confusion") is not None:
        rows = _whole(facts["confusion"])
        yield "confusion", "n", rows.groupby("day")["n"].sum(), ("labelled",)
    if model.ready("error") is not None:
        rows = _whole(facts["error"])
        rows = rows[(rows["forecaster"] == "model") & (rows["level"] == "series")]
        yield "error", "n", rows.groupby("day")["n"].sum(), ("labelled",)


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["segment"] == ALL]


def _above(
    name: str, fact: str, what: str, part: pd.Series, whole: pd.Series, of: str
) -> Iterator[Finding]:
    days = part[(part > 0) & part.index.isin(whole.index)]
    most = whole.reindex(days.index)
    over = days[days > most]
    if over.empty:
        return
    first = over.index[0]
    others = f", and {len(over) - 1:,} other days" if len(over) > 1 else ""
    yield Finding(
        place=f"models.{name}.facts.{fact}",
        value=f"{first.date()}: {int(over.iloc[0]):,} {what}, {int(most[first]):,} {of}{others}",
        rule=f"a day has more {what} in `{fact}` than `{of}` in `volume`, of which they are a part",
        remedy="See that both tables are of one export and count the same predictions.",
        code="more_than_served",
        rows=len(over),
    )


def _unserved(name: str, parts: Mapping[str, pd.Series], served: pd.Index) -> Iterator[Finding]:
    """Days of other facts that the volume has no usable row of: not there yet, or held back."""
    for fact, part in parts.items():
        days = part.index[(part > 0) & ~part.index.isin(served)]
        if not len(days):
            continue
        last = days.max()
        others = f", and {plural(len(days) - 1, 'day')} more" if len(days) > 1 else ""
        yield Finding(
            place=f"models.{name}.facts.volume",
            value=f"no usable row on {last.date()}, {plural(int(part[last]), 'prediction')} "
            f"in `{fact}`{others}",
            rule="a day without a row of the volume: how many predictions it had is not known, and "
            "sums leave it out",
            remedy="Bring the row; where it is held back, mend it. See: "
            f"valuekit quarantine {name}",
            severity="warning",
            code=UNSERVED,
            rows=0,
        )
