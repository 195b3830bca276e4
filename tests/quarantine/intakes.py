"""Intakes made by hand: how many rows of a day a rule holds back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

START = datetime(2026, 1, 1)


def intake(*rows: tuple[int, str, str, int]) -> pd.DataFrame:
    """Rows of an intake: day, fate, rule, rows."""
    return pd.DataFrame(
        [
            {
                "source": "predictions",
                "segment": "all",
                "day": START + timedelta(days=day),
                "fate": fate,
                "rule": rule,
                "rows": n,
            }
            for day, fate, rule, n in rows
        ]
    )
