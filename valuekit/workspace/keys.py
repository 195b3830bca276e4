"""Which keys the workspace declares, read from the pydantic models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from valuekit.workspace.declare import Workspace

Path = tuple[str | int, ...]
ANY = "NAME"  # stands for a name that the user chooses
EACH = "[]"  # stands for the elements of a list of tables


def declared() -> dict[str, tuple[str, ...]]:
    """Table -> its keys as written in TOML, for every table that may be declared.

    >>> declared()["models.NAME.outcomes"][:3]
    ('source', 'table', 'id')
    """
    return {table: tuple(_fields(model)) for table, model in models()}


def models() -> tuple[tuple[str, type[BaseModel]], ...]:
    """Every table that may be declared and the pydantic model behind it."""
    return tuple((".".join(path), model) for path, model in _walk(Workspace, ()))


def allowed(path: Path) -> tuple[str, ...]:
    """Keys that may stand in the table at ``path``; empty when its keys are free names."""
    model: type[BaseModel] | None = Workspace
    free = False  # the next part is a name chosen by the user, or an index
    for part in path:
        if free or isinstance(part, int):
            free = False
            continue
        if model is None or part not in _fields(model):
            return ()
        model, shape = _inner(_fields(model)[part])
        free = shape == ANY
    return () if model is None or free else tuple(_fields(model))


def suggestion(path: Path) -> str:
    """What to do about an unknown key: the nearest key, the table where it belongs, or the list."""
    *table, last = path
    keys = allowed(tuple(table))
    near = get_close_matches(str(last), keys, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    homes = [name for name, inside in declared().items() if last in inside]
    if homes:
        return f"`{last}` belongs in " + " or ".join(f"[{name}]" for name in homes[:3]) + "."
    return f"Remove it; the keys here are {', '.join(sorted(keys))}."


def _walk(
    model: type[BaseModel], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    yield path, model
    for key, annotation in _fields(model).items():
        inner, shape = _inner(annotation)
        if inner is not None:
            yield from _walk(inner, (*path, key, shape) if shape == ANY else (*path, key + shape))


def _fields(model: type[BaseModel]) -> dict[str, object]:
    return {one.alias or name: one.annotation for name, one in model.model_fields.items()}


def _inner(annotation: object) -> tuple[type[BaseModel] | None, str]:
    """The model inside an annotation, and how it is held: itself, by name, or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inner(parts[0])
    if origin in {Union, UnionType}:
        return next((found for one in parts if (found := _inner(one))[0]), (None, ""))
    if origin is dict:
        return _inner(parts[1])[0], ANY
    if origin is tuple:
        return _inner(parts[0])[0], EACH
    return None, ""
