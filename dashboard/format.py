"""How numbers, money, days and text are written: one place for Python, Vega and Streamlit.

Compact forms come from :mod:`valuekit.text`, so the page, the terminal and the stored sentences
agree. Axis labels are written here too and handed to Vega as text: there is no second formatter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal

from valuekit.estimate import Estimate
from valuekit.period_words import span
from valuekit.text import MINUS, count, cut, day, money, number, percent, plural

__all__ = [
    "MINUS",
    "amount",
    "ascii_minus",
    "change",
    "count",
    "day",
    "figure",
    "full_count",
    "full_money",
    "interval",
    "locale_of",
    "moment",
    "money",
    "number",
    "percent",
    "plain",
    "plural",
    "remark",
    "share_change",
    "signed",
    "span",
    "ticks",
]

UNKNOWN = "Unknown"
_MARKUP = re.compile(r"([\\`*_\[\]<>#$~&|])")
_BLOCK = re.compile(r"^(\d{1,9})([.)])|^([-+=])|(?<=www)(\.)", re.IGNORECASE)
_DIRECTIVE = re.compile(r":(?=[\w+/-])")
# Overrides of the direction of writing: one in a name would turn the amounts after it around.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s+")


def plain(text: str, limit: int = 120) -> str:
    r"""Text of other people for a place that reads Markdown: shown as typed, never interpreted.

    What could mark up is escaped; a colon that could open an icon, an emoji, a colour or an
    address is followed by a zero-width joiner, because those are found after the escapes are
    read. Line breaks become spaces and a long text is cut with an ellipsis.

    >>> plain("*free* $x$")
    '\\*free\\* \\$x\\$'
    >>> plain("\u202ename") == "name"
    True
    """
    one_line = _SPACE.sub(" ", _BIDI.sub("", text)).strip()
    one_line = cut(one_line, limit)
    escaped = _BLOCK.sub(_escaped, _MARKUP.sub(r"\\\1", one_line))
    # A line may not end between a minus and its amount.
    return _DIRECTIVE.sub(":\N{WORD JOINER}", escaped).replace(MINUS, f"{MINUS}\N{WORD JOINER}")


def _escaped(hit: re.Match[str]) -> str:
    number, mark, start, dot = hit.groups()
    return f"{number or ''}\\{mark or start or dot}"


def ascii_minus(text: str) -> str:
    """The text with an ASCII minus in front: Streamlit reads the arrow's direction from it.

    >>> ascii_minus("−€24.4k")
    '-€24.4k'
    """
    return text.replace(MINUS, "-", 1)


def signed(value: float, text: str) -> str:
    """The text with a plus when the value is positive.

    >>> signed(3, "€3.00"), signed(-3, "−€3.00")
    ('+€3.00', '−€3.00')
    """
    return f"+{text}" if value > 0 else text


def share_change(now: float, before: float) -> str:
    """Relative change in whole percent.

    >>> share_change(105, 100), share_change(99, 100)
    ('+5%', '−1%')
    """
    ratio = now / before - 1
    text = percent(ratio, 0)
    return signed(ratio, text) if text != "0%" else "0%"


def change(now: float, before: float, currency: str) -> str:
    """Change of an amount: percent only when both are positive, else the money difference.

    >>> change(105.0, 100.0, "EUR"), change(-27_500.0, 12_000.0, "EUR")
    ('+5%', '−€39.5k')
    """
    if now > 0 and before > 0:
        return share_change(now, before)
    return signed(now - before, money(now - before, currency))


def amount(value: float | None, unit: str) -> str:
    """A value in its unit: money by currency code, shares as percent, counts and plain numbers.

    >>> amount(448_900.0, "EUR"), amount(0.123, "share"), amount(0.0004, "EUR/prediction")
    ('€449k', '12%', '€0.0004')
    >>> amount(12.0, "predictions"), amount(None, "EUR")
    ('12', 'Unknown')
    """
    if value is None:
        return UNKNOWN
    currency = unit.split("/", 1)[0]
    if re.fullmatch(r"[A-Z]{3}", currency):
        return money(value, currency)
    if unit == "share":
        return percent(value)
    if unit in {"predictions", "units", "rows", "days"}:
        return count(round(value))
    return _small(value) if abs(value) < 1000 else number(value)


def _small(value: float) -> str:
    text = f"{abs(value):.3f}" if abs(value) < 10 else f"{abs(value):.1f}"
    if value and not text.strip("0."):
        text = f"{abs(value):.2g}"
    return f"{MINUS}{text}" if value < 0 else text


def figure(estimate: Estimate) -> str:
    """The value of an estimate in its unit, or the word for unknown; a share as its range is.

    >>> figure(Estimate(0.1016, "share", low=0.1007, high=0.1026))
    '10.2%'
    """
    if estimate.unit == "share" and estimate.value is not None and estimate.low is not None:
        return percent(estimate.value, _places(estimate))
    return amount(estimate.value, estimate.unit)


def interval(estimate: Estimate) -> str:
    """The interval in words, or why there is none.

    A share's ends get as many digits as tell them apart: "10% to 10%" would be no range.

    >>> interval(Estimate(1.0, "EUR", low=-2000.0, high=3e6))
    '95% range −€2.00k to €3.00M'
    >>> interval(Estimate(0.1, "share", low=0.101, high=0.1043))
    '95% range 10.1% to 10.4%'
    """
    if estimate.low is None or estimate.high is None:
        reason = estimate.reason[:1].lower() + estimate.reason[1:].rstrip(".")
        return f"no range: {reason}" if estimate.reason else "no range"
    if estimate.unit == "share":
        low, high = (percent(end, _places(estimate)) for end in (estimate.low, estimate.high))
    else:
        low, high = (amount(end, estimate.unit) for end in (estimate.low, estimate.high))
    return f"{percent(estimate.level, 0)} range {low} to {high}"


def _places(estimate: Estimate) -> int:
    """Decimal places of a share and its range: one below 10%, more to tell them apart."""
    ends = (estimate.low, estimate.value, estimate.high)
    known = [one for one in ends if one is not None]
    first = 0 if min(abs(one) for one in known) >= 0.1 else 1
    apart = len(set(known))
    enough = (one for one in range(first, 4) if len({percent(end, one) for end in known}) == apart)
    return next(enough, first) if apart > 1 else first


def remark(text: str, limit: int) -> str:
    """A finding's text for a page: backticks, which a terminal shows as they are, as quotes.

    >>> remark("First log the `unit`", 100)
    "First log the 'unit'"
    """
    return plain(text.replace("`", "'"), limit)


@lru_cache(maxsize=64)
def locale_of(tag: str | None) -> Locale:
    """The reader's locale from a browser tag such as ``de-DE``; English when unknown."""
    try:
        return Locale.parse((tag or "en").split(",")[0].strip(), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def full_money(value: float | Decimal, currency: str, locale: Locale) -> str:
    """The whole amount, to the cent, as the reader's locale writes it."""
    shown = value if isinstance(value, Decimal) else Decimal(repr(value))
    # A price per prediction is a fraction of a cent: its digits are the figure.
    small = 0 < abs(shown) < Decimal("0.1")
    text = format_currency(
        shown,
        currency,
        format="¤#,##0.00####" if small else None,
        locale=locale,
        currency_digits=not small,
    )
    return text.replace("-", MINUS)


def full_count(value: float, locale: Locale) -> str:
    """A number with the locale's separators."""
    return format_decimal(value, locale=locale).replace("-", MINUS)


def moment(value: datetime) -> str:
    """A moment to the minute, UTC.

    >>> moment(datetime(2026, 11, 23, 23, 2, tzinfo=UTC))
    '23 Nov 2026, 23:02 UTC'
    """
    shown = value.astimezone(UTC) if value.tzinfo else value
    return f"{day(shown.date())}, {shown:%H:%M} UTC"


def ticks(low: float, high: float, unit: str, wanted: int = 4) -> tuple[list[float], str]:
    """Round tick values that cover a range, and the Vega expression that writes their labels.

    The expression looks each value up in a list of texts made by :func:`amount`, so an axis reads
    exactly like the figures beside it.
    """
    step = _nice((high - low) / wanted if high > low else max(abs(high), 1.0))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    values = [index * step for index in range(first, last + 1)]
    texts = _tick_texts(values, step, unit)
    # Vega compares floats: a lookup by rounded position is exact where equality might not be.
    listed = ",".join(_quoted(text) for text in texts)
    return values, f"[{listed}][round(datum.value/{step!r})-({first})]"


def _tick_texts(values: Sequence[float], step: float, unit: str) -> list[str]:
    return [_trimmed(amount(0.0 if abs(one) < step / 1e6 else one, unit)) for one in values]


def _trimmed(text: str) -> str:
    """An axis label without trailing zeros: €1.00M -> €1M."""
    return re.sub(r"(\.\d*?)0+(?=\D*$)", lambda hit: hit[1] if hit[1] != "." else "", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _nice(raw: float) -> float:
    size = 10.0 ** math.floor(math.log10(raw))
    return next(size * one for one in (1, 2, 2.5, 5, 10) if raw <= size * one * (1 + 1e-9))
