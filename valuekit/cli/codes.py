"""Exit codes: what a scheduler and a script can tell apart."""

from __future__ import annotations

from collections.abc import Iterable

from valuekit.errors import Finding

FAILED = 1  # the data, the workspace's content or the run
USAGE = 2  # the command itself: the same words will never work, whatever the data
BUSY = 75  # EX_TEMPFAIL of sysexits.h: nothing is wrong, try later

_OF_USAGE = {
    *("no_file", "missing", "no_folder"),  # something is named that is not there
    *("unknown_model", "unknown_rule", "unknown_run"),
    *("file_exists", "exists"),  # something is there already, and would be replaced
    "empty_decision",
}


def exit_code(findings: Iterable[Finding]) -> int:
    """The exit code of a command that ended with these findings.

    >>> exit_code([Finding("", "", "", "", code="unknown_model")])
    2
    >>> exit_code([Finding("", "", "", "", code="missing_column")])
    1
    """
    codes = {one.code for one in findings}
    if codes == {"busy"}:
        return BUSY
    return USAGE if codes and codes <= _OF_USAGE else FAILED
