"""All mistakes of a workspace at once, those of whole tables too."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from valuekit.workspace.declare import Workspace
from valuekit.workspace.keys import allowed
from valuekit.workspace.wording import Mistake, Path, read, where

_ROUNDS = 20  # a value can be taken out, filled in, and bring out the rule of the table above it

# Stand-ins for missing keys: between them they fit every required key.
_STAND_INS: tuple[object, ...] = (
    "EUR", "a", "classification", "payoff", 1, "2000-01-01", {}, {"a": "a"},
)  # fmt: skip


def mistakes(raw: Mapping[str, object]) -> tuple[Mistake, ...]:
    """Every mistake of a parsed file; empty when it is valid.

    Rules about whole tables only run once the keys inside are well-formed. So offending values are
    taken out, missing ones filled in, and the rest is judged again; rules about the very tables
    that were mended stay silent, because they would only complain about the mending.
    """
    rest: object = deepcopy(dict(raw))
    found: list[Mistake] = []
    mended: set[Path] = set()
    for _ in range(_ROUNDS):
        errors = _errors(rest)
        fresh = [one for error in errors for one in read(error)]
        found += [one for one in fresh if not _consequence(one, mended)]
        paths = {path for one in errors if (path := _mend(rest, one))}
        if not paths:
            break
        mended |= paths
    return tuple(dict.fromkeys(found))


def _errors(raw: object) -> list[ErrorDetails]:
    try:
        Workspace.model_validate(raw)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _consequence(one: Mistake, mended: set[Path]) -> bool:
    """Whether a mistake only says that something was mended here, below, or among the sources."""
    if any(one.path[: len(path)] == path or _speaks_of(one, path) for path in mended):
        return True
    lost_source = any(path[0] == "sources" and len(path) < 3 for path in mended)
    return lost_source and (not one.path or one.path[-1] == "source")


def _speaks_of(one: Mistake, path: Path) -> bool:
    """Whether a rule of a table is about a mended key inside, or about one that was misspelt."""
    inside = path[len(one.path) :]
    if path[: len(one.path)] != one.path:
        return False
    if len(inside) == 1 and inside[0] not in allowed(one.path):
        return True
    named = inside if len(inside) == 2 else inside[-1:]
    return any(str(part) in f"{one.rule} {one.remedy}" for part in named)


def _mend(raw: object, error: ErrorDetails) -> Path | None:
    """Mend the cause of an error in place; the path that was touched, if any."""
    path = where(error)
    if error["type"] != "missing":
        return _remove(raw, path)
    return path if _fill(raw, path) else _remove(raw, path[:-1])


def _fill(raw: object, path: Path) -> bool:
    """Put a stand-in where a required key is missing; whether one fits."""
    table = _at(raw, path[:-1])
    if not isinstance(table, dict):
        return False
    for one in _STAND_INS:
        table[path[-1]] = deepcopy(one)
        if path not in {where(error) for error in _errors(raw)}:
            return True
    del table[path[-1]]
    return False


def _remove(raw: object, path: Path) -> Path | None:
    """Take out the value at ``path``; of a list the whole, so that its elements do not move."""
    while path:
        table = _at(raw, path[:-1])
        if isinstance(table, dict):
            return path if table.pop(path[-1], None) is not None else None
        if not isinstance(table, list):  # mended away in the same round
            return None
        path = path[:-1]
    return None


def _at(raw: object, path: Path) -> object:
    """The value at ``path``; None when there is none, or none any more."""
    for part in path:
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw
