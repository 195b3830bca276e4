"""What ended a command, as findings: for people on standard error, as JSON on standard output."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from valuekit.errors import Finding
from valuekit.journal import LOGGER

TRACEBACK = "VALUEKIT_TRACEBACK"
STOPPED = Finding(
    "valuekit",
    "",
    "it was stopped; the last good run is untouched",
    "Run it again.",
    code="stopped",
)

_REMEDIES = {
    errno.ENOSPC: "Free some space there, or point TMPDIR to a larger disk, then try again.",
    errno.EDQUOT: "Free some of this user's quota, then try again.",
    errno.EROFS: "Use a place that may be written.",
    errno.EACCES: "Give this user the right to it.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n), then try again.",
}


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


def refused(error: OSError | MemoryError) -> Finding:
    """What the operating system refused, such as room for temporary files."""
    if isinstance(error, MemoryError):
        rule, remedy = "there is not enough memory", "Refresh fewer models at once, or add memory."
        return Finding("valuekit", "", rule, remedy, code="out_of_memory")
    return Finding(
        place=str(error.filename or "valuekit"),
        value=error.strerror or str(error),
        rule="the operating system refused; the last good run is untouched",
        remedy=_REMEDIES.get(error.errno or 0, "Look after it, then try again."),
        code="system",
    )


def unforeseen(error: Exception) -> Finding:
    """A fault of ours: a user gets the words and what to do, and asks for the trace."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    code = where.tb_frame.f_code if where is not None else None
    place = f"{Path(code.co_filename).name}, {code.co_name}" if code is not None else "valuekit"
    return Finding(
        place=place,
        value=f"{type(error).__name__}: {error}",
        rule="a fault of valuekit that nobody foresaw; the last good run is untouched",
        remedy=f"Report it with what this prints: {TRACEBACK}=1 before the same command.",
        code="unforeseen",
    )
