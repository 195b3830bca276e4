"""Rules between keys: what is broken, at which key, and which keys the rule reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken rule that needs more than one value, seen from the table that knows it.

    Attributes:
        path: Key that breaks it, from that table; the table itself when a key is missing.
        text: ``problem: remedy``.
        keys: Keys that the rule reads beside ``path``. Where one of them could not be read, the
            rule says nothing: it would only complain about what stood in for it.
    """

    path: Path
    text: str
    keys: tuple[Path, ...] = ()

    def below(self, *table: str | int) -> Fault:
        """The same seen from further up.

        >>> Fault(("metric",), "x: y").below("evidence", 0).path
        ('evidence', 0, 'metric')
        """
        return Fault((*table, *self.path), self.text, tuple((*table, *one) for one in self.keys))


def instead(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """What to write instead of an undeclared name: the nearest, or which there are.

    >>> instead("margn", ["margin", "visits"])
    "did you mean 'margin'?"
    >>> instead("x", ["margin", "visits"])
    'use margin, visits'
    """
    there = sorted(known)
    near = get_close_matches(name, there, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"use {', '.join(there) or otherwise}"
