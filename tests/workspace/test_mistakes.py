"""Whatever is done to a file: it is refused exactly when it has mistakes, and all have remedies."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from valuekit.workspace.declare import Workspace
from valuekit.workspace.mistakes import mistakes

ROOT = Path(__file__).parents[2]
RAW = tomllib.loads((ROOT / "sample_data" / "valuekit.toml").read_text(encoding="utf-8"))
VALUES: list[Any] = [
    "x", "", 5, -1, 1.5, True, [], {}, ["x"], [5], {"x": "y"}, {"x": 5}, "payoff", "holdout",
    "switchback", "2026-01-31", float("nan"), "90d", [{}],
]  # fmt: skip


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from paths(one, (*path, key))


PATHS = list(paths(RAW))
SPOILT = st.tuples(
    st.sampled_from(PATHS),
    st.sampled_from(["lose", "rename", "replace", "add"]),
    st.sampled_from(VALUES),
)


def spoil(raw: dict[str, Any], path: tuple[str | int, ...], deed: str, value: Any) -> None:
    """One slip at a path; nothing when an earlier one took it away."""
    table: Any = raw
    for part in path[:-1]:
        try:
            table = table[part]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    there = last in table if isinstance(table, dict) else False
    if isinstance(table, list) and isinstance(last, int) and last < len(table):
        table[last] = deepcopy(value)
    elif isinstance(table, dict) and deed == "add":
        table["added"] = deepcopy(value)
    elif there and deed == "lose":
        del table[last]
    elif there and deed == "rename":
        table[f"{last}x"] = table.pop(last)
    elif there:
        table[last] = deepcopy(value)


def sound(raw: dict[str, Any]) -> bool:
    try:
        Workspace.model_validate(raw)
    except ValidationError:
        return False
    return True


@given(st.lists(SPOILT, min_size=1, max_size=5))
def test_a_file_has_mistakes_exactly_when_it_is_refused(slips: list[Any]) -> None:
    raw = deepcopy(RAW)
    for slip in slips:
        spoil(raw, *slip)
    before = repr(raw)
    found = mistakes(raw)
    assert bool(found) != sound(raw), [slip[:2] for slip in slips]
    assert repr(raw) == before  # judged, not touched
    for one in found:
        assert one.rule
        assert one.remedy
        assert one.code
        assert "Correct this table" not in one.remedy
