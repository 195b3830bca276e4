"""The terminal's door: ``valuekit VERB``.

Exit codes: 0 fine, 1 the file, the data or the run failed, 2 wrong usage, 75 another refresh is
running, 130 and 143 stopped by SIGINT and SIGTERM. With ``--json`` standard output is one JSON
document, also when the command fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from valuekit.cli.codes import FAILED, exit_code
from valuekit.cli.failure import FailedRun, document, failed_run, wrong_usage
from valuekit.cli.screen import complain, emit, emitted, nothing_emitted
from valuekit.cli.stop import INTERRUPTED, Stop, stoppable
from valuekit.errors import Finding, ValuekitError
from valuekit.faults import TRACEBACK, findings, interrupted, safe, stopped
from valuekit.running import heed, note_stored, stored_run


def main() -> None:
    """Run the command line; every expected failure is a few clear lines and an exit code."""
    note_stored(None)
    with stoppable() as stop, failed_run() as failed, nothing_emitted():
        try:
            with stop.listening():
                code = _ran()
        except ValuekitError as error:
            _told(error.findings, exit_code(error.findings), failed)
        except typer.TyperException as error:
            _usage(error, failed)
        except KeyboardInterrupt:
            _stopped(stop, failed)
        except BrokenPipeError:
            # The reader of a pipe left (valuekit show | head): not our failure.
            sys.stderr.close()
            sys.exit(0)
        except (OSError, MemoryError) as error:
            _told(findings(error), FAILED, failed)
        except Exception as error:
            if interrupted(error):
                _stopped(stop, failed)
            if os.environ.get(TRACEBACK):
                raise
            _told(findings(error), FAILED, failed)
        if code == INTERRUPTED:
            _stopped(stop, failed)
        sys.exit(code)


def _ran() -> int:
    """Run a verb; its exit code."""
    # Importing registers the verbs with the application. It takes seconds, in which one may be
    # stopped as well: nothing above this line may load pandas or the store.
    from valuekit.cli import (  # noqa: F401 (registers the verbs)
        copies,
        holdout,
        quarantine,
        read,
        restated,
        run,
        runs,
        setup,
    )
    from valuekit.cli.app import app

    heed()  # what came while these were loaded was kept
    return app(standalone_mode=False) or 0


def _told(found: Sequence[Finding], code: int, failed: FailedRun) -> NoReturn:
    complain(found)
    _unrecorded(failed)
    _leave(found, code, failed)


def _usage(error: typer.TyperException, failed: FailedRun) -> NoReturn:
    """The parser's own words: how the verb is used, and what is wrong."""
    shown = getattr(error, "show", None)  # of all that the parser raises
    if shown is not None:
        shown()
    _leave([wrong_usage(error.format_message())], error.exit_code, failed)


def _stopped(stop: Stop, failed: FailedRun) -> NoReturn:
    sys.stderr.write(stop.words(safe()))
    _unrecorded(failed)
    _leave([stopped()], stop.code, failed)


def _unrecorded(failed: FailedRun) -> None:
    """Say where to look for a failure that the store could not take: not where one is used to."""
    if failed.unrecorded:
        sys.stderr.write(f"note: {failed.unrecorded}\n")


def _leave(found: Sequence[Finding], code: int, failed: FailedRun) -> NoReturn:
    """Who asked for JSON gets what went wrong as JSON too, and nothing else.

    What ends a command when its result is told already is told on standard error alone.
    """
    asked = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    if "--json" in asked and not emitted():
        emit(document(found, failed.number or stored_run()))
    sys.exit(code)
