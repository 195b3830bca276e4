"""Fact frames from raw rows, by the plainest arithmetic: the other side of every comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from valuekit.ledger.frame import conform
from valuekit.ledger.schema import CONFUSION, EFFECT, ERROR, MOMENT_AXES, SCORE, Fact

_KEYS = {"model": "m", "version": "1", "segment": "all"}


def _made(fact: Fact, rows: list[dict[str, Any]]) -> pd.DataFrame:
    blank: dict[str, Any] = {"text": "", "int": 0, "float": 0.0, "ints": [], "floats": []}
    table = []
    for row in rows:
        full = {one.name: blank.get(one.dtype) for one in fact.columns}
        table.append(full | _KEYS | row)
    return conform(fact, pd.DataFrame(table, columns=[one.name for one in fact.columns]))


def effect_frame(rows: pd.DataFrame, cap: float = np.inf) -> pd.DataFrame:
    """Effect facts of units: columns arm, y; optional day, epoch, d, x, e, matched, crossed.

    A missing y is a unit without a known outcome, which is counted but not in the moments.
    """
    full = pd.DataFrame(
        {"day": "2026-01-05", "epoch": "all", "d": 0.0, "x": 0.0, "e": 0.0, "crossed": 0}
        | {name: rows[name] for name in rows.columns}
    )
    full["matched"] = rows.get("matched", full["y"].notna().astype(int))
    made = []
    for (day, arm, epoch), every in full.groupby(["day", "arm", "epoch"]):
        part = every[every["y"].notna()]
        axes = part[list(MOMENT_AXES)].to_numpy(dtype=float)
        mean = axes.mean(axis=0) if len(part) else np.zeros(4)
        dev = axes - mean
        z = np.minimum(axes[:, 0], cap)
        row = {
            "day": day, "metric": "y", "arm": arm, "epoch": epoch, "stratum": "all",
            "units": len(every), "n": len(part), "matched": int(every["matched"].sum()),
            "crossed": int(every["crossed"].sum()), "nonzero": int((part["y"] != 0).sum()),
            "m3_y": float((dev[:, 0] ** 3).sum()),
            "mean_z": float(z.mean()) if len(part) else 0.0,
            "c_zz": float(((z - z.mean()) ** 2).sum()) if len(part) else 0.0,
        }  # fmt: skip
        for i, a in enumerate(MOMENT_AXES):
            row[f"mean_{a}"] = float(mean[i])
            for j, b in enumerate(MOMENT_AXES[i:], start=i):
                row[f"c_{a}{b}"] = float(dev[:, i] @ dev[:, j])
        made.append(row)
    return _made(EFFECT, made)


def score_frame(rows: pd.DataFrame, edges: Sequence[float]) -> pd.DataFrame:
    """Score facts of predictions: columns p, label (text); optional day and v."""
    full = pd.DataFrame(
        {"day": "2026-01-05", "v": 0.0} | {name: rows[name] for name in rows.columns}
    )
    place = np.maximum(np.searchsorted(np.asarray(edges), full["p"], side="right") - 1, 0)
    size, made = len(edges), []
    for (day, label), part in full.assign(place=place).groupby(["day", "label"]):
        p = part["p"].to_numpy()
        clipped = np.clip(p, 1e-15, 1 - 1e-15)
        hit = clipped if label == "1" else 1 - clipped
        known = label in {"0", "1"}
        made.append(
            {
                "day": day, "label": label, "layout": "score-test", "total": len(part),
                "brier": float(((p - float(label)) ** 2).sum()) if known else 0.0,
                "log_loss": float(-np.log(hit).sum()) if known else 0.0,
                "n": np.bincount(part["place"], minlength=size),
                "sum_p": np.bincount(part["place"], weights=p, minlength=size),
                "sum_v": np.bincount(part["place"], weights=part["v"], minlength=size),
            }
        )  # fmt: skip
    return _made(SCORE, made)


def exact_edges(p: pd.Series) -> list[float]:
    """The edges of an exact layout: the distinct values."""
    return [float(value) for value in np.unique(p)]


def mass_edges(p: pd.Series, bins: int = 200) -> list[float]:
    """The edges of a layout of equal mass."""
    return [float(value) for value in np.unique(np.quantile(p, np.arange(bins) / bins))]


def confusion_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Confusion facts of predictions: columns predicted, label (text); optional day and v."""
    full = pd.DataFrame(
        {"day": "2026-01-05", "v": 0.0} | {name: rows[name] for name in rows.columns}
    )
    keys = ["day", "predicted", "label"]
    summed = full.groupby(keys).agg(n=("v", "size"), sum_v=("v", "sum")).reset_index()
    return _made(CONFUSION, summed.to_dict("records"))


def error_frame(rows: pd.DataFrame, quantiles: dict[float, str] | None = None) -> pd.DataFrame:
    """Error facts of forecasts: columns day, y, f; optional forecaster, horizon, scale.

    Each quantile names the column with its forecast.
    """
    full = pd.DataFrame(
        {"forecaster": "model", "horizon": 1, "scale": np.nan}
        | {name: rows[name] for name in rows.columns}
    )
    made = []
    for (day, name, horizon), part in full.groupby(["day", "forecaster", "horizon"]):
        y, f = part["y"].to_numpy(dtype=float), part["f"].to_numpy(dtype=float)
        e, scale = y - f, part["scale"].to_numpy(dtype=float)
        scaled = ~np.isnan(scale)
        both = np.abs(y) + np.abs(f)
        made.append(
            {
                "day": day, "forecaster": name, "horizon": int(horizon), "level": "series",
                "n": len(part), "sum_e": e.sum(), "sum_abs": np.abs(e).sum(),
                "sum_sq": (e**2).sum(), "sum_y": y.sum(), "sum_abs_y": np.abs(y).sum(),
                "sum_f": f.sum(), "mean_y": y.mean(), "c_yy": ((y - y.mean()) ** 2).sum(),
                "sum_ape": (np.abs(e[y != 0]) / np.abs(y[y != 0])).sum(),
                "zeros": int((y == 0).sum()),
                "sum_sape": (2 * np.abs(e[both > 0]) / both[both > 0]).sum(),
                "scaled_n": int(scaled.sum()),
                "sum_scaled": (np.abs(e) / scale)[scaled].sum(),
                "sum_scaled_sq": ((e / scale) ** 2)[scaled].sum(),
                "over": np.maximum(-e, 0).sum(), "under": np.maximum(e, 0).sum(),
                **_quantile_columns(part, y, quantiles or {}),
            }
        )  # fmt: skip
    return _made(ERROR, made)


def _quantile_columns(
    part: pd.DataFrame, y: np.ndarray, quantiles: dict[float, str]
) -> dict[str, np.ndarray]:
    pinball, covered = [], []
    for tau, column in quantiles.items():
        q = part[column].to_numpy(dtype=float)
        loss = 2 * tau * np.maximum(y - q, 0) + 2 * (1 - tau) * np.maximum(q - y, 0)
        pinball.append(loss.sum())
        covered.append((y <= q).sum())
    return {
        "pinball": np.array(pinball, dtype=float),
        "covered": np.array(covered, dtype=np.int64),
    }
