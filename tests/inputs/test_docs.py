"""docs/inputs.md names no code that nothing in the program says."""

from __future__ import annotations

import re

from tests.conftest import PROJECT


def test_every_documented_code_exists() -> None:
    page = (PROJECT / "docs" / "inputs.md").read_text(encoding="utf-8")
    said = {
        code
        for line in page.splitlines()
        if line.startswith("|")
        for code in re.findall(r"`([a-z_]+)`", line.rstrip("|").rpartition("|")[2])
    }
    folders = (PROJECT / "connectors", PROJECT / "valuekit")
    sources = [path.read_text(encoding="utf-8") for one in folders for path in one.rglob("*.py")]
    # Rules of unsplittable rows are the engine's own words, in lower case.
    engine = {"missing_columns", "too_many_columns"}
    missing = {
        code for code in said - engine if not any(f'"{code}"' in source for source in sources)
    }
    assert len(said) > 40
    assert missing == set()
