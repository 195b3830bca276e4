"""What ended a command, as findings: for people on standard error, as JSON on standard output."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from valuekit.errors import Finding
from valuekit.journal import LOGGER


class FailedRun(logging.Handler):
    """Hears from the journal which run failed."""

    number: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the number of the run; a run that was refused has none."""
        if record.getMessage() == "run_failed":
            self.number = getattr(record, "fields", {}).get("run")


@contextmanager
def failed_run() -> Iterator[FailedRun]:
    """Listen while a command goes on."""
    made = FailedRun(logging.ERROR)
    LOGGER.addHandler(made)
    try:
        yield made
    finally:
        LOGGER.removeHandler(made)


def document(findings: Sequence[Finding], run: int | None) -> dict[str, object]:
    """The JSON of a command that ended with findings; the run that failed, if one had begun."""
    return {
        "schema": 1,
        "ok": False,
        "run": run,
        "findings": [as_dict(one) for one in findings],
    }


def as_dict(one: Finding) -> dict[str, object]:
    """A finding as the JSON has it."""
    names = ("severity", "code", "place", "value", "rule", "remedy", "rows")
    return {name: getattr(one, name) for name in names}


def wrong_usage(said: str) -> Finding:
    """A command line that the parser refused."""
    return Finding(
        place="command line",
        value="",
        rule=said.rstrip("."),
        remedy="See: valuekit --help",
        code="usage",
    )
