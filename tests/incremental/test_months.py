"""Old scores by month: a refresh of what changed equals one of everything, merged months too."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.facts_equal import same
from tests.incremental.conftest import facts_alone
from tests.incremental.lake import MODELS, START, World, workspace
from tests.incremental.test_equal import everything, held
from valuekit.api import Workspace
from valuekit.cli import read
from valuekit.ledger.schema import FACTS
from valuekit.store import facts as store_facts
from valuekit.store import tables

SEEDS = int(os.environ.get("VALUEKIT_EDITS", "1"))
DAYS, STEPS = 550, 6
KEPT = timedelta(days=400)
LATER = datetime.fromisoformat("2027-12-01T06:00:00+00:00")
pytestmark = pytest.mark.usefixtures("_facts_alone")


class Long(World):
    """A world of sixteen months whose old days are edited as well."""

    def old(self) -> str:
        """Change, remove or add rows of months that are merged, mostly."""
        name = str(self.rng.choice(["p", "o"], p=[0.25, 0.75]))
        table, when = self.tables[name], {"p": "at", "o": "when"}[name]
        ages = (table[when] - START).dt.days
        here = np.flatnonzero((ages > 40) & (ages < DAYS - 410))
        chosen = self.rng.choice(here, 2, replace=False)
        kind = str(self.rng.choice(["change", "delete", "late"]))
        if kind == "change":
            table = table.copy()
            column = {"p": "score", "o": "x"}[name]
            table.iloc[chosen, table.columns.get_loc(column)] = round(float(self.rng.random()), 2)
        elif kind == "delete":
            table = table.drop(index=chosen)
        else:
            make = {"p": self.predictions, "o": self.outcomes}[name]
            day = int(self.rng.integers(40, DAYS - 410))
            table = pd.concat([table, make(range(day, day + 1), 2)])
        self.tables[name] = table.reset_index(drop=True)
        return f"old {kind} {name}"


Started = tuple[Workspace, Long]


def started(folder: Path, seed: int = 0, kind: str = "label") -> Started:
    space, world = workspace(folder, MODELS[kind]), Long(folder, seed, single=False, last=DAYS)
    world.write()
    space.refresh(now=LATER)
    return space, world


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """The world of the first seed after one refresh, for all that begin with it."""
    with pytest.MonkeyPatch.context() as patch:
        facts_alone(patch)
        return started(tmp_path_factory.mktemp("labelled"))


def copied(base: Started, folder: Path) -> Started:
    """A world after a refresh in another folder."""
    shutil.copytree(base[0].loaded.folder, folder, dirs_exist_ok=True)
    return Workspace.load(folder / "valuekit.toml"), base[1].copy(folder)


def by_hand(score: pd.DataFrame, old: date) -> pd.DataFrame:
    """The bins of whole months before a day on the first row of the month, row by row."""
    first = pd.Timestamp(old.replace(day=1))
    rows = score.sort_values("day").to_dict("records")
    sums: dict[tuple[object, ...], dict[str, np.ndarray]] = {}
    for row in rows:
        if row["day"] >= first:
            continue
        names = ("version", "segment", "arm", "acted", "label", "layout")
        key = (row["day"].year, row["day"].month, *(row[name] for name in names))
        bins = {name: row[name] for name in ("n", "sum_p", "sum_v")}
        if key in sums:
            for name, vector in bins.items():
                sums[key][name] += vector
                row[name] = vector[:0]
        else:
            sums[key] = row | {name: vector.copy() for name, vector in bins.items()}
            row.update({name: sums[key][name] for name in bins})
    return pd.DataFrame(rows, columns=list(score.columns))


def empty_days(space: Workspace) -> set[date]:
    """Days on which a row of scores has no bins of its own."""
    frame = held(space)["score"]
    return set(frame.loc[frame["n"].map(len) == 0, "day"].dt.date)


@pytest.mark.parametrize("kind", ["label", "repeat"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_edits_of_old_and_new_days_equal_one_pull_of_everything(tmp_path, labelled, kind, seed):
    first = (kind, seed) == ("label", 0)
    space, world = copied(labelled, tmp_path) if first else started(tmp_path, seed, kind)
    scopes, old = [], 0
    for step in range(STEPS):
        edits = [world.old() if step % 2 else world.edit()]
        world.write()
        outcome = space.refresh(now=LATER + timedelta(hours=step + 1), accept_gone=True).parts[0]
        scopes.append(f"{edits}: {outcome.why}")
        old += "old" in edits[0] and "days that depend" in outcome.why
        facts, _ = everything(space)
        facts["score"] = by_hand(facts["score"], outcome.last - KEPT)
        try:
            same(held(space), facts)
        except AssertionError as error:
            raise AssertionError(f"step {step}, {scopes}: {error}") from error
        assert empty_days(space), "nothing is merged: this test tests nothing"
    assert old, scopes


def test_merging_alone_restates_nothing_and_is_done_once(tmp_path, labelled):
    """A store made before, then a refresh that merges, then nothing to do."""
    space, _ = copied(labelled, tmp_path)
    with_months = held(space)["score"]
    unmerge(space, everything(space)[0]["score"])
    assert not empty_days(space)
    again = space.refresh(now=LATER + timedelta(hours=1)).parts[0]
    assert again.why == "nothing: no table changed"
    assert again.restated == ()
    pd.testing.assert_frame_equal(held(space)["score"], with_months)
    rows = tables_of(space)
    for hour in range(2, 4):
        last = space.refresh(now=LATER + timedelta(hours=hour)).parts[0]
        assert (last.restated, last.days_replaced) == ((), 0)
    assert tables_of(space) == rows
    full = space.refresh(full=True, now=LATER + timedelta(hours=5)).parts[0]
    assert (full.restated, full.days_replaced) == ((), 0)


def test_days_that_become_old_are_merged_and_not_restated(tmp_path, labelled):
    space, world = copied(labelled, tmp_path)
    before = empty_days(space)
    world.tables["p"] = pd.concat([world.tables["p"], world.predictions(range(DAYS, DAYS + 30))])
    world.write()
    outcome = space.refresh(now=LATER + timedelta(hours=1)).parts[0]
    after = empty_days(space)
    assert {day.strftime("%Y-%m") for day in after - before} == {"2026-05"}
    assert min((one.day for one in outcome.restated), default=date.max) > max(after)


def test_a_row_of_a_merged_month_restates_its_own_day(tmp_path, labelled):
    space, world = copied(labelled, tmp_path)
    p = world.tables["p"]
    row = p[(p["at"] >= "2026-03-17") & (p["at"] < "2026-03-18")].index[0]
    late = p.loc[row, "id"]
    when = pd.Timestamp("2026-03-19 12:00")
    new = pd.DataFrame([{**world.tables["o"].iloc[0].to_dict(), "pid": late, "when": when, "y": 1}])
    was = everything(space)[0]["score"]
    world.tables["o"] = pd.concat([world.tables["o"], new], ignore_index=True)
    world.write()
    outcome = space.refresh(now=LATER + timedelta(hours=1)).parts[0]
    assert "days that depend" in outcome.why, outcome.why
    now = everything(space)[0]["score"]
    same({"score": held(space)["score"]}, {"score": by_hand(now, outcome.last - KEPT)})
    told = {one.day for one in outcome.restated if one.fact == "score"}
    keys = list(FACTS["score"].key_names)
    both = was.merge(now, on=keys, how="outer", indicator=True)
    unlike = (both["_merge"] != "both") | (both["total_x"] != both["total_y"])
    assert told == set(both.loc[unlike, "day"].dt.date) == {date(2026, 3, 17)}


def test_when_the_last_rows_go_the_bins_of_their_days_come_back(tmp_path, labelled):
    """Fewer days are old then: what the store has by month alone is pulled again."""
    space, world = copied(labelled, tmp_path)
    for name, when in (("p", "at"), ("o", "when"), ("a", "at")):
        table = world.tables[name]
        world.tables[name] = table[table[when] < START + timedelta(days=DAYS - 45)]
    world.write()
    outcome = space.refresh(now=LATER + timedelta(hours=1), accept_gone=True).parts[0]
    assert outcome.why.startswith("everything")
    facts, _ = everything(space)
    facts["score"] = by_hand(facts["score"], outcome.last - KEPT)
    same(held(space), facts)
    assert max(empty_days(space)) < date(2026, 4, 1)


def test_an_earlier_last_day_of_the_analysis_brings_bins_back_and_a_later_one_merges(
    tmp_path, labelled
):
    space, _ = copied(labelled, tmp_path)
    path, end = space.loaded.path, date(2027, 4, 30)
    text = path.read_text()
    assert max(empty_days(space)) >= date(2026, 4, 1)
    path.write_text(text.replace("[workspace]", f"[workspace]\nas_of = {end}"))
    earlier = Workspace.load(path)
    outcome = earlier.refresh(now=LATER + timedelta(hours=1)).parts[0]
    facts, _ = everything(earlier)
    same({"score": held(earlier)["score"]}, {"score": by_hand(facts["score"], end - KEPT)})
    assert max(empty_days(earlier)) < date(2026, 3, 1)
    assert outcome.restated == ()
    path.write_text(text)
    outcome = Workspace.load(path).refresh(now=LATER + timedelta(hours=2)).parts[0]
    same({"score": held(space)["score"]}, {"score": by_hand(facts["score"], outcome.last - KEPT)})
    assert outcome.restated == ()


def test_the_ledger_of_an_old_day_shows_the_bins_of_its_month(tmp_path, labelled):
    space, _ = copied(labelled, tmp_path)
    every = everything(space)[0]["score"]
    day = date(2026, 3, 17)
    found = space.ledger("m", day)
    rows = {key_of(row): row for row in found["facts"]["score"]}
    here = every[every["day"] == pd.Timestamp(day)].to_dict("records")
    assert {key_of(row): row["total"] for row in here} == {k: r["total"] for k, r in rows.items()}
    month = every[(every["day"].dt.year == 2026) & (every["day"].dt.month == 3)]
    sums: dict[tuple[str, ...], np.ndarray] = {}
    days: dict[tuple[str, ...], int] = {}
    for row in month.to_dict("records"):
        sums[key_of(row)] = sums.get(key_of(row), 0) + row["n"]
        days[key_of(row)] = days.get(key_of(row), 0) + 1
    shown = {key_of(row): row["n"] for row in found["by_month"]["score"]}
    assert shown == {key: n.tolist() for key, n in sums.items() if days[key] > 1}
    for key, row in rows.items():
        assert (row["n"] is None) == (days[key] > 1)
    recent = space.ledger("m", date(2027, 5, 2))
    assert recent["by_month"] == {}
    assert all(row["n"] is not None for row in recent["facts"]["score"])
    done = CliRunner().invoke(read.app, ["ledger", "m", str(day), "-w", str(space.loaded.path)])
    assert done.exit_code == 0
    assert "score: bins of the whole month 2026-03" in " ".join(done.output.split())


def key_of(row: dict[str, object]) -> tuple[str, ...]:
    names = ("version", "segment", "arm", "acted", "label", "layout")
    return tuple(str(row[name]) for name in names)


def unmerge(space: Workspace, score: pd.DataFrame) -> None:
    """Put bins by day into the store, as a version without months left it."""
    with space.store() as store, store._writing() as connection:
        days = {"score": set(score["day"].dt.date)}
        store_facts.delete(connection, "m", days)
        store_facts.insert(connection, FACTS["score"], score)


def tables_of(space: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Every row of facts and vectors."""
    with space.store() as store, store._reading() as connection:
        every = (*tables.fact_tables.values(), tables.vectors)
        return {
            one.name: sorted(map(tuple, connection.execute(one.select()).all()), key=repr)
            for one in every
        }
