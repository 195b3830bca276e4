"""What would settle a model whose outcomes are known by group alone."""

from __future__ import annotations

import pytest

from benchmarks.assess import declared
from benchmarks.books import book
from valuekit.assess import assess
from valuekit.uplift.power import mde


def test_a_design_over_groups_sees_what_its_own_error_allows():
    workspace = declared(10)
    card = assess(workspace, "m9", book(workspace, "m9", "panel", 120, 3))
    money, settle = card.evidence[0].money, card.settlement
    wanted = mde(money.se) * 365 / money.period.days
    assert settle.detectable.value == pytest.approx(wanted)
    assert settle.share is None
    assert "known by group" in settle.text
