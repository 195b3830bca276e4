"""The value store: runs as transactions, facts, scorecards, decisions."""

from __future__ import annotations

from valuekit.store.open import open_store
from valuekit.store.records import ModelOutcome, RunOutcome, RunRecord
from valuekit.store.store import Store

__all__ = ["ModelOutcome", "RunOutcome", "RunRecord", "Store", "open_store"]
