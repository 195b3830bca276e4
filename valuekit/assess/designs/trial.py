"""What a holdout entry of the workspace means on this model: arms, metric, money, days."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from valuekit.assess.carried import filled_in
from valuekit.estimate import Estimate, Period, unknown
from valuekit.ledger.split import between, split
from valuekit.uplift.arms import Epochs, arm_epochs
from valuekit.uplift.diluted import diluted
from valuekit.uplift.holdout import Holdout, from_strata, holdout
from valuekit.uplift.novelty import Fading, fading
from valuekit.uplift.relative import ratio_of, weak

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.uplift.stratified import Stratified
    from valuekit.workspace.declare import Evidence, Metric


@dataclass(frozen=True)
class Trial:
    """A declared holdout on the facts of one model.

    Attributes:
        scene: The model.
        evidence: The declaration.
        name: Name of the metric.
        metric: Its declaration.
        capped: Whether the capped outcome decides, because a few large outcomes would.
        since: First exposure that counts, where a later plan began a sequence of its own.
    """

    scene: Scene
    evidence: Evidence
    name: str
    metric: Metric
    capped: bool = False
    since: date | None = None
    # Every check and figure of this holdout asks for the same rows.
    _metrics: dict[str, dict[str, pd.DataFrame]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _rows: dict[tuple[Period | None, str, str], pd.DataFrame] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def control(self) -> str:
        """Name of the control arm."""
        return self.evidence.control or ""

    @property
    def priced(self) -> bool:
        """Whether the metric is money, or has a declared price."""
        return self.metric.already_money or self.metric.money is not None

    @property
    def proportion(self) -> bool:
        """Whether a unit's outcome is 0 or 1."""
        return self.metric.kind == "proportion" and not self.capped

    @property
    def cap(self) -> float | None:
        """The declared cap of the metric, else the one found before exposure and frozen."""
        if self.metric.cap is not None:
            return float(self.metric.cap)
        held = self._found_cap.get("cap")
        return None if held is None or self.diluted else float(str(held))

    @property
    def _found_cap(self) -> Mapping[str, object]:
        """The registration of a cap that was found; empty without one."""
        if self.scene.model.ready("effect") is not None:
            return {}  # sums that were handed in are capped at a declared value, or not at all
        found = self.scene.book.registration("cap", self.name)
        return {} if found is None else found.content

    @cached_property
    def diluted(self) -> str:
        """Why a cap that was found is left aside; empty where it stands or there is none."""
        found = self._found_cap
        if self.metric.cap is not None or found.get("cap") is None or "nonzero" not in found:
            return ""
        base = [arms[self.control] for arms in self.epochs.values() if self.control in arms]
        before, units = (int(str(found[name])) for name in ("nonzero", "units"))
        after, control = sum(one.nonzero for one in base), sum(one.units for one in base)
        return diluted(before, units, after, control)

    @property
    def value(self) -> float:
        """Money per unit of the metric, negative where lower is better; 1 without a price."""
        price = 1.0 if self.metric.money is None else float(self.metric.money)
        return price if self.metric.higher_is_better else -price

    @property
    def unit(self) -> str:
        """Unit of sums: the currency, or the metric's name where it has no price."""
        return self.scene.currency if self.priced else self.name

    def rows(self, period: Period | None, segment: str = "all", metric: str = "") -> pd.DataFrame:
        """Effect rows of one metric over the days of the design; all its days without a period."""
        metric = metric or self.name
        found = self._rows.get((period, segment, metric))
        if found is None and period is not None:
            found = between(self.rows(None, segment, metric), period.first, period.last)
        elif found is None:
            found = filled_in(self.scene.model, metric, self._of_metric(segment, metric))
            found = self._cut(found)
        self._rows[period, segment, metric] = found
        return found

    def _of_metric(self, segment: str, metric: str) -> pd.DataFrame:
        every = self.scene.fact("effect", segment=segment)
        parts = self._metrics.get(segment)
        if parts is None:
            parts = self._metrics[segment] = split(every, "metric")
        return parts.get(metric, every[:0])

    def _cut(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of the units of the design's days."""
        if self.evidence.until is not None:
            rows = rows[rows["day"].dt.date <= self.evidence.until]
        if self.since is not None:
            rows = rows[rows["day"].dt.date >= self.since]
        return rows

    def mature_rows(self, segment: str = "all", metric: str = "") -> pd.DataFrame:
        """Effect rows of the mature days."""
        period = self.scene.mature
        if period:
            return self.rows(period, segment, metric)
        return self._rows.setdefault((None, "", ""), self.rows(None)[:0])

    @cached_property
    def epochs(self) -> Epochs:
        """The mature rows merged by epoch and arm."""
        return arm_epochs(self.mature_rows())

    @cached_property
    def fading(self) -> Fading | str:
        """The effect by the age of a unit, or why it is not known."""
        period = self.scene.mature
        if period is None:
            return "no outcome has matured yet"
        if self.scene.model.ready("effect") is not None:
            return "ready-made daily sums do not tell how old a unit was at its outcome"
        rows = self.scene.fact("maturity", period)
        rows = rows[(rows["metric"] == self.name) & (rows["basis"] == "event")]
        rows = self._counted(self._cut(rows), period)
        treated = self.evidence.treated
        return fading(rows, self.control, treated, unit=self.unit, value=self.value)

    def _counted(self, ages: pd.DataFrame, period: Period) -> pd.DataFrame:
        """Ages over the units of the effect: where no row means unknown, those with an outcome."""
        if self.scene.absent != "unknown":
            return ages
        keys = ["version", "day", "arm"]
        known = self.rows(period).groupby(keys, observed=True)["n"].sum().rename("entries")
        made = ages.drop(columns="entries").merge(known.reset_index(), on=keys, how="left")
        return made.assign(entries=made["entries"].fillna(0).astype("int64"))

    def measure(self, rows: pd.DataFrame, period: Period | None) -> Holdout:
        """Money and effect of some rows, in the design's terms."""
        run = partial(holdout, rows, self.control, self.evidence.treated)
        epochs = self.epochs if rows is self.mature_rows() else None
        return run(
            unit=self.unit,
            value=self.value,
            period=period,
            capped=self.capped,
            proportion=self.proportion,
            epochs=epochs,
        )

    def from_strata(self, strata: Stratified, period: Period) -> Holdout:
        """As :meth:`measure`, from terms that are merged already."""
        return from_strata(
            strata,
            method="capped difference in means" if self.capped else "difference in means",
            unit=self.unit,
            per="unit",
            value=self.value,
            level=0.95,
            period=period,
            proportion=self.proportion,
        )

    def base(self, found: Holdout, strata: Stratified) -> float | None:
        """Counterfactual money that a relative effect can be measured by.

        None without a price, and where it is not told from zero: a few percent of next to nothing
        is no idea of how large an effect may be, and as a prior would overrule any measurement.
        """
        return None if not self.priced or weak(ratio_of(strata)) else found.base

    def money(self, found: Holdout) -> Estimate:
        """Money of a measurement; unknown where the metric has no price."""
        if self.priced:
            return found.money
        why = f"metric {self.name!r} has no declared money value"
        return unknown(why, self.scene.currency, period=found.money.period)
