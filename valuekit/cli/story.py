"""The portfolio, a model and a ledger day, as tables and as the documented JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from pydantic import TypeAdapter

from valuekit.api import Workspace
from valuekit.cli.figure_table import print_figures
from valuekit.cli.screen import amount, complain, interval, say, table
from valuekit.estimate import Estimate
from valuekit.freshness import Freshness, failures, freshness, in_words
from valuekit.left_out import said
from valuekit.missing import missing
from valuekit.period_words import LABELS, counted, headline, of_model, of_models, span
from valuekit.portfolio import Portfolio
from valuekit.scorecard import PeriodName, Scorecard, to_json
from valuekit.store.records import Age, RunRecord, SourceRead
from valuekit.text import MINUS, day, money, p_value, plural

SCHEMA = 1


def portfolio_json(held: Workspace, period: PeriodName) -> dict[str, object]:
    """``valuekit show --json``."""
    run = held.last_run()
    cards, ages = held.scorecards(), held.ages()
    total = TypeAdapter(Portfolio).dump_python(held.portfolio(period), mode="json")
    return {
        "schema": SCHEMA,
        "workspace": held.loaded.workspace.workspace.name,
        "run": run.id,
        "finished": (run.finished or run.started).isoformat(),
        "freshness": _fresh(cards.values(), ages, run),
        "warnings": [
            *_failed(list(cards), ages),
            *(str(one) for one in run.findings),
            *(str(one) for found in held.warnings().values() for one in found),
        ],
        "portfolio": total,
        "models": {name: json.loads(to_json(card)) for name, card in cards.items()},
        "made": {name: _made(name, ages, run) for name in cards},
        "reads": {name: [_brief(one) for one in held.reads(name)] for name in cards},
    }


def model_json(held: Workspace, model: str) -> dict[str, object]:
    """``valuekit show MODEL --json``."""
    run = held.last_run()
    card, ages = held.scorecard(model), held.ages()
    return {
        "schema": SCHEMA,
        "workspace": held.loaded.workspace.workspace.name,
        **_made(model, ages, run),
        "freshness": _fresh([card], ages, run),
        "warnings": [*_failed([model], ages), *map(str, held.warnings().get(model, ()))],
        "scorecard": json.loads(to_json(card)),
        "reads": [_full(one) for one in held.reads(model)],
    }


def _made(model: str, ages: Mapping[str, Age], run: RunRecord) -> dict[str, object]:
    """The run that made a model's figures, which may be older than the last one."""
    own = ages.get(model) or Age(model, run.id, run.finished or run.started)
    return {"run": own.run, "finished": own.at.isoformat()}


def _full(one: SourceRead) -> dict[str, object]:
    return {**asdict(one), "at": one.at.isoformat(), "kind": one.kind}


def _brief(one: SourceRead) -> dict[str, object]:
    """Without the statements, which ``show MODEL`` has."""
    return {key: value for key, value in _full(one).items() if key != "queries"}


def _say_reads(held: Workspace, model: str) -> None:
    for one in held.reads(model):
        say(
            f"Sources read by run {one.run} of {day(one.at.date())}, the {one.kind}: "
            f"{plural(one.rows, 'row')}, {plural(len(one.queries), 'statement')}."
        )


def _fresh(cards: Iterable[Scorecard], ages: Mapping[str, Age], run: RunRecord) -> object:
    found = freshness(cards, ages, run.finished or run.started)
    return TypeAdapter(Freshness).dump_python(found, mode="json")


def _failed(models: list[str], ages: Mapping[str, Age]) -> list[str]:
    return failures(models, ages, datetime.now(UTC))


def _say_age(fresh: Freshness, models: list[str], ages: Mapping[str, Age]) -> None:
    """How old the figures are, and that they are the last good ones where a later run failed."""
    say(in_words(fresh, datetime.now(UTC)))
    for text in _failed(models, ages):
        say(text, "yellow")


def print_portfolio(held: Workspace, period: PeriodName) -> None:
    """Headline, totals by grade and one row per model."""
    whole = held.overview(period)
    total = whole.portfolio
    run = held.last_run()
    say(total.headline, "bold")
    ends = interval(total.net, total.currency)
    ages = held.ages()
    made = sorted({ages[line.model].run for line in whole.lines if line.model in ages} or {run.id})
    runs = f"Run {made[0]}" if len(made) == 1 else f"Runs {made[0]} to {made[-1]}"
    say(f"{of_models(total)}. 95% range {ends or 'unknown'}. {runs}.")
    fresh = whole.freshness(ages, run.finished or run.started)
    _say_age(fresh, [line.model for line in whole.lines], ages)
    lines = sorted(whole.lines, key=lambda one: -(-1e99 if one.net is None else one.net))
    columns = [
        ("Model", "left"),
        ("Verdict", "left"),
        ("Net value", "right"),
        ("95% range", "right"),
        ("Return per 1", "right"),
        ("Grade", "left"),
    ]
    rows = [
        (
            one.title,
            one.action,
            amount(one.estimate(total.currency), total.currency),
            interval(one.estimate(total.currency), total.currency),
            "" if one.roi is None else f"{one.roi:.2f}".replace("-", MINUS),
            one.grade or "-",
        )
        for one in lines
    ]
    table("", columns, rows)
    for left in (missing(total), said(total.left_out)):
        if left:
            say(left)
    graded = [
        f"grade {one.grade or 'unknown'}: {amount(one.value, total.currency)} ({one.models})"
        for one in total.by_grade
    ]
    say("Value added by evidence (models): " + "; ".join(graded))
    _print_together(total)
    complain(run.findings)
    warned = {name: len(found) for name, found in held.warnings().items() if found}
    if warned:
        which = ", ".join(f"{name} ({n})" for name, n in warned.items())
        more = next(iter(warned)) if len(warned) == 1 else "MODEL"
        say(f"Warnings of the data of {which}: valuekit show {more}, or the page Data health.")


def _print_together(total: Portfolio) -> None:
    """What the number of models means for the findings, and holdouts that wait for somebody."""
    if total.discoveries is not None and total.discoveries.tested:
        say(total.discoveries.text)
        columns = [("Measured effect", "left"), ("p", "right"), ("p adjusted", "right")]
        rows = [
            (one.title, _p(one.p_value), _p(one.p_adjusted)) for one in total.discoveries.models
        ]
        table("", columns, rows)
    sums = total.shrinkage
    if sums is not None and sums.winners_shrunk.known:
        say(
            f"Told from zero: {amount(sums.winners_plain, total.currency)} as estimated, "
            f"{amount(sums.winners_shrunk, total.currency)} without the winner's curse."
        )
    for one in total.holdouts:
        if one.state == "due":
            say(f"Holdout of {one.model} is due. {one.remind}")


def _p(value: float) -> str:
    """A p-value for a column that is headed p."""
    return p_value(value).removeprefix("p ").removeprefix("= ")


def print_model(held: Workspace, model: str, period: PeriodName) -> None:
    """One model: headline, verdict with reasons, money, evidence, every known figure."""
    card = held.scorecard(model)
    figures_of = card.period(period)
    say(headline(card, figures_of), "bold")
    if figures_of:
        known = interval(figures_of.net, card.currency)
        say(f"{of_model(figures_of, card.as_of)}. 95% range {known or 'unknown'}.")
    else:
        say(f"{LABELS[period]}: no data in this period.")
    run, ages = held.last_run(), held.ages()
    _say_age(freshness([card], ages, run.finished or run.started), [model], ages)
    made = _made(model, ages, run)["run"]
    shown = f"Figures to {card.as_of or 'unknown'}, made by run {made}."
    say(f"{card.title}, owned by {card.owner}, {card.area}. {shown}")
    say(f"Verdict: {card.verdict.action}. {card.verdict.headline}", "bold")
    for reason in (*card.verdict.reasons, card.verdict.next_step):
        if reason:
            say(f"  - {reason}")
    if figures_of:
        rows = [(step.label, money(step.amount, card.currency)) for step in figures_of.bridge]
        days = span(counted(figures_of))
        if rows:
            table(f"Value, {days}", [("Step", "left"), ("Amount", "right")], rows)
        else:
            say(f"Value before costs, {days}: {worth(figures_of.value, card.currency)}.")
    for one in card.evidence:
        say(f"Evidence: {one.title.rstrip('.')}. Grade {one.grade or 'none'}.", "bold")
        for reason in one.grade_reasons:
            say(f"  - {reason}")
        if one.reading is not None:
            say(f"Interval: {one.reading.kind}. {one.reading.why}")
        table(
            "",
            [("Check", "left"), ("State", "left"), ("Finding", "left")],
            [(d.name, d.status, d.text) for d in one.diagnostics],
        )
    if card.settlement is not None:
        text, asked = card.settlement.text, "What would settle it"
        say(text if text.startswith(asked) else f"{asked}: {text}")
    print_figures(card)
    _say_reads(held, model)
    complain(held.warnings().get(model, ()))


def worth(value: Estimate, currency: str) -> str:
    """Money with its range, or why it is unknown."""
    if value.value is None:
        return f"unknown, because {value.reason[:1].lower()}{value.reason[1:]}"
    if value.low is None or value.high is None:
        return money(value.value, currency)
    ends = f"{money(value.low, currency)} to {money(value.high, currency)}"
    return f"{money(value.value, currency)} (95% range {ends})"
