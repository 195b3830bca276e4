"""Units of a holdout without an arm: a warning with their share within its days, no word before."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from tests.inputs.lake import NOW, TOML, Lake, N, predictions, refused, warned
from valuekit.api import Workspace

EVIDENCE = '[[models.churn.evidence]]\ndesign = "payoff"'
HOLDOUT = """[[models.churn.evidence]]
design = "holdout"
control = "control"
{more}
[[models.churn.evidence]]
primary = false
design = "payoff\""""
STEPS = "allocation = [{ from = 2026-01-11, control = 0.5 }]"


def logged(arm: list[str | None]) -> pd.DataFrame:
    return predictions().assign(arm=arm)


ARMS = ["control", "treated"] * (N // 2)


@pytest.fixture
def log(lake: Lake) -> Lake:
    declare(lake, STEPS)
    return lake


def declare(lake: Lake, more: str, limits: str = "") -> None:
    text = TOML.replace(EVIDENCE, HOLDOUT.format(more=more))
    text = text.replace('version = "version"', 'version = "version"\narm = "arm"')
    lake.path.write_text(text + limits, encoding="utf-8")


def codes(made) -> list[str]:
    return [one.code for one in made.findings]


def test_before_the_design_no_word(log: Lake) -> None:
    log.write(predictions=logged([None] * 20 + ARMS[20:]))  # 20 predictions are 10 days
    made = log.refresh()
    assert not {"null_arm", "late_arm"} & set(codes(made))
    assert log.rules("predictions") == {"accepted": N}


def test_within_the_design_they_are_counted(log: Lake) -> None:
    log.write(predictions=logged([None] * 25 + ["  ", *ARMS[26:]]))
    made = log.refresh()
    warned(made, "null_arm", value="6 of 20 units, 30%, first seen from 2026-01-11 to 2026-01-13",
           rule="have no arm", rows=6)  # fmt: skip
    assert log.rules("predictions") == {"accepted": N}
    effect = log.fact("effect").query("arm == ''")
    assert effect["units"].sum() == 26  # an arm of spaces is none


@pytest.mark.parametrize(
    ("more", "start", "end"),
    [
        ("until = 2026-01-12\n" + STEPS, "2026-01-11", "2026-01-12"),
        ("", "2026-01-07", "2026-12-31"),
        ("until = 2026-01-08", "2026-01-07", "2026-01-08"),
    ],
)
def test_the_days_are_those_declared_else_from_the_first_arm(
    lake: Lake, more: str, start: str, end: str
) -> None:
    arms = [None] * N
    arms[13] = "treated"  # 2026-01-07, the second of the day
    arms[27:] = ARMS[27:]
    declare(lake, more)
    lake.write(predictions=logged(arms))
    made = lake.refresh()
    days = zip(predictions()["at"].dt.date, arms, strict=True)
    inside = [one is None for day, one in days if start <= str(day) <= end]
    assert sum(inside) > 2
    warned(made, "null_arm", rows=sum(inside))


@pytest.mark.parametrize(
    ("limits", "fate"),
    [("null_arm = { warn = 1.0 }", "used"), ("null_arm = { fail = 0.2 }", "refused"),
     ("null_arm = { fail = 0.3 }", "warned")],
)  # fmt: skip
def test_limits_are_those_of_other_rules(lake: Lake, limits: str, fate: str) -> None:
    declare(lake, STEPS, f"\n[models.churn.quarantine.rules]\n{limits}\n")
    lake.write(predictions=logged([None] * 25 + ARMS[25:]))
    if fate == "refused":
        refused(lake, "null_arm", value="5 of 20 units, 25%", rule="more than 20%")
        return
    assert ("null_arm" in codes(lake.refresh())) == (fate == "warned")


def test_a_unit_that_is_in_an_arm_later_is_told(log: Lake) -> None:
    late = logged([None] * 20 + ARMS[20:])
    again = late[:3].assign(id=["a", "b", "c"], arm="treated", at=late["at"] + timedelta(days=12))
    log.write(predictions=pd.concat([late, again], ignore_index=True))
    made = log.refresh()
    warned(made, "late_arm", value="3 of 40 units", rule="are in one later", rows=3)
    assert "null_arm" not in codes(made)
    assert log.fact("effect")["units"].sum() == N


def test_a_refresh_of_what_changed_says_what_one_of_everything_does(log: Lake) -> None:
    whole = logged([None] * 25 + ARMS[25:])
    log.write(predictions=whole[:22])
    log.refresh(accept_gone=True)
    log.write(predictions=whole)
    space = Workspace.load(log.path)
    said = [
        [str(one) for one in space.refresh(full=full, now=NOW).findings if one.code == "null_arm"]
        for full in (False, True)
    ]
    assert said[0] == said[1]
    assert "5 of 20 units" in said[0][0]


TREATED = ["control", "A", "control", "A", "Z"] * 8


@pytest.mark.parametrize(
    ("more", "value", "rule"),
    [
        ("allocation = [{ from = 2026-01-01, control = 0.4, arms = { A = 0.4, B = 0.2 } }]",
         "'Z' 8, 8 of 40 units in an arm", "declares no share"),
        ("allocation = [{ from = 2026-01-01, control = 0.4, arms = { A = 0.4, Z = 0.2 } }]",
         "", ""),
        ("allocation = [{ from = 2026-01-01, control = 0.4 }]",
         "'A' 16 and 'Z' 8, 24 of 40 units in an arm", "nothing says which are meant"),
        ('treated = "A"', "", ""),
        ("until = 2026-01-02", "", ""),
    ],
)  # fmt: skip
def test_arms_that_nothing_declares(lake: Lake, more: str, value: str, rule: str) -> None:
    declare(lake, more)
    lake.write(predictions=logged(TREATED))
    checked = Workspace.load(lake.path).check(now=NOW)["churn"]
    made = lake.refresh()
    if not value:
        assert "undeclared_arm" not in codes(made)
        return
    rows = int(value.partition(", ")[2].split()[0])
    warned(made, "undeclared_arm", value=value, rule=rule, remedy="`treated`", rows=rows,
           place="models.churn.evidence[0]")  # fmt: skip
    assert "undeclared_arm" in codes(checked)


def test_a_unit_that_is_in_an_arm_later_is_compared_by_an_assignments_table(log: Lake) -> None:
    """The remedy that the warning names: units count from their assignment on."""
    late = logged([None] * 20 + ARMS[20:])
    again = late[:4].assign(id=list("abcd"), arm=ARMS[:4], at=late["at"] + timedelta(days=12))
    log.write(predictions=pd.concat([late, again], ignore_index=True))
    warned(log.refresh(), "late_arm", remedy="Declare an assignments table", rows=4)
    every = pd.concat([late[20:], again], ignore_index=True)
    log.write(assignments=every[["customer", "arm", "at"]])
    log.declare(
        "[models.churn.outcomes]",
        '[models.churn.assignments]\ntable = "assignments"\nunit = "customer"\narm = "arm"\n'
        'time = "at"\n\n[models.churn.outcomes]',
    )
    made = log.refresh()
    assert not {"late_arm", "null_arm"} & set(codes(made))
    effect = log.fact("effect").query("metric == 'margin' and segment == 'all'")
    assert effect.groupby("arm")["units"].sum().to_dict() == {"control": 12, "treated": 12}


@pytest.mark.parametrize("blank", ["   ", "\t", "\u00a0"])
def test_an_arm_of_nothing_that_is_seen_is_none(log: Lake, blank: str) -> None:
    arms = list(ARMS)
    lost = [n for n in range(N) if n % 7 == 0]
    for n in lost:
        arms[n] = None
    log.write(predictions=logged(arms))
    log.refresh()
    expected = [(one.code, one.value) for one in log.refresh().findings]
    for n in lost:
        arms[n] = blank
    log.write(predictions=logged(arms))
    assert [(one.code, one.value) for one in log.refresh().findings] == expected
    assert set(log.fact("effect")["arm"]) <= {"", *ARMS}


def test_a_control_that_is_written_anew_is_refused(log: Lake) -> None:
    """The figures were known: they do not become unknown because a name changed."""
    log.write(predictions=logged(ARMS))
    log.refresh()
    shown = log.last_good()
    log.write(predictions=logged([one.title() for one in ARMS]))
    assert log.cli("check")[0] == 1
    refused(log, "unknown_control", value="control", rule="there are 'Control' and 'Treated'",
            remedy="Did you mean 'Control'?")  # fmt: skip
    assert log.last_good() == shown
    log.declare('control = "control"', 'control = "Control"')
    assert "unknown_control" not in codes(log.refresh())


def test_a_control_that_nobody_is_in_any_more_is_refused(log: Lake) -> None:
    """Whatever it is called now; but not where the days that had it are gone themselves."""
    log.write(predictions=logged(ARMS))
    log.refresh()
    other = [one.replace("control", "holdback") for one in ARMS]
    log.write(predictions=logged(other))
    refused(log, "unknown_control", value="control, 10 days had units in it",
            rule="the last good run had units in")  # fmt: skip
    log.write(predictions=logged([*ARMS[:30], *other[30:]]))
    log.refresh()
    log.write(predictions=logged(other)[30:])
    warned(log.refresh(), "unknown_control", rule="no unit is in, so nothing is compared")


@pytest.mark.parametrize(
    ("arms", "declared", "code", "hint"),
    [
        (["a", "b"], "", "unknown_control", "Name an arm that is there"),
        (["Control"], "", "unknown_control", "Did you mean 'Control'?"),
        (["control", "offer"], 'treated = "offers"', "unknown_treated", "Did you mean 'offer'?"),
        (["treated"], "", "one_arm", ""),
        (["control"], "", "one_arm", ""),
        ([None, "treated"], 'treated = "treated"', "one_arm", ""),
    ],
)
def test_check_and_refresh_say_the_same_of_a_declared_arm_without_units(
    lake: Lake, arms: list[str | None], declared: str, code: str, hint: str
) -> None:
    declare(lake, f"{declared}\n{STEPS}")
    lake.write(predictions=logged((arms * N)[:N]))
    status, out, err = lake.cli("check", "--json")
    assert f'"{code}"' in out + err
    assert status == (arms == ["Control"])
    if status:
        refused(lake, code, rule="one is spelt alike", remedy=hint)
    else:
        warned(lake.refresh(), code, remedy=hint)


def test_a_name_that_resembles_the_only_arm_is_no_misspelling(lake: Lake) -> None:
    declare(lake, f'treated = "offer"\n{STEPS}')
    lake.declare('control = "control"', 'control = "no offer"')
    lake.write(predictions=logged(["offer"] * N))
    made = lake.refresh()
    assert "unknown_control" not in codes(made)
    warned(made, "one_arm", value="offer")


def test_a_holdout_that_has_not_begun_lacks_nothing(lake: Lake) -> None:
    declare(lake, STEPS.replace("2026-01-11", "2027-01-04"))
    lake.write(predictions=logged(["canary", "stable"] * (N // 2)))
    assert not {"unknown_control", "one_arm"} & set(codes(lake.refresh()))


def test_units_that_were_first_seen_in_another_arm_refuse_nothing(log: Lake) -> None:
    """The column has the control; its units count in the arm that they were in before."""
    early = logged(["pilot", "old"] * (N // 2))
    late = early.assign(id=early["id"] + "b", arm=ARMS, at=early["at"] + timedelta(days=1))
    log.write(predictions=pd.concat([early, late], ignore_index=True))
    assert log.cli("check")[0] == 0
    warned(log.refresh(), "unknown_control", remedy="A unit counts in the arm that it was first")


def test_an_arm_that_some_days_still_have_refuses_nothing(log: Lake) -> None:
    log.write(predictions=logged(ARMS))
    log.refresh()
    log.write(predictions=logged([*ARMS[:30], *(one.title() for one in ARMS[30:])]))
    made = log.refresh()
    assert "unknown_control" not in codes(made)
    warned(made, "undeclared_arm", value="'Control' 5", rule="nothing says which are meant")
