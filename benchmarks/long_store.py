"""A store of many models over three years, written by the store's own code, as a night leaves it.

A few models get all their facts: vectors are most of the bytes, and a thousand models of them would
be twenty gigabytes that nothing here reads. The others get volume, intake, scorecard, survey and
run, so that every table that a portfolio or a plan reads has its full size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.assess import declared, kind_of
from benchmarks.books import EDGES, FIRST, book
from valuekit import overview
from valuekit.assess import assess
from valuekit.incremental.prints import Folded
from valuekit.incremental.survey import Part, Survey, Surveyed
from valuekit.kept import noted
from valuekit.ledger.book import Book
from valuekit.ledger.frame import conform
from valuekit.ledger.months import by_month, daily_from
from valuekit.ledger.schema import FACTS
from valuekit.scorecard import Scorecard, to_json
from valuekit.store import Store, open_store
from valuekit.store.records import ModelOutcome, RunOutcome
from valuekit.workspace.declare import Workspace

MODELS, DAYS, FULL = 1_000, 3 * 365, 20
PREDICTIONS = 10_000  # a day, of the models with all facts
NIGHTS = 3  # complete runs whose scorecards are kept
_LOT = 100  # models whose facts are written by one run
_NOW = datetime(2028, 1, 1, 4, tzinfo=UTC)
_ARMS = (("control", "0", 0.1), ("model", "0", 0.45), ("model", "1", 0.45))
_LABELS = (("1", 0.2), ("0", 0.7), ("", 0.1))


_Named = tuple[str, Mapping[str, pd.DataFrame]]  # a model and its facts


@dataclass(frozen=True, slots=True)
class Made:
    """Where a store lies and what its facts take.

    Attributes:
        workspace: What it declares.
        path: The SQLite file.
        sizes: Kind of model -> bytes of its facts per version and day, with all vectors by day
            and with old bins by month.
        cards: Bytes of a scorecard in the store, per model and run.
    """

    workspace: Workspace
    path: Path
    sizes: Mapping[str, tuple[float, float]]
    cards: float


def make(folder: Path, models: int = MODELS, days: int = DAYS, full: int = FULL) -> Made:
    """Two small stores for their size, then the large one."""
    workspace = declared(models)
    books = [_busy(workspace, number, days) for number in range(min(full, models))]
    kinds = {kind_of(number): one for number, one in enumerate(books)}
    sizes = {
        kind: (
            _size(folder / f"{kind}-days.db", one) / days,
            _size(folder / f"{kind}-months.db", merged(one)) / days,
        )
        for kind, one in kinds.items()
    }
    path = folder / "valuekit.db"
    names = _names(len(books))
    cards = [assess(workspace, name, merged(one)) for name, one in zip(names, books, strict=True)]
    with open_store(f"sqlite:///{path}", create=True) as store:
        written = _fill(store, books, cards, models, days)
    return Made(workspace, path, sizes, written)


def merged(one: Book) -> Book:
    """The book with the bins of old scores by month."""
    daily = daily_from(one.last)
    return replace(one, facts=by_month(one.facts, daily), daily_from=daily)


def surveyed(days: int, seed: int = 1) -> Survey:
    """Two tables of one file each, with a fingerprint a day."""
    tables = {}
    for number, role in enumerate(("predictions", "outcomes")):
        rng = np.random.default_rng([seed, number])
        hashes = [int(one) * PREDICTIONS for one in rng.integers(0, 2**63, days)]
        every = [(FIRST + timedelta(days=step)).isoformat() for step in range(days)]
        prints = Folded(every, [PREDICTIONS] * days, hashes)
        part = Part(f"{days}", days * PREDICTIONS, prints)
        tables[role] = Surveyed("columns", timed=True, parts={f"{role}.parquet": part})
    return Survey("duckdb", "declared", tables)


def _names(count: int) -> list[str]:
    return [f"m{number}" for number in range(count)]


def _busy(workspace: Workspace, number: int, days: int) -> Book:
    """All facts of a model for segment ``all``; scores by arm, action and label."""
    name = f"m{number}"
    one = book(workspace, name, kind_of(number), days, number)
    facts = {fact: frame[frame["segment"] == "all"] for fact, frame in one.facts.items()}
    if "score" in facts:
        facts["score"] = _scores(name, days, number, arms="effect" in facts)
    return replace(one, facts={**facts, "intake": _intake(name, days)})


def _scores(name: str, days: int, seed: int, *, arms: bool) -> pd.DataFrame:
    """Nine rows a day with arms, six without, 200 bins each."""
    rng = np.random.default_rng(seed)
    low = np.asarray(EDGES)
    rows = []
    for step in range(days):
        for arm, acted, part in _ARMS if arms else [("", acted, 0.5) for acted in "01"]:
            for label, share in _LABELS:
                n = rng.poisson(PREDICTIONS * part * share / len(low), len(low))
                inside = rng.random(len(low)) / len(low)
                rows.append(
                    {"model": name, "version": f"v{step * 3 // days}", "segment": "all",
                     "day": FIRST + timedelta(days=step), "arm": arm, "acted": acted,
                     "label": label, "layout": "score-bench", "total": int(n.sum()),
                     "brier": float(n.sum()) / 5, "log_loss": float(n.sum()) / 2, "n": n,
                     "sum_p": np.round(n * (low + inside), 6),
                     "sum_v": np.round(n * rng.gamma(2, 20, len(low)), 2)}
                )  # fmt: skip
    return conform(FACTS["score"], pd.DataFrame(rows))


def _intake(name: str, days: int) -> pd.DataFrame:
    rows = [
        {"model": name, "version": "all", "segment": "all", "day": FIRST + timedelta(days=step),
         "source": source, "rule": rule, "fate": "accepted", "rows": PREDICTIONS, "value": 0.0}
        for step in range(days)
        for source, rule in (("predictions", "accepted"), ("outcomes", "credited"))
    ]  # fmt: skip
    return conform(FACTS["intake"], pd.DataFrame(rows))


def _size(path: Path, one: Book) -> int:
    """Bytes that the facts of a book take in a store of their own, indexes included."""
    with open_store(f"sqlite:///{path}", create=True) as store:
        empty = store.size()
        _run(store, [_outcome(str(one.facts["cost"]["model"].iloc[0]), one.facts, one)], {})
        return store.size() - empty


def _outcome(
    name: str, facts: Mapping[str, pd.DataFrame], like: Book, card: str = "", survey: bytes = b""
) -> ModelOutcome:
    return ModelOutcome(
        model=name,
        facts=facts,
        scorecard=card,
        first=like.first,
        last=like.last,
        complete_through=like.complete_through,
        replaced={},
        survey=survey,
    )


def _run(
    store: Store, parts: Sequence[ModelOutcome], overviews: Mapping[str, bytes], *, night: int = 0
) -> None:
    at = _NOW + timedelta(days=night)
    run = store.begin("refresh", {"models": None}, at)
    store.commit(run, RunOutcome(run, tuple(parts), complete=night > 0, overviews=overviews), at)


def _fill(
    store: Store, books: Sequence[Book], cards: Sequence[Scorecard], models: int, days: int
) -> float:
    """Facts in lots, then nights of scorecards and surveys; bytes of a scorecard."""
    like = books[0]
    for lot in _lots(_facts(books, models, days)):
        _run(store, [_outcome(name, facts, like) for name, facts in lot], {})
    every = [replace(cards[at % len(cards)], model=f"m{at}", title=f"Model {at}")
             for at in range(models)]  # fmt: skip
    texts = [to_json(card) for card in every]
    survey = noted(surveyed(days), _intake("m0", days)).packed()
    before = store.size()
    made = {name: overview.to_json(overview.overview(every, name)) for name in overview.PERIODS}
    for night in range(1, NIGHTS + 1):
        parts = [_outcome(f"m{at}", {}, like, text, survey) for at, text in enumerate(texts)]
        _run(store, parts, made, night=night)
    return (store.size() - before - len(survey) * models) / NIGHTS / models


def _facts(books: Sequence[Book], models: int, days: int) -> Iterator[_Named]:
    for at, one in enumerate(books):
        yield f"m{at}", merged(one).facts
    volume = book(declared(1), "m0", "hours", days, 1).facts["volume"]
    intake = _intake("m0", days)
    for name in _names(models)[len(books) :]:
        yield name, {"volume": volume.assign(model=name), "intake": intake.assign(model=name)}


def _lots(items: Iterable[_Named]) -> Iterator[list[_Named]]:
    lot: list[_Named] = []
    for one in items:
        lot.append(one)
        if len(lot) == _LOT:
            yield lot
            lot = []
    if lot:
        yield lot


def as_toml(workspace: Workspace) -> str:
    """The workspace as a file that the command line reads."""
    held = workspace.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return "\n".join(_table("", held))


def _table(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    tables = {key: one for key, one in content.items() if _nested(one)}
    if name:
        yield f"\n[{name}]"
    for key, one in content.items():
        if key not in tables and one is not None:
            yield f"{key} = {_value(one)}"
    for key, one in tables.items():
        inner = f"{name}.{key}" if name else key
        if isinstance(one, dict):
            yield from _table(inner, one)
            continue
        for entry in one:
            first, *rest = _table(inner, entry)
            yield from (first.replace("[", "[[").replace("]", "]]"), *rest)


def _nested(one: object) -> bool:
    return isinstance(one, dict) or (
        isinstance(one, list) and bool(one) and isinstance(one[0], dict)
    )


def _value(one: object) -> str:
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, list):
        return "[" + ", ".join(map(_value, one)) + "]"
    return str(one) if isinstance(one, int | float) else f'"{one}"'
