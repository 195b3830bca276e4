"""SIGINT and SIGTERM stop a command: a run is noted as stopped and gives its lock back.

systemd, cron's wrappers, containers and a shutdown send SIGTERM. Left to itself it ends the process
at once, and the run looks like one that was killed.
"""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from valuekit.entry import Early
from valuekit.running import ask, heed, interrupt

INTERRUPTED = 128 + signal.SIGINT  # as shells have it
TERMINATED = 128 + signal.SIGTERM
_TIDYING = 10.0  # seconds


class Stop:
    """Which of the two asked us to stop. What comes while nobody listens is kept."""

    code: int = INTERRUPTED
    _listens: bool = False
    _raised: float = -math.inf

    @property
    def words(self) -> str:
        """What standard error says."""
        by = " by SIGTERM" if self.code == TERMINATED else ""
        return f"stopped{by}; the last good run is untouched\n"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Raise a signal where it comes inside; one that was kept is raised at once."""
        self._listens = True
        try:
            heed()
            yield
        finally:
            self._listens = False  # what ended the command is being told

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Stop: engines look for an interruption while they compute, too."""
        self.code = 128 + number
        ask(to_stop=True)
        # At once again it would only cut off the tidying up; later, the first was not heard.
        if self._listens and monotonic() - self._raised > _TIDYING:
            self._raised = monotonic()
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Hear SIGINT and SIGTERM inside, but what the process was started to leave to others."""
    stop = Stop()
    before = dict(_ours()) if threading.current_thread() is threading.main_thread() else {}
    if not before:
        yield stop
        return
    for number in before:
        signal.signal(number, stop)
    for early in {one for one in before.values() if isinstance(one, Early)}:
        if early.heard is not None:
            stop(early.heard, None)
    try:
        with _engines_hear():
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ask(to_stop=False)


def _ours() -> Iterator[tuple[int, int | Callable[[int, FrameType | None], object]]]:
    """The signals that nobody else has decided on -> what handles them so far."""
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler in {signal.SIG_DFL, signal.default_int_handler} or isinstance(handler, Early):
            yield number, handler


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
