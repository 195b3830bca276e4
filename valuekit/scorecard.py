"""One model's whole story: the frozen, JSON-ready shape that every door reads.

``valuekit.assess`` builds it from facts; the store keeps it with the run that made it; the
dashboard, the reports, the terminal and ``--json`` only read it. Money is in the workspace's
currency. All fields are plain data, so pydantic can write and read them as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Literal, TypeVar

from pydantic import TypeAdapter

from valuekit.estimate import Estimate, Grade, Period

Action = Literal["keep", "watch", "retrain", "retire", "measure first", "not enough evidence"]
Status = Literal["passed", "warning", "failed", "not run"]
T = TypeVar("T")
PeriodName = Literal["all", "year", "quarter", "prior_quarter", "month"]


QUARTER_DAYS = 91  # 13 whole weeks


@dataclass(frozen=True, slots=True)
class Figure:
    """A named estimate with its passport: formula, source and the facts it came from."""

    key: str  # stable dotted name, e.g. accuracy.roc_auc
    label: str  # as people read it
    estimate: Estimate
    formula: str = ""  # in words
    source: str = ""  # where the formula comes from
    facts: tuple[str, ...] = ()  # "confusion.n", ...
    better: Literal["higher", "lower", "zero", ""] = ""


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """A bar of the value bridge. ``total`` bars stand on zero, the others float."""

    label: str
    amount: float
    kind: Literal["total", "plus", "minus"]


@dataclass(frozen=True, slots=True)
class CostLine:
    """Cost of one category and basis (marginal, shared, sunk) in a period."""

    category: str
    basis: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """Money of a period: ``net`` is value less attributed cost, ``net_marginal`` less marginal."""

    name: PeriodName
    period: Period
    value: Estimate
    cost_marginal: Estimate
    cost_attributed: Estimate
    net: Estimate
    net_marginal: Estimate
    roi: Estimate
    cost_per_prediction: Estimate  # attributed
    cost_per_prediction_marginal: Estimate
    predictions: int
    acted: int
    p_loss: float | None  # P(net < 0), normal
    bridge: tuple[BridgeStep, ...]
    costs: tuple[CostLine, ...]
    unvalued: float | None = None  # share of treated units whose money is unknown, not in value


@dataclass(frozen=True, slots=True)
class Week:
    """One calendar week (Monday to Sunday). Unknown is None; open weeks are immature."""

    start: date
    value: float | None
    cost: float
    net: float | None
    predictions: int
    performance: float | None
    mature: bool
    days: int  # days of the week with data


@dataclass(frozen=True, slots=True)
class ToDate:
    """Cumulative net value at the end of a week, with its 95% range (descriptive)."""

    day: date
    net: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of an experiment."""

    name: str
    role: Literal["treated", "control", "other"]
    units: int
    matched: int | None
    mean: float | None
    sd: float | None
    nonzero: int | None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A check that the estimate ran on itself, said in words."""

    name: str
    status: Status
    text: str
    statistic: float | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the effect over time: estimate to date with its interval (descriptive)."""

    day: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AgeEffect:
    """Effect of a holdout in one stretch of a unit's age since its first exposure."""

    first: int  # first day of age, 0 is the day of exposure
    last: int
    effect: Estimate  # per unit and day of age


@dataclass(frozen=True, slots=True)
class LaunchEffect:
    """Effect at one distance from the launch, in groups over time; before it there is none to find.

    Attributes:
        first: First period of the stretch since the launch: 0 is the launch, negative before it.
        last: Its last period.
        effect: Per unit, with the interval of this stretch alone.
        low: Lower end of a band that holds for all stretches at once; None without a band.
        high: Its upper end.
    """

    first: int
    last: int
    effect: Estimate
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """A stretch of a series beside its counterfactual, for the page to draw.

    Attributes:
        day: First day of the stretch.
        actual: Mean total of a period in it, in the metric.
        expected: The same without the model; None where only the time before is known.
        low: Lower end of the 95% band of the expected.
        high: Its upper end.
        treated: Whether it lies after the launch.
    """

    day: date
    actual: float
    expected: float | None
    low: float | None
    high: float | None
    treated: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The interval of a comparison in both readings; one of them is the headline's.

    Attributes:
        kind: Which one money, effect and relative carry: ``sequence`` (may be read every day),
            or ``fixed`` (one look, at a date declared before or because all units came at once).
        why: Why that one, in a sentence.
        fixed_effect: Effect with the interval of a single look.
        fixed_money: Money with it.
        sequence_effect: Effect with the interval of the confidence sequence.
        sequence_money: Money with it.
        p_value: p-value of the effect against zero; None during the burn-in of a sequence.
        p_kind: ``always valid`` or ``fixed horizon``.
        planned_units: Units in all arms that the sequence was registered for.
        information: Information so far as a share of the registered final one.
        steps: Effect to date with the band of the sequence, from the end of the burn-in.
        told_since: Day on which the band first excluded zero, outcomes being complete.
    """

    kind: Literal["sequence", "fixed"]
    why: str
    fixed_effect: Estimate
    fixed_money: Estimate
    sequence_effect: Estimate
    sequence_money: Estimate
    p_value: float | None
    p_kind: str
    planned_units: int
    information: float
    steps: tuple[Step, ...]
    told_since: date | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What would settle whether a model earns its cost: what can be seen, and the way to more.

    Attributes:
        sought: Money a unit that has to be told from zero; None when unknown.
        detectable: Smallest value in money a year that the data so far would show, with 80% power
            and read every day.
        share: Share of units without the model in the cheapest holdout that settles it.
        units: Units in all arms that it needs.
        days: Days until its last outcome is known.
        cost: Value that its units without the model are expected to forgo.
        lifts: What it would do: the grade it would lift, the verdict it would decide.
        text: All of it in words.
    """

    sought: float | None
    detectable: Estimate
    share: float | None
    units: int | None
    days: int | None
    cost: Estimate
    lifts: str
    text: str


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """One evidence design evaluated: money, effect, arms, diagnostics and grade."""

    design: str
    primary: bool
    metric: str
    title: str  # the finding, in one sentence
    money: Estimate  # over the mature period
    effect: Estimate  # per unit (holdout), per row (payoff, forecast), per acted (hours)
    relative: Estimate
    effect_grade: Grade | None  # of the effect alone
    grade: Grade | None  # of the money: worst link
    grade_reasons: tuple[str, ...]
    arms: tuple[Arm, ...]
    diagnostics: tuple[Diagnostic, ...]
    timeline: tuple[Step, ...]
    others: tuple[Figure, ...]  # other metrics of the design, capped figure, per-arm effects
    settle: str  # what would settle it
    formula: str
    source: str
    base_money: float | None  # counterfactual money of the relative prior, where told from 0
    reading: Reading | None = None  # both intervals of a holdout, and which one leads
    ages: tuple[AgeEffect, ...] = ()  # effect by age of the units, where outcomes have a time
    launch: tuple[LaunchEffect, ...] = ()  # effect by periods since the launch, of groups over time
    course: tuple[Course, ...] = ()  # a series beside its counterfactual, where one is compared
    unvalued: float | None = None  # share of treated units of a holdout whose money is unknown
    blocked: str = ""  # why the comparison carries no money and no claim; empty when it may


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Mean score against observed rate in one equal-mass bin."""

    predicted: float
    observed: float
    n: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the confusion matrix."""

    predicted: str
    label: str
    n: int
    value: float


@dataclass(frozen=True, slots=True)
class ErrorWeek:
    """Mean absolute error of one week on rows that model and another forecaster both forecast."""

    start: date
    model: float  # in the target's unit
    other: float
    n: int  # rows compared


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Task-specific quality; curves are empty where they do not apply."""

    headline: str  # key of the leading figure
    figures: tuple[Figure, ...]
    roc: tuple[Point, ...] = ()
    value_curve: tuple[Point, ...] = ()  # threshold -> value per row
    threshold_today: float | None = None
    threshold_best: float | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    confusion: tuple[Cell, ...] = ()
    by_horizon: tuple[Figure, ...] = ()
    withheld: str = ""  # why the section is empty, or restricted to un-acted rows
    against: str = ""  # forecaster that a forecast is compared with by week
    weeks: tuple[ErrorWeek, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A dated change of performance or value, priced."""

    series: str  # performance or value
    day: date
    low: date
    high: date
    before: float
    after: float
    lost: Estimate  # money lost since (negative: gained)
    text: str


@dataclass(frozen=True, slots=True)
class Drift:
    """Population stability of a score between the reference and a recent window."""

    name: str
    psi: float | None
    p_value: float | None
    threshold: float | None  # PSI above which an alert is raised at this sample size
    alert: bool
    n_reference: int
    n_current: int
    bins: tuple[tuple[float, float], ...]  # share in reference and current, by merged bin
    text: str


@dataclass(frozen=True, slots=True)
class Degradation:
    """How performance and value move."""

    performance_name: str
    performance_better: Literal["higher", "lower"]
    changes: tuple[Change, ...]
    drifts: tuple[Drift, ...]
    trend: Figure | None
    text: str


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment: exploratory, never totalled."""

    segment: str
    predictions: int
    effect: Estimate  # per unit or per row
    performance: Estimate


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of the model."""

    version: str
    first: date
    last: date
    predictions: int
    performance: Estimate


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """Source rows by fate."""

    source: str
    rule: str
    fate: str
    rows: int


@dataclass(frozen=True, slots=True)
class Health:
    """How complete and fresh the data behind the figures is."""

    coverage: Estimate  # labelled share of mature predictions, or matched share of units
    costed: Estimate  # share of predictions with a cost
    last_prediction: date | None
    last_outcome: date | None
    mature_through: date | None
    immature_days: int
    missing_days: int
    intake: tuple[IntakeRow, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, why, and how the alternatives compare over the horizon."""

    action: Action
    headline: str
    reasons: tuple[str, ...]
    p_loss: float | None
    expected_keep: float | None  # money a year, posterior mean less marginal cost
    expected_loss_keep: float | None
    expected_loss_retire: float | None
    value_of_information: float | None
    holdout_cost: float | None  # what its days bring less than keeping or retiring would, set-up
    flips: bool  # whether another bias allowance changes the action
    next_step: str
    expected_retrain: float | None = None  # as `expected_keep`; None without a sudden drop


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Everything known of one model at the end of one run."""

    model: str
    title: str
    owner: str
    area: str
    task: str
    description: str
    currency: str
    launched: date | None
    retired: date | None
    as_of: date | None  # last day of the figures
    headline: str
    grade: Grade | None
    periods: tuple[PeriodFigures, ...]
    weeks: tuple[Week, ...]
    to_date: tuple[ToDate, ...]
    evidence: tuple[EvidenceReport, ...]
    accuracy: Accuracy
    unit_costs: tuple[Figure, ...]
    degradation: Degradation
    segments: tuple[SegmentRow, ...]
    versions: tuple[VersionRow, ...]
    health: Health
    verdict: Verdict
    settlement: Settlement | None = None  # what would settle it, in money and days

    def period(self, name: PeriodName) -> PeriodFigures | None:
        """Figures of a named period, None when the model has no data in it."""
        return next((one for one in self.periods if one.name == name), None)

    def quarter_before(self) -> PeriodFigures | None:
        """The prior quarter to compare with: None unless the model has data for all of it.

        The four days before a young model's first quarter would make any growth of thousands.
        """
        held = self.period("prior_quarter")
        return held if held is not None and held.period.days >= QUARTER_DAYS else None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided, and on which figures. Append-only."""

    model: str
    action: Action
    reason: str
    person: str
    at: datetime
    run: int  # the run whose figures it rests on
    verdict: str  # what the verdict said then
    net: float | None


@cache
def _adapter() -> TypeAdapter[Scorecard]:
    return TypeAdapter(Scorecard)


def to_json(card: Scorecard) -> str:
    """The scorecard as JSON text; the shape is documented in docs/json.md."""
    return _adapter().dump_json(card).decode()


def in_order(names: Iterable[str], held: Mapping[str, T]) -> dict[str, T]:
    """What is held by model in the order of the workspace, models that it no longer declares last.

    >>> in_order(["b", "a"], {"z": 1, "a": 2, "b": 3})
    {'b': 3, 'a': 2, 'z': 1}
    """
    order = [name for name in names if name in held]
    return {name: held[name] for name in order + sorted(set(held) - set(order))}


def from_json(text: str | bytes) -> Scorecard:
    """A scorecard from :func:`to_json`'s text.

    Raises:
        pydantic.ValidationError: when the text has another shape.
    """
    return _adapter().validate_json(text)
