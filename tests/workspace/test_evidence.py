"""Evidence without a holdout: what each design needs, which keys fit it, and what is refused."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from valuekit.errors import Finding, WorkspaceError
from valuekit.workspace.declare import Model
from valuekit.workspace.evidence import KEYS, PANEL_DESIGNS, Design, Evidence
from valuekit.workspace.load import load

DOCS = Path(__file__).parents[2] / "docs" / "workspace.md"
HEAD = """\
[workspace]
name = "Test"
currency = "EUR"
[sources.lake]
kind = "duckdb"
"""
MODEL = """\
[models.NAME]
title = "Title"
owner = "a@example.com"
task = "ranking"
"""
PANEL = """\
[models.m.panel]
table = "p"
time = "day"
group = "store"
launch = { a = 2026-01-20 }
"""
REST = """\
[models.m.metrics.sales]
already_money = true
primary = true
[models.m.metrics.footfall]
column = "visitors"
[models.m.costs]
per_prediction = 0
[[models.m.evidence]]
"""
GOOD = HEAD + MODEL.replace("NAME", "m") + PANEL + REST + 'design = "diff_in_diff"\n'


def findings(folder: Path, text: str) -> tuple[Finding, ...]:
    (folder / "valuekit.toml").write_text(text)
    with pytest.raises(WorkspaceError) as caught:
        load(folder)
    return caught.value.findings


def only(folder: Path, text: str) -> Finding:
    found = findings(folder, text)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def examples() -> list[str]:
    text = DOCS.read_text(encoding="utf-8")
    return re.findall(
        r"```toml\n(.*?)```", text[text.index("### Examples of evidence") :], re.DOTALL
    )


@pytest.mark.parametrize("place", range(len(examples()) - 1))
def test_the_examples_of_the_page_load_without_warnings(tmp_path: Path, place: int) -> None:
    text = examples()[place]
    name = re.search(r"models\.(\w+)\.", text)
    assert name
    costs = f"[models.{name[1]}.costs]\nper_prediction = 0\n"
    (tmp_path / "valuekit.toml").write_text(HEAD + MODEL.replace("NAME", name[1]) + text + costs)
    loaded = load(tmp_path)
    assert {one.code for one in loaded.warnings} <= {"no_money"}
    assert loaded.workspace.models[name[1]].evidence


def test_the_page_has_an_example_of_every_design() -> None:
    shown = set(re.findall(r'"(\w+)"', "".join(re.findall(r"design = .*", "\n".join(examples())))))
    assert {*PANEL_DESIGNS, "observational", "holdout"} <= shown | {"synthetic_did"}


def test_a_good_panel(tmp_path: Path) -> None:
    (tmp_path / "valuekit.toml").write_text(GOOD)
    loaded = load(tmp_path)
    model = loaded.workspace.models["m"]
    assert loaded.warnings == ()
    assert model.panel is not None
    assert model.panel.launch == {"a": date(2026, 1, 20)}
    assert model.panel.per_season == 7
    assert loaded.workspace.source_of(model.panel) == "lake"
    assert set(model.panel_metrics) == {"sales", "footfall"}
    assert model.unit_metrics == {}


@pytest.mark.parametrize(
    ("old", "new", "place", "rule", "remedy"),
    [
        (PANEL, "", "6 models.m", "nothing to measure", "[panel]"),
        ('group = "store"\n', "", "13 models.m.panel.launch", "`launch` names groups", "`group`"),
        (
            "launch = { a = 2026-01-20 }",
            'treated_from = "live"\nlaunch = { a = 2026-01-20 }',
            "15 models.m.panel.launch",
            "both say when",
            "one of them",
        ),
        ("launch = { a = 2026-01-20 }", "", "23 models.m.evidence[0].design",
         "who was treated", "`treated_from`"),
        ("launch = { a = 2026-01-20 }", "launch = { a = 5 }", "14 models.m.panel.launch.a",
         "5 is not a day", "2026-01-31"),
        ('time = "day"', 'time = "day"\nblock_hours = 5\narm = "on"',
         "13 models.m.panel.block_hours", "fit into it", "block_hours from 1"),
        ('time = "day"', 'time = "day"\ntreated_value = "new"', "13 models.m.panel.treated_value",
         "which is missing", "`arm`"),
        ('time = "day"', "", "10 models.m.panel.time", "`time` is missing", "Add `time"),
        ('time = "day"', 'time = "day"\nfrequency = "hour"', "13 models.m.panel.frequency",
         "must be 'day', 'week'", ""),
        ('time = "day"', 'time = "day"\nsource = "sea"', "13 models.m.panel.source",
         "'sea' is not declared", "lake"),
        ('design = "diff_in_diff"', 'design = "before_after"', "22 models.m.evidence[0]",
         "incomplete", "`from`"),
        ('design = "diff_in_diff"', 'design = "observational"\ncontrol = "c"',
         "23 models.m.evidence[0].design", "like with like", "`propensity`"),
        ('design = "diff_in_diff"', 'design = "switchback"', "23 models.m.evidence[0].design",
         "which blocks", "`arm`"),
        ('design = "diff_in_diff"', 'design = "diff_in_diff"\ncontrol_groups = ["a"]',
         "24 models.m.evidence[0].control_groups[0]", "names a treated group", "untreated"),
        ('design = "diff_in_diff"', 'design = "structural"\nfrom = 2026-01-20\ncontrols = ["x"]',
         "25 models.m.evidence[0].controls[0]", "'x', which is not declared", "footfall, sales"),
        ('design = "diff_in_diff"',
         'design = "structural"\nfrom = 2026-01-20\ncontrols = ["sales"]',
         "25 models.m.evidence[0].controls[0]", "its own control", "nothing changed"),
        ('design = "diff_in_diff"', 'design = "structural"\nfrom = 2026-01-20\nuntil = 2025-01-20',
         "25 models.m.evidence[0].until", "before `from`", "Correct one"),
        ('design = "diff_in_diff"', 'design = "diff_in_diff"\ncarry_over = 2',
         "24 models.m.evidence[0].carry_over", "means nothing", "switchback"),
        ('design = "diff_in_diff"', 'design = "holdout"\ncontrol = "c"\nrepeat = true',
         "25 models.m.evidence[0].repeat", "on their own day", "`time`"),
        ("already_money = true", 'already_money = true\ndenominator = "d"',
         "17 models.m.metrics.sales.denominator", "has a denominator", "`offset`"),
    ],
)  # fmt: skip
def test_each_mistake_has_line_key_rule_and_remedy(
    tmp_path: Path, old: str, new: str, place: str, rule: str, remedy: str
) -> None:
    assert GOOD.count(old) == 1
    one = only(tmp_path, GOOD.replace(old, new))
    assert one.place == f"valuekit.toml:{place}"
    assert rule in one.rule
    assert remedy in one.remedy


def test_a_design_without_a_panel_says_so(tmp_path: Path) -> None:
    units = '[models.m.assignments]\ntable = "a"\nunit = "u"\narm = "arm"\ndate = 2026-01-01\n'
    one = only(tmp_path, GOOD.replace(PANEL, units))
    assert "compares outcomes over time" in one.rule
    assert "[panel]" in one.remedy


def test_every_key_that_is_for_some_designs_is_a_key() -> None:
    fields = {one.alias or name for name, one in Evidence.model_fields.items()}
    assert set(KEYS) <= fields
    assert all(set(designs) <= set(get_args(Design)) for designs in KEYS.values())


def test_metrics_belong_to_the_panel_or_to_units() -> None:
    metrics = {name: {"column": name, "primary": name == "a"} for name in "abcd"}
    model = Model.model_validate(
        {
            "title": "t",
            "owner": "o",
            "task": "ranking",
            "predictions": {"table": "p", "id": "id", "time": "at", "unit": "u"},
            "panel": {"table": "p", "time": "at"},
            "metrics": metrics,
            "evidence": [
                {"design": "before_after", "from": "2026-01-01", "controls": ["b"]},
                {"design": "holdout", "control": "c", "metric": "b", "primary": False},
            ],
        }
    )
    assert set(model.panel_metrics) == {"a", "b"}
    assert set(model.unit_metrics) == {"b", "c", "d"}
