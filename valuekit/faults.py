"""What stopped a run or a command, as findings: ours, the operating system's, or nobody's."""

from __future__ import annotations

import errno
from pathlib import Path

from valuekit.errors import Finding, ValuekitError
from valuekit.running import StoppedAfter, stored_run

TRACEBACK = "VALUEKIT_TRACEBACK"
_STOPPED = "it was stopped"

_REMEDIES = {
    errno.ENOSPC: "Free some space there, or point TMPDIR to a larger disk, then try again.",
    errno.EDQUOT: "Free some of this user's quota, then try again.",
    errno.EROFS: "Use a place that may be written.",
    errno.EACCES: "Give this user the right to it.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n), then try again.",
}


def findings(error: BaseException) -> tuple[Finding, ...]:
    """What stopped it, by parts; of an expected failure its own findings."""
    if isinstance(error, ValuekitError):
        return error.findings
    if isinstance(error, SystemExit) or interrupted(error):
        return (stopped(),)
    if isinstance(error, OSError | MemoryError):
        return (_refused(error),)
    return (_unforeseen(error),)


def stopped() -> Finding:
    """That somebody stopped us, and what is shown from then on."""
    remedy = "Run it again." if stored_run() is None else "Nothing need be done."
    return Finding("valuekit", "", f"{_STOPPED}; {safe()}", remedy, code="stopped")


def safe() -> str:
    """What readers see, whatever went wrong: of a run that was stored already, that one."""
    run = stored_run()
    return "the last good run is untouched" if run is None else str(StoppedAfter(run))


def in_words(error: BaseException) -> str:
    """The same for people, a line each."""
    found = findings(error)
    return _STOPPED if found[0].code == "stopped" else "\n".join(str(one) for one in found)


def interrupted(error: BaseException) -> bool:
    """Whether somebody stopped us: engines report it in words of their own."""
    known: BaseException | None = error
    while known is not None:
        if isinstance(known, KeyboardInterrupt) or str(known) == "Query interrupted":
            return True
        known = known.__cause__ or known.__context__
    return False


def _refused(error: OSError | MemoryError) -> Finding:
    """What the operating system refused, such as room for temporary files."""
    if isinstance(error, MemoryError):
        rule, remedy = "there is not enough memory", "Refresh fewer models at once, or add memory."
        return Finding("valuekit", "", rule, remedy, code="out_of_memory")
    return Finding(
        place=str(error.filename or "valuekit"),
        value=error.strerror or str(error),
        rule=f"the operating system refused; {safe()}",
        remedy=_REMEDIES.get(error.errno or 0, "Look after it, then try again."),
        code="system",
    )


def _unforeseen(error: BaseException) -> Finding:
    """A fault of ours: a user gets the words and what to do, and asks for the trace."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    code = where.tb_frame.f_code if where is not None else None
    place = f"{Path(code.co_filename).name}, {code.co_name}" if code is not None else "valuekit"
    model = next((one for one in getattr(error, "__notes__", ()) if one.startswith("models.")), "")
    others = " Until then refresh the other models by name: valuekit refresh MODEL ..."
    return Finding(
        place=f"{model}, in {place}" if model else place,
        value=f"{type(error).__name__}: {error}",
        rule=f"a fault of valuekit that nobody foresaw; {safe()}",
        remedy=f"Report it with what this prints: {TRACEBACK}=1 before the same command."
        f"{others if model else ''}",
        code="unforeseen",
    )
