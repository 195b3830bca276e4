"""Refresh of the sample workspace into a fresh store."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from valuekit.refresh import refresh
from valuekit.store import open_store
from valuekit.workspace.load import load

SECONDS = 15.0  # the most that the refresh may take
_SAMPLE = Path(__file__).parents[1] / "sample_data"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh took.

    Attributes:
        seconds: Wall seconds, from loading the workspace to the committed run.
        models: Models, with the seconds of each.
        rows: Source rows read.
        store_bytes: Size of the new store.
    """

    seconds: float
    models: dict[str, float]
    rows: int
    store_bytes: int


def refresh_sample(folder: Path) -> Refreshed:
    """Copy the sample into an empty folder and refresh it once.

    Args:
        folder: An existing folder; the copy and its store are made in it.
    """
    sample = folder / "sample"
    shutil.copytree(_SAMPLE, sample, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    began = perf_counter()
    loaded = load(sample / "valuekit.toml")
    with open_store(loaded.store_url, create=True) as store:
        outcome = refresh(loaded, store, now=datetime.now(UTC))
    seconds = perf_counter() - began
    return Refreshed(
        seconds=seconds,
        models={one.model: one.seconds for one in outcome.parts},
        rows=sum(one.rows_read for one in outcome.parts),
        store_bytes=sum(one.stat().st_size for one in sample.glob("*.db*")),
    )
