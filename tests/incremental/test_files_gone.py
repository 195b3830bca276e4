"""Daily files that go missing between others, and ones that may be cut: told, not guessed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.incremental.daily import DAYS, EACH, Daily, Nights, stamped
from tests.incremental.lake import NOW
from valuekit.errors import Finding, SourceError


@pytest.fixture(autouse=True)
def _finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sql.survey.SETTLED", 0)
    monkeypatch.setattr("connectors.files.Files.parts", stamped)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights(tmp_path_factory.mktemp("nights"))


@pytest.fixture
def daily(tmp_path: Path, nights: Nights) -> Daily:
    return nights.first(tmp_path, "number")


def told(daily: Daily, hour: int, code: str, *, full: bool = False) -> list[Finding]:
    part = daily.space.refresh(now=NOW + timedelta(hours=hour), full=full).parts[0]
    return [one for one in part.findings if one.code == code]


@pytest.mark.parametrize("full", [False, True])
def test_a_file_in_the_middle_that_is_gone_is_named_once(daily, full):
    path = daily.folder / "data" / "p" / "0030.parquet"
    path.unlink()
    (one,) = told(daily, 1, "file_gone", full=full)
    assert (one.severity, one.rows) == ("warning", EACH)
    assert one.value == f"p/0030.parquet; {EACH} rows fewer"
    assert one.place.endswith("models.m.predictions.table")
    assert told(daily, 2, "file_gone", full=full) == []
    daily.write(30)
    assert told(daily, 3, "file_gone", full=full) == []


@pytest.mark.parametrize("full", [False, True])
def test_a_file_that_lost_rows_is_named_once(daily, full):
    path = daily.folder / "data" / "p" / "0030.parquet"
    rows = pd.read_parquet(path)
    rows.iloc[: EACH - 5].to_parquet(path, index=False)
    (one,) = told(daily, 1, "rows_gone", full=full)
    assert (one.severity, one.rows, one.value) == ("warning", 5, "p/0030.parquet; 5 rows fewer")
    assert told(daily, 2, "rows_gone", full=full) == []
    # Rows that only moved into another file are in no warning.
    moved = path.with_name("0030b.parquet")
    rows.iloc[:2].to_parquet(moved, index=False)
    rows.iloc[2 : EACH - 5].to_parquet(path, index=False)
    assert told(daily, 3, "rows_gone", full=full) == []


def single(tmp_path: Path) -> tuple[Daily, Path, list[str]]:
    """A model whose outcomes are in one text file, and the lines of each day with its header."""
    made = Daily(tmp_path, "number")
    for path in (tmp_path / "data" / "o").iterdir():
        path.unlink()
    of_days = [one for day in range(DAYS) if len(one := made.outcomes(day))]
    texts = [one.to_csv(index=False, header=not place) for place, one in enumerate(of_days)]
    return made, tmp_path / "data" / "o.csv", texts


def test_a_single_text_file_that_is_cut_is_refused_until_it_is_whole(tmp_path):
    """Nothing stands beside it to be unlike: what the last run saw of it tells."""
    made, path, texts = single(tmp_path)
    path.write_text("".join(texts))
    made.space.refresh(now=NOW)
    before = made.space.scorecards()
    more = "".join(texts) + made.outcomes(DAYS).to_csv(index=False, header=False)
    path.write_text(more.removesuffix("\n"))
    for hour, full in ((1, False), (2, True)):
        with pytest.raises(SourceError) as caught:
            made.space.refresh(now=NOW + timedelta(hours=hour), full=full)
        (one,) = caught.value.findings
        assert (one.code, one.value) == ("cut_file", "o.csv")
        assert made.space.scorecards() == before
    path.write_text(more)
    assert made.space.refresh(now=NOW + timedelta(hours=3)).parts[0].findings == ()


def test_a_single_text_file_that_never_had_a_line_end_is_read(tmp_path):
    made, path, texts = single(tmp_path)
    for hour, days in enumerate((len(texts) - 1, len(texts))):
        path.write_text("".join(texts[:days]).removesuffix("\n"))
        made.space.refresh(now=NOW + timedelta(hours=hour))
        with made.space.store() as store:
            intake = store.facts("m", "intake")
        rows = intake.loc[intake["source"] == "outcomes", "rows"].sum()
        assert rows == "".join(texts[:days]).count("\n") - 1


def test_files_that_become_one_are_not_gone(daily):
    folder = daily.folder / "data" / "p"
    paths = [folder / f"{day:04d}.parquet" for day in range(10, 20)]
    rows = pd.concat([pd.read_parquet(path) for path in paths])
    for path in paths:
        path.unlink()
    rows.to_parquet(folder / "0010-0019.parquet", index=False)
    assert told(daily, 1, "file_gone") == []
    part = daily.space.refresh(now=NOW + timedelta(hours=2)).parts[0]
    assert part.restated == ()


def test_a_text_file_that_ends_within_a_line_unlike_the_others(tmp_path):
    made = Daily(tmp_path, "number")
    folder = made.as_text("o")
    assert told(made, 0, "no_line_end") == []
    last = folder / f"{DAYS:04d}.csv"
    last.write_text(made.outcomes(DAYS).to_csv(index=False).removesuffix("\n"))
    (one,) = told(made, 1, "no_line_end")
    assert (one.severity, one.value) == ("warning", f"o/{last.name}")
    for path in folder.glob("*.csv"):  # a writer that leaves the last line end out
        path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert told(made, 2, "no_line_end") == []


@pytest.fixture
def nightly(tmp_path: Path, nights: Nights) -> Daily:
    """Outcomes as text files, which ran well once."""
    return nights.first(tmp_path, "number", "", "o")


def counted(daily: Daily, hour: int) -> tuple[dict[str, int], int]:
    """Rows of outcomes by rule after a run and after a full one, which are the same."""
    by_rule = []
    for step, full in enumerate((False, True)):
        daily.space.refresh(now=NOW + timedelta(hours=hour + step / 2), full=full)
        with daily.space.store() as store:
            rows = store.facts("m", "intake")
        rows = rows[(rows["source"] == "outcomes") & (rows["rows"] > 0)]
        by_rule.append(
            {str(rule): int(n) for rule, n in rows.groupby("rule")["rows"].sum().items()}
        )
    assert by_rule[0] == by_rule[1]
    return by_rule[0], sum(by_rule[0].values())


def test_a_row_that_may_be_cut_is_held_back_until_it_is_whole(nightly):
    last = nightly.folder / "data" / "o" / f"{DAYS:04d}.csv"
    _, before = counted(nightly, 1)
    whole = nightly.outcomes(DAYS).to_csv(index=False)
    rows = whole.count("\n") - 1
    last.write_text(whole[:-2])  # the last cell has lost a digit, or all of it
    held, read = counted(nightly, 2)
    assert (held["cut_line"], read) == (1, before + rows)
    (one,) = (h.row for h in nightly.space.held_rows("m") if h.row.rule == "cut_line")
    assert one.reference == f"o/{last.name}, line {rows + 1}"
    last.write_text(whole)
    held, read = counted(nightly, 3)
    assert ("cut_line" in held, read) == (False, before + rows)


@pytest.mark.parametrize("how", ["quoted", "twice"])
def test_a_last_row_that_is_known_to_be_whole_counts(nightly, how):
    last = nightly.folder / "data" / "o" / f"{DAYS:04d}.csv"
    text = nightly.outcomes(DAYS).to_csv(index=False).removesuffix("\n")
    head, _, line = text.rpartition("\n")
    cells, _, end = line.rpartition(",")
    last.write_text(f'{head}\n{cells},"{end}"' if how == "quoted" else f"{text}\n{line}")
    assert "cut_line" not in counted(nightly, 1)[0]


def test_a_file_that_looks_cut_only_beside_later_ones(nightly):
    folder = nightly.folder / "data" / "o"
    for path in sorted(folder.glob("*.csv"))[2:]:
        path.unlink()
    first, _ = sorted(folder.glob("*.csv"))
    first.write_bytes(first.read_bytes().rstrip(b"\n"))
    nightly.space.refresh(now=NOW + timedelta(hours=1), accept_gone=True)
    held, _ = counted(nightly, 2)
    assert "cut_line" not in held
    for day in (DAYS - 1, DAYS):
        nightly.outcomes(day).to_csv(folder / f"{day:04d}.csv", index=False)
    held, _ = counted(nightly, 3)
    assert held["cut_line"] == 1
