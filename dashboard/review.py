"""The Keep or retire page: the evidence, the value of each action, and a decision on record."""

from __future__ import annotations

import streamlit as st

from dashboard import data, states, ui, words
from dashboard.evidence_words import sentence
from dashboard.filters import pick_model
from dashboard.format import figure, interval, money, plain, plural, remark
from dashboard.model.history import entries
from dashboard.review_form import form
from valuekit.period_words import of_model
from valuekit.scorecard import Action, Scorecard

_ORDER: tuple[Action, ...] = (
    "retire",
    "retrain",
    "measure first",
    "watch",
    "not enough evidence",
    "keep",
)


def page() -> None:
    """Draw the page."""
    shot = states.require()
    states.banners(shot)
    if not shot.cards:
        ui.headline("There is nothing to review yet")
        ui.empty("No model has been refreshed", "", "Run: valuekit refresh")
        return
    total = data.total(shot, tuple(card.model for card in shot.cards), "year")
    ui.headline(
        words.decisions_title(len(total.attention)),
        "Each verdict is the action with the largest expected value over the next year. "
        "It is advice: the decision is yours, and is kept with its reason.",
    )
    card = _choose(shot)
    if card is None:
        states.unknown_model(shot)
        return
    left, right = st.columns([5, 4], gap="small")
    with left:
        _evidence(card)
        _actions(shot, card)
    with right:
        form(shot, card)
        _checklist(card)
    made = data.decisions(shot, card.model)
    title = (
        f"{plural(len(made), 'decision')} on record for {card.title}" if made else "No decision yet"
    )
    with ui.card(title, "Append-only; newest first"):
        if made:
            entries(made, shot.currency)
        else:
            ui.note("The first decision on this model will be shown here and on its page.")
    states.footer(shot)


def _choose(shot: data.Snapshot) -> Scorecard | None:
    ordered = sorted(shot.cards, key=_urgency)
    decided = {one.model for one in data.decisions(shot)}
    labels = {
        card.model: f"{words.action_word(card.verdict.action)}: {card.title}"
        + (" (decided)" if card.model in decided else "")
        for card in ordered
    }
    label = "Model to review, most pressing first"
    return pick_model(ordered, labels, label=label, hidden=False, width=420)


def _urgency(card: Scorecard) -> int:
    return _ORDER.index(card.verdict.action)


def _evidence(card: Scorecard) -> None:
    held = card.verdict
    with ui.card(held.headline, words.owner_line(card)):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            ui.verdict(held.action)
            ui.grade(card.grade)
            st.page_link(
                ui.MODEL,
                label="Open the model",
                icon=":material/query_stats:",
                query_params={"model": card.model},
            )
        if held.reasons:
            ui.listing(held.reasons)
        year = card.period("year") or card.period("all")
        if year is not None and year.net.known:
            days = of_model(year, card.as_of)
            shown = f"Net value, {days}: {figure(year.net)}, {interval(year.net)}."
            ui.muted(shown)
        elif year is not None:
            ui.note(f"Net value is not known: {year.net.reason}")
        for one in card.evidence[:1]:
            st.markdown(f"**Evidence:** {plain(sentence(one.title), 300)}")
            if one.settle:
                ui.muted(f"What would settle it: {one.settle}")
        st.markdown(f"**Next step:** {remark(held.next_step, 300)}")


def _actions(shot: data.Snapshot, card: Scorecard) -> None:
    held = card.verdict
    keep = held.expected_keep
    title = "What each action is expected to bring"
    if keep is not None:
        better = "Keeping" if keep >= 0 else "Retiring"
        title = f"{better} is expected to be worth {money(abs(keep), shot.currency)} a year more"
    with ui.card(title, "Expected over the next year, after shrinking to the declared prior"):
        ui.table(_table(shot, card), "Expected value and expected loss of each action.")
        ui.muted(f"Chance that keeping it loses money: {words.probability(held.p_loss)}.")
        if held.flips:
            st.warning(
                "With half or twice the allowance for bias the advice changes: "
                "measure before a costly decision.",
                icon=":material/swap_horiz:",
            )
        else:
            ui.note("Half or twice the allowance for bias leaves the advice as it is.")
        _stranded(shot, card)


def _table(shot: data.Snapshot, card: Scorecard) -> list[dict[str, object]]:
    held = card.verdict

    def shown(value: float | None) -> str:
        # Sums to the cent: a posterior tail of 1e-288 is nothing to read.
        return "Unknown" if value is None else money(round(value, 2), shot.currency)

    rows: list[dict[str, object]] = [
        {
            "Action": "Keep",
            "Expected value": shown(held.expected_keep),
            "Expected loss if wrong": shown(held.expected_loss_keep),
        },
        {
            "Action": "Retire",
            "Expected value": money(0, shot.currency),
            "Expected loss if wrong": shown(held.expected_loss_retire),
        },
    ]
    if held.expected_retrain is not None:
        rows.append(
            {
                "Action": "Retrain",
                "Expected value": shown(held.expected_retrain),
                "Expected loss if wrong": "unknown: it rests on the chance that retraining helps",
            }
        )
    if round(held.value_of_information or 0.0, 2) > 0:
        rows.append(
            {
                "Action": "Measure first",
                "Expected value": f"up to {shown(held.value_of_information)} for knowing better",
                "Expected loss if wrong": f"a holdout costs about {shown(held.holdout_cost)}",
            }
        )
    return rows


def _stranded(shot: data.Snapshot, card: Scorecard) -> None:
    """The cost of retiring: what does not go away with the model."""
    year = card.period("year") or card.period("all")
    if year is None:
        return
    shared = sum((one.amount for one in year.costs if one.basis == "shared"), start=0)
    if shared:
        ui.muted(
            f"Retiring it frees its own costs only: {money(shared, shot.currency)} a year of "
            "shared cost stays and falls to the other models."
        )


def _checklist(card: Scorecard) -> None:
    """What to look at before deciding; each line is computed from the figures."""
    primary = next((one for one in card.evidence if one.primary), None)
    failed = [one.name for one in primary.diagnostics if one.status == "failed"] if primary else []
    coverage = card.health.coverage
    lines = [
        _line(
            card.grade in {"A", "B"},
            f"The value is measured (grade {card.grade})",
            f"The value is not measured (grade {card.grade or 'none'})",
        ),
        _line(not failed, "No check failed", f"Failed: {', '.join(failed)}"),
        (not card.health.missing_days, _missing(card.health.missing_days)),
        _line(
            not any(one.alert for one in card.degradation.drifts),
            "The scores have not drifted",
            "The scores have drifted",
        ),
        _line(
            not card.verdict.flips,
            "The advice holds under other allowances for bias",
            "The advice changes under other allowances for bias",
        ),
    ]
    if coverage.value is not None:
        only = "" if coverage.value >= 0.9 else "only "
        found = f"Outcomes are found for {only}{figure(coverage)} of predictions"
        lines.append((coverage.value >= 0.9, found))
    done = sum(good for good, _ in lines)
    title = f"All {done} points are clear" if done == len(lines) else _unclear(len(lines) - done)
    with ui.card(title, "Before you decide"), st.container(gap="xsmall"):
        for good, text in sorted(lines, key=lambda line: line[0]):
            ui.point(text, good=good)


def _line(good: bool, clear: str, unclear: str) -> tuple[bool, str]:  # noqa: FBT001 (a pair's first)
    return good, clear if good else unclear


def _unclear(number: int) -> str:
    return f"Look at {plural(number, 'point')} before you decide"


def _missing(days: int) -> str:
    return f"{plural(days, 'day has', 'days have')} no data" if days else "No day is missing"
