"""Errors that people can act on: value, rule, place, remedy. No traceback reaches a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found wrong, or worth knowing.

    Attributes:
        place: Where: ``valuekit.toml:12 models.churn.outcomes.window`` or a table and column.
        value: What was found there, shortened and escaped.
        rule: The rule it breaks, in words.
        remedy: What to do about it.
        severity: ``error`` stops the run, ``warning`` is shown beside the figures.
        code: Stable short name of the rule, such as ``missing_column``.
        rows: How many rows are concerned, where rows are.
    """

    place: str
    value: str
    rule: str
    remedy: str
    severity: Severity = "error"
    code: str = ""
    rows: int | None = None

    def __str__(self) -> str:
        shown = f" (found {self.value})" if self.value else ""
        return f"{self.place}: {self.rule}{shown}. {self.remedy}"


class ValuekitError(Exception):
    """A failure with one or more findings; the message lists them all, a line each."""

    def __init__(self, *findings: Finding) -> None:
        """Keep the findings; the text of the exception is their lines."""
        self.findings = findings
        super().__init__("\n".join(str(one) for one in findings))


class WorkspaceError(ValuekitError):
    """The workspace file is wrong; every mistake is in ``findings``."""


class SourceError(ValuekitError):
    """A source cannot be read, or its data break a rule that stops the run."""


class StoreError(ValuekitError):
    """The value store cannot be opened, is locked, or has an unknown schema."""
