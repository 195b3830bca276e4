"""Words that fit their numbers: what is left of an effect, and what it is per."""

from __future__ import annotations

import pytest

from valuekit.assess.designs.series_checks import _left
from valuekit.assess.designs.series_report import _but
from valuekit.scorecard import Diagnostic


@pytest.mark.parametrize(
    ("without", "now", "said"),
    [(9.0, 10.0, "it stays"), (-9.0, -10.0, "it stays"), (3.9, 10.0, "61% of it goes with them"),
     (-3.9, -10.0, "61% of it goes with them"), (12.0, 10.0, "it stays")],
)  # fmt: skip
def test_an_effect_stays_only_where_most_of_it_does(without, now, said):
    assert _left(without, now).startswith(said)


def test_a_finding_says_how_many_of_its_checks_failed():
    passed, failed = (Diagnostic("a", one, "") for one in ("passed", "failed"))
    assert _but((passed, passed)) == ""
    assert _but((passed, failed, failed)) == "; 2 of its 3 checks failed"
