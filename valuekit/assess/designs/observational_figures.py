"""Further figures of a comparison within strata: raw, by other metrics, balance, E-values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from valuekit.assess.designs.base import no_series, series
from valuekit.assess.designs.matched import strata_named
from valuekit.estimate import Estimate
from valuekit.scorecard import Figure
from valuekit.uplift.arms import treated_arms
from valuekit.uplift.cuped import cuped
from valuekit.uplift.holdout import holdout as difference
from valuekit.uplift.observational import by_stratum

if TYPE_CHECKING:
    from valuekit.assess.designs.matched import Matched
    from valuekit.degradation.performance import Days, Floats

FORMULA = "sum over strata of treated units x (mean of treated - mean of control)"
SOURCE = (
    "Imbens & Rubin (2015), ch. 17; trimming: Crump, Hotz, Imbens & Mitnik (2009), Biometrika "
    "96:187; E-value: VanderWeele & Ding (2017), Ann. Intern. Med. 167:268"
)
_FACTS = ("effect.units", "effect.mean_y", "effect.c_yy", "effect.stratum")


def others(matched: Matched) -> tuple[Figure, ...]:
    """The difference as it is, adjusted further, other metrics, balance and E-values."""
    trial, period = matched.trial, matched.trial.scene.mature
    control, treated, unit, value = trial.control, trial.evidence.treated, trial.unit, trial.value
    raw = matched.rows.assign(epoch="all")
    plain = difference(raw, control, treated, unit=unit, value=value, period=period).effect
    figures = [_figure("uplift.unadjusted", "As it is, without strata, per unit", plain)]
    if (matched.used["c_xx"] > 0).any():
        more = cuped(matched.used, control, treated, unit=unit, value=value, period=period).effect
        label = "Adjusted within strata for the value before, per unit"
        figures.append(_figure("uplift.cuped", label, strata_named(more)))
    for name in trial.scene.model.metrics:
        rows = by_stratum(trial.mature_rows(matched.segment, name), matched.overlap.kept)
        if name != trial.name and not rows.empty:
            effect = difference(rows, control, treated, unit=name, period=period).effect
            label = f"{name} within strata"
            figures.append(_figure(f"uplift.{name}", label, strata_named(effect)))
    return (*figures, *_balance(matched), *_hidden(matched))


def _figure(key: str, label: str, effect: Estimate) -> Figure:
    return Figure(key, label, effect, FORMULA, SOURCE, _FACTS, "higher")


def _balance(matched: Matched) -> list[Figure]:
    figures = []
    for one in matched.balances:
        for key, text, size in (
            ("raw", "as they are", one.raw),
            ("adjusted", "within strata", one.adjusted),
        ):
            figures.append(
                Figure(
                    f"balance.{one.name}.{key}",
                    f"Standardised difference of {one.name}, {text}",
                    Estimate(size, "1", method="standardised difference"),
                    "(mean of treated - mean of control) / standard deviation",
                    "Austin (2009), Statistics in Medicine 28:3083",
                    ("effect.mean_x", "effect.c_xx"),
                    "zero",
                )
            )
    return figures


def _hidden(matched: Matched) -> list[Figure]:
    found = matched.hidden
    if found is None:
        return []
    return [
        Figure(
            f"e_value.{key}",
            f"E-value of the {text}",
            Estimate(size, "1", method="E-value"),
            "RR + sqrt(RR x (RR - 1)), RR = exp(0.91 d) for a mean",
            "VanderWeele & Ding (2017), Ann. Intern. Med. 167:268",
            _FACTS,
            "higher",
        )
        for key, text, size in (
            ("estimate", "estimate", found.estimate),
            ("limit", "limit of its range nearer to zero", found.limit),
        )
    ]


def by_week(matched: Matched) -> tuple[Days, Floats]:
    """Money by day of first exposure, against control units of the same stratum and week.

    A day alone often has no control unit of a stratum; a week has. Days whose treated units have
    nobody to be compared with are left out.
    """
    trial = matched.trial
    rows = matched.used[matched.used["n"] > 0]
    chosen = treated_arms(rows["arm"], trial.control, trial.evidence.treated)
    if rows.empty or not trial.priced:
        return no_series()
    week = rows["day"].dt.to_period("W").rename("week")
    made = rows.assign(week=week, total=rows["n"] * rows["mean_y"])
    keys = ["stratum", "week"]
    control = made[made["arm"] == trial.control].groupby(keys)[["n", "total"]].sum()
    mean = (control["total"] / control["n"]).rename("beside")
    own = made[made["arm"].isin(chosen)].join(mean, on=keys)
    moved = (own["total"] - own["n"] * own["beside"])[own["beside"].notna()] * trial.value
    found: pd.Series = moved.groupby(own["day"]).sum()
    return series(found) if len(found) else no_series()
