"""Daily tables that change: what a refresh writes is what a full one would, and no more."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.facts_equal import alike
from tests.ready.tables import NOW, SCORES, TRIAL, bins, day, trial, workspace, write
from valuekit.api import Workspace
from valuekit.incremental.diff import differing
from valuekit.ledger.schema import FACTS
from valuekit.store.records import ModelOutcome
from valuekit.store.tables import STORED

LOG = """
[models.shop.predictions]
table = "p.csv"
id = "id"
time = "at"
score = "score"
[models.shop.outcomes]
table = "o.csv"
on = { id = "id" }
time = "at"
window = "3d"
label = "y"
"""


def refreshed(made: Workspace, *, full: bool = False) -> ModelOutcome:
    return made.refresh(now=NOW, full=full, accept_gone=True).parts[0]


def facts(made: Workspace) -> dict[str, pd.DataFrame]:
    with made.store() as store:
        return {name: store.facts("shop", name, segment=None) for name in STORED}


def same(made: Workspace, folder: Path) -> None:
    """What is stored is what a store without a past would hold."""
    shutil.copytree(made.loaded.folder / "data", folder / "data")
    shutil.copy(made.loaded.folder / "valuekit.toml", folder)
    fresh = Workspace.load(folder / "valuekit.toml")
    refreshed(fresh, full=True)
    ours, theirs = facts(made), facts(fresh)
    for name in STORED:
        assert differing(FACTS[name], ours[name], theirs[name]) == frozenset(), name
    a, b = (one.scorecard("shop") for one in (made, fresh))
    # Not the intervals: a sequence follows the plan that its first refresh stored.
    assert [(one.effect.value, one.arms) for one in a.evidence] == [
        (one.effect.value, one.arms) for one in b.evidence
    ]
    alike(a.accuracy, b.accuracy)
    assert [(one.row.rule, one.row.row_hash) for one in made.held_rows("shop")] == [
        (one.row.rule, one.row.row_hash) for one in fresh.held_rows("shop")
    ]


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trial of 60 days after its first refresh."""
    made = workspace(tmp_path_factory.mktemp("sixty"), TRIAL, ab=trial(days=60))
    refreshed(made)
    return made.loaded.folder


@pytest.fixture
def begun(sixty: Path, tmp_path: Path) -> Workspace:
    """A copy of it."""
    shutil.copytree(sixty, tmp_path / "a")
    return Workspace.load(tmp_path / "a" / "valuekit.toml")


def test_one_changed_day_is_replaced_and_restated(begun: Workspace, tmp_path: Path) -> None:
    table, made = trial(days=60), begun
    table.loc[table["day"] == day(40), "spend"] += 5.0
    write(tmp_path / "a", ab=table)
    part = refreshed(made)
    assert part.why == "1 day that depends on what changed"
    assert part.rows_read < 10
    assert part.replaced is not None
    assert part.replaced["effect"] == {day(40)}
    assert {(one.fact, one.day) for one in part.restated} == {
        ("effect", day(40)),
        ("intake", day(40)),  # the value of the rows
    }
    (tmp_path / "b").mkdir()
    same(made, tmp_path / "b")
    assert refreshed(made).why == "nothing: no table changed"


def test_a_new_day_costs_one_day(tmp_path: Path) -> None:
    made = workspace(tmp_path / "a", TRIAL + SCORES, ab=trial(days=60), bins=bins(days=60))
    refreshed(made)
    write(tmp_path / "a", ab=trial(days=61), bins=bins(days=61))
    part = refreshed(made)
    assert part.days == 1
    assert part.replaced is not None
    assert part.replaced["effect"] == part.replaced["score"] == {day(60)}
    assert not part.restated
    (tmp_path / "b").mkdir()
    same(made, tmp_path / "b")


def test_open_days_are_not_published(tmp_path: Path) -> None:
    text = TRIAL + '[models.shop.facts]\nwindow = "10d"\n'
    table = trial(days=60)
    made = workspace(tmp_path, text, ab=table)
    refreshed(made)
    for place in (45, 55):  # settled, still open
        table.loc[table["day"] == day(place), "spend"] += 5.0
    write(tmp_path, ab=table)
    part = refreshed(made)
    assert part.replaced is not None
    assert part.replaced["effect"] == {day(45), day(55)}
    assert {one.day for one in part.restated} == {day(45)}


def log(rng: np.random.Generator, days: int) -> dict[str, pd.DataFrame]:
    n = days * 20
    at = [f"{day(int(place))}T12:00:00" for place in np.repeat(np.arange(days), 20)]
    score = rng.random(n).round(2)
    y = (rng.random(n) < score).astype(int)
    p = pd.DataFrame({"id": [f"i{k}" for k in range(n)], "at": at, "score": score})
    return {"p": p, "o": pd.DataFrame({"id": p["id"], "at": at, "y": y})}


def test_a_log_beside_a_ready_made_experiment(tmp_path: Path) -> None:
    tables = log(np.random.default_rng(5), 60)
    table = trial(days=60)
    made = workspace(tmp_path / "a", LOG + TRIAL, ab=table, **tables)
    refreshed(made)
    card = made.scorecard("shop")
    assert card.evidence[0].effect.known
    assert card.accuracy.headline == "accuracy.roc_auc"
    assert card.health.coverage.known or "counts as zero" in card.health.coverage.reason
    assert card.unit_costs
    table.loc[table["day"] == day(40), "spend"] += 5.0
    write(tmp_path / "a", ab=table)
    part = refreshed(made)
    assert part.replaced is not None
    assert set(part.replaced) == {"effect", "intake"}
    (tmp_path / "b").mkdir()
    same(made, tmp_path / "b")


def edited(rng: np.random.Generator, table: pd.DataFrame, last: date) -> pd.DataFrame:
    """New days, other sums, lost, broken and repeated rows."""
    kind = rng.choice(["new", "change", "lose", "break", "repeat", "contradict"])
    row = int(rng.integers(len(table) // 2, len(table)))
    if kind == "new":
        more = trial(days=90)
        return pd.concat([table, more[more["day"] == last]], ignore_index=True)
    if kind == "lose":
        return table.drop(index=row).reset_index(drop=True)
    if kind in {"repeat", "contradict"}:
        again = table.iloc[[row]].assign(**({"users": 77} if kind == "contradict" else {}))
        return pd.concat([table, again], ignore_index=True)
    made = table.copy()
    value = -3 if kind == "break" else made.loc[row, "users"] + 1
    made.loc[row, "users"] = value
    return made


@pytest.mark.parametrize("seed", range(6))
def test_any_edits_end_as_a_full_refresh_would(begun: Workspace, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table, made = trial(days=60), begun
    for turn in range(4):
        for _ in range(int(rng.integers(1, 4))):
            table = edited(rng, table, day(60 + turn))
        write(tmp_path / "a", ab=table)
        refreshed(made)
    (tmp_path / "b").mkdir()
    same(made, tmp_path / "b")
