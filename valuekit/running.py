"""Statements that an engine runs now, so that a stop reaches them; and that one was asked for.

Python handles a signal between two of its own steps. An engine that computes on threads of its own
for minutes comes to none, so whoever hears the signal interrupts the engine as well. What a handler
raises is lost where Python can raise nothing (the end of an object, a lock of the import system):
whatever lasts, or cannot be taken back, asks once more before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

_NOW: dict[object, Callable[[], None]] = {}
# Set by handlers of signals, one of which may cut off another: nothing with a lock will do, as
# threading.Event has one.
_ASKED = {"to_stop": False}
# Kept apart from what a run returns: a stop may come between any two steps after the commit.
_STORED: ContextVar[int | None] = ContextVar("stored", default=None)


class StoppedAfter(KeyboardInterrupt):
    """A stop that came when the run was stored already: it is no run that failed.

    Attributes:
        run: Its number.
    """

    def __init__(self, run: int) -> None:
        """Of a run that is what readers see."""
        super().__init__(f"run {run} was stored before it and is what is shown")
        self.run = run


@contextmanager
def running(interrupt: Callable[[], None]) -> Iterator[None]:
    """Say how the statement that is run inside can be interrupted, from another thread.

    Raises:
        KeyboardInterrupt: if a stop was asked for before.
    """
    key = object()
    _NOW[key] = interrupt
    try:
        heed()
        yield
    finally:
        del _NOW[key]


def interrupt() -> None:
    """Interrupt every statement that runs now."""
    for one in tuple(_NOW.values()):
        with suppress(Exception):  # it may have ended just now, and its connection with it
            one()


def ask(*, to_stop: bool) -> None:
    """Ask for a stop, or withdraw it."""
    _ASKED["to_stop"] = to_stop


def heed() -> None:
    """Stop here if a stop was asked for.

    Raises:
        KeyboardInterrupt: if it was.
    """
    if _ASKED["to_stop"]:
        raise KeyboardInterrupt


def note_stored(run: int | None) -> None:
    """Keep in mind which run was stored: whatever stops us from then on, it is what is shown.

    Args:
        run: Its number; None where another run or command begins.
    """
    _STORED.set(run)


def stored_run() -> int | None:
    """The run that was stored since the last command or run began here; None where none was."""
    return _STORED.get()
