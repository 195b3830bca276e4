"""Loading: all mistakes at once, each with line, key, value, rule and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from valuekit.errors import Finding, WorkspaceError
from valuekit.workspace.load import MAX_BYTES, Loaded, load, store_url
from valuekit.workspace.template import template

GOOD = """\
[workspace]
name = "Test"
currency = "EUR"
[sources.lake]
kind = "duckdb"
[models.churn]
title = "Churn"
owner = "a@example.com"
task = "classification"
[models.churn.predictions]
table = "p.parquet"
id = "id"
time = "at"
[models.churn.outcomes]
table = "o.parquet"
on = { id = "id" }
[models.churn.metrics.margin]
already_money = true
[[models.churn.evidence]]
design = "holdout"
control = "c"
registered = 2026-01-01
[models.churn.costs]
per_prediction = 0.1
"""

BAD_MONTHS = """\
monthly = [{ category = "x", amount = 1, from = 2026-01-01 },
  { category = "x", amount = "y", from = 2026-01-01 }]"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "valuekit.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def findings(folder: Path, text: str | bytes) -> tuple[Finding, ...]:
    with pytest.raises(WorkspaceError) as caught:
        load(written(folder, text))
    assert all(one.rule and one.remedy and one.code for one in caught.value.findings)
    return caught.value.findings


def only(folder: Path, text: str | bytes) -> Finding:
    found = findings(folder, text)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def test_a_good_file(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, GOOD))
    assert isinstance(loaded, Loaded)
    assert loaded.folder == tmp_path.resolve()
    assert loaded.warnings == ()
    assert loaded.place("models", "churn", "outcomes", "on") == (
        "valuekit.toml:16 models.churn.outcomes.on"
    )
    assert str(loaded.workspace.models["churn"].costs.per_prediction) == "0.1"  # as typed


def test_a_folder_stands_for_its_file_and_a_bom_is_accepted(tmp_path: Path) -> None:
    written(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())
    assert load(tmp_path).path == tmp_path / "valuekit.toml"


def test_the_template_loads_without_warnings(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, template()))
    assert loaded.warnings == ()
    assert set(loaded.workspace.models) == {"churn"}


def test_the_commented_lines_of_the_template_load_too(tmp_path: Path) -> None:
    keys = "plan_per|payoff|valid_until|.models.churn.panel|table|time|group|launch = "
    text = re.sub(rf"^# (?={keys})", "", template(), flags=re.MULTILINE)
    text = text.replace(
        "# [[models.churn.evidence]]\n# design", "[[models.churn.evidence]]\ndesign"
    )
    text = text.replace('# owner = "finance', 'primary = false\nowner = "finance')
    text = text.replace('"diff_in_diff"\n', '"diff_in_diff"\nprimary = false\n')
    model = load(written(tmp_path, text)).workspace.models["churn"]
    assert [one.design for one in model.evidence] == ["holdout", "diff_in_diff", "payoff"]
    assert model.panel is not None
    assert model.panel.launch


@pytest.mark.parametrize(
    ("old", "new", "place", "rule", "remedy"),
    [
        ('time = "at"', 'tiem = "at"', "13 models.churn.predictions.tiem", "unknown", "`time`"),
        ('title = "Churn"', "titel = 3", "7 models.churn.titel", "unknown key", "`title`"),
        ('task = "classification"', 'task = "x"\nwindow = "1d"', "10 models.churn.window",
         "unknown key", "[models.NAME.outcomes]"),
        ('task = "classification"', 'task = "clasify"', "9 models.churn.task", "must be 'class",
         '"classification"'),
        ('"EUR"', '"eur"', "3 workspace.currency", "not a currency", '"EUR"'),
        ('"EUR"', '"EUR"\ntimezone = "Berlin"', "4 workspace.timezone", "not a time zone", "IANA"),
        ('"EUR"', '"EUR"\nas_of = 20260101', "4 workspace.as_of", "not a day", "2026-01-31"),
        ('"EUR"', '"EUR"\ncoverage_floor = "1"', "4 workspace.coverage_floor", "number", "quotes"),
        ('"EUR"', '"EUR"\ncoverage_floor = 1.5', "4 workspace.coverage_floor", "less than 1", ""),
        ("on = {", 'window = "90 days"\non = {', "16 models.churn.outcomes.window",
         "not a duration", "90d"),
        ("on = {", "window = true\non = {", "16 models.churn.outcomes.window", "whole number", ""),
        ('on = { id = "id" }', "on = {}", "16 models.churn.outcomes.on", "one pair", "Write on"),
        ('on = { id = "id" }', "", "14 models.churn.outcomes.on", "`on` is missing", "Add `on"),
        ("already_money = true", 'already_money = "yes"',
         "18 models.churn.metrics.margin.already_money", "true or false", "without quotes"),
        ("metrics.margin", "metrics.Margin", "17 models.churn.metrics.Margin", "a name is",
         "Rename"),
        ('control = "c"', "", "19 models.churn.evidence[0]", "incomplete", "`control`"),
        ('control = "c"', 'control = "c"\nmetric = "margn"',
         "22 models.churn.evidence[0].metric", "margn", "Did you mean 'margin'?"),
        ("per_prediction = 0.1", "per_prediction = true", "24 models.churn.costs.per_prediction",
         "no amounts", "0.0004"),
        ("per_prediction = 0.1", "per_prediction = nan", "24 models.churn.costs.per_prediction",
         "finite", "number"),
        ("per_prediction = 0.1", BAD_MONTHS,
         "25 models.churn.costs.monthly[1].amount", "amount", ""),
        ('table = "p.parquet"', 'table = "p.parquet"\nsource = "sea"',
         "12 models.churn.predictions.source", "'sea' is not declared", "lake"),
        ("[models.churn.outcomes]", "[model.churn.outcomes]", "14 model", "unknown", "`models`"),
    ],
)  # fmt: skip
def test_each_mistake_has_line_key_rule_and_remedy(
    tmp_path: Path, old: str, new: str, place: str, rule: str, remedy: str
) -> None:
    assert GOOD.count(old) == 1
    found = findings(tmp_path, GOOD.replace(old, new))
    hits = [one for one in found if one.place == f"valuekit.toml:{place}"]
    assert hits, "\n".join(map(str, found))
    assert rule in hits[0].rule
    assert remedy in hits[0].remedy


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('control = "c"', 'control = "c"\nmetric = "margn"', "models.churn.evidence[0].metric"),
        ("[models.churn.costs]", '[models.churn.costs]\nsource = "x"', "models.churn.costs.source"),
        (
            'table = "p.parquet"',
            'table = "p.parquet"\nsource = "sea"',
            "models.churn.predictions.source",
        ),
    ],
)
def test_mistakes_of_keys_and_of_whole_tables_come_together(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    text = GOOD.replace('"EUR"', '"eur"').replace('owner = "a@example.com"', "owner = 5")
    places = {one.place.split(" ")[1] for one in findings(tmp_path, text.replace(old, new))}
    assert places == {"workspace.currency", "models.churn.owner", place}


EVERY_STAGE = """\
[workspace]
name = "Bad"
currency = "EURO"
[sources.lake]
kind = "duckbd"
path = "data"
[models.churn]
titel = "Churn rescue"
owner = "x"
task = "classification"
launched = 2026-02-01
retired = 2026-01-01
[models.churn.predictions]
table = "p.csv"
id = "id"
time = "at"
date = 2026-01-01
score = "p"
threshold = 1.5
source = "laek"
[models.churn.outcomes]
table = "o.csv"
on = { customer_id = "customer_id" }
window = "30 days"
[models.churn.metrics.margin]
column = "margin"
[models.churn.metrics.other]
column = "margin"
[[models.churn.evidence]]
design = "holdout"
carry_over = 2
metric = "margn"
registered = "soon"
[[models.churn.evidence]]
design = "payoff"
[workspace.quarantine.default]
warn = 0.2
fail = 0.1
"""

EVERY_PLACE = {
    "3 workspace.currency": 'Use an ISO 4217 code such as "EUR".',
    "5 sources.lake.kind": "Did you mean 'duckdb'?",
    "7 models.churn.title": "Add `title = ...` to [models.churn].",
    "8 models.churn.titel": "Did you mean `title`?",
    "12 models.churn.retired": "Correct one of them.",
    "17 models.churn.predictions.date": "Keep one of them.",
    "19 models.churn.predictions.threshold": "somebody acts, such as 0.5.",
    "20 models.churn.predictions.source": "Did you mean 'lake'?",
    "24 models.churn.outcomes.window": 'for example "90d".',
    "25 models.churn.metrics": "Set it for one of margin, other.",
    "29 models.churn.evidence[0]": "Add `control`.",
    "31 models.churn.evidence[0].carry_over": "Remove it; it belongs to switchback.",
    "32 models.churn.evidence[0].metric": "Did you mean 'margin'?",
    "33 models.churn.evidence[0].registered": "Write it as 2026-01-31.",
    "34 models.churn.evidence[1]": None,  # two rules
    "38 workspace.quarantine.default.fail": "Raise `fail` or lower the warning.",
}


def test_one_mistake_of_every_stage_at_once(tmp_path: Path) -> None:
    found = findings(tmp_path, EVERY_STAGE)
    told = {(one.place.removeprefix("valuekit.toml:"), one.remedy) for one in found}
    assert {place for place, _ in told} == set(EVERY_PLACE), "\n".join(map(str, found))
    for place, remedy in told:
        assert remedy.endswith(EVERY_PLACE[place] or ""), (place, remedy)
    both = {remedy for place, remedy in told if "evidence[1]" in place}
    assert both == {"Add `payoff`.", "Set primary = false on all but one."}
    assert len(found) == len(EVERY_PLACE) + 1
    assert [one.place for one in found] == sorted(
        (one.place for one in found), key=lambda place: int(re.findall(r":(\d+)", place)[0])
    )


def test_correcting_one_mistake_brings_out_no_other(tmp_path: Path) -> None:
    before = {(one.rule, one.remedy) for one in findings(tmp_path, EVERY_STAGE)}
    mended = EVERY_STAGE
    for old, new in [
        ("EURO", "EUR"), ("titel", "title"), ("30 days", "30d"), ('"soon"', "2026-01-01"),
        ("laek", "lake"), ("threshold = 1.5", "threshold = 0.5"), ("margn", "margin"),
        ("carry_over = 2", 'control = "c"'), ("fail = 0.1", "fail = 0.3"),
        ("retired = 2026-01-01", "retired = 2026-03-01"), ("date = 2026-01-01\n", ""),
        ('[models.churn.metrics.other]\ncolumn = "margin"', ""),
    ]:  # fmt: skip
        assert mended.count(old) == 1
        mended = mended.replace(old, new)
        after = {(one.rule, one.remedy) for one in findings(tmp_path, mended)}
        assert after < before, after - before
        before = after
    assert {remedy for _, remedy in before} == {
        "Add `payoff`.", "Set primary = false on all but one.", "Did you mean 'duckdb'?",
    }  # fmt: skip


def test_an_uninstalled_kind_alone_is_no_mistake_of_the_file(tmp_path: Path) -> None:
    other = load(written(tmp_path, GOOD.replace('"duckdb"', '"oracle"')))
    assert other.workspace.sources["lake"].kind == "oracle"  # stored figures can still be read


@pytest.mark.parametrize("threshold", ["-0.1", "1.5", "50"])
def test_a_threshold_of_a_probability_lies_between_0_and_1(tmp_path: Path, threshold: str) -> None:
    text = GOOD.replace('id = "id"\ntime', f'id = "id"\nscore = "p"\nthreshold = {threshold}\ntime')
    one = only(tmp_path, text)
    assert one.place == "valuekit.toml:14 models.churn.predictions.threshold"
    assert "between 0 and 1" in one.rule
    assert one.value == str(float(threshold)) or one.value == threshold
    for fine in ("0", "0.5", "1"):
        load(written(tmp_path, text.replace(f"threshold = {threshold}", f"threshold = {fine}")))
    load(written(tmp_path, text.replace('"classification"', '"ranking"')))  # no probability


def test_a_key_taken_out_causes_no_second_complaint(tmp_path: Path) -> None:
    assert only(tmp_path, GOOD.replace('time = "at"', "time = 5")).code == "string_type"
    assert only(tmp_path, GOOD.replace('kind = "duckdb"', "kind = 5")).code == "string_type"


def test_an_empty_file_names_what_is_missing(tmp_path: Path) -> None:
    found = findings(tmp_path, "")
    assert [one.rule for one in found] == [
        "`workspace` is missing", "`sources` is missing", "`models` is missing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "code", "value"),
    [
        ("a = 1\nb = = 2\n", "valuekit.toml:2", "toml_syntax", "b = = 2"),
        ('a = "open', "valuekit.toml:1", "toml_syntax", 'a = "open'),
        ("a = [1,\n\n", "valuekit.toml:3", "toml_syntax", ""),
        ("a = 1\nb = 2\na = 3\n", "valuekit.toml:3", "duplicate_key", "a = 3"),
        ("[a]\nx = 1\n[a]\n", "valuekit.toml:3", "duplicate_key", "[a]"),
        (
            "a = { x = 1, x = 2 }\n",
            "valuekit.toml:1",
            "duplicate_key",
            "a = { x = 1, x = 2 }",
        ),
        ('a = "\x00"\n', "valuekit.toml:1", "toml_syntax", 'a = "\\x00"'),
    ],
)
def test_syntax_errors_have_their_line(
    tmp_path: Path, text: str, place: str, code: str, value: str
) -> None:
    found = only(tmp_path, text)
    assert (found.place, found.code, found.value) == (place, code, value)


def test_not_utf8_says_where(tmp_path: Path) -> None:
    found = only(tmp_path, b'a = 1\nb = "M\xfcnchen"\n')
    assert (found.code, found.value) == ("not_utf8", "byte 0xfc")
    assert "offset 12, line 2" in found.rule


def test_too_big_and_too_deep(tmp_path: Path) -> None:
    assert only(tmp_path, b"#" * (MAX_BYTES + 1)).code == "too_big"
    assert only(tmp_path, "a = " + "[" * 5000 + "]" * 5000).code == "too_deep"


@pytest.mark.parametrize("name", ["missing.toml", "folder"])
def test_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(WorkspaceError, match="valuekit init"):
        load(tmp_path / name)


def test_warnings_say_what_weakens_figures(tmp_path: Path) -> None:
    text = GOOD.replace("already_money = true", "primary = true")
    text = text.replace("registered = 2026-01-01", "").replace("per_prediction = 0.1", "")
    loaded = load(written(tmp_path, text))
    assert [one.code for one in loaded.warnings] == ["no_costs", "no_money", "late"]
    assert {one.severity for one in loaded.warnings} == {"warning"}
    assert "the net value is unknown" in loaded.warnings[0].rule
    pooled = load(
        written(tmp_path, text + '[[pools]]\ncategory = "x"\namount = 1\nfrom = 2026-01-01')
    )
    assert "only its part of the pools" in pooled.warnings[0].rule
    assert loaded.warnings[1].place == "valuekit.toml:19 models.churn.evidence[0]"


def test_warnings_of_assumptions(tmp_path: Path) -> None:
    text = GOOD.replace('"EUR"', '"EUR"\nas_of = 2026-10-31').split("[[models.churn.evidence]]")[0]
    assert [one.code for one in load(written(tmp_path, text)).warnings] == [
        "no_evidence", "no_costs",
    ]  # fmt: skip
    text += "[models.churn.costs]\nper_prediction = 1\n[[models.churn.evidence]]\n"
    text += 'design = "payoff"\nvalid_until = 2026-06-30\n'
    text += "payoff = { tp = 1, fp = -1, fn = 0, tn = { rate = 0.5 } }\n"
    assert [one.code for one in load(written(tmp_path, text)).warnings] == [
        "stale",
        "no_owner",
    ]


def test_no_models_is_a_warning(tmp_path: Path) -> None:
    text = GOOD.split("[models.churn]", maxsplit=1)[0] + "[models]\n"
    assert [one.code for one in load(written(tmp_path, text)).warnings] == ["no_models"]


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///values.db", "sqlite:////srv/models/values.db"),
        ("sqlite:///../values.db?timeout=5", "sqlite:////srv/values.db?timeout=5"),
        ("sqlite:////var/values.db", "sqlite:////var/values.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql+psycopg://host/db", "postgresql+psycopg://host/db"),
    ],
)
def test_relative_sqlite_paths_start_at_the_workspace(url: str, resolved: str) -> None:
    assert store_url(url, Path("/srv/models")) == resolved


def test_the_store_of_a_loaded_workspace(tmp_path: Path) -> None:
    expected = f"sqlite:///{tmp_path.resolve() / 'valuekit.db'}"
    assert load(written(tmp_path, GOOD)).store_url == expected


@pytest.mark.parametrize(
    "address",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+pysqlite://", "sqlite://?timeout=5"],
)
def test_a_store_that_every_command_would_find_empty_is_refused(
    tmp_path: Path, address: str
) -> None:
    found = only(tmp_path, GOOD.replace("[workspace]", f'[workspace]\nstore = "{address}"', 1))
    assert "lies in memory" in f"{found.rule} {found.remedy}"
    assert '"sqlite:///valuekit.db"' in f"{found.rule} {found.remedy}"
    assert "store" in found.place


def test_a_misspelt_rule_of_the_quarantine_is_named_with_the_right_one(tmp_path):
    limit = "[workspace.quarantine.rules]\nbad_scor = { fail = 0.1 }\n"
    text = GOOD.replace("[sources.lake]", f"{limit}[sources.lake]")
    found = only(tmp_path, text)
    assert "'bad_scor'" in f"{found.rule} {found.value}"
    assert "'bad_score'" in f"{found.rule} {found.remedy}"
    load(written(tmp_path, text.replace("bad_scor ", "bad_score ")))
    load(written(tmp_path, text.replace("bad_scor ", "rule_of_another_connector ")))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "postgresql://vk:S3cret@db.example:5432/values",
            "postgresql://vk:***@db.example:5432/values",
        ),
        ("postgresql+psycopg://vk:a:b@db/values", "postgresql+psycopg://vk:***@db/values"),
        ("postgresql://vk@db.example:5432/values", ""),
        ("postgresql://u:p@ss@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:p/w@h/db", "postgresql://u:***@h/db"),
        ("postgresql://h/db?user=u&password=S3cret", "postgresql://h/db?user=u&password=***"),
        ("postgresql://db.example:5432/values", ""),
        ("sqlite:////srv/a:b@c/values.db", ""),
    ],
)
def test_a_password_in_the_file_is_told_and_not_shown(
    tmp_path: Path, address: str, shown: str
) -> None:
    text = GOOD.replace("[workspace]", f'[workspace]\nstore = "{address}"', 1)
    found = [one for one in load(written(tmp_path, text)).warnings if one.code == "secret_in_file"]
    assert [one.value for one in found] == [shown] * bool(shown)
    assert all("S3cret" not in str(one) and ".store" in one.place for one in found)
