"""The pictures of an evidence design: what it has of courses, launches, ages, mixes, the rest."""

from __future__ import annotations

from collections.abc import Callable

from dashboard import alts, ui
from dashboard import evidence_words as say
from dashboard.charts import over_time
from dashboard.charts.alike import balance, weights
from dashboard.format import plural
from dashboard.model.figures import figures
from valuekit.scorecard import EvidenceReport, Figure

Draw = Callable[[], None]
_FEW = 2  # ages that make a curve


def panels(one: EvidenceReport, run: int, index: int) -> list[Draw]:
    """A function for each picture that this design has something to show in."""
    made: list[Draw] = []
    if one.course:
        made.append(lambda: _course(one))
    if one.launch:
        made.append(lambda: _launch(one))
    if one.timeline:
        made.append(lambda: _timeline(one))
    if len([age for age in one.ages if age.effect.known]) >= _FEW:
        made.append(lambda: _ages(one))
    mix, pairs, rest = _sorted(one)
    if mix:
        made.append(lambda: _mix(mix))
    if pairs:
        made.append(lambda: _balance(pairs))
    if rest:
        made.append(lambda: _others(rest, run, index))
    return made


def _course(one: EvidenceReport) -> None:
    sub = "Line: what happened. Dashed: expected without the model, with its 95% band"
    with ui.card(say.course_title(one.course), sub):
        unit = one.effect.unit.partition("/")[0]
        ui.chart(over_time.course(one.course, unit), say.course_alt(one.course, unit))


def _launch(one: EvidenceReport) -> None:
    with ui.card(say.launch_title(one.launch), say.launch_sub(one.launch)):
        ui.chart(over_time.launch(one.launch), say.launch_alt(one.launch))


def _timeline(one: EvidenceReport) -> None:
    sequence = one.reading.steps if one.reading is not None else ()
    with ui.card(say.settled_title(one), say.settled_sub(one)):
        spec = over_time.timeline(one.timeline, one.effect.unit, sequence)
        ui.chart(spec, say.timeline_alt(one))


def _ages(one: EvidenceReport) -> None:
    sub = "Effect per unit and day by the age of the units, with 95% ranges"
    with ui.card("How the effect comes in with time", sub):
        ui.chart(over_time.ages(one.ages), say.ages_alt(one.ages))


def _mix(mix: tuple[tuple[str, Figure], ...]) -> None:
    title = f"The mix draws most on {mix[0][0]}"
    sub = f"Weights of {plural(len(mix), 'untreated group')} that stand for the treated"
    with ui.card(title, sub):
        ui.chart(weights(mix), alts.figures_alt(tuple(one for _, one in mix)))


def _balance(pairs: tuple[tuple[str, float, float], ...]) -> None:
    worst = max(abs(after) for _, _, after in pairs)
    title = "Within strata they were alike" if worst <= 0.1 else "Within strata they still differed"
    sub = "Standardised differences. Hollow: as they are. Filled: within strata"
    said = "; ".join(f"{name} {raw:.2f} raw, {after:.2f} within" for name, raw, after in pairs)
    with ui.card(title, sub):
        ui.chart(balance(pairs), f"Standardised differences: {said}.")


def _others(rest: tuple[Figure, ...], run: int, index: int) -> None:
    with ui.card("Other figures of this design", "Select a figure to see how it was made"):
        figures(rest, run, f"evidence-{index}")


def _sorted(
    one: EvidenceReport,
) -> tuple[
    tuple[tuple[str, Figure], ...], tuple[tuple[str, float, float], ...], tuple[Figure, ...]
]:
    """Weights, pairs of balance, and what neither of the two nor the methods' chart shows."""
    mix = tuple(
        (held.key.removeprefix("weight."), held)
        for held in one.others
        if held.key.startswith("weight.") and held.estimate.known
    )
    raw = _balances(one, ".raw")
    adjusted = _balances(one, ".adjusted")
    pairs = tuple((name, raw[name], adjusted[name]) for name in raw if name in adjusted)
    drawn = {name for name, _, _ in pairs}
    rest = tuple(
        held
        for held in one.others
        if held not in [figure for _, figure in mix]
        and held.key.removeprefix("balance.").rpartition(".")[0] not in drawn
        and not (held.key.startswith("uplift.") and held.estimate.unit == one.effect.unit
                 and held.estimate.known and one.effect.known)
    )  # fmt: skip
    return mix, pairs, rest


def _balances(one: EvidenceReport, end: str) -> dict[str, float]:
    return {
        held.key.removeprefix("balance.").removesuffix(end): held.estimate.value
        for held in one.others
        if held.key.startswith("balance.") and held.key.endswith(end)
        and held.estimate.value is not None
    }  # fmt: skip
