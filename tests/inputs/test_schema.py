"""Tables whose columns are not what was declared, or not what they were."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inputs.lake import GOOD, Lake, outcomes, predictions, refused, text, warned, while_read
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
