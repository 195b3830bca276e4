"""Column types that are exact on every database: money, rates, moments in time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

MICROS = Decimal(1_000_000)
LARGEST = 2**63 - 1


class Micros(sa.TypeDecorator[Decimal]):
    """An amount of money as whole millionths in a 64-bit integer.

    SQLite has no exact decimal: NUMERIC there is a binary float, and text neither adds up nor
    sorts. Integers add up exactly in SQL on every database, and six places are what the ledger
    keeps. The range is +-9.2e12 currency units a row.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> int | None:
        """Whole millionths; refuses what is not exact or does not fit."""
        if value is None:
            return None
        scaled = value.scaleb(6)
        whole = int(scaled)
        if whole != scaled or abs(whole) > LARGEST:
            msg = f"{value} is not an amount with at most 6 places below 9.2e12"
            raise ValueError(msg)
        return whole

    def process_result_value(self, value: int | None, _dialect: Dialect) -> Decimal | None:
        """The amount with its six places."""
        return None if value is None else Decimal(value).scaleb(-6)


class ExactText(sa.TypeDecorator[Decimal]):
    """A Decimal that is never added up, such as a currency rate, digit by digit as text."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> str | None:
        """The digits."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Decimal | None:
        """The Decimal that was written, trailing zeros included."""
        return None if value is None else Decimal(value)


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, kept without zone because SQLite has none; naive moments are refused."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """The same moment as naive UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value} has no zone: give a moment in UTC"
            raise ValueError(msg)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """The moment, aware, in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)
