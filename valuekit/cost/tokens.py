"""Tokens by dated price: per class and provider model; a token without a price is never free."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from valuekit.cost.lines import MARGINAL, Charge, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import pandas as pd

    from valuekit.workspace.declare import TokenPrice

MILLION = Decimal(1_000_000)
CATEGORY = "tokens"


def price_on(
    prices: Sequence[TokenPrice], token: str, provider_model: str, day: date
) -> Decimal | None:
    """Price per million tokens that holds on a day; None when there is none.

    A price for exactly this provider model goes before one for any model; among those, the
    latest ``from`` on or before the day.
    """
    for wanted in (provider_model, None):
        found = [
            one
            for one in prices
            if one.token == token and one.provider_model == wanted and one.from_ <= day
        ]
        if found:
            return max(found, key=lambda one: one.from_).per_million
    return None


def token_charges(
    prices: Sequence[TokenPrice], usage: pd.DataFrame, volume: pd.DataFrame
) -> Iterator[Charge]:
    """One charge a version and day: quantity x price, and how many predictions it covers.

    A call is covered when every class of token it used has a price. Predictions of the day are
    covered in proportion to covered calls (``attempts``, retries included), rounded down; a day
    with predictions but no usage is not covered at all.

    Args:
        prices: Declared, dated prices.
        usage: Usage fact, segment ``all``.
        volume: Volume fact, segment ``all``.
    """
    amounts: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    calls: dict[tuple[str, date], dict[tuple[str, str], int]] = defaultdict(dict)
    unpriced: set[tuple[str, date, str, str]] = set()
    names = ("version", "day", "provider_model", "tier", "token", "quantity", "attempts")
    for version, day, served_by, tier, token, quantity, attempts in records(usage, *names):
        key = (version, day)
        kind = (served_by, tier)
        calls[key][kind] = max(calls[key].get(kind, 0), attempts)
        price = price_on(prices, token, served_by, day)
        if price is not None:
            amounts[key] += quantity * price / MILLION
        elif quantity:
            unpriced.add((*key, *kind))
    for version, day, predictions in records(volume, "version", "day", "predictions"):
        key = (version, day)
        made = sum(calls[key].values())
        covered = sum(n for kind, n in calls[key].items() if (*key, *kind) not in unpriced)
        costed = predictions * covered // made if made else 0
        yield Charge(day, CATEGORY, MARGINAL, amounts.pop(key, Decimal(0)), version, costed)
    for (version, day), amount in amounts.items():  # calls on days without a prediction
        yield Charge(day, CATEGORY, MARGINAL, amount, version)
