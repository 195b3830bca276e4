from __future__ import annotations

import doctest

import pytest

from dashboard import evidence_words, words
from dashboard import format as formats
from dashboard.model import figures


@pytest.mark.parametrize(
    "module", [formats, words, evidence_words, figures], ids=lambda one: one.__name__
)
def test_examples_in_docstrings_hold(module) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
