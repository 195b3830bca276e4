"""The accuracy figures of a model with their passports, ready for the scorecard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from valuekit.accuracy import calibration, confusion, errors, precision, roc
from valuekit.accuracy.confusion import Confusion, confusion_table
from valuekit.accuracy.score_bins import ScoreBins
from valuekit.accuracy.value_added import forecast_value_added
from valuekit.estimate import Estimate, Period
from valuekit.ledger.needs import FIGURES
from valuekit.scorecard import Figure


class _Passport(NamedTuple):
    key: str
    label: str
    better: str
    need: str  # in the matrix of figures and facts
    formula: str
    source: str


_FROM_CONFUSION: tuple[tuple[_Passport, Callable[..., Estimate]], ...] = tuple(
    (_Passport(key, label, "higher", "confusion metrics", formula, source), measure)
    for key, label, formula, source, measure in (
        ("accuracy", "Accuracy", "right predictions / predictions", "", confusion.accuracy),
        ("precision", "Precision", "TP / (TP + FP)", "", confusion.precision),
        ("recall", "Recall", "TP / (TP + FN)", "", confusion.recall),
        ("specificity", "Specificity", "TN / (TN + FP)", "", confusion.specificity),
        ("f1", "F1", "2 TP / (2 TP + FP + FN)", "van Rijsbergen 1979", confusion.f1),
        (
            "balanced_accuracy",
            "Balanced accuracy",
            "mean recall over the classes",
            "",
            confusion.balanced_accuracy,
        ),
        (
            "mcc",
            "Matthews correlation",
            "correlation of prediction and label",
            "Matthews 1975; Gorodkin 2004",
            confusion.mcc,
        ),
    )
)

_FROM_SCORES: tuple[tuple[_Passport, Callable[..., Estimate]], ...] = (
    (
        _Passport(
            "roc_auc",
            "ROC AUC",
            "higher",
            "ROC AUC",
            "share of positive-negative pairs ranked in the right order, ties half",
            "DeLong et al. 1988",
        ),
        roc.roc_auc,
    ),
    (_Passport("gini", "Gini", "higher", "ROC AUC", "2 AUC - 1", ""), roc.gini),
    (
        _Passport(
            "ks",
            "Kolmogorov-Smirnov",
            "higher",
            "ROC AUC",
            "largest distance of the two labels' score distributions",
            "Smirnov 1948",
        ),
        roc.ks,
    ),
    (
        _Passport(
            "average_precision",
            "Average precision",
            "higher",
            "average precision",
            "sum over thresholds of (recall step) x precision",
            "Boyd, Eng & Page 2013",
        ),
        precision.average_precision,
    ),
    (
        _Passport(
            "ece",
            "Calibration error",
            "lower",
            "calibration",
            "mean |score - observed rate| over 15 equal-mass bins, debiased",
            "Kumar, Liang & Ma 2019",
        ),
        calibration.ece,
    ),
)

_FROM_SCORE_SUMS: tuple[tuple[_Passport, Callable[..., Estimate]], ...] = (
    (
        _Passport(
            "brier",
            "Brier score",
            "lower",
            "Brier score",
            "mean of (score - label)^2",
            "Brier 1950",
        ),
        calibration.brier,
    ),
    (
        _Passport(
            "log_loss",
            "Log-loss",
            "lower",
            "log loss",
            "mean of -ln(score of the label)",
            "Good 1952",
        ),
        calibration.log_loss,
    ),
)

_HK = "Hyndman & Koehler 2006"
_ERRORS: tuple[tuple[_Passport, Callable[..., Estimate], bool], ...] = (
    (_Passport("mae", "MAE", "lower", "MAE", "mean of |e|", ""), errors.mae, True),
    (_Passport("rmse", "RMSE", "lower", "RMSE", "root of the mean of e^2", ""), errors.rmse, True),
    (
        _Passport(
            "bias", "Bias", "zero", "bias", "sum of (forecast - actual) / sum of actuals", ""
        ),
        errors.bias,
        False,
    ),
    (
        _Passport("wape", "WAPE", "lower", "WAPE", "sum of |e| / sum of |actual|", ""),
        errors.wape,
        False,
    ),
    (_Passport("mape", "MAPE", "lower", "MAPE", "mean of |e|/|actual|", _HK), errors.mape, False),
    (
        _Passport(
            "smape", "sMAPE", "lower", "sMAPE", "mean of 2|e| / (|actual| + |forecast|)", _HK
        ),
        errors.smape,
        False,
    ),
    (_Passport("mase", "MASE", "lower", "MASE", "mean of |e| / scale", _HK), errors.mase, False),
    (
        _Passport(
            "rmsse", "RMSSE", "lower", "RMSSE", "root of the mean of e^2 / scale^2", "M5, 2022"
        ),
        errors.rmsse,
        False,
    ),
    (
        _Passport("r2", "R²", "higher", "R2", "1 - sum of e^2 / sum of (actual - mean)^2", ""),
        errors.r2,
        False,
    ),
)


def confusion_figures(
    table: Confusion, *, level: float = 0.95, period: Period | None = None
) -> tuple[Figure, ...]:
    """Figures that need only the confusion counts."""
    return tuple(
        _figure(passport, measure(table, level=level, period=period))
        for passport, measure in _FROM_CONFUSION
    )


def classification_figures(
    confusions: pd.DataFrame | Confusion,
    scores: pd.DataFrame,
    bins: ScoreBins | None,
    *,
    level: float = 0.95,
    period: Period | None = None,
) -> tuple[Figure, ...]:
    """All figures of a classifier; those of scores only when there are scores.

    Args:
        confusions: Rows of the ``confusion`` fact, of one segment, mature days, or their table.
        scores: Rows of the ``score`` fact, of one segment and layout, mature days.
        bins: The same scores as a table (:func:`valuekit.accuracy.score_bins.score_table`).
        level: Confidence level.
        period: Label of the figures.
    """
    found: list[Figure] = []
    if bins is not None:
        found += [
            _figure(passport, measure(bins, period=period)) for passport, measure in _FROM_SCORES
        ]
        found += [
            _figure(passport, measure(scores, level=level, period=period))
            for passport, measure in _FROM_SCORE_SUMS
        ]
    table = confusions if isinstance(confusions, Confusion) else confusion_table(confusions)
    return (*found, *confusion_figures(table, level=level, period=period))


def error_figures(
    frame: pd.DataFrame,
    *,
    unit: str,
    baselines: Sequence[str] = (),
    hierarchy: str | None = None,
    level: float = 0.95,
    period: Period | None = None,
) -> tuple[Figure, ...]:
    """All figures of a regression or forecast; MASE and RMSSE only with a frozen scale.

    Args:
        frame: Rows of the ``error`` fact, of one segment, all forecasters.
        unit: Unit of the target.
        baselines: Forecasters to compute the value added over.
        hierarchy: Hierarchy level, when the frame holds several.
        level: Confidence level.
        period: Label; the frame's days by default.
    """
    days = errors.error_days(frame, level=hierarchy)
    found: list[Figure] = []
    for passport, measure, in_unit in _ERRORS:
        if passport.key in {"mase", "rmsse"} and not days["scaled_n"].sum():
            continue
        extra = {"unit": unit} if in_unit else {}
        found.append(_figure(passport, measure(days, level=level, period=period, **extra)))
    for name in baselines:
        added = forecast_value_added(frame, name, hierarchy=hierarchy, level=level, period=period)
        found.append(_figure(_value_added(name), added))
    return tuple(found)


def horizon_figures(
    frame: pd.DataFrame, *, unit: str, hierarchy: str | None = None, level: float = 0.95
) -> tuple[Figure, ...]:
    """WAPE by horizon of the model, and MAE where WAPE is unknown; ascending horizons."""
    rows = errors.error_rows(frame, level=hierarchy)
    found = []
    for horizon in sorted(int(one) for one in rows["horizon"].unique()):
        days = errors.error_days(frame, level=hierarchy, horizon=horizon)
        made = errors.wape(days, level=level)
        if not made.known:
            made = errors.mae(days, unit=unit, level=level)
        name = f"{horizon} period{'' if horizon == 1 else 's'} ahead"
        formula = "sum of |e| / sum of |actual|" if made.unit == "share" else "mean of |e|"
        need = "WAPE" if made.unit == "share" else "MAE"
        passport = _Passport(f"horizon.{horizon}", name, "lower", need, formula, "")
        found.append(_figure(passport, made))
    return tuple(found)


def _value_added(name: str) -> _Passport:
    return _Passport(
        f"fva.{name}",
        f"Value added over {name.replace('_', ' ')}",
        "higher",
        "forecast value added",
        f"1 - sum of |e| of the model / sum of |e| of {name}, identical rows",
        "Gilliland 2010",
    )


def _figure(passport: _Passport, estimate: Estimate) -> Figure:
    return Figure(
        key=f"accuracy.{passport.key}",
        label=passport.label,
        estimate=estimate,
        formula=passport.formula,
        source=passport.source,
        facts=FIGURES[passport.need],
        better=passport.better,  # type: ignore[arg-type]  # written above, one of the four
    )
