"""Reports: numbers stay numbers, text never becomes a formula, no figure is forgotten."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from valuekit.estimate import Estimate
from valuekit.report import Meta, build, figures
from valuekit.report.sheet import safe_text
from valuekit.restatements import Moved
from valuekit.scorecard import AgeEffect, LaunchEffect, Scorecard
from valuekit.source import Query
from valuekit.store.records import Age, Failure, SourceRead

META = Meta(
    workspace="Acme",
    run=7,
    finished=datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    version="0.1.0",
    reads=(
        SourceRead(
            run=6,
            model="churn",
            at=datetime(2026, 10, 31, 6, tzinfo=UTC),
            scope="everything",
            whole=True,
            days=30,
            rows=100,
            seconds=1.0,
            queries=(Query("volume", "SELECT 1", {}, 1, 0.01),),
        ),
    ),
)


def _count(thing: object) -> int:
    if isinstance(thing, Estimate):
        return 1
    if isinstance(thing, tuple):
        return sum(_count(item) for item in thing)
    if is_dataclass(thing):
        return sum(_count(getattr(thing, one.name)) for one in fields(thing))
    return 0


def _csv_rows(cards: tuple[Scorecard, ...]) -> list[dict[str, str]]:
    made = build("portfolio", cards, "year", "csv", META)
    assert made.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(made.data.decode("utf-8-sig"))))


def test_csv_holds_every_estimate_once() -> None:
    cards = factories.scorecards()
    rows = _csv_rows(cards)
    assert len(rows) == sum(_count(card) for card in cards)
    assert len({(row["Model"], row["Figure"]) for row in rows}) == len(rows)


def test_csv_numbers_come_back_exactly() -> None:
    cards = factories.scorecards()
    found = {(row["Model"], row["Figure"]): row for row in _csv_rows(cards)}
    for card in cards:
        for row in figures.rows(card):
            text = found[card.model, row.path]["Value"]
            assert (float(text) if text else None) == row.estimate.value
            if row.estimate.value is None:
                assert found[card.model, row.path]["Why unknown"]


def test_effects_over_time_say_which_days_they_are_about() -> None:
    card = next(one for one in factories.scorecards() if one.evidence)
    effect = card.evidence[0].effect
    ages = (AgeEffect(0, 6, effect), AgeEffect(7, 13, effect))
    launch = (LaunchEffect(-3, -1, effect), LaunchEffect(0, 2, effect), LaunchEffect(3, 3, effect))
    report = replace(card.evidence[0], ages=ages, launch=launch)
    found = {row.path: row.label for row in figures.rows(replace(card, evidence=(report,)))}
    base = f"evidence.{report.design}"
    assert found[f"{base}.ages.1.effect"] == "effect, days 7 to 13 after exposure"
    assert found[f"{base}.launch.0.effect"] == "effect, periods -3 to -1 from the launch"
    assert found[f"{base}.launch.2.effect"] == "effect, period 3 from the launch"


def test_workbook_numbers_and_dates_are_typed() -> None:
    cards = factories.scorecards()
    book = openpyxl.load_workbook(io.BytesIO(build("portfolio", cards, "year", "xlsx", META).data))
    assert book.sheetnames == [
        "Summary",
        "Models",
        "Evidence",
        "Costs",
        "Weeks",
        "Intake",
        "Restatements",
        "Figures",
        "Provenance",
    ]
    heads = [cell.value for cell in book["Models"][4]]
    for card, row in zip(cards, book["Models"].iter_rows(min_row=5, values_only=True), strict=True):
        line = dict(zip(heads, row, strict=True))
        held = card.period("year")
        assert held is not None
        assert line["Net"] == pytest.approx(held.net.value)
        assert line["Cost, attributed"] == pytest.approx(held.cost_attributed.value)
        assert isinstance(line["First day counted"], datetime | date)


@pytest.mark.parametrize(
    "hostile", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "\r=1"]
)
@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_hostile_titles_stay_text(hostile: str, fmt: str) -> None:
    card = replace(factories.scorecards()[0], title=hostile, owner=hostile, model=hostile)
    assert fmt in {"csv", "xlsx"}
    made = build("model", (card,), "year", "csv" if fmt == "csv" else "xlsx", META)
    if fmt == "csv":
        first = next(iter(csv.DictReader(io.StringIO(made.data.decode("utf-8-sig"), newline=""))))
        assert first["Model"].startswith("'")
        return
    book = openpyxl.load_workbook(io.BytesIO(made.data))
    cells = [cell for tab in book for row in tab.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert any(str(cell.value).startswith("'") for cell in cells)


@given(st.text())
def test_safe_text_never_starts_a_formula(text: str) -> None:
    assert not safe_text(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_negative_numbers_are_not_escaped() -> None:
    card = factories.scorecards()[0]
    week = replace(card.weeks[0], net=-12.5)
    made = build("model", (replace(card, weeks=(week,)),), "year", "xlsx", META)
    tab = openpyxl.load_workbook(io.BytesIO(made.data))["Weeks"]
    assert tab["E5"].value == -12.5
    assert tab["E5"].data_type == "n"


def test_restated_figures_are_typed_and_say_in_what_unit() -> None:
    at, on = datetime(2026, 11, 2, 6, 30, tzinfo=UTC), date(2026, 10, 3)
    told = (
        Moved(8, at, "churn", on, "Cost", "EUR", Decimal("12.5"), Decimal("-3.25")),
        Moved(8, at, "churn", on, "Predictions served", "", None, 1234),
    )
    made = build("portfolio", factories.scorecards(), "year", "xlsx", replace(META, restated=told))
    tab = openpyxl.load_workbook(io.BytesIO(made.data))["Restatements"]
    rows = list(tab.iter_rows(min_row=5, values_only=True))
    moment = datetime(2026, 11, 2, 6, 30)
    day = datetime(2026, 10, 3)
    assert rows == [
        ("churn", day, "Cost", 12.5, -3.25, "EUR", 8, moment),
        ("churn", day, "Predictions served", None, 1234, "", 8, moment),
    ]
    assert "0.00" in tab["D5"].number_format
    assert tab["A1"].value == "Published days that a later run found to be another"


def test_a_model_report_needs_exactly_one_model() -> None:
    with pytest.raises(ValueError, match="pick one"):
        build("model", factories.scorecards(), "year", "csv", META)
    with pytest.raises(ValueError, match="pick some"):
        build("portfolio", (), "year", "csv", META)


def test_every_tab_says_whose_figures_it_holds_and_prints_on_a_page() -> None:
    cards = factories.scorecards()
    book = openpyxl.load_workbook(io.BytesIO(build("portfolio", cards, "year", "xlsx", META).data))
    for tab in book:
        note = str(tab["A2"].value)
        assert note.startswith(META.workspace)
        assert f"run {META.run} of" in note
        assert "money in EUR" in note
        assert tab.page_setup.orientation == "landscape"
        assert tab.sheet_properties.pageSetUpPr.fitToPage
        assert tab.print_title_rows == "$4:$4"


def test_every_figure_says_by_which_run_it_was_made() -> None:
    """A run of one model makes the others no younger, and its number is not theirs."""
    cards = factories.scorecards()
    old, young = cards[0].model, cards[1].model
    then = datetime(2026, 9, 3, 6, tzinfo=UTC)
    meta = replace(META, ages={old: Age(old, 2, then), young: Age(young, 5, META.finished)})
    made = build("portfolio", cards, "year", "csv", meta)
    rows = list(csv.DictReader(io.StringIO(made.data.decode("utf-8-sig"))))
    of = {(row["Model"], row["Run"], row["Run finished"]) for row in rows}
    last = META.finished.isoformat()
    expected = {card.model: ("7", last) for card in cards} | {
        old: ("2", then.isoformat()),
        young: ("5", last),
    }
    assert of == {(model, *stamp) for model, stamp in expected.items()}
    book = openpyxl.load_workbook(io.BytesIO(build("portfolio", cards, "year", "xlsx", meta).data))
    for tab in book:
        assert f"runs 2 to 7, the oldest figures of 3 Sep 2026 ({old})" in str(tab["A2"].value)
    for name in ("Models", "Figures"):
        heads = [cell.value for cell in book[name][4]]
        lines = [
            dict(zip(heads, row, strict=True))
            for row in book[name].iter_rows(min_row=5, values_only=True)
        ]
        assert {(row["Model"], str(row["Run"])) for row in lines} == {
            (model, run) for model, (run, _) in expected.items()
        }
    told = list(book["Provenance"].iter_rows(min_row=5, values_only=True))
    assert {(row[0], str(row[5])) for row in told if row[1] == "Figures made"} == {
        (model, run) for model, (run, _) in expected.items()
    }
    alone = build("model", cards[:1], "year", "xlsx", meta)
    assert alone.name == f"valuekit-{old}-year-run2.xlsx"
    note = str(openpyxl.load_workbook(io.BytesIO(alone.data))["Models"]["A2"].value)
    assert "run 2 of 3 Sep 2026" in note
    assert "run 7" not in note


def test_numbers_are_written_in_the_unit_of_their_row() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(build("portfolio", factories.scorecards(), "year", "xlsx", META).data)
    )
    tab = book["Figures"]
    heads = [cell.value for cell in tab[4]]
    value, unit = heads.index("Value"), heads.index("Unit")
    seen = {}
    for row in tab.iter_rows(min_row=5):
        if isinstance(row[value].value, int | float):
            seen[row[unit].value] = row[value].number_format
    assert seen["EUR"].startswith("#,##0.00;")
    assert seen["share"] == "0.0%"
    assert seen["1"] == "#,##0.00####"


def test_a_report_says_how_far_data_reach_and_that_a_newer_run_failed() -> None:
    cards = factories.scorecards()
    failed = Failure(9, datetime(2026, 11, 3, 6, tzinfo=UTC), "the disk is full")
    hit = cards[0].model
    ages = {hit: Age(hit, 7, META.finished, failed)}
    meta = replace(META, ages=ages)
    said = f"The last refresh of {cards[0].title} failed (run 9, on 3 Nov 2026)"
    made = build("portfolio", cards, "year", "xlsx", meta)
    book = openpyxl.load_workbook(io.BytesIO(made.data))
    for tab in book:
        assert str(tab["A3"].value).startswith(said)
        assert tab["A3"].font.bold
        assert "data through" in str(tab["A2"].value)
    told = {row[1]: row[2] for row in book["Provenance"].iter_rows(min_row=5, values_only=True)}
    assert told["Freshness"].startswith("Data through ")
    assert told["Newer refresh"].startswith(said)
    flat = build("portfolio", cards, "year", "csv", meta).data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(flat)))
    assert {(row["Model"], row["Data through"], row["Newer run that failed"]) for row in rows} == {
        (card.model, str(card.health.last_prediction or ""), "9" if card.model == hit else "")
        for card in cards
    }
    good = openpyxl.load_workbook(io.BytesIO(build("portfolio", cards, "year", "xlsx", META).data))
    assert not any(tab["A3"].value for tab in good)


def test_warnings_of_the_data_are_told_and_counted_on_every_sheet() -> None:
    cards = factories.scorecards()
    said = [(card.model, text) for card in cards for text in card.health.warnings]
    assert said
    book = openpyxl.load_workbook(io.BytesIO(build("portfolio", cards, "year", "xlsx", META).data))
    rows = book["Provenance"].iter_rows(min_row=5, values_only=True)
    assert [(row[0], row[2]) for row in rows if row[1] == "Warning"] == said
    told = f"{len(said)} warning{'s' * (len(said) > 1)} of the data: see Provenance"
    assert all(str(tab["A2"].value).endswith(told) for tab in book.worksheets)
    quiet = tuple(card for card in cards if not card.health.warnings)
    book = openpyxl.load_workbook(io.BytesIO(build("portfolio", quiet, "year", "xlsx", META).data))
    assert not any("warning" in str(tab["A2"].value) for tab in book.worksheets)
