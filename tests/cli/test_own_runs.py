"""Figures, reports and decisions name the run that made them, which need not be the last one."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import run
from tests.cli.conftest import TOML, write

MODEL = TOML[TOML.index("[models.leads]") :]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two models, both of run 1; one of them again of run 2."""
    path = write(tmp_path)
    path.write_text(TOML + MODEL.replace("leads", "offers").replace("Lead", "Offer"))
    assert run("refresh", "-w", str(path)).returncode == 0
    assert run("refresh", "offers", "--full", "-w", str(path)).returncode == 0
    return path


def test_a_run_of_one_model_stamps_no_other(two: Path) -> None:
    where = ("-w", str(two))
    said = json.loads(run("show", *where, "--json").stdout)
    assert {name: one["run"] for name, one in said["made"].items()} == {"leads": 1, "offers": 2}
    assert said["run"] == 2
    for name, number in (("leads", 1), ("offers", 2)):
        alone = json.loads(run("show", name, *where, "--json").stdout)
        assert {key: alone[key] for key in ("run", "finished")} == said["made"][name]
        assert f"made by run {number}." in " ".join(run("show", name, *where).stdout.split())
        words = ("decide", name, "keep", "--reason", "It pays", "--person", "Ada")
        assert f"on run {number}." in run(*words, *where).stdout
    assert "Runs 1 to 2." in " ".join(run("show", *where).stdout.split())
    out = two.parent / "all.csv"
    assert run("report", "--out", str(out), *where).returncode == 0
    rows = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig")))
    made = {(row["Model"], row["Run"], row["Run finished"]) for row in rows}
    finished = {name: said["made"][name]["finished"][:19] for name in said["made"]}
    assert {(model, number, at[:19]) for model, number, at in made} == {
        ("leads", "1", finished["leads"]),
        ("offers", "2", finished["offers"]),
    }
    assert len(made) == 2


def test_why_the_last_run_failed_is_told_to_its_end(two: Path) -> None:
    """The remedy stands at the end of a message, which is longer than a cell of the table."""
    rows = pd.read_parquet(two.parent / "predictions.parquet")
    rows["p"] = rows["p"].where(rows["at"] < rows["at"].max().normalize(), rows["p"] * 100 + 2)
    days = [rows.assign(id=rows["id"] + 1000 * n) for n in range(3)]
    pd.concat(days).to_parquet(two.parent / "predictions.parquet", index=False)
    assert run("refresh", "-w", str(two)).returncode == 1
    shown = run("runs", "-w", str(two)).stdout
    (newest, *_) = json.loads(run("runs", "--json", "-w", str(two)).stdout)["runs"]
    assert newest["status"] == "failed"
    assert len(newest["message"]) > 300
    assert f"Why run {newest['run']} failed, in full:" in shown
    for line in newest["message"].splitlines():
        assert line in shown
