"""What a run says as a whole is shown wherever it is read; a read-only store still reports."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.cli.conftest import write
from valuekit.api import Workspace
from valuekit.cli import read
from valuekit.cli.doctor import examine

POOL = """
[[pools]]
category = "people"
amount = "3000"
driver = "predictions"
from = 2026-01-01
"""
RULE = "no model served a prediction, so these days were split evenly"


@pytest.fixture(scope="module")
def gap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A refreshed workspace: a pool is split by predictions, and three days have none."""
    path = write(tmp_path_factory.mktemp("gap"))
    path.write_text(path.read_text(encoding="utf-8") + POOL, encoding="utf-8")
    table = path.parent / "predictions.parquet"
    rows = pd.read_parquet(table)
    rows[~rows["at"].dt.day.isin([10, 11, 12])].to_parquet(table)
    Workspace.load(path).refresh(now=datetime(2026, 3, 1, tzinfo=UTC))
    return path


def test_show_and_doctor_repeat_what_the_run_found(gap: Path) -> None:
    (found,) = Workspace.load(gap).last_run().findings
    assert (found.value, found.rule) == ("3 days", RULE)
    made = CliRunner().invoke(read.app, ["show", "-w", str(gap), "--json"])
    assert json.loads(made.stdout)["warnings"] == [str(found)]
    assert f"info: {found}" in CliRunner().invoke(read.app, ["show", "-w", str(gap)]).stderr
    points = [one for one in examine(gap) if one.what == "pools[0] people"]
    assert [(one.state, one.finding) for one in points] == [("ok", f"3 days: {RULE}")]


def test_a_store_that_may_only_be_read_gives_the_report_and_says_it_is_not_noted(
    gap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Workspace.load(gap)
    assert held.report("portfolio", "csv").noted
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode, **how: mode != os.W_OK and access(path, mode, **how)
    )
    made = held.report("portfolio", "csv")
    assert not made.noted
    assert len(made.data) > 1000
    target = tmp_path / "out.csv"
    words = ["report", "-w", str(gap), "--format", "csv", "--out", str(target)]
    done = CliRunner().invoke(read.app, words)
    assert done.exit_code == 0
    assert "The store cannot be written here now: the export is not noted." in done.stdout
    assert target.stat().st_size > 1000
    monkeypatch.undo()
    with held.store() as store:
        assert len(store.reports()) == 1
    assert held.ledger("leads", date(2026, 1, 3))["day"] == "2026-01-03"
