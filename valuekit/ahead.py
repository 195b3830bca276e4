"""The stored facts of a model, read while its source is.

A night needs the facts of all days beside those that it pulls. The engine of a source works outside
of Python: meanwhile another thread unpacks what the store has, which takes as long as half a night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
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
        self._coming: dict[str, Future[pd.DataFrame]] = {}

    def __getitem__(self, fact: str) -> pd.DataFrame:
        if fact not in self._known:
            coming = self._coming.pop(fact, None)
            self._known[fact] = self._read(fact) if coming is None else coming.result()
        return self._known[fact]

    def __iter__(self) -> Iterator[str]:
        return iter(STORED)

    def __len__(self) -> int:
        return len(STORED)

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Within, all facts are read by another thread; the store is nobody else's meanwhile.

        Raises:
            StoreError: when a fact is asked for that could not be read.
        """
        with ThreadPoolExecutor(1, "stored facts") as pool:
            missing = [fact for fact in STORED if fact not in self._known]
            self._coming = {fact: pool.submit(self._read, fact) for fact in missing}
            try:
                yield
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._coming.clear()
                raise

    def _read(self, fact: str) -> pd.DataFrame:
        return self._store.facts(self._model, fact, segment=None)
