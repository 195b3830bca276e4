"""Every rule that judges rows has words; what is shown of a row gives nobody away."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from valuekit.quarantine.redact import LIMIT, cell, escaped, masked, row_hash, shown
from valuekit.quarantine.rules import RULES, rule

ROOT = Path(__file__).parents[2]
# Names of rules as the SQL writes them: the second half of a pair of condition and name.
WRITTEN = re.compile(r'\(\s*[^"\n]*, "([a-z]+_[a-z_]+)"\)')


def test_rules_of_the_connectors_are_explained():
    files = ("spine", "outcomes", "units", "panel_rows", "strata", "dedupe", "instants")
    text = "\n".join((ROOT / f"connectors/sql/{one}.py").read_text() for one in files)
    kinds = ("null_", "bad_", "long_", "conflict", "time_unit", "future", "no_such")
    named = {one for one in WRITTEN.findall(text) if one.startswith(kinds)}
    assert {"bad_cell", "null_id", "long_id", "bad_score", "null_group", "time_unit"} <= named
    assert named <= set(RULES)


@pytest.mark.parametrize("one", RULES.values(), ids=lambda one: one.name)
def test_words_of_a_rule(one):
    assert one.meaning[0].islower()
    assert not one.meaning.endswith(".")
    for text in (one.why, one.remedy):
        assert text[0].isupper()
        assert text.endswith(".")
    assert one.fate in {"accepted", "quarantined", "deduplicated", "out_of_window"}


def test_a_rule_of_somebody_elses_connector():
    assert rule("too_blue").title == "Too blue"
    assert "too blue" in rule("too_blue").meaning


@given(st.text(max_size=200))
@example("\u08ca\u0591")  # marks of scripts that run from right to left
def test_what_is_shown_is_short_and_harmless(text):
    for made in (shown(text), masked(text), cell(text, personal=False)):
        assert made.isprintable()
        assert len(made) <= 2 * LIMIT + len("… (10,000 characters)")
        assert not any("\u0590" <= sign <= "\u08ff" for sign in made)
    assert escaped(escaped("ab")) == "ab"


@given(
    st.text(min_size=4, max_size=60, alphabet=st.characters(codec="ascii", categories=["L", "N"]))
)
def test_ids_are_masked(text):
    made = cell(text, personal=True)
    assert text not in made
    kept, digest = made.split("…#")
    assert text.startswith(kept)
    assert len(kept) <= min(3, len(text) / 2)
    assert hashlib.sha256(text.encode()).hexdigest().startswith(digest)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("-12.5", "-12.5"),
        ("2026-01-31 10:00:00", "2026-01-31 10:00:00"),
        ("1,234.50", "1,234.50"),
        ("", "(empty)"),
        (None, "(empty)"),
        (" \t", "(blank)"),
        ("a\tb", "a\\tb"),
        ("x\u200by", "x\\u200by"),
        ("x\u202ey", "x\\u202ey"),
        ("🙂", "🙂"),
    ],
)
def test_values_as_they_are(text, made):
    assert cell(text, personal=False) == made


def test_mail_addresses_are_masked_wherever_they_stand():
    made = cell("ada.lovelace@example.com", personal=False)
    assert made.startswith("ada…#")
    assert "lovelace" not in made


@given(st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=4))
def test_the_hash_knows_columns_and_values_and_no_order(cells):
    backwards = dict(reversed(cells.items()))
    assert row_hash(cells) == row_hash(backwards)
    for name in cells:
        assert row_hash({**cells, name: "another value"}) != row_hash(cells)
