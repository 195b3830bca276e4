"""What the documents say of ready-made tables is so: examples load, rules and names are there."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import PROJECT
from tests.ready.tables import HEAD, NOW
from valuekit.api import Workspace
from valuekit.quarantine.rules import RULES
from valuekit.ready.names import HANDED, KEYS, MEASURES
from valuekit.workspace.template import template

PAGE = (PROJECT / "docs" / "ready-made.md").read_text(encoding="utf-8")
SOURCES = sorted((PROJECT / "valuekit" / "ready").glob("*.py"))


def test_the_first_example_runs(tmp_path: Path) -> None:
    declared = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    lines = re.findall(r"```\n(date,variant.*?)```", PAGE, re.DOTALL)[0]
    head, _, _ = HEAD.partition("[models.shop]")
    (tmp_path / "data").mkdir()
    (tmp_path / "valuekit.toml").write_text(head + declared)
    (tmp_path / "data" / "experiment_by_day.csv").write_text(lines)
    served = pd.DataFrame({"day": ["2026-03-01", "2026-03-20"], "requests": 10_000})
    served.to_csv(tmp_path / "data" / "served_by_day.csv", index=False)
    made = Workspace.load(tmp_path / "valuekit.toml")
    text = (tmp_path / "valuekit.toml").read_text()
    (tmp_path / "valuekit.toml").write_text(
        text.replace('window = "14d"', 'window = "14d"\ncomplete_through = 2026-03-20')
    )
    made = Workspace.load(tmp_path / "valuekit.toml")
    made.refresh(now=NOW)
    card = made.scorecard("checkout").evidence[0]
    rows = pd.read_csv(io.StringIO(lines))
    means = rows["revenue"] / rows["users"]
    assert card.effect.value == pytest.approx(means[1] - means[0], rel=1e-9)
    assert any(one.key.startswith("uplift.bought") for one in card.others)


def test_the_lines_of_the_template_load(tmp_path: Path) -> None:
    lines = re.findall(r"^# (\[models\.churn\.facts\]|effect = .*)$", template(), re.MULTILINE)
    assert len(lines) == 2
    text = HEAD.replace("models.shop", "models.churn") + "\n[models.churn.metrics.margin]\n"
    (tmp_path / "valuekit.toml").write_text(text + "\n".join(lines))
    model = Workspace.load(tmp_path / "valuekit.toml").loaded.workspace.models["churn"]
    assert model.ready("effect") is not None


def test_every_rule_is_explained_and_listed() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    held = set(re.findall(r'hold\([^\n]*, "(\w+)", ', code)) | {"null_arm", "empty_key"}
    assert {"bad_count", "bad_moments", "lost_digits", "bad_bin", "incomplete_day"} <= held
    assert held <= set(RULES)
    for rule in held:
        assert f"`{rule}`" in PAGE, rule


def test_every_fact_key_and_measure_is_listed() -> None:
    table = PAGE[PAGE.index("## What a table may hold") : PAGE.index("**Units of an experiment.**")]
    for fact in HANDED:
        row = next(one for one in table.splitlines() if one.startswith(f"| `{fact}`"))
        for key in KEYS[fact]:
            assert f"`{key}`" in row, (fact, key)
        if fact in {"volume", "usage", "score", "confusion"}:
            for name in MEASURES[fact]:
                assert f"`{name}`" in row, (fact, name)
