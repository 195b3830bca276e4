"""What a run did, for a log that machines read: events with fields, through Python's logging.

The logger is ``valuekit``. Nothing is written unless somebody listens: ``valuekit refresh --log``
does, and so may any program with a handler of its own; the fields are in ``record.fields``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from valuekit.errors import Finding
from valuekit.faults import findings as findings_of

if TYPE_CHECKING:
    from valuekit.incremental.plan import Plan
    from valuekit.pulling import Pulled
    from valuekit.store.records import RunOutcome

LOGGER = logging.getLogger("valuekit")
LOGGER.addHandler(logging.NullHandler())  # else Python prints warnings that nobody listens to
_SHOWN = 100  # findings of one event
# Of a run that is noted as running and that no process computes any more.
GONE = "its process is gone; the next refresh starts anew, the last good figures are shown"
KILLED = "killed"  # cause of a run that the next one found without its process

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


def note(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Note an event.

    Args:
        event: Its stable name, such as ``run_stored``.
        level: How serious it is, by the constants of ``logging``.
        fields: JSON-ready values that belong to it.
    """
    LOGGER.log(level, event, extra={"fields": fields})


def planned(model: str, found: Plan) -> None:
    """Note what is to be read of a model.

    Args:
        model: Its name.
        found: What depends on what changed.
    """
    if LOGGER.isEnabledFor(logging.INFO):  # to count rows takes a while, and most often nobody asks
        note("model_planned", model=model, why=found.whole, rows=found.rows, days=found.days)


def pulled(model: str, one: Pulled) -> None:
    """Note what was read of a model.

    Args:
        model: Its name.
        one: Its facts of all days, and how they came about.
    """
    note(
        "model_pulled",
        model=model,
        scope=one.scope,
        rows=one.pull.rows_read,
        days=one.days,
        first=one.first,
        last=one.last,
        complete_through=one.complete_through,
        seconds=round(one.seconds, 3),
    )


def stored(outcome: RunOutcome, seconds: float) -> None:
    """Note that a run was committed, and what it found.

    Args:
        outcome: What the run made.
        seconds: How long the transaction took.
    """
    findings(outcome.findings, outcome.run)
    note(
        "run_stored",
        run=outcome.run,
        models=list(outcome.models),
        rows=outcome.rows_read,
        facts=outcome.fact_rows,
        days_replaced=outcome.days_replaced,
        days_restated=outcome.restated,
        seconds=round(outcome.seconds + seconds, 3),
        seconds_storing=round(seconds, 3),
    )


def findings(found: Iterable[Finding], run: int | None = None) -> None:
    """Note warnings, an event each."""
    for one in tuple(found)[:_SHOWN]:
        note("finding", _LEVELS[one.severity], run=run, **asdict(one))


def failed(error: BaseException, run: int | None, seconds: float) -> None:
    """Note why a run failed, or was never begun.

    Args:
        error: What stopped it.
        run: Its number; None when it was never begun, as when the lock is held.
        seconds: How long it went on.
    """
    note(
        "run_failed" if run is not None else "run_refused",
        logging.ERROR,
        run=run,
        cause=cause(error),
        seconds=round(seconds, 3),
        causes=[asdict(one) for one in findings_of(error)[:_SHOWN]],
    )


def unrecorded(run: int, error: BaseException) -> None:
    """Note that the store could not take why a run failed; the next run calls it killed.

    Args:
        run: Its number.
        error: Why it could not.
    """
    note("run_unrecorded", logging.ERROR, run=run, cause=cause(error))


def cause(error: BaseException) -> str:
    """The stable short name of what stopped a run: the code of its first finding."""
    return next((one.code for one in findings_of(error)), "")
