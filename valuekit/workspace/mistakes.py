"""All mistakes of a workspace at once: of single values, and of rules between keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from valuekit.workspace.declare import Workspace
from valuekit.workspace.faults import Fault, Path
from valuekit.workspace.fields import VALUES_ONLY, Declared
from valuekit.workspace.keys import allowed
from valuekit.workspace.wording import Mistake, broken, read, where

_ROUNDS = 20  # a value taken out leaves a gap to fill, and what fills it may be judged again

# Stand-ins for missing keys: between them they fit every required key.
_STAND_INS: tuple[object, ...] = (
    "EUR", "a", "classification", "payoff", 1, "2000-01-01", {}, {"a": "a"},
)  # fmt: skip


def mistakes(raw: Mapping[str, object]) -> tuple[Mistake, ...]:
    """Every mistake of a parsed file; empty when it is valid.

    Values that cannot be read are taken out, missing ones filled in, until what is left can be
    read as a whole. Then all rules between keys are asked at once; those that would judge a value
    that was taken out or filled in say nothing.
    """
    rest: object = deepcopy(dict(raw))
    found: list[Mistake] = []
    mended: set[Path] = set()
    for _ in range(_ROUNDS):
        errors = _errors(rest)
        fresh = [one for error in errors for one in read(error)]
        found += [one for one in fresh if not _inside(one.path, mended)]
        paths = {path for one in errors if (path := _mend(rest, one))}
        if not paths:
            break
        mended |= paths
    return tuple(dict.fromkeys((*found, *_rules(raw, rest, mended))))


def _rules(raw: object, rest: object, mended: set[Path]) -> Iterator[Mistake]:
    """Broken rules between keys, of everything that could be read."""
    try:
        whole = Workspace.model_validate(rest, context=VALUES_ONLY)
    except ValidationError:  # something that no stand-in fits; its own mistake is told
        return
    for one in _faults(whole, ()):
        if not any(_lost(key, raw, mended) for key in (one.path, *one.keys)):
            yield broken(one, _at(raw, one.path))


def _faults(one: object, path: Path) -> Iterator[Fault]:
    """The faults of a declaration and of all inside it, seen from the top of the file."""
    if isinstance(one, Declared):
        yield from (fault.below(*path) for fault in one.faults())
        for name, field in type(one).model_fields.items():
            yield from _faults(getattr(one, name), (*path, field.alias or name))
    elif isinstance(one, Mapping):
        for key, inner in one.items():
            yield from _faults(inner, (*path, key))
    elif isinstance(one, tuple):
        for place, inner in enumerate(one):
            yield from _faults(inner, (*path, place))


def _lost(key: Path, raw: object, mended: set[Path]) -> bool:
    """Whether a key is not what the file says: mended, misspelt, or a table that lost a name."""
    if _inside(key, mended):
        return True
    table = key[:-1]
    misspelt = _at(raw, key) is None and any(
        path[:-1] == table and path[-1] not in allowed(table) for path in mended if path
    )
    return misspelt or (not allowed(key) and any(path[:-1] == key for path in mended))


def _inside(path: Path, mended: set[Path]) -> bool:
    """Whether a key was mended, or lies in a table or list that was."""
    return any(path[: len(one)] == one for one in mended)


def _errors(raw: object) -> list[ErrorDetails]:
    """What is wrong with single values."""
    try:
        Workspace.model_validate(raw, context=VALUES_ONLY)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


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
