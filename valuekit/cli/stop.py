"""SIGTERM stops a command as Ctrl-C does: a run is noted as stopped and gives its lock back.

systemd, cron's wrappers, containers and a shutdown send it. Left to itself it ends the process at
once, and the run looks like one that was killed.
"""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from valuekit.running import interrupt

INTERRUPTED = 128 + signal.SIGINT  # as shells have it
TERMINATED = 128 + signal.SIGTERM
_TIDYING = 10.0  # seconds


class Stop:
    """Which of the two asked us to stop."""

    code: int = INTERRUPTED
    _heard: float = -math.inf

    @property
    def words(self) -> str:
        """What standard error says."""
        by = " by SIGTERM" if self.code == TERMINATED else ""
        return f"stopped{by}; the last good run is untouched\n"

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Stop: engines look for an interruption while they compute, too."""
        self.code = TERMINATED
        # At once again it would only cut off the tidying up; later, the first was not heard.
        if monotonic() - self._heard > _TIDYING:
            self._heard = monotonic()
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Hear SIGTERM inside, unless the process was started so that somebody else decides on it."""
    stop = Stop()
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if not ours:
        yield stop
        return
    signal.signal(signal.SIGTERM, stop)
    try:
        with _engines_hear():
            yield stop
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _engines_hear() -> Iterator[None]:
    """Interrupt the statements of engines at a signal: they keep Python from handling it."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(heard,), name="valuekit-stop", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(told)  # the listener comes to its end


def _listen(heard: int) -> None:
    while number := os.read(heard, 1):
        if number[0] in {signal.SIGINT, signal.SIGTERM}:
            interrupt()
    os.close(heard)
