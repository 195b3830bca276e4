"""Rows and days that a run has read, heard from its journal while it goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from valuekit.journal import LOGGER


class ReadSoFar(logging.Handler):
    """Sums of the models that were pulled."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__(logging.INFO)
        self.rows = self.days = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Add a model's rows and days."""
        fields: dict[str, int] = getattr(record, "fields", {})
        if record.getMessage() == "model_pulled":
            self.rows += fields["rows"]
            self.days += fields["days"]

    def __str__(self) -> str:
        """``1,200,000 rows, 364 days``; days of several models are added up."""
        return f"{self.rows:,} rows, {self.days:,} days" if self.rows else ""


@contextmanager
def read_so_far() -> Iterator[ReadSoFar]:
    """Listen while a run goes on."""
    made, before = ReadSoFar(), LOGGER.level
    LOGGER.addHandler(made)
    LOGGER.setLevel(logging.INFO)
    try:
        yield made
    finally:
        LOGGER.removeHandler(made)
        LOGGER.setLevel(before)
