"""Mixed defects: every row has one fate, every count is exact, no value is lost.

Each example is a small world of its own; a pull judges many of them at once.
"""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import datetime
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from connectors.duckdb import DuckDBConnector
from tests.inputs.worlds import (
    NOW,
    SHORT,
    How,
    World,
    judged_outcomes,
    judged_predictions,
    read_by_day,
    world,
)
from valuekit.ledger.intake import FATES
from valuekit.source import Pull
from valuekit.workspace.declare import Workspace

WORLDS = 160  # of a pull
CHOICES: dict[str, list[Any]] = {
    "rate": [0.1, 0.3, 0.6],
    "text": [False, True],
    "classes": [False, True],
    "by_id": [False, True],
    "ids": [False, True],
    "pick": ["first", "last", "sum"],
    "credit": ["first", "last", "split"],
}
Way = tuple[tuple[str, Any], ...]


def triples(way: Way) -> set[Way]:
    """What a way of judging worlds chooses, three choices at a time."""
    return set(combinations(way, 3))


def ways() -> list[Way]:
    """Few ways in which any three choices meet: each is the one that adds most to those before."""
    every = [tuple(zip(CHOICES, one, strict=True)) for one in product(*CHOICES.values())]
    left = set().union(*map(triples, every))
    made = []
    while left:
        made.append(max(every, key=lambda way: len(triples(way) & left)))
        left -= triples(made[-1])
    return made


WAYS = ways()


def test_worlds_are_many_and_any_three_choices_meet() -> None:
    assert len(WAYS) * WORLDS >= 5_000
    three = (product(*values) for values in combinations(CHOICES.values(), 3))
    assert len(set().union(*map(triples, WAYS))) == sum(len(list(one)) for one in three)


@pytest.mark.parametrize("number", range(len(WAYS)))
def test_mixed_defects_keep_the_law(tmp_path: Path, number: int) -> None:
    # The same rows where a build must not fail by chance, others each time elsewhere.
    seed = number if settings().derandomize else secrets.randbits(32)
    how = How(seed=seed, **dict(WAYS[number]))
    rng = np.random.default_rng(how.seed)
    worlds = [world(number, how, rng) for number in range(WORLDS)]
    try:
        check(pulled(tmp_path, worlds, how), worlds, how)
    except BaseException as error:
        error.add_note(f"{how}")
        raise


def check(made: Pull, worlds: list[World], how: How) -> None:
    """The counts of a pull against the oracle, day by day and rule by rule; then both laws."""
    first = made.first
    assert first is not None
    expected: dict[str, Counter[Any]] = {"predictions": Counter(), "outcomes": Counter()}
    written: dict[str, Counter[Any]] = {"predictions": Counter(), "outcomes": Counter()}
    value = Counter[str]()
    for one in worlds:
        rules, good = judged_predictions(one, how)
        found, amounts = judged_outcomes(one, how, good)
        value.update(amounts)
        for source, counts in (("predictions", rules), ("outcomes", found)):
            for (day, rule), rows in counts.items():
                expected[source][day or first, rule] += rows
        for source, days in zip(written, read_by_day(one), strict=True):
            for day, rows in days.items():
                written[source][day or first] += rows
    for source, counts in expected.items():
        rows = made.facts["intake"].query("source == @source and rows > 0")
        assert (
            Counter({(one.day.date(), one.rule): one.rows for one in rows.itertuples()}) == +counts
        )
        assert set(rows["fate"]) <= set(FATES)
        by_day = rows.groupby(rows["day"].dt.date)["rows"].sum()
        assert Counter(by_day.to_dict()) == +written[source]  # read = the sum of the four fates
    assert made.rows_read == sum(sum(days.values()) for days in written.values())
    money = made.facts["intake"].query("source == 'outcomes'").groupby("rule")["value"].sum()
    for name, amount in value.items():
        others = ["uncredited", "orphan", "before_prediction", "outside_window"]
        names = ["credited"] if name == "credited" else others
        assert money.reindex(names).sum() == pytest.approx(amount, rel=1e-9, abs=1e-9)
    assert money.sum() == pytest.approx(_source_value(worlds), rel=1e-9, abs=1e-9)


def _source_value(worlds: list[World]) -> float:
    """Sum of all usable amounts in the outcome table, whatever became of their rows."""
    values = [y for one in worlds for *_, y in one.outcomes if isinstance(y, float)]
    return float(sum(y for y in values if np.isfinite(y) and abs(y) < 1e15))


def pulled(folder: Path, worlds: list[World], how: How) -> Pull:
    """The facts of all worlds, pulled from files through the connector."""
    predictions = frame([row for one in worlds for row in one.predictions])
    outcomes = frame([row for one in worlds for row in one.outcomes])
    ragged = [rule for one in worlds for rule in one.ragged]
    for name, table in (("p", predictions), ("o", outcomes)):
        if how.text:
            broken = ragged if name == "p" else []
            (folder / f"{name}.csv").write_text(text(table, broken), encoding="utf-8")
        else:
            pq.write_table(typed(table), folder / f"{name}.parquet")
    workspace = Workspace.model_validate(declared(how))
    connector = DuckDBConnector("lake", workspace.sources["lake"], folder, workspace)
    connector.now = NOW
    try:
        return connector.pull(workspace, "m", (), lambda _what, _share: None)
    finally:
        connector.close()


def declared(how: How) -> dict[str, Any]:
    score = "score" if how.classes else "predicted"
    outcomes = {
        "table": "o",
        "on": {"id" if how.by_id else "key": "key"},
        "time": "time",
        "window": "2d",
        "pick": how.pick,
        "credit": how.credit,
        "label": "value",
        **({"id": "id"} if how.ids else {}),
    }
    model = {
        "title": "m",
        "owner": "team@example.com",
        "task": "classification" if how.classes else "regression",
        "predictions": {"table": "p", "id": "id", "time": "time", score: "value"},
        "outcomes": outcomes,
    }
    return {
        "workspace": {"name": "w", "currency": "EUR"},
        "sources": {"lake": {"kind": "duckdb", "timezone": "UTC"}},
        "models": {"m": model},
    }


def frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["id", "time", "key", "value"], dtype=object)


def typed(table: pd.DataFrame) -> pa.Table:
    kinds = {
        "id": pa.string(),
        "time": pa.timestamp("us"),
        "key": pa.string(),
        "value": pa.float64(),
    }
    return pa.table({name: pa.array(list(table[name]), kind) for name, kind in kinds.items()})


def text(table: pd.DataFrame, ragged: list[str]) -> str:
    """A text file; ragged rows come last, with a cell too few or too many."""
    whole = [",".join(_cell(one) for one in row) for row in table.itertuples(index=False)]
    broken = ["cut,2020-01-01T00:00:00" if one == SHORT else "a,b,c,d,e" for one in ragged]
    return "\n".join(["id,time,key,value", *whole, *broken]) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
