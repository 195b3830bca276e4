"""A source table that changes under the read: the run stops, the next one is clean."""

from __future__ import annotations

import pytest

from benchmarks.faults import tiny


def replaced(folder):
    tiny.feed(folder, 3)


def appended(folder):
    table = folder / "outcomes.parquet"
    with table.open("ab") as file:
        file.write(b"more")


def cut(folder):
    table = folder / "predictions.parquet"
    table.write_bytes(table.read_bytes()[:400])


def removed(folder):
    (folder / "outcomes.parquet").unlink()


@pytest.mark.parametrize("change", [replaced, appended, cut, removed])
def test_a_table_that_changes_under_the_read(refreshed, change):
    changed = []

    def progress(_model, _text, share):
        if share > 0.1 and not changed:
            changed.append(change(refreshed.path.parent))

    code = refreshed.broken(progress)
    assert changed
    if change is removed:
        assert code == "vanished_file"
    else:
        assert code in {"changed_file", "damaged_file", "unreadable_file"}, code
    refreshed.kept(code)
    refreshed.clean()
