"""Fact ``intake``: what became of every source row, and of every outcome's value.

Two laws are asserted on every pull: the rows of a source add up to the rows read, and credited
plus uncredited value is the value of the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from connectors import dialects
from connectors.sql.dedupe import ACCEPTED
from connectors.sql.match import CREDITED, RULES, Entries, Matched, same_keys, starts
from connectors.sql.outcomes import Actuals
from connectors.sql.periods import wanted
from connectors.sql.values import flag, total
from connectors.sql.work import Columns, Expression, Statement, Work
from valuekit.errors import Finding, SourceError
from valuekit.ledger.schema import ALL

FATES = {
    "accepted": "accepted",
    "credited": "accepted",
    "uncredited": "accepted",
    "duplicate": "deduplicated",
    "crossed": "deduplicated",
    "outside_window": "out_of_window",
}
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Source:
    """Counts of one source: day, rule, rows, amount; and what was read, counted on its own."""

    name: str
    rules: pd.DataFrame
    read: int
    amount: float


def intake(work: Work, sources: list[Source], first: date | None) -> list[pd.DataFrame]:
    """Rows of the fact, after both laws were checked.

    Args:
        work: The pull.
        sources: Predictions, assignments and outcomes as they were judged.
        first: Day for rows without one.

    Raises:
        SourceError: a row or a value was lost or counted twice.
    """
    made = []
    for source in sources:
        _rows_add_up(work, source)
        _values_add_up(work, source)
        rules = source.rules
        if work.slice is not None:  # rows without a day belong to no slice
            rules = rules[rules["day"].notna()]
        days = rules["day"].fillna(pd.Timestamp(first or date(1970, 1, 1)))
        summed = rules.groupby([days, "rule"], as_index=False)[["rows", "amount"]].sum()
        fates = [FATES.get(rule, "quarantined") for rule in summed["rule"].tolist()]
        columns = {name: summed[name] for name in ("day", "rule", "rows")}
        whole = {"source": source.name, "version": ALL, "segment": ALL}
        made.append(pd.DataFrame({**columns, "value": summed["amount"], "fate": fates, **whole}))
    return made


def unsplit(work: Work, table: str, day: date | None) -> pd.DataFrame:
    """Rows of a text file that could not be split into columns: read, and held back.

    They have no day, so no slice of days has them.
    """
    found = work.engine.quarantined(table) if work.slice is None else {}
    stamp = pd.NaT if day is None else pd.Timestamp(day)
    return pd.DataFrame(
        [
            {"day": stamp, "rule": rule, "rows": rows, "amount": 0.0}
            for rule, rows in found.items()
            if rows
        ],
        columns=["day", "rule", "rows", "amount"],
    )


def fates(work: Work, actuals: Actuals, sides: list[tuple[Entries, Matched]]) -> pd.DataFrame:
    """Outcome rows by day and rule: those of the judgement, the clean ones by their match."""
    judged = actuals.judged.rules
    held = judged[judged["rule"] != ACCEPTED]
    if not sides:
        clean = judged[judged["rule"] == ACCEPTED].assign(rule="orphan")
        return pd.concat([held, clean], ignore_index=True)
    met = sides[0][1].met
    if len(sides) == 1 and met is not None:
        statement = _known(sides[0][1], met)
    else:
        statement = _over_sides(work, actuals, sides)
    c = statement.subquery().c
    counted = sa.select(
        c.day,
        c.rank,
        sa.func.count().label("rows"),
        total(c.amount * c.share).label("credited"),
        total(c.amount * (1.0 - c.share)).label("rest"),
        total(flag(c.share > 1.0 + TOLERANCE)).label("multiplied"),
    ).group_by(c.day, c.rank)
    if actuals.judged.partly:
        counted = counted.where(*wanted(work, c.day))
    found = work.run("fates of outcomes", counted)
    if multiplied := int(found["multiplied"].sum()):
        raise _multiplied(work, multiplied)
    return pd.concat([held, *by_rule(found)], ignore_index=True)


def _over_sides(work: Work, actuals: Actuals, sides: list[tuple[Entries, Matched]]) -> Statement:
    """Day, best rank, share and amount of each outcome over all spines."""
    statuses = [
        _status(work, actuals, *side, alone=not (place and side[0].within)).subquery()
        for place, side in enumerate(sides)
    ]
    o = actuals.rows.c
    source: Any = actuals.rows
    for status in statuses:
        source = source.join(status, o.oid == status.c.oid)
    rank: Expression = statuses[0].c.rank
    share: Expression = statuses[0].c.share
    for status in statuses[1:]:
        better = status.c.rank < rank
        # One outcome, claimed on both spines, is one outcome: the larger share tells.
        share = sa.case((status.c.share > share, status.c.share), else_=share)
        rank = sa.case((better, status.c.rank), else_=rank)
    columns = [o.day, rank.label("rank"), share.label("share"), o.amount]
    return sa.select(*columns).select_from(source)


def by_rule(found: pd.DataFrame) -> list[pd.DataFrame]:
    """Counts with the uncredited part of split outcomes under ``uncredited``."""
    rank, rest = found["rank"].to_numpy(dtype=np.int64), found["rest"].to_numpy()
    credited = rank == CREDITED
    whole = {
        "day": found["day"],
        "rows": found["rows"],
        "rule": [RULES[one] for one in rank.tolist()],
        "amount": np.where(credited, found["credited"], rest),
    }
    part = found[credited & (rest != 0)]
    left = {"day": part["day"], "rows": 0, "rule": "uncredited", "amount": part["rest"]}
    return [pd.DataFrame(one) for one in ((whole, left) if len(part) else (whole,))]


def _status(
    work: Work, actuals: Actuals, entries: Entries, matched: Matched, *, alone: bool
) -> Statement:
    """Each clean outcome's rank in :data:`RULES` and the share of it that was credited.

    With ``alone`` an outcome that nobody could claim is judged here; otherwise another spine's
    judgement, which is as good or better, is left to stand.
    """
    if matched.met is not None:
        return _known(matched, matched.met)
    o, c = actuals.rows.c, matched.pairs.c
    share = sa.func.sum(c.picked * c.weight).label("share")
    claimed = sa.select(c.oid, share).group_by(c.oid).subquery()
    source: Any = actuals.rows.outerjoin(claimed, o.oid == claimed.c.oid)
    cases = [(claimed.c.share > 0, 0), (claimed.c.oid.is_not(None), 1)]
    otherwise = len(RULES) - 1
    if alone:
        firsts = _firsts(work, actuals, entries, claimed)
        names = entries.keys
        source = source.outerjoin(firsts, sa.and_(*(o[n] == firsts.c[n] for n in names)))
        cases.append((firsts.c[names[0]].is_(None), otherwise))
        if actuals.timed:
            _, at = starts(entries, actuals)
            window = work.model.outcomes.window if work.model.outcomes is not None else 0
            cases.append((firsts.c.first > dialects.add_days(at, window), otherwise))
            cases.append((firsts.c.first > at, 3))
        otherwise = 2
    rank = sa.case(*cases, else_=otherwise)
    whole = sa.func.coalesce(claimed.c.share, 0.0)
    return sa.select(o.oid, rank.label("rank"), whole.label("share")).select_from(source)


def _known(matched: Matched, met: sa.FromClause) -> Statement:
    """The same, with day and amount, where the only entry of an outcome's keys was met already."""
    m, c = met.c, matched.pairs.c
    nothing: Expression = sa.literal_column("0.0")
    if matched.whole:
        return _fate(m, m.rank, sa.case((m.rank == CREDITED, 1.0), else_=nothing))
    # Every pair is an outcome that could be credited, picked or not.
    rank = sa.case((c.picked == 1, CREDITED), else_=CREDITED + 1)
    paired = _fate(c, rank, sa.case((c.picked == 1, c.weight), else_=nothing))
    others = _fate(m, m.rank, nothing).where(m.rank != CREDITED)
    return sa.select(sa.union_all(paired, others).subquery())


def _fate(c: Columns, rank: Expression, share: Expression) -> Statement:
    """Rank and share of outcomes with their day and amount, and their number if they have one."""
    number = [one for one in c if one.name == "oid"]
    told = [rank.label("rank"), share.label("share"), c.happened.label("day"), c.amount]
    return sa.select(*number, *told)


def _firsts(work: Work, actuals: Actuals, entries: Entries, claimed: sa.Subquery) -> sa.Subquery:
    """First entry of each key that has an outcome nobody could claim."""
    o = actuals.rows.c
    open_keys = (
        sa.select(*(o[name] for name in entries.keys))
        .select_from(actuals.rows.outerjoin(claimed, o.oid == claimed.c.oid))
        .where(claimed.c.oid.is_(None), *wanted(work, o.day))
        .distinct()
        .subquery()
    )
    if entries.firsts is not None:
        known = replace(entries, rows=entries.firsts)
        start, _ = starts(known, actuals)
        names = [entries.firsts.c[name] for name in entries.keys]
        return sa.select(*names, start.label("first")).subquery()
    if entries.older is not None:
        entries = replace(entries, rows=entries.older())
    start, _ = starts(entries, actuals)
    by_key = [entries.rows.c[name] for name in entries.keys]
    return (
        sa.select(*by_key, sa.func.min(start).label("first"))
        .select_from(entries.rows.join(open_keys, sa.and_(*same_keys(entries, open_keys))))
        .group_by(*by_key)
        .subquery()
    )


def _rows_add_up(work: Work, source: Source) -> None:
    counted = int(source.rules["rows"].sum())
    if counted != source.read:
        raise _broken(
            work, source, f"{source.read} rows read, {counted} accounted for", "rows_lost"
        )


def _values_add_up(work: Work, source: Source) -> None:
    counted = float(source.rules["amount"].sum())
    scale = max(abs(source.amount), float(source.rules["amount"].abs().sum()), 1.0)
    if abs(counted - source.amount) > TOLERANCE * scale:
        difference = counted - source.amount
        raise _broken(
            work,
            source,
            f"value {source.amount!r} in the source, {counted!r} credited and uncredited, "
            f"difference {difference!r}",
            "value_lost",
        )


def _multiplied(work: Work, outcomes: int) -> SourceError:
    """Outcomes that were credited more than once: their value would be counted twice."""
    return SourceError(
        Finding(
            place=f"models.{work.name}.outcomes",
            value=f"{outcomes:,} outcomes",
            rule="an outcome is credited at most once; the join multiplied rows",
            remedy="Nothing was stored. This is a fault of the connector: please report it.",
            code="multiplied",
            rows=outcomes,
        )
    )


def _broken(work: Work, source: Source, value: str, code: str) -> SourceError:
    return SourceError(
        Finding(
            place=f"models.{work.name}.{source.name}",
            value=value,
            rule="every row and every value of a source is counted exactly once",
            remedy="Nothing was stored. This is a fault of the connector: please report it.",
            code=code,
        )
    )
