"""Tables whose columns are not what was declared, or not what they were."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
from valuekit.errors import SourceError


def test_required_column_missing(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace(",score,", ",points,", 1))
    refused(
        lake,
        "missing_column",
        place="sources.lake, table predictions, column score",
        value="score",
        rule="no such column",
        remedy="id, at, customer, points, version",
    )


def test_new_column(lake: Lake, good: Lake) -> None:
    lake.write(predictions=text(predictions().assign(channel="web")))
    warned(lake.refresh(), "new_column", place="table predictions", value="channel")
    pd.testing.assert_frame_equal(lake.fact("intake"), good.fact("intake"))
    assert lake.refresh().findings == ()  # said once, when it is new


def test_new_column_is_told_when_no_row_changed(lake: Lake) -> None:
    space = Workspace.load(lake.path)
    space.refresh(now=NOW)
    lake.write(predictions=text(predictions().assign(channel="web", note="x")))
    made = space.refresh(now=NOW)
    warned(made, "new_column", place="table predictions", value="channel, note")
    assert space.refresh(now=NOW).findings == ()  # said once, when it is new
    lake.write(predictions=GOOD)
    warned(space.refresh(now=NOW), "lost_column", value="channel, note")
    assert space.refresh(now=NOW).findings == ()


def test_a_declared_column_that_the_newest_parquet_files_lack(lake: Lake) -> None:
    p = predictions()
    (lake.data / "log").mkdir()
    lake.declare('table = "predictions"', 'table = "log/*.parquet"')
    added = p[:10].drop(columns="version")  # a column may be added to a log
    for number, part in enumerate((added, p[10:20], p[20:30], p[30:]), 1):
        part.to_parquet(lake.data / "log" / f"{number}.parquet")
    assert "lacking_column" not in {one.code for one in lake.refresh().findings}
    for number, part in enumerate((p[20:30], p[30:]), 3):
        part.rename(columns={"score": "points"}).to_parquet(lake.data / "log" / f"{number}.parquet")
    made = lake.refresh()
    warned(
        made,
        "lacking_column",
        place="table log/*.parquet, column score",
        value="the newest 2 files, the last log/4.parquet",
        rule="lacks a declared column",
    )
    for number, part in enumerate((p[20:30], p[30:]), 3):
        part.rename(columns={"score": "Score "}).to_parquet(lake.data / "log" / f"{number}.parquet")
    warned(lake.refresh(), "lacking_column", remedy="It has 'Score ': write the name as 'score'")
    (lake.data / "log" / "4.parquet").unlink()
    (lake.data / "log" / "3.parquet").unlink()
    p[20:].rename(columns={"score": "Score"}).to_parquet(lake.data / "log" / "5.parquet")
    assert "lacking_column" not in {one.code for one in lake.refresh().findings}
    assert lake.fact("volume")["scored"].sum() == 40  # case does not tell columns apart


def test_renamed_by_case(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace(",score,", ",Score,", 1))
    refused(lake, "missing_column", place="column score", remedy="Did you mean 'Score'?")


def test_number_became_text(lake: Lake) -> None:
    lake.write(predictions=GOOD.replace(",0.05,", ",n/a,", 2))
    lake.refresh()
    assert lake.rules("predictions") == {"accepted": 38, "bad_cell": 2}
    assert lake.rules("outcomes") == {"credited": 38, "orphan": 2}
    lake.write(predictions=GOOD.replace(",0.05,", ",n/a,").replace(",0.95,", ",n/a,"))
    refused(
        lake,
        "wrong_type",
        place="table predictions, column score",
        value="text values",
        rule="must hold numbers",
        remedy="plain numbers",
    )


def spread(lake: Lake, *parts: str) -> None:
    """The predictions in several text files."""
    (lake.data / "predictions.csv").unlink()
    (lake.data / "log").mkdir()
    for number, part in enumerate(parts, 1):
        (lake.data / "log" / f"{number}.csv").write_text(part, encoding="utf-8")
    lake.declare('table = "predictions"', 'table = "log/*.csv"')


def test_cells_of_another_kind_are_counted_and_the_first_is_shown_with_its_line(lake: Lake) -> None:
    quoted = GOOD.replace("c00", '"c\n00"')  # a cell of two lines before it
    bad = quoted.replace(",0.15,", ",n/a,", 4).replace(",0.95,", ",12x,", 1)
    lake.write(predictions=bad)
    refused(
        lake,
        "wrong_type",
        place="models.churn.predictions.score (sources.lake, table predictions, column score)",
        value="text values: 5 of 40 cells are no numbers, the first 'n/a' in predictions.csv, "
        "line 4",
        rule="must hold numbers",
    )


def test_of_several_text_files_those_with_such_cells_are_told(lake: Lake) -> None:
    lines = GOOD.splitlines(keepends=True)
    first, second = lines[:21], [lines[0], *lines[21:]]
    second[3:9] = [line.replace(line.split(",")[3], "n/a") for line in second[3:9]]
    spread(lake, "".join(first), "".join(second))
    refused(
        lake,
        "wrong_type",
        value="6 of 40 cells, in 1 of 2 files, are no numbers, the first 'n/a' in log/2.csv, "
        "line 4",
    )


def test_a_parquet_file_of_another_type_is_told_with_its_first_cell(lake: Lake) -> None:
    (lake.data / "log").mkdir()
    p = predictions()
    p[:20].to_parquet(lake.data / "log" / "1.parquet")
    odd = p[20:].assign(score="high")
    odd.loc[[20, 21], "score"] = None
    odd.to_parquet(lake.data / "log" / "2.parquet")
    lake.declare('table = "predictions"', 'table = "log/*.parquet"')
    refused(
        lake,
        "wrong_type",
        value="text values: 18 of 38 cells, in 1 of 2 files, are no numbers, the first 'high' in "
        "log/2.parquet, row 3",
    )


def test_ids_of_units_stay_masked_in_messages(lake: Lake) -> None:
    lake.write(predictions=predictions().assign(customer=[1234567.5 + i for i in range(40)]))
    finding = refused(lake, "wrong_type", value="float values: 40 of 40 cells are of this type")
    assert "1234567" not in str(finding)
    assert "123…#" in finding.value
    lake.write(predictions=predictions().assign(id=[1234567.5 + i for i in range(40)]))
    refused(lake, "wrong_type", value="the first '1234567.5' in predictions.parquet, row 1")


def test_widened_type(lake: Lake) -> None:
    wider = outcomes()
    wider["margin"] += 0.5
    lake.write(outcomes=text(wider))
    warned(
        lake.refresh(),
        "changed_type",
        place="table outcomes, column margin",
        value="int before, float now",
    )
    assert lake.rules("outcomes") == {"credited": 40}
    value = lake.intake().query("source == 'outcomes'")["value"].sum()
    assert value == pytest.approx(wider["margin"].sum())


def test_required_column_all_null(lake: Lake) -> None:
    said = {"value": "no value", "rule": "every cell", "remedy": "export"}
    lake.write(predictions=text(predictions().assign(id=None)))
    refused(lake, "all_null", place="table predictions, column id", **said)
    lake.write(predictions=predictions().assign(at=None))  # a Parquet column without a type
    refused(lake, "all_null", place="table predictions, column at", **said)
    lake.write(predictions=GOOD, outcomes=outcomes().assign(margin=None))
    made = lake.refresh()
    warned(made, "all_null", place="table outcomes, column margin", rule="are unknown")
    assert lake.rules("outcomes") == {"credited": 40}


def test_table_dropped_while_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lake.data / "outcomes.csv"
    while_read(monkeypatch, lambda: path.unlink(missing_ok=True))
    content = path.read_bytes()
    before = lake.last_good()
    for door in (refused_once, by_terminal):
        path.write_bytes(content)
        door(lake)
        assert lake.last_good() == before


def refused_once(lake: Lake) -> None:
    with pytest.raises(SourceError) as caught:
        lake.refresh()
    (finding,) = caught.value.findings
    assert (finding.code, finding.value) == ("vanished_file", "outcomes.csv")
    assert "table outcomes" in finding.place
    assert "vanished while the table was read" in finding.rule


def by_terminal(lake: Lake) -> None:
    status, _, err = lake.cli("refresh")
    assert status == 1
    assert "models.churn.outcomes.table (sources.lake, table outcomes): the file vanished" in err
    assert err.startswith("error: valuekit.toml:")
    assert err.count("\n") == 1


def test_permission_gone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lake.data / "predictions.csv"
    path.chmod(0o000)
    if os.access(path, os.R_OK):  # root reads everything: refuse it as the system would
        opened = Path.open

        def denied(self: Path, *args: object, **kw: object) -> object:
            if self == path:
                raise PermissionError(13, "Permission denied", str(path))
            return opened(self, *args, **kw)

        monkeypatch.setattr(Path, "open", denied)
    refused(
        lake,
        "unreadable_file",
        place="table predictions (predictions.csv)",
        value="Permission denied",
        remedy="needs `r` on predictions.csv",
    )


def test_reserved_quoted_and_emoji_names(lake: Lake, good: Lake) -> None:
    names = {"id": "select", "customer": 'cust"omer', "score": "\U0001f600 score", "at": "order by"}
    whole = lake.path.read_text(encoding="utf-8")
    for old, new in names.items():
        quoted = new.replace('"', '\\"')
        whole = whole.replace(f'= "{old}"\n', f'= "{quoted}"\n')
    whole = whole.replace("on = { customer = ", 'on = { "cust\\"omer" = ')
    lake.path.write_text(whole, encoding="utf-8")
    renamed = predictions().rename(columns=names)
    for made in (text(renamed), renamed):
        lake.write(predictions=made)
        assert all(one.code != "missing_column" for one in lake.refresh().findings)
        for name in ("volume", "score", "effect", "intake"):
            pd.testing.assert_frame_equal(lake.fact(name), good.fact(name))
    assert pq.read_schema(lake.data / "predictions.parquet").field("select").type in {
        pa.string(),
        pa.large_string(),
    }
