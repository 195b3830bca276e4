"""Restated days on the Data health and the Model page, as people see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import SIZES, OpenTab, Tab, serving
from tests.restated_rows import three_runs

CARD = '[data-testid="stMain"]'


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[str]:
    """A server on a workspace whose published days changed twice."""
    now = datetime.now(UTC) - timedelta(hours=3)
    with serving(three_runs(tmp_path_factory.mktemp("restated"), now)) as address:
        yield address


def sound(tab: Tab) -> None:
    assert tab.overflow() <= 0
    assert tab.serious() == []
    assert tab.errors == []
    assert tab.outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_link_leads_to_before_and_after(
    corrected: str, size: str, scheme: str, open_tab: OpenTab
) -> None:
    tab = open_tab(corrected, size, scheme).open("/health?restated=leads")
    text = tab.page.locator(CARD).inner_text().replace("\u2060", "")
    assert "3 published days of Lead scoring *new* were restated by 2 runs" in text
    assert text.index("restated by") < text.index("How far each model's data reaches")
    sound(tab)
    tab.shoot(f"restated-{size}-{scheme}")


def test_the_model_page_leads_there_and_the_address_stays(
    corrected: str, open_tab: OpenTab
) -> None:
    tab = open_tab(corrected, "phone").open("/model?model=leads")
    assert "2 published days were restated" in tab.page.locator(CARD).inner_text()
    sound(tab)
    tab.shoot("restated-model")
    tab.page.get_by_role("link", name="Before and after").click()
    tab.page.wait_for_url("**/health?restated=leads")
    tab.settle()
    assert tab.page.get_by_text("restated by 2 runs").count() == 1


def test_all_models_are_newest_first(corrected: str, open_tab: OpenTab) -> None:
    tab = open_tab(corrected).open("/health")
    labels = [
        one.inner_text().replace("\u2060", "")
        for one in tab.page.locator('[data-testid="stExpander"] summary').all()
    ]
    runs = [one.split("· run ")[1].split(",")[0] for one in labels if "· run " in one]
    assert runs == ["3", "2", "2"]
    sound(tab)
    tab.shoot("restated-all")
