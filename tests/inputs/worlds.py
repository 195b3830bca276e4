"""Small independent worlds of bad rows, and what must become of each row, in plain Python.

A world has its own names and its own twelve days, so that the counts of a day are those of one
world. Many worlds share two tables, and one pull judges them all.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

START = datetime(2020, 1, 1)
NOW = datetime(2025, 1, 1, tzinfo=UTC)
CLOCKS = timedelta(minutes=5)  # by which those of two machines may differ
WINDOW = timedelta(days=2)
DAYS = 12  # of a world
STAND_INS = tuple(datetime(year, 1, 1) for year in (1, 1753, 1900))  # for a missing time
BAD = "n/a"  # a cell that is not of its column's type; text files only
SHORT, LONG = "missing_columns", "too_many_columns"  # rows with a cell too few or too many
Row = tuple[Any, ...]
Counts = Counter[tuple[Any, str]]  # (day or None, rule) -> rows


@dataclass(frozen=True)
class How:
    """How worlds are made and judged.

    Attributes:
        seed: Of the random rows.
        rate: Share of rows that get a defect.
        text: Whether tables are text files, which can have ragged rows and unreadable cells.
        classes: Whether scores must be probabilities (classification), or any number.
        by_id: Whether outcomes name the prediction, or the customer.
        ids: Whether outcomes have ids.
        pick: Which outcome a prediction gets.
        credit: Which prediction gets an outcome.
    """

    seed: int
    rate: float
    text: bool
    classes: bool
    by_id: bool
    ids: bool
    pick: str
    credit: str


@dataclass
class World:
    """Rows of one world: predictions (id, time, customer, score), outcomes (id, time, key, y)."""

    predictions: list[Row] = field(default_factory=list)
    outcomes: list[Row] = field(default_factory=list)
    ragged: list[str] = field(default_factory=list)


def world(number: int, how: How, rng: np.random.Generator) -> World:
    """Up to 8 predictions of 2 customers and up to 8 outcomes, some of them spoilt."""
    made = World()
    start = START + timedelta(days=DAYS * number)
    for i in range(int(rng.integers(1, 9))):
        name, who = f"w{number}p{i}", f"w{number}c{rng.integers(2)}"
        score = round(float(rng.integers(0, 101)) / 100, 2)
        row = (name, _moment(start, rng, 3), who, score)
        made.predictions += _spoilt(row, rng, how, _PREDICTIONS)
    names = [name for name, *_ in made.predictions] if how.by_id else []
    for i in range(int(rng.integers(0, 9))):
        key = f"w{number}c{min(rng.integers(5) // 2, 2)}"  # the third customer has no prediction
        if how.by_id:
            key = str(rng.choice([one for one in names if one] + [f"w{number}nobody"]))
        y = float(rng.integers(0, 2)) if how.classes else round(float(rng.normal(5, 9)), 2)
        row = (f"w{number}o{i}", _moment(start, rng, 6), key, y)
        made.outcomes += _spoilt(row, rng, how, _OUTCOMES)
    if how.text and rng.random() < how.rate:
        made.ragged = [str(one) for one in rng.choice([SHORT, LONG], rng.integers(1, 3))]
    return made


def _moment(start: datetime, rng: np.random.Generator, days: int) -> datetime:
    return start + timedelta(minutes=int(rng.integers(0, days * 24 * 60)))


_PREDICTIONS = (
    "null_id", "blank_id", "long_id", "null_time", "epoch", "missing", "ahead", "nan", "inf",
    "above", "below", "null_value", "huge", "bad_value", "bad_time", "again", "conflict",
    "null_key", "blank_key",
)  # fmt: skip
_OUTCOMES = (
    "null_id", "blank_id", "long_id", "null_time", "epoch", "missing", "ahead", "nan", "inf",
    "null_value", "huge", "bad_value", "bad_time", "again", "conflict", "null_key", "blank_key",
)  # fmt: skip
_RARE = {"epoch": 0.1, "missing": 0.1, "bad_value": 0.3, "bad_time": 0.3}  # many of them stop a run


def _spoilt(row: Row, rng: np.random.Generator, how: How, defects: tuple[str, ...]) -> list[Row]:
    """The row as it is, or with one defect; repetitions are two rows."""
    defect = str(rng.choice(defects)) if rng.random() < how.rate else ""
    if rng.random() > _RARE.get(defect, 1.0) or (defect.startswith("bad") and not how.text):
        defect = ""
    name, when, key, value = row
    later = when + timedelta(hours=int(rng.integers(1, 40)))
    changed: dict[str, list[Row]] = {
        "null_id": [(None, when, key, value)],
        "blank_id": [("  ", when, key, value)],
        "long_id": [(name + "x" * 1_000, when, key, value)],
        "null_time": [(name, None, key, value)],
        "epoch": [(name, datetime(1970, 1, 1 + int(rng.integers(300)) % 28), key, value)],
        "missing": [(name, STAND_INS[int(rng.integers(len(STAND_INS)))], key, value)],
        "ahead": [(name, datetime(2025, 6, 1) + (when - START) / 50, key, value)],
        "nan": [(name, when, key, math.nan)],
        "inf": [(name, when, key, math.copysign(math.inf, rng.random() - 0.5))],
        "above": [(name, when, key, 1.25)],
        "below": [(name, when, key, -0.25)],
        "null_value": [(name, when, key, None)],
        "huge": [(name, when, key, 1e300)],
        "bad_value": [(name, when, key, BAD)],
        "bad_time": [(name, BAD, key, value)],
        "again": [row, (name, later, key, value)],
        "conflict": [row, (name, later, key, 0.5 if value != 0.5 else 0.75)],
        "null_key": [(name, when, None, value)],
        "blank_key": [(name, when, " ", value)],
    }
    return changed.get(defect, [row])


def _unfit(name: object, when: Any, value: object, *, named: bool = True) -> str:
    """The rule by which a row cannot even be told apart; empty when it can."""
    if BAD in {when, value}:
        return "bad_cell"
    if named and (name is None or not str(name).strip()):
        return "null_id"
    if named and len(str(name)) > 1_000:
        return "long_id"
    if when is None:
        return "null_time"
    if when.year < 1971:
        return "time_unit"
    return "future" if when > NOW.replace(tzinfo=None) + CLOCKS else ""


def _day(when: object) -> date | None:
    """The day that a row is counted on; None where no calendar of ours has it."""
    return when.date() if isinstance(when, datetime) and when.year >= 1700 else None


def _number(value: object, *, probability: bool) -> bool:
    """Whether a value may stand: missing, or a number in range."""
    if value is None:
        return True
    assert isinstance(value, float)
    usable = math.isfinite(value) and abs(value) < 1e15
    return usable and (not probability or 0 <= value <= 1)


def _once(rows: list[Row], found: Counts) -> list[Row]:
    """Each name once: the first of equal rows; none where the contents differ."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row[0], []).append(row)
    kept = []
    for same in by_name.values():
        same.sort(key=lambda row: row[1])
        if len({row[2:] for row in same}) > 1:
            found.update((row[1].date(), "conflicting_duplicate") for row in same)
            continue
        found.update((row[1].date(), "duplicate") for row in same[1:])
        kept.append(same[0])
    return kept


def judged_predictions(one: World, how: How) -> tuple[Counts, list[Row]]:
    """Rows by day and rule, and the accepted ones."""
    found: Counts = Counter((None, rule) for rule in one.ragged)
    fit = []
    for row in one.predictions:
        name, when, key, score = row
        rule = _unfit(name, when, score)
        keyed = not how.by_id and rule not in {"bad_cell", "null_id", "long_id"}
        if keyed and (key is None or not key.strip()):
            rule = "null_key"
        if rule:
            day = _day(when)
            found[day, rule] += 1
        else:
            fit.append(row)
    good = []
    for row in _once(fit, found):
        fine = _number(row[3], probability=how.classes)
        found[row[1].date(), "accepted" if fine else "bad_score"] += 1
        if fine:
            good.append(row)
    return found, good


def judged_outcomes(one: World, how: How, good: list[Row]) -> tuple[Counts, dict[str, float]]:
    """Rows by day and rule, and the credited and uncredited value of the clean ones."""
    found: Counts = Counter()
    fit = []
    for row in one.outcomes:
        name, when, key, y = row
        rule = _unfit(name, when, y, named=False)
        if rule != "bad_cell":
            if key is None or not key.strip():
                rule = "null_key"
            elif len(key) > 1_000:
                rule = "long_key"
            else:
                rule = _unfit(name, when, y, named=how.ids) or ("null_value" if y is None else "")
        if rule:
            found[_day(when), rule] += 1
        else:
            fit.append(row)
    clean = []
    for row in _once(fit, found) if how.ids else fit:
        if not _number(row[3], probability=False):
            found[row[1].date(), "bad_value"] += 1
        elif how.classes and row[3] not in {0.0, 1.0}:
            found[row[1].date(), "bad_label"] += 1
        else:
            clean.append(row)
    shares = _shares(clean, good, how)
    value = {"credited": 0.0, "uncredited": 0.0}
    for (_, when, key, y), share in zip(clean, shares, strict=True):
        found[when.date(), _fate(when, key, share, good, how)] += 1
        value["credited"] += y * (share or 0.0)
        value["uncredited"] += y * (1.0 - (share or 0.0))
    return found, value


def _key(prediction: Row, how: How) -> object:
    return prediction[0] if how.by_id else prediction[2]


def _fate(when: datetime, key: object, share: float | None, good: list[Row], how: How) -> str:
    if share is not None:
        return "credited" if share > 0 else "uncredited"
    times = [row[1] for row in good if _key(row, how) == key]
    if not times or when < min(times) - WINDOW:
        return "orphan"
    return "before_prediction" if when < min(times) else "outside_window"


def _shares(clean: list[Row], good: list[Row], how: How) -> list[float | None]:
    """Share of each outcome that predictions get; None for outcomes that none could get."""
    pairs: dict[tuple[int, int], float] = {}
    for at, (_, when, key, _y) in enumerate(clean):
        able = [
            (row[1], row[0], place)
            for place, row in enumerate(good)
            if _key(row, how) == key and row[1] <= when < row[1] + WINDOW
        ]
        if how.credit == "split":
            pairs |= {(at, place): 1 / len(able) for *_, place in able}
        elif able:
            pairs[at, (min(able) if how.credit == "first" else max(able))[2]] = 1.0
    shares: list[float | None] = [None] * len(clean)
    for at, place in pairs:
        mine = [(_turn(clean[other]), other) for other, owner in pairs if owner == place]
        chosen = (max(mine) if how.pick == "last" else min(mine))[1]
        counted = how.pick == "sum" or chosen == at
        shares[at] = (shares[at] or 0.0) + (pairs[at, place] if counted else 0.0)
    return shares


def _turn(outcome: Row) -> tuple[object, ...]:
    """Order of the outcomes of one prediction: by time; ties by value."""
    _, when, _, y = outcome
    return when, y


def read_by_day(one: World) -> tuple[Counter[Any], Counter[Any]]:
    """Rows written of each table by day; rows without a day that can be read under None."""

    def days(rows: list[Row]) -> Counter[Any]:
        return Counter(_day(w) for _, w, *_ in rows)

    predictions = days(one.predictions)
    predictions[None] += len(one.ragged)
    return predictions, days(one.outcomes)
