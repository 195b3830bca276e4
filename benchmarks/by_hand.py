"""The facts of the generated model in SQL as an analyst who knows DuckDB would write them.

The same checks of ids, times and values, the same 200 bins of equal reference mass, the same
moments, ages and fates. Matched pairs and the finest grouping are made once; numbers leave as
Arrow tables, as those of the connector do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import duckdb
import numpy as np
import pandas as pd

from benchmarks.generate import MEMORY, THREADS, WINDOW, Made

BINS = 200
REFERENCE_DAYS = 28
_CLIP = 1e-15

_CHECK_PREDICTIONS = """
SELECT count(*) AS read, count(DISTINCT id) AS ids, count(id) AS known, count(ts) AS timed,
       min(ts) AS first, max(ts) AS last,
       count(*) FILTER (NOT isfinite(score) OR score < 0 OR score > 1) AS bad
FROM predictions
"""
_CHECK_OUTCOMES = """
SELECT count(*) AS read, count(prediction_id) AS known, count(ts) AS timed, sum(amount) AS amount,
       count(*) FILTER (NOT isfinite(amount)) AS bad
FROM outcomes
"""
_INTAKE_PREDICTIONS = """
SELECT ts::DATE AS day, CASE WHEN id IS NULL THEN 'null_id' WHEN ts IS NULL THEN 'null_time'
       WHEN NOT isfinite(score) OR score < 0 OR score > 1 THEN 'bad_score'
       ELSE 'accepted' END AS rule, count(*) AS rows, 0.0 AS value
FROM predictions GROUP BY ALL
"""
_SCORES = """
SELECT score, count(*) AS n FROM predictions
WHERE ts < (SELECT min(ts)::DATE FROM predictions) + INTERVAL {days} DAY
GROUP BY score ORDER BY score
"""
_PAIRS = """
CREATE TEMP TABLE pairs AS
SELECT p.id, p.unit, p.ts, p.version, p.arm, o.label, o.amount,
       date_diff('day', p.ts::DATE, o.ts::DATE) AS age
FROM predictions p JOIN outcomes o ON o.prediction_id = p.id
     AND o.ts >= p.ts AND o.ts < p.ts + INTERVAL {window} DAY
"""
_CHECK_PAIRS = "SELECT count(*) AS pairs, count(DISTINCT id) AS entries FROM pairs"
_CELLS = """
CREATE TEMP TABLE cells AS
SELECT version, ts::DATE AS day, arm, acted, label, score >= 0.5 AS predicted, {bin} AS bin,
       count(*) AS n, count(label) AS labelled, sum(label) AS positives, sum(score) AS sum_p,
       sum(CASE WHEN label = 1 THEN (1 - score) * (1 - score)
                WHEN label = 0 THEN score * score ELSE 0 END) AS brier,
       sum(CASE WHEN label = 1 THEN -ln(least(greatest(score, {low}), {high}))
                WHEN label = 0 THEN -ln(least(greatest(1 - score, {low}), {high}))
                ELSE 0 END) AS log_loss
FROM (SELECT p.version, p.ts, p.arm, p.acted, p.score, m.label
      FROM predictions p LEFT JOIN pairs m USING (id))
GROUP BY ALL
"""
_VOLUME = """
SELECT version, day, sum(n) AS predictions, sum(n) FILTER (acted) AS acted,
       sum(labelled) AS labelled, sum(n) AS scored, sum(positives) AS outcome_value
FROM cells GROUP BY ALL
"""
_SCORE = """
SELECT version, day, arm, acted, label, bin, sum(n) AS n, sum(sum_p) AS sum_p,
       sum(brier) AS brier, sum(log_loss) AS log_loss
FROM cells GROUP BY ALL
"""
_CONFUSION = """
SELECT version, day, arm, predicted, label, sum(n) AS n
FROM cells WHERE label IS NOT NULL GROUP BY ALL
"""
_UNITS = """
CREATE TEMP TABLE units AS
SELECT unit, min(ts) AS first, arg_min(arm, ts) AS arm, arg_min(version, ts) AS version,
       (min(arm) <> max(arm))::INTEGER AS crossed
FROM predictions WHERE unit IS NOT NULL GROUP BY unit
"""
_GAINED = """
CREATE TEMP TABLE gained AS
SELECT u.unit, u.version, u.first::DATE AS day, u.arm, m.amount,
       m.age + date_diff('day', u.first::DATE, m.ts::DATE) AS age
FROM pairs m JOIN units u ON u.unit = m.unit AND m.ts >= u.first
     AND m.ts < u.first + INTERVAL {window} DAY
"""
_EFFECT = """
WITH sums AS (SELECT unit, sum(amount) AS y FROM gained GROUP BY unit),
acts AS (SELECT u.unit, max(p.acted::INTEGER) AS acted
         FROM predictions p JOIN units u ON u.unit = p.unit AND p.ts >= u.first
              AND p.ts < u.first + INTERVAL {window} DAY GROUP BY u.unit),
measured AS (SELECT u.version, u.first::DATE AS day, u.arm, u.crossed, coalesce(s.y, 0) AS y,
                    (s.unit IS NOT NULL)::INTEGER AS matched, coalesce(a.acted, 0) AS acted
             FROM units u LEFT JOIN sums s USING (unit) LEFT JOIN acts a USING (unit))
SELECT version, day, arm, count(*) AS units, sum(matched) AS matched, sum(acted) AS acted,
       sum(crossed) AS crossed, sum((y <> 0)::INTEGER) AS nonzero, avg(y) AS mean_y,
       var_pop(y) * count(*) AS c_yy,
       sum(y * y * y) - 3 * avg(y) * sum(y * y) + 2 * count(*) * pow(avg(y), 3) AS m3_y
FROM measured GROUP BY ALL
"""
_AGES = """
SELECT version, ts::DATE AS day, arm, least(age, {window}) AS age, count(*) AS n,
       sum(label) AS sum_y FROM pairs GROUP BY ALL
"""
_ENTRIES = "SELECT version, day, arm, sum(n) AS entries FROM cells GROUP BY ALL"
_UNIT_AGES = """
SELECT version, day, arm, least(age, {window}) AS age, count(*) AS n, sum(amount) AS sum_y
FROM gained GROUP BY ALL
"""
_FATES = """
SELECT o.ts::DATE AS day, CASE WHEN p.id IS NULL OR o.ts < p.ts - INTERVAL {window} DAY
       THEN 'orphan' WHEN o.ts < p.ts
       THEN 'before_prediction' WHEN o.ts >= p.ts + INTERVAL {window} DAY THEN 'outside_window'
       ELSE 'credited' END AS rule, count(*) AS rows, sum(o.amount) AS value
FROM outcomes o LEFT JOIN predictions p ON p.id = o.prediction_id GROUP BY ALL
"""


@dataclass(slots=True)
class ByHand:
    """Results by fact, and the seconds of each statement."""

    facts: dict[str, pd.DataFrame] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def pull_by_hand(made: Made) -> ByHand:
    """All facts of the generated model.

    Raises:
        ValueError: a check of the input fails; the statements assume that it holds.
    """
    done = ByHand()
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS}) as connection:
        connection.execute(f"CREATE VIEW predictions AS FROM '{made.predictions}'")
        connection.execute(f"CREATE VIEW outcomes AS FROM '{made.outcomes}'")
        _check(connection, done)
        place = _bins(_ask(connection, done, "scores", _SCORES.format(days=REFERENCE_DAYS)))
        _do(connection, done, "pairs", _PAIRS.format(window=WINDOW))
        twice = _ask(connection, done, "check pairs", _CHECK_PAIRS).iloc[0]
        _require(twice["pairs"] == twice["entries"], "a prediction has several outcomes")
        text = _CELLS.format(bin=place, low=_CLIP, high=1 - _CLIP)
        _do(connection, done, "cells", text)
        for name, statement in (("volume", _VOLUME), ("score", _SCORE), ("confusion", _CONFUSION)):
            done.facts[name] = _ask(connection, done, name, statement)
        _do(connection, done, "units", _UNITS)
        _do(connection, done, "gained", _GAINED.format(window=WINDOW))
        for name, statement in (
            ("effect", _EFFECT),
            ("ages", _AGES),
            ("entries", _ENTRIES),
            ("unit_ages", _UNIT_AGES),
            ("outcomes", _FATES),
        ):
            text = statement.format(window=WINDOW)
            done.facts[name] = _ask(connection, done, name, text)
    return done


def _check(connection: duckdb.DuckDBPyConnection, done: ByHand) -> None:
    seen = _ask(connection, done, "check predictions", _CHECK_PREDICTIONS).iloc[0]
    good = seen["read"] == seen["ids"] == seen["known"] == seen["timed"] and seen["bad"] == 0
    _require(bool(good), "predictions have missing, repeated or bad values")
    seen = _ask(connection, done, "check outcomes", _CHECK_OUTCOMES).iloc[0]
    good = seen["read"] == seen["known"] == seen["timed"] and seen["bad"] == 0
    _require(bool(good), "outcomes have missing or bad values")
    done.facts["predictions"] = _ask(connection, done, "predictions", _INTAKE_PREDICTIONS)


def _bins(scores: pd.DataFrame) -> str:
    """A tree of comparisons over edges of equal mass, and the threshold."""
    ends = scores["n"].cumsum().to_numpy()
    size, larger = divmod(int(ends[-1]), BINS)
    starts = np.arange(BINS) * size + np.minimum(np.arange(BINS), larger)
    at = scores["score"].to_numpy()[np.searchsorted(ends, starts, side="right")]
    edges = sorted({float(one) for one in at} | {0.5})

    def tree(low: int, high: int) -> str:
        if high - low == 1:
            return str(low)
        middle = (low + high) // 2
        below, above = tree(low, middle), tree(middle, high)
        return f"CASE WHEN score < {edges[middle]!r}::DOUBLE THEN {below} ELSE {above} END"

    return tree(0, len(edges))


def _require(holds: bool, message: str) -> None:  # noqa: FBT001  a condition, not an option
    if not holds:
        raise ValueError(message)


def _do(connection: duckdb.DuckDBPyConnection, done: ByHand, name: str, text: str) -> None:
    began = perf_counter()
    connection.execute(text)
    done.seconds[name] = perf_counter() - began


def _ask(connection: duckdb.DuckDBPyConnection, done: ByHand, name: str, text: str) -> pd.DataFrame:
    began = perf_counter()
    made: pd.DataFrame = connection.sql(text).to_arrow_table().to_pandas(date_as_object=False)
    done.seconds[name] = perf_counter() - began
    return made
