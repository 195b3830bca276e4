"""Who asks for JSON gets one document on standard output, also when the command fails."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import Done, run, start
from tests.cli.conftest import write
from valuekit.api import Workspace
from valuekit.store import open_store
from valuekit.store.connect import address, file_of

FINDING = {"severity", "code", "place", "value", "rule", "remedy", "rows"}
READING = [
    ("show",),
    ("show", "leads"),
    ("ledger", "leads", "2026-01-05"),
    ("runs",),
    ("restatements",),
    ("quarantine",),
    ("quarantine", "leads"),
    ("quarantine", "explain", "leads", "bad_score"),
    ("holdout", "plan", "leads"),
    ("holdout", "register", "leads", "--person", "Ada"),
    ("holdout", "assign", "leads"),
    ("holdout", "check", "leads"),
    ("holdout", "status"),
]
RUNNING = [("refresh",), ("refresh", "leads"), ("refresh", "--dry-run"), ("check",)]


def refused(done: Done, code: int) -> list[dict[str, object]]:
    """The findings of the only document; each is told to people too."""
    assert done.returncode == code, (done.stdout, done.stderr)
    content = json.loads(done.stdout)
    assert (content["schema"], content["ok"]) == (1, False)
    assert content["findings"]
    for one in content["findings"]:
        assert set(one) == FINDING
        assert all(one[name] for name in ("rule", "remedy", "place", "code"))
    return list(content["findings"])


@pytest.mark.parametrize("words", [*RUNNING, *READING], ids=" ".join)
def test_a_mistake_in_the_file(words: tuple[str, ...], small: Path) -> None:
    small.write_text(small.read_text(encoding="utf-8") + '\ntyppo = "x"\n', encoding="utf-8")
    done = run(*words, "--json", "-w", str(small))
    (found,) = refused(done, 1)
    assert found["code"] == "unknown_key"
    assert f"{found['place']}: {found['rule']}" in done.stderr


@pytest.mark.parametrize("words", [*RUNNING, *READING, ("doctor",)], ids=" ".join)
def test_a_file_that_is_not_there(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*words, "--json", "-w", str(tmp_path / "none.toml"))
    if words == ("doctor",):  # its points are its findings
        assert done.returncode == 1
        assert json.loads(done.stdout)["ok"] is False
        assert "valuekit init" in json.loads(done.stdout)["points"][0]["remedy"]
    else:
        (found,) = refused(done, 2)
        assert found["code"] == "no_file"


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_store_that_is_none(words: tuple[str, ...], small: Path) -> None:
    store = file_of(address(Workspace.load(small).loaded.store_url))
    store.write_text("not a database, but long enough to be read as one" * 50, encoding="utf-8")
    (found,) = refused(run(*words, "--json", "-w", str(small)), 1)
    # A model without units can have no holdout, whatever the store is.
    assert found["code"] == (
        "holdout" if words[1:2] in {("plan",), ("register",)} else "not_a_store"
    )


def test_sources_that_cannot_be_read(small: Path) -> None:
    """A failed run has its number; readers keep the last good run."""
    assert json.loads(run("refresh", "--json", "-w", str(small)).stdout)["ok"] is True
    table = small.parent / "predictions.parquet"
    table.write_bytes(table.read_bytes()[:200])
    done = run("refresh", "--json", "-w", str(small))
    (found,) = refused(done, 1)
    assert "predictions" in str(found["place"])
    assert json.loads(done.stdout)["run"] == 2
    with open_store(f"sqlite:///{next(small.parent.rglob('*.db'))}") as store:
        newest, *_ = store.runs(1)
    assert (newest.id, newest.status, newest.cause) == (2, "failed", found["code"])
    assert json.loads(run("show", "--json", "-w", str(small)).stdout)["run"] == 1
    done = run("refresh", "--dry-run", "--json", "-w", str(small))
    refused(done, 1)
    assert json.loads(done.stdout)["run"] is None
    content = json.loads(run("check", "--json", "-w", str(small)).stdout)
    assert (content["ok"], content["models"]["leads"]["findings"][0]["rule"]) == (
        False,
        found["rule"],
    )
    content = json.loads(run("doctor", "--json", "-w", str(small)).stdout)
    assert content["ok"] is False


def test_too_many_rows_held_back_have_value_rule_place_and_remedy(small: Path) -> None:
    text = small.read_text(encoding="utf-8")
    limits = "[models.leads.quarantine]\nrules = { orphan = { fail_rows = 0 } }\n"
    small.write_text(text + limits, encoding="utf-8")
    rows = pd.read_parquet(small.parent / "outcomes.parquet")
    rows.loc[:2, "id"] += 100_000
    rows.to_parquet(small.parent / "outcomes.parquet")
    done = run("refresh", "--json", "-w", str(small))
    (found,) = refused(done, 1)
    assert (found["code"], found["rows"]) == ("orphan", 3)
    assert json.loads(done.stdout)["run"] == 1


def test_another_refresh_has_a_code_of_its_own(small: Path) -> None:
    Workspace.load(small).refresh()
    with open_store(f"sqlite:///{next(small.parent.rglob('*.db'))}") as store:
        store.begin("refresh", {}, store.runs(1)[0].started)
        done = run("refresh", "--json", "-w", str(small))
    (found,) = refused(done, 75)
    assert found["code"] == "busy"
    assert json.loads(done.stdout)["run"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("refresh", "--nonsense"), "No such option"),
        (("refresh", "--since", "yesterday"), "does not match"),
        (("refresh", "nobody"), "declares no such model"),
        (("ledger", "leads"), "Missing argument"),
        (("nonsense",), "No such command"),
        (("holdout", "assign", "leads", "--dialect", "latin"), "dialects are"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], said: str, small: Path) -> None:
    where = () if words == ("nonsense",) else ("-w", str(small))
    done = run(*words, *where, "--json")
    (found,) = refused(done, 2)
    assert found["code"] == "usage"
    assert said in str(found["rule"])
    assert said in " ".join(done.stderr.split())
    assert run(*words, *where).stdout == ""


def test_an_option_behind_two_dashes_is_a_word(small: Path) -> None:
    done = run("show", "-w", str(small), "--", "--json")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError, ZeroDivisionError, OSError])
def test_whatever_ends_a_run(
    stop: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from valuekit import cli, refresh

    def ends(*_: object, **__: object) -> None:
        raise stop

    path = write(tmp_path)
    monkeypatch.setattr(refresh, "_computed", ends)
    monkeypatch.delenv("VALUEKIT_TRACEBACK", raising=False)
    monkeypatch.setattr("sys.argv", ["valuekit", "refresh", "--json", "-w", str(path)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == (130 if stop is KeyboardInterrupt else 1)
    content = json.loads(capsys.readouterr().out)
    (found,) = content["findings"]
    codes: dict[type[BaseException], str] = {
        KeyboardInterrupt: "stopped",
        MemoryError: "out_of_memory",
        ZeroDivisionError: "unforeseen",
        OSError: "system",
    }
    assert (content["ok"], content["run"], found["code"]) == (False, 1, codes[stop])


@pytest.mark.parametrize("step", ["assess", "pulled"])
def test_what_nobody_foresaw_names_its_model_and_a_way_on(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from valuekit import cli, refresh

    def ends(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    path = write(tmp_path)
    monkeypatch.setattr(refresh, step, ends)
    monkeypatch.delenv("VALUEKIT_TRACEBACK", raising=False)
    monkeypatch.setattr("sys.argv", ["valuekit", "refresh", "--json", "-w", str(path)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["place"] == "models.leads, in test_json_of_failures.py, ends"
    assert "valuekit refresh MODEL" in found["remedy"]


def test_the_plain_command_is_refused_in_the_same_shape(small: Path) -> None:
    """Imports and all, as a terminal starts it."""
    small.unlink()
    refused(start("refresh", "--json", "-w", str(small)), 2)
