"""The same spoilt rows at the end of a year of clean ones, found by a refresh of some days.

Every case of this folder runs with ``--full``. Before it does, its tables are put behind a year of
clean rows in a workspace that was refreshed the night before, and a refresh of what changed must
come to what a refresh of everything in a new store comes to: the same facts, the same counts and
examples of rows held back, the same warnings, or the same error with the last good run kept.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import valuekit.refresh
from tests.facts_equal import same
from valuekit.api import Workspace
from valuekit.errors import ValuekitError
from valuekit.quarantine.redact import EXAMPLES
from valuekit.store.tables import STORED

DAYS = 300  # of clean rows: long enough that a few weeks are worth a slice


class Nights:
    """Workspaces of a year that were refreshed the night before, by declaration and file kinds."""

    def __init__(self, folder: Path, tables: dict[str, pd.DataFrame]) -> None:
        self.folder, self.tables = folder, tables
        self._made: dict[tuple[str, ...], Path | None] = {}

    def rehearse(self, spoilt: Path, folder: Path, now: datetime, before: datetime) -> None:
        """Compare a refresh of what changed with one of everything.

        Args:
            spoilt: The workspace folder of the case.
            folder: A folder that does not exist yet.
            now: The moment of the run.
            before: The moment of the night before.
        """
        text = (spoilt / "valuekit.toml").read_text(encoding="utf-8")
        files = list((spoilt / "data").iterdir())
        with pytest.MonkeyPatch.context() as patch:
            # What follows the facts has tests of its own.
            patch.setattr(valuekit.refresh, "assess", lambda *_: None)
            patch.setattr(valuekit.refresh, "to_json", lambda _: "{}")
            patch.setattr(valuekit.refresh, "plans", lambda *_: ())
            patch.setattr(valuekit.refresh, "_overviews", lambda *_: {})
            base = self._base(text, spoilt, before)
            if base is None:
                return  # the declaration is what is wrong
            shutil.copytree(base, folder)
            for file in (folder / "data").iterdir():
                file.unlink()
            try:
                for file in files:
                    self._behind(file, folder / "data" / file.name)
            except PermissionError:
                return  # nobody can copy what nobody may read
            self._compare(folder, now)

    def _base(self, text: str, spoilt: Path, now: datetime) -> Path | None:
        kinds = {file.stem: file.suffix for file in (spoilt / "data").iterdir()}
        endings = [kinds.get(name, ".csv") for name in self.tables]
        key = (text, *endings)
        if key not in self._made:
            base = self.folder / str(len(self._made))
            (base / "data").mkdir(parents=True)
            (base / "valuekit.toml").write_text(text, encoding="utf-8")
            for (name, table), ending in zip(self.tables.items(), endings, strict=True):
                whole = pd.concat([history(table), table], ignore_index=True)
                write(whole, base / "data" / f"{name}{ending}")
            try:
                Workspace.load(base / "valuekit.toml").refresh(now=now)
            except ValuekitError:
                self._made[key] = None
            else:
                self._made[key] = base
        return self._made[key]

    def _behind(self, file: Path, target: Path) -> None:
        """The case's table with a year of clean rows before it, where it still can have them."""
        clean = self.tables.get(file.stem)
        past = None if clean is None or file.is_symlink() else history(clean)
        raw = file.read_bytes()
        if past is not None and file.suffix == ".csv":
            head, _, rest = raw.partition(b"\n")
            if head.removeprefix(b"\xef\xbb\xbf").decode("latin-1") == ",".join(past.columns):
                rows = lines(past).encode()
                target.write_bytes(head + b"\n" + rows + rest)
                return
        if past is not None and file.suffix == ".parquet":
            try:
                spoilt = pq.read_table(file)
                old = pa.Table.from_pandas(past, preserve_index=False)
                old = old.select(spoilt.column_names).cast(spoilt.schema)
                pq.write_table(pa.concat_tables([old, spoilt]), target)
            except (pa.ArrowException, OSError, KeyError, ValueError):
                pass
            else:
                return
        shutil.copy(file, target, follow_symlinks=False)

    def _compare(self, folder: Path, now: datetime) -> None:
        nightly, fresh = (one / "valuekit.toml" for one in (folder, folder.with_name("fresh")))
        # With the store of the night before: bins that were registered stay what they are.
        shutil.copytree(folder, fresh.parent, symlinks=True)
        with Workspace.load(nightly).store() as store:
            last = store.latest_run()
        found, said = outcome(nightly, now, full=False)
        everything, expected = outcome(fresh, now, full=True)
        assert said == expected, (said, expected)
        if everything is None:
            assert found is None
            with Workspace.load(nightly).store() as store:
                assert store.latest_run() == last
            return
        for part in found.parts:
            compare(Workspace.load(nightly), Workspace.load(fresh), part.model)


def history(table: pd.DataFrame) -> pd.DataFrame:
    """A year of clean rows before a table: its own, with other ids and keys."""
    when = next(name for name in table.columns if str(table[name].dtype).startswith("datetime"))
    span = table[when].max().normalize() - table[when].min().normalize() + pd.Timedelta(days=1)
    made = []
    for number in range(DAYS // span.days, 0, -1):
        past = table.assign(**{when: table[when] - number * span})
        for name in ("id", "customer"):
            if name in past.columns:
                past[name] = f"h{number}-" + past[name].astype(str)
        made.append(past)
    return pd.concat(made, ignore_index=True)


def lines(table: pd.DataFrame) -> str:
    """The rows as lines of a text file, without the head."""
    from tests.inputs.lake import text

    return text(table).partition("\n")[2]


def write(table: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        path.write_text(",".join(table.columns) + "\n" + lines(table), encoding="utf-8")


def outcome(path: Path, now: datetime, *, full: bool):
    """The run and its warnings; None and its errors when it was refused."""
    try:
        made = Workspace.load(path).refresh(now=now, full=full)
    except ValuekitError as error:
        return None, sorted((one.code, one.value, one.rule) for one in error.findings)
    said = ((one.code, one.place.rpartition("/")[2], one.value, one.rows) for one in made.findings)
    return made, sorted(said, key=str)


def compare(one: Workspace, other: Workspace, model: str) -> None:
    """Two workspaces over the same tables know the same about a model."""
    with one.store() as a, other.store() as b:
        frames = [
            {name: store.facts(model, name, segment=None) for name in STORED} for store in (a, b)
        ]
        same(*frames)
        counts = [
            [(c.model, c.source, c.rule, c.fate, c.rows, c.first, c.last) for c in
             store.run_intake(store.latest_run().id)]
            for store in (a, b)
        ]  # fmt: skip
        assert counts[0] == counts[1], counts
        # Of more than 20 rows the newest are kept; of those that went, older ones are not known.
        few = {(c[1], c[2]) for c in counts[0] if c[4] <= EXAMPLES}
        rows = [
            {h.row for h in store.quarantine(model) if (h.row.source, h.row.rule) in few}
            for store in (a, b)
        ]
        assert rows[0] == rows[1], rows[0] ^ rows[1]
