"""Peers and the library on the same question over the same files, answers compared."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.questions import ANSWERS, Answer, same

_SCRIPTS = Path(__file__).parent / "peer_scripts"
_INSTALL_SECONDS, _ASK_SECONDS = 600, 600


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer and what it is asked.

    Attributes:
        name: Key of :data:`benchmarks.questions.ANSWERS`, end of the script's name.
        title: As it calls itself.
        question: In words.
        packages: To be installed into an environment of its own; empty: it is in ours.
    """

    name: str
    title: str
    question: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Seconds of both, or why the peer was skipped."""

    peer: Peer
    ours: float
    theirs: float | None
    reason: str = ""


PEERS = (
    Peer("scikit_learn", "scikit-learn + pandas", "AUC, confusion, money per row, by day"),
    Peer("utilsforecast", "utilsforecast", "MAE, RMSE, MASE of daily forecasts"),
    Peer(
        "tea_tasting",
        "tea-tasting",
        "difference of means with interval",
        ("tea-tasting", "pandas", "pyarrow"),
    ),
    Peer(
        "nannyml",
        "NannyML",
        "AUC by day (labels joined beforehand)",
        ("nannyml", "statsmodels", "pyarrow"),
    ),
)


def ask_all(folder: Path, environments: Path) -> Iterator[Asked]:
    """Ask every peer and the library.

    Args:
        folder: Tables of :func:`benchmarks.peer_data.add_tables`.
        environments: Folder for the environments of peers.

    Raises:
        AssertionError: an answer of a peer differs from ours.
    """
    for peer in PEERS:
        ours, mine = _ours(peer, folder)
        python, reason = _python(peer, environments)
        if not reason:
            found, reason = _theirs(peer, python, folder)
            if found is not None:
                same(mine, found["answer"])
                yield Asked(peer, ours, float(found["seconds"]))
                continue
        yield Asked(peer, ours, None, reason)


def _ours(peer: Peer, folder: Path, repetitions: int = 3) -> tuple[float, Answer]:
    seconds, answer = [], {}
    for _ in range(repetitions):
        began = perf_counter()
        answer = ANSWERS[peer.name](folder)
        seconds.append(perf_counter() - began)
    return statistics.median(seconds), answer


def _python(peer: Peer, environments: Path) -> tuple[str, str]:
    """The interpreter that has the peer, and why there is none."""
    if not peer.packages:
        return sys.executable, ""
    folder = environments / peer.name
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", *peer.packages]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        done = _run(command, _INSTALL_SECONDS)
        if done is None or done.returncode:
            return "", f"does not install on Python {sys.version_info[0]}.{sys.version_info[1]}"
    return python, ""


def _theirs(peer: Peer, python: str, folder: Path) -> tuple[Answer | None, str]:
    done = _run([python, str(_SCRIPTS / f"ask_{peer.name}.py"), str(folder)], _ASK_SECONDS)
    if done is None:
        return None, f"took more than {_ASK_SECONDS} s"
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return None, f"failed: {last[0][:120]}"
    found: Answer = json.loads(done.stdout.strip().splitlines()[-1])
    return found, ""


def _run(command: list[str], limit: int) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603  our own commands, no shell
            command, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return None
