"""The terminal's door, as a user meets it: processes, exit codes, files, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import run, start
from valuekit import cli

ROOT = Path(__file__).parents[2]
VERBS = (
    *("init", "check", "refresh", "show", "ledger", "report", "decide", "app", "doctor"),
    *("holdout", "backup", "restore", "runs", "restatements", "quarantine"),
)


def test_the_main_job(small: Path) -> None:
    checked = start("check", "-w", str(small))
    assert checked.returncode == 0, checked.stderr
    refreshed = start("refresh", "-w", str(small), "--json")
    assert refreshed.returncode == 0, refreshed.stderr
    assert json.loads(refreshed.stdout)["rows_read"] == 800
    shown = start("show", "-w", str(small))
    assert "Lead scoring" in shown.stdout
    whole = json.loads(run("show", "-w", str(small), "--json").stdout)
    assert whole["schema"] == 1
    assert whole["portfolio"]["models"] == 1
    one = json.loads(run("show", "leads", "-w", str(small), "--json").stdout)
    assert one["scorecard"]["model"] == "leads"


def test_figures_equal_the_raw_rows(measured: Path) -> None:
    card = json.loads(run("show", "leads", "-w", str(measured), "--json").stdout)["scorecard"]
    rows = pd.read_parquet(measured.parent / "predictions.parquet").merge(
        pd.read_parquet(measured.parent / "outcomes.parquet"), on="id"
    )
    through = rows["seen"].max().normalize() - pd.Timedelta(days=5)
    mature = rows[rows["at"].dt.normalize() <= through]
    table = mature.groupby([mature["p"] >= 0.5, "won"]).size()
    pays = {(True, 1): 50, (True, 0): -10, (False, 1): -50, (False, 0): 5}
    total = sum(pays[key] * count for key, count in table.items())
    figures = {one["key"]: one["estimate"]["value"] for one in card["evidence"][0]["others"]}
    payoff = next(value for key, value in figures.items() if key.endswith("payoff_total"))
    assert payoff == pytest.approx(total)
    year = next(one for one in card["periods"] if one["name"] == "all")
    assert year["cost_attributed"]["value"] == pytest.approx(0.10 * year["predictions"])


def test_ledger_of_a_day(measured: Path) -> None:
    content = json.loads(run("ledger", "leads", "2026-01-03", "-w", str(measured), "--json").stdout)
    volume = [row for row in content["facts"]["volume"] if row["segment"] == "all"]
    assert sum(row["predictions"] for row in volume) == 10
    assert "volume" in run("ledger", "leads", "2026-01-03", "-w", str(measured)).stdout
    assert "No facts" in run("ledger", "leads", "2020-01-03", "-w", str(measured)).stdout


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_reports_are_written_whole(measured: Path, tmp_path: Path, fmt: str) -> None:
    target = tmp_path / f"out.{fmt}"
    done = run("report", "-w", str(measured), "--format", fmt, "--out", str(target))
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 1000
    assert not list(tmp_path.glob(".out*"))
    refused = run("report", "-w", str(measured), "--out", str(tmp_path / "no" / "x.xlsx"))
    assert refused.returncode == 1


def test_decisions_are_kept(measured: Path) -> None:
    words = (
        "decide",
        "leads",
        "keep",
        "--reason",
        "it pays",
        "--person",
        "Ana",
        "-w",
        str(measured),
    )
    assert run(*words).returncode == 0
    empty = run("decide", "leads", "keep", "--reason", " ", "--person", "Ana", "-w", str(measured))
    assert empty.returncode == 2
    assert "reason" in empty.stderr


def test_init_writes_a_valid_file_and_never_overwrites(tmp_path: Path) -> None:
    assert run("init", cwd=tmp_path).returncode == 0
    assert "[workspace]" in (tmp_path / "valuekit.toml").read_text(encoding="utf-8")
    again = run("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists" in again.stderr


def test_doctor(small: Path) -> None:
    before = run("doctor", "-w", str(small), "--json")
    assert before.returncode == 1
    assert "refresh" in before.stdout
    run("refresh", "-w", str(small))
    after = run("doctor", "-w", str(small), "--json")
    assert after.returncode == 0, after.stdout


def test_mistakes_say_file_line_rule_and_remedy(small: Path) -> None:
    small.write_text(small.read_text(encoding="utf-8") + '\ntyppo = "x"\n', encoding="utf-8")
    done = run("show", "-w", str(small))
    assert done.returncode == 1
    assert "valuekit.toml:" in done.stderr
    assert "typpo" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nonsense",), 2),
        (("show", "--period", "decade"), 2),
        (("ledger", "leads", "yesterday"), 2),
        (("show", "-w", "/nowhere/valuekit.toml"), 2),
        (("refresh", "-w", "/nowhere/valuekit.toml"), 2),
        (("check", "--json", "-w", "/nowhere/valuekit.toml"), 2),
        (("quarantine", "explain", "nonsense"), 2),
    ],
)
def test_exit_codes(words: tuple[str, ...], code: int) -> None:
    assert run(*words).returncode == code


def test_an_unknown_model_is_named(measured: Path) -> None:
    for words in (("show", "nobody"), ("check", "nobody"), ("report", "nobody")):
        done = run(*words, "-w", str(measured))
        assert done.returncode == 2
        assert "leads" in done.stderr


def test_a_refused_file_is_told_as_json_too(small: Path) -> None:
    small.write_text(small.read_text(encoding="utf-8") + '\ntyppo = "x"\n', encoding="utf-8")
    done = run("check", "--json", "-w", str(small))
    assert done.returncode == 1
    content = json.loads(done.stdout)
    assert (content["schema"], content["ok"], content["models"]) == (1, False, {})
    (found,) = content["findings"]
    assert set(found) == {"severity", "code", "place", "value", "rule", "remedy", "rows"}
    assert (found["code"], found["value"]) == ("unknown_key", "`typpo`")
    assert found["place"] in done.stderr


def test_warnings_of_the_file_are_in_the_json(small: Path) -> None:
    text = small.read_text(encoding="utf-8").replace("[[models.leads.evidence]]", "[ignored]")
    small.write_text(text.split("[ignored]", maxsplit=1)[0], encoding="utf-8")
    content = json.loads(run("check", "--json", "-w", str(small)).stdout)
    assert content["ok"] is True
    assert {one["code"] for one in content["findings"]} == {"no_evidence", "no_costs"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--out", "p.pdf"), 2, "no report is written as .pdf"),
        (("--out", "p.csv", "--format", "xlsx"), 2, "xlsx does not belong"),
        (("--out", "p.xlsx", "-f", "csv"), 2, "csv does not belong"),
        (("--out", "p.csv"), 0, b"\xef\xbb\xbf"),
        (("--out", "p.XLSX"), 0, b"PK"),
        (("--out", "p", "--format", "csv"), 0, b"\xef\xbb\xbf"),
        (("--out", "p"), 0, b"PK"),
    ],
)
def test_the_ending_of_a_report_is_its_format(
    measured: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str | bytes
) -> None:
    done = run("report", *words, "-w", str(measured), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    target = tmp_path / words[1]
    if isinstance(said, bytes):
        assert target.read_bytes().startswith(said)
    else:
        assert said in " ".join(done.stderr.split())
        assert not target.exists()


def test_not_refreshed_says_what_to_do(small: Path) -> None:
    done = run("show", "-w", str(small))
    assert done.returncode == 1
    assert "valuekit refresh" in done.stderr


def test_a_failed_run_leaves_the_last_good_one(small: Path) -> None:
    run("refresh", "-w", str(small))
    before = json.loads(run("show", "leads", "-w", str(small), "--json").stdout)
    table = small.parent / "predictions.parquet"
    table.write_bytes(table.read_bytes()[:200])
    failed = run("refresh", "-w", str(small))
    assert failed.returncode == 1
    assert "predictions" in failed.stderr
    after = json.loads(run("show", "leads", "-w", str(small), "--json").stdout)
    (told,) = after.pop("warnings")
    assert told.startswith("The last refresh failed (run 2, ")
    assert before.pop("warnings") == []
    assert after == before


def test_every_verb_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    text = run("--help").stdout
    for verb in VERBS:
        assert verb in text
        assert f"valuekit {verb}" in readme
        assert run(verb, "--help").returncode == 0


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        (
            "p",
            "text",
            "numbers (found text values: 400 of 400 cells are no numbers, the first 'word' in pred",
        ),
        ("at", "naive", "a time without a zone needs the zone it was written in"),
        (
            "at",
            "text",
            "the column must hold dates or times (found text values: 400 of 400 cells are no dates",
        ),
        ("id", "float", "an id stored as a float loses digits above 2^53"),
    ],
)
def test_check_and_refresh_name_all_wrong_columns(
    small: Path, column: str, kind: str, said: str
) -> None:
    tables = [one for one in ("predictions", "outcomes") if one == "predictions" or column == "id"]
    for name in tables:
        rows = pd.read_parquet(small.parent / f"{name}.parquet")
        if kind == "naive":
            small.write_text(small.read_text().replace('timezone = "UTC"\n', ""))
        else:
            rows[column] = [1.5] * len(rows) if kind == "float" else ["word"] * len(rows)
        rows.to_parquet(small.parent / f"{name}.parquet")
    for verb in ("check", "refresh"):
        done = run(verb, "-w", str(small))
        assert done.returncode == 1
        assert said in done.stderr, done.stderr
        assert f"column {column}" in done.stderr
    whole = run("check", "-w", str(small), "--json")
    assert json.loads(whole.stdout)["ok"] is False


def test_check_of_an_empty_table(small: Path) -> None:
    rows = pd.read_parquet(small.parent / "predictions.parquet")
    rows.head(0).to_parquet(small.parent / "predictions.parquet")
    done = run("check", "-w", str(small))
    assert done.returncode == 0, done.stderr
    assert "the table has no data yet" in done.stderr
    table = json.loads(run("check", "-w", str(small), "--json").stdout)["models"]["leads"]["tables"]
    assert table[0] == {
        "table": "predictions",
        "rows": 0,
        "first": None,
        "last": None,
        "days": 0,
        "rows_per_day": None,
    }
    shown = run("refresh", "-w", str(small))
    assert shown.returncode == 0
    assert "unknown" in run("show", "-w", str(small)).stdout


def test_what_nobody_foresaw_is_a_line_and_not_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.delenv(cli.TRACEBACK, raising=False)
    monkeypatch.setattr(cli, "_ran", broken)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert "RuntimeError: boom" in said
    assert cli.TRACEBACK in said
    assert "Traceback (" not in said
    monkeypatch.setenv(cli.TRACEBACK, "1")
    with pytest.raises(RuntimeError):
        cli.main()
