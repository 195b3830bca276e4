"""Ids that some files hold as floats are refused with the file: they are other ids there."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.incremental.daily import DAYS, NOW, Daily
from valuekit.errors import SourceError


@pytest.mark.parametrize("kind", ["number", "text"])
@pytest.mark.parametrize("table", ["p", "o"])
def test_one_night_of_floats_is_named(tmp_path, kind, table):
    made = Daily(tmp_path, kind)
    made.space.refresh(now=NOW)
    made.write(DAYS)
    path = made.folder / "data" / table / f"{DAYS:04d}.parquet"
    rows = pd.read_parquet(path)
    column = "id" if table == "p" else "pid"
    before = rows[column]
    numbers = before if kind == "number" else before.str.removeprefix("id").astype("int64")
    rows.assign(**{column: numbers.astype("float64")}).to_parquet(path, index=False)
    with pytest.raises(SourceError) as caught:
        made.space.refresh(now=NOW)
    (one,) = caught.value.findings
    assert one.code == "wrong_type"
    assert f"column {column}" in one.place
    assert one.value == f"floats in {table}/{DAYS:04d}.parquet, unlike in other files"
    rows.to_parquet(path, index=False)
    made.space.refresh(now=NOW)


def test_a_table_of_floats_is_refused_as_a_whole(tmp_path):
    made = Daily(tmp_path, "number")
    for path in (made.folder / "data" / "p").iterdir():
        rows = pd.read_parquet(path)
        rows.assign(id=rows["id"].astype("float64")).to_parquet(path, index=False)
    with pytest.raises(SourceError, match="an id stored as a float loses digits"):
        made.space.refresh(now=NOW)
