"""The few words and numbers that findings are made of: money, percent, days, counts.

English, three significant digits, a real minus. The dashboard formats by locale; sentences that
are stored with a run (headlines, reasons) are written with these.
"""

from __future__ import annotations

import math
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

MINUS = "\N{MINUS SIGN}"
_SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "C$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "NZD": "NZ$",
    "USD": "$",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTHING = 1e-15
_STEPS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def symbol(currency: str) -> str:
    """The symbol of an ISO 4217 currency, or its code and a space.

    >>> symbol("EUR"), symbol("CHF")
    ('€', 'CHF ')
    """
    return _SYMBOLS.get(currency, f"{currency} ")


def number(amount: float | Decimal) -> str:
    """A number with three significant digits and k, M or B; cents below 100; never an exponent.

    What is below 10^-15 is rounding, and 0.

    >>> number(448_900), number(-27_450), number(999.6), number(24.347), number(0.00042)
    ('449k', '−27.4k', '1.00k', '24.35', '0.00042')
    >>> number(0.00001), number(-0.0000012345), number(1e-16)
    ('0.00001', '−0.00000123', '0')
    """
    value = float(amount)
    text = _magnitude(abs(value))
    return f"{MINUS}{text}" if value < 0 and text.strip("0.") else text


def _magnitude(value: float) -> str:
    if value < _NOTHING:
        return "0"
    if value < 0.005:
        return f"{value:.{2 - math.floor(math.log10(value))}f}".rstrip("0")
    if value < 99.995:
        return f"{value:.2f}"
    if value < 999.5:
        return f"{value:.0f}"
    size, letter = next((one for one in _STEPS if value >= one[0] * 0.9995), _STEPS[-1])
    scaled = value / size
    places = max(0, 2 - math.floor(math.log10(max(1.0, scaled)) + 1e-9))
    text = f"{scaled:,.{places}f}"
    # Rounding may carry into the next digit: 99.96 -> 100.0.
    return f"{scaled:,.{places - 1}f}{letter}" if places and len(text) > 4 else f"{text}{letter}"


def money(amount: float | Decimal, currency: str) -> str:
    """An amount with its currency symbol: ``€449k``, ``−€27.5k``, ``$24.35``.

    >>> money(448_900, "EUR"), money(-27_500, "EUR"), money(0, "USD"), money(1200, "CHF")
    ('€449k', '−€27.5k', '$0', 'CHF 1.20k')
    """
    text = number(amount)
    if text.startswith(MINUS):
        return f"{MINUS}{symbol(currency)}{text[1:]}"
    return f"{symbol(currency)}{text}"


def signed(value: float, places: int = 2) -> str:
    """A plain number with its sign, a real minus.

    >>> signed(0.314), signed(-1.5), signed(0.0), signed(-0.001)
    ('+0.31', '−1.50', '+0.00', '+0.00')
    """
    return f"{round(value, places) + 0.0:+.{places}f}".replace("-", MINUS)


def percent(share: float, places: int | None = None) -> str:
    """A share as a percentage; whole percents from 10% on, one decimal place below.

    >>> percent(0.0766), percent(0.923), percent(-0.05), percent(0.5, 2)
    ('7.7%', '92%', '−5.0%', '50.00%')
    """
    value = share * 100
    shown = (0 if abs(value) >= 10 else 1) if places is None else places
    text = f"{abs(value):,.{shown}f}%"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.%") else text


def p_value(p: float) -> str:
    """A p-value with two digits; far tails are not told apart, where no approximation holds.

    >>> p_value(0.0123), p_value(0.5), p_value(5.2e-209)
    ('p = 0.012', 'p = 0.5', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def day(value: date) -> str:
    """A day as people write it.

    >>> from datetime import date
    >>> day(date(2026, 12, 9))
    '9 Dec 2026'
    """
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def count(value: int) -> str:
    """A whole number with thousands separators.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def megabytes(size: int) -> str:
    """A size in megabytes, as disks count them.

    >>> megabytes(16_700_000), megabytes(4_096)
    ('16.7 MB', '0.0 MB')
    """
    return f"{size / 1e6:,.1f} MB"


def plural(value: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "model"), plural(3, "model"), plural(2, "day was", "days were")
    ('1 model', '3 models', '2 days were')
    """
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def cut(text: str, limit: int) -> str:
    """A text on one line, at most so long; what is left off ends at a word and is marked.

    >>> cut("the table has  no such column", 22), cut("as it is", 22)
    ('the table has no such…', 'as it is')
    """
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    kept = line[:limit]
    words = kept.rpartition(" ")[0]
    # One endless word, such as a path, is cut where it is.
    return (words if len(words) > limit // 2 else kept[:-1]).rstrip(",;:") + "…"


def nearest(wanted: str, there: Iterable[str]) -> str | None:
    """The most similar of some names: equal but for case and spaces first, then by spelling.

    >>> nearest("Customer_ID", ["age", "customer_id"])
    'customer_id'
    >>> nearest("x", ["age"])
    """
    folded = {name.strip().casefold(): name for name in there}
    key = wanted.strip().casefold()
    if key in folded:
        return folded[key]
    close = get_close_matches(key, folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def listed(words: Sequence[str], limit: int = 4) -> str:
    """Words joined for a sentence; the tail beyond ``limit`` is counted.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdef"), 3)
    ('a', 'a, b and c', 'a, b, c and 3 more')
    """
    shown = list(words[:limit])
    rest = len(words) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
