"""What of a row that was held back may be kept and shown.

Numbers, dates and times stay as they are: they say what is wrong. Ids of units and customers, and
whatever looks like a mail address, are masked to their first characters and a hash. Other text is
cut to 40 characters. Nothing that could move the cursor, hide or turn text round is shown as
itself. The hash is no secret: whoever holds the table finds the row by it, whoever does not has to
guess ids.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping

EXAMPLES = 20  # of each source and rule
LIMIT = 40  # characters of a value
_KEPT = 3  # characters of an id, and never more than half of it
_DIGITS = 8  # of its SHA-256
_TURNED = {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}
_FIRST, _LAST = "\u0590", "\u08ff"  # Hebrew to Arabic: their marks have no direction of their own


def escaped(text: str) -> str:
    r"""Text with control, invisible and right-to-left characters written as escapes.

    >>> escaped("a\tb\u200bc\u202ed")
    'a\\tb\\u200bc\\u202ed'
    >>> escaped("Zürich 🙂")
    'Zürich 🙂'
    """
    return "".join(sign if _harmless(sign) else _code(sign) for sign in text)


def _harmless(sign: str) -> bool:
    turned = unicodedata.bidirectional(sign) in _TURNED or _FIRST <= sign <= _LAST
    return sign.isprintable() and not turned


def _code(sign: str) -> str:
    written = sign.encode("unicode_escape").decode()
    return written if written != sign else f"\\u{ord(sign):04x}"


def shown(text: str, limit: int = LIMIT) -> str:
    r"""Text escaped and cut; what was cut is said.

    >>> shown("x" * 50)
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (50 characters)'
    """
    kept = escaped(text[:limit])
    if len(text) <= limit and len(kept) <= 2 * limit:
        return kept
    return f"{kept[: 2 * limit]}… ({len(text):,} characters)"


def masked(text: str) -> str:
    """An id by its first characters and a hash: at most three, and at most half of it.

    >>> masked("customer-20417"), masked("u1")
    ('cus…#fd6db1e7', 'u…#bb82030d')
    """
    kept = escaped(text[: min(_KEPT, len(text) // 2)])
    return f"{kept}…#{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def cell(text: str | None, *, personal: bool) -> str:
    """A cell as it may be shown.

    Args:
        text: What is written there; None for nothing.
        personal: Whether it names a unit or customer.

    >>> cell(None, personal=True), cell("  ", personal=True), cell("-12.5", personal=False)
    ('(empty)', '(blank)', '-12.5')
    >>> cell("ada@example.com", personal=False)
    'ada…#b5fc85e5'
    """
    if text is None or text == "":
        return "(empty)"
    if not text.strip():
        return "(blank)"
    return masked(text) if personal or "@" in text else shown(text)


def row_hash(cells: Mapping[str, str | None]) -> str:
    """SHA-256 of a row: its cells as JSON pairs of column and text, by column.

    >>> row_hash({"b": None, "a": "1"}) == row_hash({"a": "1", "b": None})
    True
    """
    pairs = sorted(cells.items())
    text = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
