"""Rows and days that a run has read and is to read, heard from its journal while it goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from valuekit.journal import LOGGER


class ReadSoFar(logging.Handler):
    """Sums of the models that were pulled, of those of the models that were planned."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__(logging.INFO)
        self._planned: dict[str, tuple[int, int]] = {}
        self._read: dict[str, tuple[int, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take in a model's rows and days."""
        if (event := record.getMessage()) not in {"model_planned", "model_pulled"}:
            return
        fields: dict[str, int] = getattr(record, "fields", {})
        counted = fields["rows"], fields["days"]
        self._planned[str(fields["model"])] = counted  # what was read in the end is what was to be
        if event == "model_pulled":
            self._read[str(fields["model"])] = counted

    def __str__(self) -> str:
        """``28,050 of 1,108,050 rows, 379 of 474 days``; days of several models are added up."""
        said = []
        for place, what in enumerate(("rows", "days")):
            read, planned = (
                sum(one[place] for one in held.values()) for held in (self._read, self._planned)
            )
            if planned:
                of = f"{read:,} of {planned:,}" if read < planned else f"{read:,}"
                said.append(f"{of} {what}")
        return ", ".join(said)


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
