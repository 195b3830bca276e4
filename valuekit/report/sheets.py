"""The sheets of a portfolio report and of a model report."""

from __future__ import annotations

from collections.abc import Sequence

from valuekit.estimate import Estimate
from valuekit.left_out import said
from valuekit.missing import missing
from valuekit.period_words import counted
from valuekit.portfolio import portfolio
from valuekit.report import figures
from valuekit.report.sheet import Sheet, SheetColumn, Value
from valuekit.scorecard import PeriodName, Scorecard

_FIGURE_COLUMNS = (
    SheetColumn("Model"),
    SheetColumn("Figure"),
    SheetColumn("Label"),
    SheetColumn("Value", "number"),
    SheetColumn("Low", "number"),
    SheetColumn("High", "number"),
    SheetColumn("Level", "share"),
    SheetColumn("Standard error", "number"),
    SheetColumn("Unit"),
    SheetColumn("n", "count"),
    SheetColumn("Method"),
    SheetColumn("Grade"),
    SheetColumn("First day", "day"),
    SheetColumn("Last day", "day"),
    SheetColumn("Why unknown"),
    SheetColumn("Notes"),
    SheetColumn("Formula"),
    SheetColumn("Source"),
    SheetColumn("Facts"),
)


def figure_sheet(cards: Sequence[Scorecard]) -> Sheet:
    """Every estimate of every model, a row each, with its passport."""
    made = tuple(
        (
            card.model,
            row.path,
            row.label,
            *_numbers(row.estimate),
            row.formula,
            row.source,
            ", ".join(row.facts),
        )
        for card in cards
        for row in figures.rows(card)
    )
    return Sheet("Figures", "Every figure with its passport", _FIGURE_COLUMNS, made)


def _numbers(one: Estimate) -> tuple[Value, ...]:
    return (
        one.value,
        one.low,
        one.high,
        one.level if one.low is not None else None,
        one.se,
        one.unit,
        one.n,
        one.method,
        one.grade,
        one.period.first if one.period else None,
        one.period.last if one.period else None,
        one.reason,
        " ".join(one.notes),
    )


def model_sheet(cards: Sequence[Scorecard], name: PeriodName, title: str = "All models") -> Sheet:
    """One row per model for the named period."""
    rows: list[tuple[Value, ...]] = []
    for card in cards:
        held = card.period(name)
        rows.append(
            (
                card.title,
                card.model,
                card.area,
                card.owner,
                card.verdict.action,
                counted(held).first if held else None,
                counted(held).last if held else None,
                held.period.last if held else None,
                held.value.value if held else None,
                held.cost_attributed.value if held else None,
                held.net.value if held else None,
                held.net.low if held else None,
                held.net.high if held else None,
                held.roi.value if held else None,
                held.cost_per_prediction.value if held else None,
                held.predictions if held else None,
                held.net.grade if held else None,
                (held.net.reason if held else "no data in the period") or "",
            )
        )
    money = ("Value", "Cost, attributed", "Net", "Net, low", "Net, high")
    columns = (
        *(SheetColumn(title) for title in ("Title", "Model", "Area", "Owner", "Verdict")),
        SheetColumn("First day counted", "day"),
        SheetColumn("Last day counted", "day"),
        SheetColumn("Period ends", "day"),
        *(SheetColumn(title, "money") for title in money),
        SheetColumn("ROI", "number"),
        SheetColumn("Cost per prediction", "number"),
        SheetColumn("Predictions", "count"),
        SheetColumn("Grade"),
        SheetColumn("Why unknown"),
    )
    return Sheet("Models", title, columns, tuple(rows))


def summary_sheet(cards: Sequence[Scorecard], name: PeriodName) -> Sheet:
    """The portfolio's totals, by grade, with the headline as the title."""
    total = portfolio(cards, name)
    lines: list[tuple[str, Estimate]] = [
        ("Value added", total.value),
        ("Cost, attributed", total.cost),
        ("Net value", total.net),
        ("Return on cost (net / cost)", total.roi),
        ("Cost per 1,000 predictions", total.cost_per_thousand),
        ("Measured and resolved (grades A, B)", total.measured_resolved),
        ("Measured, interval includes 0", total.measured_unresolved),
        *((f"Value added, grade {one.grade or 'unknown'}", one.value) for one in total.by_grade),
    ]
    if total.unvalued_cost:
        paid = Estimate(total.unvalued_cost, total.currency, period=total.period, method="sum")
        lines.insert(3, ("of which cost of models of unknown value, taken off", paid))
    told = (f"{len(cards)} models.", missing(total), said(total.left_out))
    columns = (SheetColumn("Total"), *_FIGURE_COLUMNS[3:16])
    return Sheet(
        "Summary",
        total.headline,
        columns,
        tuple((label, *_numbers(one)) for label, one in lines),
        " ".join(one for one in told if one),
    )


def cost_sheet(cards: Sequence[Scorecard], name: PeriodName) -> Sheet:
    """Cost by category and basis for the named period, exact to the sixth decimal."""
    rows = tuple(
        (card.model, line.category, line.basis, line.amount, card.currency)
        for card in cards
        if (held := card.period(name))
        for line in held.costs
    )
    columns = (
        *(SheetColumn(title) for title in ("Model", "Category", "Basis")),
        SheetColumn("Amount", "money"),
        SheetColumn("Currency"),
    )
    return Sheet("Costs", "Costs by category", columns, rows)


def week_sheet(cards: Sequence[Scorecard]) -> Sheet:
    """Weekly value, cost, net and performance."""
    rows = tuple(
        (
            card.model,
            week.start,
            week.value,
            week.cost,
            week.net,
            week.predictions,
            week.performance,
            "yes" if week.mature else "no",
        )
        for card in cards
        for week in card.weeks
    )
    columns = (
        SheetColumn("Model"),
        SheetColumn("Week from", "day"),
        *(SheetColumn(title, "money") for title in ("Value", "Cost", "Net")),
        SheetColumn("Predictions", "count"),
        SheetColumn("Performance", "number"),
        SheetColumn("Mature"),
    )
    return Sheet("Weeks", "Week by week", columns, rows)


def evidence_sheet(cards: Sequence[Scorecard]) -> Sheet:
    """Arms and diagnostics of every design."""
    rows: list[tuple[Value, ...]] = []
    for card in cards:
        for one in card.evidence:
            rows.extend(
                (
                    card.model,
                    one.design,
                    one.metric,
                    "arm",
                    arm.name,
                    arm.role,
                    arm.units,
                    arm.mean,
                    "" if arm.matched is None else f"an outcome was found for {arm.matched}",
                )
                for arm in one.arms
            )
            rows.extend(
                (
                    card.model,
                    one.design,
                    one.metric,
                    "check",
                    d.name,
                    d.status,
                    None,
                    d.p_value,
                    d.text,
                )
                for d in one.diagnostics
            )
            rows.extend(
                (
                    card.model,
                    one.design,
                    one.metric,
                    "grade",
                    reason,
                    one.grade,
                    None,
                    None,
                    "",
                )
                for reason in one.grade_reasons
            )
    columns = (
        *(SheetColumn(title) for title in ("Model", "Design", "Metric", "What", "Name", "State")),
        SheetColumn("Units", "count"),
        SheetColumn("Mean or p", "number"),
        SheetColumn("In words"),
    )
    return Sheet("Evidence", "Arms, checks and grades", columns, tuple(rows))


def intake_sheet(cards: Sequence[Scorecard]) -> Sheet:
    """Source rows by fate."""
    rows = tuple(
        (card.model, one.source, one.rule, one.fate, one.rows)
        for card in cards
        for one in card.health.intake
    )
    columns = (
        *(SheetColumn(title) for title in ("Model", "Source", "Rule", "Fate")),
        SheetColumn("Rows", "count"),
    )
    return Sheet("Intake", "What became of every source row", columns, rows)
