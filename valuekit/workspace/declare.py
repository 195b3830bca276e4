"""The declared workspace: pydantic models behind ``valuekit.toml``.

Unknown keys are refused, amounts are Decimal, durations are whole days. Nothing here reads a
file or a clock; :mod:`valuekit.workspace.load` turns every mistake into file, line, key, rule
and remedy.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    model_validator,
)

Task = Literal["classification", "regression", "forecast", "ranking", "generation"]
Design = Literal["holdout", "payoff", "baseline_forecast", "hours_saved"]
Pick = Literal["first", "last", "sum"]
Credit = Literal["first", "last", "split"]
Absent = Literal["zero", "unknown"]
Basis = Literal["marginal", "shared"]
Frequency = Literal["day", "week", "month", "quarter"]

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_DAYS = re.compile(r"^(\d{1,4})\s*d$")
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def _name(value: str) -> str:
    if not _NAME.match(value):
        msg = "a name is 1-40 lower-case letters, digits or _ and starts with a letter"
        raise ValueError(msg)
    return value


def _days(value: object) -> object:
    if isinstance(value, str):
        found = _DAYS.match(value.strip())
        if not found:
            msg = f'{value!r} is not a duration: write whole days, for example "90d"'
            raise ValueError(msg)
        return int(found[1])
    return value


def _decimal(value: object) -> object:
    # TOML floats are binary: 0.1 would arrive as 0.1000000000000000055; text keeps what was typed.
    if isinstance(value, bool):
        msg = 'true and false are no amounts: write a number, or text such as "0.0004"'
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports a ValueError, a TypeError escapes
    return Decimal(repr(value)) if isinstance(value, float) else value


def _day(value: object) -> object:
    # A bare number would be read as seconds since 1970.
    if isinstance(value, date) or (isinstance(value, str) and _ISO.match(value)):
        return value
    msg = f"{value!r} is not a day: write it as 2026-01-31"
    raise ValueError(msg)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError) as error:  # KeyError: ZoneInfoNotFoundError
        msg = f'{value!r} is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"'
        raise ValueError(msg) from error
    return value


def _currency(value: str) -> str:
    if not re.match(r"^[A-Z]{3}$", value):
        msg = f'{value!r} is not a currency: use an ISO 4217 code such as "EUR"'
        raise ValueError(msg)
    return value


Name = Annotated[str, AfterValidator(_name)]
Column = Annotated[str, Field(min_length=1, max_length=256)]
Days = Annotated[int, BeforeValidator(_days), Strict(), Field(ge=0, le=3650)]
Day = Annotated[date, BeforeValidator(_day)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Money = Annotated[Decimal, BeforeValidator(_decimal), Field(allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)]
Real = Annotated[float, Strict(), Field(allow_inf_nan=False)]


class Declared(BaseModel):
    """Base of all declarations: frozen, unknown keys refused, no silent type changes of text."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(Declared):
    """Where tables lie. ``duckdb`` reads Parquet and CSV files below ``path``, read-only."""

    kind: Name
    path: str = "."
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    memory_limit: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "1GB"
    threads: Annotated[Whole, Field(ge=1, le=256)] | None = None
    max_file_size: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "50GB"


class Predictions(Declared):
    """The prediction log of a model and what its columns mean."""

    source: Name | None = None
    table: str
    id: Column
    time: Column | None = None
    date: Day | None = None  # one declared day for logs without a time column
    unit: Column | None = None
    score: Column | None = None  # probability of the positive label
    predicted: Column | None = None  # predicted class, or predicted number
    threshold: Real | None = None  # score at or above = act; default 0.5 without `predicted`
    acted: Column | None = None
    arm: Column | None = None
    version: Column | None = None
    value: Column | None = None  # amount at stake per row, for payoffs
    segments: tuple[Column, ...] = ()
    features: tuple[Column, ...] = ()
    target_time: Column | None = None  # forecasts: the day that is forecast
    series: Column | None = None  # forecasts: which series
    quantiles: dict[str, Column] = {}  # forecasts: "0.1" = "p10"
    baselines: dict[Name, Column] = {}  # forecasts of others on the same row, e.g. human
    frequency: Frequency = "day"
    season: Annotated[Whole, Field(ge=1, le=400)] = 7
    latency_ms: Column | None = None
    tokens: dict[Name, Column] = {}  # token class -> column with the quantity
    provider_model: Column | None = None
    weight: Column | None = None  # inverse sampling fraction

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.time is None) == (self.date is None):
            msg = "declare exactly one of `time` (a column) and `date` (one day for the whole log)"
            raise ValueError(msg)
        return self


class Assignments(Declared):
    """Who was put in which arm, when. Without it a unit's first prediction decides."""

    source: Name | None = None
    table: str
    unit: Column
    arm: Column
    time: Column | None = None
    date: Day | None = None
    covariates: dict[Name, Column] = {}  # metric -> column measured strictly before assignment
    segments: tuple[Column, ...] = ()
    stratum: Column | None = None

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.time is None) == (self.date is None):
            msg = "declare exactly one of `time` (a column) and `date` (one day for all rows)"
            raise ValueError(msg)
        return self


class Outcomes(Declared):
    """What happened afterwards, how it is joined, and which prediction gets it."""

    source: Name | None = None
    table: str
    id: Column | None = None
    on: dict[Column, Column]  # prediction (or assignment) column -> outcome column
    time: Column | None = None  # None: joined by key alone, age unknown
    arrived: Column | None = None  # when the row reached the table
    window: Days = 30
    allowance: Days = 0  # days after the window before a day counts as mature
    complete_through: Day | None = None  # default: the last outcome day
    pick: Pick = "first"
    credit: Credit = "first"
    absent: Absent | None = None  # no row: zero for metrics, unknown for labels by default
    label: Column | None = None  # classification: 0/1 or true/false; regression: the actual
    positive: str | None = None  # the value of `label` that counts as 1, when it is text

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if not self.on:
            msg = '`on` needs at least one pair: write on = { customer_id = "customer_id" }'
            raise ValueError(msg)
        return self


class Metric(Declared):
    """A measured outcome; the primary one carries the money."""

    column: Column | None = None  # None: counts outcome rows
    denominator: Column | None = None
    primary: Flag = False
    money: Money | None = None  # value of one unit of the metric; None: not money
    already_money: Flag = False  # the column is money in the workspace's currency: no assumption
    kind: Literal["mean", "proportion"] = "mean"
    higher_is_better: Flag = True
    cap: Real | None = None  # registered cap for the skew gate


class Allocation(Declared):
    """From a day on, the share of units in the control arm."""

    from_: Annotated[Day, Field(alias="from")]
    control: Annotated[Real, Field(ge=0, le=1)]


class Payoff(Declared):
    """Money per row in one cell of the confusion matrix: ``fixed + rate x value column``."""

    fixed: Money = Decimal(0)
    rate: Money = Decimal(0)


def _payoff(value: object) -> object:
    return {"fixed": value} if isinstance(value, int | float | str | Decimal) else value


Cell = Annotated[Payoff, BeforeValidator(_payoff)]


class Matrix(Declared):
    """Payoffs of true and false positives and negatives (cost is negative)."""

    tp: Cell
    fp: Cell
    fn: Cell
    tn: Cell


class Evidence(Declared):
    """Why a sum of money is believed to be due to the model."""

    design: Design
    primary: Flag = True
    control: str | None = None  # holdout: the control arm
    treated: str | None = None  # holdout: the arm that counts; default: all other arms
    metric: Name | None = None  # default: the primary metric
    allocation: tuple[Allocation, ...] = ()
    registered: Day | None = None  # when the design was written down
    planned_units: Annotated[Whole, Field(ge=2)] | None = None  # N* of the registration
    until: Day | None = None
    payoff: Matrix | None = None
    without_model: Literal["best_constant", "act_on_none", "act_on_all"] = "best_constant"
    baseline: Name = "seasonal_naive"  # baseline_forecast: the forecaster that is replaced
    holding: Money | None = None  # per unit of over-forecast
    stockout: Money | None = None  # per unit of under-forecast
    minutes: Real | None = None  # hours_saved: minutes saved per acted-on prediction
    minutes_low: Real | None = None
    minutes_high: Real | None = None
    hourly: Money | None = None
    owner: str | None = None  # who stands for the assumption
    valid_until: Day | None = None  # a stale assumption lowers the grade

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "holdout": ("control",),
            "payoff": ("payoff",),
            "baseline_forecast": ("holding", "stockout"),
            "hours_saved": ("minutes", "hourly"),
        }[self.design]
        missing = [key for key in needed if getattr(self, key) is None]
        if missing:
            keys = ", ".join(f"`{key}`" for key in missing)
            msg = f"design {self.design!r} is incomplete: add {keys}"
            raise ValueError(msg)
        days = [step.from_ for step in self.allocation]
        if days != sorted(set(days)):
            msg = "`allocation` steps must have distinct `from` dates in ascending order"
            raise ValueError(msg)
        return self


class Monthly(Declared):
    """A cost that recurs every month, spread over its days to the cent."""

    category: Name
    amount: Money
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None
    basis: Basis = "marginal"


class Once(Declared):
    """A single charge on one day, such as the build. Sunk in keep-or-retire, counted in ROI."""

    category: Name
    amount: Money
    on: Day
    basis: Basis = "marginal"


class TokenPrice(Declared):
    """Price per million tokens of one class from a day on."""

    token: Name
    provider_model: str | None = None
    per_million: Money
    from_: Annotated[Day, Field(alias="from")]


class Costs(Declared):
    """What the model costs, in the workspace's currency."""

    per_prediction: Money | None = None
    monthly: tuple[Monthly, ...] = ()
    once: tuple[Once, ...] = ()
    tokens: tuple[TokenPrice, ...] = ()


class Pool(Declared):
    """A shared cost split over all models by a driver; attributed, never marginal."""

    category: Name
    amount: Money
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None
    driver: Literal["predictions", "even"] = "predictions"


class Model(Declared):
    """One model: who owns it, where its predictions and outcomes lie, why it is worth money."""

    title: str
    owner: str
    area: str = "Unassigned"
    task: Task
    description: str = ""
    launched: Day | None = None
    retired: Day | None = None
    predictions: Predictions | None = None
    assignments: Assignments | None = None
    outcomes: Outcomes | None = None
    metrics: dict[Name, Metric] = {}
    evidence: tuple[Evidence, ...] = ()
    costs: Costs = Costs()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.predictions is None and self.assignments is None:
            msg = "declare [predictions], or [assignments] for an experiment without a log"
            raise ValueError(msg)
        primaries = [name for name, metric in self.metrics.items() if metric.primary]
        if len(self.metrics) > 1 and len(primaries) != 1:
            msg = f"exactly one metric must have primary = true; found {len(primaries)}"
            raise ValueError(msg)
        if sum(one.primary for one in self.evidence) > 1:
            msg = "several [[evidence]] entries: set primary = false on all but one"
            raise ValueError(msg)
        for one in self.evidence:
            if one.design == "holdout" and not self.metrics:
                msg = "a holdout needs at least one [metrics.NAME] to compare"
                raise ValueError(msg)
            if one.metric is not None and one.metric not in self.metrics:
                known = ", ".join(sorted(self.metrics)) or "a [metrics.NAME] of this model"
                msg = f"evidence names metric {one.metric!r}, which is not declared: use {known}"
                raise ValueError(msg)
        if self.retired and self.launched and self.retired < self.launched:
            msg = f"retired {self.retired} is before launched {self.launched}"
            raise ValueError(msg)
        return self

    @property
    def primary_metric(self) -> str | None:
        """Name of the primary metric; the only one is primary by itself."""
        for name, metric in self.metrics.items():
            if metric.primary or len(self.metrics) == 1:
                return name
        return None

    @property
    def primary_evidence(self) -> Evidence | None:
        """The evidence that carries the headline."""
        return next((one for one in self.evidence if one.primary), None)


class Settings(Declared):
    """Name, currency, zone, store and the thresholds of the whole workspace."""

    name: str
    currency: Annotated[str, AfterValidator(_currency)]
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    store: str = "sqlite:///valuekit.db"
    description: str = ""
    as_of: Day | None = None  # last day of the analysis; default: the last day with data
    plan_per_year: Money | None = None
    coverage_floor: Share = 0.9
    costing_floor: Share = 0.9
    prior_relative_sd: Share = 0.03
    horizon_days: Annotated[Whole, Field(ge=1, le=3650)] = 365
    max_segment_values: Annotated[Whole, Field(ge=1, le=500)] = 50


class Workspace(Declared):
    """A whole ``valuekit.toml``."""

    workspace: Settings
    sources: dict[Name, Source]
    models: dict[Name, Model]
    pools: tuple[Pool, ...] = ()

    @model_validator(mode="after")
    def _sources_exist(self) -> Self:
        if not self.sources:
            msg = "there is no source: declare [sources.NAME]"
            raise ValueError(msg)
        wrong = [
            f"[models.{name}.{part}.source] {problem}"
            for name, model in self.models.items()
            for part in ("predictions", "assignments", "outcomes")
            if (block := getattr(model, part)) and (problem := self._source_problem(block))
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _source_problem(self, block: Predictions | Assignments | Outcomes) -> str:
        if block.source is None and len(self.sources) > 1:
            return f"there are {len(self.sources)} sources: add `source`"
        if block.source is not None and block.source not in self.sources:
            known = ", ".join(sorted(self.sources))
            return f"source {block.source!r} is not declared in [sources]: use one of {known}"
        return ""

    def source_of(self, block: Predictions | Assignments | Outcomes) -> str:
        """Name of the source that a block reads; the only source is the default."""
        return block.source or next(iter(self.sources))
