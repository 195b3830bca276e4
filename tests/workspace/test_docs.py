"""docs/workspace.md lists exactly the keys that the models declare, with their defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from valuekit.workspace.declare import Workspace
from valuekit.workspace.keys import allowed, declared, models

DOCS = Path(__file__).parents[2] / "docs" / "workspace.md"


def documented() -> dict[str, dict[str, str]]:
    """Table -> key -> its row, from the headings and tables of the page."""
    found: dict[str, dict[str, str]] = {}
    tables: list[str] = []
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            tables = re.findall(r"`([^`]+)`", line)
            found |= {table: {} for table in tables}
        elif row := re.match(r"\| `(\w+)` \| (.*)", line):
            for table in tables:
                found[table][row[1]] = row[2]
    return found


@pytest.mark.parametrize("table", [one for one in declared() if one])
def test_keys_of_every_table(table: str) -> None:
    assert list(documented()[table]) == list(declared()[table])


def test_no_table_is_invented() -> None:
    assert set(documented()) == set(declared()) - {""}


@pytest.mark.parametrize(("table", "model"), models())
def test_required_keys_and_defaults(table: str, model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items() if table else ():
        row = documented()[table][field.alias or name]
        kind = row.split(" | ", maxsplit=1)[0]
        assert kind.endswith("**required**") == field.is_required(), (table, name)
        stated = re.search(r"default `([^`]+)`", kind)
        if stated:
            written = stated[1].strip('"').removesuffix("d") if name in DAYS else stated[1]
            assert written.strip('"').lower() == str(field.default).lower(), (
                table,
                name,
            )


DAYS = {"window", "allowance"}


def test_allowed_walks_names_and_lists() -> None:
    assert allowed(()) == tuple(Workspace.model_fields)
    assert "window" in allowed(("models", "any", "outcomes"))
    assert allowed(("models", "any", "evidence", 3, "payoff", "tp")) == (
        "fixed",
        "rate",
    )
    assert allowed(("models", "any", "metrics")) == ()
    assert allowed(("models", "any", "nonsense", "deeper")) == ()
