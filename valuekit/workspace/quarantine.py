"""How many rows of a source may be held back before a run warns, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated

from pydantic import Field, Strict

from valuekit.quarantine.rules import RULES
from valuekit.workspace.faults import Fault
from valuekit.workspace.fields import Declared, Name, Whole

Part = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
_ALIKE = 0.8  # of the letters of two names, for a slip of the pen
Rows = Annotated[Whole, Field(ge=0)]


class Limits(Declared):
    """What is too much for one rule: a share of the rows read of the source, or a number."""

    warn: Part | None = None
    warn_rows: Rows | None = None
    fail: Part | None = None
    fail_rows: Rows | None = None

    def faults(self) -> Iterator[Fault]:
        """Warnings that would come after the failure."""
        pairs = (
            (self.warn, self.fail, "warn", "fail"),
            (self.warn_rows, self.fail_rows, "warn_rows", "fail_rows"),
        )
        for warn, fail, first, key in pairs:
            if warn is not None and fail is not None and warn > fail:
                text = (
                    f"a run fails at {fail:g} and would warn at {warn:g} only: "
                    f"raise `{key}` or lower the warning"
                )
                yield Fault((key,), text, ((first,),))


class Quarantine(Declared):
    """Limits of all rules, and of single ones."""

    default: Limits = Limits()
    rules: dict[Name, Limits] = Field(default_factory=dict)

    def faults(self) -> Iterator[Fault]:
        """Misspelt rules would never be applied; connectors may bring rules of their own."""
        for name in self.rules:
            near = [] if name in RULES else get_close_matches(name, RULES, 1, _ALIKE)
            if near:
                text = f"no rule is named {name!r}: did you mean {near[0]!r}?"
                yield Fault(("rules", name), text)
