"""SIGINT and SIGTERM stop a command: a run is noted as stopped and gives its lock back.

systemd, cron's wrappers, containers and a shutdown send SIGTERM. Left to itself it ends the process
at once, and the run looks like one that was killed.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from types import FrameType

from valuekit.entry import Kept
from valuekit.running import ask, heed, interrupt

INTERRUPTED = 128 + signal.SIGINT  # as shells have it
TERMINATED = 128 + signal.SIGTERM
_TIDYING = 10.0  # seconds
_AGAIN = 0.05  # seconds
_IMPORTING = "<frozen importlib"

Handler = int | Callable[[int, FrameType | None], object] | None


class Stop(Kept):
    """Which of the two asked us to stop first. What comes while nobody listens is kept."""

    code: int = INTERRUPTED
    _asked: bool = False
    _listens: bool = False
    _raised: float = -math.inf
    # A handler may cut off itself: it only sets and reads attributes, for whatever has a lock (a
    # timer, an event) can hang there for good.
    _later: int | None = None  # what is to come again, as a module is being loaded
    _loading: int = 0  # modules that were being loaded when it began to listen
    _put_off: float | None = None  # since when, as a module is being loaded

    def words(self, what: str) -> str:
        """What standard error says.

        Args:
            what: What is shown from now on.
        """
        by = " by SIGTERM" if self.code == TERMINATED else ""
        return f"stopped{by}; {what}\n"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Raise a signal where it comes inside; one that was kept is raised at once."""
        self._loading = _imports(sys._getframe())  # noqa: SLF001 (what a handler is given as well)
        self._listens = True
        try:
            heed()
            yield
        finally:
            self._listens = False  # what ended the command is being told
            self._later = None
            self.ending()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Stop: engines look for an interruption while they compute, too."""
        if not self._asked:
            self._asked, self.code = True, 128 + number
        ask(to_stop=True)
        if not self._listens:
            super().__call__(number, frame)
        elif _imports(frame) > self._loading and self._in_time():
            # Modules in C abort the process when something is raised while they are loaded, and
            # the import system swallows it: it comes again until none is.
            self._later = number
        # At once again it would only cut off the tidying up; later, the first was not heard.
        elif monotonic() - self._raised > _TIDYING:
            self._raised, self._put_off = monotonic(), None
            raise KeyboardInterrupt

    def again(self) -> None:
        """Have what was put off come again; called by a thread from the first signal on."""
        number = self._later
        if number is not None:  # else what is put off right now would be forgotten
            self._later = None
            os.kill(os.getpid(), number)

    def _in_time(self) -> bool:
        """Whether the end of loading may still be waited for: one may hang."""
        if self._put_off is None:
            self._put_off = monotonic()
        return monotonic() - self._put_off < _TIDYING


def _imports(frame: FrameType | None) -> int:
    """Steps of the import system that are under way: none where no module is being loaded."""
    found = 0
    while frame is not None:
        found += frame.f_code.co_filename.startswith(_IMPORTING)
        frame = frame.f_back
    return found


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
    for kept in before.values():
        if isinstance(kept, Kept) and kept.heard is not None:
            stop(kept.heard, None)
    try:
        with _engines_hear(stop):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ask(to_stop=False)  # only now: nobody asks through us any more


def _ours() -> Iterator[tuple[int, Handler]]:
    """The signals that nobody else has decided on -> what handles them so far."""
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        left = handler is signal.SIG_DFL or handler is signal.default_int_handler
        if left or isinstance(handler, Kept):
            yield number, handler


@contextmanager
def _engines_hear(stop: Stop) -> Iterator[None]:
    """Interrupt the statements of engines at a signal: they keep Python from handling it."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    words = (heard, stop)
    threading.Thread(target=_listen, args=words, name="valuekit-stop", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(told)  # the listener comes to its end


def _listen(heard: int, stop: Stop) -> None:
    patience = None  # nothing comes again before something came
    with DefaultSelector() as waiting:
        waiting.register(heard, EVENT_READ)
        while True:
            if not waiting.select(patience):
                stop.again()
                continue
            number = os.read(heard, 1)
            if not number:
                break
            if number[0] in {signal.SIGINT, signal.SIGTERM}:
                patience = _AGAIN
                interrupt()
    os.close(heard)
