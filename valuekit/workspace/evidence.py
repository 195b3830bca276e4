"""Evidence: why money is believed to be due to a model, and which keys fit which design."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from valuekit.workspace.faults import Fault
from valuekit.workspace.fields import (
    Day,
    Declared,
    Flag,
    Money,
    Name,
    Real,
    Share,
    Whole,
)

Design = Literal[
    "holdout",
    "payoff",
    "baseline_forecast",
    "hours_saved",
    "before_after",
    "structural",
    "diff_in_diff",
    "staggered",
    "synthetic",
    "synthetic_did",
    "switchback",
    "observational",
]
Family = Literal["gaussian", "poisson"]
Comparison = Literal["never", "not_yet"]
Change = Literal["level_and_slope", "level"]

ROUNDED = 0.002  # thirds written as 0.333
_SERIES = ("before_after", "structural")  # one series, its own past is the comparison
_GROUPS = ("diff_in_diff", "staggered", "synthetic", "synthetic_did")  # groups are compared
_ARMS = ("holdout", "observational")  # units of two arms are compared
PANEL_DESIGNS: tuple[Design, ...] = (
    "before_after",
    "structural",
    "diff_in_diff",
    "staggered",
    "synthetic",
    "synthetic_did",
    "switchback",
)
GROUP_DESIGNS: tuple[Design, ...] = (
    "diff_in_diff",
    "staggered",
    "synthetic",
    "synthetic_did",
)
ASSUMPTIONS: tuple[Design, ...] = ("payoff", "baseline_forecast", "hours_saved")

_NEEDED: dict[Design, tuple[str, ...]] = {
    "holdout": ("control",),
    "observational": ("control",),
    "payoff": ("payoff",),
    "baseline_forecast": ("holding", "stockout"),
    "hours_saved": ("minutes", "hourly"),
    "before_after": ("from",),
    "structural": ("from",),
}

#: Keys that mean something for some designs only; all others fit every design.
KEYS: dict[str, tuple[str, ...]] = {
    "control": _ARMS,
    "treated": _ARMS,
    "allocation": ("holdout",),
    "planned_units": ("holdout",),
    "repeat": ("holdout",),
    "interference": ("holdout",),
    "payoff": ("payoff",),
    "without_model": ("payoff",),
    "baseline": ("baseline_forecast",),
    "holding": ("baseline_forecast",),
    "stockout": ("baseline_forecast",),
    "minutes": ("hours_saved",),
    "minutes_low": ("hours_saved",),
    "minutes_high": ("hours_saved",),
    "hourly": ("hours_saved",),
    "from": (*_SERIES, "diff_in_diff", "synthetic", "synthetic_did", "switchback"),
    "controls": _SERIES,
    "control_groups": _GROUPS,
    "family": ("before_after",),
    "change": ("before_after",),
    "comparison": ("staggered",),
    "anticipation": _GROUPS,
    "carry_over": ("switchback",),
    "harmonics": _SERIES,
    "trim": ("observational",),
}


class Allocation(Declared):
    """From a day on, the share of units in the control arm."""

    from_: Annotated[Day, Field(alias="from")]
    control: Annotated[Real, Field(ge=0, le=1)]
    arms: dict[str, Share] | None = None  # shares of several treated arms, by name

    def faults(self) -> Iterator[Fault]:
        """Shares that are not a whole."""
        if self.arms is not None and abs(self.control + sum(self.arms.values()) - 1) > ROUNDED:
            total = self.control + sum(self.arms.values())
            text = (
                f"`control` and `arms` add up to {total:.4g}: shares of all arms together are 1, "
                "so correct one of them"
            )
            yield Fault(("arms",), text, (("control",),))


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
    from_: Annotated[Day | None, Field(alias="from")] = None  # first treated day
    allocation: tuple[Allocation, ...] = ()
    registered: Day | None = None  # when the design was written down
    planned_units: Annotated[Whole, Field(ge=2)] | None = None  # N in both arms at the end
    until: Day | None = None
    repeat: Flag = False  # holdout: units come back; outcomes count by their own day
    interference: Flag = False  # holdout: units may take from each other, so B at best
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
    controls: tuple[Name, ...] = ()  # metrics of the same group and day that nothing changed
    control_groups: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = ()
    family: Family = "gaussian"  # poisson: counts, quasi-Poisson with the panel's offset
    change: Change = "level_and_slope"  # before_after: what the launch may have changed
    comparison: Comparison = "never"  # staggered: groups never treated, or not treated yet
    anticipation: Annotated[Whole, Field(ge=0, le=60)] = 0  # periods before the launch left out
    carry_over: Annotated[Whole, Field(ge=0, le=100)] = 1  # blocks dropped after a switch
    harmonics: Annotated[Whole, Field(ge=0, le=10)] | None = None  # Fourier pairs of a year
    trim: Annotated[Real, Field(ge=0, lt=0.5)] = 0.05  # observational: shares left out

    def faults(self) -> Iterator[Fault]:
        """Keys that the design lacks or does not know, and days out of order."""
        design = ("design",)
        for key in _NEEDED.get(self.design, ()):
            if self._value(key) is None:
                text = f"design {self.design!r} is incomplete: add `{key}`"
                yield Fault((), text, (design, (key,)))
        for key in (self._key(name) for name in sorted(self.model_fields_set)):
            fit = KEYS.get(key, (self.design,))
            if self.design not in fit:
                text = f"`{key}` means nothing for design {self.design!r}: remove it; it belongs to"
                yield Fault((key,), f"{text} {', '.join(fit)}", (design,))
        days = [step.from_ for step in self.allocation]
        if days != sorted(set(days)):
            text = "`allocation` steps are out of order: give each a later `from` than the last"
            yield Fault(("allocation",), text)
        if self.from_ and self.until and self.until < self.from_:
            text = f"`until` {self.until} is before `from` {self.from_}: correct one of them"
            yield Fault(("until",), text, (("from",),))

    def _value(self, key: str) -> object:
        return getattr(self, "from_" if key == "from" else key)

    @staticmethod
    def _key(name: str) -> str:
        return "from" if name == "from_" else name
