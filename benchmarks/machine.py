"""The machine that was measured, in words that name nobody."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import duckdb

_INFO = Path("/proc/meminfo")


def machine() -> str:
    """Cores, memory, Python, DuckDB and how busy the machine was at the start."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{usable} cores", f"{platform.system()} {platform.machine()}"]
    if _INFO.exists():
        total = int(_INFO.read_text(encoding="ascii").split("MemTotal:")[1].split()[0])
        parts.insert(1, f"{total / 1e6:.0f} GB memory")
    parts += [f"Python {platform.python_version()}", f"DuckDB {duckdb.__version__}"]
    if hasattr(os, "getloadavg"):
        parts.append(f"load {os.getloadavg()[0]:.1f} at the start")
    return ", ".join(parts)
