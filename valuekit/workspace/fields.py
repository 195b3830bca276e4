"""Kinds of values of a workspace file: names, columns, days, money, and how they may be written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    model_validator,
)

from valuekit.workspace.currencies import CURRENCIES
from valuekit.workspace.faults import Fault

#: Context of a validation that judges single values only, no rules between keys.
VALUES_ONLY = {"rules": False}

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_ADDRESS = re.compile(r"^\w[\w+]*://")
_IN_MEMORY = re.compile(r"^sqlite(\+\w+)?:///?(:memory:)?(\?.*)?$")
_DAYS = re.compile(r"^(\d{1,4})\s*d$")
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def _name(value: str) -> str:
    if not _NAME.match(value):
        msg = "a name is 1-40 lower-case letters, digits or _ and starts with a letter"
        raise ValueError(msg)
    return value


def _address(value: str) -> str:
    if not _ADDRESS.match(value):
        msg = (
            f"{value!r} is not the address of a store: write "
            '"sqlite:///valuekit.db" or "postgresql://user@host/database"'
        )
        raise ValueError(msg)
    if _IN_MEMORY.match(value):
        msg = (
            f"{value!r} lies in memory and would be empty after every command: name a file, "
            'as in "sqlite:///valuekit.db"'
        )
        raise ValueError(msg)
    return value


def _days(value: object) -> object:
    if isinstance(value, str):
        found = _DAYS.match(value.strip())
        if not found:
            msg = f'{value!r} is not a duration: write whole days, for example "90d"'
            raise ValueError(msg)
        return int(found[1])
    return value


def _decimal(value: object) -> object:
    # TOML floats are binary: 0.1 would arrive as 0.1000000000000000055; text keeps what was typed.
    if isinstance(value, bool):
        msg = 'true and false are no amounts: write a number, or text such as "0.0004"'
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports a ValueError, a TypeError escapes
    return Decimal(repr(value)) if isinstance(value, float) else value


def _day(value: object) -> object:
    # A bare number would be read as seconds since 1970.
    if isinstance(value, date) or (isinstance(value, str) and _ISO.match(value)):
        return value
    msg = f"{value!r} is not a day: write it as 2026-01-31"
    raise ValueError(msg)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError) as error:  # KeyError: ZoneInfoNotFoundError
        msg = f'{value!r} is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"'
        raise ValueError(msg) from error
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        meant = value.strip().upper()
        near = get_close_matches(meant, sorted(CURRENCIES), n=9, cutoff=0.6)
        best = max(
            near, key=lambda one: (one[:1] == meant[:1]) + (one[:2] == meant[:2]), default="EUR"
        )
        msg = f'{value!r} is not a currency: use an ISO 4217 code such as "{best}"'
        raise ValueError(msg)
    return value


Name = Annotated[str, AfterValidator(_name)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Currency = Annotated[str, AfterValidator(_currency)]
Column = Annotated[str, Field(min_length=1, max_length=256)]
Days = Annotated[int, BeforeValidator(_days), Strict(), Field(ge=0, le=3650)]
Day = Annotated[date, BeforeValidator(_day)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Money = Annotated[Decimal, BeforeValidator(_decimal), Field(allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)]
Real = Annotated[float, Strict(), Field(allow_inf_nan=False)]


class Declared(BaseModel):
    """Base of all declarations: frozen, unknown keys refused, no silent type changes of text."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def faults(self) -> Iterator[Fault]:
        """Rules between the keys of this table, or of tables inside it, that are broken."""
        yield from ()

    @model_validator(mode="after")
    def _sound(self, info: ValidationInfo) -> Self:
        if info.context != VALUES_ONLY and (broken := list(self.faults())):
            raise ValueError("\n".join(one.text for one in broken))
        return self
