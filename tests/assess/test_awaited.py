"""A design that may be declared but is not evaluated yet: unknown with the reason, everywhere."""

from __future__ import annotations

import pytest

from tests.assess import cases
from tests.bookkeeping import book
from valuekit.assess import assess
from valuekit.assess.designs import _BUILDERS
from valuekit.scorecard import from_json, to_json
from valuekit.workspace.evidence import PANEL_DESIGNS


@pytest.mark.parametrize("design", sorted(set(PANEL_DESIGNS) - set(_BUILDERS)))
def test_it_is_unknown_and_says_why(design):
    declared = cases.holdout_workspace()
    model = declared.models["m"]
    (evidence,) = model.evidence
    model = model.model_copy(update={"evidence": (evidence.model_copy(update={"design": design}),)})
    declared = declared.model_copy(update={"models": {"m": model}})
    made = book({"effect": cases.effect_frame(cases.units(200, 40)),
                 "volume": cases.volume([5] * 40)})  # fmt: skip
    found = assess(declared, "m", cases.costed(declared, made))
    assert from_json(to_json(found)) == found
    (report,) = found.evidence
    assert report.money.value is None
    assert f"does not evaluate the design '{design}'" in str(report.money.reason)
    assert found.verdict.action in {"not enough evidence", "measure first"}
    assert all(one.value.value is None for one in found.periods)
