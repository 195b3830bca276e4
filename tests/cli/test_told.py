"""What the terminal says of things that are not as they were asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import forked, run
from valuekit.cli.story import worth
from valuekit.estimate import Estimate, unknown
from valuekit.store import open_store

_DIES = """
import os
from datetime import UTC, datetime
from valuekit.store import open_store
store = open_store(url)
store.begin("refresh", {}, datetime(2026, 3, 2, tzinfo=UTC))
os._exit(9)
"""


@pytest.fixture
def own(measured: Path, tmp_path: Path) -> Path:
    shutil.copytree(measured.parent, tmp_path / "own")
    return tmp_path / "own" / measured.name


def test_a_run_whose_process_is_gone_is_not_shown_as_running(own: Path) -> None:
    url = f"sqlite:///{next(own.parent.rglob('*.db'))}"
    assert forked(_DIES, url=url) == 9
    for _ in range(2):  # asking writes nothing
        content = json.loads(run("runs", "-w", str(own), "--json").stdout)
        assert [one["status"] for one in content["runs"]] == ["interrupted", "ok"]
        with open_store(url) as store:
            assert [one.status for one in store.runs()] == ["running", "ok"]
    said = run("runs", "-w", str(own)).stdout
    assert "interrupted" in said
    assert "2 runs, 1 failed" in said
    with open_store(url) as store:  # the next run tidies up
        store.fail(
            store.begin("refresh", {}, store.runs(1)[0].started), "", store.runs(1)[0].started
        )
        assert store.runs(2)[1].cause == "killed"
    said = run("runs", "-w", str(own)).stdout
    assert "interrupted" in said
    assert "0.0" not in next(line for line in said.splitlines() if "interrupted" in line)


def test_a_run_that_computes_is_not_called_interrupted(own: Path) -> None:
    url = f"sqlite:///{next(own.parent.rglob('*.db'))}"
    with open_store(url) as store:
        store.begin("refresh", {}, store.runs(1)[0].started)
        content = json.loads(run("runs", "-w", str(own), "--json").stdout)
        assert [one["status"] for one in content["runs"]] == ["running", "ok"]


def test_a_model_that_nobody_declared_is_wrong_usage(measured: Path) -> None:
    for more in ((), ("--dry-run",)):
        done = run("refresh", "leads", "nosuch", *more, "-w", str(measured))
        assert done.returncode == 2
        assert "nosuch: the workspace declares no such model. Models are: leads." in done.stderr


def test_a_misspelt_model_is_told_the_nearest(measured: Path) -> None:
    done = run("refresh", "laeds", "-w", str(measured))
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "no such model. Did you mean leads? Models are: leads." in said
    for verb in ("show", "check", "report"):
        done = run(verb, "laeds", "-w", str(measured))
        assert (done.returncode, "Did you mean leads? Models" in done.stderr) == (2, True)


def test_everything_and_some_days_is_wrong_usage(own: Path) -> None:
    """One of the two was ignored in silence."""
    for more in ((), ("--dry-run",)):
        done = run("refresh", "--full", "--since", "2026-01-05", *more, "-w", str(own))
        assert done.returncode == 2
        assert "--full computes every day already" in " ".join(done.stderr.split())
    content = json.loads(run("runs", "-w", str(own), "--json").stdout)
    assert len(content["runs"]) == 1


@pytest.mark.parametrize("verb", ["check", "show", "refresh", "runs"])
@pytest.mark.parametrize("store", ["", "values.db", "mysql://db/values"])
def test_a_store_that_is_no_address_is_told_with_its_place(
    own: Path, verb: str, store: str
) -> None:
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace("currency", f'store = "{store}"\ncurrency', 1), encoding="utf-8")
    line = 1 + own.read_text(encoding="utf-8").splitlines().index(f'store = "{store}"')
    done = run(verb, "-w", str(own))
    if verb == "check" and "://" in store:
        return  # which stores nothing
    assert done.returncode == 1
    assert f"{own.name}:{line} workspace.store: " in done.stderr
    assert "sqlite:///valuekit.db" in done.stderr


def test_a_day_in_the_future_is_wrong_usage(own: Path) -> None:
    ahead = datetime.now(UTC).date() + timedelta(days=2)  # in every zone
    for more in ((), ("--dry-run",)):
        done = run("refresh", "--since", str(ahead), *more, "-w", str(own))
        assert done.returncode == 2
        assert f"{ahead} lies in the future" in " ".join(done.stderr.split())
    text = own.read_text(encoding="utf-8").replace("currency", f"as_of = {ahead}\ncurrency", 1)
    own.write_text(text, encoding="utf-8")  # made-up data may lie ahead
    done = run("refresh", "--since", str(ahead), "--dry-run", "-w", str(own))
    assert done.returncode == 0, done.stderr


def test_a_run_that_never_was_restated_nothing(measured: Path) -> None:
    for number in ("0", "99"):
        done = run("restatements", "--run", number, "-w", str(measured))
        assert done.returncode == 2
        assert f"no run of this number (found {number}). Runs are: 1. " in done.stderr
    done = run("restatements", "--run", "1", "-w", str(measured))
    assert (done.returncode, done.stdout) == (0, "Run 1 restated no published day.\n")


def test_an_export_replaces_no_file_unasked(measured: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    target.write_text("mine", encoding="utf-8")
    words = ("quarantine", "export", "-w", str(measured), "--out", str(target))
    done = run(*words)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert target.read_text(encoding="utf-8") == "mine"
    assert run(*words, "--force").returncode == 0
    assert target.read_text(encoding="utf-8-sig").startswith("Model")


def test_a_report_replaces_no_file_unasked(own: Path) -> None:
    target = own.parent / "all.csv"
    target.write_text("mine", encoding="utf-8")
    url = f"sqlite:///{next(own.parent.rglob('*.db'))}"
    with open_store(url) as store:
        before = store.reports()  # other tests export from the same store
    words = ("report", "-w", str(own), "--out", str(target))
    done = run(*words)
    assert done.returncode == 2
    assert "replace it with --force" in done.stderr
    assert target.read_text(encoding="utf-8") == "mine"
    with open_store(url) as store:
        assert store.reports() == before  # what was not written is no export
    assert run(*words, "--force").returncode == 0
    with open_store(url) as store:
        assert len(store.reports()) == len(before) + 1
    assert target.read_text(encoding="utf-8-sig").startswith("Model")
    plain = ("report", "-w", str(own))  # by its own name, and into a folder
    assert run(*plain, cwd=own.parent).returncode == 0
    assert run(*plain, cwd=own.parent).returncode == 2
    assert run(*plain, "--out", str(own.parent)).returncode == 2
    assert run(*plain, "--force", cwd=own.parent).returncode == 0


def test_a_backup_replaces_nothing_and_a_restore_needs_one(own: Path) -> None:
    made = own.parent / "kept.db"
    assert run("backup", str(made), "-w", str(own)).returncode == 0
    before = made.read_bytes()
    assert run("backup", str(made), "-w", str(own)).returncode == 2
    assert made.read_bytes() == before
    assert run("backup", str(own.parent / "none" / "kept.db"), "-w", str(own)).returncode == 2
    assert run("restore", str(own.parent / "none.db"), "-w", str(own)).returncode == 2
    assert run("restore", str(made), "-w", str(own)).returncode == 1  # the store has rows


def test_a_rule_that_holds_nothing_back_any_more_names_the_past(measured: Path) -> None:
    said = run("quarantine", "explain", "bad_score", "-w", str(measured))
    assert "quarantine export --past" in said.stdout


def test_rows_are_counted_as_a_refresh_counts_them(small: Path) -> None:
    """A line that cannot be split is a row that was read, wherever rows are told."""
    for name in ("predictions", "outcomes"):
        table = small.with_name(f"{name}.parquet")
        pd.read_parquet(table).to_csv(small.with_name(f"{name}.csv"), index=False)
        table.unlink()
    with small.with_name("predictions.csv").open("a", encoding="utf-8") as file:
        file.write("5000,2026-02-01 00:00:00,0.5,one,more\n")
    assert "801 rows read" in run("refresh", "-w", str(small)).stdout
    points = json.loads(run("doctor", "-w", str(small), "--json").stdout)["points"]
    (told,) = [one["finding"] for one in points if one["what"] == "tables of leads"]
    assert told == "predictions 401 rows, outcomes 400 rows"
    tables = json.loads(run("check", "-w", str(small), "--json").stdout)["models"]["leads"][
        "tables"
    ]
    assert [one["rows"] for one in tables] == [401, 400]


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "valuekit", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:9]) == (0, "valuekit ")


def test_an_interruption_while_it_starts_is_no_trace() -> None:
    code = (
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'valuekit.cli.setup':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from valuekit.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped; the last good run is untouched\n")


def test_a_value_without_net_is_told_with_its_range_or_the_reason():
    known = Estimate(3171.06, "EUR", low=986.3, high=5356.0)
    assert worth(known, "EUR") == "€3.17k (95% range €986 to €5.36k)"
    why = "The declared split was not kept"
    assert worth(unknown(why, "EUR"), "EUR") == ("unknown, because the declared split was not kept")
