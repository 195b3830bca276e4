"""The terminal's door: ``valuekit VERB``.

Exit codes: 0 fine, 1 the file, the data or the run failed, 2 wrong usage, 75 another refresh is
running.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import NoReturn

from valuekit.cli.app import app
from valuekit.cli.codes import exit_code
from valuekit.cli.screen import complain
from valuekit.errors import Finding, ValuekitError
from valuekit.journal import interrupted

TRACEBACK = "VALUEKIT_TRACEBACK"

_REMEDIES = {
    errno.ENOSPC: "Free some space there, or point TMPDIR to a larger disk, then try again.",
    errno.EDQUOT: "Free some of this user's quota, then try again.",
    errno.EROFS: "Use a place that may be written.",
    errno.EACCES: "Give this user the right to it.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n), then try again.",
}


def main() -> None:
    """Run the command line; every expected failure is a few clear lines and an exit code."""
    try:
        # Importing registers the verbs with the application; it may be interrupted too.
        from valuekit.cli import (  # noqa: F401 (registers the verbs)
            copies,
            holdout,
            quarantine,
            read,
            run,
            runs,
            setup,
        )

        app()
    except ValuekitError as error:
        complain(error.findings)
        sys.exit(exit_code(error.findings))
    except KeyboardInterrupt:
        _stopped()
    except BrokenPipeError:
        # The reader of a pipe left (valuekit show | head): not our failure.
        sys.stderr.close()
        sys.exit(0)
    except (OSError, MemoryError) as error:
        complain([_refused(error)])
        sys.exit(1)
    except Exception as error:
        if interrupted(error):
            _stopped()
        if os.environ.get(TRACEBACK):
            raise
        complain([_unforeseen(error)])
        sys.exit(1)


def _stopped() -> NoReturn:
    sys.stderr.write("stopped; the last good run is untouched\n")
    sys.exit(130)


def _refused(error: OSError | MemoryError) -> Finding:
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


def _unforeseen(error: Exception) -> Finding:
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
