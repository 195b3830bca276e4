"""Failures of an engine in words: what went wrong, and what to do; never a traceback."""

from __future__ import annotations

import errno
import os
import re

import duckdb
import pyarrow as pa

from connectors.findings import shown
from valuekit.errors import Finding, SourceError

_KNOWN: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str, str], ...] = (
    (
        duckdb.OutOfMemoryException,
        "the engine ran out of memory or disk",
        "Raise `memory_limit` of the source, or free disk space for temporary files.",
        "out_of_memory",
    ),
    (
        duckdb.PermissionException,
        "the engine may not do this here",
        "Only the declared folder may be read, and nothing may be written.",
        "not_allowed",
    ),
    (
        duckdb.InterruptException,
        "the statement was interrupted",
        "Run it again.",
        "interrupted",
    ),
    (
        duckdb.BinderException,
        "a column or a type does not fit the statement",
        "Run `valuekit check`: it names the columns and their types.",
        "wrong_type",
    ),
    (
        duckdb.ConversionException,
        "a value does not fit the type of its column",
        "Correct the value in the source, or declare another column.",
        "bad_value",
    ),
    (
        duckdb.OutOfRangeException,
        "a number is too large for its type",
        "Correct the value in the source.",
        "overflow",
    ),
    (
        (duckdb.InvalidInputException, pa.ArrowException, OSError),
        "the file cannot be read to its end",
        "Copy or export it again; it may be damaged.",
        "damaged_file",
    ),
    (
        duckdb.IOException,
        "the file cannot be read",
        "See that it is there, complete and readable, then run again.",
        "unreadable_file",
    ),
)


_FULL = tuple(os.strerror(one) for one in (errno.ENOSPC, errno.EDQUOT))


def unforeseen(error: Exception) -> bool:
    """Whether a failure of the engine may come of a file that is damaged."""
    foreseen = (
        duckdb.OutOfMemoryException,
        duckdb.PermissionException,
        duckdb.InterruptException,
        duckdb.BinderException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
    )
    return not isinstance(error, foreseen) and not _is_full(error)


def _is_full(error: Exception) -> bool:
    """Whether what is kept between statements found no room: nothing else is written.

    That shows when rows are written, when their table is made for good, and ever after. What cells
    hold is quoted by errors of other kinds.
    """
    kinds = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)
    return isinstance(error, kinds) and any(one in str(error) for one in _FULL)


def in_words(place: str, error: Exception) -> SourceError:
    """A failure of the engine as an error that a person can act on."""
    cause = first_line(str(error))
    if isinstance(error, duckdb.ConversionException) and "out of range" in cause:
        error = duckdb.OutOfRangeException(cause)  # the engine has two words for it
    if _is_full(error):
        error = duckdb.OutOfMemoryException(cause)  # the remedy is the same
    for kind, rule, remedy, code in _KNOWN:
        if isinstance(error, kind):
            return SourceError(Finding(place, cause, rule, remedy, code=code))
    return SourceError(
        Finding(
            place=place,
            value=cause,
            rule="the engine could not run the statement",
            remedy="Run `valuekit check`; if it finds nothing, report this with the statement.",
            code="engine_failed",
        )
    )


def first_line(message: str) -> str:
    """The first line of what an engine says, without the kind of its error."""
    line = message.strip().splitlines()[0] if message.strip() else "no reason given"
    return shown(re.sub(r"^[A-Za-z ]+ Error:\s*", "", line), 200)
