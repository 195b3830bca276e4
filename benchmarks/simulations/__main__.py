"""Run every module of this folder: ``python -m benchmarks.simulations [MODULE ...]``.

A module takes part by having a function ``run(repetitions: int, seed: int) -> list[Row]``; the
first line of its docstring says what it is about. ``--write`` keeps the table in SIMULATIONS.md.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy

from benchmarks.machine import machine
from benchmarks.simulations.table import Row, as_markdown, printed

REPETITIONS = 2000
SEED = 20_261_124
KEPT = Path(__file__).parents[1] / "SIMULATIONS.md"


def names() -> list[str]:
    """Names of the modules that have simulations."""
    found = (one.name for one in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return [name for name in found if name not in {"__main__", "table"}]


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen modules, print their table; 1 when a promise is missed."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.simulations", description=__doc__)
    asked.add_argument("modules", nargs="*", help=f"of: {', '.join(names())}; default all")
    asked.add_argument("--repetitions", type=int, default=REPETITIONS)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--write", action="store_true", help=f"all modules into {KEPT.name}")
    options = asked.parse_args(arguments)
    if options.write and options.modules:
        asked.error("--write keeps the whole table: name no modules")
    where = f"{machine()}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    parts: dict[str, list[Row]] = {}
    for name in options.modules or names():
        module = importlib.import_module(f"benchmarks.simulations.{name}")
        made = module.run(options.repetitions, options.seed)
        print(f"{name}\n{printed(made)}\n", flush=True)
        parts[str(module.__doc__).splitlines()[0]] = made
    rows = [row for made in parts.values() for row in made]
    missed = sum(not row.met for row in rows)
    verdict = f"{len(rows) - missed} of {len(rows)} promises met."
    print(verdict)
    if options.write:
        day = datetime.now(UTC).date().isoformat()
        KEPT.write_text(as_markdown(parts, where, day, options.seed, verdict), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
