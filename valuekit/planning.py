"""A holdout before it starts: how many units, how many days, what it can see, what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from valuekit.errors import Finding, WorkspaceError
from valuekit.holdouts import KIND
from valuekit.source import Registered
from valuekit.text import count, day, money, percent
from valuekit.uplift.cheapest import MOST_DAYS, SHARES, Basis, cheapest, way

if TYPE_CHECKING:
    from valuekit.workspace.declare import Model

DEFAULT_SHARE = 0.1
DEFAULT_DAYS = 56
CONTROL, TREATED, COLUMN = "control", "model", "holdout_arm"
Reading = Literal["watched", "fixed"]
_ROUNDING = 1.01  # units are whole, so what is found is a little off what was sought


@dataclass(frozen=True, slots=True)
class HoldoutPlan:
    """A planned holdout, for one look at its end and for being watched every day."""

    model: str
    metric: str
    currency: str
    reading: Reading  # watched every day, or read once at the end
    share: float  # of control units
    start: date  # first day of exposure
    days: int  # days of exposure
    last: date  # last day of exposure
    read_on: date  # day on which the last outcome is complete
    units: int  # N, in both arms, at today's traffic
    tightest: int  # N* of the sequence, half of N
    control_units: int
    detectable_fixed: float  # money a unit found with 80% power by one look at the end
    detectable_watched: float  # the same when it is watched every day
    detectable_year_fixed: float  # the same as money a year over all units
    detectable_year_watched: float
    sought: float | None  # money a unit that would settle the verdict
    settles: bool | None  # whether it finds that with 80% power; None where nobody knows it
    asked: bool  # whether its share or days were asked for, not chosen here
    cost: float | None  # effect x control units, which they forgo; None: the effect is unknown
    basis: str  # what the numbers rest on


def plan(  # noqa: PLR0913 - settings by keyword, with defaults
    name: str,
    basis: Basis,
    *,
    currency: str,
    metric: str,
    start: date,
    share: float | None = None,
    days: int | None = None,
    reading: Reading = "watched",
) -> HoldoutPlan:
    """A holdout of a share over some days; what is left out follows from what has to be seen.

    Without days they are those that find ``basis.sought`` with 80% power; without a share it is
    that of the cheapest holdout that does so within a year. Where none does, a year is planned, at
    the share that shows most, and ``settles`` is False. Where nobody knows what to look for: 10%
    for eight weeks.

    Raises:
        WorkspaceError: for a share outside 0 to 1, or fewer than one day.
    """
    _sensible(name, share, days)
    watched = reading == "watched"
    used, exposure = _chosen(basis, share, days, watched=watched)
    units = max(round(basis.traffic.rate * exposure), 2)
    fixed, looked = (basis.traffic.detectable(units, used, watched=one) for one in (False, True))
    yearly = basis.traffic.rate * 365
    last = start + timedelta(days=exposure - 1)
    control = round(units * used)
    return HoldoutPlan(
        model=name,
        metric=metric,
        currency=currency,
        reading=reading,
        share=used,
        start=start,
        days=exposure,
        last=last,
        read_on=last + timedelta(days=basis.traffic.wait + 1),
        units=units,
        tightest=math.ceil(units / 2),
        control_units=control,
        detectable_fixed=fixed,
        detectable_watched=looked,
        detectable_year_fixed=fixed * yearly,
        detectable_year_watched=looked * yearly,
        sought=basis.sought,
        settles=(looked if watched else fixed) <= basis.sought * _ROUNDING
        if basis.sought
        else None,
        asked=share is not None or days is not None,
        cost=None if basis.worth is None else basis.worth * control,
        basis=basis.source,
    )


def _chosen(
    basis: Basis, share: float | None, days: int | None, *, watched: bool
) -> tuple[float, int]:
    """Share and days of exposure, those that were not given chosen."""
    traffic, sought = basis.traffic, basis.sought
    if not sought:
        return share or DEFAULT_SHARE, days or DEFAULT_DAYS
    if share is None and days is None:
        found = cheapest(traffic, sought, basis.worth or 0.0, watched=watched)
        if found is not None:
            return found.share, found.exposure
    year = max(MOST_DAYS - traffic.wait, 1)
    shows_most = min(SHARES, key=traffic.variance) if days is None else DEFAULT_SHARE
    used = share or shows_most
    if days is not None:
        return used, days
    needed = way(traffic, sought, used, basis.worth or 0.0, watched=watched).exposure
    return used, min(needed, year)


def _sensible(name: str, share: float | None, days: int | None) -> None:
    if share is not None and not 0 < share < 1:
        raise WorkspaceError(
            refused(name, str(share), "a control share lies between 0 and 1", "Give --share 0.1.")
        )
    if days is not None and days < 1:
        raise WorkspaceError(
            refused(name, str(days), "a holdout lasts at least a day", "Give --days 56.")
        )


def refused(model: str, value: str, rule: str, remedy: str) -> Finding:
    """Why a holdout cannot be planned or registered so."""
    return Finding(f"models.{model}", value, rule, remedy, code="holdout")


def registration(made: HoldoutPlan, *, salt: str, person: str, today: date) -> Registered:
    """What is stored of a plan before it starts.

    Raises:
        WorkspaceError: when the start lies in the past, or nobody asked for a holdout that cannot
            settle the verdict.
    """
    if made.settles is False and not made.asked:
        rule = f"no holdout within {MOST_DAYS} days tells {_sought(made)} from zero"
        remedy = (
            "Give --share and --days for one that shows less, or --effect for another question."
        )
        raise WorkspaceError(refused(made.model, made.metric, rule, remedy))
    if made.start < today:
        rule = "a holdout is registered before it starts; this start lies in the past"
        remedy = f"Start on {today.isoformat()} or later: --start DAY."
        raise WorkspaceError(refused(made.model, made.start.isoformat(), rule, remedy))
    content = {
        "metric": made.metric,
        "control": CONTROL,
        "treated": TREATED,
        "shares": {CONTROL: str(made.share), TREATED: rest(made.share)},
        "share": made.share,
        "start": made.start.isoformat(),
        "last": made.last.isoformat(),
        "read_on": made.read_on.isoformat(),
        "days": made.days,
        "units": made.units,
        "tightest": made.tightest,
        "reading": made.reading,
        "detectable_watched": made.detectable_watched,
        "detectable_fixed": made.detectable_fixed,
        "cost": made.cost,
        "salt": salt,
        "person": person,
    }
    return Registered(made.model, KIND, made.metric, content, today)


def rest(share: float) -> str:
    """The treated share as text, so that both add up to 1 exactly.

    >>> rest(0.1)
    '0.9'
    """
    return str(1 - Decimal(str(share)))


def to_paste(model: Model, one: Registered) -> str:
    """The lines of the workspace file that belong to a registration."""
    content, name = one.content, one.model
    lines = [f"# Registered on {one.day.isoformat()}; change nothing below after the start."]
    p = model.predictions
    logs = model.assignments is None and model.ready("effect") is None
    if logs and (p is None or p.arm is None or p.unit is None):
        lines.append(f"[models.{name}.predictions]")
        if p is None or p.arm is None:
            lines.append(f'arm = "{COLUMN}"')
        if p is None or p.unit is None:
            lines.append('unit = "..."  # column of the unit that was assigned')
        lines.append("")
    if model.evidence:
        lines.append("# Only one entry of a model may be primary: primary = false on the others.")
    lines += [
        f"[[models.{name}.evidence]]",
        'design = "holdout"',
        f'metric = "{one.name}"',
        f'control = "{content["control"]}"',
        f"allocation = [{{ from = {content['start']}, control = {content['share']} }}]",
        f"registered = {one.day.isoformat()}",
        f"planned_units = {content['units']}",
    ]
    if content["reading"] == "fixed":
        lines.append(f"until = {content['last']}")
    return "\n".join(lines) + "\n"


def to_log(model: Model, one: Registered) -> str:
    """The column to start logging, in a sentence."""
    content = one.content
    start = day(date.fromisoformat(str(content["start"])))
    arms = f"`{content['control']}` or `{content['treated']}`"
    ready = model.ready("effect")
    if ready is not None:
        return (
            f"From {start} on count the units of each arm apart in table `{ready.table}`: {arms} "
            f"in column `{ready.mapped['arm']}`, each unit on the day of its first exposure."
        )
    if model.assignments is not None:
        where = f"column `{model.assignments.arm}` of table `{model.assignments.table}`"
        unit = model.assignments.unit
    else:
        table = model.predictions.table if model.predictions else "the prediction log"
        there = model.predictions.arm if model.predictions else None
        where = f"column `{there}`" if there else f"a new column `{COLUMN}`"
        where += f" of table `{table}`"
        unit = (model.predictions.unit if model.predictions else None) or "the unit"
    return (
        f"From {start} on log {where}: {arms}, the arm that `{unit}` was assigned to, on every "
        "row of every unit, also where the control arm makes the model stay silent."
    )


def described(made: HoldoutPlan) -> tuple[tuple[str, str], ...]:
    """The plan as lines of a table: what, and how much."""
    unit = made.currency
    seen = (
        f"{money(one, unit)} a unit, {money(year, unit)} a year"
        for one, year in (
            (made.detectable_fixed, made.detectable_year_fixed),
            (made.detectable_watched, made.detectable_year_watched),
        )
    )
    fixed, watched = seen
    return (
        ("Metric", made.metric),
        ("Control share", percent(made.share)),
        ("Exposure", f"{day(made.start)} to {day(made.last)}, {made.days} days"),
        ("Last outcome complete", day(made.read_on)),
        ("Units in both arms (N)", count(made.units)),
        ("Sequence tightest at (N*)", count(made.tightest)),
        ("Units without the model", count(made.control_units)),
        ("Would settle the verdict", _sought(made)),
        ("Settles it", _settles(made)),
        ("Detectable, one look at the end", fixed),
        ("Detectable, watched every day", watched),
        ("Opportunity cost", _cost(made)),
        ("Rests on", made.basis),
    )


def _cost(made: HoldoutPlan) -> str:
    """Effect times control units, in words where it is unknown or a saving."""
    if made.cost is None:
        return "unknown: no comparison tells yet what a unit brings; --effect says what it may"
    if made.cost < 0:
        saved = money(-made.cost, made.currency)
        return f"none: as the model loses by today's estimate, about {saved} is saved"
    return money(made.cost, made.currency)


def _sought(made: HoldoutPlan) -> str:
    return "unknown" if made.sought is None else f"{money(made.sought, made.currency)} a unit"


def _settles(made: HoldoutPlan) -> str:
    """Whether it finds what would settle the verdict, in words."""
    if made.settles is None:
        return "unknown: nobody knows what to look for"
    if made.settles:
        return "yes, with 80% power"
    if made.asked:
        return "no: it shows less than that"
    return f"no: no holdout within {MOST_DAYS} days does; this one shows most"
