"""The Accuracy section: what fits the task, from the figures that the run computed."""

from __future__ import annotations

import streamlit as st

from dashboard import alts, data, passport, ui, words
from dashboard.charts import accuracy as charts
from dashboard.charts.forecast import error_by_week
from dashboard.format import amount, count, figure, money, percent, plain
from dashboard.model.figures import figures
from valuekit.scorecard import Accuracy, PeriodFigures, Scorecard


def section(shot: data.Snapshot, card: Scorecard, held: PeriodFigures | None) -> None:
    """Draw the section."""
    del held  # accuracy is judged over all mature days
    one = card.accuracy
    if not one.figures:
        ui.empty(
            "Accuracy is not known",
            one.withheld or "No labelled prediction has matured yet.",
            "It appears once labels are declared and have matured.",
        )
        return
    if one.withheld:
        st.info(plain(one.withheld, 500), icon=":material/filter_alt:")
    with ui.card(words.accuracy_title(one), _basis(one)):
        _lead(shot.run_of(card.model), one)
    _by_week(one)
    _curves(shot, one)
    _value_and_confusion(shot, one)
    # One horizon is no comparison: its error is the leading figure already.
    if len(one.by_horizon) > 1:
        with ui.card("Error by how far ahead the forecast was made"):
            ui.chart(charts.by_horizon(one.by_horizon), alts.horizon_alt(one))


def _basis(one: Accuracy) -> str:
    largest = max((held.estimate.n or 0 for held in one.figures), default=0)
    return f"On {count(largest)} labelled rows whose outcomes have matured" if largest else ""


def _lead(run: int, one: Accuracy) -> None:
    lead = [held for held in one.figures if held.key == one.headline]
    rest = [held for held in one.figures if held.key != one.headline]
    with st.grid(4, min_column_width=150, gap="small"):
        for held in (lead + rest)[:4]:
            passport.tile(held, run)
    if len(lead + rest) > 4:
        figures(tuple((lead + rest)[4:]), run, "accuracy")


def _by_week(one: Accuracy) -> None:
    if len(one.weeks) < 2:
        return
    better = sum(week.model < week.other for week in one.weeks)
    name = one.against.replace("_", " ")
    title = f"Closer than {name} in {better} of {len(one.weeks)} weeks"
    with ui.card(title, "Mean absolute error by week, on the rows that both forecast"):
        ui.chart(error_by_week(one.weeks, name.capitalize()), alts.error_weeks_alt(one))


def _curves(shot: data.Snapshot, one: Accuracy) -> None:
    del shot
    if not one.roc and not one.calibration:
        return
    both = bool(one.roc) and bool(one.calibration)
    left, right = st.columns(2, gap="small") if both else (st.container(), st.container())
    auc = next((held for held in one.figures if held.key.endswith("roc_auc")), None)
    area = figure(auc.estimate) if auc else "unknown"
    if one.roc:
        with (
            left,
            ui.card(
                f"Ranks a positive above a negative {_of_ten(auc)}",
                "ROC curve: share of positives found against share of false alarms",
            ),
        ):
            ui.chart(charts.roc(one.roc), f"ROC curve with area {area} under it.")
    if one.calibration:
        with right, ui.card(_calibration_title(one), "Mean score against what happened"):
            ui.chart(charts.calibration(one.calibration), _calibration_alt(one))


def _of_ten(auc: object) -> str:
    value = getattr(getattr(auc, "estimate", None), "value", None)
    return f"{value * 10:.1f} times in 10" if value is not None else "as the curve shows"


def _calibration_title(one: Accuracy) -> str:
    rows = sum(held.n for held in one.calibration) or 1
    gap = sum((held.predicted - held.observed) * held.n for held in one.calibration) / rows
    if abs(gap) < 0.01:
        return "Scores mean what they say"
    word = "too high" if gap > 0 else "too low"
    return f"Scores are {percent(abs(gap), 1)[:-1]} points {word} on average"


def _calibration_alt(one: Accuracy) -> str:
    pairs = [
        f"predicted {percent(held.predicted)}, observed {percent(held.observed)}"
        for held in one.calibration
    ]
    return "Calibration by bin: " + "; ".join(pairs) + "."


def _value_and_confusion(shot: data.Snapshot, one: Accuracy) -> None:
    if not one.value_curve and not one.confusion:
        return
    both = bool(one.value_curve) and bool(one.confusion)
    left, right = st.columns(2, gap="small") if both else (st.container(), st.container())
    if one.value_curve:
        sub = "Value per prediction by threshold, from the declared payoffs (grade D)"
        with left, ui.card(words.threshold_title(one, shot.currency), sub):
            spec = charts.value_curve(
                one.value_curve, one.threshold_today, one.threshold_best, shot.currency
            )
            ui.chart(spec, _threshold_alt(one, shot.currency))
    if one.confusion:
        with right, ui.card(_confusion_title(one), "Rows by prediction and outcome"):
            _confusion(shot, one)


def _threshold_alt(one: Accuracy, currency: str) -> str:
    best = max(one.value_curve, key=lambda point: point.y)
    today = "none" if one.threshold_today is None else amount(one.threshold_today, "1")
    return (
        f"Value per prediction by threshold; the highest is {money(best.y, currency)} at "
        f"{amount(best.x, '1')}; today's threshold is {today}."
    )


def _confusion_title(one: Accuracy) -> str:
    total = sum(cell.n for cell in one.confusion)
    right = sum(cell.n for cell in one.confusion if cell.predicted == cell.label)
    return f"{percent(right / total)} of rows were predicted right" if total else "No labelled rows"


def _confusion(shot: data.Snapshot, one: Accuracy) -> None:
    total = sum(cell.n for cell in one.confusion) or 1
    labels = sorted({cell.label for cell in one.confusion}, reverse=True)
    by_cell = {(cell.predicted, cell.label): cell for cell in one.confusion}
    rows: list[dict[str, object]] = []
    for predicted in sorted({cell.predicted for cell in one.confusion}, reverse=True):
        row: dict[str, object] = {"Predicted": predicted}
        for label in labels:
            cell = by_cell.get((predicted, label))
            shown = f"{count(cell.n)} ({percent(cell.n / total)})" if cell else "0"
            worth = f", {money(cell.value, shot.currency)}" if cell and cell.value else ""
            row[f"Was {label}"] = shown + worth
        rows.append(row)
    ui.table(rows, "Confusion matrix: rows by predicted and true class.")
