"""A small workspace that ran well once, to be spoilt in one way and refreshed through its doors."""

from __future__ import annotations

import contextlib
import io
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from connectors.base import Statement
from connectors.duckdb import DuckDBConnector
from tests.inputs.nightly import Nights
from valuekit import cli
from valuekit.api import Workspace
from valuekit.errors import Finding, ValuekitError
from valuekit.scorecard import Scorecard
from valuekit.store import Store, open_store
from valuekit.store.records import RunOutcome

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
N = 40
_RUN = DuckDBConnector.run

TOML = """
[workspace]
name = "Inputs"
currency = "EUR"

[sources.lake]
kind = "duckdb"
path = "data"
timezone = "UTC"

[models.churn]
title = "Churn rescue"
owner = "team@example.com"
task = "classification"

[models.churn.predictions]
table = "predictions"
id = "id"
time = "at"
unit = "customer"
score = "score"
version = "version"

[models.churn.outcomes]
table = "outcomes"
on = { customer = "customer" }
time = "seen"
window = "5d"
label = "kept"

[models.churn.metrics.margin]
column = "margin"
already_money = true

[[models.churn.evidence]]
design = "payoff"
owner = "cfo@example.com"
payoff = { tp = 50, fp = -10, fn = -50, tn = 5 }

[models.churn.costs]
per_prediction = "0.10"
"""


PREDICTED = "[models.churn.predictions]"


def predictions() -> pd.DataFrame:
    """40 predictions over 20 days, one a customer."""
    at = pd.date_range("2026-01-01", periods=N, freq="12h", tz="UTC")
    return pd.DataFrame(
        {
            "id": [f"p{i:02d}" for i in range(N)],
            "at": at,
            "customer": [f"c{i:02d}" for i in range(N)],
            "score": [round(i % 10 / 10 + 0.05, 2) for i in range(N)],
            "version": "v1",
        }
    )


def outcomes() -> pd.DataFrame:
    """An outcome of each customer, a day later."""
    p = predictions()
    return pd.DataFrame(
        {
            "customer": p["customer"],
            "seen": p["at"] + pd.Timedelta(days=1),
            "kept": [i % 2 for i in range(N)],
            "margin": [10 + i for i in range(N)],
        }
    )


def text(frame: pd.DataFrame, separator: str = ",", decimal: str = ".") -> str:
    """A table as a text file with times in ISO 8601."""
    frame = frame.copy()
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    made: str = frame.to_csv(index=False, sep=separator, decimal=decimal, lineterminator="\n")
    return made


GOOD = text(predictions())


def while_read(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Do something to the files just before a pull counts the predictions."""
    run = DuckDBConnector.run

    def hooked(
        self: DuckDBConnector, name: str, statement: Statement, *, few: bool = False
    ) -> pa.Table:
        if name == "churn: count predictions":
            deed()
        return run(self, name, statement, few=few)

    monkeypatch.setattr(DuckDBConnector, "run", hooked)


class Lake:
    """A workspace folder with its tables."""

    def __init__(self, folder: Path, nights: Nights | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.path = folder / "valuekit.toml"
        self.nights = nights  # a year of clean rows, to find the first case of a test by night

    def write(self, **tables: pd.DataFrame | str | bytes) -> None:
        """Replace tables: a frame as Parquet, text or bytes as a text file."""
        for name, content in tables.items():
            for ending in (".csv", ".parquet"):
                (self.data / f"{name}{ending}").unlink(missing_ok=True)
            if isinstance(content, pd.DataFrame):
                content.to_parquet(self.data / f"{name}.parquet", index=False)
            else:
                raw = content.encode() if isinstance(content, str) else content
                (self.data / f"{name}.csv").write_bytes(raw)

    def declare(self, old: str, new: str) -> None:
        """Change the workspace file in one place."""
        whole = self.path.read_text(encoding="utf-8")
        assert whole.count(old) == 1, (whole.count(old), old)
        self.path.write_text(whole.replace(old, new), encoding="utf-8")

    def refresh(self, now: datetime = NOW, *, accept_gone: bool = False) -> RunOutcome:
        """A run of everything through the Python door; every source's rows add up."""
        if self.nights is not None and DuckDBConnector.run is _RUN:  # nobody meddles with a read
            nights, self.nights = self.nights, None
            nights.rehearse(self.folder, self.folder.with_name("night"), now, NOW)
        made = Workspace.load(self.path).refresh(full=True, now=now, accept_gone=accept_gone)
        assert sum(self.intake(one)["rows"].sum() for one in made.models) == made.rows_read
        return made

    def cli(self, *words: str) -> tuple[int, str, str]:
        """A run through the terminal's door: exit code, output, messages."""
        out, err, argv = io.StringIO(), io.StringIO(), sys.argv
        more = ["--full"] if words[0] == "refresh" else []  # unchanged files are not read again
        sys.argv = ["valuekit", *words, *more, "-w", str(self.path)]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                cli.main()
        except SystemExit as left:
            status = int(left.code or 0)
        else:
            status = 0
        finally:
            sys.argv = argv
        for shown in (out.getvalue(), err.getvalue()):
            assert "Traceback" not in shown
            assert "nobody foresaw" not in shown, shown
        return status, out.getvalue(), err.getvalue()

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.folder}/valuekit.db")

    def intake(self, model: str = "churn") -> pd.DataFrame:
        with self.store() as store:
            return store.facts(model, "intake")

    def rules(self, source: str, model: str = "churn") -> dict[str, int]:
        """Rows of a source by rule."""
        rows = self.intake(model)
        rows = rows[(rows["source"] == source) & (rows["rows"] != 0)]
        return {str(rule): int(n) for rule, n in rows.groupby("rule")["rows"].sum().items()}

    def fates(self, source: str, model: str = "churn") -> dict[str, int]:
        """Rows of a source by fate."""
        rows = self.intake(model)
        rows = rows[(rows["source"] == source) & (rows["rows"] != 0)]
        return {str(fate): int(n) for fate, n in rows.groupby("fate")["rows"].sum().items()}

    def fact(self, name: str, model: str = "churn") -> pd.DataFrame:
        with self.store() as store:
            return store.facts(model, name)

    def card(self, model: str = "churn") -> Scorecard:
        return Workspace.load(self.path).scorecard(model)

    def last_good(self) -> tuple[int, dict[str, str]]:
        """The run that readers see, whole."""
        with self.store() as store:
            run = store.latest_run()
            assert run is not None
            return run.id, dict(store.scorecards())


def refused(lake: Lake, code: str, **said: str) -> Finding:
    """A refresh stops with this error at both doors, and readers keep the last good run.

    Args:
        lake: The spoilt workspace.
        code: Code of the error.
        said: Parts of place, value, rule and remedy that the error must name.
    """
    before = lake.last_good()
    finding = _raised(lake, code)
    assert finding.severity == "error"
    for field in ("place", "rule", "remedy"):
        assert getattr(finding, field), field
    for field, part in said.items():
        assert part in getattr(finding, field), (part, getattr(finding, field))
    status, out, err = lake.cli("refresh")
    assert status == 1
    assert out == ""
    assert f"error: {finding}" in err.splitlines()
    assert all(line.startswith("error: ") for line in err.splitlines())
    assert lake.last_good() == before
    return finding


def _raised(lake: Lake, code: str) -> Finding:
    try:
        lake.refresh()
    except ValuekitError as error:
        found = Counter(one.code for one in error.findings)
        assert found[code] == 1, found
        return next(one for one in error.findings if one.code == code)
    message = f"the run was not refused: {lake.intake()}"
    raise AssertionError(message)


def warned(outcome: RunOutcome, code: str, **said: Any) -> Finding:
    """The one warning (or note) of a run with this code; parts of its fields, rows exactly."""
    found = [one for one in outcome.findings if one.code == code]
    assert len(found) == 1, [one.code for one in outcome.findings]
    (finding,) = found
    assert finding.severity != "error"
    assert finding.remedy
    rows = said.pop("rows", None)
    assert rows is None or finding.rows == rows, finding.rows
    for field, part in said.items():
        assert part in getattr(finding, field), (part, getattr(finding, field))
    return finding
