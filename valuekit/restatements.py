"""Published days that a later run found to be another, in words: which figure, before and after.

The store keeps sums by fact and column; here they get the name that people know them by, their
unit, and as many digits as tell before from after.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, islice
from typing import TYPE_CHECKING

from valuekit.ledger.schema import FACTS, Column
from valuekit.text import MINUS, count, listed, symbol

if TYPE_CHECKING:
    from datetime import date, datetime

    from valuekit.store import Store
    from valuekit.store.records import RestatementRecord
    from valuekit.workspace.declare import Model, Workspace

Number = int | float | Decimal
MOST = 5_000  # figures in a workbook; the terminal's --json has all

_MONEY, _SIGNIFICANT, _MOST = 2, 6, 15  # digits shown, and the most that tell two apart
# What stores of an older version have added up.
_KEYED = {"metric": "all metrics together", "forecaster": "all forecasters together"}
_NAMES = {
    ("volume", "predictions"): "Predictions served",
    ("volume", "acted"): "Predictions acted on",
    ("volume", "labelled"): "Predictions with an outcome",
    ("volume", "scored"): "Predictions with a usable score",
    ("volume", "weight"): "Sum of sampling weights",
    ("volume", "value"): "Value of the predictions",
    ("volume", "outcome_value"): "Sum of outcomes",
    ("usage", "quantity"): "Tokens",
    ("usage", "attempts"): "Calls, retries included",
    ("effect", "units"): "Units first exposed",
    ("effect", "n"): "Units compared",
    ("effect", "matched"): "Units with an outcome",
    ("effect", "acted"): "Units acted on",
    ("effect", "crossed"): "Units that crossed arms",
    ("effect", "mean_y"): "Sum of the metric",
    ("effect", "mean_d"): "Sum of its denominator",
    ("effect", "mean_x"): "Sum of the metric before exposure",
    ("effect", "mean_e"): "Sum of its denominator before exposure",
    ("effect", "mean_z"): "Sum of the metric, capped",
    ("effect", "nonzero"): "Units with a metric other than 0",
    ("panel", "n"): "Outcome rows",
    ("panel", "mean_y"): "Sum of the outcome",
    ("score", "total"): "Predictions scored",
    ("score", "brier"): "Sum of squared errors of the score",
    ("score", "log_loss"): "Sum of log losses",
    ("confusion", "n"): "Predictions with a known class",
    ("confusion", "sum_v"): "Value of predictions with a known class",
    ("error", "n"): "Forecasts compared with an actual",
    ("error", "sum_e"): "Sum of errors",
    ("error", "sum_abs"): "Sum of absolute errors",
    ("error", "mean_y"): "Sum of actuals, weighted",
    ("cost", "amount"): "Cost",
    ("cost", "costed"): "Predictions with a cost",
    ("intake", "rows"): "Source rows read",
    ("intake", "value"): "Sum of the outcomes that were read",
}
_FATES = {
    "accepted": "used",
    "quarantined": "held back",
    "deduplicated": "there already",
    "out_of_window": "outside of the window",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A figure of a published day, before and after.

    Attributes:
        run: The run that found it; its figures are shown since then.
        at: When that run finished, UTC; before it the earlier figure was shown.
        model: Name of the model.
        day: The day.
        figure: What the figure is, in words.
        unit: Currency code, or empty for a plain number.
        before: The value as it was published; None when the day had none.
        after: The value now; None when the day has none any more.
    """

    run: int
    at: datetime
    model: str
    day: date
    figure: str
    unit: str
    before: Number | None
    after: Number | None

    @property
    def texts(self) -> tuple[str, str, str]:
        """Before, after and the difference, with as many digits as tell them apart."""
        return told_apart(self.before, self.after, self.unit)


def moved(workspace: Workspace, records: Iterable[RestatementRecord]) -> Iterator[Moved]:
    """Every figure that is not what it was, in the order of the records.

    A day whose sums are all the same, and only their split by key is not, gives one entry without
    values.
    """
    for _, held in groupby(records, lambda one: (one.run, one.model, one.day)):
        of_day = list(held)
        found = [one for record in of_day for one in _figures(workspace, record)]
        yield from found or [_split(of_day)]


def _figures(workspace: Workspace, record: RestatementRecord) -> Iterator[Moved]:
    model, currency = workspace.models.get(record.model), workspace.workspace.currency
    for name in {**record.before, **record.after}:
        before, after = record.before.get(name), record.after.get(name)
        named = _named(record.fact, name, model, currency)
        if named is not None and before != after and (before or after):
            yield _moved(record, *named, _number(before), _number(after))


def _split(records: list[RestatementRecord]) -> Moved:
    facts = listed([one.fact for one in records])
    return _moved(records[0], f"Split of {facts} into groups; all sums are the same", "")


def _moved(
    record: RestatementRecord,
    figure: str,
    unit: str,
    before: Number | None = None,
    after: Number | None = None,
) -> Moved:
    return Moved(record.run, record.at, record.model, record.day, figure, unit, before, after)


def newest(workspace: Workspace, store: Store, models: Iterable[str]) -> tuple[Moved, ...]:
    """The newest figures of the named models, one more than a workbook shows at most."""
    records = [one for name in models for one in store.restatements(name, limit=MOST + 1)]
    records.sort(key=lambda one: (-one.run, one.model, -one.day.toordinal()))
    return tuple(islice(moved(workspace, records), MOST + 1))


def told_apart(before: Number | None, after: Number | None, unit: str) -> tuple[str, str, str]:
    """Two values and their difference, with as many digits as tell them apart.

    >>> told_apart(10_233, 10_234, "")
    ('10,233', '10,234', '+1')
    >>> told_apart(Decimal("-12.500000"), Decimal("-1012.5"), "EUR")
    ('−€12.50', '−€1,012.50', '−€1,000.00')
    >>> told_apart(0.5000000001, 0.5000000002, "")[:2]
    ('0.5000000001', '0.5000000002')
    >>> told_apart(None, 3, "")
    ('none', '3', '–')
    """
    if before is None and after is None:
        return "–", "–", "–"
    if before is None or after is None:
        return _text(before, unit, 0), _text(after, unit, 0), "–"
    gap = Decimal(str(after)) - Decimal(str(before))
    shown = ("", "")
    for more in range(_MOST - _MONEY):
        shown = _text(before, unit, more), _text(after, unit, more)
        if shown[0] != shown[1] or not gap:
            break
    size = _text(gap if unit or gap % 1 else int(gap), unit, 0)
    return *shown, f"+{size}" if gap > 0 else size


def _text(value: Number | None, unit: str, more: int) -> str:
    if value is None:
        return "none"
    sign = MINUS if value < 0 else ""
    if not unit and isinstance(value, int):
        return f"{sign}{count(abs(value))}"
    size = Decimal(str(abs(value)))
    if unit:
        return f"{sign}{symbol(unit)}{size:,.{_MONEY + more}f}"
    digits = min(_SIGNIFICANT + more, _MOST)
    whole = math.floor(math.log10(size)) + 1 if size else 1
    text = f"{size:,.{min(max(digits - whole, 0), 20)}f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def _named(fact: str, name: str, model: Model | None, currency: str) -> tuple[str, str] | None:
    """A figure in words and its unit; None for the number of groups, which is no figure."""
    held = FACTS[fact]
    summed, _, of = name.partition(":")
    column = next((one for one in held.scalars if _summed(one) == summed), None)
    if column is None:
        return None
    keys = {one.name for one in held.keys}
    if fact == "intake" and of:
        source, _, fate = of.partition(":")
        if column.name == "value" and source in {"predictions", "assignments"}:
            return None  # nothing is added up of them
        what = "Sum of outcomes" if column.name == "value" else f"Rows of {source}"
        return f"{what}, {_FATES.get(fate, fate)}", ""
    if model is not None and len(model.metrics) < 2:
        keys.discard("metric")
    more = "".join(f", {of or text}" for key, text in _KEYED.items() if key in keys)
    words = _NAMES.get((fact, column.name)) or column.doc.split(";")[0].split(",")[0]
    money = column.unit == "currency" or (
        column.unit == "metric" and model is not None and _in_money(model, of)
    )
    return f"{words[:1].upper()}{words[1:]}{more}", currency if money else ""


def _summed(column: Column) -> str:
    """The name that a column's sum is kept under."""
    mean = column.rule.startswith("mean:")
    return column.name.replace("mean_", "sum_", 1) if mean else column.name


def _in_money(model: Model, metric: str) -> bool:
    """Whether a metric is in the currency; of several together, whether all are."""
    own = [one for name, one in model.metrics.items() if name == metric]
    several = own or list(model.metrics.values())
    return bool(several) and all(one.already_money for one in several)


def _number(value: object) -> Number | None:
    """A stored sum; Decimals are kept as text."""
    if isinstance(value, str):
        return Decimal(value)
    return value if isinstance(value, int | float) else None
