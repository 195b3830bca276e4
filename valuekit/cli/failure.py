"""What ended a command, as findings: for people on standard error, as JSON on standard output."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from valuekit.errors import Finding
from valuekit.journal import LOGGER


class FailedRun(logging.Handler):
    """Hears from the journal which run failed, and whether the store could take the reason."""

    number: int | None = None
    unrecorded: str = ""  # why `valuekit runs` does not say it, where it cannot

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the number of the run; a run that was refused has none."""
        event, fields = record.getMessage(), getattr(record, "fields", {})
        if event == "run_failed":
            self.number = fields.get("run")
        if event == "run_unrecorded":
            self.unrecorded = (
                f"why run {fields.get('run')} failed could not be written to the store: "
                "`valuekit runs` calls it interrupted. The reason is above, and in --log FILE."
            )
        if event == "run_refused" and _unwritable(fields.get("cause")):
            self.unrecorded = (
                "nothing could be written to the store, so `valuekit runs` does not know of this "
                "refresh. The reason is above, and in --log FILE."
            )


def _unwritable(cause: object) -> bool:
    """Whether a store could take nothing at all; whoever tells so has loaded the store already."""
    from valuekit.store.words import UNWRITABLE

    return cause in UNWRITABLE


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
