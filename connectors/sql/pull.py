"""All facts of one model: spines, pairs, then one step a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from connectors.base import Engine
from connectors.sql import maturity
from connectors.sql.cells import cells
from connectors.sql.confusion import confusion
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.effect import effect
from connectors.sql.error import errors
from connectors.sql.facts import fact
from connectors.sql.forecast import Targets, targets
from connectors.sql.intake import Source, fates, intake, unsplit
from connectors.sql.keys import Keys
from connectors.sql.layout import Layout, coarser, layout, reference
from connectors.sql.match import Entries, Matched, match
from connectors.sql.measured import Gained, direct, entries, measured, no_way, through
from connectors.sql.outcomes import Actuals, outcomes
from connectors.sql.score import score
from connectors.sql.segments import WHOLE, Segment, segments
from connectors.sql.spine import CLASSES, Spine, predictions
from connectors.sql.units import Units, units
from connectors.sql.usage import usage
from connectors.sql.volume import volume
from connectors.sql.work import Work
from valuekit.errors import Finding, SourceError
from valuekit.ledger.schema import SCORE_BINS, SEGMENT_BINS
from valuekit.source import Progress, Pull, Registered
from valuekit.workspace.declare import Workspace

FACTS = ("volume", "usage", "effect", "score", "confusion", "error", "maturity", "intake")


@dataclass(slots=True)
class Found:
    """What a pull has found so far."""

    frames: dict[str, list[pd.DataFrame]] = field(
        default_factory=lambda: {name: [] for name in FACTS}
    )
    registered: list[Registered] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Add rows of a fact."""
        self.frames[name].append(frame)

    def note(self, made: Layout | None) -> None:
        """Remember a layout that was made now."""
        if made is not None and made.new:
            self.registered.append(made.registered)
