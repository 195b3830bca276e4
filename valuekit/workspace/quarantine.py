"""How many rows of a source may be held back before a run warns, or is refused."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import Field, Strict, field_validator, model_validator

from valuekit.quarantine.rules import RULES
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

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        pairs = ((self.warn, self.fail, "fail"), (self.warn_rows, self.fail_rows, "fail_rows"))
        for warn, fail, key in pairs:
            if warn is not None and fail is not None and warn > fail:
                msg = (
                    f"a run fails at {fail:g} and would warn at {warn:g} only: "
                    f"raise `{key}` or lower the warning"
                )
                raise ValueError(msg)
        return self


class Quarantine(Declared):
    """Limits of all rules, and of single ones."""

    default: Limits = Limits()
    rules: dict[Name, Limits] = Field(default_factory=dict)

    @field_validator("rules")
    @classmethod
    def _known(cls, rules: dict[str, Limits]) -> dict[str, Limits]:
        """A misspelt rule would never be applied; connectors may bring rules of their own."""
        for name in rules:
            near = [] if name in RULES else get_close_matches(name, RULES, 1, _ALIKE)
            if near:
                msg = f"no rule is named {name!r}: did you mean {near[0]!r}?"
                raise ValueError(msg)
        return rules
