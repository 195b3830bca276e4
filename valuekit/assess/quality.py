"""Accuracy of the model by its task, withheld where the model's own action spoils the labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from valuekit.accuracy.by_week import error_weeks
from valuekit.accuracy.calibration import calibration_bins
from valuekit.accuracy.confusion import confusion_table
from valuekit.accuracy.figures import classification_figures, error_figures, horizon_figures
from valuekit.accuracy.payoff import cells
from valuekit.accuracy.roc import roc_points
from valuekit.accuracy.score_bins import ScoreBins, score_table
from valuekit.accuracy.threshold import best_threshold, threshold_gain, value_curve
from valuekit.assess.carried import acts, lacking, told
from valuekit.assess.designs.base import why_unknown
from valuekit.assess.designs.baseline import finest
from valuekit.assess.scene import over_panel
from valuekit.degradation.performance import (
    Performance,
    from_confusion,
    from_errors,
    from_scores,
    from_volume,
    nothing,
)
from valuekit.estimate import Period
from valuekit.facts import kept
from valuekit.scorecard import Accuracy, Figure
from valuekit.workspace.ready import ReadyScore

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from valuekit.assess.scene import Scene
    from valuekit.workspace.declare import Matrix, Model

    RowsOf = Callable[[str], pd.DataFrame]  # rows by name of the fact

NO_LOG = "There is no prediction log, so there is no prediction to judge."
NO_TABLE = (
    "None of [facts.score], [facts.confusion] and [facts.error] is declared, so there is no "
    "prediction to judge."
)
NO_LABEL = "No label is declared for this model, so its accuracy is unknown."
TARGET = "target"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled rows that may be judged, and what to say about those that may not.

    Attributes:
        confusion: Confusion fact, mature days.
        score: Score fact of the registered layout, mature days.
        edges: Bin edges of the layout; empty without one.
        exact: Whether the edges are the score's values.
        withheld: Which rows were left out and why; empty when all are used.
        fair: Whether the rows are all of them, or a random part. Rows that nobody acted on are
            neither: their mix follows the action rate, so they are not followed over time.
    """

    confusion: pd.DataFrame
    score: pd.DataFrame
    edges: tuple[float, ...]
    exact: bool
    withheld: str
    fair: bool


def labelled(
    scene: Scene, period: Period | None, segment: str = "all", rows_of: RowsOf | None = None
) -> Labelled:
    """Rows whose label the model's action did not change.

    Those of a period and segment, or those that ``rows_of`` gives by fact.

    Where a holdout exists and predictions are acted on, the action is meant to change the
    outcome (a saved customer), so only control rows tell how good the score is; without control
    rows in the log, rows that were not acted on, and without those nothing.
    """
    layout = scene.book.registration("layout", "score")
    content = layout.content if layout else {}
    rows_of = rows_of or partial(scene.fact, period=period, segment=segment)
    confusion, score = rows_of("confusion"), rows_of("score")
    confusion, score, withheld, fair = _unspoiled(scene, confusion, score)
    edges = tuple(float(str(one)) for one in _listed(content.get("edges")))
    if segment == "all":
        score = kept(score, score["layout"] == content.get("id"))
    elif len(score):
        score = kept(score, score["layout"] == score["layout"].iloc[-1])
    return Labelled(confusion, score, edges, bool(content.get("exact")), withheld, fair)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _unspoiled(
    scene: Scene, confusion: pd.DataFrame, score: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, str, bool]:
    """Rows fit to judge, what to say about the others, and whether they are a random part."""
    evidence = next((one for one in scene.model.evidence if one.design == "holdout"), None)
    if evidence is None or evidence.control is None:
        return confusion, score, "", True
    control = evidence.control
    if control in {*confusion["arm"].unique(), *score["arm"].unique()}:
        return (
            confusion[confusion["arm"] == control],
            score[score["arm"] == control],
            "Only the control group is judged: the model's action changes the outcome of the rest.",
            True,
        )
    if not acts(scene.model) or (scene.model.predictions is None and score["acted"].eq("").all()):
        return confusion, score, "", True
    idle = score[score["acted"] == "0"]
    if idle.empty:
        why = "Withheld: the model's action changes the outcome, and every row was acted on."
        return confusion[:0], idle, why, False
    why = (
        "Only predictions that nobody acted on are judged: an action changes the outcome. They "
        "are not a random part of all, so they are not followed over time."
    )
    return confusion[:0], idle, why, False


_COMPARED = ("seasonal_naive", "naive")  # shown by week beside a forecast: the first that is there


def accuracy(scene: Scene) -> Accuracy:
    """Quality of a model by its task, over the mature days."""
    if scene.mature is None:
        return Accuracy("", (), withheld=f"Nothing to judge: {why_unknown(scene)}.")
    if scene.model.predictions is None and over_panel(scene.model):
        return Accuracy("", (), withheld=NO_LOG)
    if scene.model.predictions is None and scene.model.facts and not _handed(scene.model):
        return Accuracy("", (), withheld=NO_TABLE)
    if scene.model.task in {"regression", "forecast"}:
        return _errors(scene, scene.mature)
    return _classes(scene, scene.mature)


def _errors(scene: Scene, period: Period) -> Accuracy:
    frame = finest(scene.fact("error", period))
    if frame.empty:
        return Accuracy("", (), withheld="No prediction has found its actual value yet.")
    others = sorted(set(frame["forecaster"]) - {"model"})
    made = error_figures(frame, unit=TARGET, baselines=others, period=period)
    figures = told(scene.model, made)
    forecast = scene.model.task == "forecast"
    known = [one.key for one in figures if one.estimate.known]
    wished = ("accuracy.wape", "accuracy.mae") if forecast else ("accuracy.mae",)
    lead = next((one for one in (*wished, *known) if one in known), "accuracy.mae")
    against = next((one for one in (*_COMPARED, *others) if one in others), "")
    if not forecast or lacking(scene.model, "error", ["sum_abs"]):
        against = ""
    return Accuracy(
        lead,
        figures,
        against=against,
        weeks=error_weeks(frame, against) if against else (),
        by_horizon=told(scene.model, horizon_figures(frame, unit=TARGET)) if forecast else (),
    )


def _classes(scene: Scene, period: Period) -> Accuracy:
    rows = labelled(scene, period)
    table = confusion_table(rows.confusion)
    bins = _bins(rows)
    if not table.rows and (bins is None or not bins.rows):
        why = NO_LABEL if _no_label(scene) else "No prediction has found its outcome yet."
        return Accuracy("", (), withheld=rows.withheld or why)
    made = classification_figures(table, rows.score, bins, period=period)
    figures = told(scene.model, made)
    if not table.rows:
        pairs = zip(made, figures, strict=True)  # of those that could be known, the reason stays
        figures = tuple(one for whole, one in pairs if whole.estimate.known)
    placed = not lacking(scene.model, "score", ["sum_p"])
    matrix = next((one.payoff for one in scene.model.evidence if one.payoff), None)
    today = _threshold(scene)
    gain, best = _money_left(scene, matrix, today, period, bins)
    return Accuracy(
        "accuracy.roc_auc" if bins is not None and bins.rows else "accuracy.accuracy",
        (*figures, *gain),
        roc=roc_points(bins) if bins is not None else (),
        value_curve=value_curve(bins, matrix) if bins is not None and matrix else (),
        threshold_today=today if bins is not None else None,
        threshold_best=best,
        calibration=calibration_bins(bins) if bins is not None and placed else (),
        confusion=cells(table, matrix) if table.rows else (),
        withheld=rows.withheld,
    )


def _handed(model: Model) -> bool:
    """Whether some ready-made table is about single predictions."""
    return any(model.ready(one) is not None for one in ("score", "confusion", "error"))


def _no_label(scene: Scene) -> bool:
    if scene.model.predictions is None and _handed(scene.model):
        return False
    return scene.model.outcomes is None or scene.model.outcomes.label is None


def _bins(rows: Labelled) -> ScoreBins | None:
    if rows.score.empty or not rows.edges:
        return None
    return score_table(rows.score, rows.edges, exact=rows.exact)


def _threshold(scene: Scene) -> float | None:
    predictions, ready = scene.model.predictions, scene.model.ready("score")
    if isinstance(ready, ReadyScore):
        return ready.threshold
    if predictions is None or predictions.score is None:
        return None
    if predictions.threshold is not None:
        return predictions.threshold
    return None if predictions.predicted else 0.5


def _money_left(
    scene: Scene,
    matrix: Matrix | None,
    today: float | None,
    period: Period,
    bins: ScoreBins | None,
) -> tuple[tuple[Figure, ...], float | None]:
    """Best threshold chosen on the first half of the days, valued on the second.

    Where scores are kept by month, the halves meet at the first of a month.
    """
    if matrix is None or bins is None:
        return (), None
    if today is None or period.days < 2:
        return (), best_threshold(bins, matrix)
    middle = _whole_months(scene, date_after(period, period.days // 2))
    if middle <= period.first:
        return (), best_threshold(bins, matrix)
    choose = _bins(labelled(scene, Period(period.first, date_after(period, -1, middle))))
    later = Period(middle, period.last)
    judge = _bins(labelled(scene, later))
    if choose is None or judge is None:
        return (), best_threshold(bins, matrix)
    found = threshold_gain(choose, judge, matrix, today, unit=scene.currency, period=later)
    if found is None:
        return (), best_threshold(bins, matrix)
    figure = Figure(
        "accuracy.threshold_gain",
        "Money left at today's threshold",
        found.total,
        "payoff at the best threshold of the first half, less today's, on the second half",
        facts=("score.n", "score.sum_v", "score.label"),
        better="lower",
    )
    return (figure,), found.best


def _whole_months(scene: Scene, day: date) -> date:
    """A day, or the first of its month where scores are kept by month."""
    daily = scene.book.daily_from
    return day.replace(day=1) if daily is not None and day < daily else day


def date_after(period: Period, days: int, start: date | None = None) -> date:
    """A day some days after the period's first, or after another day."""
    return (start or period.first) + timedelta(days=days)


def _of_errors(scene: Scene, rows: pd.DataFrame) -> Performance:
    lost = lacking(scene.model, "error", ["sum_abs", "sum_abs_y"])
    if "sum_abs" in lost:
        return nothing()
    return from_errors(rows, relative=scene.model.task == "forecast" and not lost)


def performance(scene: Scene, segment: str = "all", rows_of: RowsOf | None = None) -> Performance:
    """The measure whose weeks and days are followed: mature days of one segment.

    Args:
        scene: The model.
        segment: The segment.
        rows_of: Gives the rows of a fact of those days, such as those of one version; None for
            all that the segment has.
    """
    period = scene.mature
    task = scene.model.task
    if period is None:
        return nothing()
    rows_of = rows_of or partial(scene.fact, period=period, segment=segment)
    if task in {"regression", "forecast"}:
        return _of_errors(scene, rows_of("error"))
    rows = labelled(scene, period, segment, rows_of)
    if not rows.fair:
        return nothing()
    if {"0", "1"} & set(rows.score["label"].unique()):
        return from_scores(rows.score, scene.book.daily_from)
    if (rows.confusion["label"] != "").any():
        return from_confusion(rows.confusion)
    volume = rows_of("volume")
    followed = acts(scene.model) and not lacking(scene.model, "volume", ["acted"])
    if scene.model.ready("volume") is not None:  # a ledger's 0 on all days means: not declared
        followed = followed and bool(volume["acted"].any())
    return from_volume(volume) if followed else nothing()
