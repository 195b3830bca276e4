"""Statements that an engine runs now, so that a stop reaches them; and that one was asked for.

Python handles a signal between two of its own steps. An engine that computes on threads of its own
for minutes comes to none, so whoever hears the signal interrupts the engine as well. What a handler
raises is lost where Python can raise nothing (the end of an object, a lock of the import system):
whatever lasts, or cannot be taken back, asks once more before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event

_NOW: dict[object, Callable[[], None]] = {}
_ASKED = Event()


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
    if to_stop:
        _ASKED.set()
    else:
        _ASKED.clear()


def heed() -> None:
    """Stop here if a stop was asked for.

    Raises:
        KeyboardInterrupt: if it was.
    """
    if _ASKED.is_set():
        raise KeyboardInterrupt
