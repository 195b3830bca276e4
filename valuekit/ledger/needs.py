"""Which facts every evidence design and every figure needs: the matrix that settles the schema.

A figure that needs a column outside this matrix is a change of the schema, announced as one.
"""

from __future__ import annotations

_MOMENTS = (
    "effect.n",
    "effect.mean_y",
    "effect.c_yy",
)
_EPOCHS = (*_MOMENTS, "effect.epoch", "effect.arm", "effect.metric")
_COVARIATE = ("effect.mean_x", "effect.c_yx", "effect.c_xx")
_PANEL = ("panel.group", "panel.treated_from", "panel.n", "panel.mean_y", "panel.c_yy")

DESIGNS: dict[str, tuple[str, ...]] = {
    "holdout": _EPOCHS,
    "holdout, repeat customers": ("flow.units", "flow.sum_y", "flow.epoch", "flow.arm"),
    "payoff": ("confusion.n", "confusion.sum_v", "score.n", "score.sum_v"),
    "baseline_forecast": ("error.over", "error.under", "error.forecaster", "error.n"),
    "hours_saved": ("volume.acted",),
    "before_after": (*_PANEL, "panel.offset"),
    "structural": (*_PANEL, "panel.offset"),
    "diff_in_diff": _PANEL,
    "staggered": _PANEL,
    "synthetic": _PANEL,
    "switchback": (*_PANEL, "panel.block"),
    "strata": (*_MOMENTS, "effect.stratum", "effect.arm"),
}

FIGURES: dict[str, tuple[str, ...]] = {
    "difference in means": _EPOCHS,
    "relative lift": _EPOCHS,
    "proportion difference": (*_EPOCHS, "effect.nonzero"),
    "ratio metric": (*_EPOCHS, "effect.mean_d", "effect.c_yd", "effect.c_dd"),
    "CUPED": (*_EPOCHS, *_COVARIATE),
    "CUPED for ratios": (
        *_EPOCHS,
        *_COVARIATE,
        "effect.mean_d",
        "effect.mean_e",
        "effect.c_yd",
        "effect.c_ye",
        "effect.c_dd",
        "effect.c_dx",
        "effect.c_de",
        "effect.c_xe",
        "effect.c_ee",
    ),
    "capped difference": (
        *_EPOCHS,
        "effect.mean_z",
        "effect.c_zz",
        "registration.content",
    ),
    "skew gate": (*_EPOCHS, "effect.m3_y"),
    "sample ratio": (
        "effect.units",
        "effect.arm",
        "effect.epoch",
        "registration.content",
    ),
    "attrition": ("effect.matched", "effect.units", "effect.arm"),
    "crossovers": ("effect.crossed", "effect.units"),
    "action rate": ("effect.acted", "effect.units"),
    "confidence sequence": (*_EPOCHS, "effect.day", "registration.content"),
    "novelty": ("flow.sum_y", "flow.units", "flow.day"),
    "late outcomes": (
        "maturity.n",
        "maturity.sum_y",
        "maturity.entries",
        "maturity.basis",
    ),
    "join coverage": ("volume.predictions", "volume.labelled"),
    "confusion metrics": ("confusion.n", "confusion.predicted", "confusion.label"),
    "ROC AUC": ("score.n", "score.label", "score.layout"),
    "average precision": ("score.n", "score.label", "score.layout"),
    "calibration": ("score.n", "score.sum_p", "score.label"),
    "Brier score": ("score.brier", "score.total"),
    "log loss": ("score.log_loss", "score.total"),
    "value curve": ("score.n", "score.sum_v", "score.label"),
    "feedback check": ("score.acted", "score.arm"),
    "MAE": ("error.sum_abs", "error.n"),
    "RMSE": ("error.sum_sq", "error.n"),
    "bias": ("error.sum_e", "error.sum_y", "error.n"),
    "WAPE": ("error.sum_abs", "error.sum_abs_y"),
    "MAPE": ("error.sum_ape", "error.zeros", "error.n"),
    "sMAPE": ("error.sum_sape", "error.n"),
    "MASE": ("error.sum_scaled", "error.scaled_n", "registration.content"),
    "RMSSE": ("error.sum_scaled_sq", "error.scaled_n", "registration.content"),
    "R2": ("error.sum_sq", "error.c_yy", "error.n"),
    "forecast value added": (
        "error.sum_abs",
        "error.forecaster",
        "error.day",
        "error.cross_abs",
    ),
    "inventory money": ("error.over", "error.under", "error.forecaster"),
    "pinball and coverage": ("error.pinball", "error.covered", "error.n"),
    "error distribution": ("error.hist", "error.layout"),
    "score drift": ("score.n", "score.layout", "registration.content"),
    "feature drift": ("feature.n", "feature.layout", "feature.missing"),
    "change point": ("volume.day", "confusion.day", "effect.day", "error.day"),
    "cost per prediction": ("cost.amount", "volume.predictions"),
    "attributed cost": ("cost.amount", "cost.basis", "volume.predictions"),
    "uncosted predictions": ("cost.costed", "volume.predictions"),
    "token cost": ("usage.quantity", "usage.provider_model", "usage.token"),
    "invoice tie-out": (
        "bill.billed",
        "bill.effective",
        "bill.invoice",
        "bill.allocated_to",
    ),
    "double counting": (
        "overlap.claimants",
        "overlap.first",
        "overlap.last",
        "overlap.split",
    ),
    "conservation": ("intake.rows", "intake.fate", "intake.rule", "intake.value"),
    "latency": ("volume.mean_latency", "volume.c_latency", "volume.latency_n"),
    "restatement": ("published.content", "published.figure"),
}
