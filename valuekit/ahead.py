"""The stored facts of a model, read while its source is.

A night needs the facts of all days beside those that it pulls. The engine of a source works outside
of Python: meanwhile another thread unpacks what the store has, which takes as long as half a night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import pandas as pd

from valuekit.store.tables import STORED

if TYPE_CHECKING:
    from valuekit.store.store import Store


class StoredFacts(Mapping[str, pd.DataFrame]):
    """Fact -> its rows of all days in the store, each read when it is first asked for."""

    def __init__(self, store: Store, model: str) -> None:
        self._store, self._model = store, model
        self._known: dict[str, pd.DataFrame] = {}

    def __getitem__(self, fact: str) -> pd.DataFrame:
        if fact not in self._known:
            self._known[fact] = self._store.facts(self._model, fact, segment=None)
        return self._known[fact]

    def __iter__(self) -> Iterator[str]:
        return iter(STORED)

    def __len__(self) -> int:
        return len(STORED)

    @contextmanager
    def ahead(self) -> Iterator[Callable[[], None]]:
        """Within, another thread reads all facts; none may be asked for before the end.

        The thread is no reason to wait: it ends with the process, and after the fact that it reads
        when what is done meanwhile fails or is stopped.

        Yields:
            What raises the error of the other thread, if it has failed so far.

        Raises:
            StoreError: at the end, when a fact could not be read.
        """
        stop, failed = Event(), list[BaseException]()

        def read() -> None:
            try:
                for fact in self:
                    if not stop.is_set():
                        self[fact]
            except BaseException as error:  # noqa: BLE001  it is raised where somebody waits
                failed.append(error)

        def check() -> None:
            if failed:
                raise failed[0]

        thread = Thread(target=read, name="stored facts", daemon=True)
        if self._store.for_threads:
            thread.start()
        try:
            yield check
            if thread.ident is not None:
                thread.join()
        finally:
            stop.set()
        check()
