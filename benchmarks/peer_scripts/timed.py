"""Run a question three times in this environment; print the median seconds and the answer."""

from __future__ import annotations

import json
import statistics
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter


def timed(ask: Callable[[Path], dict[str, object]], repetitions: int = 3) -> None:
    """Print JSON with seconds (median, reading files included) and answer.

    Args:
        ask: Answers the question from the files of a folder, the first argument of the command.
        repetitions: How often.
    """
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    seconds = []
    answer: dict[str, object] = {}
    for _ in range(repetitions):
        began = perf_counter()
        answer = ask(folder)
        seconds.append(perf_counter() - began)
    print(json.dumps({"seconds": statistics.median(seconds), "answer": answer}))
