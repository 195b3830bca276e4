"""Statements that an engine runs now, so that a stop reaches them.

Python handles a signal between two of its own steps. An engine that computes on threads of its own
for minutes comes to none, so whoever hears the signal interrupts the engine as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NOW: dict[object, Callable[[], None]] = {}


@contextmanager
def running(interrupt: Callable[[], None]) -> Iterator[None]:
    """Say how the statement that is run inside can be interrupted, from another thread."""
    key = object()
    _NOW[key] = interrupt
    try:
        yield
    finally:
        del _NOW[key]


def interrupt() -> None:
    """Interrupt every statement that runs now."""
    for one in tuple(_NOW.values()):
        one()
