from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.conftest import OpenTab, free_port, serving
from tests.dashboard.conftest import fill_store
from tests.factories import scorecards

TITLE = '<img src=x onerror="window.hit=1"> =cmd **b** $x^2$ :red[r] ' + "long " * 20


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[str]:
    """A server on models of which one has a title that tries everything."""
    first, *others = scorecards()
    card = replace(
        first, title=TITLE.strip(), headline=f"{TITLE.strip()[:90]} earned €1", owner="**o** <b>"
    )
    workspace: Path = fill_store(tmp_path_factory.mktemp("hostile"), (card, *others))
    with serving(workspace) as address:
        yield address


def test_deep_link_reproduces_the_view(hostile: str, open_tab: OpenTab) -> None:
    first = open_tab(hostile).open("/?period=Last+quarter&area=Payments&area=Sales")
    said = first.title()
    assert "2 models" in said
    again = open_tab(hostile).open(first.page.url.removeprefix(hostile))
    assert again.title() == said
    assert open_tab(hostile).open("/").title() != said


def test_choosing_a_model_changes_the_address(hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile).open("/model?model=leads&section=Cost")
    assert tab.title().startswith("Lead scoring")
    assert "model=leads" in tab.page.url
    tab.page.get_by_role("tab", name="Degradation").click()
    tab.page.wait_for_url("**section=Degradation*")
    tab.page.get_by_role("combobox", name="Model").click()
    tab.page.get_by_role("option", name="Fraud stop").click()
    tab.page.wait_for_url("**model=fraud*")
    tab.page.wait_for_function("document.querySelector('h1')?.innerText.startsWith('Fraud')")
    copied = open_tab(hostile).open(tab.page.url.removeprefix(hostile))
    assert copied.title() == tab.title()
    assert (
        copied.page.get_by_role("tab", name="Degradation").get_attribute("aria-selected") == "true"
    )


def test_a_link_of_the_decision_list_opens_the_model(hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile).open("/")
    tab.page.get_by_role("link", name="Lead scoring").first.click()
    tab.page.wait_for_url("**/model?model=leads*")
    tab.settle()
    tab.page.wait_for_function("document.querySelector('h1')?.innerText.startsWith('Lead')")


def test_a_stored_decision_appears_on_the_model_page(hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile).open("/review?model=leads")
    reason = "It lost money in each of four quarters <i>so far</i>"
    tab.page.get_by_label("Reason").fill(reason)
    tab.page.get_by_label("Your name").fill("Mia Roth")
    tab.page.get_by_role("button", name="Store the decision").click()
    tab.page.get_by_text("Not stored yet").wait_for()
    assert tab.page.get_by_label("Reason").input_value() == reason
    tab.page.get_by_role("radio", name="Retire").click()
    tab.page.get_by_role("button", name="Store the decision").click()
    tab.page.get_by_text("Stored: retire").wait_for()
    model = open_tab(hostile).open("/model?model=leads&section=Decisions")
    model.page.get_by_text(reason).wait_for()
    model.page.reload()
    model.settle()
    model.page.get_by_text(reason).wait_for()
    model.page.get_by_text("Mia Roth").wait_for()


@pytest.mark.parametrize(
    "path", ["/", "/model?model=churn", "/review?model=churn", "/reports", "/health"]
)
def test_hostile_title_shows_as_text(path: str, hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile, "phone").open(path)
    assert tab.page.evaluate("window.hit") is None
    assert tab.page.locator("img[src='x']").count() == 0
    assert tab.page.locator(".katex").count() == 0
    assert tab.overflow() <= 0
    assert tab.errors == []
    shown = tab.page.locator("body").inner_text().replace("\u2060", "")
    if path.startswith("/model"):
        assert "<img src=x onerror=" in shown
        assert "$x^2$" in shown


def test_an_unknown_model_gets_a_way_on(hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile).open("/model?model=nosuch")
    assert tab.title() == "This workspace has no such model"
    tab.page.get_by_role("link", name="Go to the portfolio").click()
    tab.page.wait_for_function("document.querySelector('h1')?.innerText.includes('models')")


def test_download_is_built_when_clicked(hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile).open("/reports?format=CSV")
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("button", name="Download CSV").click()
    path = waiting.value.path()
    assert waiting.value.suggested_filename.endswith(".csv")
    assert b"periods.year.net" in Path(path).read_bytes()
    tab.open("/reports")
    tab.page.get_by_text("valuekit-portfolio-year").first.wait_for()


def test_a_passport_opens_by_keyboard(hostile: str, open_tab: OpenTab) -> None:
    tab = open_tab(hostile).open("/model?model=leads")
    tab.page.get_by_role("button", name="Grade A").first.focus()
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("Formula:").first.wait_for()


def test_no_workspace_is_a_page(chromium: str, tmp_path: Path, open_tab: OpenTab) -> None:
    with serving(tmp_path / "valuekit.toml") as address:
        tab = open_tab(address).open("/")
        assert tab.title() == "There is no workspace yet"
        assert tab.serious() == []
    assert free_port()
