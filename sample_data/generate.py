"""Make the sample tables and their truth: ``python -m sample_data.generate``.

Everything is random with a fixed seed: the same numpy gives the same tables. Each story simulates
what would have happened with and without the model, writes what a company would have logged, and
puts the difference into truth.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

if __package__ in {None, ""}:  # run by its path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sample_data import assistant, churn, demand, fraud, leads, reco, sendtime, winback
from sample_data.common import AS_OF, FIRST, Story, write

HERE = Path(__file__).resolve().parent
STORIES: dict[str, Callable[[], Story]] = {
    "fraud": fraud.build,
    "churn": churn.build,
    "leads": leads.build,
    "reco": reco.build,
    "sendtime": sendtime.build,
    "winback": winback.build,
    "assistant": assistant.build,
    "demand": demand.build,
}


def generate(folder: Path = HERE) -> dict[str, int]:
    """Write all tables and truth.json into a folder; sizes in bytes by file."""
    made = {name: build() for name, build in STORIES.items()}
    sizes = {
        f"{name}.parquet": write(name, columns, folder)
        for story in made.values()
        for name, columns in story.tables.items()
    }
    truth = {
        "first": FIRST.isoformat(),
        "as_of": AS_OF.isoformat(),
        "models": {name: story.truth for name, story in made.items()},
    }
    text = json.dumps(truth, indent=1, ensure_ascii=False) + "\n"
    (folder / "truth.json").write_text(text, encoding="utf-8")
    return sizes


if __name__ == "__main__":
    written = generate()
    for name, size in written.items():
        print(f"{name:30} {size / 1e3:8.0f} kB")
    print(f"{'together':30} {sum(written.values()) / 1e6:8.2f} MB")
