"""Limits: which one holds, what is too many, and what a refused run says and leaves behind."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bookkeeping import FIRST, rows
from tests.hostile_rows import HELD, READ, write
from tests.workspaces import workspace
from valuekit.api import Workspace
from valuekit.errors import SourceError, WorkspaceError
from valuekit.quarantine.limits import judge, limit, part
from valuekit.workspace.load import load

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def declared(whole=None, own=None):
    return workspace(
        {"m": {"quarantine": own or {}}}, settings={"quarantine": whole} if whole else {}
    )


def fails(whole=None, own=None, rule="orphan"):
    one = limit(declared(whole, own), "m", rule)
    return one.fail, one.fail_rows, one.declared


def test_a_limit_is_said_with_every_digit_that_was_declared():
    for share, said in ((0.0005, "0.05%"), (0.1, "10%"), (0.125, "12.5%"), (1.0, "100%")):
        one = limit(declared({"default": {"fail": share}}), "m", "bad_score")
        assert one.refusal == f"A run is refused above {said}."


def test_the_rule_goes_before_the_default_and_the_model_before_the_workspace():
    whole = {"default": {"fail": 0.1}, "rules": {"orphan": {"fail": 0.2}}}
    own = {"default": {"fail": 0.3}, "rules": {"orphan": {"fail": 0.4}}}
    assert fails() == (None, None, "")
    assert fails(whole)[::2] == (0.2, "workspace.quarantine.rules.orphan")
    assert fails(whole, rule="null_id")[::2] == (0.1, "workspace.quarantine.default")
    assert fails(whole, {"default": own["default"]})[0] == 0.2
    assert fails(whole, own)[::2] == (0.4, "models.m.quarantine.rules.orphan")
    assert fails(whole, own, "null_id")[::2] == (0.3, "models.m.quarantine.default")


def test_built_in_limits():
    assert fails(rule="bad_cell") == (0.1, None, "")
    assert fails({"default": {"fail": 1.0}}, rule="bad_cell")[0] == 1.0
    assert limit(declared(), "m", "null_id").warn == 0
    assert limit(declared(), "gone", "null_id").warn == 0
    assert limit(declared(), "m", "orphan").warn == 0.5
    assert limit(declared({"default": {"warn": 0.1}}), "m", "orphan").warn == 0.1


def test_warnings_and_refusals_are_looked_up_apart():
    one = limit(declared({"rules": {"orphan": {"fail_rows": 5}}}), "m", "orphan")
    assert (one.warn, one.fail, one.fail_rows) == (0.5, None, 5)
    one = limit(declared({"rules": {"orphan": {"warn_rows": 9}}}), "m", "orphan")
    assert (one.warn, one.warn_rows) == (None, 9)


SHARES = st.none() | st.floats(0, 1)
NUMBERS = st.none() | st.integers(0, 100)


@given(st.integers(0, 100), st.integers(0, 100), SHARES, NUMBERS, SHARES, NUMBERS)
def test_states_are_ordered(held, more, warn, warn_rows, fail, fail_rows):
    read = held + more
    if not read or (warn is not None and fail is not None and warn > fail):
        return
    own = {"warn": warn, "warn_rows": warn_rows, "fail": fail, "fail_rows": fail_rows}
    if warn_rows is not None and fail_rows is not None and warn_rows > fail_rows:
        return
    one = limit(declared(None, {"default": own}), "m", "orphan")
    refused = (fail is not None and held > fail * read) or (
        fail_rows is not None and held > fail_rows
    )
    assert (one.state(held, read) == "failed") == refused
    order = ("counted", "warning", "failed")
    later = one.state(held + 1, read + 1)
    assert order.index(later) >= order.index(one.state(held, read))


def test_judging_counts():
    counts = (
        ("outcomes", "credited", "accepted", 95),
        ("outcomes", "orphan", "quarantined", 5),
        ("predictions", "duplicate", "deduplicated", 50),
    )
    names = ("source", "rule", "fate", "rows")
    intake = rows(
        "intake", *({"day": FIRST, **dict(zip(names, one, strict=True))} for one in counts)
    )
    found = judge(declared({"rules": {"orphan": {"warn": 0, "fail": 0.05}}}), "m", intake, ())
    assert [(one.severity, one.code, one.rows) for one in found] == [("warning", "orphan", 5)]
    found = judge(declared({"rules": {"orphan": {"fail": 0.049}}}), "m", intake, ())
    assert [(one.severity, one.code, one.rows) for one in found] == [("error", "orphan", 5)]
    (one,) = found
    assert one.place == "models.m.outcomes"
    assert one.value == "5 of 100 rows, 5.0%"
    assert "workspace.quarantine.rules.orphan" in one.rule + one.remedy
    quiet = {"default": {"warn": 1.0}}
    assert judge(declared(quiet), "m", intake, ()) == ()


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_some_never_read_as_none(held, more):
    assert part(held, held + more) != "0.0%"


def run(tmp_path, more=""):
    held = Workspace.load(write(tmp_path, more))
    return held, held.refresh(now=NOW)


def test_every_rule_that_holds_rows_back_is_a_warning(tmp_path):
    _, outcome = run(tmp_path)
    assert "orphan" not in {one.code for one in outcome.findings}  # 2 of 202 only
    held, outcome = run(tmp_path, "[workspace.quarantine.rules]\norphan = { warn = 0 }")
    found = {(one.place.split(".")[2].split(",")[0], one.code): one.rows
             for one in outcome.findings if one.severity == "warning" and one.rows}  # fmt: skip
    assert found == HELD
    counts = {(one.source, one.rule): (one.rows, one.read) for one in held.quarantine()}
    assert counts == {key: (n, READ[key[0]]) for key, n in HELD.items()}
    for one in held.intake():
        fates = one.accepted + one.quarantined + one.deduplicated + one.out_of_window
        assert one.read == fates == READ[one.source]


def test_above_a_limit_the_run_is_refused_and_the_last_good_one_stays(tmp_path):
    held, outcome = run(tmp_path)
    before = held.scorecards()
    strict = "[workspace.quarantine.rules]\nbad_score = { fail = 0.03 }\norphan = { fail_rows = 1 }"
    again = Workspace.load(write(tmp_path, strict))
    with pytest.raises(SourceError) as caught:
        again.refresh(now=NOW)
    found = {one.code: one for one in caught.value.findings}
    assert set(found) == {"bad_score", "orphan"}
    score = found["bad_score"]
    assert re.fullmatch(
        r"valuekit\.toml:\d+ models\.leads\.predictions, table predictions", score.place
    )
    assert score.value.startswith("7 of 215 rows, 3.3%: id ")
    assert "more than 3.0%, the limit in [workspace.quarantine.rules.bad_score]" in score.rule
    assert "raise `fail` in [workspace.quarantine.rules.bad_score]" in score.remedy
    assert "more than 1 row," in found["orphan"].rule
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    assert held.last_run().id == outcome.run
    assert held.scorecards() == before
    with held.store() as store:
        assert store.runs(1)[0].status == "failed"
        assert "bad_score" in store.runs(1)[0].message


def test_one_unreadable_row_in_ten_is_too_many_by_default(tmp_path):
    """Each column is a number in nine rows of ten, but together they spoil more rows than that."""
    path = write(tmp_path)
    table = tmp_path / "predictions.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    lines += [f"y{i},2026-01-05,customer-y{i},0.5,none" for i in range(16)]
    lines += [f"z{i},2026-01-05,customer-z{i},none,5" for i in range(16)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        Workspace.load(path).refresh(now=NOW)
    (one,) = caught.value.findings
    bad = HELD["predictions", "bad_cell"] + 32
    assert (one.code, one.rows) == ("bad_cell", bad)
    assert one.value.startswith(f"{bad} of {READ['predictions'] + 32} rows")
    assert "more than 10%, the limit by default" in one.rule
    assert "[workspace.quarantine.rules.bad_cell]" in one.remedy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("default = { warn = 1.5 }", "less than or equal to 1"),
        ("default = { fail_rows = -1 }", "greater than or equal to 0"),
        ("default = { fail = 0.1, warn = 0.2 }", "would warn at 0.2 only"),
        ("default = { fial = 0.1 }", "Did you mean `fail`?"),
        ("rules = { Orphan = { fail = 0.1 } }", "a name is 1-40 lower-case letters"),
    ],
)
def test_mistakes_are_named(tmp_path, text, says):
    with pytest.raises(WorkspaceError) as caught:
        load(write(tmp_path, f"[workspace.quarantine]\n{text}"))
    assert says in str(caught.value)
    assert "valuekit.toml:" in str(caught.value)


def test_a_rule_that_nobody_knows_is_a_warning_with_the_nearest(tmp_path):
    rules = "[workspace.quarantine.rules]\norfan = { fail = 0.1 }"
    found = load(write(tmp_path, rules)).warnings
    assert [(one.code, "orphan" in one.remedy) for one in found] == [("unknown_rule", True)]
