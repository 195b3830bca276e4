"""Every estimate of a scorecard as one flat row, found by walking it: nothing can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace

from valuekit.estimate import Estimate
from valuekit.scorecard import (
    AgeEffect,
    EvidenceReport,
    Figure,
    LaunchEffect,
    PeriodFigures,
    Scorecard,
)

_LABELS = ("name", "key", "design", "segment", "version", "category")


@dataclass(frozen=True, slots=True)
class Row:
    """An estimate, the path that leads to it in the JSON, and its passport."""

    path: str
    label: str
    estimate: Estimate
    formula: str = ""
    source: str = ""
    facts: tuple[str, ...] = ()


def rows(card: Scorecard) -> tuple[Row, ...]:
    """All estimates in reading order; paths such as ``periods.year.net`` are stable."""
    return tuple(_walk(card, ""))


def by_launch(row: Row) -> bool:
    """Whether a row is the effect at one distance from a launch: there may be hundreds."""
    return ".launch." in row.path


def _walk(thing: object, path: str) -> Iterator[Row]:
    if isinstance(thing, Estimate):
        yield Row(path, path.rsplit(".", 1)[-1].replace("_", " "), thing)
    elif isinstance(thing, Figure):
        yield Row(path, thing.label, thing.estimate, thing.formula, thing.source, thing.facts)
    elif isinstance(thing, tuple):
        for index, item in enumerate(thing):
            if is_dataclass(item):
                yield from _walk(item, f"{path}.{_step(item, index)}")
    elif is_dataclass(thing):
        stretch = _stretch(thing)
        for one in fields(thing):
            inner = getattr(thing, one.name)
            step = f"{path}.{one.name}" if path else one.name
            for row in _walk(inner, step):
                named = replace(row, label=f"{row.label}, {stretch}") if stretch else row
                yield _with_formula(named, thing)


def _stretch(thing: object) -> str:
    """In words, the stretch of time that an effect is about; its path has but a number."""
    if isinstance(thing, AgeEffect):
        return f"days {thing.first} to {thing.last} after exposure"
    if isinstance(thing, LaunchEffect):
        if thing.first == thing.last:
            return f"period {thing.first} from the launch"
        return f"periods {thing.first} to {thing.last} from the launch"
    return ""


def _step(item: object, index: int) -> str:
    for name in _LABELS:
        label = getattr(item, name, None)
        if isinstance(label, str) and label:
            return label
    return str(index)


def _with_formula(row: Row, owner: object) -> Row:
    if row.formula or not isinstance(owner, EvidenceReport | PeriodFigures):
        return row
    if isinstance(owner, EvidenceReport):
        return Row(row.path, row.label, row.estimate, owner.formula, owner.source)
    return Row(row.path, row.label, row.estimate, _PERIOD_FORMULAS.get(row.label, ""))


_PERIOD_FORMULAS = {
    "value": "money of the primary evidence over mature days of the period",
    "cost marginal": "charges that end when the model is retired",
    "cost attributed": "marginal charges plus the model's share of shared ones",
    "net": "value less attributed cost",
    "net marginal": "value less marginal cost",
    "roi": "net / attributed cost",
    "cost per prediction": "attributed cost / served predictions",
    "cost per prediction marginal": "marginal cost / served predictions",
}
