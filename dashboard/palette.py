"""Colours of charts and pills.

Each passes 3:1 on the light and on the dark background, so a live theme switch needs no rerun.
Axis, grid and text colours are never set here: they follow the theme.
"""

from __future__ import annotations

from typing import Final

from valuekit.estimate import Grade
from valuekit.scorecard import Action, Status

BLUE: Final = "#2E86C8"
ORANGE: Final = "#D9622B"
GREEN: Final = "#1E9E7A"
PURPLE: Final = "#B5649A"
OCHRE: Final = "#B07D00"
GRAY: Final = "#6F7D8C"
MUTED: Final = "#8A96A3"

ACTIONS: Final[dict[Action, tuple[str, str, str]]] = {
    # action: (word, streamlit colour, icon)
    "keep": ("Keep", "blue", ":material/check_circle:"),
    "watch": ("Watch", "violet", ":material/visibility:"),
    "retrain": ("Retrain", "yellow", ":material/build:"),
    "retire": ("Retire", "red", ":material/cancel:"),
    "measure first": ("Measure first", "green", ":material/science:"),
    "not enough evidence": ("Not enough evidence", "gray", ":material/hourglass_empty:"),
}
# Fills of the pills in tables, in the order of ACTIONS; the table's text is dark on them.
PILLS: Final = ("#CFE4F2", "#EAD3E2", "#FBEBA6", "#F6CDB4", "#C7E8DD", "#E1E6EB")

STATUSES: Final[dict[Status, tuple[str, str, str]]] = {
    "passed": ("Passed", "green", ":material/check_circle:"),
    "warning": ("Warning", "yellow", ":material/warning:"),
    "failed": ("Failed", "red", ":material/cancel:"),
    "not run": ("Not run", "gray", ":material/remove_circle:"),
}

GRADES: Final[dict[Grade | None, tuple[str, str]]] = {
    # grade: (streamlit colour, meaning)
    "A": ("blue", "randomised, registered, checks passed"),
    "B": ("blue", "phased or partly randomised, checks passed"),
    "C": ("yellow", "comparison without randomisation"),
    "D": ("red", "rests on an assumption"),
    None: ("gray", "value unknown"),
}
