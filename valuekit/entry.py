"""The command's first moments: a signal that comes before it can be handled waits until it can.

Loading the command line takes a quarter of a second. Python's own handler would end it in a
traceback there, or raise where the import system swallows it, and the command would go on.
Nothing but the standard library is imported before signals are kept.
"""

from __future__ import annotations

import signal
from types import FrameType


class Early:
    """Keeps the signals that nobody could handle yet."""

    heard: int | None = None  # the last one

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Keep it."""
        self.heard = number


def main() -> None:
    """Run the command line: ``valuekit VERB``."""
    early = Early()
    ours = [
        number
        for number, left in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGTERM, signal.SIG_DFL),
        )
        if signal.getsignal(number) is left  # else whoever started it decides, as nohup does
    ]
    for number in ours:
        signal.signal(number, early)
    try:
        from valuekit.cli import main as run

        run()
    finally:
        # What is left is Python's own leaving, which has nothing to say of a signal but a trace.
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
