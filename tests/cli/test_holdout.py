"""Holdouts at the terminal: plan, register, assign, check on past data, status."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.cli.commands import run
from valuekit.api import Workspace
from valuekit.cli import main
from valuekit.errors import StoreError
from valuekit.uplift.assignment import assign
from valuekit.workspace.load import load

TOML = """
[workspace]
name = "Small"
currency = "EUR"

[sources.files]
kind = "duckdb"
path = "."
timezone = "UTC"

[models.offers]
title = "Offers"
owner = "crm@example.com"
task = "ranking"

[models.offers.predictions]
table = "predictions"
id = "id"
time = "at"
unit = "customer"

[models.offers.outcomes]
table = "outcomes"
on = { customer = "customer" }
time = "seen"
window = "7d"

[models.offers.metrics.margin]
column = "margin"
already_money = true

[models.offers.costs]
per_prediction = "0.50"
"""
TOMORROW = datetime.now(UTC).date() + timedelta(days=2)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A workspace without any holdout, not refreshed."""
    rng = np.random.default_rng(5)
    n = 3000
    at = pd.date_range("2026-01-01", periods=n, freq="20min")
    customers = [f"c{one}" for one in range(n)]
    pd.DataFrame({"id": range(n), "at": at, "customer": customers}).to_parquet(
        tmp_path / "predictions.parquet"
    )
    margin = rng.gamma(2, 5, n)
    pd.DataFrame(
        {"customer": customers, "seen": at + pd.Timedelta(days=2), "margin": margin}
    ).to_parquet(tmp_path / "outcomes.parquet")
    path = tmp_path / "valuekit.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


def go(*words: str, at: Path) -> subprocess.CompletedProcess[str]:
    """The terminal's door in this process: starting one a verb takes longer than its work."""
    command = ["valuekit", "holdout", *words, "-w", str(at)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", command)
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def test_from_no_holdout_to_a_registered_one(fresh: Path) -> None:
    held = Workspace.load(fresh)
    held.refresh(now=datetime(2026, 3, 1, tzinfo=UTC))
    seen = json.loads(go("plan", "offers", "--json", at=fresh).stdout)["plan"]
    assert seen["metric"] == "margin"
    assert seen["tightest"] == -(-seen["units"] // 2)
    assert seen["detectable_watched"] > seen["detectable_fixed"]
    assert "Nothing is stored" in go("plan", "offers", at=fresh).stdout

    start = TOMORROW.isoformat()
    words = ["offers", "--start", start, "--share", "0.2", "--days", "42", "--person", "me"]
    done = go("register", *words, "--json", at=fresh)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    content = made["registration"]
    assert content["shares"] == {"control": "0.2", "model": "0.8"}
    assert content["last"] == (TOMORROW + timedelta(days=41)).isoformat()
    assert "holdout_arm" in made["log"]

    # The printed lines make a workspace that loads, with the registered plan.
    fresh.write_text(TOML.replace('unit = "customer"', 'unit = "customer"\narm = "holdout_arm"')
                     + made["toml"].split("\n\n")[1], encoding="utf-8")  # fmt: skip
    evidence = load(fresh).workspace.models["offers"].evidence[0]
    assert evidence.planned_units == content["units"]
    assert evidence.allocation[0].control == 0.2

    listed = json.loads(go("status", "--json", at=fresh).stdout)["holdouts"]
    assert [(one["model"], one["state"]) for one in listed] == [("offers", "registered")]
    whole = json.loads(run("show", "-w", str(fresh), "--json").stdout)
    assert whole["portfolio"]["holdouts"] == listed
    assert held.last_run().kind == "refresh"  # the registration's run is never shown


def test_a_start_in_the_past_and_a_second_look_are_refused(fresh: Path) -> None:
    given = ("--per-day", "100", "--sd", "9")
    late = go("register", "offers", "--start", "2026-01-01", "--person", "me", *given, at=fresh)
    assert late.returncode == 1
    assert "past" in late.stderr
    today = datetime.now(UTC).date().isoformat()
    words = ("offers", "--start", today, "--days", "30", "--person", "me", *given)
    first = go("register", *words, at=fresh)
    assert first.returncode == 0, first.stderr
    again = go("register", *words, at=fresh)
    assert again.returncode == 1
    assert "runs since" in again.stderr
    nobody = go("register", "offers", "--person", " ", *given, at=fresh)
    assert nobody.returncode == 1
    with (
        Workspace.load(fresh).store() as store,
        pytest.raises(StoreError, match="never changed"),
        store._writing() as connection,
    ):
        connection.exec_driver_sql("delete from registrations")


def test_what_no_year_can_tell_is_not_planned_for_decades(fresh: Path) -> None:
    """At 100 units a day and sd 9, five cents a unit would take twenty years."""
    given = ("--per-day", "100", "--sd", "9", "--effect", "0.05")
    seen = json.loads(go("plan", "offers", *given, "--json", at=fresh).stdout)["plan"]
    assert seen["settles"] is False
    assert seen["days"] + 7 == 365
    assert seen["share"] == 0.5
    assert seen["detectable_watched"] > 0.05
    done = go("register", "offers", *given, "--person", "me", at=fresh)
    assert done.returncode == 1
    assert "no holdout within 365 days tells" in done.stderr
    asked = ("--share", "0.1", "--days", "30")
    assert go("register", "offers", *given, *asked, "--person", "me", at=fresh).returncode == 0
    enough = ("--per-day", "100", "--sd", "9", "--effect", "1")
    assert json.loads(go("plan", "offers", *enough, "--json", at=fresh).stdout)["plan"]["settles"]


def test_without_facts_a_plan_needs_numbers(fresh: Path) -> None:
    assert json.loads(go("status", "--json", at=fresh).stdout)["holdouts"] == []
    bare = go("plan", "offers", at=fresh)
    assert not list(fresh.parent.glob("*.db"))  # what only reads makes no store
    assert bare.returncode == 1
    assert "--per-day" in bare.stderr
    words = ("--per-day", "100", "--sd", "9", "--effect", "1.5", "--share", "0.5")
    made = json.loads(go("plan", "offers", *words, "--json", at=fresh).stdout)["plan"]
    # 3.9 standard errors: N = (3.9 / 1.5)^2 x 81 x 4, and 100 a day.
    assert made["days"] == pytest.approx((3.0615 + 0.8416) ** 2 / 1.5**2 * 81 * 4 / 100, abs=1)
    assert made["detectable_watched"] == pytest.approx(1.5, rel=0.02)
    odd = go("plan", "offers", *words[:4], "--share", "1.2", at=fresh)
    assert odd.returncode == 1


def test_the_sql_deals_the_arms_that_python_deals(fresh: Path) -> None:
    go("register", "offers", "--person", "me", "--share", "0.3", "--days", "30", "--salt", "s-1",
       "--per-day", "100", "--sd", "9", at=fresh)  # fmt: skip
    made = json.loads(go("assign", "offers", "--column", "customer", "--json", at=fresh).stdout)
    table = fresh.parent / "predictions.parquet"
    found = duckdb.sql(f"SELECT customer, {made['sql']} FROM '{table}'").fetchall()
    shares = {"control": "0.3", "model": "0.7"}
    assert made["shares"] == shares
    assert found == [(name, assign(name, salt="s-1", shares=shares)) for name, _ in found]
    one = go("assign", "offers", "--unit", "c7", at=fresh).stdout
    assert one.strip() == f"c7: {assign('c7', salt='s-1', shares=shares)}"
    assert go("assign", "offers", "--dialect", "oracle", at=fresh).returncode == 2
    assert go("assign", "offers", "--dialect", "postgres", at=fresh).returncode == 0


def test_a_second_holdout_waits_until_the_first_has_stopped(fresh: Path) -> None:
    today = datetime.now(UTC).date()
    given = ("--person", "me", "--per-day", "100", "--sd", "9", "--share", "0.3", "--days", "30")

    def register(start: date, salt: str) -> subprocess.CompletedProcess[str]:
        when = ("--start", start.isoformat(), "--salt", salt)
        return go("register", "offers", *when, *given, at=fresh)

    def dealt(*words: str) -> str:
        return json.loads(go("assign", "offers", *words, "--json", at=fresh).stdout)["salt"]

    assert register(today + timedelta(days=10), "first").returncode == 0
    last = today + timedelta(days=39)
    for day in (today, today + timedelta(days=20), last):
        late = register(day, "second")
        assert late.returncode == 1
        assert f"until {last}" in " ".join(late.stderr.split())
        assert "another salt" in " ".join(late.stderr.split())
        assert f"--start after {last}" in " ".join(late.stderr.split())
    assert dealt() == "first"
    done = register(last + timedelta(days=1), "second")
    assert done.returncode == 0, done.stderr
    assert dealt() == "first"
    assert dealt("--on", last.isoformat()) == "first"
    assert dealt("--on", (last + timedelta(days=1)).isoformat()) == "second"
    # Before the first one there is room, too.
    early = ("--start", today.isoformat(), "--days", "10", "--salt", "before")
    assert go("register", "offers", *early, *given[:-2], at=fresh).returncode == 0
    assert dealt() == "before"


def test_one_that_has_stopped_early_makes_room(fresh: Path) -> None:
    today = datetime.now(UTC).date()
    given = ("--person", "me", "--per-day", "100", "--sd", "9", "--share", "0.3", "--days", "30")
    first = go("register", "offers", "--start", today.isoformat(), *given, at=fresh)
    assert first.returncode == 0, first.stderr
    soon = ("--start", (today + timedelta(days=3)).isoformat(), "--salt", "s-2")
    assert go("register", "offers", *soon, *given, at=fresh).returncode == 1
    stopped = f'design = "holdout"\ncontrol = "control"\nuntil = {today + timedelta(days=2)}\n'
    fresh.write_text(
        TOML.replace('unit = "customer"', 'unit = "customer"\narm = "holdout_arm"')
        + f"[[models.offers.evidence]]\n{stopped}",
        encoding="utf-8",
    )
    done = go("register", "offers", *soon, *given, at=fresh)
    assert done.returncode == 0, done.stderr


def test_past_units_dealt_by_the_salt_equal_raw_rows(fresh: Path) -> None:
    done = go("check", "offers", "--salt", "s-1", "--share", "0.3", "--json", at=fresh)
    found = json.loads(done.stdout)
    rows = pd.read_parquet(fresh.parent / "outcomes.parquet")
    shares = {"control": "0.3", "model": "0.7"}
    arm = rows["customer"].map(lambda one: assign(one, salt="s-1", shares=shares))
    for one in found["arms"]:
        mine = rows.loc[arm == one["arm"], "margin"]
        assert one["units"] == len(mine)
        assert one["mean"] == pytest.approx(mine.mean())
    assert found["passed"] == (done.returncode == 0)
    assert {one["name"] for one in found["checks"]} == {"Sample ratio", "Outcomes before the start"}
    broken = rows.assign(margin=rows["margin"] + 3.0 * (arm == "model"))
    broken.to_parquet(fresh.parent / "outcomes.parquet")
    failed = go("check", "offers", "--salt", "s-1", "--share", "0.3", at=fresh)
    assert failed.returncode == 1
    assert "another salt" in failed.stdout


def test_an_unknown_model_is_named(fresh: Path) -> None:
    for verb in (("plan",), ("assign",), ("register", "--person", "me")):
        done = go(verb[0], "nothing", *verb[1:], at=fresh)
        assert done.returncode == 2
        assert "no such model" in done.stderr
    assert "no holdout is registered" in go("assign", "offers", at=fresh).stderr
