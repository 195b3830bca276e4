"""The declared workspace: pydantic models behind ``valuekit.toml``.

Unknown keys are refused, amounts are Decimal, durations are whole days. Nothing here reads a
file or a clock; :mod:`valuekit.workspace.load` turns every mistake into file, line, key, rule
and remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from valuekit.workspace.evidence import Allocation, Evidence, Matrix, Payoff
from valuekit.workspace.faults import Fault, instead
from valuekit.workspace.fields import (
    Address,
    Column,
    Currency,
    Day,
    Days,
    Declared,
    Flag,
    Money,
    Name,
    Real,
    Share,
    Whole,
    Zone,
)
from valuekit.workspace.fit import compared, measured_on_units, model_problems, problems
from valuekit.workspace.panel import Panel
from valuekit.workspace.quarantine import Limits, Quarantine
from valuekit.workspace.ready import DailyTable, Ready, role_of
from valuekit.workspace.ready_fit import ready_problems

__all__ = [
    "Absent",
    "Allocation",
    "Assignments",
    "Basis",
    "Block",
    "Costs",
    "Credit",
    "DailyTable",
    "Evidence",
    "Frequency",
    "Limits",
    "Matrix",
    "Metric",
    "Model",
    "Monthly",
    "Once",
    "Outcomes",
    "Panel",
    "Payoff",
    "Pick",
    "Pool",
    "Predictions",
    "Quarantine",
    "Ready",
    "Settings",
    "Source",
    "Task",
    "TokenPrice",
    "Workspace",
]

Task = Literal["classification", "regression", "forecast", "ranking", "generation"]
Pick = Literal["first", "last", "sum"]
Credit = Literal["first", "last", "split"]
Absent = Literal["zero", "unknown"]
Basis = Literal["marginal", "shared"]
Frequency = Literal["day", "week", "month", "quarter"]


class Source(Declared):
    """Where tables lie. ``duckdb`` reads Parquet and CSV files below ``path``, read-only."""

    kind: Name
    path: str = "."
    timezone: Zone | None = None
    memory_limit: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "800MB"
    threads: Annotated[Whole, Field(ge=1, le=256)] | None = None
    max_file_size: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "50GB"
    separator: Literal[",", ";", "\t", "|"] = ","  # of columns in text files
    decimal: Literal[".", ","] = "."  # of numbers in text files

    def faults(self) -> Iterator[Fault]:
        """Two uses of the comma."""
        if self.separator == self.decimal:
            text = 'a comma cannot separate both columns and decimals: set separator = ";"'
            yield Fault(("decimal",), text, (("separator",),))


def _one_time(time: str | None, day: object, rows: str) -> Iterator[Fault]:
    both = (("time",), ("date",))
    if time is None and day is None:
        text = f"nothing says when: declare `time` (a column), or `date` (one day for {rows})"
        yield Fault((), text, both)
    if time is not None and day is not None:
        text = f"`time` (a column) and `date` (one day for {rows}) both say when: keep one of them"
        yield Fault(("date",), text, both)


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
    quantiles: dict[str, Column] = Field(default_factory=dict)  # forecasts: "0.1" = "p10"
    baselines: dict[Name, Column] = Field(
        default_factory=dict
    )  # forecasts of others on the same row, e.g. human
    frequency: Frequency = "day"
    season: Annotated[Whole, Field(ge=1, le=400)] = 7
    latency_ms: Column | None = None
    tokens: dict[Name, Column] = Field(
        default_factory=dict
    )  # token class -> column with the quantity
    provider_model: Column | None = None
    weight: Column | None = None  # inverse sampling fraction

    def faults(self) -> Iterator[Fault]:
        """No time, or two."""
        yield from _one_time(self.time, self.date, "the whole log")


class Assignments(Declared):
    """Who was put in which arm, when. Without it a unit's first prediction decides."""

    source: Name | None = None
    table: str
    unit: Column
    arm: Column
    time: Column | None = None
    date: Day | None = None
    covariates: dict[Name, Column] = Field(
        default_factory=dict
    )  # metric -> column measured strictly before assignment
    segments: tuple[Column, ...] = ()
    stratum: Column | None = None
    propensity: Column | None = None  # chance of treatment, 0 to 1; cut into 20 strata by SQL

    def faults(self) -> Iterator[Fault]:
        """No time, or two."""
        yield from _one_time(self.time, self.date, "all rows")


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

    def faults(self) -> Iterator[Fault]:
        """A join without a key."""
        if not self.on:
            text = '`on` needs at least one pair: write on = { customer_id = "customer_id" }'
            yield Fault(("on",), text)


class Metric(Declared):
    """A measured outcome; the primary one carries the money."""

    column: Column | None = None  # None: counts outcome rows
    denominator: Column | None = None
    primary: Flag = False
    money: Money | None = None  # value of one unit of the metric; None: not money
    already_money: Flag = False  # the column is money in the workspace's currency: no assumption
    empty_is_zero: Flag = False  # an empty cell means 0; else that the value is not known
    kind: Literal["mean", "proportion"] = "mean"
    higher_is_better: Flag = True
    cap: Real | None = None  # registered cap for the skew gate


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


Block = Predictions | Assignments | Outcomes | Panel | DailyTable


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
    panel: Panel | None = None
    facts: Ready | None = None
    metrics: dict[Name, Metric] = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    costs: Costs = Costs()
    quarantine: Quarantine = Quarantine()

    def faults(self) -> Iterator[Fault]:
        """What does not fit together: tables, metrics, evidence, days."""
        yield from model_problems(self)
        yield from problems(self)
        yield from ready_problems(self)

    @property
    def primary_metric(self) -> str | None:
        """Name of the primary metric; the only one is primary by itself."""
        for name, metric in self.metrics.items():
            if metric.primary or len(self.metrics) == 1:
                return name
        return None

    @property
    def logged(self) -> bool:
        """Whether there are rows or daily sums of predictions or units, beside any panel."""
        parts = (self.predictions, self.assignments, self.facts)
        return any(one is not None for one in parts)

    @property
    def blocks(self) -> dict[str, Block]:
        """The declared tables by what they are; ready-made ones as ``facts.NAME``."""
        names = ("predictions", "assignments", "outcomes", "panel")
        own = {name: one for name in names if (one := getattr(self, name)) is not None}
        ready = self.facts.tables if self.facts is not None else {}
        return own | {role_of(name): one for name, one in ready.items()}

    def ready(self, fact: str) -> DailyTable | None:
        """The ready-made table of a fact; None where the fact is computed, or not there."""
        return self.facts.tables.get(fact) if self.facts is not None else None

    @property
    def panel_metrics(self) -> dict[str, Metric]:
        """Metrics whose columns are in the panel's table: those that its designs compare.

        Without predictions, assignments and ready-made facts all are read from the panel.
        """
        if self.panel is None:
            return {}
        if not self.logged:
            return dict(self.metrics)
        used = compared(self)
        return {name: one for name, one in self.metrics.items() if name in used}

    @property
    def unit_metrics(self) -> dict[str, Metric]:
        """Metrics that are measured on units: those of no panel, and those of other designs.

        A ready-made ``effect`` holds them all, measured already.
        """
        if self.ready("effect") is not None:
            return {}
        if self.panel is None:
            return dict(self.metrics)
        if self.predictions is None and self.assignments is None:
            return {}
        only = compared(self) - measured_on_units(self)
        return {name: one for name, one in self.metrics.items() if name not in only}

    @property
    def handed_metrics(self) -> dict[str, Metric]:
        """Metrics that a ready-made ``effect`` must hold: all but those of the panel alone."""
        only = compared(self) - measured_on_units(self) if self.panel is not None else set()
        return {name: one for name, one in self.metrics.items() if name not in only}

    @property
    def primary_evidence(self) -> Evidence | None:
        """The evidence that carries the headline."""
        return next((one for one in self.evidence if one.primary), None)


class Settings(Declared):
    """Name, currency, zone, store and the thresholds of the whole workspace."""

    name: str
    currency: Currency
    timezone: Zone = "UTC"
    store: Address = "sqlite:///valuekit.db"
    description: str = ""
    as_of: Day | None = None  # last day of the analysis; default: the last one with predictions
    plan_per_year: Money | None = None
    coverage_floor: Share = 0.9
    costing_floor: Share = 0.9
    prior_relative_sd: Share = 0.03
    horizon_days: Annotated[Whole, Field(ge=1, le=3650)] = 365
    keep_days: Annotated[Whole, Field(ge=1, le=36500)] = 60
    max_segment_values: Annotated[Whole, Field(ge=1, le=500)] = 50
    quarantine: Quarantine = Quarantine()

    def reached(self, now: datetime) -> datetime:
        """The latest moment that rows may have: a declared last day of the analysis is reached.

        So made-up data may lie ahead of the clock.
        """
        if self.as_of is None:
            return now
        after = datetime.combine(self.as_of + timedelta(days=1), time())
        return max(now, after.replace(tzinfo=ZoneInfo(self.timezone)))


class Workspace(Declared):
    """A whole ``valuekit.toml``."""

    workspace: Settings
    sources: dict[Name, Source]
    models: dict[Name, Model]
    pools: tuple[Pool, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Tables in sources that nobody declared."""
        if not self.sources:
            yield Fault(("sources",), "there is no source: declare [sources.NAME]")
            return
        for name, model in self.models.items():
            for part, block in model.blocks.items():
                if text := self._source_problem(block):
                    key = ("models", name, *part.split("."), "source")
                    yield Fault(key, text, (("sources",),))

    def _source_problem(self, block: Block) -> str:
        if block.source is None and len(self.sources) > 1:
            return f"there are {len(self.sources)} sources: add `source`"
        if block.source is not None and block.source not in self.sources:
            remedy = instead(block.source, self.sources)
            return f"source {block.source!r} is not declared in [sources]: {remedy}"
        return ""

    def source_of(self, block: Block) -> str:
        """Name of the source that a block reads; the only source is the default."""
        return block.source or next(iter(self.sources))
