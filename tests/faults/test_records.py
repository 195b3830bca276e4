"""What a run leaves: the history in the store, the log beside it, the exit code."""

from __future__ import annotations

import json
import logging
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.faults import tiny
from tests.faults import rooms
from valuekit.api import Workspace
from valuekit.cli import log
from valuekit.cli.codes import BUSY
from valuekit.cli.read_so_far import read_so_far
from valuekit.faults import interrupted
from valuekit.journal import cause, note
from valuekit.store import open_store
from valuekit.store.tables import fact_tables

SECRET = "hunter2-canary"  # noqa: S105 (a canary, not a secret)


def days(path: Path) -> set[object]:
    """Days with a fact of any kind: outcomes have days after the last prediction."""
    with Workspace.load(path).store() as store, store._reading() as connection:
        tables = fact_tables.values()
        return {day for one in tables for (day,) in connection.execute(sa.select(one.c.day))}


def lines(path: Path) -> list[dict]:
    return [json.loads(one) for one in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_run_is_logged_and_listed(refreshed, tmp_path):
    target = tmp_path / "run.jsonl"
    words = ("refresh", "-w", str(refreshed.path), "--log", str(target), "--json")
    done = rooms.valuekit(*words)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)  # the log is never on standard output
    held = lines(target)
    assert [one["event"] for one in held] == [
        "run_started", "model_planned", "model_pulled", "run_stored",
    ]  # fmt: skip
    started, planned, pulled, stored = held
    assert started["models"] == ["leads"]
    assert (pulled["rows"], pulled["days"]) == (said["rows_read"], 32)  # outcomes come a day later
    assert [planned[key] for key in ("rows", "days")] == [said["rows_read"], 31]  # with predictions
    assert (stored["rows"], stored["facts"]) == (said["rows_read"], said["fact_rows"])
    assert {one["process"] for one in held} == {started["process"]}
    for one in held:
        assert datetime.fromisoformat(one["at"]).tzinfo is not None
    listed = json.loads(rooms.valuekit("runs", "-w", str(refreshed.path), "--json").stdout)["runs"]
    assert [one["status"] for one in listed] == ["ok", "ok"]
    newest = listed[0]
    assert newest["run"] == said["run"]
    assert newest["rows_read"] == said["rows_read"]
    assert newest["days_replaced"] == stored["days_replaced"] == len(days(refreshed.path))
    assert newest["store_bytes"] == (refreshed.path.parent / "values.db").stat().st_size
    assert newest["seconds"] > 0
    assert newest["holder"].startswith("process ")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_failure_is_logged_with_its_cause_and_a_second_refresh_ends_with_75(refreshed, tmp_path):
    target = tmp_path / "run.jsonl"
    words = ("refresh", "-w", str(refreshed.path), "--log", str(target))
    table = refreshed.path.parent / "outcomes.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:200])
    assert rooms.valuekit(*words).returncode == 1
    failed = lines(target)[-1]
    assert (failed["event"], failed["level"]) == ("run_failed", "error")
    assert failed["cause"] == failed["causes"][0]["code"] == "truncated"
    table.write_bytes(whole)
    with Workspace.load(refreshed.path).store() as holder:
        number = holder.begin("refresh", {}, datetime.now(UTC))
        busy = rooms.valuekit(*words)
        assert busy.returncode == BUSY
        assert f"run {number}, process " in busy.stderr
    refused = lines(target)[-1]
    assert (refused["event"], refused["cause"]) == ("run_refused", "busy")
    shown = rooms.valuekit("runs", "-w", str(refreshed.path))
    assert "failed" in shown.stdout


def test_every_run_knows_the_size_of_its_store(refreshed, url):
    with open_store(url) as store:
        assert store.latest_run().store_bytes > 100_000
        assert store.size() >= store.latest_run().store_bytes


def test_no_secret_reaches_the_log(tmp_path, monkeypatch):
    target = tmp_path / "run.jsonl"
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with log.logged(str(target)):
        note("a", place=f"postgresql://ada:{SECRET}@db/x", why=f"password={SECRET}, next")
        note("b", causes=[{"value": f"the server said {SECRET}"}])
    text = target.read_text()
    assert len(lines(target)) == 2
    assert SECRET not in text
    assert "ada" in text


def test_the_log_of_a_store_behind_a_password(tmp_path):
    place = tiny.make(tmp_path, f"postgresql://ada:{SECRET}@127.0.0.1:1/values")
    target = tmp_path / "run.jsonl"
    done = rooms.valuekit("refresh", "-w", str(place), "--log", str(target))
    assert done.returncode == 1
    assert lines(target)[-1]["cause"] == "unreachable"
    assert SECRET not in target.read_text() + done.stdout + done.stderr
    place.write_text("nonsense = 1")
    assert rooms.valuekit("refresh", "-w", str(place), "--log", str(target)).returncode == 1
    assert lines(target)[-1]["event"] == "run_refused"


def test_the_log_stays_small(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "LARGEST", 2_000)
    target = tmp_path / "run.jsonl"
    with log.logged(str(target)):
        for number in range(300):
            note("finding", number=number)
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == log.KEPT + 1
    assert all(one.stat().st_size <= 2_000 for one in kept)
    assert lines(target)[-1]["number"] == 299


def test_a_log_that_cannot_be_opened_is_said_before_anything_runs(tmp_path):
    done = rooms.valuekit("refresh", "-w", "x.toml", "--log", str(tmp_path / "no" / "run.jsonl"))
    assert done.returncode == 1
    assert "the log cannot be opened" in done.stderr


def test_a_log_that_can_no_longer_be_written_stops_no_run(capsys):
    with log.logged("/dev/full"):
        note("a")
        note("b")
    said = capsys.readouterr().err
    assert said.count("the log cannot be written") == 1
    assert "No space left" in said


def test_standard_error_takes_the_log(capsys):
    with log.logged("-"):
        note("a", logging.WARNING, one=1)
    held = json.loads(capsys.readouterr().err)
    assert (held["event"], held["level"], held["one"]) == ("a", "warning", 1)


def test_rows_and_days_add_up_while_it_reads():
    with read_so_far() as done:
        assert str(done) == ""
        note("model_planned", model="a", rows=1_000, days=30)
        assert str(done) == "0 of 1,000 rows, 0 of 30 days"
        note("model_pulled", model="a", rows=1_000, days=30)
        assert str(done) == "1,000 rows, 30 days"
        note("model_planned", model="b", rows=700, days=20)
        assert str(done) == "1,000 of 1,700 rows, 30 of 50 days"
        note("model_pulled", model="b", rows=500, days=30)  # more had to be computed, of fewer rows
        note("run_stored", rows=9, days=9)
        assert str(done) == "1,500 rows, 60 days"


def test_there_is_no_scheduler_inside():
    done = rooms.valuekit("refresh", "--every", "1d")
    assert done.returncode == 2
    assert "deploy/README.md" in done.stderr
    assert isinstance(done, subprocess.CompletedProcess)


def test_an_interruption_is_one_in_whichever_words_an_engine_reports_it():
    engine = RuntimeError("Query interrupted")
    wrapped = ValueError("while reading")
    wrapped.__cause__ = KeyboardInterrupt()
    for one in (KeyboardInterrupt(), engine, wrapped):
        assert interrupted(one)
        assert cause(one) == "stopped"
    other = RuntimeError("something else")
    assert not interrupted(other)
    assert cause(other) == "unforeseen"
