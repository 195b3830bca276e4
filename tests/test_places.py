"""What a connector finds in tables is told at the key that names the table or column."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from valuekit.api import Workspace
from valuekit.errors import Finding, SourceError
from valuekit.places import placed

TOML = """\
[workspace]
name = "Places"
currency = "EUR"
[sources.lake]
kind = "duckdb"
path = "data"
timezone = "UTC"
[models.churn]
title = "Churn"
owner = "a@example.com"
task = "classification"
[models.churn.predictions]
table = "log.csv"
id = "id"
time = "at"
unit = "customer"
score = "p"
arm = "arm"
version = "version"
segments = ["region"]
features = ["age", "region"]
tokens = { input = "tin" }
[models.churn.outcomes]
table = "out.csv"
on = { customer = "who" }
time = "seen"
label = "kept"
[models.churn.metrics.margin]
column = "margin"
denominator = "visits"
already_money = true
[[models.churn.evidence]]
design = "holdout"
control = "control"
treated = "treated"
registered = 2026-01-01
[models.churn.costs]
per_prediction = 0.1
[models.shops]
title = "Shops"
owner = "a@example.com"
task = "ranking"
[models.shops.panel]
table = "panel.csv"
time = "day"
group = "shop"
launch = { a = 2026-01-20 }
[models.shops.metrics.sales]
column = "sales"
already_money = true
[[models.shops.evidence]]
design = "diff_in_diff"
[models.shops.costs]
per_prediction = 0
"""
# Column -> the key that names it first; of two keys the one that asks more of the column.
COLUMNS = {
    "id": "churn.predictions.id",
    "at": "churn.predictions.time",
    "p": "churn.predictions.score",
    "arm": "churn.predictions.arm",
    "version": "churn.predictions.version",
    "region": "churn.predictions.segments[0]",
    "age": "churn.predictions.features[0]",
    "tin": "churn.predictions.tokens.input",
    "who": "churn.outcomes.on.customer",
    "seen": "churn.outcomes.time",
    "kept": "churn.outcomes.label",
    "margin": "churn.metrics.margin.column",
    "visits": "churn.metrics.margin.denominator",
    "day": "shops.panel.time",
    "shop": "shops.panel.group",
    "sales": "shops.metrics.sales.column",
}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    days = pd.date_range("2026-01-01", periods=40).strftime("%Y-%m-%dT08:00:00Z")
    n = range(40)
    log = pd.DataFrame({"id": n, "at": days, "customer": n, "p": [i / 40 for i in n]})
    log["arm"] = ["control" if i % 2 else "treated" for i in n]
    log[["version", "region", "age", "tin"]] = ["v1", "north", 3, 5]
    log.to_csv(data / "log.csv", index=False)
    out = pd.DataFrame({"who": n, "seen": days, "kept": [i % 3 == 0 for i in n]})
    out[["margin", "visits"]] = [1.5, 2]
    out.to_csv(data / "out.csv", index=False)
    panel = pd.DataFrame({"day": list(days) * 2, "shop": ["a"] * 40 + ["b"] * 40, "sales": 1.5})
    panel.to_csv(data / "panel.csv", index=False)
    (tmp_path / "valuekit.toml").write_text(TOML)
    return tmp_path


def line(text: str, key: str) -> int:
    """The line of a key, found by its table's header and its name."""
    rows = text.split("\n")
    path = ["models", *re.sub(r"\[\d+\]", "", key).split(".")]
    for depth in range(len(path) - 1, 0, -1):
        headers = (f"[{'.'.join(path[:depth])}]", f"[[{'.'.join(path[:depth])}]]")
        start = next((at for at, row in enumerate(rows) if row in headers), None)
        if start is not None:
            below = range(start + 1, len(rows))
            return 1 + next(at for at in below if rows[at].startswith(f"{path[depth]} ="))
    raise AssertionError(key)


def checked(folder: Path, text: str) -> list[Finding]:
    (folder / "valuekit.toml").write_text(text)
    checks = Workspace.load(folder).check()
    return [one for check in checks.values() for one in check.findings]


def test_clean_tables_have_no_findings(lake: Path) -> None:
    assert [one for one in checked(lake, TOML) if one.severity == "error"] == []


def test_every_missing_column_is_told_at_its_key(lake: Path) -> None:
    text = TOML
    for column in COLUMNS:
        text = re.sub(rf'"{column}"(?!\])', f'"lost_{column}"', text)
    text = text.replace('["region"]', '["lost_region"]').replace('"region"]', '"lost_region"]')
    found = {one.value: one.place for one in checked(lake, text) if one.code == "missing_column"}
    assert {value.removeprefix("lost_") for value in found} == set(COLUMNS)
    for column, key in COLUMNS.items():
        at = f"valuekit.toml:{line(text, key)} models.{key} (sources.lake, table "
        assert found[f"lost_{column}"].startswith(at), found[f"lost_{column}"]
        assert found[f"lost_{column}"].endswith(f", column lost_{column})")


@pytest.mark.parametrize(
    ("old", "new", "key", "code"),
    [
        ('score = "p"', 'score = "region"', "churn.predictions.score", "wrong_type"),
        ('table = "out.csv"', 'table = "outs.csv"', "churn.outcomes.table", "missing_file"),
        ('control = "control"', 'control = "contrl"', "churn.evidence[0].control",
         "unknown_control"),
        ('treated = "treated"', 'treated = "treatd"', "churn.evidence[0].treated",
         "unknown_treated"),
        ('label = "kept"', 'label = "kept"\npositive = "yes"', "churn.outcomes.positive",
         "unknown_positive"),
    ],
)  # fmt: skip
def test_values_tables_and_types_are_told_at_their_key(
    lake: Path, old: str, new: str, key: str, code: str
) -> None:
    assert TOML.count(old) == 1
    text = TOML.replace(old, new)
    (found,) = [one for one in checked(lake, text) if one.code == code]
    assert found.place.startswith(f"valuekit.toml:{line(text, key)} models.{key} (sources.lake, ")


@pytest.mark.parametrize(
    ("old", "new", "place", "code"),
    [
        ('path = "data"', 'path = "dta"', "6 sources.lake.path", "missing_folder"),
        ('kind = "duckdb"', 'kind = "duckbd"', "5 sources.lake.kind", "unknown_connector"),
    ],
)
def test_a_source_that_cannot_be_opened_is_told_at_its_key_by_every_verb(
    lake: Path, old: str, new: str, place: str, code: str
) -> None:
    found = checked(lake, TOML.replace(old, new))
    assert {(one.place, one.code) for one in found} == {(f"valuekit.toml:{place}", code)}
    held = Workspace.load(lake)
    for verb in (held.refresh, held.plan):
        with pytest.raises(SourceError) as caught:
            verb()
        assert [(one.place, one.code) for one in caught.value.findings] == [
            (f"valuekit.toml:{place}", code)
        ]


def test_a_refused_run_names_the_keys_of_all_models_and_a_shared_file_once(lake: Path) -> None:
    log = TOML[TOML.index("[models.churn]") : TOML.index("[models.shops]")]
    text = TOML.replace('score = "p"', 'score = "q"') + log.replace("churn", "twin").replace(
        'score = "p"', 'score = "r"'
    )
    (lake / "valuekit.toml").write_text(text)
    with pytest.raises(SourceError) as caught:
        Workspace.load(lake).refresh()
    assert [one.place.split(" (")[0] for one in caught.value.findings] == [
        f"valuekit.toml:{line(text, f'{name}.predictions.score')} models.{name}.predictions.score"
        for name in ("churn", "twin")
    ]
    (lake / "data" / "log.csv").unlink()
    with pytest.raises(SourceError) as caught:
        Workspace.load(lake).refresh()
    assert [one.code for one in caught.value.findings] == ["missing_file"]


def test_a_place_that_names_no_key_stays_as_it_is(lake: Path) -> None:
    loaded = Workspace.load(lake).loaded
    for place in ("clock of this machine", "sources.other, table x, column y", "pools[0] people"):
        one = Finding(place, "", "rule", "remedy")
        assert placed(loaded, "churn", one) == one
