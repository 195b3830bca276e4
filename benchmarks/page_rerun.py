"""How long the server needs to run each page again, for one user, figures warm in the cache.

Runs every page through Streamlit's own script runner in this process (no browser, no network) and
prints p50 and p95 of a rerun, in wall time and in processor time (the second does not depend on
what else the machine does):

    python benchmarks/page_rerun.py [WORKSPACE] [--runs 40] [--limit 50]

Without a workspace the sample is copied to a temporary folder and refreshed first. Exit code 1
when a p95 is above the limit in milliseconds.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from streamlit.web import bootstrap

from dashboard.serve import options

PROJECT = Path(__file__).resolve().parents[1]
PAGES = (
    ("Portfolio", "portfolio", {}),
    ("Model, value", "model", {"section": "Value"}),
    ("Model, evidence", "model", {"section": "Evidence"}),
    ("Model, accuracy", "model", {"section": "Accuracy"}),
    ("Model, degradation", "model", {"section": "Degradation"}),
    ("Keep or retire", "review", {}),
    ("Reports", "reports", {}),
    ("Data health", "health", {}),
)


def sample(folder: Path) -> Path:
    """The refreshed sample workspace below a folder."""
    made = folder / "sample"
    shutil.copytree(PROJECT / "sample_data", made, ignore=shutil.ignore_patterns("*.db*", "*.py"))
    workspace = made / "valuekit.toml"
    code = "from valuekit.cli import main; main()"
    subprocess.run(  # noqa: S603 (the project's own command)
        [sys.executable, "-c", code, "refresh", "--workspace", str(workspace)],
        check=True,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
    )
    return workspace


def measure(page: str, query: dict[str, str], runs: int) -> list[tuple[float, float]]:
    """Wall and processor milliseconds of each rerun of a page, first runs left out."""
    # Imported here: logging must be quiet before Streamlit sets its own up.
    from streamlit.runtime.scriptrunner import script_runner
    from streamlit.testing.v1 import AppTest

    spent: list[tuple[float, float]] = []
    runner = script_runner.ScriptRunner
    original = runner._run_script  # noqa: SLF001 (the one place where all of a rerun is)

    def timed(self: object, *args: object, **named: object) -> None:
        start, used = time.perf_counter(), time.thread_time()
        try:
            original(self, *args, **named)
        finally:
            wall = (time.perf_counter() - start) * 1000
            spent.append((wall, (time.thread_time() - used) * 1000))

    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page(f"dashboard/pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    runner._run_script = timed  # noqa: SLF001 (same)
    try:
        for _ in range(runs + 3):
            app.run()
    finally:
        runner._run_script = original  # noqa: SLF001 (same)
    return spent[3:]


def p95(spent: list[float]) -> float:
    """The 95th percentile, nearest rank."""
    return sorted(spent)[min(len(spent) - 1, int(len(spent) * 0.95))]


def main() -> int:
    """Print the table; 1 when a page is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--limit", type=float, default=50.0, help="milliseconds, for p95")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    threading.excepthook = lambda _: None
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VALUEKIT_WORKSPACE"] = str(given.workspace or sample(Path(folder)))
        settings = {key.replace(".", "_"): value for key, value in options(8501).items()}
        bootstrap.load_config_options(settings)
        print(f"{'page':<22}{'p50 ms':>9}{'p95 ms':>9}{'CPU p50':>9}{'CPU p95':>9}")
        slow = False
        for title, page, query in PAGES:
            spent = measure(page, query, given.runs)
            wall, used = ([one[at] for one in spent] for at in (0, 1))
            slow = slow or p95(wall) > given.limit
            shown = (statistics.median(wall), p95(wall), statistics.median(used), p95(used))
            print(f"{title:<22}" + "".join(f"{one:>9.1f}" for one in shown))
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
