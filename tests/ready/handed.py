"""The sample company twice: once from its rows, once from the daily tables that they add up to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from tests.conftest import PROJECT
from valuekit.api import Workspace
from valuekit.ledger.schema import FACTS
from valuekit.source import Registered

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
MODELS = ("fraud", "churn", "sendtime", "demand")
_PARTS = re.compile(r"^\[models\.(\w+)\.(predictions|assignments|outcomes)\]$")

FACTS_OF = {
    "fraud": """
[models.fraud.facts]
window = "45d"
complete_through = {complete}
[models.fraud.facts.volume]
table = "fraud_volume.parquet"
[models.fraud.facts.score]
table = "fraud_score.csv"
columns = {{ version = "version", arm = "arm", acted = "acted", label = "label", bin = "bin", \
n = "n", sum_p = "sum_p", sum_v = "sum_v", brier = "brier", log_loss = "log_loss" }}
edges = {edges}
exact = {exact}
threshold = 0.3
[models.fraud.facts.confusion]
table = "fraud_confusion.csv"
columns = {{ version = "version", segment = "segment", predicted = "predicted", \
label = "label", n = "n", sum_v = "sum_v" }}
""",
    "churn": """
[models.churn.facts]
window = "90d"
allowance = "7d"
complete_through = {complete}
[models.churn.facts.volume]
table = "churn_volume.parquet"
[models.churn.facts.effect]
table = "churn_effect.parquet"
[models.churn.facts.score]
table = "churn_score.csv"
columns = {{ version = "version", arm = "arm", acted = "acted", label = "label", low = "low", \
high = "high", n = "n", sum_p = "sum_p", brier = "brier", log_loss = "log_loss" }}
exact = {exact}
threshold = 0.3
[models.churn.facts.confusion]
table = "churn_confusion.csv"
columns = {{ version = "version", arm = "arm", predicted = "predicted", label = "label", n = "n", \
segment = "segment" }}
""",
    "sendtime": """
[models.sendtime.facts]
window = "14d"
allowance = "2d"
complete_through = {complete}
[models.sendtime.facts.volume]
table = "sendtime_volume.parquet"
[models.sendtime.facts.effect]
table = "sendtime_effect.csv"
columns = {{ arm = "arm", units = "users", acted = "acted", crossed = "crossed" }}
segments = ["device"]
[models.sendtime.facts.effect.metrics.margin]
matched = "buyers"
nonzero = "spenders"
sum_y = "margin"
sum_yy = "margin2"
sum_yyy = "margin3"
sum_z = "capped"
sum_zz = "capped2"
""",
    "demand": """
[models.demand.facts]
window = "14d"
complete_through = {complete}
[models.demand.facts.volume]
table = "demand_volume.parquet"
[models.demand.facts.error]
table = "demand_error.parquet"
""",
}


def from_rows(folder: Path) -> Workspace:
    """The sample's models, from its tables of rows, refreshed."""
    text = _chosen((PROJECT / "sample_data" / "valuekit.toml").read_text(encoding="utf-8"))
    made = _written(folder, text.replace('path = "."', f'path = "{PROJECT / "sample_data"}"'))
    made.refresh(now=NOW)
    return made


def from_tables(rows: Workspace, folder: Path) -> Workspace:
    """The same models from daily tables of the facts of the others."""
    text = _without_rows(_chosen((PROJECT / "sample_data" / "valuekit.toml").read_text("utf-8")))
    text = text.replace('path = "."', 'path = "data"')
    data = folder / "data"
    data.mkdir(parents=True)
    with rows.store() as store:
        for model in MODELS:
            last = store.last_of(model)
            assert last is not None
            registered = store.registrations(model)
            layout = [one for one in registered if (one.kind, one.name) == ("layout", "score")]
            content = layout[-1].content if layout else {"edges": [], "exact": False}
            text = _capped(text, model, registered)
            text += FACTS_OF[model].format(
                complete=last.complete_through,
                edges=content["edges"],
                exact=str(content["exact"]).lower(),
            )
            for fact in ("volume", "effect", "score", "confusion", "error"):
                frame = store.facts(model, fact, segment=None)
                if len(frame):
                    _export(data, model, fact, frame, layout[-1:] or [])
    return _written(folder, text)


def _capped(text: str, model: str, registered: Sequence[Registered]) -> str:
    """The workspace with the cap that was found in the rows as a declared one."""
    found = [one.content["cap"] for one in registered if one.kind == "cap"]
    caps = [one for one in found if one is not None]
    head = f"[models.{model}.metrics.margin]\n"
    return text.replace(head, f"{head}cap = {caps[-1]}\n") if caps else text


def _chosen(text: str) -> str:
    """The workspace with the chosen models only."""
    head, *parts = re.split(r"^(?=# \d+\. )", text, flags=re.MULTILINE)
    kept = [one for one in parts if any(f"[models.{name}]" in one for name in MODELS)]
    tail = text[text.index("# Shared by all") :]
    kept = [one.partition("# Shared by all")[0] for one in kept]
    return head + "".join(kept) + tail


def _without_rows(text: str) -> str:
    """The workspace without its tables of rows."""
    made, skip = [], False
    for line in text.splitlines():
        if line.startswith("["):
            skip = bool(_PARTS.match(line))
        if not skip:
            made.append(line)
    return "\n".join(made)


def _written(folder: Path, text: str) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "valuekit.toml").write_text(text, encoding="utf-8")
    return Workspace.load(folder / "valuekit.toml")


def _export(
    data: Path, model: str, fact: str, frame: pd.DataFrame, layout: list[Registered]
) -> None:
    """A fact as people would keep it: a Parquet file in the ledger's shape, or a CSV of sums."""
    path = data / f"{model}_{fact}"
    scalars = [one.name for one in FACTS[fact].columns if one.dtype not in {"ints", "floats"}]
    if fact == "score":
        whole = frame[frame["segment"] == "all"]
        _long(whole, layout[0]).to_csv(path.with_suffix(".csv"), index=False)
    elif fact == "confusion":
        frame.to_csv(path.with_suffix(".csv"), index=False)
    elif (model, fact) == ("sendtime", "effect"):
        split = frame[frame["segment"] != "all"]
        split = split.assign(device=split["segment"].str.removeprefix("device="))
        _sums(split).to_csv(path.with_suffix(".csv"), index=False)
    else:
        kept = frame[scalars].drop(columns="model")
        kept.assign(day=kept["day"].dt.date).to_parquet(path.with_suffix(".parquet"), index=False)


def _long(frame: pd.DataFrame, layout: Registered) -> pd.DataFrame:
    """One row for each bin that holds something."""
    rows: list[dict[str, object]] = []
    edges = [float(one) for one in layout.content["edges"]]  # type: ignore[union-attr]  # a list
    for one in frame.to_dict("records"):
        share = np.asarray(one["n"]) / max(one["total"], 1)
        rows += [
            {
                **{key: one[key] for key in ("version", "day", "arm", "acted", "label")},
                "bin": place,
                "low": edges[place],
                "high": edges[place + 1] if place + 1 < len(edges) else 2.0,
                **{key: one[key][place] for key in ("n", "sum_p", "sum_v")},
                **{key: one[key] * share[place] for key in ("brier", "log_loss")},
            }
            for place in np.flatnonzero(one["n"])
        ]
    return pd.DataFrame(rows)


def _sums(frame: pd.DataFrame) -> pd.DataFrame:
    """Raw sums of a metric, as a warehouse would add them up."""
    n, mean, c, m3 = (frame[one] for one in ("n", "mean_y", "c_yy", "m3_y"))
    z, zz = frame["mean_z"], frame["c_zz"]
    return pd.DataFrame(
        {
            "day": frame["day"],
            "arm": frame["arm"],
            "device": frame["device"],
            "users": frame["units"],
            "buyers": frame["matched"],
            "spenders": frame["nonzero"],
            "acted": frame["acted"],
            "crossed": frame["crossed"],
            "margin": n * mean,
            "margin2": c + n * mean**2,
            "capped": n * z,
            "capped2": zz + n * z**2,
            "margin3": m3 + 3 * mean * c + n * mean**3,
        }
    )
