"""Plausible scorecards of eight models, one story each, for tests of everything that reads them.

``scorecards()`` are built by hand, so that a page can be tested without any estimator.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from valuekit.estimate import Estimate, Grade, Period, unknown
from valuekit.scorecard import (
    Accuracy,
    Action,
    Arm,
    BridgeStep,
    CalibrationBin,
    Cell,
    Change,
    CostLine,
    Degradation,
    Diagnostic,
    Drift,
    EvidenceReport,
    Figure,
    Health,
    IntakeRow,
    PeriodFigures,
    PeriodName,
    Point,
    Scorecard,
    SegmentRow,
    Step,
    ToDate,
    Verdict,
    VersionRow,
    Week,
)

CURRENCY = "EUR"
FIRST = date(2025, 12, 1)
AS_OF = date(2026, 11, 22)

# name, title, area, task, design, grade, value a day, slope a year, cost a day, action, se share
_STORIES: tuple[
    tuple[str, str, str, str, str, Grade | None, float, float, float, Action, float], ...
] = (
    ("churn", "Churn rescue", "Customer care", "classification", "holdout", "A",
     1900.0, 0.0, 190.0, "keep", 0.16),
    ("fraud", "Fraud stop", "Payments", "classification", "payoff", "D",
     3100.0, 0.1, 310.0, "keep", 0.03),
    ("pricing", "Used-car pricing", "Trading", "regression", "holdout", "A",
     800.0, -1.6, 260.0, "retrain", 0.3),
    ("reco", "Shop recommendations", "Shop", "ranking", "holdout", "A",
     900.0, -0.7, 240.0, "watch", 0.25),
    ("leads", "Lead scoring", "Sales", "classification", "holdout", "A",
     40.0, 0.0, 330.0, "retire", 2.1),
    ("winback", "Win-back timing", "Customer care", "classification", "holdout", None,
     0.0, 0.0, 120.0, "not enough evidence", 0.0),
    ("assistant", "Service assistant", "Customer care", "generation", "hours_saved", "D",
     520.0, 0.3, 480.0, "measure first", 0.25),
    ("demand", "Demand forecast", "Supply chain", "forecast", "baseline_forecast", "D",
     1250.0, 0.0, 210.0, "keep", 0.05),
)  # fmt: skip


@cache
def scorecards() -> tuple[Scorecard, ...]:
    """Eight scorecards: star, steady, broken, decaying, losing, too young, assistant, forecast."""
    return tuple(_card(*story) for story in _STORIES)


def scorecard(model: str) -> Scorecard:
    """One of them by name."""
    return next(one for one in scorecards() if one.model == model)


def _value_on(day: date, base: float, slope: float) -> float:
    share = (day - FIRST).days / 365
    return max(-0.4, 1 + slope * max(0.0, share - 0.3)) * base


def _span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _estimate(value: float, se: float, period: Period, grade: Grade | None) -> Estimate:
    return Estimate(
        value=value, unit=CURRENCY, low=value - 1.96 * se, high=value + 1.96 * se, se=se,
        n=1000 * period.days, method="demonstration", grade=grade, period=period,
    )  # fmt: skip


def _period(
    name: PeriodName, period: Period, grade: Grade | None, base: float, slope: float,
    cost: float, se_share: float,
) -> PeriodFigures:  # fmt: skip
    days = _span(period.first, period.last)
    value = sum(_value_on(day, base, slope) for day in days)
    se = se_share * base * len(days) ** 0.5 * 4
    paid = cost * len(days)
    served = 1400 * len(days)
    if grade is None:
        why = "no outcome has matured yet: the first mature on 19 Dec 2026"
        worth = unknown(why, CURRENCY, period=period)
        net = net_marginal = worth
        roi = unknown(why, "1", period=period)
    else:
        worth = _estimate(value, se, period, grade)
        net = _estimate(value - paid, se, period, grade)
        net_marginal = _estimate(value - paid * 0.8, se, period, grade)
        roi = Estimate(value=(value - paid) / paid, unit="1", period=period, method="net / cost")
    people, serving, platform = paid * 0.6, paid * 0.2, paid * 0.2
    steps = (
        BridgeStep("People", -people, "minus"),
        BridgeStep("Serving", -serving, "minus"),
        BridgeStep("Platform (shared)", -platform, "minus"),
    )
    bridge = (
        (
            BridgeStep("Value added", value, "total"),
            *steps,
            BridgeStep("Net value", value - paid, "total"),
        )
        if grade
        else ()
    )
    return PeriodFigures(
        name=name, period=period, value=worth,
        cost_marginal=Estimate(value=paid * 0.8, unit=CURRENCY, period=period),
        cost_attributed=Estimate(value=paid, unit=CURRENCY, period=period),
        net=net, net_marginal=net_marginal, roi=roi,
        cost_per_prediction=Estimate(value=paid / served, unit=f"{CURRENCY}/prediction", n=served),
        cost_per_prediction_marginal=Estimate(
            value=paid * 0.8 / served, unit=f"{CURRENCY}/prediction", n=served
        ),
        predictions=served, acted=served // 5,
        p_loss=None if grade is None else 0.5 * math.erfc((value - paid) / max(se, 1) / 2**0.5),
        bridge=bridge,
        costs=(
            CostLine("people", "marginal", Decimal(round(people))),
            CostLine("serving", "marginal", Decimal(round(serving))),
            CostLine("platform", "shared", Decimal(round(platform))),
        ),
    )  # fmt: skip


def _weeks(grade: Grade | None, base: float, slope: float, cost: float) -> tuple[Week, ...]:
    made = []
    start = FIRST
    while start <= AS_OF:
        days = [day for day in _span(start, start + timedelta(days=6)) if day <= AS_OF]
        wave = 1 + 0.12 * math.sin(start.toordinal() / 9)
        value = sum(_value_on(day, base, slope) for day in days) * wave
        mature = grade is not None and start < AS_OF - timedelta(days=20)
        paid = cost * len(days)
        made.append(
            Week(
                start, value if mature else None, paid, value - paid if mature else None,
                1400 * len(days),
                0.86 - 0.02 * wave + 0.08 * min(0.0, slope) * (start - FIRST).days / 365
                if mature else None,
                mature, len(days),
            )
        )  # fmt: skip
        start += timedelta(days=7)
    return tuple(made)


def _to_date(weeks: tuple[Week, ...], se: float) -> tuple[ToDate, ...]:
    total, made = 0.0, []
    for number, week in enumerate(weeks, start=1):
        if week.net is None:
            continue
        total += week.net
        half = 1.96 * se * 4 * (7 * number) ** 0.5
        made.append(ToDate(week.start + timedelta(days=6), total, total - half, total + half))
    return tuple(made)


def _evidence(design: str, title: str, money: Estimate, grade: Grade | None) -> EvidenceReport:
    trial = design == "holdout"
    effect = money.scaled(1 / 40_000, f"{CURRENCY}/unit" if trial else f"{CURRENCY}/prediction")
    return EvidenceReport(
        design=design, primary=True, metric="margin" if trial else "", title=title,
        money=money, effect=effect,
        relative=Estimate(value=0.041, unit="share", low=0.012, high=0.07, grade=grade)
        if trial and grade else unknown("the design compares no two groups", "share"),
        effect_grade=grade, grade=grade,
        grade_reasons=("randomised, registered before the first exposure, checks passed",)
        if trial else ("the money rests on a declared assumption",),
        arms=(
            Arm("offer", "treated", 40_000, 38_100, 41.2, 60.1, 19_000),
            Arm("control", "control", 8_000, 7_610, 39.6, 59.5, 3_700),
        ) if trial else (),
        diagnostics=(
            Diagnostic("Sample ratio", "passed", "Arms have the declared sizes.", 0.4, 0.53),
            Diagnostic("Skew", "warning", "A few large values carry much of the sum.", 0.09),
            Diagnostic("Crossovers", "not run", "No unit was seen in two arms."),
        ) if trial else (),
        timeline=tuple(
            Step(FIRST + timedelta(days=7 * i), 1.6 - 0.3 / i, 1.6 - 5 / i, 1.6 + 5 / i)
            for i in range(1, 40)
        ) if trial else (),
        others=(), settle="Keep the 20% control group for another 12 weeks.",
        formula="sum over epochs of treated units x difference in means",
        source="stratified by allocation epoch; Welch (1947)", base_money=1.6e6,
    )  # fmt: skip


def _accuracy(task: str) -> Accuracy:
    def figure(key: str, label: str, value: float, half: float, unit: str) -> Figure:
        return Figure(
            f"accuracy.{key}", label,
            Estimate(value=value, unit=unit, low=value - half, high=value + half, n=52_000),
        )  # fmt: skip

    if task in {"regression", "forecast"}:
        return Accuracy("accuracy.mae", (
            figure("mae", "Mean absolute error", 12.4, 0.4, "target"),
            figure("wape", "WAPE", 0.18, 0.01, "share"),
            figure("bias", "Bias", -0.02, 0.01, "share"),
        ), by_horizon=tuple(figure(f"mae.{h}", f"{h} days ahead", 10 + h / 3, 0.5, "target")
                            for h in (1, 7, 14)))  # fmt: skip
    if task == "generation":
        return Accuracy("", (), withheld="No label is declared for this model.")
    return Accuracy(
        "accuracy.roc_auc",
        (
            figure("roc_auc", "ROC AUC", 0.84, 0.01, "1"),
            figure("precision", "Precision", 0.41, 0.02, "share"),
            figure("recall", "Recall", 0.63, 0.02, "share"),
        ),
        roc=tuple(Point(i / 20, (i / 20) ** 0.3) for i in range(21)),
        value_curve=tuple(Point(i / 20, 3 - 12 * (i / 20 - 0.42) ** 2) for i in range(21)),
        threshold_today=0.5, threshold_best=0.42,
        calibration=tuple(CalibrationBin(i / 10, min(1.0, i / 10 + 0.02), 900) for i in range(10)),
        confusion=(
            Cell("1", "1", 6300, 315_000.0), Cell("1", "0", 9000, -90_000.0),
            Cell("0", "1", 3700, -185_000.0), Cell("0", "0", 81_000, 405_000.0),
        ),
        withheld="Only the control group is used: the offer changes who leaves."
        if task == "classification" else "",
    )  # fmt: skip


def _degradation(model: str, task: str) -> Degradation:
    changes = ()
    if model in {"pricing", "reco"}:
        when = date(2026, 7, 14)
        lost = _estimate(84_000.0, 21_000.0, Period(when, AS_OF), None)
        changes = (
            Change("performance", when, when - timedelta(days=3), when + timedelta(days=4),
                   0.84, 0.71, lost, "Performance fell from 0.84 to 0.71 around 14 Jul 2026."),
        )  # fmt: skip
    shares = tuple((0.1, 0.1 + 0.03 * math.sin(i) * (3 if changes else 0.2)) for i in range(10))
    return Degradation(
        performance_name="MAE" if task in {"regression", "forecast"} else "ROC AUC",
        performance_better="lower" if task in {"regression", "forecast"} else "higher",
        changes=changes,
        drifts=(
            Drift("score", 0.31 if changes else 0.004, 1e-9 if changes else 0.4, 0.02,
                  bool(changes), 30_000, 39_000, shares, "The scores have moved."
                  if changes else "The scores look as they did at launch."),
        ),
        trend=None,
        text="A change was found and dated." if changes else "No change was found.",
    )  # fmt: skip


def _verdict(action: Action, title: str, net: Estimate, cost: float) -> Verdict:
    known = net.value is not None
    yearly = net.value or 0.0
    return Verdict(
        action=action, headline=f"{action.capitalize()}: {title}",
        reasons=(f"Expected to earn about {yearly:,.0f} {CURRENCY} a year after running costs.",)
        if known else ("The first outcomes mature on 19 Dec 2026.",),
        p_loss=(0.02 if yearly > 0 else 0.97) if known else None,
        expected_keep=yearly if known else None,
        expected_loss_keep=0.02 * cost * 365 if known else None,
        expected_loss_retire=max(yearly, 0.0) if known else None,
        value_of_information=900.0 if known else None,
        holdout_cost=4_000.0 if known else None,
        flips=action == "measure first", next_step="Look again in a month.",
    )  # fmt: skip


def _headline(title: str, net: Estimate) -> str:
    if net.value is None:
        return f"Too early to say what {title} earns: the first outcomes mature on 19 Dec 2026"
    if net.value < 0:
        return f"{title} cost €{-net.value / 1000:.1f}k more than it earned"
    return f"{title} earned €{net.value / 1000:.0f}k after costs"


def _card(  # noqa: PLR0917  # one argument a column of the stories
    model: str, title: str, area: str, task: str, design: str, grade: Grade | None,
    base: float, slope: float, cost: float, action: Action, se_share: float,
) -> Scorecard:  # fmt: skip
    mature = AS_OF - timedelta(days=14)
    spans: tuple[tuple[PeriodName, Period], ...] = (
        ("all", Period(FIRST, mature)),
        ("year", Period(FIRST, mature)),
        ("quarter", Period(AS_OF - timedelta(days=90), mature)),
        ("prior_quarter", Period(AS_OF - timedelta(days=181), AS_OF - timedelta(days=91))),
        ("month", Period(AS_OF - timedelta(days=27), mature)),
    )
    periods = tuple(_period(name, span, grade, base, slope, cost, se_share) for name, span in spans)
    weeks = _weeks(grade, base, slope, cost)
    quality = _accuracy(task)
    best = quality.figures[0].estimate if quality.figures else unknown("no label", "1")
    return Scorecard(
        model=model, title=title, owner=f"{model}-team@example.com", area=area, task=task,
        description=f"{title}: a demonstration.", currency=CURRENCY, launched=FIRST,
        retired=None, as_of=AS_OF, headline=_headline(title, periods[0].net), grade=grade,
        periods=periods, weeks=weeks, to_date=_to_date(weeks, se_share * base),
        evidence=(_evidence(design, f"{title}: what the evidence says", periods[0].value, grade),),
        accuracy=quality,
        unit_costs=(
            Figure("cost.per_prediction", "Cost per prediction", periods[0].cost_per_prediction),
            Figure("cost.per_thousand", "Cost per 1,000 predictions",
                   periods[0].cost_per_prediction.scaled(1000, f"{CURRENCY}/1000 predictions")),
        ),
        degradation=_degradation(model, task),
        segments=tuple(
            SegmentRow(f"region={name}", 90_000, best.scaled(factor, best.unit), best)
            for name, factor in (("north", 1.1), ("south", 0.8), ("(none)", 0.4))
        ),
        versions=(VersionRow("2.1", FIRST, AS_OF, 480_000, best),),
        health=Health(
            coverage=Estimate(value=0.97, unit="share", n=480_000),
            costed=Estimate(value=1.0, unit="share", n=480_000),
            last_prediction=AS_OF, last_outcome=AS_OF, mature_through=mature, immature_days=14,
            missing_days=2,
            intake=(
                IntakeRow("predictions", "accepted", "accepted", 479_900),
                IntakeRow("predictions", "null_id", "quarantined", 100),
            ),
            warnings=("100 rows without an id were held back.",) if model == "fraud" else (),
        ),
        verdict=_verdict(action, title, periods[0].net_marginal, cost),
    )  # fmt: skip
