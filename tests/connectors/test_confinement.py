"""Nothing outside the declared folder is read, nothing anywhere is written."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors import files
from valuekit.errors import SourceError

CANARY = "canary-7c1e"

# {out} a folder beside the root with secret.csv, {root} the declared folder, {link} a symbolic
# link inside the root to the secret.
PROBES = (
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM '{out}/secret.csv'",
    "SELECT * FROM read_csv('{out}/secret.csv')",
    "SELECT * FROM read_text('{out}/secret.csv')",
    "SELECT * FROM read_csv('{root}/../out/secret.csv')",
    "SELECT * FROM read_csv('file://{out}/secret.csv')",
    "SELECT * FROM read_csv('{link}')",
    "SELECT * FROM read_text('{link}')",
    "SELECT * FROM read_json('{out}/secret.csv')",
    "SELECT * FROM read_parquet('{out}/secret.parquet')",
    "SELECT * FROM parquet_metadata('{out}/secret.parquet')",
    "SELECT * FROM sniff_csv('{out}/secret.csv')",
    "SELECT * FROM glob('{out}/*')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT getenv('HOME')",
    "SELECT * FROM read_duckdb('{out}/x.db')",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM SECRET",
    "COPY (SELECT 1) TO '{root}/written.csv'",
    "COPY (SELECT 1) TO '{out}/written.csv'",
    "COPY t FROM '/etc/passwd'",
    "EXPORT DATABASE '{root}/dump'",
    "IMPORT DATABASE '{out}'",
    "ATTACH '{root}/new.db'",
    "ATTACH '{out}/new.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{out}/evil.duckdb_extension'",
    "SET memory_limit = '100GB'",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "PRAGMA version",
    "PRAGMA enable_profiling = 'json'",
    "CALL pragma_version()",
    "CREATE TABLE t AS SELECT 1",
    "CREATE SECRET s (TYPE s3)",
    "CREATE MACRO m() AS 1",
    "DROP VIEW predictions",
    "DELETE FROM predictions",
    "INSERT INTO predictions SELECT 1",
    "SELECT 1; COPY (SELECT 1) TO '{root}/written.csv'",
    "SELECT * FROM enable_logging(storage_path := '{out}/log')",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/written.csv'",
    "USE memory",
    "CHECKPOINT",
)


@pytest.fixture
def places(root: Path) -> dict[str, str]:
    out = root.parent / "out"
    out.mkdir()
    (out / "secret.csv").write_text(f"a\n{CANARY}\n")
    (root / "predictions.csv").write_text("id,time,unit,score\n1,2026-01-01T00:00:00Z,7,0.5\n")
    (root / "link.csv").symlink_to(out / "secret.csv")
    return {"out": str(out), "root": str(root), "link": str(root / "link.csv")}


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*")}


@pytest.mark.parametrize("probe", PROBES)
def test_probe_is_refused_and_leaves_no_trace(opened, places, root, probe):
    engine = opened()
    engine.columns("predictions")
    before = snapshot(root.parent)
    with pytest.raises(SourceError) as refused:
        engine._execute("probe", probe.format(**places), {})
    assert CANARY not in str(refused.value)
    assert snapshot(root.parent) == before


@pytest.mark.parametrize("probe", PROBES)
def test_probe_inside_a_statement_is_refused(opened, places, root, probe):
    engine = opened()
    before = snapshot(root.parent)
    inner = sa.literal_column(f"({probe.format(**places)})")
    with pytest.raises(SourceError) as refused:
        engine.run("probe", sa.select(inner))
    assert CANARY not in str(refused.value)
    with pytest.raises(SourceError):
        engine.materialise("probe", sa.select(inner))
    assert snapshot(root.parent) == before


@pytest.mark.parametrize(
    "table",
    [
        "../out/secret",
        "../out/secret.csv",
        "..",
        "/etc/passwd",
        "/etc/passwd.csv",
        "x/../../out/secret.csv",
        "./../out/secret.csv",
        "../out/*.csv",
        "link",
        "link.csv",
        "linked/secret",
        "linked/*.csv",
        "linked",
        "l*.csv",
        "a\0b",
        "",
        ".",
        "..\\out\\secret.csv",
        "%2e%2e/out/secret.csv",
        "https://example.com/x.csv",
        "s3://bucket/x.parquet",
        "file:///etc/passwd.csv",
        "x" * 300,
    ],
)
def test_no_table_name_leads_out_of_the_folder(opened, places, root, table):
    out = Path(places["out"])
    (out / "secret.parquet").write_bytes(b"PAR1")
    (root / "linked").symlink_to(out)
    (root / "predictions.csv").unlink()
    with pytest.raises(SourceError) as refused:
        opened().columns(table)
    assert CANARY not in str(refused.value)
    assert refused.value.findings[0].code in {"outside_root", "missing_file"}


def test_links_are_followed_wherever_they_stand_in_a_path(tmp_path):
    """What is known of folders from one file never lets another one out."""
    base, out = tmp_path.resolve() / "data", tmp_path.resolve() / "out"
    for folder in (base / "plain" / "deep", out / "deep"):
        folder.mkdir(parents=True)
        (folder / "x.csv").write_text("a\n1\n")
    (base / "within").symlink_to(base / "plain")
    (base / "away").symlink_to(out)
    (base / "plain" / "away").symlink_to(out / "deep")
    (base / "plain" / "deep" / "file.csv").symlink_to(out / "deep" / "x.csv")
    names = ("plain/deep/x.csv", "within/deep/x.csv", "away/deep/x.csv", "plain/away/x.csv",
             "plain/deep/file.csv", "within/away/x.csv")  # fmt: skip
    real = {name: (base / name).resolve().is_relative_to(base) for name in names}
    assert set(real.values()) == {True, False}
    for order in permutations(names):
        plain = {base}
        assert {one: files._inside(base / one, base, plain) for one in order} == real


def test_temporary_files_are_private_and_removed(opened, places):
    engine = opened()
    folder = engine._temporary
    assert folder.stat().st_mode & 0o077 == 0
    engine.close()
    engine.close()
    assert not folder.exists()


def test_memory_and_threads_are_as_declared(opened):
    engine = opened(memory_limit="200MB", threads=1)
    statement = sa.select(
        sa.func.current_setting("threads").label("threads"),
        sa.func.current_setting("TimeZone").label("zone"),
        sa.func.current_setting("memory_limit").label("memory"),
    )
    row = engine.run("settings", statement).to_pylist()[0]
    assert (row["threads"], row["zone"]) == (1, "UTC")
    assert row["memory"].startswith("190")  # 200 MB are 190.7 MiB
