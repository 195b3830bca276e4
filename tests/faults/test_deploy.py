"""The schedules under deploy/: what they start exists, and they know the exit codes."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from valuekit.cli import (
    codes,
    run,  # registers the verbs
)
from valuekit.cli.app import app

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICE = DEPLOY / "systemd" / "valuekit-refresh.service"
TIMER = DEPLOY / "systemd" / "valuekit-refresh.timer"
CRON = DEPLOY / "cron" / "valuekit"

assert run


def unit(path: Path) -> configparser.ConfigParser:
    made = configparser.ConfigParser(strict=True, interpolation=None)  # refuses a key twice
    made.optionxform = str
    made.read(path, encoding="utf-8")
    return made


def line() -> str:
    (found,) = (one for one in CRON.read_text().splitlines() if re.match(r"[\d*]", one))
    return found


def options(words: list[str]) -> set[str]:
    return {one for one in words if one.startswith("--")}


def test_the_command_and_its_options_exist():
    known = {name for one in get_command(app).commands["refresh"].params for name in one.opts}
    service = shlex.split(unit(SERVICE)["Service"]["ExecStart"])
    assert service[1] == "refresh"
    cron = shlex.split(re.search(r"\$\((.*) 2>&1\)", line())[1])
    assert cron == service
    assert options(service) <= known


def test_the_unit_knows_the_exit_codes():
    service = unit(SERVICE)["Service"]
    assert service["SuccessExitStatus"] == str(codes.BUSY) == "75"
    assert service["RestartPreventExitStatus"].split() == ["2", "78", "130", "143"]
    assert service["Type"] == "oneshot"
    assert service["KillSignal"] == "SIGINT"
    assert unit(TIMER)["Timer"]["Persistent"] == "yes"
    assert unit(TIMER)["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize(
    ("code", "mailed"), [(0, False), (75, False), (1, True), (2, True), (130, True), (143, True)]
)
def test_cron_mails_failures_only(tmp_path, code, mailed):
    fake = tmp_path / "valuekit"
    fake.write_text(f'#!/bin/sh\necho "said to $1"\necho why >&2\nexit {code}\n')
    fake.chmod(0o755)
    command = line().split("valuekit ", 1)[1].replace("/opt/valuekit/.venv/bin/valuekit", str(fake))
    assert "%" not in command  # cron reads it as the end of the command
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
    assert bool(done.stdout) == mailed
    if mailed:
        assert f"ended with {code}" in done.stdout
        assert "said to refresh" in done.stdout
        assert "why" in done.stdout


def test_systemd_accepts_the_units(tmp_path):
    """By its own check where it is installed; elsewhere every line is a section, comment or key."""
    for path in (SERVICE, TIMER):
        for text in path.read_text().splitlines():
            assert re.fullmatch(r"|#.*|\[\w+\]|[A-Z]\w+=.*", text), text
    if shutil.which("systemd-analyze") is None:
        return
    for path in (SERVICE, TIMER):  # the program is not installed there: a stand-in is
        text = path.read_text().replace("/opt/valuekit/.venv/bin/valuekit", "/bin/true")
        (tmp_path / path.name).write_text(text)
    names = [str(tmp_path / one.name) for one in (SERVICE, TIMER)]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [one for one in done.stderr.splitlines() if "valuekit-refresh" in one]
    assert said == []
    assert done.returncode == 0, done.stderr


def test_the_page_names_every_file_and_code():
    text = (DEPLOY / "README.md").read_text()
    for path in (SERVICE, TIMER, CRON):
        assert str(path.relative_to(DEPLOY)) in text
    assert {"0", "1", "2", "75", "130", "143"} <= set(
        re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    )
