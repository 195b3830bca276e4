"""Units seen in more than one arm: analysed in the first; too many of them cost a grade."""

from __future__ import annotations

import pandas as pd

from valuekit.scorecard import Diagnostic

NAME = "Units in both arms"
LIMIT = 0.01


def crossover(frame: pd.DataFrame, limit: float = LIMIT) -> Diagnostic:
    """Share of units later seen in another arm; a warning above ``limit``.

    Leaving them out would select on behaviour after assignment, so they stay in the arm they
    were first assigned to, which pulls the effect towards zero.
    """
    frame = frame[frame["arm"] != ""]
    units = int(frame["units"].sum())
    if not units:
        return Diagnostic(NAME, "not run", "No unit's outcome is complete yet.")
    crossed = int(frame["crossed"].sum())
    seen = f"{crossed:,} of {units:,} units ({crossed / units:.2%}) were later seen in another arm"
    if crossed > limit * units:
        text = f"{seen}, more than {limit:.0%}: the effect is understated."
        return Diagnostic(NAME, "warning", text, crossed / units)
    return Diagnostic(NAME, "passed", f"{seen}.", crossed / units)
