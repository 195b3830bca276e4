"""Restated days on the Data health and Model pages, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dashboard.conftest import Fill, Pages, text_of
from tests.restated_rows import Sources, three_runs
from valuekit.api import Workspace
from valuekit.restatements import moved, told_apart

Open = Callable[[Path], Pages]
NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_runs(tmp_path_factory.mktemp("restated"), NOW)


def test_figures_are_those_that_were_edited(corrected: Path) -> None:
    space = Workspace.load(corrected)
    found = {
        (one.run, one.model, one.day, one.figure): (one.unit, one.before, one.after, one.texts)
        for one in moved(space.loaded.workspace, space.restatements())
    }
    # Predictions 100 to 109 were worth -1 0 1 2 3 -3 -2 -1 0 1; 105 lost 1,000.
    value = found[2, "leads", date(2026, 1, 11), "Value of the predictions"]
    assert value == ("EUR", 0.0, -1000.0, ("€0.00", "−€1,000.00", "−€1,000.00"))
    # Customers 300 to 309 spent 3 4 5 6 7 8 9 10 0 1; 305 spent 12.50 more.
    spend = found[2, "upsell", date(2026, 1, 31), "Sum of the metric"]
    assert spend == ("EUR", 53.0, 65.5, ("€53.00", "€65.50", "+€12.50"))
    lost = found[3, "leads", date(2026, 1, 6), "Predictions with an outcome"]
    assert lost[1:] == (10, 9, ("10", "9", "−1"))
    read = found[3, "leads", date(2026, 1, 7), "Rows of outcomes, used"]
    assert read[1:] == (10, 9, ("10", "9", "−1"))
    assert not [key for key in found if "Rows of predictions" in key[3]]
    assert {key[:3] for key in found} == {
        (2, "leads", date(2026, 1, 11)),
        (2, "upsell", date(2026, 1, 31)),
        (2, "upsell", date(2026, 2, 1)),
        (3, "leads", date(2026, 1, 6)),
        (3, "leads", date(2026, 1, 7)),
    }
    assert all(one[1] != one[2] and one[3][0] != one[3][1] for one in found.values())


def test_the_page_shows_run_day_and_figures(corrected: Path, pages: Open) -> None:
    app = pages(corrected).open("health")
    text = text_of(app)
    assert "5 published days of 2 models were restated by 2 runs" in text
    labels = [one.label.replace("\\", "").replace("\u2060", "") for one in app.expander]
    ours = [one for one in labels if "· run " in one]
    assert [one.rsplit("· ", 1)[1].split(",")[0] for one in ours] == ["run 3", "run 2", "run 2"]
    shown = [one.value.to_string().replace("\\", "").replace("\u2060", "") for one in app.table]
    assert any("€0.00 → −€1,000.00 (−€1,000.00)" in one for one in shown)
    assert any("€53.00 → €65.50 (+€12.50)" in one for one in shown)


def test_a_day_of_several_runs_is_counted_once_and_gone_days_are_told(
    tmp_path: Path, pages: Open
) -> None:
    path = three_runs(tmp_path, NOW)
    held = Sources(tmp_path)
    held.predictions.loc[105, "amount"] += 500.0
    held.predictions = held.predictions[held.predictions["at"] < datetime(2026, 3, 1)]
    held.write()
    Workspace.load(path).refresh(now=NOW + timedelta(hours=3), accept_gone=True)
    text = text_of(pages(path).open("health"))
    # Run 4 finds the five days of runs 2 and 3 to be others again.
    assert "5 published days of 2 models were restated by 3 runs" in text
    assert "data end on 2026-02-28; 2026-03-01 was there in the last good run" in text


def test_the_choice_of_a_model_is_in_the_address(corrected: Path, pages: Open) -> None:
    app = pages(corrected).open("health", restated="upsell")
    headers = [one.value for one in app.header]
    assert headers[0] == "2 published days of Upsell were restated by 1 run"
    (pick,) = [one for one in app.selectbox if one.label == "Model"]
    pick.select("leads").run()
    assert app.header[0].value.replace("\\", "") == (
        "3 published days of Lead scoring *new* were restated by 2 runs"
    )
    unknown = pages(corrected).open("health", restated="<nobody>")
    assert "5 published days of 2 models" in text_of(unknown)


def test_the_model_page_has_a_line_for_a_month(corrected: Path, pages: Open) -> None:
    text = text_of(pages(corrected).open("model", model="upsell"))
    assert "2 published days were restated on 1 Apr 2026 (run 2): 31 Jan to 1 Feb 2026." in text
    Workspace.load(corrected).refresh(now=NOW + timedelta(days=31))
    assert "restated on" not in text_of(pages(corrected).open("model", model="upsell"))
    assert "5 published days of 2 models" in text_of(pages(corrected).open("health"))


def test_without_any_it_says_what_would_be_listed(fill: Fill, pages: Open) -> None:
    app = pages(fill()).open("health")
    assert "No published day was ever restated" in text_of(app)
    assert "listed here with its figures before and after" in text_of(app)
    text = text_of(pages(fill()).open("model"))
    assert "restated" not in text


def test_a_day_that_came_or_went_or_only_split_otherwise(corrected: Path) -> None:
    space = Workspace.load(corrected)
    one = next(r for r in space.restatements("leads") if r.fact == "volume")
    (came, *_) = moved(space.loaded.workspace, [replace(one, before={})])
    assert came.texts == ("none", "10", "–")
    (went, *_) = moved(space.loaded.workspace, [replace(one, after={})])
    assert went.texts == ("10", "none", "–")
    (split,) = moved(space.loaded.workspace, [replace(one, before={**one.after, "rows": 9})])
    assert split.figure == "Split of volume into groups; all sums are the same"
    assert split.texts == ("–", "–", "–")


def test_rows_are_told_by_table_and_fate(corrected: Path) -> None:
    """A prediction that is held back holds no outcome back, and no sum of none is told."""
    space = Workspace.load(corrected)
    one = next(r for r in space.restatements("leads") if r.fact == "intake")
    before = {"rows:predictions:accepted": 10, "value:predictions:accepted": 0.0}
    after = {
        "rows:predictions:accepted": 9,
        "value:predictions:accepted": 0.0,
        "rows:predictions:quarantined": 1,
        "value:predictions:quarantined": 0.0,
        "rows:outcomes:quarantined": 2,
        "value:outcomes:quarantined": 0.0,
    }
    found = moved(space.loaded.workspace, [replace(one, before=before, after=after)])
    assert [(each.figure, *each.texts[:2]) for each in found] == [
        ("Rows of predictions, used", "10", "9"),
        ("Rows of predictions, held back", "none", "1"),
        ("Rows of outcomes, held back", "none", "2"),
    ]


numbers = st.one_of(
    st.integers(-(10**12), 10**12),
    st.decimals(min_value=-(10**9), max_value=10**9, places=6),
)


@given(numbers, numbers, st.sampled_from(["", "EUR", "CHF"]))
def test_texts_tell_two_figures_apart(
    before: int | Decimal, after: int | Decimal, unit: str
) -> None:
    left, right, gap = told_apart(before, after, unit)
    assert (left == right) == (before == after)
    assert "-" not in left + right + gap
    assert gap.startswith("+" if after > before else "−" if after < before else ("0", "€", "CHF"))
