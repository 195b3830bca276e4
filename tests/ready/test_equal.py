"""A company's scorecards are the same from its rows and from the daily tables of their sums."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ready.handed import MODELS, NOW, from_rows, from_tables
from valuekit.api import Workspace
from valuekit.scorecard import to_json

CLOSE = 1e-9
# What daily sums cannot tell, or tell of themselves: where rows came from, how the age of units
# bears on their outcomes, and segments whose bins were other ones.
APART = ("health.intake", "health.warnings", ".ages", "Novelty", "grade_reasons[0]")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Workspace]:
    folder = tmp_path_factory.mktemp("handed")
    rows = from_rows(folder / "rows")
    tables = from_tables(rows, folder / "tables")
    tables.refresh(now=NOW)
    return rows, tables


def differences(a: Any, b: Any, at: str = "") -> Iterator[str]:
    """Paths at which two scorecards differ, numbers by more than rounding."""
    if isinstance(a, dict) and isinstance(b, dict):
        here = f"{at}({a['name']})" if "status" in a else at
        for key in sorted(a.keys() | b.keys()):
            yield from differences(a.get(key), b.get(key), f"{here}.{key}")
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield f"{at}: {len(a)} and {len(b)} entries"
        for place, (x, y) in enumerate(zip(a, b, strict=False)):
            yield from differences(x, y, f"{at}[{place}]")
    elif isinstance(a, int | float) and isinstance(b, int | float):
        if abs(a - b) > CLOSE * max(abs(a), abs(b), 1.0):
            yield f"{at}: {a} and {b}"
    elif a != b:
        yield f"{at}: {a!r} and {b!r}"


def expected(one: str, model: str) -> bool:
    """Whether a difference is one that sums cannot but make."""
    if any(part in one for part in APART):
        return True
    if one.startswith(".segments") and ".performance" in one:
        return model != "demand"
    return model == "sendtime" and one.startswith(".accuracy.withheld")


@pytest.mark.parametrize("model", MODELS)
def test_every_figure_is_the_same(both: tuple[Workspace, Workspace], model: str) -> None:
    rows, tables = (json.loads(to_json(one.scorecard(model))) for one in both)
    found = list(differences(rows, tables))
    assert [one for one in found if not expected(one, model)] == []
    assert rows["periods"], "the model must have money to compare"


def test_the_grades_of_the_holdouts_are_kept(both: tuple[Workspace, Workspace]) -> None:
    for model in ("churn", "sendtime"):
        cards = [one.scorecard(model) for one in both]
        assert cards[0].evidence[0].effect_grade == cards[1].evidence[0].effect_grade
        assert {one.name: one.status for one in cards[0].evidence[0].diagnostics} == {
            one.name: "passed" if one.name == "Novelty" else one.status
            for one in cards[1].evidence[0].diagnostics
        }


def test_every_row_of_the_tables_is_accounted_for(both: tuple[Workspace, Workspace]) -> None:
    tables = both[1]
    data = tables.loaded.folder / "data"
    lines = {
        path.stem: len(path.read_text().splitlines()) - 1 for path in sorted(data.glob("*.csv"))
    }
    for model in MODELS:
        for one in tables.intake(model):
            assert one.read == one.accepted, one
            if (name := f"{model}_{one.source.removeprefix('facts.')}") in lines:
                assert one.read == lines[name]
