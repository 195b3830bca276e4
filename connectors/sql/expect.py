"""Arms and the size to expect: declared names against the values that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connectors import dialects
from connectors.base import Engine
from connectors.findings import place, shown
from connectors.roles import blocks
from valuekit.errors import Finding
from valuekit.ledger import schema
from valuekit.ledger.months import KEPT_DAYS
from valuekit.quarantine import lacking
from valuekit.quarantine.undeclared import REMEDY, STRANGE, strangers
from valuekit.text import nearest
from valuekit.workspace.declare import Model, Workspace
from valuekit.workspace.ready import role_of

if TYPE_CHECKING:
    from connectors.sql.columns import Usable
    from connectors.sql.profile import Profile

MOST_VALUES = 20
SCORE_ROWS = 4  # acted or not, two labels
MONTH = 30  # days
_BIN = 12  # bytes of an element in the three vectors of scores


def arms(engine: Engine, model: Model, known: dict[str, Usable]) -> list[Finding]:
    """Whether a holdout has its declared arms, and something to compare with."""
    found = _arm_column(model, known)
    declared = [one for one in model.evidence if one.design in lacking.COMPARED]
    if not declared or found is None:
        return []
    table, column = found
    values = values_of(engine, table, column, "check arms")
    at = place(engine, table, column)
    if not values:
        return []
    findings = []
    if len(values) == 1:
        findings.append(
            Finding(
                at,
                shown(values[0]),
                lacking.ONLY_ONE,
                lacking.HOLD_OUT,
                "warning",
                lacking.ALONE,
            )
        )
    if len(values) > MOST_VALUES:
        rule = "an arm column has a few values; this one looks like something else"
        findings.append(
            Finding(
                at, f"more than {MOST_VALUES} values", rule, "Declare the arm column.", code="arms"
            )
        )
        return findings
    for one in declared:
        for key, name in lacking.lacking(one, values):
            spelt = lacking.alike(one, name, values) is not None
            if spelt or len(values) > 1:  # of one alone it is said above
                found_none = absent(at, key, name, values)
                findings.append(found_none if spelt else replace(found_none, severity="warning"))
        if one.design != "holdout" or one.control not in values:  # which arm it is comes first
            continue
        if strange := strangers(one, values):
            findings.append(_strange(at, strange))
    return findings


def _strange(at: str, arms: Sequence[str]) -> Finding:
    """Arms that count as treated although nothing declares them."""
    return Finding(
        at,
        ", ".join(repr(shown(one, 40)) for one in arms),
        "nothing declares these arms, and they count as treated",
        REMEDY,
        "warning",
        STRANGE,
    )


def size(
    engine: Engine,
    workspace: Workspace,
    model: Model,
    known: dict[str, Usable],
    profiles: dict[str, Profile],
) -> int:
    """Projected bytes of the model's facts in the store, from days, arms, versions, segments."""
    panel = _panel_bytes(engine, model, known, profiles) + _ready_bytes(model, profiles)
    if not {"predictions", "assignments"} & set(profiles):
        return panel
    spine = "predictions" if "predictions" in profiles else next(iter(profiles))
    days = profiles[spine].days
    found = _arm_column(model, known)
    number_of_arms = len(values_of(engine, *found, "check arms")) if found else 1
    p = model.predictions
    version = p.version if p is not None and "predictions" in known else None
    versions = 1
    if p is not None and version in known["predictions"].kinds:
        # A version serves for a while: on most days there is one, seldom more than two.
        versions = min(len(values_of(engine, p.table, version, "check versions")), 2)
    whole = max(versions, 1) * _day_bytes(model, max(number_of_arms, 1), schema.SCORE_BINS)
    split = _segment_values(engine, workspace, model, known)
    parts = split * _day_bytes(model, max(number_of_arms, 1), schema.SEGMENT_BINS)
    old = max(days - KEPT_DAYS - MONTH, 0)
    merged = sum(
        times * _bin_bytes(model, max(number_of_arms, 1), bins)
        for times, bins in (
            (max(versions, 1), schema.SCORE_BINS),
            (split, schema.SEGMENT_BINS),
        )
    )
    return days * (whole + parts) - (old - old // MONTH) * merged + panel


def _bin_bytes(model: Model, number_of_arms: int, bins: int) -> int:
    """Bytes of a day's bins that are kept by month when they are old."""
    p = model.predictions
    if p is None or p.score is None or model.task != "classification":
        return 0
    return SCORE_ROWS * number_of_arms * (schema.SCORE.row_bytes(bins) - schema.SCORE.row_bytes())


def _ready_bytes(model: Model, profiles: dict[str, Profile]) -> int:
    """Bytes of ready-made tables: their rows are those of the facts, those of scores a bin each."""
    total = 0
    for fact, table in (model.facts.tables if model.facts is not None else {}).items():
        if (found := profiles.get(role_of(fact))) is not None:
            metrics = len(model.metrics) if fact == "effect" and "metric" not in table.mapped else 1
            size = _BIN if fact == "score" else schema.FACTS[fact].row_bytes()
            total += found.rows * max(metrics, 1) * size * (1 + len(table.segments))
            total += found.days * schema.INTAKE.row_bytes()
    return total


def _panel_bytes(
    engine: Engine, model: Model, known: dict[str, Usable], profiles: dict[str, Profile]
) -> int:
    """Bytes of the panel: a row for each metric, group and block, and again for each segment."""
    p = model.panel
    if p is None or "panel" not in profiles:
        return 0
    groups = 1
    if p.group is not None and p.group in known["panel"].kinds:
        most = schema.MAX_GROUPS + 1
        groups = len(values_of(engine, p.table, p.group, "check groups", most))
    blocks = 24 // p.block_hours if p.block_hours else 1
    rows = len(model.panel_metrics) * max(groups, 1) * blocks * (1 + len(p.segments))
    return profiles["panel"].days * rows * schema.PANEL.row_bytes()


def _day_bytes(model: Model, number_of_arms: int, bins: int) -> int:
    """Bytes of one day, version and segment."""
    metrics, window = len(model.unit_metrics), model.outcomes.window + 1 if model.outcomes else 0
    total = schema.VOLUME.row_bytes()
    total += metrics * number_of_arms * schema.EFFECT.row_bytes()
    p = model.predictions
    if p is not None and p.score is not None and model.task == "classification":
        total += SCORE_ROWS * number_of_arms * schema.SCORE.row_bytes(bins)
        total += 4 * number_of_arms * schema.CONFUSION.row_bytes()
    if p is not None and model.task in {"regression", "forecast"}:
        total += (3 + len(p.baselines)) * schema.ERROR.row_bytes(bins // 5)
    if bins == schema.SCORE_BINS:
        total += max(metrics, 1) * number_of_arms * schema.MATURITY.row_bytes(window)
        total += 3 * schema.INTAKE.row_bytes() + schema.COST.row_bytes()
    if any(one.repeat for one in model.evidence):
        buckets = schema.BUCKETS if bins == schema.SCORE_BINS else schema.SEGMENT_BUCKETS
        total += metrics * number_of_arms * schema.FLOW.row_bytes(buckets)
    return total


def _segment_values(
    engine: Engine, workspace: Workspace, model: Model, known: dict[str, Usable]
) -> int:
    limit = workspace.workspace.max_segment_values + 1
    total = 0
    for name, block in blocks(model):
        for column in getattr(block, "segments", ()):
            if name in known and column in known[name].kinds:
                counted = values_of(engine, block.table, column, "check segments", limit)
                total += len(counted)
    return total


def _arm_column(model: Model, known: dict[str, Usable]) -> tuple[str, str] | None:
    for name, block in (("assignments", model.assignments), ("predictions", model.predictions)):
        if block is not None and name in known and block.arm in known[name].kinds and block.arm:
            return block.table, block.arm
    ready = model.ready("effect")
    effect = known.get(role_of("effect"))
    if ready is not None and effect is not None and ready.mapped["arm"] in effect.kinds:
        return ready.table, ready.mapped["arm"]
    return None


def values_of(
    engine: Engine, table: str, column: str, name: str, limit: int = MOST_VALUES + 1
) -> list[str]:
    """Distinct values as text, at most ``limit``."""
    rows = engine.table(table, [column])
    value = sa.select(dialects.to_text(rows.c[column]).label("value")).subquery()
    statement = (
        sa.select(value.c.value)
        .where(value.c.value.is_not(None))
        .distinct()
        .order_by(value.c.value)
        .limit(sa.literal_column(str(limit)))
    )
    found: list[str] = engine.run(name, statement).column(0).to_pylist()
    return found


def absent(at: str, key: str, name: str, values: list[str]) -> Finding:
    """A declared value that the column does not hold, with what it holds."""
    close = nearest(name, values)
    listed = ", ".join(repr(shown(value, 40)) for value in values[:10])
    return Finding(
        at,
        shown(name),
        f"`{key}` names a value that never occurs; there are {listed}",
        f"Did you mean {shown(close)!r}?" if close else "Use one of these names.",
        code=f"unknown_{key}",
    )
