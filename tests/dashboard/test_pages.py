from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.model.page import SECTIONS
from tests.dashboard.conftest import HEAD, Fill, Pages, text_of, write_workspace
from tests.factories import scorecard, scorecards
from valuekit.estimate import Period
from valuekit.portfolio import portfolio
from valuekit.scorecard import Scorecard
from valuekit.store import open_store
from valuekit.text import money

Open = Callable[[Path], Pages]


def charts(app: AppTest) -> list[dict[str, object]]:
    return [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]


def titles(app: AppTest) -> list[str]:
    return [text.value.replace("\\", "") for text in app.title]


def test_portfolio_states_the_sum_with_period_and_range(fill: Fill, pages: Open) -> None:
    total = portfolio(scorecards(), "year")
    app = pages(fill()).open("portfolio")
    assert titles(app) == [total.headline]
    said = text_of(app)
    assert total.net.low is not None
    assert f"95% range {money(total.net.low, 'EUR')}" in said
    assert "12 months" in said
    assert "(grades A and B)" in said
    assert "(grade D)" in said
    assert len(charts(app)) == 3


def test_portfolio_strip_is_the_last_quarter(fill: Fill, pages: Open) -> None:
    now, before = portfolio(scorecards(), "quarter"), portfolio(scorecards(), "prior_quarter")
    app = pages(fill()).open("portfolio")
    net, roi, cost, thousand, losing = app.metric[:5]
    assert net.value == money(now.net.value or 0, "EUR")
    assert now.net.value is not None
    assert before.net.value is not None
    assert net.delta.startswith("-" if now.net.value < before.net.value else "+")
    assert roi.label.startswith("Return per €1")
    assert cost.value == money(now.cost.value or 0, "EUR")
    assert thousand.value.startswith("€")
    assert losing.value == f"{len(now.losing)} of {now.models - len(now.unknown)}"


def test_a_young_portfolio_is_not_compared_with_days_before(fill: Fill, pages: Open) -> None:
    def young(card: Scorecard) -> Scorecard:
        kept = [one for one in card.periods if one.name != "prior_quarter"]
        short = next(one for one in card.periods if one.name == "prior_quarter")
        days = Period(short.period.last - dt.timedelta(days=3), short.period.last)
        return replace(card, periods=(*kept, replace(short, period=days)))

    app = pages(fill([young(card) for card in scorecards()])).open("portfolio")
    assert "no whole quarter before it" in text_of(app)
    compared = [one for one in app.metric if one.label != "Models losing money"]
    assert len(compared) == 4 + len(scorecards())
    assert {one.delta for one in compared} == {""}


def test_filters_limit_every_sum(fill: Fill, pages: Open) -> None:
    app = pages(fill()).visit(area="Payments", period="Last quarter")
    kept = [one for one in scorecards() if one.area == "Payments"]
    assert titles(app) == [portfolio(kept, "quarter").headline]
    assert len(app.dataframe[0].value) == len(kept)


def test_filters_that_leave_nothing_say_so(fill: Fill, pages: Open) -> None:
    app = pages(fill()).visit(area="Payments", grade="A")
    assert titles(app) == ["No model matches these filters"]


@pytest.mark.parametrize("model", [one.model for one in scorecards()])
def test_every_section_of_every_model_opens(model: str, fill: Fill, pages: Open) -> None:
    held = scorecard(model).period("year")
    assert held is not None
    shown = "Too early" if held.net.value is None else money(abs(held.net.value), "EUR")
    opened = pages(fill())
    for section in SECTIONS:
        app = opened.open("model", model=model, section=section)
        assert shown in titles(app)[0]


def test_model_page_states_its_figures(fill: Fill, pages: Open) -> None:
    held = scorecard("leads").period("year")
    assert held is not None
    app = pages(fill()).open("model", model="leads")
    values = {one.label: one.value for one in app.metric}
    assert values["Net value"] == money(held.net.value or 0, "EUR")
    assert values["Cost"] == money(held.cost_attributed.value or 0, "EUR")
    assert "Retire" in text_of(app)


def test_withheld_figure_gives_its_reason(fill: Fill, pages: Open) -> None:
    app = pages(fill()).open("model", model="winback")
    assert {one.label: one.value for one in app.metric}["Net value"] == "Unknown"
    assert "no outcome has matured yet" in text_of(app)


def test_passport_tells_formula_method_and_run(fill: Fill, pages: Open) -> None:
    said = text_of(pages(fill()).open("model", model="churn"))
    for part in ("Formula:", "Method:", "Based on:", "Period:", "Grade:", "Run:"):
        assert f"**{part}**" in said


def test_provenance_shows_statements(fill: Fill, pages: Open) -> None:
    app = pages(fill()).open("model", model="churn", section="Provenance")
    assert any("SELECT day, count(*)" in one.value for one in app.code)


def test_change_point_is_dated_and_priced(fill: Fill, pages: Open) -> None:
    said = text_of(pages(fill()).open("model", model="pricing", section="Degradation"))
    assert "14 Jul 2026" in said
    assert "€84.0k lost since" in said


def test_unknown_model_in_the_address(fill: Fill, pages: Open) -> None:
    app = pages(fill()).open("model", model="nosuch*model*")
    assert titles(app) == ["This workspace has no such model"]
    assert "nosuch*model*" in text_of(app)


def test_decision_is_stored_and_shown_on_both_pages(fill: Fill, pages: Open) -> None:
    workspace = fill()
    opened = pages(workspace)
    app = opened.open("review", model="leads")
    app.segmented_control(key="action-leads").set_value("Retire")
    app.text_area(key="reason-leads").set_value("Loses money every single quarter")
    app.text_input(key="person-leads").set_value("Mia Roth")
    app.button[0].click().run()
    assert not app.exception
    with open_store(f"sqlite:///{workspace.parent}/valuekit.db") as store:
        (made,) = store.decisions("leads")
    held = scorecard("leads").period("year")
    assert held is not None
    assert (made.action, made.person, made.verdict, made.net) == (
        "retire",
        "Mia Roth",
        "retire",
        held.net.value,
    )
    assert "Loses money every single quarter" in text_of(app)
    model = opened.open("model", model="leads", section="Decisions")
    assert "Loses money every single quarter" in text_of(model)


def test_incomplete_decision_is_refused_and_nothing_is_lost(fill: Fill, pages: Open) -> None:
    workspace = fill()
    app = pages(workspace).open("review", model="leads")
    app.text_area(key="reason-leads").set_value("A reason that is long enough")
    app.button[0].click().run()
    said = text_of(app)
    assert "Choose a decision" in said
    assert "Give your name" in said
    assert app.text_area(key="reason-leads").value == "A reason that is long enough"
    with open_store(f"sqlite:///{workspace.parent}/valuekit.db") as store:
        assert store.decisions() == ()


def test_reports_preview_and_list(fill: Fill, pages: Open) -> None:
    workspace = fill()
    opened = pages(workspace)
    app = opened.open("reports")
    assert len(app.dataframe[0].value) == len(scorecards())
    assert "Nothing yet" in text_of(app)
    with open_store(f"sqlite:///{workspace.parent}/valuekit.db") as store:
        store.note_report("p.csv", "portfolio", "csv", 1, b"x", at=dt.datetime.now(dt.UTC))
    app = opened.open("reports", model="fraud")
    app.segmented_control(key="kind").set_value("One model").run()
    assert len(app.dataframe[0].value) == 1
    assert "Nothing yet" not in text_of(app)


def test_health_counts_every_row(fill: Fill, pages: Open) -> None:
    app = pages(fill()).open("health")
    intake = [one for card in scorecards() for one in card.health.intake]
    values = {one.label: one.value for one in app.metric}
    assert values["Rows read"] == f"{sum(one.rows for one in intake):,}"
    held = sum(one.rows for one in intake if one.fate == "quarantined")
    assert values["Rows held back"] == f"{held:,}"


def test_no_workspace(tmp_path: Path, pages: Open) -> None:
    opened = pages(tmp_path / "valuekit.toml")
    for name in ("portfolio", "model", "review", "reports", "health"):
        app = opened.open(name)
        assert titles(app) == ["There is no workspace yet"]
        assert app.code[0].value == "valuekit init"


def test_workspace_with_mistakes_lists_them_all(tmp_path: Path, pages: Open) -> None:
    path = tmp_path / "valuekit.toml"
    path.write_text(HEAD.replace('"EUR"', '"euro"') + "\ncolour = 1\n")
    app = pages(path).open("portfolio")
    assert "mistake" in titles(app)[0]
    said = text_of(app)
    assert "valuekit.toml:3" in said
    assert "colour" in said


def test_never_refreshed(tmp_path: Path, pages: Open) -> None:
    app = pages(write_workspace(tmp_path, scorecards())).open("portfolio")
    assert titles(app) == ["No figures yet: this workspace was never refreshed"]
    assert app.code[0].value == "valuekit refresh"


def test_store_that_is_no_store(fill: Fill, pages: Open) -> None:
    workspace = fill()
    (workspace.parent / "valuekit.db").write_bytes(b"not a database" * 100)
    app = pages(workspace).open("portfolio")
    assert titles(app) == ["The value store cannot be read"]


def test_failed_run_keeps_the_last_good_figures(fill: Fill, pages: Open) -> None:
    app = pages(fill(fail="churn_outcomes.parquet is truncated")).open("portfolio")
    assert titles(app) == [portfolio(scorecards(), "year").headline]
    assert "churn_outcomes.parquet is truncated" in text_of(app)


def test_stale_figures_say_their_age(fill: Fill, pages: Open) -> None:
    app = pages(fill(at=dt.datetime.now(dt.UTC) - dt.timedelta(days=9))).open("portfolio")
    assert "valuekit refresh" in text_of(app)
    assert len(app.warning) == 1


def test_declared_but_not_refreshed_models_are_named(fill: Fill, pages: Open) -> None:
    workspace = fill(scorecards()[:3])
    write_workspace(workspace.parent, scorecards())
    app = pages(workspace).open("portfolio")
    assert "Not refreshed yet" in text_of(app)


def test_empty_model_opens_everywhere(fill: Fill, pages: Open) -> None:
    bare = replace(
        scorecard("winback"),
        periods=(),
        weeks=(),
        to_date=(),
        evidence=(),
        unit_costs=(),
        segments=(),
        versions=(),
        as_of=None,
        launched=None,
    )
    opened = pages(fill((bare,)))
    for name in ("portfolio", "review", "reports", "health"):
        opened.open(name)
    for section in SECTIONS:
        assert titles(opened.open("model", section=section)) == [bare.headline]


def test_hostile_text_stays_text(fill: Fill, pages: Open) -> None:
    title = "<b>x</b> **y** $z$ :red[w] =cmd"
    bad = replace(scorecard("churn"), title=title, headline=f"{title} earned €1", owner="`o`")
    opened = pages(fill((bad, *scorecards()[1:])))
    app = opened.open("model", model="churn")
    assert titles(app)[0].replace("\u2060", "").startswith(title)
    assert "\\<b\\>" in app.title[0].value
    assert ":red[w]" not in app.title[0].value
    for name in ("portfolio", "review", "reports", "health"):
        opened.open(name)


def test_pages_load_neither_estimators_nor_connectors(fill: Fill) -> None:
    import subprocess

    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "for name in ('model', 'review', 'reports', 'health'):\n"
        "    app.switch_page(f'dashboard/pages/{name}.py').run()\n"
        "    assert not app.exception\n"
        "print(sorted({'statsmodels', 'connectors', 'ruptures', 'duckdb'} & sys.modules.keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**__import__("os").environ, "VALUEKIT_WORKSPACE": str(fill())},
        text=True,
    )
    assert run.stdout.strip() == "[]"


def test_a_store_of_another_version_says_what_to_do(fill: Fill, pages: Open) -> None:
    workspace = fill()
    with sqlite3.connect(workspace.parent / "valuekit.db") as held:
        held.execute("UPDATE alembic_version SET version_num = '9999'")
    app = pages(workspace).open("model")
    assert titles(app) == ["The value store cannot be read"]
    said = text_of(app)
    assert "The store was made by another version of valuekit." in said
    assert "schema 9999" in said
    assert "Install the newest valuekit" in said
    assert [one.value for one in app.code] == ["valuekit doctor"]


def test_a_first_refresh_that_failed_gives_its_reason(tmp_path: Path, pages: Open) -> None:
    workspace = write_workspace(tmp_path, scorecards())
    now = dt.datetime.now(dt.UTC)
    with open_store(f"sqlite:///{tmp_path}/valuekit.db", create=True) as store:
        store.fail(store.begin("refresh", {}, now), "sources.lake: there is no folder data", now)
    app = pages(workspace).open("portfolio")
    assert titles(app) == ["No figures yet: the first refresh failed"]
    assert "sources.lake: there is no folder data." in text_of(app)
    assert app.code[0].value == "valuekit refresh"


def test_a_name_cannot_turn_the_amounts_around(fill: Fill, pages: Open) -> None:
    bad = replace(scorecard("churn"), title="\u202eabc", headline="\u202eabc earned €1")
    app = pages(fill((bad, *scorecards()[1:]))).open("model", model="churn")
    assert titles(app)[0].startswith("abc earned €")
    assert "\u202e" not in text_of(app)
