"""``valuekit quarantine``: list, explain, export, as processes over a workspace with bad rows."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.commands import run
from tests.hostile_rows import HELD, HOSTILE, READ, write
from valuekit.api import Workspace
from valuekit.quarantine.redact import escaped
from valuekit.quarantine.rules import rule


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write(tmp_path_factory.mktemp("held"))
    Workspace.load(path).refresh(now=datetime(2026, 2, 1, tzinfo=UTC))
    return path


def test_the_list_counts_every_rule(held: Path) -> None:
    shown = run("quarantine", "-w", str(held))
    assert shown.returncode == 0, shown.stderr
    cells = "".join(shown.stdout.split()).replace("│", "")  # a narrow column folds
    for name in ("bad_score", "bad_cell", "missing_columns", "orphan"):
        assert name in cells
        assert rule(name).title.split()[0] in shown.stdout
    n, all_of_them = HELD["outcomes", "orphan"], READ["outcomes"]
    said = " ".join(shown.stdout.split())
    assert f"leads: {n} of {all_of_them} outcomes" in said
    assert f"credited to nobody: {n} Outcome of nobody (orphan): no prediction or unit that" in said
    assert "\u202e" not in shown.stdout
    assert run("quarantine", "list", "leads", "-w", str(held)).stdout == shown.stdout
    assert run("quarantine", "leads", "-w", str(held)).stdout == shown.stdout


def test_json_is_whole(held: Path) -> None:
    content = json.loads(run("quarantine", "leads", "-w", str(held), "--json").stdout)
    assert list(content) == ["schema", "run", "finished", "rules", "sources", "outcomes"]
    assert {(one["source"], one["rule"]): one["rows"] for one in content["rules"]} == HELD
    assert all(len(one["examples"]) == min(20, one["rows"]) for one in content["rules"])
    for one in content["sources"]:
        fates = ("accepted", "quarantined", "deduplicated", "out_of_window")
        assert one["read"] == sum(one[fate] for fate in fates) == READ[one["source"]]
    (outcomes,) = content["outcomes"]
    orphans = HELD["outcomes", "orphan"]
    assert outcomes["outcomes"] - outcomes["credited"] == orphans
    assert [(one["rule"], one["rows"]) for one in outcomes["reasons"]] == [("orphan", orphans)]
    score = next(one for one in content["rules"] if one["rule"] == "bad_score")
    assert (score["first"], score["last"]) == ("2026-01-04", "2026-01-04")
    assert score["state"] == "warning"


def test_a_rule_is_explained_with_its_rows(held: Path) -> None:
    for words in (("bad_score",), ("leads", "bad_score")):
        said = run("quarantine", "explain", *words, "-w", str(held))
        assert said.returncode == 0, said.stderr
        assert "the score is no number between 0 and 1" in said.stdout
        assert "What to do:" in said.stdout
        assert "7 of 215 rows" in said.stdout
    content = json.loads(run("quarantine", "explain", "orphan", "-w", str(held), "--json").stdout)
    assert list(content) == ["schema", "rule", "rules"]
    assert content["rule"]["name"] == "orphan"
    assert [one["rows"] for one in content["rules"]] == [2]


def test_rules_are_explained_anywhere(tmp_path: Path) -> None:
    said = run("quarantine", "explain", "duplicate", cwd=tmp_path)
    assert said.returncode == 0
    assert "Counted once" in said.stdout
    unknown = run("quarantine", "explain", "nonsense", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "Rules are: bad_cell" in unknown.stderr
    path = write(tmp_path)  # never refreshed
    assert run("quarantine", "explain", "orphan", "-w", str(path)).returncode == 0
    assert "Run: valuekit refresh" in run("quarantine", "-w", str(path)).stderr


def test_unknown_models_are_named(held: Path) -> None:
    for words in (("nobody",), ("explain", "nobody", "orphan"), ("export", "nobody")):
        done = run("quarantine", *words, "-w", str(held))
        assert done.returncode == 2
        assert "declares no such model" in done.stderr


def test_the_export_is_whole_and_no_cell_is_a_formula(held: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    done = run("quarantine", "export", "-w", str(held), "--out", str(target))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(target.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == sum(HELD.values())
    assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@\t\r"))]
    values = {row["Value"] for row in rows if row["Rule"] == "bad_cell"}
    assert "'" + escaped(HOSTILE[1]) in values  # =cmd
    assert {row["Met by the last run"] for row in rows} == {"yes"}
    assert not [row for row in rows if "customer-" in str(row) or "stranger-" in str(row)]
    refused = run("quarantine", "export", "-w", str(held), "--out", str(tmp_path / "no" / "x.csv"))
    assert refused.returncode == 1
    assert "--out" in refused.stderr


def test_a_clean_workspace_says_so(measured: Path) -> None:
    said = run("quarantine", "-w", str(measured))
    assert said.returncode == 0
    assert "No row is held back" in said.stdout
    content = json.loads(run("quarantine", "-w", str(measured), "--json").stdout)
    assert content["rules"] == []
    assert sum(one["read"] for one in content["sources"]) == 800


def test_a_newer_run_that_failed_is_told_beside_the_counts(tmp_path: Path) -> None:
    path = write(tmp_path)
    Workspace.load(path).refresh(now=datetime(2026, 2, 1, tzinfo=UTC))
    with Workspace.load(path).store(create=True) as store:
        at = datetime(2026, 2, 2, tzinfo=UTC)
        store.fail(store.begin("refresh", {"models": None}, at), "too many rows", at, "bad_day")
    said = " ".join(run("quarantine", "-w", str(path)).stdout.split())
    assert re.search(r"The last refresh failed \(run 2, \d+ days ago\)", said)
