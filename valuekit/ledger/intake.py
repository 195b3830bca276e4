"""Conservation of source rows: what was read is accepted, or held back for a named reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valuekit.errors import Finding, SourceError

if TYPE_CHECKING:
    import pandas as pd

FATES = ("accepted", "quarantined", "deduplicated", "out_of_window")


def conserved(model: str, intake: pd.DataFrame, rows_read: int) -> None:
    """Check that read = accepted + quarantined + deduplicated + out of window.

    Args:
        model: Name of the model.
        intake: Conformed intake fact of the whole pull.
        rows_read: Source rows read.

    Raises:
        SourceError: for rows that got lost or were counted twice, or an unknown fate.
    """
    strange = sorted(set(intake["fate"]) - set(FATES))
    counted = int(intake.loc[intake["segment"] == "all", "rows"].sum())
    if not strange and counted == rows_read:
        return
    rule = f"read = {' + '.join(FATES)}"
    found = f"fate {strange[0]!r}" if strange else f"{rows_read:,} read, {counted:,} counted"
    raise SourceError(
        Finding(
            place=f"models.{model}",
            value=found,
            rule=f"source rows must add up: {rule}",
            remedy="This is a fault of the connector: report it with the workspace file.",
            code="conservation",
            rows=abs(rows_read - counted),
        )
    )
