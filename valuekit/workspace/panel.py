"""The panel: outcomes by group and time, for evidence that needs no prediction log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from valuekit.workspace.faults import Fault
from valuekit.workspace.fields import Column, Day, Days, Declared, Name, Whole

Spacing = Literal["day", "week", "month", "quarter", "year"]

#: Observations after which a season repeats, by their spacing.
SEASONS: dict[Spacing, int] = {"day": 7, "week": 52, "month": 12, "quarter": 4, "year": 1}
ONE_GROUP = "all"  # the group of every row when no column tells groups apart
_HOURS = (0, 1, 2, 3, 4, 6, 8, 12)


class Panel(Declared):
    """Outcomes of regions, stores or all customers over time, and when each was treated.

    Attributes:
        launch: Group -> first treated day; groups that are not named are never treated.
        treated_from: Column with the first treated day of the row's group; empty for never.
        arm: Switchback: whether the row's block of time was treated.
    """

    source: Name | None = None
    table: str
    id: Column | None = None
    time: Column
    group: Column | None = None
    treated_from: Column | None = None
    launch: dict[Annotated[str, Field(min_length=1, max_length=256)], Day] = Field(
        default_factory=dict
    )
    arm: Column | None = None
    treated_value: str | None = None
    block_hours: Annotated[Whole, Field(ge=0, le=12)] = 0
    offset: Column | None = None
    frequency: Spacing = "day"
    season: Annotated[Whole, Field(ge=1, le=400)] | None = None
    segments: tuple[Column, ...] = ()
    allowance: Days = 0
    complete_through: Day | None = None

    def faults(self) -> Iterator[Fault]:
        """Keys that contradict each other, or need one that is missing."""
        if self.treated_from is not None and self.launch:
            text = "`treated_from` and `launch` both say when groups were treated: keep one of them"
            yield Fault(("launch",), text, (("treated_from",),))
        if self.launch and self.group is None and set(self.launch) != {ONE_GROUP}:
            text = (
                "`launch` names groups, but there is no `group`: add `group`, or write "
                "launch = { all = ... }"
            )
            yield Fault(("launch",), text, (("group",),))
        if self.treated_value is not None and self.arm is None:
            text = "`treated_value` names a value of `arm`, which is missing: add `arm`"
            yield Fault(("treated_value",), text, (("arm",),))
        if self.block_hours and (self.arm is None or self.block_hours not in _HOURS):
            hours = ", ".join(map(str, _HOURS[1:]))
            text = (
                "blocks within the day need an `arm` and fit into it: add `arm`, and choose "
                f"block_hours from {hours}"
            )
            yield Fault(("block_hours",), text, (("arm",),))

    @property
    def per_season(self) -> int:
        """Observations in a season: declared, else by the spacing (7 days, 52 weeks, ...)."""
        return self.season or SEASONS[self.frequency]
