"""The engine's results against pandas on the same rows; hostile names; threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import dialects
from connectors.base import BAD_CELL, NO_SUCH_TIME, Within
from valuekit.errors import SourceError

FRAME = pd.DataFrame(
    {
        "id": np.arange(5_000),
        "arm": np.where(np.arange(5_000) % 5 == 0, "control", "treated"),
        "x": np.random.default_rng(1).normal(3, 2, 5_000),
        "y": np.random.default_rng(2).normal(1, 1, 5_000),
    }
)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_moments_equal_pandas(opened, root, ending):
    path = root / f"t.{ending}"
    (FRAME.to_parquet if ending == "parquet" else FRAME.to_csv)(path, index=False)
    engine = opened()
    t = engine.table("t", ["arm", "x", "y"])
    statement = (
        sa.select(
            t.c.arm,
            sa.func.count().label("n"),
            sa.func.avg(t.c.x).label("mean"),
            dialects.var_pop(t.c.x).label("var"),
            dialects.covar_pop(t.c.x, t.c.y).label("cov"),
        )
        .group_by(t.c.arm)
        .order_by(t.c.arm)
    )
    found = engine.run("moments", statement).to_pandas().set_index("arm")
    groups = FRAME.groupby("arm")
    assert found["n"].to_dict() == groups.size().to_dict()
    np.testing.assert_allclose(found["mean"], groups["x"].mean(), rtol=1e-12)
    np.testing.assert_allclose(found["var"], groups["x"].var(ddof=0), rtol=1e-12)
    wanted = [one["x"].cov(one["y"], ddof=0) for _, one in groups]
    np.testing.assert_allclose(found["cov"], wanted, rtol=1e-9)


def test_kinds_of_parquet_columns(opened, root):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "i8": pa.array([1], pa.int8()),
            "u64": pa.array([2**63], pa.uint64()),
            "f32": pa.array([0.5], pa.float32()),
            "dec": pa.array([Decimal("1.25")], pa.decimal128(9, 2)),
            "yes": [True],
            "text": ["a"],
            "dict": pa.array(["a"]).dictionary_encode(),
            "day": [date(2026, 1, 1)],
            "ns": pa.array([when], pa.timestamp("ns")),
            "ms": pa.array([when], pa.timestamp("ms")),
            "tz": pa.array([when], pa.timestamp("us", tz="Asia/Tokyo")),
            "tz_ns": pa.array([when], pa.timestamp("ns", tz="UTC")),
            "list": [[1]],
            "struct": [{"a": 1}],
            "blob": [b"x"],
        }
    )
    pq.write_table(table, root / "t.parquet")
    engine = opened()
    kinds = engine.columns("t")
    assert list(kinds.values()) == [
        *("int", "int", "float", "decimal", "bool", "text", "text", "date"),
        *("timestamp", "timestamp", "timestamptz", "timestamptz", "other", "other", "other"),
    ]
    t = engine.table("t")
    row = engine.run("read", sa.select(t)).to_pylist()[0]
    naive = when.replace(tzinfo=None)
    assert {row["ns"], row["ms"], row["tz"], row["tz_ns"]} == {naive}
    assert row["dec"] == Decimal("1.25")
    assert row["u64"] == 2**63
    assert "list" not in row
    assert row[BAD_CELL] is None


def test_naive_times_need_a_zone(opened, root):
    times = pa.array([datetime(2026, 1, 1)], pa.timestamp("us"))
    pq.write_table(pa.table({"id": [1], "time": times}), root / "t.parquet")
    engine = opened(timezone=None)
    with pytest.raises(SourceError) as error:
        engine.table("t", ["id", "time"])
    finding = error.value.findings[0]
    assert finding.code == "naive_timestamp"
    assert "timezone" in finding.remedy
    assert engine.table("t", ["id"]) is not None


def test_all_missing_and_unusable_columns_are_reported_at_once(opened, root):
    pq.write_table(pa.table({"Score": [1.0], "customer_id": [1], "l": [[1]]}), root / "t.parquet")
    engine = opened()
    with pytest.raises(SourceError) as error:
        engine.table("t", ["score", "customer", "zzz"])
    assert [one.code for one in error.value.findings] == ["missing_column"] * 3
    remedies = [one.remedy for one in error.value.findings]
    assert "'Score'" in remedies[0]
    assert "'customer_id'" in remedies[1]
    assert "The table has" in remedies[2]
    with pytest.raises(SourceError) as error:
        engine.table("t", ["l"])
    assert error.value.findings[0].code == "wrong_type"


def test_only_asked_columns_are_read(opened, root):
    pq.write_table(pa.table({f"c{i}": [i] for i in range(500)}), root / "wide.parquet")
    engine = opened()
    t = engine.table("wide", ["c7", "c9", "c7"])
    assert list(t.c.keys()) == ["c7", "c9", BAD_CELL, NO_SUCH_TIME]
    plan = sa.text("EXPLAIN " + str(sa.select(t.c.c7).compile(dialect=engine.dialect)))
    assert "c8" not in engine._connection.execute(str(plan)).fetchall()[0][1]


def test_materialised_results_are_tables_with_types(opened, root):
    FRAME.to_parquet(root / "t.parquet")
    engine = opened()
    t = engine.table("t", ["id", "arm"])
    statement = sa.select(t.c.id, dialects.to_double(t.c.id).label("d")).where(t.c.arm == "control")
    first, second = engine.materialise("kept", statement), engine.materialise("kept", statement)
    assert first.name != second.name
    assert isinstance(first.c.d.type, sa.Double)
    joined = sa.select(sa.func.count()).select_from(first.join(second, first.c.id == second.c.id))
    assert engine.run("n", joined).column(0)[0].as_py() == 1_000
    assert [(one.name, one.rows) for one in engine.queries[:2]] == [("kept", 1_000)] * 2
    engine.drop(first)
    with pytest.raises(SourceError):
        engine.run("gone", sa.select(first))
    engine.drop(first)
    assert engine.run("n", sa.select(sa.func.count()).select_from(second))[0][0].as_py() == 1_000


@pytest.mark.parametrize(
    ("files", "small", "kept"),
    [(3, 4_000_000, ["typed_t"]), (3, 100, []), (1, 4_000_000, [])],
)
def test_many_small_files_are_opened_once_for_all_statements_of_a_pull(
    opened, root, monkeypatch, files, small, kept
):
    monkeypatch.setattr("connectors.duckdb._SMALL", small)
    (root / "t").mkdir()
    for place in range(files):
        pq.write_table(pa.table({"id": [place], "x": [place / 2]}), root / "t" / f"{place}.parquet")
    engine = opened()
    with engine.reading():
        for _ in range(2):
            rows = engine.table("t", ["id", "x"], again=True)
            found = engine.run("read", sa.select(rows.c.id, rows.c.x).order_by(rows.c.id))
            assert found.to_pylist() == [{"id": n, "x": n / 2} for n in range(files)]
        assert [one.name for one in engine.queries] == [*kept, "read", "read"]
        part = engine.table("t", ["id"], Within(parts=("t/0.parquet",)), again=True)
        assert engine.run("part", sa.select(part.c.id)).to_pylist() == [{"id": 0}]
    tables = engine._connection.sql("SELECT count(*) FROM duckdb_tables()").fetchall()
    assert tables == [(0,)], "what was kept for a pull is freed at its end"


def test_statements_are_remembered_with_their_values(opened, root):
    FRAME.to_parquet(root / "t.parquet")
    engine = opened()
    t = engine.table("t", ["id"])
    engine.run("few", sa.select(t.c.id).where(t.c.id < 7))
    query = engine.queries[-1]
    assert (query.name, query.rows, list(query.parameters.values())) == ("few", 7, [7])
    assert "$1" in query.sql
    assert query.seconds > 0


def test_threads_share_the_engine(opened, root):
    FRAME.to_parquet(root / "t.parquet")
    engine = opened()

    def count(limit: int) -> int:
        t = engine.table("t", ["id"])
        kept = engine.materialise("kept", sa.select(t.c.id).where(t.c.id < limit))
        return engine.run("n", sa.select(sa.func.count()).select_from(kept))[0][0].as_py()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(count, range(0, 2_000, 50))) == list(range(0, 2_000, 50))


def test_failures_are_told_in_words(opened, root):
    FRAME.to_parquet(root / "t.parquet")
    engine = opened()
    t = engine.table("t", ["arm", "id"])
    for expression in (
        sa.cast(t.c.arm, sa.BigInteger()),
        sa.literal_column("nonsense(1)"),
        sa.literal_column("9223372036854775807::BIGINT") + t.c.id,
        sa.literal_column("no_such_column"),
    ):
        with pytest.raises(SourceError) as error:
            engine.run("wrong", sa.select(expression).select_from(t))
        assert "Traceback" not in str(error.value)
        assert "LINE" not in str(error.value)
        assert error.value.findings[0].remedy


def test_results_of_a_large_source_lie_in_a_file(opened, root, monkeypatch):
    FRAME.to_parquet(root / "t.parquet")
    size, memory = (root / "t.parquet").stat().st_size, 1_000_000
    engine = opened(memory_limit="1MB")
    t = engine.table("t", ["id", "x"])
    places = {}
    for times in (memory / size - 0.01, memory / size + 0.01):
        monkeypatch.setattr("connectors.duckdb._LARGE", times)
        made = engine.materialise("kept", sa.select(t.c.id, t.c.x).where(t.c.id < 100))
        places[made.schema] = engine.run("rows", sa.select(made).order_by(made.c.id))
        few = engine.materialise("few", sa.select(t.c.id).where(t.c.id < 3), few=True)
        assert few.schema == "made"
        engine.drop(made)
        with pytest.raises(SourceError):
            engine.run("gone", sa.select(made))
    assert set(places) == {"made", "kept"}
    assert places["made"].equals(places["kept"])
    assert places["kept"].num_rows == 100
    folder = engine._temporary
    assert list(folder.glob("kept.db*"))
    engine.close()
    assert not folder.exists()


def test_results_of_a_large_source_that_half_of_the_memory_holds_stay_in_it(
    opened, root, monkeypatch
):
    FRAME.to_parquet(root / "t.parquet")
    monkeypatch.setattr("connectors.duckdb._LARGE", 1_000_000)
    engine = opened(memory_limit="1MB")
    t = engine.table("t", ["id", "x"])
    two = sa.select(
        sa.cast(t.c.id, sa.BigInteger).label("id"), sa.cast(t.c.x, sa.Double).label("x")
    )
    third = 1_000_000 // (3 * 16)  # rows of 16 bytes

    def made(rows):
        return engine.materialise("some", two.where(t.c.id < 100), rows=rows)

    assert made(None).schema == "kept"
    assert made(2 * third).schema == "kept"  # more than half
    first = made(third)
    assert first.schema == "made"
    assert made(third).schema == "kept"  # with the first one more than half
    engine.drop(first)
    again = made(third)
    assert again.schema == "made"
    assert engine.run("rows", sa.select(again)).num_rows == 100


def test_too_little_memory_is_told(opened, root):
    FRAME.to_parquet(root / "t.parquet")
    engine = opened(memory_limit="1MB", threads=1)
    t = engine.table("t", ["id"])
    other = t.alias()
    with pytest.raises(SourceError) as error:
        engine.run(
            "large",
            sa.select(sa.func.array_agg(t.c.id + other.c.id)).select_from(t.join(other, sa.true())),
        )
    assert error.value.findings[0].code == "out_of_memory"


name = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
hostile = st.sampled_from(
    [
        'a"; DROP VIEW t; --',
        "a'); COPY (SELECT 1) TO 'x'; --",
        "select",
        "$1",
        "%s",
        ":x",
        "%(x)s",
        '"',
        "''",
        "{0}",
        "a.b",
        "\\",
        "📈",
        "\u202eabc",
        "\u200b",
        "a\nb",
        " ",
        "[x]",
        "valuekit",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    column=name | hostile,
    value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | hostile,
)
def test_any_text_may_be_a_column_name_or_a_value(tmp_path_factory, opened, root, column, value):
    path = root / "t.parquet"
    path.unlink(missing_ok=True)
    pq.write_table(pa.table({column: [value, "other"], "fixed": [1, 2]}), path)
    if column.casefold() in {"fixed", BAD_CELL}:
        return
    engine = opened()
    t = engine.table("t", [column])
    statement = sa.select(t.c[column].label("found")).where(t.c[column] == value)
    found = engine.run("any", statement).column(0).to_pylist()
    assert found == [value] * (2 if value == "other" else 1)
    assert engine.queries[-1].parameters == {next(iter(engine.queries[-1].parameters)): value}
    quoted = '"' + column.replace('"', '""') + '"'
    assert quoted in engine.queries[-1].sql
    engine.close()


@pytest.mark.parametrize(
    "table", ['a"b', "a'b", "a;b", "select", "📈", "a b", "a.b", "$1", "%s", "{x}", "A"]
)
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_any_text_may_be_a_table_name(opened, root, table, ending):
    path = Path(root / f"{table}.{ending}")
    (FRAME.to_parquet if ending == "parquet" else FRAME.to_csv)(path, index=False)
    engine = opened()
    t = engine.table(table, ["id"])
    assert engine.run("n", sa.select(sa.func.count(t.c.id)))[0][0].as_py() == len(FRAME)


def test_tables_whose_names_differ_in_case(opened, root):
    FRAME.to_parquet(root / "t.parquet")
    FRAME.head(10).to_parquet(root / "T.parquet")
    engine = opened()
    counted = [
        engine.run("n", sa.select(sa.func.count(t.c.id)))[0][0].as_py()
        for t in (engine.table("t", ["id"]), engine.table("T", ["id"]))
    ]
    assert counted == [len(FRAME), 10]
