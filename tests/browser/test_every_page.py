from __future__ import annotations

from urllib.parse import quote

import pytest

from dashboard.model.page import SECTIONS
from tests.browser.conftest import SIZES, OpenTab, Tab

PAGES = {
    "portfolio": "/",
    "model": "/model",
    "review": "/review",
    "reports": "/reports",
    "health": "/health",
}


def assert_sound(tab: Tab) -> None:
    assert tab.title()
    assert tab.page.locator('[data-testid="stException"]').count() == 0
    assert tab.overflow() <= 0
    assert tab.serious() == []
    assert tab.errors == []
    assert tab.outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound(name: str, size: str, scheme: str, address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address, size, scheme).open(PAGES[name])
    assert_sound(tab)
    tab.shoot(f"{name}-{size}-{scheme}")


@pytest.mark.parametrize(("model", "size"), [("fraud", "desktop"), ("churn", "phone")])
def test_model_sections_are_sound(model: str, size: str, address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address, size, "light")
    for section in SECTIONS:
        tab.open(f"/model?model={quote(model)}&section={section}")
        assert tab.page.locator('[data-testid="stException"]').count() == 0
        assert tab.overflow() <= 0
        tab.shoot(f"model-{model}-{section.lower()}")
    assert tab.serious() == []
    assert tab.errors == []
    assert tab.outside == []


def test_fonts_are_our_own(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address).open("/model")
    loaded = tab.page.evaluate(
        "[...document.fonts].filter(one => one.family.includes('Inter')"
        " && one.status === 'loaded').length"
    )
    assert loaded >= 2
    family = tab.page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily")
    assert family.startswith("Inter")
