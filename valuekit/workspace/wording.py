"""What pydantic found, in plain words: value, rule and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from pydantic_core import ErrorDetails

from valuekit.errors import Severity
from valuekit.workspace.faults import Fault, Path
from valuekit.workspace.keys import suggestion

_TYPES: Mapping[str, tuple[str, str]] = {
    "string_type": ("must be text", 'Put it in quotes: "...".'),
    "bool_type": ("must be true or false", "Write true or false without quotes."),
    "bool_parsing": ("must be true or false", "Write true or false without quotes."),
    "int_type": ("must be a whole number", "Write digits without quotes."),
    "int_parsing": ("must be a whole number", "Write digits without quotes."),
    "int_from_float": ("must be a whole number", "Write digits without a point."),
    "float_type": (
        "must be a number",
        "Write it without quotes, with a point for decimals.",
    ),
    "float_parsing": (
        "must be a number",
        "Write it without quotes, with a point for decimals.",
    ),
    "decimal_type": ("must be an amount", 'Write a number, or text such as "0.0004".'),
    "decimal_parsing": (
        "must be an amount",
        'Write a number, or text such as "0.0004".',
    ),
    "date_type": ("must be a date", "Write it as 2026-01-31, without quotes."),
    "date_parsing": ("must be a date", "Write it as 2026-01-31, without quotes."),
    "date_from_datetime_parsing": (
        "must be a date",
        "Write it as 2026-01-31, without quotes.",
    ),
    "date_from_datetime_inexact": (
        "must be a date without a time",
        "Write it as 2026-01-31.",
    ),
    "tuple_type": ("must be a list", 'Write it in brackets: ["a", "b"].'),
    "dict_type": ("must be a table", 'Write a table: { name = "column" }.'),
    "model_type": (
        "must be a table",
        "Write it as a table of its own: [table] or { key = ... }.",
    ),
    "model_attributes_type": (
        "must be a table",
        "Write it as a table: [table] or { key = ... }.",
    ),
    "finite_number": (
        "must be a finite number",
        "Write a number; inf and nan are not amounts.",
    ),
    "string_pattern_mismatch": ("must be a size", 'Write it as "800MB" or "2GB".'),
    "string_too_short": ("must not be empty", "Write the name, exactly as in the table."),
}


_RANGE = "Write a number within these bounds."
_REMEDIES: Mapping[str, str] = dict.fromkeys(
    ("less_than", "less_than_equal", "greater_than", "greater_than_equal"), _RANGE
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake and the key where it was made.

    Attributes:
        path: Keys and indexes from the top of the file.
        value: What was found, as TOML-like text; empty for tables.
        rule: The rule it breaks.
        remedy: What to write instead.
        code: Stable short name of the rule.
        severity: ``error``, or ``warning`` for advice.
    """

    path: Path
    value: str
    rule: str
    remedy: str
    code: str
    severity: Severity = "error"


def where(error: ErrorDetails) -> Path:
    """Keys and indexes of an error, without pydantic's own mark for keys."""
    return tuple(part for part in error["loc"] if part != "[key]")


def read(error: ErrorDetails) -> Iterator[Mistake]:
    """One error of pydantic about a single value."""
    path, kind = where(error), error["type"]
    value = "" if kind in {"missing", "extra_forbidden"} else shown(error["input"])
    if kind == "extra_forbidden":
        yield Mistake(path, f"`{path[-1]}`", "unknown key", suggestion(path), "unknown_key")
    elif kind == "missing":
        table = ".".join(str(part) for part in path[:-1] if isinstance(part, str))
        remedy = f"Add `{path[-1]} = ...` to [{table}]." if table else f"Add [{path[-1]}]."
        yield Mistake(path, "", f"`{path[-1]}` is missing", remedy, "missing_key")
    elif kind == "literal_error":
        yield _choice(path, error, value)
    elif kind in {"value_error", "assertion_error"}:
        yield _rule(path, error["msg"].split(", ", 1)[-1], value, error)
    else:
        plain = _words(error["msg"]), _REMEDIES.get(kind, "Correct the value.")
        rule, remedy = _TYPES.get(kind, plain)
        yield Mistake(path, value, rule, remedy, kind)


def broken(fault: Fault, value: object) -> Mistake:
    """A broken rule between keys, with the value at its place; None where there is none."""
    rule, _, remedy = fault.text.partition(": ")
    text = "" if value is None else shown(value)
    return Mistake(fault.path, text, rule, _sentence(remedy), "broken_rule")


def _rule(path: Path, text: str, value: str, error: ErrorDetails) -> Mistake:
    """A rule of ours about one value, ``problem: remedy``; names of tables may be wrong too."""
    if error["loc"] and error["loc"][-1] == "[key]":
        return Mistake(path, f"`{path[-1]}`", text, "Rename it.", "broken_rule")
    rule, _, remedy = text.partition(": ")
    return Mistake(path, value, rule, _sentence(remedy or "correct the value"), "broken_rule")


def _choice(path: Path, error: ErrorDetails, value: str) -> Mistake:
    expected = str(error.get("ctx", {}).get("expected", ""))
    options = re.findall(r"'([^']*)'", expected)
    near = get_close_matches(str(error["input"]), options, n=1, cutoff=0.5)
    remedy = f'Did you mean "{near[0]}"?' if near else "Use one of these words."
    return Mistake(path, value, f"must be {expected}", remedy, "unknown_word")


def _words(message: str) -> str:
    return message.replace("Input should be", "must be").replace("Input should", "must")


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def shown(value: object) -> str:
    """A value for a message, on one line and cut; empty for tables."""
    if isinstance(value, Mapping):
        return ""
    text = str(value).lower() if isinstance(value, bool | date) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
