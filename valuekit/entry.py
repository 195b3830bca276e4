"""The command's first and last moments: a signal that comes before it can be handled waits.

Loading the command line takes a quarter of a second. Python's own handler would end it in a
traceback there, or raise where the import system swallows it, and the command would go on.
Nothing but the standard library is imported before signals are kept.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from time import monotonic
from types import FrameType

_PATIENCE = 5.0  # seconds


class Kept:
    """Keeps signals that nobody can handle; while a command ends, only for a while.

    What ends it has its exit code, which a second Ctrl-C must not change. Where the end does not
    come (nobody reads what is told), the system's own way is left.
    """

    heard: int | None = None  # the last one
    _ends: float | None = None  # since when

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Keep it."""
        self.heard = number
        if self._ends is not None and monotonic() - self._ends > _PATIENCE:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def ending(self) -> None:
        """From here on the command ends."""
        self._ends = self._ends or monotonic()


def main() -> None:
    """Run the command line, ``valuekit VERB``, as all that its process does.

    Its signals are ignored at the end. A program calls ``valuekit.cli.main``, which leaves them as
    they were.
    """
    kept = Kept()
    ours = (signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)
    for number, left in ours:
        if signal.getsignal(number) is left:  # else whoever started it decides, as nohup does
            signal.signal(number, kept)
    try:
        from valuekit.cli import main as run

        run()
    finally:
        kept.ending()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # a reader that left is told of by Python itself
                stream.flush()
        # What is left is Python's own leaving: it undoes handlers, but not that one is ignored.
        for number, _ in ours:
            if signal.getsignal(number) is kept:
                signal.signal(number, signal.SIG_IGN)
