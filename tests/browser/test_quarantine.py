"""Rows held back, on the Data health page: readable, complete, and never interpreted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.browser.conftest import SIZES, OpenTab, Tab, serving
from tests.hostile_rows import HELD, write
from valuekit.api import Workspace


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[str]:
    """A server on a workspace whose rows break rules."""
    path = write(tmp_path_factory.mktemp("held"))
    Workspace.load(path).refresh(now=datetime.now(UTC))
    with serving(path) as address:
        yield address


def opened(tab: Tab) -> Tab:
    """The page with every rule unfolded."""
    tab.open("/health")
    for one in tab.page.locator('[data-testid="stExpander"] summary').all():
        one.click()
    tab.page.wait_for_function("[...document.querySelectorAll('details')].every(one => one.open)")
    return tab.settle()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_rules_are_shown_and_sound(held: str, size: str, scheme: str, open_tab: OpenTab) -> None:
    tab = opened(open_tab(held, size, scheme))
    text = tab.page.locator('[data-testid="stMain"]').inner_text().replace("\u2060", "")
    assert f"{sum(HELD.values())} rows are held back in 1 model" in text
    for title in ("Impossible score", "Unreadable cell", "Line too short", "Outcome of nobody"):
        assert title in text
    assert "What to do:" in text
    assert tab.overflow() <= 0
    assert tab.serious() == []
    assert tab.errors == []
    assert tab.outside == []
    tab.shoot(f"quarantine-{size}-{scheme}")


def test_hostile_rows_are_text(held: str, open_tab: OpenTab) -> None:
    tab = opened(open_tab(held))
    assert tab.page.evaluate("window.hit") is None
    assert tab.page.locator('img[src="x"]').count() == 0
    assert tab.page.locator('a[href*="example.com"]').count() == 0
    shown = tab.page.content()
    assert "\u202e" not in shown
    assert "customer-" not in shown
