"""Schema, needs and docs/ledger.md say the same, and the schema's own rules are sound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from valuekit.ledger.needs import DESIGNS, FIGURES
from valuekit.ledger.schema import FACTS

DOC = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")

# What the field uses to say what a model caused, with and without a holdout.
EVIDENCE = {
    "holdout",
    "holdout, repeat customers",
    "before_after",
    "structural",
    "diff_in_diff",
    "staggered",
    "synthetic",
    "synthetic_did",
    "switchback",
    "observational",
    "interference",
    "payoff",
    "baseline_forecast",
    "hours_saved",
}


def section(name: str) -> str:
    found = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", DOC, re.MULTILINE | re.DOTALL)
    assert found, f"docs/ledger.md has no section of fact {name}"
    return found[1]


def test_every_design_is_mapped_to_its_facts():
    assert set(DESIGNS) == EVIDENCE


@pytest.mark.parametrize("name", [*DESIGNS, *FIGURES])
def test_every_need_exists(name):
    for need in (DESIGNS | FIGURES)[name]:
        fact, column = need.split(".")
        assert column in {one.name for one in FACTS[fact].columns}, need


@pytest.mark.parametrize("name", FACTS)
def test_the_document_holds_every_fact_with_its_columns_rules_and_bytes(name):
    fact, text = FACTS[name], section(name)
    assert f"Spine: {fact.spine}." in text
    assert f"Day: {fact.day}." in text
    assert f"Status: {fact.status}." in text
    assert f"Bytes a row: {fact.row_bytes()}" in text
    for one in fact.keys:
        assert f"| `{one.name}` | {one.dtype} | key |" in text
    for one in fact.measures:
        assert f"| `{one.name}` | {one.dtype} | `{one.rule}` | {one.unit} |" in text
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert rows == [one.name for one in (*fact.keys, *fact.measures)]


def test_the_document_holds_no_fact_that_is_not_there():
    listed = re.search(r"^## The facts\n(.*?)(?=^## )", DOC, re.MULTILINE | re.DOTALL)
    assert listed
    assert re.findall(r"^### (\w+)$", listed[1], re.MULTILINE) == list(FACTS)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_document_maps_every_design_to_its_facts(name):
    row = re.search(rf"^\| {re.escape(name)} \| (.*?) \|", DOC, re.MULTILINE)
    assert row, name
    assert row[1] == ", ".join(sorted({need.split(".")[0] for need in DESIGNS[name]}))


@pytest.mark.parametrize("name", FACTS)
def test_every_rule_names_columns_that_exist(name):
    fact = FACTS[name]
    columns = {one.name: one for one in fact.measures}
    rules = {one.rule for one in fact.measures}
    for one in fact.measures:
        kind, *names = one.rule.split(":")
        assert kind in {"sum", "mean", "comoment", "third", "max", "append"}
        if kind in {"mean", "comoment", "third"}:
            weight, *axes = names
            assert columns[weight].rule == "sum"
            assert columns[weight].dtype == "int"
            assert all(f"mean_{axis}" in columns for axis in axes)
        if kind == "third":
            assert f"comoment:{names[0]}:{names[1]}:{names[1]}" in rules


def test_the_moments_of_effect_are_weighted_by_n_not_by_all_units():
    rules = [one.rule.split(":") for one in FACTS["effect"].measures]
    weights = {rule[1] for rule in rules if rule[0] in {"mean", "comoment", "third"}}
    assert weights == {"n"}
