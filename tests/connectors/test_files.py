"""Each file that is not fit to be read: which rule it breaks, and how to mend it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from connectors import files
from connectors.base import BAD_CELL
from valuekit.errors import SourceError

GOOD = "id,time,unit,score\n1,2026-01-01T00:00:00Z,7,0.5\n2,2026-01-02T00:00:00Z,8,0.25\n"


def parquet(path: Path, **columns: object) -> None:
    pq.write_table(pa.table(columns or {"id": [1, 2], "score": [0.5, 0.25]}), path)


def refused(engine, table="predictions"):
    with pytest.raises(SourceError) as error:
        engine.columns(table)
    finding = error.value.findings[0]
    assert table in finding.place or not table
    assert finding.rule
    assert finding.remedy
    assert "Traceback" not in str(error.value)
    return finding


def test_missing_file_suggests_the_nearest(opened, root):
    parquet(root / "prediction.parquet")
    finding = refused(opened())
    assert finding.code == "missing_file"
    assert "'prediction'" in finding.remedy


def test_missing_folder(opened):
    with pytest.raises(SourceError) as error:
        opened(path="nowhere")
    assert error.value.findings[0].code == "missing_folder"


BAD = {
    "predictions.parquet": [
        (b"", "empty_file"),
        (b"PAR1 and then nothing", "truncated"),
        (b"PAR1", "truncated"),
        (GOOD.encode(), "wrong_extension"),
    ],
    "predictions.csv": [
        (b"", "empty_file"),
        (gzip.compress(GOOD.encode(), mtime=0), "wrong_extension"),
        (b"PAR1....PAR1", "wrong_extension"),
        (b"\n", "empty_file"),
        (b"id;score\n1;0,5\n", "separator"),
        (b"id\tscore\n1\t0.5\n", "separator"),
        (b"id,score,ID\n1,0.5,2\n", "duplicate_column"),
        (b"id,score,score\n1,0.5,2\n", "duplicate_column"),
        (b"id,na\xefve\n1,2\n", "encoding"),
        (b"id,name\n1,na\xefve\n2,x\n", "encoding"),
        (b"id,na\0me\n1,2\n", "header"),
        (b'id,"name\n1,2\n', "header"),
    ],
    "predictions.csv.gz": [
        (GOOD.encode(), "wrong_extension"),
        (gzip.compress(GOOD.encode(), mtime=0)[:12], "header"),
    ],
}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [(name, content, code) for name, cases in BAD.items() for content, code in cases],
)
def test_unfit_file_is_refused(opened, root, name, content, code):
    (root / name).write_bytes(content)
    assert refused(opened()).code == code


def test_encoding_names_the_byte(opened, root):
    (root / "predictions.csv").write_bytes(b"id,name\n1,ok\n2,na\xefve\n")
    assert "byte" in refused(opened()).value


def test_parquet_cut_short(opened, root):
    path = root / "predictions.parquet"
    parquet(path, id=list(range(10_000)))
    path.write_bytes(path.read_bytes()[:-9])
    assert refused(opened()).code == "truncated"


def test_parquet_damaged_inside_is_an_error_in_words(opened, root):
    path = root / "predictions.parquet"
    parquet(path, id=[f"{i * 7919 % 10_007:020d}" for i in range(10_000)])
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 20_000 + content[20_100:])
    engine = opened()
    rows = engine.table("predictions")
    with pytest.raises(SourceError) as error:
        engine.run("read", sa.select(sa.func.max(sa.func.length(rows.c.id))))
    assert error.value.findings[0].remedy
    assert "Traceback" not in str(error.value)


def test_parquet_footer_of_garbage(opened, root):
    (root / "predictions.parquet").write_bytes(b"PAR1" + b"x" * 40 + b"\x10\0\0\0PAR1")
    assert refused(opened()).code in {"damaged_file", "unreadable_file"}


def test_parquet_names_that_differ_in_case(opened, root):
    parquet(root / "predictions.parquet", id=[1], Id=[2])
    assert refused(opened()).code == "duplicate_column"


def test_too_large(opened, root):
    (root / "predictions.csv").write_bytes(b"a\n" + b"1\n" * 600_000)
    assert refused(opened(max_file_size="1MB")).code == "too_large"


def test_unreadable_by_this_user(opened, root, monkeypatch):
    parquet(root / "predictions.parquet")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert refused(opened()).code == "unreadable_file"


def test_name_that_means_two_files(opened, root):
    parquet(root / "predictions.parquet")
    (root / "predictions.csv").write_text(GOOD)
    assert refused(opened()).code == "ambiguous_table"
    assert set(opened().columns("predictions.parquet")) == {"id", "score"}


def test_file_that_changes_while_it_is_read(opened, root):
    parquet(root / "predictions.parquet")
    engine = opened()
    rows = engine.table("predictions")
    parquet(root / "predictions.parquet", id=[1, 2, 3], score=[0.5, 0.25, 0.1])
    with pytest.raises(SourceError) as error:
        engine.run("read", sa.select(sa.func.count()).select_from(rows))
    assert error.value.findings[0].code == "changed_file"


def test_file_that_changes_between_statements_is_refused_at_their_end(opened, root):
    parquet(root / "predictions.parquet")
    engine = opened()
    count = sa.select(sa.func.count()).select_from(engine.table("predictions"))

    def read() -> None:
        with engine.reading():
            engine.run("read", count)
            parquet(root / "predictions.parquet", id=[1, 2, 3], score=[0.5, 0.25, 0.1])
            engine.run("read again", count)

    with pytest.raises(SourceError) as error:
        read()
    assert error.value.findings[0].code == "changed_file"


def test_a_change_explains_what_came_of_it(opened, root):
    parquet(root / "predictions.parquet")
    engine = opened()

    def read() -> None:
        with engine.reading():
            engine.columns("predictions")
            (root / "predictions.parquet").unlink()
            engine.kind("predictions", "no_such_column")

    with pytest.raises(SourceError) as error:
        read()
    assert error.value.findings[0].code == "vanished_file"


def folders(root: Path, *regions: str) -> None:
    for place, region in enumerate(regions):
        at = root / "predictions" / f"region={region}"
        at.mkdir(parents=True)
        parquet(at / "part.parquet", id=[place], score=[0.5])


def test_some_files_of_partitioned_folders_are_read_alone(opened, root):
    folders(root, "1", "2")
    last = root / "predictions" / "region=x"
    last.mkdir()
    parquet(last / "part.parquet", id=[2], late=[1], empty=pa.nulls(1))
    engine = opened()
    assert engine.kind("predictions", "region") == "text"  # of 1, 2 and x
    parts = list(engine.parts("predictions"))
    for chosen, expected in (
        (parts[:1], [("1", 0, 0.5, None, None)]),
        (parts[2:], [("x", 2, None, 1, None)]),
        (parts[1:], [("2", 1, 0.5, None, None), ("x", 2, None, 1, None)]),
    ):
        rows = engine.raw("predictions", chosen)
        wanted = [rows.c[one] for one in ("region", "id", "score", "late", "empty")]
        found = engine.run("read", sa.select(*wanted).order_by(rows.c.id))
        assert [tuple(one.values()) for one in found.to_pylist()] == expected


def test_text_is_cast_once_for_all_statements_of_a_pull(opened, root):
    (root / "predictions.csv").write_text(GOOD)
    engine = opened()
    with engine.reading():
        for _ in range(2):
            rows = engine.table("predictions", ["id", "score"], again=True)
            found = engine.run("read", sa.select(rows.c.id, rows.c.score)).to_pylist()
            assert found == [{"id": 1, "score": 0.5}, {"id": 2, "score": 0.25}]
        assert [one.name for one in engine.queries] == ["typed_predictions", "read", "read"]
    tables = engine._connection.sql("SELECT count(*) FROM duckdb_tables()").fetchall()
    assert tables == [(0,)], "what was kept for a pull is freed at its end"


@pytest.mark.parametrize("content", [GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
@pytest.mark.parametrize("name", ["predictions.csv", "predictions.csv.gz"])
def test_plain_text_files_read_alike(opened, root, content, name):
    raw = content.encode()
    (root / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    engine = opened()
    assert engine.columns("predictions") == {
        "id": "int",
        "time": "timestamptz",
        "unit": "int",
        "score": "float",
    }
    rows = engine.table("predictions", ["id", "score"])
    read = engine.run("read", sa.select(rows.c.id, rows.c.score).order_by(rows.c.id)).to_pylist()
    assert read == [{"id": 1, "score": 0.5}, {"id": 2, "score": 0.25}]


def test_several_files_of_one_table(opened, root):
    (root / "predictions").mkdir()
    parquet(root / "predictions" / "a.parquet", id=[1], score=[0.5])
    parquet(root / "predictions" / "b.parquet", id=[2], score=[0.25], more=["x"])
    (root / "part-1.csv").write_text("id,score\n3,0.1\n")
    (root / "part-2.csv").write_text("id,score\n4,0.2\n")
    engine = opened()
    for table, total in (("predictions", 3), ("predictions/*.parquet", 3), ("part-*.csv", 7)):
        rows = engine.table(table, ["id"])
        assert engine.run("sum", sa.select(sa.func.sum(rows.c.id))).column(0)[0].as_py() == total


def test_text_files_of_one_table_need_one_header(opened, root):
    (root / "part-1.csv").write_text("id,score\n3,0.1\n")
    (root / "part-2.csv").write_text("score,id\n4,0.2\n")
    assert refused(opened(), "part-*.csv").code == "other_header"
    # A file without a header shows no cell of its first row: they may be of people.
    (root / "part-2.csv").write_text("anna@example.com,0.2\n")
    found = refused(opened(), "part-*.csv")
    assert (found.code, found.value) == ("other_header", "2 cells")
    assert "anna" not in str(found)


def test_rows_that_cannot_be_split_are_counted(opened, root):
    (root / "predictions.csv").write_text('id,score\n1,0.5\n2\n3,0.1,9\n4,0.2,9\n5,"a\nb"\n6,"cut')
    engine = opened()
    assert engine.quarantined("predictions") == {
        "missing_columns": 1,
        "too_many_columns": 2,
        "unquoted_value": 1,
    }
    rows = engine.table("predictions", ["id"])
    assert engine.run("n", sa.select(sa.func.count(rows.c.id))).column(0)[0].as_py() == 2


def test_bad_cells_are_named_and_counted_exactly(opened, root):
    lines = [f"{i},{i / 100},2026-01-{1 + i % 28:02d}" for i in range(100)]
    lines[3] = '3,"1,234.50",2026-01-04'
    lines[40] = "40,$5,2026-01-04"
    lines[41] = "41,(12),2026-01-04"
    lines[50] = "50,0.5,yesterday"
    lines[51] = "51,0.5,2026-02-30"
    lines[60] = "60,,"  # blank is not bad
    (root / "predictions.csv").write_text("id,score,day\n" + "\n".join(lines) + "\n")
    engine = opened()
    assert engine.columns("predictions") == {"id": "int", "score": "float", "day": "date"}
    rows = engine.table("predictions")
    bad = sa.select(rows.c[BAD_CELL], sa.func.count().label("n")).group_by(rows.c[BAD_CELL])
    found = {row[BAD_CELL]: row["n"] for row in engine.run("bad", bad).to_pylist()}
    assert found == {None: 95, "score": 3, "day": 2}


def test_late_bad_integer_is_never_rounded(opened, root):
    ids = [*range(21_000), "007", "1.5", "99999999999999999999"]
    (root / "predictions.csv").write_text("id\n" + "\n".join(map(str, ids)) + "\n")
    engine = opened()
    rows = engine.table("predictions")
    bad = sa.select(sa.func.count(rows.c[BAD_CELL]), sa.func.count(rows.c.id))
    assert list(engine.run("bad", bad).to_pylist()[0].values()) == [3, 21_000]


def test_nul_byte_in_a_cell_is_a_bad_cell(opened, root):
    (root / "predictions.csv").write_bytes(b"id,name\n1,a\0b\n2,c\n")
    engine = opened()
    rows = engine.table("predictions")
    bad = engine.run("bad", sa.select(rows.c.id, rows.c[BAD_CELL]).order_by(rows.c.id))
    assert [row[BAD_CELL] for row in bad.to_pylist()] == ["name", None]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2"], "int"),
        (["1", "2.5"], "float"),
        (["1e3", "-2"], "float"),
        (["001", "123"], "text"),  # a name: its zeros would be lost
        (["99999999999999999999", "1"], "float"),
        (["true", "False"], "bool"),
        (["yes", "no"], "text"),
        (["2026-01-01", "2026-12-31"], "date"),
        (["2026-01-01 10:00", "2026-01-02 11:30:05.25"], "timestamp"),
        (["2026-01-01T10:00:00", "2026-01-02"], "timestamp"),
        (["2026-01-01T10:00:00Z", "2026-01-01T10:00:00+02:00"], "timestamptz"),
        (["31/01/2026", "01/02/2026"], "text"),
        (["1,5", "2,5"], "text"),
        (["=1+1", "@x"], "text"),
        (["", ""], "text"),
    ],
)
def test_kind_of_text_cells(opened, root, cells, kind):
    quoted = "".join(f'"{cell}",x\n' for cell in cells)
    (root / "predictions.csv").write_text("c,other\n" + quoted)
    assert opened().columns("predictions")["c"] == kind


def test_header_without_rows_takes_types_from_what_is_declared(opened, root):
    (root / "predictions.csv").write_text("id,time,unit,score\n")
    kinds = opened().columns("predictions")
    assert kinds == {"id": "text", "time": "date", "unit": "text", "score": "float"}


def test_size_is_read_as_declared():
    assert files.size("3GB") == 3_000_000_000


def test_folders_with_files_are_named_where_a_table_is_missing(opened, root):
    (root / "sales").mkdir()
    (root / "sales" / "2026-01-01.csv").write_text("id\n1\n")
    (root / "empty").mkdir()
    assert refused(opened(), "salse").remedy == "Did you mean 'sales'?"
    remedy = refused(opened(), "entirely/*.csv").remedy
    assert "sales/" in remedy
    assert "empty" not in remedy


def test_two_stars_within_a_name_are_refused_in_words(opened):
    with pytest.raises(SourceError) as error:
        opened().columns("a**b/*.csv")
    (told,) = error.value.findings
    assert (told.code, told.value) == ("bad_pattern", "a**b/*.csv")


def test_how_much_there_is_to_read_is_known_before_a_table_is_opened(root, opened):
    (root / "days").mkdir()
    for name in ("t.csv", "days/a.csv", "days/b.csv"):
        (root / name).write_text(f"id\n{name}\n")
    sizes = {one: (root / one).stat().st_size for one in ("t.csv", "days/a.csv", "days/b.csv")}
    base = opened().root
    assert files.stored("t", base) == sizes["t.csv"]
    assert files.stored("days/*.csv", base) == sizes["days/a.csv"] + sizes["days/b.csv"]
    for other in ("none", "/etc/*.csv", "a**b/*.csv"):
        assert files.stored(other, base) == 0
