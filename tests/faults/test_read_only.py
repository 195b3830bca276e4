"""A file system, a folder and a database that may only be read: refused in words, still read."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from tests.faults import rooms

RIGHTS = "Give this user the right to write"


def refused(path, prefix: tuple[str, ...] = (), remedy: str = RIGHTS) -> None:
    done = rooms.valuekit("refresh", "-w", str(path), prefix=prefix)
    assert done.returncode == 1, done.stdout
    assert "may only be read here" in done.stderr
    assert remedy in " ".join(done.stderr.split())
    assert "`valuekit runs` does not know of this refresh" in done.stderr


def shown(path, prefix: tuple[str, ...] = ()) -> dict:
    done = rooms.valuekit("show", "-w", str(path), "--json", prefix=prefix)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("megabytes", [8] if rooms.can_mount() else [])
def test_a_read_only_file_system(tmp_path, copied, megabytes):
    with rooms.small_disk(tmp_path, megabytes) as small:
        held = copied(tmp_path, small / "values.db")
        before = shown(held.path)
        rooms.remount(small, "ro")
        try:
            refused(held.path, remedy="its file system is mounted read-only")
            assert shown(held.path) == before
        finally:
            rooms.remount(small, "rw")
        held.kept()
        held.clean()


def test_a_read_only_folder(tmp_path, copied):
    """By the mode of the folder, obeyed also by root, who gives up the right to pass over it."""
    folder = tmp_path / "store"
    folder.mkdir()
    held = copied(tmp_path, folder / "values.db")
    before = shown(held.path)
    folder.chmod(0o555)
    try:
        refused(held.path, rooms.without_rights())
        assert shown(held.path, rooms.without_rights()) == before
    finally:
        folder.chmod(0o755)
    held.kept()
    held.clean()


def test_a_folder_that_may_not_be_written_after_a_kill_shows_nothing_torn(tmp_path, copied):
    """The killed run left its log beside the file: without it the file alone may be half a run."""
    folder = tmp_path / "store"
    folder.mkdir()
    held = copied(tmp_path, folder / "values.db")
    log = folder / "values.db-wal"
    log.write_bytes(b"what a killed run left")
    (folder / "values.db-shm").unlink(missing_ok=True)
    folder.chmod(0o555)
    try:
        done = rooms.valuekit("show", "-w", str(held.path), prefix=rooms.without_rights())
        assert done.returncode == 1
        assert "a run was killed and left changes beside the file" in done.stderr
    finally:
        folder.chmod(0o755)
    held.kept()
    held.clean()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_may_only_be_read(refreshed, url):
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = sa.make_url(url).database

    def allow(state: str) -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = off")
            connection.exec_driver_sql(
                f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}'
            )

    allow("on")
    try:
        done = rooms.valuekit("refresh", "-w", str(refreshed.path))
        assert done.returncode == 1
        assert "the database may only be read here" in done.stderr
        refreshed.kept()
    finally:
        allow("off")
    refreshed.clean()
