"""The words in which a run says how much of a model it computed; kept with the run, read again."""

from __future__ import annotations

EVERYTHING = "everything"
NOTHING = "nothing"


def whole(scope: str) -> bool:
    """Whether a run pulled all days; runs of the first versions, which say nothing, did.

    >>> whole("everything: its first run"), whole("3 days that depend on what changed"), whole("")
    (True, False, True)
    """
    return not scope or scope.startswith(EVERYTHING)


def idle(scope: str) -> bool:
    """Whether a run left the sources unread, because nothing in them had changed.

    >>> idle("nothing: no table changed"), idle("everything")
    (True, False)
    """
    return scope.startswith(NOTHING)
