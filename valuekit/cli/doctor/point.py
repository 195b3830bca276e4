"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from valuekit.errors import ValuekitError


@dataclass(frozen=True, slots=True)
class Point:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: Literal["ok", "warning", "failed"]
    finding: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """The point as JSON-ready text fields."""
        return asdict(self)


def failed(what: str, error: ValuekitError) -> Point:
    """A point that an error ended: its findings, and the remedy of the first."""
    remedy = next((one.remedy for one in error.findings), "")
    return Point(what, "failed", str(error), remedy)
