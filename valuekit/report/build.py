"""Build a report: pick the sheets of its kind, write them in its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from valuekit.period_words import of_models
from valuekit.portfolio import portfolio
from valuekit.report import sheets
from valuekit.report.csv import to_csv
from valuekit.report.restated import restated_sheet
from valuekit.report.sheet import Sheet, SheetColumn, Value
from valuekit.report.xlsx import to_xlsx
from valuekit.restatements import Moved
from valuekit.scope import EVERYTHING
from valuekit.scorecard import PeriodName, Scorecard
from valuekit.store.records import SourceRead
from valuekit.text import day

ReportKind = Literal["portfolio", "model"]
Format = Literal["csv", "xlsx"]
KINDS: tuple[ReportKind, ...] = get_args(ReportKind)
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True, slots=True)
class Meta:
    """What a report says about itself, so that its numbers can be traced and reproduced."""

    workspace: str
    run: int
    finished: datetime
    version: str
    reads: tuple[SourceRead, ...] = ()  # who last read the sources of each model
    restated: tuple[Moved, ...] = ()  # figures of published days that changed, newest first


@dataclass(frozen=True, slots=True)
class Report:
    """A finished file.

    Attributes:
        name: A file name.
        mime: Its media type.
        data: Its bytes.
        noted: Whether the export stands in the store's list; not where that may only be read.
    """

    name: str
    mime: str
    data: bytes
    noted: bool = True


_OF_PERIOD = ("Summary", "Models", "Costs")  # the other sheets hold every period or all weeks
_WRITERS: dict[Format, tuple[str, Callable[[Sequence[Sheet]], bytes]]] = {
    "csv": ("text/csv", to_csv),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        to_xlsx,
    ),
}


def build(
    kind: ReportKind,
    cards: Sequence[Scorecard],
    period: PeriodName,
    fmt: Format,
    meta: Meta,
) -> Report:
    """A report over the given scorecards.

    Args:
        kind: ``portfolio`` (totals and all models) or ``model`` (one model in depth).
        cards: The scorecards to include; exactly one for ``model``.
        period: Named period of the money tables.
        fmt: ``csv`` (every figure, one flat table) or ``xlsx`` (a workbook with all tables).
        meta: Run, time and versions, printed in the report.

    Raises:
        ValueError: without cards, for ``model`` with another number of cards than one, or for an
            unknown kind or format.
    """
    if kind not in KINDS or fmt not in FORMATS:
        msg = f"no {kind} report as {fmt}: kinds are {KINDS}, formats {FORMATS}"
        raise ValueError(msg)
    if not cards or (kind == "model" and len(cards) != 1):
        wanted = "one" if kind == "model" else "some"
        msg = f"a {kind} report over {len(cards)} models: pick {wanted}"
        raise ValueError(msg)
    mime, write = _WRITERS[fmt]
    subject = "portfolio" if kind == "portfolio" else cards[0].model
    name = f"valuekit-{subject}-{period}-run{meta.run}.{fmt}"
    return Report(name, mime, write(_sheets(kind, cards, period, fmt, meta)))


def _sheets(
    kind: ReportKind,
    cards: Sequence[Scorecard],
    period: PeriodName,
    fmt: Format,
    meta: Meta,
) -> list[Sheet]:
    if fmt == "csv":
        return [_stamped(sheets.figure_sheet(cards), meta)]
    made = [sheets.summary_sheet(cards, period)] if kind == "portfolio" else []
    made += [
        sheets.model_sheet(cards, period, cards[0].headline if kind == "model" else "All models"),
        sheets.evidence_sheet(cards),
        sheets.cost_sheet(cards, period),
        sheets.week_sheet(cards),
        sheets.intake_sheet(cards),
        restated_sheet(meta.restated),
        sheets.figure_sheet(cards),
        _provenance(meta),
    ]
    return [replace(one, note=_note(one, cards, period, meta)) for one in made]


def _note(sheet: Sheet, cards: Sequence[Scorecard], period: PeriodName, meta: Meta) -> str:
    """Below every title: whose figures, of which time and run, in what money."""
    days = [of_models(portfolio(cards, period))] * (sheet.name in _OF_PERIOD)
    currency = f"money in {cards[0].currency}"
    run = f"run {meta.run} of {day(meta.finished.date())}"
    return "; ".join([meta.workspace, *filter(None, [sheet.note]), *days, currency, run])


def _stamped(sheet: Sheet, meta: Meta) -> Sheet:
    # A flat file has no second sheet to say which run it is of: every row says so.
    stamp = (SheetColumn("Run", "count"), SheetColumn("Run finished", "time"))
    rows = tuple((*row, meta.run, meta.finished) for row in sheet.rows)
    return Sheet(sheet.name, sheet.title, (*sheet.columns, *stamp), rows, sheet.note)


def _provenance(meta: Meta) -> Sheet:
    said = (
        ("Workspace", meta.workspace),
        ("Run", str(meta.run)),
        ("Run finished (UTC)", meta.finished.isoformat(timespec="seconds")),
        ("valuekit", meta.version),
    )
    head = tuple(("", what, text, None, None, None, None, "") for what, text in said)
    columns = (
        *(SheetColumn(title) for title in ("Model", "What", "Content")),
        SheetColumn("Rows", "count"),
        SheetColumn("Seconds", "number"),
        SheetColumn("Run", "count"),
        SheetColumn("Run finished", "time"),
        SheetColumn("Read by"),
    )
    rows = head + tuple(row for one in meta.reads for row in _read(one))
    return Sheet("Provenance", "Where the numbers come from", columns, rows)


def _read(one: SourceRead) -> Iterator[tuple[Value, ...]]:
    """A run that read the sources of a model, then its statements."""
    stamp = (one.run, one.at, one.kind)
    yield (one.model, "Sources read", one.scope or EVERYTHING, one.rows, one.seconds, *stamp)
    for query in one.queries:
        yield (one.model, query.name, query.sql, query.rows, query.seconds, *stamp)
