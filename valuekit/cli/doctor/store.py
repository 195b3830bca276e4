"""Whether the value store opens, has the right schema, is free to be written, and on what clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from valuekit.api import Workspace
from valuekit.cli.doctor.point import Point, failed
from valuekit.errors import StoreError
from valuekit.store import RunRecord, Store
from valuekit.store.connect import address, may_write
from valuekit.store.lock import gone
from valuekit.store.tables import HEAD
from valuekit.store.words import read_only
from valuekit.text import listed, megabytes

_LONG = timedelta(hours=12)  # a run that goes on for longer is worth a look
_SKEW = timedelta(minutes=1)
_NAMED = 3  # tables
_RECENT = 50  # runs among which one may be marked as running


def store(held: Workspace, now: datetime) -> tuple[list[Point], bool]:
    """Points of the store, and whether it could be opened."""
    try:
        with held.store() as opened:
            full = not opened.writable and may_write(address(held.loaded.store_url))
            points = [*_opened(opened, full=full), _lock(opened, now), _clock(opened, now)]
    except StoreError as error:
        return [_closed(error)], False
    return points, True


def _closed(error: StoreError) -> Point:
    (first, *_) = error.findings
    older = first.code == "not_refreshed" and bool(first.value)
    return failed("schema" if older or first.code == "newer_store" else "store", error)


def _opened(opened: Store, *, full: bool) -> list[Point]:
    """The store and its schema; one that only lacks room is opened for reading, too."""
    said = f"{opened.place}, {megabytes(opened.size())}"
    schema = Point("schema", "ok", f"{HEAD}, the newest")
    lacking = opened.lacking() if opened.writable else ()
    if lacking:
        said = f"{said}: {listed(lacking, _NAMED)} may only be read by this user, so no run of its"
        remedy = "Grant the user that refreshes the right to write, or name it in `store`."
        return [Point("store", "warning", f"{said} can be stored", remedy), schema]
    if opened.writable:
        return [Point("store", "ok", said), schema]
    if full:
        said = f"{said}, has no room left on its disk: it can be read, and no run can be stored"
        remedy = "Free some space there, or name a store on a larger disk in the workspace file."
        return [Point("store", "failed", said, remedy), schema]
    error = read_only(opened.place)
    return [replace(failed("store", error), state="warning"), schema]


def _lock(opened: Store, now: datetime) -> Point:
    run = next((one for one in opened.runs(_RECENT) if one.status == "running"), None)
    if not opened.locked():
        if run is None:
            return Point("lock", "ok", "free")
        whose = run.holder or "of which process is not known"
        said = f"free; run {run.id} was killed ({whose}, begun {run.started:%Y-%m-%d %H:%M:%S} UTC)"
        return Point("lock", "warning", said, "Run: valuekit refresh; it tidies up.")
    if run is None or gone(run.holder):
        return Point("lock", "ok", "held by a run that begins just now")
    return _held(run, now)


def _held(run: RunRecord, now: datetime) -> Point:
    by = run.holder or "a process that is not known"
    said = f"held by run {run.id}, {by}, since {run.started:%Y-%m-%d %H:%M:%S} UTC"
    if now - run.started < _LONG:
        return Point("lock", "ok", said)
    remedy = "See whether that process still works; end it if not, and the lock is free."
    return Point("lock", "warning", said, remedy)


def _clock(opened: Store, now: datetime) -> Point:
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    ended = [one.finished or one.started for one in opened.runs(5)]
    last = max(ended, default=None)
    if last is not None and now < last - _SKEW:
        said = f"the clock shows {shown}, before the last run at {last:%Y-%m-%d %H:%M:%S} UTC"
        return Point("clock", "failed", said, "Set the clock of this machine (timedatectl).")
    apart = abs(opened.clock() - now)
    if apart > _SKEW and opened.place.startswith("postgresql"):
        said = f"the clock shows {shown}; that of the database is {apart.seconds} s apart"
        return Point("clock", "warning", said, "Let both machines follow a time server.")
    return Point("clock", "ok", shown)
