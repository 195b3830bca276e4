"""Ready-made facts: daily tables of sums, for companies that keep no log of single rows here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from valuekit.ready.names import (
    CELLS,
    COMMON,
    HANDED,
    KEYS,
    NEEDED,
    OF_METRIC,
    PREFIX,
    given,
    given_of_effect,
    incomplete,
    ledger_shape,
    strangers,
)
from valuekit.workspace.faults import Fault, instead
from valuekit.workspace.fields import Column, Day, Days, Declared, Flag, Name, Real, Whole

if TYPE_CHECKING:
    from valuekit.workspace.declare import Metric, Model

Value = Annotated[str, Field(min_length=1, max_length=256)]


class DailyTable(Declared):
    """A table of sums by day: each row is what happened on a day in one combination of keys.

    Attributes:
        day: Column with the day.
        segments: Columns that split the rows; over their values the rows add up to the whole.
        columns: Key or measure of the fact -> column. Without any, every column has the name that
            it has in the ledger.
    """

    fact: ClassVar[str] = ""

    source: Name | None = None
    table: str
    day: Column = "day"
    segments: tuple[Column, ...] = ()
    columns: dict[str, Column] = Field(default_factory=dict)

    @property
    def time(self) -> str:
        """Column that gives a row its day."""
        return self.day

    @property
    def id(self) -> str | None:
        """Rows have keys, but no id."""
        return None

    @property
    def mapped(self) -> dict[str, str]:
        """Key or measure -> column, declared or in the ledger's shape."""
        return dict(self.columns) or ledger_shape(self.fact)

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of the measures that are mapped."""
        keys = {*COMMON, *KEYS[self.fact]}
        return tuple(one for one in self.mapped if one not in keys)

    def given(self, metric: str = "", *, proportion: bool = False) -> frozenset[str]:
        """Measures of the fact that the table gives."""
        del metric, proportion
        return given(self.fact, self.measured)

    def read(self) -> Iterator[tuple[str, str]]:
        """Every column that is read, with the key or measure that it is; segments too."""
        yield from self.mapped.items()
        yield from ((f"seg{place}", one) for place, one in enumerate(self.segments))

    def faults(self) -> Iterator[Fault]:
        """Columns that the fact does not have, and those that it needs."""
        for name in self.columns:
            yield from (Fault(("columns", name), one) for one in strangers(self.fact, [name]))
        for name in (*self._needed_keys(), *self._needed()):
            if name not in self.mapped:
                text = f"a ready-made `{self.fact}` needs `{name}`: add it to `columns`"
                yield Fault((), text, (("columns",),))
        if self.segments and "segment" in self.mapped:
            text = (
                "`segments` split the rows, and `segment` names splits that were made before: "
                "keep one of them"
            )
            yield Fault(("segments",), text, (("columns",),))

    def _needed(self) -> tuple[str, ...]:
        return NEEDED[self.fact]

    def _needed_keys(self) -> tuple[str, ...]:
        return tuple(name for name, default in KEYS[self.fact].items() if default is None)


class ReadyVolume(DailyTable):
    """What was served: predictions of a day, and how many were acted on, labelled, scored."""

    fact: ClassVar[str] = "volume"


class ReadyUsage(DailyTable):
    """Tokens of a day by class, to be priced by date."""

    fact: ClassVar[str] = "usage"


class ReadyEffect(DailyTable):
    """Units, outcomes and their squares by day of first exposure and arm.

    Attributes:
        metrics: Metric -> its measures, where one row holds several metrics.
        named: Metric -> its name in the column `metric`, where that differs.
        ddof: What was taken off n in `sd` and `variance`: 1 (sample) or 0 (population).
    """

    fact: ClassVar[str] = "effect"

    metrics: dict[Name, dict[str, Column]] = Field(default_factory=dict)
    named: dict[Name, Value] = Field(default_factory=dict)
    ddof: Annotated[Whole, Field(ge=0, le=1)] = 1

    @property
    def mapped(self) -> dict[str, str]:
        """Key or measure -> column; those of wide metrics are in :meth:`measures`."""
        if self.columns or self.metrics:
            return dict(self.columns)
        return ledger_shape(self.fact)

    def measures(self, metric: str) -> dict[str, str]:
        """Measure -> column of one metric."""
        shared = {one: column for one, column in self.mapped.items() if one in self.measured}
        return shared | self.metrics.get(metric, {})

    def given(self, metric: str = "", *, proportion: bool = False) -> frozenset[str]:
        """Measures of the fact that the table gives of a metric."""
        return given_of_effect(self.measures(metric), proportion=proportion)

    def read(self) -> Iterator[tuple[str, str]]:
        """Every column that is read; those of wide metrics as ``metric measure``."""
        yield from super().read()
        for metric, measures in self.metrics.items():
            yield from ((f"{metric} {one}", column) for one, column in measures.items())

    def _needed_keys(self) -> tuple[str, ...]:
        return ("arm",)

    def faults(self) -> Iterator[Fault]:
        """Columns as in every table, and those of single metrics."""
        yield from super().faults()
        for name, measures in self.metrics.items():
            for key in measures:
                for one in strangers("effect", [key], OF_METRIC):
                    yield Fault(("metrics", name, key), f"in metrics.{name}, {one}")
        if self.metrics and "metric" in self.columns:
            text = "`metric` is a column of long tables, `metrics` are those of wide ones: keep one"
            yield Fault(("metrics",), text, (("columns",),))

    def holds(self, model: Model) -> tuple[str, ...]:
        """Names of the metrics that the table is about."""
        if self.metrics:
            return tuple(self.metrics)
        return tuple(model.metrics if "metric" in self.mapped else model.handed_metrics)

    def problems(self, model: Model) -> Iterator[Fault]:
        """What does not fit the declared metrics; paths start at the model."""
        here, metrics = ("facts", "effect"), model.handed_metrics
        keys = (("metrics",), (*here, "metrics"), (*here, "columns"))
        for part, names in (("metrics", self.metrics), ("named", self.named)):
            for name in names:
                if name not in model.metrics:
                    remedy = instead(name, model.metrics, "a [metrics.NAME] of this model")
                    text = f"facts.effect names metric {name!r}, which is not declared: {remedy}"
                    yield Fault((*here, part, name), text, keys)
        if self.named and "metric" not in self.mapped:
            text = "`named` gives the names in a column `metric`: add it to `columns`"
            yield Fault((*here, "named"), text, keys)
        if not self.metrics and "metric" not in self.mapped and len(metrics) > 1:
            text = (
                f"facts.effect must tell {len(metrics)} metrics apart: add `metric` to `columns`, "
                "or one [facts.effect.metrics.NAME] each"
            )
            yield Fault(here, text, keys)
        for name in metrics:
            if self.metrics and name not in self.metrics:
                text = f"facts.effect has no columns of metric {name!r}: add metrics.{name} to it"
                yield Fault((*here, "metrics"), text, keys)
        for name in self.holds(model):
            if name in model.metrics:
                texts = self._moments(name, model.metrics[name])
                own = (("metrics", name), (*here, "metrics", name))
                yield from (Fault(here, one, (*keys, *own)) for one in texts)

    def _moments(self, name: str, metric: Metric) -> Iterator[str]:
        there = self.measures(name)
        kind = metric.kind == "proportion"
        for one in incomplete(there, proportion=kind, capped=metric.cap is not None):
            yield f"facts.effect, metric {name!r}, {one}"
        if metric.denominator is not None and not {"mean_d", "sum_d"} & set(there):
            yield (
                f"metric {name!r} has a denominator, which facts.effect does not give: add "
                "`sum_d`, `sum_dd` and `sum_yd` to its columns"
            )


class ReadyScore(DailyTable):
    """Predictions by day, score bin and label.

    Attributes:
        edges: Lower edge of each bin, ascending; without them they are read from `low` and `high`
            and frozen at the first refresh.
        exact: Whether each bin holds one value of the score, its edge.
        threshold: Score from which on the model acts.
        positive: The label that counts as 1, where it is text.
    """

    fact: ClassVar[str] = "score"

    edges: tuple[Real, ...] = ()
    exact: Flag = False
    threshold: Real | None = None
    positive: str | None = None

    def given(self, metric: str = "", *, proportion: bool = False) -> frozenset[str]:
        """Measures of the fact that the table gives."""
        del metric, proportion
        return given(self.fact, self.measured, exact=self.exact)

    def faults(self) -> Iterator[Fault]:
        """Columns as in every table, and bins that nobody knows."""
        yield from super().faults()
        there, keys = set(self.mapped), (("columns",),)
        if list(self.edges) != sorted(set(self.edges)):
            text = "`edges` are the lower edges of the bins: write each once, in ascending order"
            yield Fault(("edges",), text)
        if "bin" not in there and "low" not in there:
            text = "a ready-made `score` must say which bin a row is about: add `bin` or `low`"
            yield Fault((), text, keys)
        elif {"bin", "low"} <= there:
            text = "`bin` and `low` both say which bin a row is about: keep one of them"
            yield Fault(("columns",), text)
        elif not self.edges and not {"low", "high"} <= there:
            text = "the edges of the bins are not known: declare `edges`, or `low` and `high`"
            yield Fault((), text, (*keys, ("edges",)))


class ReadyConfusion(DailyTable):
    """Decisions against outcomes by day: long (predicted, label, n), or four counts a row."""

    fact: ClassVar[str] = "confusion"

    positive: str | None = None

    @property
    def wide(self) -> bool:
        """Whether a row holds the four counts."""
        return bool(set(self.columns) & set(CELLS))

    def _needed_keys(self) -> tuple[str, ...]:
        return () if self.wide else super()._needed_keys()

    def _needed(self) -> tuple[str, ...]:
        return tuple(CELLS) if self.wide else super()._needed()

    def faults(self) -> Iterator[Fault]:
        """Columns as in every table, and two shapes in one."""
        yield from super().faults()
        both = sorted({"predicted", "label", "n", "sum_v"} & set(self.columns))
        if self.wide and both:
            text = (
                f"tp, fp, fn and tn are four counts in a row, {', '.join(both)} belong to one "
                "count a row: keep one of both"
            )
            yield Fault(("columns",), text)


class ReadyError(DailyTable):
    """Errors of a forecast by target day, or of a regression by day; e = actual - forecast."""

    fact: ClassVar[str] = "error"


class Ready(Declared):
    """Facts that arrive ready-made, and when their days are complete.

    Attributes:
        window: Days after its own until which outcomes still come to a day.
        allowance: Further days until late rows are there.
        complete_through: Last day through which outcomes are complete; default: the last day in
            the tables with outcomes.
        absent: What a unit without an outcome row was counted as: 0, or left out of the moments.
    """

    window: Days = 0
    allowance: Days = 0
    complete_through: Day | None = None
    absent: Literal["zero", "unknown"] = "zero"
    volume: ReadyVolume | None = None
    usage: ReadyUsage | None = None
    effect: ReadyEffect | None = None
    score: ReadyScore | None = None
    confusion: ReadyConfusion | None = None
    error: ReadyError | None = None

    @property
    def tables(self) -> dict[str, DailyTable]:
        """The declared tables by fact."""
        found = ((name, getattr(self, name)) for name in HANDED)
        return {name: one for name, one in found if one is not None}

    def faults(self) -> Iterator[Fault]:
        """No table, or units that cannot be told from those without an outcome."""
        if not self.tables:
            listed = ", ".join(f"[facts.{one}]" for one in HANDED)
            yield Fault((), f"[facts] holds no table: add one of {listed}", _tables())
        if self.effect is not None and self.absent == "unknown":
            there = {"n", "matched"} & {
                *self.effect.mapped, *(m for one in self.effect.metrics.values() for m in one)
            }  # fmt: skip
            if not there:
                text = 'absent = "unknown" needs the units with an outcome: add `matched` or `n`'
                keys = (("effect", "columns"), ("effect", "metrics"))
                yield Fault(("absent",), text, keys)


def _tables() -> tuple[tuple[str], ...]:
    return tuple((one,) for one in HANDED)


def role_of(fact: str) -> str:
    """Name of a ready-made table as a source: ``facts.effect``."""
    return f"{PREFIX}{fact}"
