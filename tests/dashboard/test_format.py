from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
import vl_convert
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dashboard import format as fmt
from valuekit.estimate import Estimate, unknown

AMOUNTS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False).map(lambda x: round(x, 4))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_680_000, "€1.68M"),
        (449_000, "€449k"),
        (-27_510, "−€27.5k"),
        (999.6, "€1.00k"),
        (999_950, "€1.00M"),
        (14.333, "€14.33"),
        (0, "€0"),
        (0.00042, "€0.00042"),
    ],
)
def test_money_has_three_significant_digits(value: float, text: str) -> None:
    assert fmt.money(value, "EUR") == text


@given(AMOUNTS)
def test_money_stays_within_rounding(value: float) -> None:
    text = fmt.money(value, "EUR")
    assert "-" not in text
    factor = {"k": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1.0)
    digits = re.sub(r"[^\d.e+]", "", text.rstrip("kMB").replace(",", ""))
    assert float(digits) * factor == pytest.approx(abs(value), rel=0.0051, abs=0.0051)


@given(AMOUNTS)
def test_delta_has_an_ascii_minus_exactly_when_negative(value: float) -> None:
    text = fmt.ascii_minus(fmt.signed(value, fmt.money(value, "EUR")))
    assert "−" not in text
    if abs(value) >= 0.01:
        assert text.startswith("-") == (value < 0)
        assert text.startswith("+") == (value > 0)


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (105, 100, "+5%"),
        (99, 100, "−1%"),
        (5000, -2000, "+€7.00k"),
        (-5, 100, "−€105"),
        (7, 7, "0%"),
    ],
)
def test_change_is_in_percent_only_between_positive_values(now, before, text) -> None:
    assert fmt.change(float(now), float(before), "EUR") == text


def test_unknown_says_so() -> None:
    held = unknown("no outcome yet", "EUR")
    assert fmt.figure(held) == "Unknown"
    assert fmt.interval(held) == "no range: no outcome yet"


def test_interval_names_its_level() -> None:
    held = Estimate(1.0, "share", low=0.1, high=0.305, level=0.9)
    assert fmt.interval(held) == "90% range 10% to 30%"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("de-DE", "1.234,50\xa0€"),
        ("en-US", "€1,234.50"),
        ("fr", "1\u202f234,50\xa0€"),
        ("x!", "€1,234.50"),
    ],
)
def test_full_amounts_follow_the_reader(tag: str, text: str) -> None:
    assert fmt.full_money(1234.5, "EUR", fmt.locale_of(tag)) == text


def test_full_amounts_keep_small_prices_and_decimals() -> None:
    assert fmt.full_money(Decimal("0.000400"), "EUR", Locale("en")) == "€0.0004"
    assert fmt.full_money(-5, "EUR", Locale("en")) == "−€5.00"


@given(
    st.floats(min_value=-1e9, max_value=1e9, allow_nan=False),
    st.floats(min_value=1e-3, max_value=1e9),
)
def test_ticks_cover_the_range_and_say_each_value(low: float, size: float) -> None:
    high = low + size
    if not high > low + abs(low) * 1e-9:
        return
    values, expression = fmt.ticks(low, high, "EUR")
    assert values[0] <= low + size * 1e-6
    assert values[-1] >= high - size * 1e-6
    assert 2 <= len(values) <= 12
    assert expression.count("'") == 2 * len(values)


def test_vega_writes_what_python_writes() -> None:
    values, expression = fmt.ticks(-27_000, 1_200_000, "EUR")
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"y": one} for one in values]},
        "mark": "point",
        "height": 400,
        "encoding": {
            "y": {
                "field": "y",
                "type": "quantitative",
                "axis": {"values": values, "labelExpr": expression, "labelOverlap": False},
                "scale": {"domain": [values[0], values[-1]], "nice": False},
            }
        },
    }
    drawn = re.findall(r">([^<>]*€[^<>]*)</text>", vl_convert.vegalite_to_svg(json.dumps(spec)))
    assert drawn == ["−€500k", "€0", "€500k", "€1M", "€1.5M"]


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "**bold** _it_ `code` [a](https://evil.example) ![x](y)",
    "$x^2$ and $$y$$",
    ":red[careful] :material/delete: :smile:",
    "# heading",
    "- list",
    "1. first",
    "=cmd|' /C calc'!A0",
    "a\n\n---\nb",
    "~~gone~~ &lt;b&gt; | cell",
    "www.evil.example https://evil.example",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_is_never_markup(text: str) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(fmt.plain(text))
    inner = [one for token in tokens for one in token.children or ()]
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {one.type for one in inner} <= {"text", "text_special"}
    said = "".join(one.content for one in inner).replace("\u2060", "")
    assert said == " ".join(text.split())


@given(st.text(max_size=300))
def test_plain_text_is_one_short_line(text: str) -> None:
    shown = fmt.plain(text, 80)
    assert "\n" not in shown
    assert len(re.sub(r"\\(.)", r"\1", shown.replace("\u2060", ""))) <= 80
    assert not re.search(r":(?=[\w+/-])", shown)


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert fmt.plain("word " * 100, 20).endswith("…")
