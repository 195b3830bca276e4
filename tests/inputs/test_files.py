"""Files that are not fit to be read, or only look odd."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from connectors import delimited
from tests.inputs.lake import (
    GOOD,
    NOW,
    Lake,
    outcomes,
    predictions,
    refused,
    text,
    warned,
    while_read,
)
from valuekit.api import Workspace


def line(number: int) -> str:
    return GOOD.splitlines()[number]


def same_facts(lake: Lake, good: Lake) -> None:
    for name in ("volume", "score", "confusion", "effect", "intake", "cost"):
        pd.testing.assert_frame_equal(lake.fact(name), good.fact(name))


def test_missing(lake: Lake) -> None:
    (lake.data / "predictions.csv").rename(lake.data / "prediction.csv")
    refused(
        lake,
        "missing_file",
        place="sources.lake, table predictions",
        value="predictions",
        rule="no such table",
        remedy="Did you mean 'prediction'?",
    )


def test_empty(lake: Lake) -> None:
    lake.write(predictions=b"")
    refused(lake, "empty_file", place="table predictions (predictions.csv)", value="0 bytes")


def test_header_only(lake: Lake) -> None:
    lake.write(predictions=line(0) + "\n")
    refused(lake, "days_gone", place="models.churn", value="no data now; there were data through")
    made = lake.refresh(accept_gone=True)
    warned(made, "no_data", place="models.churn", rule="there is no data", rows=40)
    warned(made, "empty_model", rule="unknown, not zero", rows=0)
    assert lake.rules("predictions") == {}
    assert lake.rules("outcomes") == {"orphan": 40}
    status, _, err = lake.cli("refresh")
    assert (status, "no data" in err) == (0, True)
    card = lake.card()
    for period in card.periods:
        assert period.value.value is None
        assert period.value.reason
        assert period.net.value is None


def test_truncated_parquet(lake: Lake) -> None:
    lake.write(predictions=predictions())
    path = lake.data / "predictions.parquet"
    size = path.stat().st_size - 9
    path.write_bytes(path.read_bytes()[:-9])
    refused(lake, "truncated", place="(predictions.parquet)", value=f"{size:,} bytes")


def test_csv_cut_in_the_middle_of_a_row(lake: Lake) -> None:
    lake.write(predictions=GOOD[: GOOD.rindex("c39")])
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "missing_columns": 1}
    assert lake.fates("predictions") == {"accepted": 39, "quarantined": 1}
    assert lake.rules("outcomes") == {"credited": 39, "orphan": 1}


def test_wrong_extension(lake: Lake) -> None:
    predictions().to_parquet(lake.data / "predictions.csv")
    refused(
        lake, "wrong_extension", place="(predictions.csv)", value="Parquet", remedy="(.parquet)"
    )


def test_other_content_than_text(lake: Lake) -> None:
    for content, value, remedy in (
        (
            b"PK\x03\x04" + b"\x14\0" * 99,
            "a ZIP archive or Excel workbook",
            "save the sheet as CSV",
        ),
        (b"\xd0\xcf\x11\xe0" + b"\xa1" * 99, "an Excel workbook", "Save the sheet as CSV"),
        (gzip.compress(GOOD.encode()), "gzip in a file that ends in .csv", ".csv.gz"),
    ):
        lake.write(predictions=content)
        refused(lake, "wrong_extension", place="(predictions.csv)", value=value, remedy=remedy)
    lake.write(predictions=GOOD.encode("utf-16"))
    refused(lake, "encoding", place="(predictions.csv)", value="UTF-16", remedy="UTF-8")


def test_compressed_file_cut_short(lake: Lake) -> None:
    (lake.data / "predictions.csv").unlink()
    whole = gzip.compress(GOOD.encode())
    (lake.data / "predictions.csv.gz").write_bytes(whole[:-30])
    refused(lake, "truncated", place="(predictions.csv.gz)", rule="compressed file is cut short")
    (lake.data / "predictions.csv.gz").write_bytes(whole)
    assert lake.refresh().findings == ()


@pytest.mark.parametrize("spoilt", ["pages", "footer"])
def test_the_parquet_file_that_is_damaged_is_named(lake: Lake, spoilt: str) -> None:
    p = predictions()
    (lake.data / "log").mkdir()
    for number, part in enumerate((p[:20], p[20:]), 1):
        part.to_parquet(lake.data / "log" / f"{number}.parquet")
    lake.declare('table = "predictions"', 'table = "log/*.parquet"')
    path = lake.data / "log" / "2.parquet"
    raw = path.read_bytes()
    # Content of columns that cannot be unpacked; content that lies elsewhere than the footer says.
    path.write_bytes(
        raw[:30] + b"\xff" * 170 + raw[200:] if spoilt == "pages" else raw[:200] + raw[900:]
    )
    finding = refused(
        lake,
        "damaged_file",
        place="models.churn.predictions.table (sources.lake, table log/*.parquet (log/2.parquet))",
        rule="cannot be read to its end",
        remedy="it is damaged",
    )
    assert str(lake.folder) not in finding.value


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("points", "header of 1.csv: id, at, customer, score, version"),
        ("Score", "It has 'Score': write the name as 'score', as in 1.csv"),
    ],
)
def test_a_header_unlike_that_of_the_first_file(lake: Lake, name: str, remedy: str) -> None:
    (lake.data / "log").mkdir()
    (lake.data / "log" / "1.csv").write_text(GOOD)
    (lake.data / "log" / "2.csv").write_text(GOOD.replace("score", name, 1))
    lake.declare('table = "predictions"', 'table = "log/*.csv"')
    value = f"missing score; more {name}"
    refused(lake, "other_header", place="(log/2.csv)", value=value, remedy=remedy)


def test_a_column_more_or_less_that_no_model_reads(lake: Lake, good: Lake) -> None:
    """A vendor adds a column to an export, first or last, drops one, or orders them anew."""
    names, *rows = (row.split(",") for row in GOOD.splitlines())
    (lake.data / "log").mkdir()

    def write(number: int, header: list[str], some: list[list[str]]) -> None:
        cells = [dict(zip(names, row, strict=True), note='"a, b"', channel="web") for row in some]
        lines = [header, *([one[name] for name in header] for one in cells)]
        text_of = "".join(",".join(line) + "\n" for line in lines)
        (lake.data / "log" / f"{number}.csv").write_text(text_of)

    write(1, names, rows[:10])
    write(2, [*names, "note"], rows[10:20])
    write(3, ["channel", *reversed(names)], rows[20:30])
    write(4, ["note", *names], rows[30:])
    lake.declare('table = "predictions"', 'table = "log/*.csv"')
    lake.refresh()
    same_facts(lake, good)
    # Broken lines and bad cells are told by their own file's columns.
    path = lake.data / "log" / "3.csv"
    path.write_text(path.read_text() + "web,v1\n")
    path = lake.data / "log" / "4.csv"
    path.write_text(path.read_text().replace(f",{rows[-1][2]},", ",,", 1))
    lake.refresh()
    assert lake.rules("predictions")["missing_columns"] == 1
    _, said, _ = lake.cli("quarantine", "explain", "churn", "missing_columns")
    assert "log/3.csv, line 12" in " ".join(said.split())
    assert "2 cells, 6 columns" in " ".join(said.split())


def test_a_column_that_no_model_reads_in_other_letters(lake: Lake) -> None:
    """The file that has it is named, also when newer ones have the first header again."""
    names, *rows = GOOD.splitlines()
    (lake.data / "log").mkdir()
    for number, more in enumerate(("", "note", "NOTE", ""), 1):
        part = rows[10 * number - 10 : 10 * number]
        lines = [f"{one},x" if more else one for one in part]
        head = f"{names},{more}" if more else names
        (lake.data / "log" / f"{number}.csv").write_text("\n".join([head, *lines]) + "\n")
    lake.declare('table = "predictions"', 'table = "log/*.csv"')
    rule = "the name of a column differs only in case from 'note' in another file"
    remedy = "Write the name as 'note', as in 2.csv."
    refused(lake, "other_header", place="(log/3.csv)", value="NOTE", rule=rule, remedy=remedy)


def test_a_new_column_of_the_night_is_told_and_dirties_no_other_day(lake: Lake) -> None:
    names, *rows = GOOD.splitlines()
    (lake.data / "log").mkdir()
    (lake.data / "log" / "1.csv").write_text("\n".join([names, *rows[:30]]) + "\n")
    lake.declare('table = "predictions"', 'table = "log/*.csv"')
    lake.refresh()
    more = [f"{row},web" for row in rows[30:]]
    (lake.data / "log" / "2.csv").write_text("\n".join([f"{names},channel", *more]) + "\n")
    made = Workspace.load(lake.path).refresh(now=NOW)
    warned(made, "new_column", place="table log", value="channel")
    before = lake.fact("volume")
    lake.refresh()
    pd.testing.assert_frame_equal(lake.fact("volume"), before)


def test_a_cut_last_line_of_a_file_with_a_column_more(lake: Lake) -> None:
    """Where the last column of its own header is one that is read."""
    names, *rows = (row.split(",") for row in GOOD.splitlines())
    (lake.data / "log").mkdir()
    for number in range(1, 5):
        some = rows[number * 10 - 10 : number * 10]
        header = ["note", *names] if number == 4 else names
        lines = [header, *(["x"] * (number == 4) + row for row in some)]
        whole = "".join(",".join(line) + "\n" for line in lines)
        (lake.data / "log" / f"{number}.csv").write_text(whole[:-1] if number == 4 else whole)
    lake.declare('table = "predictions"', 'table = "log/*.csv"')
    made = lake.refresh()
    warned(made, "no_line_end", value="log/4.csv")
    assert lake.rules("predictions")["cut_line"] == 1


def test_byte_order_mark(lake: Lake, good: Lake) -> None:
    lake.write(predictions=b"\xef\xbb\xbf" + GOOD.encode())
    assert lake.refresh().findings == ()
    same_facts(lake, good)


def test_latin_1_as_utf_8(lake: Lake) -> None:
    raw = GOOD.encode().replace(b"c07", b"Ren\xe9")
    lake.write(predictions=raw)
    at = raw.index(b"\xe9")
    refused(
        lake,
        "encoding",
        place="table predictions (predictions.csv)",
        value=f"byte {at} is 0xe9, line 9",
        remedy="UTF-8",
    )


def test_nul_byte(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace("p03", "p\0003"))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "bad_cell": 1}
    assert lake.rules("outcomes") == {"credited": 39, "orphan": 1}


def test_ragged_row(lake: Lake) -> None:
    rows = GOOD.splitlines()
    rows[3] += ",surplus"
    rows[5] = rows[5].rpartition(",")[0]
    lake.write(predictions="\n".join(rows) + "\n")
    lake.refresh()
    assert lake.rules("predictions") == {
        "accepted": 38,
        "missing_columns": 1,
        "too_many_columns": 1,
    }
    assert lake.fates("predictions") == {"accepted": 38, "quarantined": 2}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_broken_lines_whatever_ends_them(lake: Lake, end: str) -> None:
    rows = GOOD.splitlines()
    rows[3] += ",surplus"
    rows[5] = rows[5].rpartition(",")[0]
    lake.write(predictions=(end.join(rows) + end).encode())
    lake.refresh()
    assert lake.rules("predictions") == {
        "accepted": 38,
        "missing_columns": 1,
        "too_many_columns": 1,
    }


@pytest.mark.parametrize("closed", [False, True], ids=["never closed", "closed lines below"])
def test_a_quote_that_takes_other_lines_with_it(lake: Lake, closed: bool) -> None:
    rows = GOOD.splitlines()
    rows[7] = rows[7].replace(",", ',"', 1)
    if closed:
        rows[11] = rows[11].replace(",", ',"', 1)
    lake.write(predictions="\n".join(rows) + "\n")
    refused(lake, "open_quote", place="(predictions.csv), line 8", value='"', remedy="close it")


def test_a_quote_in_the_last_line_takes_that_line_alone(lake: Lake) -> None:
    rows = GOOD.splitlines()
    rows[-1] = rows[-1].replace(",", ',"', 1)
    lake.write(predictions="\n".join(rows))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "unquoted_value": 1}


MANY = 40  # files: more than the engine reads side by side


def many(lake: Lake) -> tuple[Path, list[str]]:
    """The predictions in many files, and the lines of the last one."""
    header, *rows = GOOD.splitlines()
    folder = lake.data / "days"
    folder.mkdir()
    for number in range(MANY):
        of_day = [f"{number:02d}{row}" for row in rows[:3]] if number < MANY - 1 else rows
        (folder / f"{number:02d}.csv").write_text("\n".join([header, *of_day, ""]))
    lake.declare('table = "predictions"', 'table = "days/*.csv"')
    return folder / f"{MANY - 1}.csv", [header, *rows]


def test_a_quote_that_is_never_closed_is_found_in_many_files(lake: Lake) -> None:
    """The engine drops all that follows it without a word."""
    last, lines = many(lake)
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 40 + 3 * (MANY - 1)}
    for place in (7, 20):
        spoilt = list(lines)
        spoilt[place] = spoilt[place].replace(",", ',"', 1)
        last.write_text("\n".join([*spoilt, ""]))
        where = f"(days/{last.name}), line {place + 1}"
        refused(lake, "open_quote", place=where, value='"', remedy="close it")


@pytest.mark.parametrize("ended", [True, False])
def test_a_file_of_many_cut_within_a_quoted_cell(lake: Lake, ended: bool) -> None:
    last, lines = many(lake)
    lines[-1] = lines[-1].replace(",", ',"', 1)
    last.write_text("\n".join([*lines, *([""] if ended else [])]))
    lake.refresh()
    kept = 39 + 3 * (MANY - 1)
    assert lake.rules("predictions") == {"accepted": kept, "unquoted_value": 1}
    status, out, _ = lake.cli("quarantine", "explain", "churn", "unquoted_value")
    assert (status, f"line {len(lines)}" in out) == (0, True)


def test_a_quote_within_a_cell_is_text(tmp_path: Path) -> None:
    path = tmp_path / "inches.csv"
    path.write_text('id,name\n1,5" pipe\n2,"two\nlines"\n3,"a ""b"""\n')
    assert delimited.unclosed(path, delimited.Marks()) is None
    path.write_text('id,name\n1,5" pipe\n2,"two\nlines\n3,"a ""b"""\n')
    assert delimited.unclosed(path, delimited.Marks()) is None  # closed again: told by the engine


def test_quoted_newline(lake: Lake, good: Lake) -> None:
    broken = '"c\n07"'
    lake.write(
        predictions=GOOD.replace("c07", broken), outcomes=text(outcomes()).replace("c07", broken)
    )
    assert lake.refresh().findings == ()
    same_facts(lake, good)


def test_semicolon(lake: Lake, good: Lake) -> None:
    lake.write(predictions=text(predictions(), separator=";"))
    refused(lake, "separator", value="id;at;customer", remedy='separator = ";"')
    lake.declare('path = "data"', 'path = "data"\nseparator = ";"')
    lake.write(outcomes=text(outcomes(), separator=";"))
    assert lake.refresh().findings == ()
    same_facts(lake, good)


def test_no_row_of_as_many_cells_as_the_header(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace("v1\n", "v,1\n"))
    finding = refused(lake, "separator", value="40 rows, such as predictions.csv, line ")
    assert finding.value.endswith("(6 cells, 5 columns)")


def test_decimal_comma(lake: Lake, good: Lake) -> None:
    lake.declare('path = "data"', 'path = "data"\nseparator = ";"')
    comma = text(predictions(), separator=";", decimal=",")
    lake.write(predictions=comma, outcomes=text(outcomes(), separator=";"))
    refused(
        lake,
        "wrong_type",
        place="column score",
        value="40 of 40 cells are no numbers, the first '0,05' in predictions.csv, line 2",
        remedy="If ',' is the decimal sign, set decimal = \",\" in [sources.lake]",
    )
    lake.declare('separator = ";"', 'separator = ";"\ndecimal = ","')
    assert lake.refresh().findings == ()
    same_facts(lake, good)
    lake.write(predictions=comma.replace("0,45", "0.45", 1))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 39, "bad_cell": 1}


def test_duplicate_header(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace("id,at,customer", "id,at,ID"))
    refused(lake, "duplicate_column", value="ID, id", remedy="Rename or remove")


def test_over_the_size_limit(lake: Lake) -> None:
    lake.declare('path = "data"', 'path = "data"\nmax_file_size = "1MB"')
    lake.write(predictions=GOOD + line(1)[:-2] + "v" * 1_000_000 + "\n")
    size = (lake.data / "predictions.csv").stat().st_size
    refused(
        lake, "too_large", value=f"{size:,} bytes", rule="larger than 1MB", remedy="max_file_size"
    )


def test_changes_while_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lake.data / "predictions.csv"

    def append() -> None:
        with path.open("a") as file:
            file.write(line(1).replace("p00", f"p{path.stat().st_size}") + "\n")

    while_read(monkeypatch, append)
    refused(
        lake,
        "changed_file",
        place="table predictions",
        value="predictions.csv: another size or time",
        rule="the file changed while it was read",
        remedy="Run again",
    )


def test_symlink_out_of_the_root(lake: Lake, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.csv"
    (lake.data / "predictions.csv").rename(outside)
    (lake.data / "predictions.csv").symlink_to(outside)
    rule = "it is a link that leads out of the folder of the source"
    refused(lake, "outside_root", place="table predictions", value="predictions.csv", rule=rule)


def test_the_link_that_leads_out_is_named(lake: Lake, tmp_path: Path) -> None:
    """Of several on the way to a file: one that stays inside is not the one."""
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (lake.data / "predictions.csv").rename(outside / "1.csv")
    (lake.data / "real").mkdir()
    (lake.data / "real" / "away").symlink_to(outside)
    (lake.data / "log").symlink_to(lake.data / "real")
    lake.declare('table = "predictions"', 'table = "log/away/*.csv"')
    rule = "`log/away` is a link that leads out of the folder of the source"
    refused(lake, "outside_root", value="log/away/1.csv", rule=rule, remedy="Put the files")


def test_dots_out_of_the_root(lake: Lake) -> None:
    lake.declare('table = "predictions"', 'table = "../predictions"')
    refused(lake, "outside_root", value="../predictions", remedy="below the declared `path`")


def test_two_ends_of_line_in_one_file(lake: Lake) -> None:
    lines = GOOD.splitlines()
    head, rest = lines[:21], lines[21:]
    for first, then in (("\r\n", "\n"), ("\n", "\r\n")):
        mixed = first.join([*head, ""]) + then.join([*rest, ""])
        lake.write(predictions=mixed.encode())
        refused(lake, "mixed_line_ends", value="LF and CRLF", place="line 22", remedy="dos2unix")
