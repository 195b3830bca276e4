"""Run every module of this folder: ``python -m benchmarks.simulations [MODULE ...]``.

A module takes part by having a function ``run(repetitions: int, seed: int) -> list[Row]``.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks.simulations.table import Row, printed

REPETITIONS = 2000
SEED = 20_261_124


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
    options = asked.parse_args(arguments)
    rows: list[Row] = []
    for name in options.modules or names():
        module = importlib.import_module(f"benchmarks.simulations.{name}")
        made = module.run(options.repetitions, options.seed)
        print(f"{name}\n{printed(made)}\n", flush=True)
        rows += made
    missed = sum(not row.met for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} promises met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
