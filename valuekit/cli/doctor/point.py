"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from valuekit.errors import Finding, ValuekitError

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Point:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: State
    finding: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """The point as JSON-ready text fields."""
        return asdict(self)


def failed(what: str, error: ValuekitError) -> Point:
    """A point that an error ended: what was found, and what to do about the first of it."""
    said = "; ".join(_without_remedy(one) for one in error.findings)
    return Point(what, "failed", said, next((one.remedy for one in error.findings), ""))


def _without_remedy(one: Finding) -> str:
    found = f" (found {one.value})" if one.value else ""
    return f"{one.place}: {one.rule}{found}"
