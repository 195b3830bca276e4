"""Daily files that go missing between others, and ones that may be cut: told, not guessed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.incremental.lake import NOW
from tests.incremental.test_ids import DAYS, EACH, Daily
from valuekit.errors import Finding


@pytest.fixture(autouse=True)
def _finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sql.survey.SETTLED", 0)


@pytest.fixture
def daily(tmp_path: Path) -> Daily:
    made = Daily(tmp_path, "number")
    made.space.refresh(now=NOW)
    return made


def told(daily: Daily, hour: int, code: str, *, full: bool = False) -> list[Finding]:
    part = daily.space.refresh(now=NOW + timedelta(hours=hour), full=full).parts[0]
    return [one for one in part.findings if one.code == code]


@pytest.mark.parametrize("full", [False, True])
def test_a_file_in_the_middle_that_is_gone_is_named_once(daily, full):
    path = daily.folder / "data" / "p" / "0030.parquet"
    path.unlink()
    (one,) = told(daily, 1, "file_gone", full=full)
    assert (one.severity, one.rows) == ("warning", EACH)
    assert one.value == f"p/0030.parquet; {EACH} rows fewer"
    assert one.place.endswith("models.m.predictions.table")
    assert told(daily, 2, "file_gone", full=full) == []
    daily.write(30)
    assert told(daily, 3, "file_gone", full=full) == []


def test_files_that_become_one_are_not_gone(daily):
    folder = daily.folder / "data" / "p"
    paths = [folder / f"{day:04d}.parquet" for day in range(10, 20)]
    rows = pd.concat([pd.read_parquet(path) for path in paths])
    for path in paths:
        path.unlink()
    rows.to_parquet(folder / "0010-0019.parquet", index=False)
    assert told(daily, 1, "file_gone") == []
    part = daily.space.refresh(now=NOW + timedelta(hours=2)).parts[0]
    assert part.restated == ()


def test_a_text_file_that_ends_within_a_line_unlike_the_others(tmp_path):
    made = Daily(tmp_path, "number")
    folder = tmp_path / "data" / "o"
    for path in sorted(folder.glob("*.parquet")):
        pd.read_parquet(path).to_csv(path.with_suffix(".csv"), index=False)
        path.unlink()
    text = (tmp_path / "valuekit.toml").read_text()
    (tmp_path / "valuekit.toml").write_text(text.replace('table = "o"', 'table = "o/*.csv"'))
    space = made.space.load(tmp_path / "valuekit.toml")
    made.space = space
    assert told(made, 0, "no_line_end") == []
    last = folder / f"{DAYS:04d}.csv"
    last.write_text(made.outcomes(DAYS).to_csv(index=False).removesuffix("\n"))
    (one,) = told(made, 1, "no_line_end")
    assert (one.severity, one.value) == ("warning", f"o/{last.name}")
    for path in folder.glob("*.csv"):  # a writer that leaves the last line end out
        path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert told(made, 2, "no_line_end") == []
