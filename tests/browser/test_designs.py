"""The Evidence section of every design on a phone: whole, legible, and clean for axe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenTab, serving
from tests.dashboard.designs import MODELS, workspace
from tests.once import once

# Text of a chart that was drawn beyond its own picture would be cut there. The box of a text is
# taller than its letters by a few pixels, so those are let pass above and below.
CHARTS = '[data-testid="stVegaLiteChart"] svg'
CUT = """charts => [...document.querySelectorAll(charts)].flatMap(one => {
    const room = one.getBoundingClientRect();
    return [...one.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.width > 0 && (box.left < room.left - 1 || box.right > room.right + 1
            || box.top < room.top - 5 || box.bottom > room.bottom + 5);
    }).map(text => text.textContent);
})"""


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[str]:
    """A server on one model for every design."""
    path = once(tmp_path_factory, "designs", workspace) / "valuekit.toml"
    with serving(path) as address:
        yield address


@pytest.mark.parametrize("name", MODELS)
def test_evidence_fits_a_phone(name: str, designs: str, open_tab: OpenTab) -> None:
    scheme = "dark" if sorted(MODELS).index(name) % 2 else "light"
    tab = open_tab(designs, "phone", scheme).open(f"/model?model={name}&section=Evidence")
    tab.page.get_by_text("What would settle it").wait_for()
    assert tab.page.locator('[data-testid="stException"]').count() == 0
    tab.page.wait_for_selector(CHARTS)
    tab.settle()
    assert tab.page.evaluate(CUT, CHARTS) == []
    assert tab.overflow() <= 0
    assert tab.serious() == []
    assert tab.errors == []
    assert tab.outside == []
    tab.shoot(f"evidence-{name}-phone")


def test_formula_is_one_tap_away(designs: str, open_tab: OpenTab) -> None:
    tab = open_tab(designs, "phone").open("/model?model=watched&section=Evidence")
    tab.page.get_by_text("Formula and source").click()
    tab.page.get_by_text("intention to treat, stratified by epoch").wait_for()
    tab.page.get_by_role("button", name="Grade A").last.click()
    tab.page.get_by_text("Method:").first.wait_for()
