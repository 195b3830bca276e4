"""Rows held back, on the Data health page without a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.dashboard.conftest import Fill, Pages, text_of
from tests.hostile_rows import HELD, READ, write
from tests.ready.test_places import at, torn
from valuekit.api import Workspace
from valuekit.quarantine.rules import rule

Open = Callable[[Path], Pages]
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def refreshed(folder: Path, more: str = "") -> Path:
    path = write(folder, more)
    Workspace.load(path).refresh(now=NOW)
    return path


def test_every_rule_has_count_share_words_and_rows(tmp_path: Path, pages: Open) -> None:
    app = pages(refreshed(tmp_path)).open("health")
    labels = [one.label.replace("\\", "").replace("\u2060", "") for one in app.expander]
    for source, name in HELD:
        n, read = HELD[source, name], READ[source]
        assert f"{rule(name).title} · {source} · {n} ({100 * n / read:.1f}%)" in labels
    text = text_of(app)
    for _, name in HELD:
        assert rule(name).meaning in text
        assert rule(name).remedy in text
    frames = [one.value for one in app.dataframe]
    assert "No other warnings" in text
    assert "rows held back by the rule" not in text
    examples = [one for one in frames if "Row" in one.columns]
    assert sorted(len(one) for one in examples) == sorted(HELD.values())
    assert all("customer-" not in one.to_string() for one in examples)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_ready_made_rows_are_shown_where_they_are(tmp_path: Path, pages: Open, kind: str) -> None:
    app = pages(torn(tmp_path, kind).loaded.path).open("health")
    tables = [one.value for one in app.dataframe if "Row" in one.value.columns]
    files = sorted(str(file) for table in tables for file in table["File"])
    assert sorted(file.partition(";")[0] for file in files) == sorted(
        [*(at(kind, "a", row) for row in (5, 6, 9, 10)), at(kind, "b", 21)]
    )
    assert sum("spend is 7.5 here and 1020.0" in file for file in files) == 1


def test_the_sums_fit(tmp_path: Path, pages: Open) -> None:
    app = pages(refreshed(tmp_path)).open("health")
    (sums,) = [one.value for one in app.dataframe if "Held back" in one.value.columns]
    for row in sums.to_dict("records"):
        parts = ("Used", "Held back", "Repeated", "Outside window")
        assert int(row["Read"]) == sum(int(row[part]) for part in parts) == READ[row["Source"]]
    assert f"{sum(HELD.values())} of {sum(READ.values())} rows (4.1%) were not used" in text_of(app)


def test_a_limit_that_was_lowered_since_is_shown(tmp_path: Path, pages: Open) -> None:
    path = refreshed(tmp_path)
    write(tmp_path, "[workspace.quarantine.rules]\norphan = { fail_rows = 1 }")
    text = text_of(pages(path).open("health"))
    assert "Too many rows break a rule: Outcome of nobody" in text
    assert "the next run is refused" in text


def test_rules_without_kept_rows_say_when_they_come(fill: Fill, pages: Open) -> None:
    """Runs of an older version have counts and no examples."""
    assert "Examples are kept from the next refresh on" in text_of(pages(fill()).open("health"))
