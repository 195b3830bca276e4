"""Build a report: pick the sheets of its kind, write them in its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from valuekit.freshness import failures, through, undated
from valuekit.period_words import of_models
from valuekit.portfolio import portfolio
from valuekit.report import sheets
from valuekit.report.csv import to_csv
from valuekit.report.restated import restated_sheet
from valuekit.report.sheet import Sheet, SheetColumn, Value
from valuekit.report.stamp import Meta, in_words, lines, stamped
from valuekit.report.xlsx import to_xlsx
from valuekit.scope import EVERYTHING
from valuekit.scorecard import PeriodName, Scorecard
from valuekit.store.records import SourceRead
from valuekit.text import plural

ReportKind = Literal["portfolio", "model"]
Format = Literal["csv", "xlsx"]
KINDS: tuple[ReportKind, ...] = get_args(ReportKind)
FORMATS: tuple[Format, ...] = get_args(Format)


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
    name = file_name(kind, [card.model for card in cards], period, fmt, meta)
    return Report(name, mime, write(_sheets(kind, cards, period, fmt, meta)))


def file_name(
    kind: ReportKind, models: Sequence[str], period: PeriodName, fmt: Format, meta: Meta
) -> str:
    """The name of a report: of one model with its own run, of all with the last."""
    subject, run = ("portfolio", meta.run)
    if kind == "model":
        subject, run = models[0], meta.made(models[0])[0]
    return f"valuekit-{subject}-{period}-run{run}.{fmt}"


def _sheets(
    kind: ReportKind,
    cards: Sequence[Scorecard],
    period: PeriodName,
    fmt: Format,
    meta: Meta,
) -> list[Sheet]:
    if fmt == "csv":
        # A flat file has no second sheet to say which run it is of: every row says so.
        return [stamped(sheets.figure_sheet(cards), cards, meta)]
    made = [sheets.summary_sheet(cards, period)] if kind == "portfolio" else []
    made += [
        stamped(
            sheets.model_sheet(
                cards, period, cards[0].headline if kind == "model" else "All models"
            ),
            cards,
            meta,
        ),
        sheets.evidence_sheet(cards),
        sheets.cost_sheet(cards, period),
        sheets.week_sheet(cards),
        sheets.intake_sheet(cards),
        restated_sheet(meta.restated),
        stamped(sheets.figure_sheet(cards), cards, meta),
        _provenance(cards, meta),
    ]
    alert = " ".join(_failed(cards, meta))
    return [replace(one, note=_note(one, cards, period, meta), alert=alert) for one in made]


def _note(sheet: Sheet, cards: Sequence[Scorecard], period: PeriodName, meta: Meta) -> str:
    """Below every title: whose figures, of which time and run, in what money."""
    days = [of_models(portfolio(cards, period))] * (sheet.name in _OF_PERIOD)
    currency = f"money in {cards[0].currency}"
    run = in_words([card.model for card in cards], meta)
    ends = through(undated(cards), _titles(cards))
    noted = sheet.note.rstrip(".")  # a sentence of its own on the screen, a part of one here
    told = [meta.workspace, *filter(None, [noted]), *days, ends[:1].lower() + ends[1:]]
    warned = sum(len(card.health.warnings) for card in cards)
    more = [f"{plural(warned, 'warning')} of the data: see Provenance"] * bool(warned)
    return "; ".join([*told, currency, run, *more])


def _titles(cards: Sequence[Scorecard]) -> dict[str, str]:
    return {card.model: card.title for card in cards}


def _failed(cards: Sequence[Scorecard], meta: Meta) -> list[str]:
    """That the figures are the last good ones, where a later run of their models failed."""
    titles = _titles(cards)
    return failures(list(titles), meta.ages, None, titles)


def _provenance(cards: Sequence[Scorecard], meta: Meta) -> Sheet:
    said = (
        ("Workspace", meta.workspace),
        ("Last good run", str(meta.run)),
        ("Last good run finished (UTC)", meta.finished.isoformat(timespec="seconds")),
        ("valuekit", meta.version),
        ("Freshness", f"{through(undated(cards), _titles(cards))}."),
        *(("Newer refresh", text) for text in _failed(cards, meta)),
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
    made = lines([card.model for card in cards], meta)
    warned = (
        (card.model, "Warning", text, None, None, *meta.made(card.model), "")
        for card in cards
        for text in card.health.warnings
    )
    rows = (*head, *made, *warned, *(row for one in meta.reads for row in _read(one)))
    return Sheet("Provenance", "Where the numbers come from", columns, rows)


def _read(one: SourceRead) -> Iterator[tuple[Value, ...]]:
    """A run that read the sources of a model, then its statements."""
    stamp = (one.run, one.at, one.kind)
    yield (one.model, "Sources read", one.scope or EVERYTHING, one.rows, one.seconds, *stamp)
    for query in one.queries:
        yield (one.model, query.name, query.sql, query.rows, query.seconds, *stamp)
