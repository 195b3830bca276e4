"""Rows that a ready-made table may not have: held back, counted, shown as examples."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.ready.tables import NOW, SCORES, TRIAL, bins, day, trial, workspace
from valuekit.api import Workspace
from valuekit.errors import ValuekitError, WorkspaceError

Edit = Callable[[pd.DataFrame], pd.DataFrame]
FULL = TRIAL.replace(
    'sum_yy = "spend2"',
    'sum_yy = "spend2", matched = "buyers", nonzero = "spenders", acted = "acted", '
    'crossed = "moved"',
)
VARIANCE = TRIAL.replace('sum_yy = "spend2"', 'variance_y = "v"')
EXTRA = {"buyers": 50, "spenders": 40, "acted": 10, "moved": 1}


def counts(made: Workspace) -> dict[tuple[str, str], int]:
    """Rows by source and rule, without those that are accepted."""
    with made.store() as store:
        intake = store.facts("shop", "intake")
    kept = intake[intake["rule"] != "accepted"]
    sums = kept.groupby(["source", "rule"])["rows"].sum()
    return {(str(a), str(b)): int(n) for (a, b), n in sums.items()}


def at(column: str, value: object, place: int = 8) -> Edit:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        made = rows.astype({column: object})
        made.loc[place, column] = value
        return made

    return edit


def twice(**changes: object) -> Edit:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([rows, rows.iloc[[8]].assign(**changes)])

    return edit


# What is done to one row of arm A on the fifth day -> the rules that count, with the other arm's.
EFFECTS: dict[str, tuple[str, Edit, dict[str, int]]] = {
    "no day": (FULL, at("day", ""), {"null_time": 1}),
    "no date": (FULL, at("day", "soon"), {"bad_cell": 1}),
    "a day that is still to come": (FULL, at("day", "2026-12-24"), {"future": 1}),
    "no arm": (FULL, at("arm", ""), {"null_arm": 1, "incomplete_day": 1}),
    "an arm of nobody": (FULL, at("arm", "C"), {"unknown_arm": 1}),
    "text for a count": (FULL, at("users", "many"), {"bad_cell": 1, "incomplete_day": 1}),
    "no count": (FULL, at("users", ""), {"bad_value": 1, "incomplete_day": 1}),
    "a negative count": (FULL, at("users", -100), {"bad_count": 1, "incomplete_day": 1}),
    "half a unit": (FULL, at("users", 100.5), {"bad_count": 1, "incomplete_day": 1}),
    "more buyers than users": (FULL, at("buyers", 101), {"bad_count": 1, "incomplete_day": 1}),
    "more spenders than buyers": (FULL, at("spenders", 51), {"bad_count": 1, "incomplete_day": 1}),
    "more acted than users": (FULL, at("acted", 101), {"bad_count": 1, "incomplete_day": 1}),
    "more moved than users": (FULL, at("moved", 101), {"bad_count": 1, "incomplete_day": 1}),
    "no sum": (FULL, at("spend", ""), {"bad_value": 1, "incomplete_day": 1}),
    "an infinite sum": (FULL, at("spend", "inf"), {"bad_value": 1, "incomplete_day": 1}),
    "a sum beyond measure": (FULL, at("spend", 1e80), {"bad_value": 1, "incomplete_day": 1}),
    "squares too small": (FULL, at("spend2", 5000), {"bad_moments": 1, "incomplete_day": 1}),
    "the same row again": (FULL, twice(), {"duplicate": 1}),
    "another row of the key": (
        FULL,
        twice(spend=1001.0),
        {"conflicting_duplicate": 2, "incomplete_day": 1},
    ),
    "a negative variance": (VARIANCE, at("v", -1), {"bad_moments": 1, "incomplete_day": 1}),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_rows_of_an_experiment(tmp_path: Path, name: str) -> None:
    text, edit, expected = EFFECTS[name]
    rows = trial(days=20).assign(**EXTRA, v=25.0)
    made = workspace(tmp_path, text, ab=edit(rows))
    made.refresh(now=NOW)
    assert counts(made) == {("facts.effect", rule): n for rule, n in expected.items()}
    balance = made.intake("shop")[0]
    assert balance.read == len(edit(rows))
    assert balance.read == balance.accepted + balance.quarantined + balance.deduplicated
    held = [one for one in expected if one != "duplicate"]
    examples = {one.row.rule: one.row for one in made.held_rows("shop")}
    assert set(examples) == set(held)
    for one in examples.values():
        assert one.source == "facts.effect"
        assert one.reference.startswith("day ")
    used = made.scorecard("shop").evidence[0].arms
    lost = "incomplete_day" in expected
    assert [one.units for one in used] == [
        2000 - 100 * (lost or held != []),
        2000 - 100 * lost,
    ]


SHARES = TRIAL.replace('treated = "B"\n', "").replace(
    "control = 0.5 }", "control = 0.4, arms = { B = 0.4, C = 0.2 } }"
)


def arms(*names: str) -> pd.DataFrame:
    """A trial with as many arms; those after the first two are copies of the second."""
    rows = trial(days=20)
    more = [rows[rows["arm"] == "B"].assign(arm=name) for name in names]
    return pd.concat([rows, *more], ignore_index=True)


def test_an_arm_that_the_allocation_does_not_name_is_held_back(tmp_path: Path) -> None:
    made = workspace(tmp_path, SHARES, ab=arms("C", "Z"))
    outcome = made.refresh(now=NOW)
    assert counts(made) == {("facts.effect", "unknown_arm"): 20}
    assert "undeclared_arm" not in {one.code for one in outcome.findings}
    assert {one.name for one in made.scorecard("shop").evidence[0].arms} == {"A", "B", "C"}


def test_several_arms_of_which_none_is_declared_are_warned_of(tmp_path: Path) -> None:
    made = workspace(tmp_path, TRIAL.replace('treated = "B"\n', ""), ab=arms("Z"))
    found = {one.code: one for one in made.refresh(now=NOW).findings}
    assert counts(made) == {}
    warning = found["undeclared_arm"]
    assert (warning.severity, warning.rows) == ("warning", 4000)
    assert warning.value == "'B' 2,000 and 'Z' 2,000, 4,000 of 6,000 units in an arm"


def test_no_word_of_blocks_of_time_where_there_are_none(tmp_path: Path) -> None:
    made = workspace(tmp_path, TRIAL, ab=at("arm", "")(trial(days=20)))
    made.refresh(now=NOW)
    (said,) = [one.row.reason for one in made.held_rows("shop") if one.row.rule == "null_arm"]
    assert "arm is empty or blank" in said
    assert "block" not in said


def test_the_variance_of_large_values_is_lost_in_sums_of_squares(tmp_path: Path) -> None:
    """Around 1e8 a double keeps nothing of a variance of 1; mean and sd keep it all."""
    rng = np.random.default_rng(1)
    rows = []
    for place in range(10):
        for arm in "AB":
            y = 1e8 + rng.normal(size=100)
            rows.append((day(place), arm, 100, y.sum(), (y**2).sum(), y.mean(), y.std(ddof=1)))
    names = ["day", "arm", "users", "spend", "spend2", "mean", "sd"]
    table = pd.DataFrame(rows, columns=names)
    table.attrs.clear()
    made = workspace(tmp_path / "sums", TRIAL, ab=table)
    made.refresh(now=NOW)
    assert set(counts(made)) <= {
        ("facts.effect", rule) for rule in ("lost_digits", "bad_moments", "incomplete_day")
    }
    assert made.intake("shop")[0].accepted == 0
    text = TRIAL.replace('sum_y = "spend", sum_yy = "spend2"', 'mean_y = "mean", sd_y = "sd"')
    better = workspace(tmp_path / "means", text, ab=table)
    better.refresh(now=NOW)
    arms = better.scorecard("shop").evidence[0].arms
    assert counts(better) == {}
    assert all(0.9 < (one.sd or 0) < 1.1 for one in arms)


def test_few_digits_are_a_warning(tmp_path: Path) -> None:
    rows = trial()
    table = rows.assign(
        spend=rows["users"] * 1e6,
        spend2=lambda of: of["spend"] ** 2 / of["users"] + 50.0,
    )
    made = workspace(tmp_path, TRIAL, ab=table)
    outcome = made.refresh(now=NOW)
    codes = {one.code for part in outcome.parts for one in part.findings}
    assert "few_digits" in codes


def test_equal_values_have_no_variance_and_are_no_loss(tmp_path: Path) -> None:
    """Five units of 9.99 each: 5 x 499.0005 is 49.95 squared on the decimals as written."""
    rows = trial().assign(users=5, spend=49.95, spend2=499.0005)
    made = workspace(tmp_path, TRIAL, ab=rows)
    made.refresh(now=NOW)
    assert counts(made) == {}
    assert all(one.sd == 0 for one in made.scorecard("shop").evidence[0].arms)


def test_bins_are_frozen(tmp_path: Path) -> None:
    made = workspace(tmp_path, SCORES, bins=bins(days=30))
    made.refresh(now=NOW)
    with made.store() as store:
        before = [one for one in store.registrations("shop") if one.kind == "layout"]
    assert [one.content["edges"] for one in before] == [[i / 10 for i in range(10)]]
    other = bins(days=32, edges=5)
    grown = pd.concat([bins(days=31), other[other["day"] == day(31)]])
    made = workspace(tmp_path, SCORES, bins=grown)
    with pytest.raises(ValuekitError, match=r"a day holds back more by the rule No such bin"):
        made.refresh(now=NOW)
    made.refresh(now=NOW, accept_bad_day=True)
    with made.store() as store:
        after = [one for one in store.registrations("shop") if one.kind == "layout"]
    assert after == before
    assert counts(made) == {("facts.score", "bad_bin"): 10}
    declared = SCORES + "edges = [0.0, 0.2, 0.4, 0.6, 0.8]\n"
    made = workspace(tmp_path, declared, bins=other)
    made.refresh(now=NOW)
    assert counts(made) == {}
    with made.store() as store:
        layouts = [one for one in store.registrations("shop") if one.kind == "layout"]
        held = store.facts("shop", "score")
    assert len(layouts) == 2
    assert set(held["layout"]) == {layouts[-1].content["id"]}


@pytest.mark.parametrize("total", [3.0, 4.1, -0.1])
def test_a_mean_score_outside_of_its_bin_is_none(tmp_path: Path, total: float) -> None:
    """Ten rows of the bin from .3 to .4 add up to 3 at least and 4 at most."""
    table = bins(days=10)
    place = table.index[(table["day"] == day(9)) & (table["low"] == 0.3) & (table["y"] == 1)][0]
    table.loc[place, ["n", "p"]] = [10, total]
    made = workspace(tmp_path, SCORES, bins=table)
    made.refresh(now=NOW)
    fine = 3.0 <= total <= 4.0
    expected = {} if fine else {"bad_moments": 1, "incomplete_day": 19}
    assert counts(made) == {("facts.score", rule): n for rule, n in expected.items()}


def test_too_many_other_bins_refuse_the_run(tmp_path: Path) -> None:
    made = workspace(tmp_path, SCORES, bins=bins(days=10))
    made.refresh(now=NOW)
    other = bins(days=20, edges=7)
    grown = pd.concat([bins(days=10), other[other["day"] >= day(10)]])
    made = workspace(tmp_path, SCORES, bins=grown)
    with pytest.raises(ValuekitError, match=r"No such bin \(bad_bin\) holds back more than 10%"):
        made.refresh(now=NOW)


VOLUME = """
[models.shop.facts.volume]
table = "served.csv"
columns = { predictions = "n", labelled = "known" }
"""


def test_no_more_is_scored_than_was_served(tmp_path: Path) -> None:
    table = bins(days=10)
    per_day = int(table.groupby("day")["n"].sum().iloc[0])
    served = pd.DataFrame({"day": [day(place) for place in range(10)], "n": per_day, "known": 1})
    made = workspace(tmp_path, SCORES + VOLUME, bins=table, served=served)
    with pytest.raises(ValuekitError) as caught:
        made.refresh(now=NOW)
    found = caught.value.findings
    assert [one.code for one in found] == ["more_than_served"]
    assert "9 other days" in found[0].value
    assert re.fullmatch(r"valuekit\.toml:\d+ models\.shop\.facts\.score", found[0].place)
    served["known"] = per_day
    made = workspace(tmp_path, SCORES + VOLUME, bins=table, served=served)
    made.refresh(now=NOW)
    short = served.assign(n=per_day - 1, known=1)
    made = workspace(tmp_path, SCORES + VOLUME, bins=table, served=short)
    with pytest.raises(ValuekitError) as caught:
        made.refresh(now=NOW)
    assert {one.code for one in caught.value.findings} == {"more_than_served"}


def test_a_day_without_a_usable_row_of_the_volume_is_told_and_not_zero(tmp_path: Path) -> None:
    table = bins(days=10)
    per_day = int(table.groupby("day")["n"].sum().iloc[0])
    served = pd.DataFrame({"day": [day(place) for place in range(10)], "n": per_day})
    served["known"] = per_day
    late = served[:9]  # the night's row is not there yet
    negative = served.assign(n=[per_day] * 9 + [-1])
    for rows, held in ((late, 0), (negative, 1)):
        made = workspace(tmp_path, SCORES + VOLUME, bins=table, served=rows)
        part = made.refresh(now=NOW).parts[0]
        (one,) = [one for one in part.findings if one.code == "day_without_volume"]
        assert (one.severity, one.place) == ("warning", "models.shop.facts.volume")
        assert one.value.startswith(f"no usable row on {day(9)}, {per_day} predictions in `score`")
        assert one.remedy.endswith("valuekit quarantine shop")
        with made.store() as store:
            intake, volume = (store.facts("shop", fact) for fact in ("intake", "volume"))
        assert intake.loc[intake["rule"] == "bad_count", "rows"].sum() == held
        assert volume["predictions"].sum() == 9 * per_day
    made = workspace(tmp_path, SCORES + VOLUME, bins=table, served=served)
    assert not [one for one in made.refresh(now=NOW).findings if one.code == "day_without_volume"]


def test_rows_of_single_events_are_no_daily_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sql.ready_rows.MOST_ROWS", 30)
    made = workspace(tmp_path, TRIAL, ab=trial(days=20))
    with pytest.raises(ValuekitError, match="at most 30 rows") as caught:
        made.refresh(now=NOW)
    assert caught.value.findings[0].code == "too_many_rows"


DECLARED: dict[str, tuple[str, str]] = {
    "an unknown measure": (
        TRIAL.replace("sum_yy", "sum_squares"),
        "cannot name 'sum_squares'",
    ),
    "no spread": (TRIAL.replace(', sum_yy = "spend2"', ""), "its spread is missing"),
    "two spreads": (
        TRIAL.replace('sum_yy = "spend2"', 'sum_yy = "spend2", sd_y = "sd"'),
        "`sum_yy`, `sd_y` say the same",
    ),
    "no units": (TRIAL.replace('units = "users", ', ""), "needs `units`"),
    "no arm": (TRIAL.replace('arm = "arm", ', ""), "needs `arm`"),
    "a covariate by halves": (
        TRIAL.replace('sum_yy = "spend2"', 'sum_yy = "spend2", mean_x = "x", sd_x = "sx"'),
        "how both go together is missing. Declare one of `c_yx`, `sum_yx`",
    ),
    "a denominator that is not given": (
        TRIAL.replace("already_money = true", 'already_money = true\ndenominator = "visits"'),
        "metric 'spend' has a denominator, which facts.effect does not give",
    ),
    "a cap that is not given": (
        TRIAL.replace("already_money = true", "already_money = true\ncap = 100.0"),
        "Declare one of `mean_z`, `sum_z`",
    ),
    "metrics that cannot be told apart": (
        TRIAL.replace("[[models", "primary = true\n[models.shop.metrics.visits]\n[[models"),
        "must tell 2 metrics apart",
    ),
    "a metric of nobody": (
        TRIAL + '[models.shop.facts.effect.metrics.sold]\nsum_y = "s"\n',
        "names metric 'sold', which is not declared",
    ),
    "no edges": (SCORES.replace('high = "high", ', ""), "the edges of the bins are not known"),
    "no bins": (
        SCORES.replace('low = "low", high = "high", ', ""),
        "must say which bin a row is about",
    ),
    "edges out of order": (SCORES + "edges = [0.5, 0.1]\n", "in ascending order"),
    "no table at all": ('[models.shop.facts]\nwindow = "3d"\n', "[facts] holds no table"),
    "a holdout without an experiment": (
        SCORES
        + '[models.shop.metrics.m]\n[[models.shop.evidence]]\ndesign = "holdout"\ncontrol = "A"\n',
        "computed from the fact `effect`",
    ),
    "a log beside its sums": (
        SCORES + '[models.shop.predictions]\ntable = "p"\nid = "id"\ntime = "at"\n',
        "[predictions] make the fact `score`",
    ),
    "assignments beside their sums": (
        TRIAL + '[models.shop.assignments]\ntable = "a"\nunit = "u"\narm = "a"\ntime = "t"\n',
        "[assignments] make the fact `effect`",
    ),
    "outcomes of nobody": (
        TRIAL + '[models.shop.outcomes]\ntable = "o"\non = { a = "a" }\ntime = "t"\n',
        "[outcomes] are joined to predictions or assignments",
    ),
    "repeat customers": (
        TRIAL.replace('control = "A"', 'control = "A"\nrepeat = true'),
        "`repeat` needs the units' own outcomes",
    ),
    "value without a column": (
        """
[[models.shop.evidence]]
design = "payoff"
payoff = { tp = { rate = 1 }, fp = 0, fn = 0, tn = 0 }
[models.shop.facts.confusion]
table = "c.csv"
columns = { tp = "a", fp = "b", fn = "c", tn = "d" }
""",
        "Add `sum_v` to [facts.confusion]",
    ),
    "two shapes of counts": (
        """
[models.shop.facts.confusion]
table = "c.csv"
columns = { tp = "a", fp = "b", fn = "c", tn = "d", n = "n" }
""",
        "Keep one of both",
    ),
    "one forecaster compared with another": (
        """
[[models.shop.evidence]]
design = "baseline_forecast"
holding = 1
stockout = 2
[models.shop.facts.error]
table = "e.csv"
columns = { n = "n", sum_abs = "a" }
""",
        "compares two forecasters. Add `over`, `under`, `forecaster`",
    ),
    "an unknown outcome is not counted": (
        TRIAL + '[models.shop.facts]\nabsent = "unknown"\n',
        "needs the units with an outcome",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DECLARED)
def test_declarations_that_do_not_fit(tmp_path: Path, name: str) -> None:
    text, expected = DECLARED[name]
    with pytest.raises(WorkspaceError) as caught:
        workspace(tmp_path, text)
    found = [str(one) for one in caught.value.findings]
    assert any(expected in one for one in found), found
    for one in caught.value.findings:
        assert "valuekit.toml" in one.place
        assert one.remedy


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = TRIAL.replace("sum_yy", "sum_squares") + SCORES.replace('high = "high", ', "")
    with pytest.raises(WorkspaceError) as caught:
        workspace(tmp_path, text)
    said = " ".join(str(one) for one in caught.value.findings)
    assert "sum_squares" in said
    assert "edges of the bins" in said


def test_check_says_what_a_refresh_would_hold_back(tmp_path: Path) -> None:
    rows = trial(days=20).assign(**EXTRA)
    made = workspace(tmp_path, FULL, ab=at("users", 100.5)(at("arm", "C", 9)(rows)))
    found = {one.code: one for one in made.check()["shop"].findings}
    assert {"bad_count", "unknown_arm"} <= set(found)
    assert found["bad_count"].place.endswith(
        " models.shop.facts.effect.columns.units (sources.lake, table ab.csv, column users)"
    )
    assert found["bad_count"].rows == 1
    assert "2026-03-05" in found["bad_count"].value


def test_check_misses_a_metric_and_an_arm(tmp_path: Path) -> None:
    text = TRIAL.replace('arm = "arm"', 'metric = "kpi", arm = "arm"').replace(
        'control = "A"', 'control = "control"'
    )
    made = workspace(tmp_path, text, ab=trial().assign(kpi="Spend"))
    found = made.check()["shop"].findings
    codes = {one.code: str(one) for one in found}
    assert "there are 'Spend'" in codes["unknown_metrics.spend"]
    assert "there are 'A', 'B'" in codes["unknown_control"]


def test_a_table_that_maps_nothing_says_once_how_to(tmp_path: Path) -> None:
    """Its columns have names of their own, and none of them is the ledger's."""
    start = TRIAL.index("columns = {")
    text = TRIAL[:start] + TRIAL[TRIAL.index("\n", start) + 1 :]
    made = workspace(tmp_path, text, ab=trial())
    found = made.check()["shop"].findings
    (one,) = [each for each in found if each.code == "missing_column"]
    assert "units" in one.value
    assert "columns = {" in one.remedy
    assert "The table has: day, " in one.remedy
    with pytest.raises(ValuekitError) as error:
        made.refresh(now=NOW)
    assert [each.code for each in error.value.findings] == ["missing_column"]


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    made = workspace(tmp_path, TRIAL, ab=trial().rename(columns={"users": "Users"}))
    with pytest.raises(ValuekitError, match="Did you mean 'Users'"):
        made.refresh(now=NOW)


@pytest.mark.parametrize(("arms", "said"), [("XY", []), ("B", []), ("AB", ["unknown_control"])])
def test_arms_are_those_of_the_metric_that_a_holdout_is_about(
    tmp_path: Path, arms: str, said: list[str]
) -> None:
    """Another metric may have other arms, or one; its own lacks a declared one in the last case."""
    text = TRIAL.replace('arm = "arm"', 'metric = "kpi", arm = "arm"').replace(
        "already_money = true",
        "already_money = true\nprimary = true\n[models.shop.metrics.bought]",
    )
    text = text.replace('treated = "B"\n', "")
    own, other = trial().assign(kpi="spend"), trial().assign(kpi="bought")
    other = other[other["arm"].isin(list(arms))] if arms != "XY" else other.assign(
        arm=other["arm"].map({"A": "X", "B": "Y"})
    )  # fmt: skip
    if said:
        own = own.assign(arm=own["arm"].map({"A": "C", "B": "B"}))
    both = pd.concat([own, other], ignore_index=True)
    text = text.replace("allocation = [{ from = 2026-03-01, control = 0.5 }]\n", "")
    made = workspace(tmp_path, text, ab=both).refresh(now=NOW)
    found = [one.code for one in made.findings if one.code in {"unknown_control", "one_arm"}]
    assert found == said
