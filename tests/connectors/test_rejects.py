"""Lines that cannot be split have the number that an editor shows, whatever stands before them."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import duckdb
import pytest

from connectors import delimited
from connectors.rejects import open_quotes, rejected

NAMES = ["a", "b", "c"]
MARKS = delimited.Marks()


def scanned(paths: list[Path]) -> duckdb.DuckDBPyConnection:
    cursor = duckdb.connect().cursor()
    reader = delimited.reader(paths, NAMES, MARKS, rejects=True)
    cursor.sql(f"FROM {reader} SELECT count(*), count(COLUMNS(*))").fetchall()
    return cursor


def written(path: Path, chance: random.Random, rows: int, end: str) -> set[tuple[str, str, str]]:
    """A file with eight broken lines among cells of several lines and empty lines; what is broken.

    Lines are counted as they are written.
    """
    out, line, broken = ["a,b,c"], 2, set()
    few = set(chance.sample(range(rows - 1), 8))
    for number in range(rows):
        more = 0
        if number in few:
            text, found = chance.choice(
                [
                    (f"é{number},2", "2 cells, 3 columns"),
                    (f"{number},2,3,4,5", "5 cells, 3 columns"),
                    (f'"q{number}"z,2,3', ""),
                ]
            )
            broken.add((f"{path.name}, line {line}", text, found))
        elif chance.random() < 0.1:
            more = chance.randint(1, 3)
            text = f'{number},"two' + f"{end}more" * more + f'",{"x" * chance.choice([1, 60])}'
        elif chance.random() < 0.05:
            text = ""
        else:
            text = f"{number},äö,{'y' * chance.choice([1, 90])}"
        out.append(text)
        line += 1 + more
    mark = "\ufeff" if chance.random() < 0.5 else ""
    content = (mark + end.join(out) + end).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return broken


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("rows", [20, 3000])
@pytest.mark.parametrize("names", [["1.csv"], ["1.csv", "2.csv.gz"]])
def test_a_broken_line_has_its_own_number(
    tmp_path: Path, end: str, rows: int, names: list[str]
) -> None:
    chance = random.Random(rows)  # noqa: S311  no secret
    paths = [tmp_path / name for name in names]
    expected = set().union(*(written(path, chance, rows, end) for path in paths))
    told = rejected(scanned(paths), tmp_path, len(NAMES))
    found = {(one.place, one.text.lstrip("\r\n"), one.found) for one in told}
    assert (len(told), found) == (8 * len(names), expected)


def test_a_file_of_several_buffers_is_counted_through(tmp_path: Path) -> None:
    """1.2 million lines in 48 MB, more than the engine reads at once."""
    path = tmp_path / "1.csv"
    block = 'a,"two\nlines",' + "x" * 65 + "\n"
    with path.open("w") as file:
        file.write("a,b,c\n")
        file.writelines([block] * 600_000)
        file.write("short\n" + block)
    (one,) = rejected(scanned([path]), tmp_path, len(NAMES))
    assert one.place == "1.csv, line 1200002"


def test_a_quote_that_takes_lines_with_it_has_its_own_number(tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_text('a,b,c\n1,"two\nlines",3\n4,5,6\n7,"open,9\n1,2,3\n4,"5",6\n')
    assert open_quotes(scanned([path])) == [(str(path), 5)]
