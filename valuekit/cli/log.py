"""The log of runs: one JSON object a line, in a file that stays small, or on standard error."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from valuekit.errors import Finding, ValuekitError
from valuekit.journal import LOGGER

LARGEST = 10_000_000  # bytes of a file; then it becomes FILE.1, and so on
KEPT = 5  # older files
STDERR = "-"

_PASSWORD = re.compile(r"(://[^/@:\s]*:)[^@/\s]+(@)")
_NAMED = re.compile(r"(?i)\b((?:password|passwd|pwd|secret|token)\s*[=:]\s*)[^\s,;'\"]+")


@contextmanager
def logged(target: str | None) -> Iterator[None]:
    """Write what happens inside to a log.

    Args:
        target: A file, ``-`` for standard error, or None for no log.

    Raises:
        ValuekitError: when the file cannot be opened; nothing has run then.
    """
    if target is None:
        yield
        return
    handler = _handler(target)
    handler.setFormatter(_Lines())
    before = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(before)
        handler.close()


def _handler(target: str) -> logging.Handler:
    if target == STDERR:
        return logging.StreamHandler(sys.stderr)
    try:
        return _Bounded(Path(target), maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")
    except OSError as error:
        raise ValuekitError(
            Finding(
                place=target,
                value=error.strerror or "",
                rule="the log cannot be opened",
                remedy='Name a file in a folder that may be written, or "-" for standard error.',
                code="log",
            )
        ) from error


class _Bounded(RotatingFileHandler):
    """A log that cannot be written is said once, and ends no run."""

    _said = False

    def close(self) -> None:
        """Close the file; what could not be written was said already."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Say why, instead of a trace."""
        del record
        if not self._said:
            self._said = True
            sys.stderr.write(
                f"warning: {self.baseFilename}: the log cannot be written "
                f"({sys.exc_info()[1]}); the run goes on without it\n"
            )


class _Lines(logging.Formatter):
    """A record as one line of JSON, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: when, how serious, what, which process, then the event's own fields."""
        fields: dict[str, object] = getattr(record, "fields", {})
        content = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "process": record.process,
            **{name: value for name, value in fields.items() if value is not None},
        }
        return json.dumps(_clean(content), ensure_ascii=False, default=str)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {name: _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value


def redacted(text: str) -> str:
    """Text without passwords: those of addresses, of named fields, and of the environment.

    >>> redacted("postgresql://ada:s3cret@db/values?password=hunter2")
    'postgresql://ada:***@db/values?password=***'
    """
    made = _NAMED.sub(r"\1***", _PASSWORD.sub(r"\1***\2", text))
    known = os.environ.get("PGPASSWORD", "")
    return made.replace(known, "***") if len(known) > 3 else made
