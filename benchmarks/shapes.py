"""The same facts from other files: text files, tables of 300 columns, five times the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from benchmarks import facts
from benchmarks.by_hand import pull_by_hand
from benchmarks.facts import measured, pull_facts
from benchmarks.generate import MEMORY, THREADS, generate

CSV = 1.5  # the most that a pull of text files may take, in times of DuckDB's own reader
WIDE = 1.5  # the most that 293 columns more may cost, in times of the table without them
LARGE = 5.5  # the most that five times the rows may take
LARGE_PEAK = 3e9  # bytes
LARGE_MEMORY = "2200MB"
TURNS = 3  # pulls of the larger one, each between two of the smaller
COLUMNS = 300
_WIDER = "SELECT *, {columns} FROM '{file}'"
_TABLES = ("predictions", "outcomes")


@dataclass(frozen=True, slots=True)
class Pair:
    """A measured pull and what it is held against: seconds, CPU seconds, peak bytes."""

    mine: facts.Used
    other: facts.Used

    @property
    def time(self) -> float:
        """Seconds of the pull in seconds of the other."""
        return self.mine.seconds / self.other.seconds

    @property
    def work(self) -> float:
        """The same of CPU seconds."""
        return self.mine.cpu / self.other.cpu


def text_files(folder: Path, rows: int) -> Pair:
    """The pull of CSV files beside hand-written SQL over DuckDB's own reader of the same files."""
    made = generate(folder, rows)
    paths = {name: folder / f"{name}.csv" for name in _TABLES}
    with _connection() as connection:
        for name, path in paths.items():
            source = folder / f"{name}.parquet"
            connection.execute(f"COPY (FROM '{source}') TO '{path}' (HEADER)")
            source.unlink()
    made = replace(made, **paths)
    _, mine = measured(pull_facts, made)
    _, other = measured(pull_by_hand, made)
    return Pair(mine, other)


def wide_table(folder: Path, rows: int) -> Pair:
    """The pull of a table with 300 columns beside that of the mapped ones alone.

    Raises:
        AssertionError: a statement names a column that no declaration maps.
    """
    made = generate(folder, rows)
    _, other = measured(pull_facts, made)
    narrow, wide = made.predictions, folder / "wide.parquet"
    with _connection() as connection:
        held = len(connection.sql(f"DESCRIBE FROM '{narrow}'").fetchall())
        more = ", ".join(f"hash(id + {i}) % 1000 AS feature{i}" for i in range(COLUMNS - held))
        select = _WIDER.format(columns=more, file=narrow)
        connection.execute(f"COPY ({select}) TO '{wide}' (FORMAT parquet)")
    wide.replace(narrow)
    pull, mine = measured(pull_facts, made)
    named = [one.name for one in pull.queries if "feature" in one.sql]
    assert not named, f"statements that read unmapped columns: {named}"
    return Pair(mine, other)


def five_times(folders: Iterator[Path], rows: int) -> tuple[Pair, ...]:
    """Pulls of five times the rows beside those of the rows, all with room for the larger.

    Each is held against the mean of the ones before and after it: a machine that is slower for a
    while is so for both.
    """
    small, large = (generate(next(folders), n, LARGE_MEMORY) for n in (rows, 5 * rows))
    others = [measured(pull_facts, small)[1]]
    pairs = []
    for _ in range(TURNS):
        _, mine = measured(pull_facts, large)
        others.append(measured(pull_facts, small)[1])
        pairs.append(Pair(mine, _mean(*others[-2:])))
    return tuple(pairs)


def _mean(a: facts.Used, b: facts.Used) -> facts.Used:
    return facts.Used((a.seconds + b.seconds) / 2, (a.cpu + b.cpu) / 2, a.peak)


def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS})
