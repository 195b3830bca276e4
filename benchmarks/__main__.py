"""Speed, memory and kills against hand-written SQL, peers and limits: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median

from benchmarks import assess, facts, incremental, long_store, peers, refresh, shapes, store
from benchmarks.faults import drills
from benchmarks.generate import generate
from benchmarks.machine import machine
from benchmarks.peer_data import add_tables
from benchmarks.results import Line, as_markdown, as_text

RESULTS = Path(__file__).parent / "RESULTS.md"
PEER_ROWS = 1_000_000
PAGE_MS = 50
NOTES = (
    (
        "Pull: all facts through the connector, opening to closing. By hand: SQL for DuckDB that "
        "computes the same facts with the same checks, in the same process with the same threads "
        "and memory limit (benchmarks/by_hand.py); the numbers of both were compared first."
    ),
    "CPU seconds tell the work of a process, whatever else the machine was doing.",
    (
        f"Five times the rows: {shapes.TURNS} pulls, each between two of the rows, whose mean it "
        f"is held against. New days: {incremental.NIGHTS} nights, each followed by a run without "
        "news, between two full refreshes; the files are older than the seconds within which they "
        "count as being written. Of several ratios the median, the least and the most. A new day "
        f"of {incremental.FEW} rows has as many days and files and hardly a row: what a new day "
        "takes beyond it is what its rows cost, the rest is there however few they are."
    ),
    (
        "Scoring: all intervals, diagnostics, history and verdicts from stored facts, seven models "
        "in ten of them holdouts; making the facts is not counted."
    ),
    (
        "Store: twenty models have all facts of segment `all` (10,000 predictions a day), others "
        "volume, intake, scorecards, surveys and runs: every table that a portfolio or a "
        "plan reads has its full size. Plans: the tables of each model are one file, whose surveys "
        "are given; a lake with a file a day takes about five times as long to unpack."
    ),
    (
        "Peers answer the same question from the same files, in an environment of their own where "
        "they need one; median of three, imports not counted. A ratio above 1 means that the peer "
        "took longer; below 1, that it was faster: it computes that one answer in memory, while "
        "ours is a whole pull with join, validation, conservation of outcomes and every fact of "
        "the model. Answers were compared: to 1e-6, AUC within the bound of its bins."
    ),
    (
        "Kills: SIGKILL of a refresh whose tables changed before it, at moments drawn anywhere in "
        "a run or while it stores. Torn: what is read afterwards is neither the figures before nor "
        "those after, or not those of the run that the store calls the last good one. Milliseconds "
        "are those until a reader had whole figures and a writer the lock."
    ),
)
Part = Callable[[argparse.Namespace, Path], Iterator[Line]]


def facts_part(chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """The pull beside hand-written SQL."""
    _say(f"making {chosen.rows:g}M predictions and {chosen.rows / 5:g}M outcomes")
    made = generate(folder, int(chosen.rows * 1e6))
    _say(f"{made.megabytes:.0f} MB; pulling and writing by hand, {chosen.repetitions} times each")
    found = facts.race(made, chosen.repetitions)
    if chosen.statements:
        for name, seconds in (("pull", found.statements), ("by hand", found.hand_statements)):
            _say(name + "".join(f"\n  {value:8.2f} s  {what}" for what, value in seconds))
    what = f"all facts of {chosen.rows:g}M predictions"
    pulled, hand, cpu, hand_cpu = found.medians
    for unit, mine, other, ratio in (
        ("s", pulled, hand, found.ratio),
        ("s CPU", cpu, hand_cpu, cpu / hand_cpu),
    ):
        yield Line(
            f"{what}, {'work' if 'CPU' in unit else 'time'}",
            f"pull {mine:.1f} {unit}",
            f"by hand {other:.1f} {unit}",
            f"{ratio:.2f}",
            f"{facts.RATIO} times",
            ratio <= facts.RATIO,
        )
    yield Line(
        f"{what}, peak memory",
        f"pull {found.peak / 1e9:.2f} GB",
        f"by hand {found.peak_by_hand / 1e9:.2f} GB",
        f"{found.peak / found.peak_by_hand:.2f}",
        f"{facts.PEAK / 1e9:g} GB",
        found.peak <= facts.PEAK,
    )


def peers_part(_chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """Peers on one million rows."""
    _say("making 1M rows for peers and installing them")
    generate(folder, PEER_ROWS)
    add_tables(folder, PEER_ROWS)
    for one in peers.ask_all(folder, folder):
        mine, theirs = f"ours {one.ours:.2f} s", one.theirs
        what = f"{one.peer.question}, 1M rows"
        if theirs is None:
            yield Line(what, mine, f"{one.peer.title}: skipped, {one.reason}")
        else:
            beside = f"{one.peer.title} {theirs:.2f} s"
            yield Line(what, mine, beside, f"{theirs / one.ours:.2f}")


def refresh_part(_chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """Refresh of the sample workspace."""
    _say("refreshing the sample workspace")
    done = refresh.refresh_sample(folder)
    yield Line(
        f"refresh of the sample, {len(done.models)} models, {done.rows:,} rows",
        f"{done.seconds:.1f} s",
        f"store {done.store_bytes / 1e6:.1f} MB",
        "",
        f"{refresh.SECONDS:g} s",
        done.seconds <= refresh.SECONDS,
    )


def scoring_part(chosen: argparse.Namespace, _folder: Path) -> Iterator[Line]:
    """Scorecards of many models from stored facts."""
    _say(f"scoring {chosen.models} models of {assess.DAYS} days")
    found = assess.score(chosen.models)
    limit = assess.SECONDS * chosen.models / assess.MODELS
    kinds = ", ".join(f"{kind} {ms:.0f}" for kind, ms in assess.milliseconds(found))
    yield Line(
        f"scoring {found.models} models, {assess.DAYS} days of facts, one core",
        f"{found.cpu:.1f} s CPU",
        f"{found.seconds:.1f} s by the clock",
        "",
        f"{limit:g} s CPU",
        found.cpu <= limit,
    )
    yield Line("median of a model by kind", f"ms CPU: {kinds}")


def pages_part(_chosen: argparse.Namespace, _folder: Path) -> Iterator[Line]:
    """Rerun of the dashboard's pages, in a process of its own: it keeps state of Streamlit."""
    script = Path(__file__).parent / "page_rerun.py"
    if not script.exists():
        yield Line("rerun of pages", "not measured: benchmarks/page_rerun.py is missing")
        return
    _say("rerunning pages")
    done = subprocess.run(  # noqa: S603  our own script
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    found = re.findall(r"^(.+?)((?:\s+[\d.]+){4})$", done.stdout, re.MULTILINE)
    if not found:
        yield Line("rerun of pages", "not measured: benchmarks/page_rerun.py failed")
    for page, numbers in found:
        middle, slow, work, _ = (float(one) for one in numbers.split())
        measured = f"median {middle:.1f} ms, {work:.1f} ms CPU"
        met = slow <= PAGE_MS
        yield Line(f"rerun of {page}", measured, f"p95 {slow:.1f} ms", "", f"{PAGE_MS} ms", met)


def incremental_part(chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """New days on three years of history."""
    rows = int(chosen.rows * 1e6)
    _say(f"making {incremental.DAYS} days of files with {chosen.rows:g}M predictions")
    pairs = []
    for place, each in (("all", rows), ("few", incremental.FEW * incremental.DAYS)):
        (folder / place).mkdir()
        pairs.append(incremental.compare(folder / place, each))
    for found, few, kind, unit in zip(*pairs, ("time", "work"), ("s", "s CPU"), strict=True):
        what = f"one new day on {found.days:,} of {chosen.rows:g}M predictions"
        yield Line(
            f"{what}, {found.dirty} days computed, {kind}",
            f"{median(found.new_days):.2f} {unit}",
            f"full {mean(found.full):.1f} {unit}, idle {median(found.idle):.2f} {unit}",
            _median_of(found.shares),
            f"{incremental.FACTOR} x share of days + idle",
            found.share <= incremental.FACTOR,
        )
        yield Line(
            f"the same beyond a new day of {incremental.FEW} rows, {kind}",
            f"{median(found.new_days):.2f} {unit}",
            f"of {incremental.FEW} rows {median(few.new_days):.2f} {unit}",
            f"{found.beyond(few):.2f}",
        )


def shapes_part(chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """Text files and wide tables."""
    rows = int(chosen.rows * 1e5)
    for name, run, limit, beside in (
        ("CSV files", shapes.text_files, shapes.CSV, "by hand over DuckDB's reader"),
        (f"{shapes.COLUMNS} columns", shapes.wide_table, shapes.WIDE, "mapped columns alone"),
    ):
        _say(f"making {rows / 1e6:g}M predictions: {name}")
        place = folder / run.__name__
        place.mkdir()
        found = run(place, rows)
        yield Line(
            f"all facts of {rows / 1e6:g}M predictions, {name}",
            f"pull {found.mine.seconds:.1f} s, {found.mine.cpu:.1f} s CPU",
            f"{beside} {found.other.seconds:.1f} s, {found.other.cpu:.1f} s CPU",
            f"{found.time:.2f}",
            f"{limit:g} times",
            found.time <= limit,
        )


def large_part(chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """Five times the rows."""
    _say(f"making {chosen.rows:g}M and {5 * chosen.rows:g}M predictions")
    places = [folder / name for name in ("small", "large")]
    for place in places:
        place.mkdir()
    pairs = shapes.five_times(iter(places), int(chosen.rows * 1e6))
    found = sorted(pairs, key=lambda one: one.time)[len(pairs) // 2]
    what = f"all facts of {5 * chosen.rows:g}M predictions"
    yield Line(
        f"{what}, time",
        f"pull {found.mine.seconds:.1f} s, {found.mine.cpu:.1f} s CPU",
        f"of {chosen.rows:g}M {found.other.seconds:.1f} s, {found.other.cpu:.1f} s CPU",
        _median_of([one.time for one in pairs]),
        f"{shapes.LARGE:g} times",
        found.time <= shapes.LARGE,
    )
    mine, other = pairs[0].mine.peak, pairs[0].other.peak  # later: memory that the process kept
    yield Line(
        f"{what}, peak memory",
        f"pull {mine / 1e9:.2f} GB",
        f"of {chosen.rows:g}M {other / 1e9:.2f} GB",
        f"{mine / other:.2f}",
        f"{shapes.LARGE_PEAK / 1e9:g} GB",
        mine <= shapes.LARGE_PEAK,
    )


def faults_part(chosen: argparse.Namespace, _folder: Path) -> Iterator[Line]:
    """Kills and racing writers on both kinds of store."""
    for kind in drills.STORES:
        _say(f"killing {chosen.kills:,} refreshes of a store in {kind}")
        yield from drills.drill(kind, chosen.kills)


def _median_of(ratios: Sequence[float]) -> str:
    """The median with the least and the most: how steady the machine was is part of the figure."""
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def store_part(chosen: argparse.Namespace, folder: Path) -> Iterator[Line]:
    """Many models over three years in the store."""
    _say(f"writing {chosen.stored:,} models of {long_store.DAYS:,} days; this takes minutes")
    yield from store.lines(long_store.make(folder, chosen.stored), long_store.DAYS)


PARTS: dict[str, Part] = {
    "facts": facts_part,
    "large": large_part,
    "shapes": shapes_part,
    "incremental": incremental_part,
    "peers": peers_part,
    "refresh": refresh_part,
    "scoring": scoring_part,
    "store": store_part,
    "pages": pages_part,
    "faults": faults_part,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen parts, print their table, keep it when all parts ran.

    Args:
        arguments: Of the command line; None for those of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=float, default=20, help="millions of predictions")
    parser.add_argument("--only", choices=PARTS, action="append", help="parts to run")
    parser.add_argument("--models", type=int, default=assess.MODELS, help="models to score")
    parser.add_argument("--stored", type=int, default=long_store.MODELS, help="models in the store")
    parser.add_argument("--repetitions", type=int, default=3, help="pulls, each beside SQL")
    parser.add_argument("--kills", type=int, default=drills.KILLS, help="kills of each store")
    parser.add_argument("--statements", action="store_true", help="show seconds by statement")
    chosen = parser.parse_args(arguments)
    described, lines = machine(), []
    for name in chosen.only or PARTS:
        with tempfile.TemporaryDirectory(prefix="valuekit-bench-") as folder:
            made = list(PARTS[name](chosen, Path(folder)))
        _say(f"\n{as_text(made)}\n")  # so that a run that is broken off was not for nothing
        lines += made
    print(f"\n{described}\n\n{as_text(lines)}")
    if not chosen.only:
        day = datetime.now(UTC).date().isoformat()
        RESULTS.write_text(as_markdown(described, day, lines, NOTES), encoding="utf-8")
        print("\nkept in benchmarks/RESULTS.md")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
