"""The complete fact schema: every spine, key, column, day meaning, merge rule and byte cost.

A fact is a table of aggregates. Rows with the same key merge by the rule of each column, and
merging is associative and commutative, so days, buckets and files may be split at will.
``docs/ledger.md`` says the same for people; a test holds the two together.

Merge rules
    ``sum``             integers, floats, Decimals or vectors are added
    ``mean:N``          weighted by column N
    ``comoment:N:a:b``  sum of products of deviations of a and b, merged pairwise
                      (Chan, Golub & LeVeque 1983; Pebay 2008)
    ``third:N:a``       sum of cubed deviations of a, merged pairwise
    ``max``             the larger
    ``append``          rows are never merged nor replaced
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Spine = Literal["predictions", "units", "groups", "bills", "source rows", "workspace"]
Dtype = Literal["text", "int", "float", "decimal", "day", "ints", "floats", "json"]

ALL = "all"  # the segment, version, arm or stratum that means "no split"
NONE = ""  # a key that is not known for the row, such as an absent label
BUCKETS = 64  # hash buckets of units for repeat customers
MAX_GROUPS = 1000  # groups of a panel
SCORE_BINS = 200
SEGMENT_BINS = 20
SEGMENT_BUCKETS = 16

# Bytes in a store row, measured as text averages 6, numbers 8, Decimals 12; vectors are packed.
_BYTES: dict[str, int] = {
    "text": 6,
    "int": 4,
    "float": 8,
    "decimal": 12,
    "day": 10,
    "ints": 2,  # per element, deflated
    "floats": 5,  # per element, deflated
    "json": 400,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name, type, merge rule (``key`` for keys), unit and meaning."""

    name: str
    dtype: Dtype
    rule: str
    unit: str
    doc: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact table.

    Attributes:
        name: Name of the fact.
        spine: What one counted entry is.
        day: What the day of a row means.
        keys: Extra key columns beside model, version, day and segment.
        measures: The aggregates.
        issue: Whether the shipped connectors fill it (``built``) or the schema reserves it.
    """

    name: str
    spine: Spine
    day: str
    keys: tuple[Column, ...]
    measures: tuple[Column, ...]
    status: Literal["built", "reserved"] = "built"
    doc: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Keys, common ones first, then measures."""
        return (*COMMON, *self.keys, *self.measures)

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of all key columns, the common ones first."""
        return tuple(column.name for column in (*COMMON, *self.keys))

    @property
    def scalars(self) -> tuple[Column, ...]:
        """Measures kept in the narrow table of the fact."""
        return tuple(one for one in self.measures if one.dtype not in {"ints", "floats"})

    @property
    def vectors(self) -> tuple[Column, ...]:
        """Measures kept packed in the vector table."""
        return tuple(one for one in self.measures if one.dtype in {"ints", "floats"})

    def row_bytes(self, elements: int = 0) -> int:
        """Estimated bytes of one row whose vectors have ``elements`` elements each."""
        fixed = sum(_BYTES[one.dtype] for one in (*self.keys, *self.scalars)) + 14
        return fixed + sum(_BYTES[one.dtype] * elements for one in self.vectors)


def _key(name: str, doc: str, dtype: Dtype = "text") -> Column:
    return Column(name, dtype, "key", "", doc)


def _count(name: str, doc: str) -> Column:
    return Column(name, "int", "sum", "1", doc)


def _sum(name: str, unit: str, doc: str) -> Column:
    return Column(name, "float", "sum", unit, doc)


COMMON: tuple[Column, ...] = (
    _key("model", "name in the workspace file"),
    _key("version", "model version; `all` where the spine does not know it"),
    _key("day", "day in the workspace's zone; its meaning depends on the spine", "day"),
    _key("segment", "`all` or `name=value`; `all` is never summed with the others"),
)

_METRIC = _key("metric", "name of the metric")
_ARM = _key("arm", "arm as first assigned; empty when there is none")
_EPOCH = _key("epoch", "first day of the stretch of constant allocation, ISO date")
_LABEL = _key("label", "`1`, `0`, a class name, or empty when no outcome was joined")
_LAYOUT = _key("layout", "id of the registered bin edges; different ids never merge")

# y outcome in the window, d its denominator, x and e their covariates before exposure.
MOMENT_AXES = ("y", "d", "x", "e")
_MEANS = tuple(
    Column(f"mean_{axis}", "float", "mean:n", "metric", f"mean of {axis} per unit")
    for axis in MOMENT_AXES
)
_COMOMENTS = tuple(
    Column(f"c_{a}{b}", "float", f"comoment:n:{a}:{b}", "metric^2", f"co-moment of {a} and {b}")
    for i, a in enumerate(MOMENT_AXES)
    for b in MOMENT_AXES[i:]
)

VOLUME = Fact(
    "volume",
    "predictions",
    "prediction day (forecasts: target day)",
    (),
    (
        _count("predictions", "served predictions, duplicates removed"),
        _count("acted", "predictions that were acted on; 0 when not declared"),
        _count("labelled", "predictions with a credited outcome"),
        _count("scored", "predictions with a usable score or number"),
        _sum("weight", "predictions", "sum of sampling weights; equals predictions without them"),
        _sum("value", "currency", "sum of the declared value column"),
        _sum("outcome_value", "label", "sum of credited outcome labels"),
        _count("latency_n", "predictions with a latency"),
        Column("mean_latency", "float", "mean:latency_n", "ms", "mean latency"),
        Column("c_latency", "float", "comoment:latency_n:latency:latency", "ms^2", "M2 of latency"),
    ),
)

USAGE = Fact(
    "usage",
    "predictions",
    "prediction day",
    (
        _key("provider_model", "model of the provider"),
        _key("token", "class of token, such as input, output, cached"),
        _key("tier", "service tier; empty when not logged"),
    ),
    (
        Column("quantity", "int", "sum", "tokens", "tokens, retries included"),
        _count("attempts", "calls, retries included"),
    ),
)

EFFECT = Fact(
    "effect",
    "units",
    "day of first exposure",
    (_METRIC, _ARM, _EPOCH, _key("stratum", "declared stratum; `all` when there is none")),
    (
        _count("units", "units first exposed that day in that arm, all of them (sample ratio)"),
        _count("n", "units in the moments: `units` when absent counts as zero, else `matched`"),
        _count(
            "matched",
            "units with an outcome row in the window; when absent is unknown, with a value",
        ),
        _count("acted", "units with at least one acted-on prediction in the window"),
        _count("crossed", "units later seen in another arm; analysed in this one"),
        *_MEANS,
        *_COMOMENTS,
        Column("m3_y", "float", "third:n:y", "metric^3", "sum of cubed deviations of y"),
        Column("mean_z", "float", "mean:n", "metric", "mean of y capped at the registered cap"),
        Column("c_zz", "float", "comoment:n:z:z", "metric^2", "M2 of the capped y"),
        _count("nonzero", "units with y other than 0"),
    ),
)

FLOW = Fact(
    "flow",
    "units",
    "day of the outcome (new units: day of first exposure)",
    (_METRIC, _ARM, _EPOCH, _LAYOUT),
    (
        Column("units", "ints", "sum", "units", "new units by hash bucket"),
        Column("sum_y", "floats", "sum", "metric", "sum of y by hash bucket"),
        Column("sum_d", "floats", "sum", "metric", "sum of the denominator by hash bucket"),
    ),
)

PANEL = Fact(
    "panel",
    "groups",
    "day of the outcome; the first day of its year where only years are known",
    (
        _METRIC,
        _key("group", "region, store, ...; `all` where groups are not told apart"),
        _key("treated_from", "first treated day of the group, ISO date; empty for never"),
        _key("arm", "`1` in a treated block of time, `0` in another, empty without blocks"),
        _key("block", "block within the day: hour of its start, 0 for whole days", "int"),
    ),
    (
        _count("n", "outcome rows in which the metric is known"),
        Column("mean_y", "float", "mean:n", "metric", "mean of the outcome"),
        Column("c_yy", "float", "comoment:n:y:y", "metric^2", "M2 of the outcome"),
        _sum("offset", "exposure", "population or exposure; controls are metrics of their own"),
    ),
)

SCORE = Fact(
    "score",
    "predictions",
    "prediction day",
    (_ARM, _key("acted", "`1` acted on, `0` not, empty unknown"), _LABEL, _LAYOUT),
    (
        _count("total", "predictions with a usable score"),
        _sum("brier", "1", "sum of (p - y)^2; 0 for unlabelled rows"),
        _sum("log_loss", "nats", "sum of -ln p(y), p clipped to [1e-15, 1 - 1e-15]"),
        Column("n", "ints", "sum", "predictions", "predictions by score bin"),
        Column("sum_p", "floats", "sum", "1", "sum of scores by bin"),
        Column("sum_v", "floats", "sum", "currency", "sum of the value column by bin"),
    ),
)

CONFUSION = Fact(
    "confusion",
    "predictions",
    "prediction day",
    (_ARM, _key("predicted", "`1`, `0` or a class name"), _LABEL),
    (
        _count("n", "labelled predictions"),
        _sum("sum_v", "currency", "sum of the value column"),
    ),
)

ERROR = Fact(
    "error",
    "predictions",
    "target day (regression: prediction day)",
    (
        _key("horizon", "periods from origin to target; 0 for regression", "int"),
        _key("level", "level of the hierarchy; `series` is the finest"),
        _key("forecaster", "`model`, `naive`, `seasonal_naive` or a declared baseline"),
        _LAYOUT,
    ),
    (
        _count("n", "rows on which this forecaster, the model and the actual are all known"),
        _sum("sum_e", "target", "sum of e = actual - forecast"),
        _sum("sum_abs", "target", "sum of |e|"),
        _sum("sum_sq", "target^2", "sum of e^2"),
        _sum("sum_y", "target", "sum of actuals"),
        _sum("sum_abs_y", "target", "sum of |actual|"),
        _sum("sum_f", "target", "sum of forecasts"),
        Column("mean_y", "float", "mean:n", "target", "mean of actuals"),
        Column("c_yy", "float", "comoment:n:y:y", "target^2", "M2 of actuals, for R2"),
        _sum("sum_ape", "1", "sum of |e|/|y| over rows with y other than 0"),
        _count("zeros", "rows with an actual of 0"),
        _sum("sum_sape", "1", "sum of 2|e|/(|y|+|f|) over rows where the denominator is not 0"),
        _count("scaled_n", "rows whose series has a frozen scale"),
        _sum("sum_scaled", "1", "sum of |e|/scale, scale frozen at training"),
        _sum("sum_scaled_sq", "1", "sum of e^2/scale^2"),
        _sum("over", "target", "sum of (forecast - actual) where positive"),
        _sum("under", "target", "sum of (actual - forecast) where positive"),
        _sum("cross_abs", "target^2", "sum of |e| x |e of the model|"),
        _sum("cross_sq", "target^4", "sum of e^2 x e^2 of the model"),
        Column("hist", "ints", "sum", "predictions", "histogram of e on the registered edges"),
        Column("pinball", "floats", "sum", "target", "pinball loss by declared quantile"),
        Column("covered", "ints", "sum", "predictions", "actuals at or below each quantile"),
    ),
)

MATURITY = Fact(
    "maturity",
    "units",
    "day of first exposure, or prediction day",
    (_METRIC, _ARM, _key("basis", "`event` (outcome time) or `arrival`"), _LAYOUT),
    (
        _count("entries", "units or predictions of that day"),
        Column("n", "ints", "sum", "outcomes", "outcomes by age in days"),
        Column("sum_y", "floats", "sum", "metric", "value by age in days"),
    ),
)

FEATURE = Fact(
    "feature",
    "predictions",
    "prediction day",
    (_key("feature", "column name"), _LABEL, _LAYOUT),
    (
        _count("missing", "rows without a value"),
        Column("n", "ints", "sum", "predictions", "predictions by bin"),
        Column("sum_v", "floats", "sum", "currency", "sum of the value column by bin"),
    ),
    "reserved",
)

OVERLAP = Fact(
    "overlap",
    "workspace",
    "day of the outcome",
    (_key("claimants", "models that claim the outcome, sorted, joined by +"),),
    (
        _count("n", "outcomes"),
        Column("first", "decimal", "sum", "currency", "value under first credit"),
        Column("last", "decimal", "sum", "currency", "value under last credit"),
        Column("split", "decimal", "sum", "currency", "value under split credit"),
    ),
    "reserved",
)

COST = Fact(
    "cost",
    "bills",
    "charge day",
    (
        _key("category", "people, infrastructure, tokens, ..."),
        _key("basis", "`marginal` (gone on retirement), `shared` (attributed), `sunk` (build)"),
    ),
    (
        Column("amount", "decimal", "sum", "currency", "cost, positive; credits negative"),
        _count("costed", "predictions that this charge covers; 0 for time-based charges"),
    ),
)

BILL = Fact(
    "bill",
    "bills",
    "charge day",
    (
        _key("invoice", "invoice id"),
        _key("charge_category", "usage, purchase, tax, credit, adjustment"),
        _key("charge_class", "`correction` or empty"),
        _key("allocated_to", "model, or empty when unallocated"),
        _key("currency", "native currency"),
    ),
    (
        Column("effective", "decimal", "sum", "currency", "effective cost (economics)"),
        Column("billed", "decimal", "sum", "currency", "billed cost (cash); never added to it"),
        Column("native", "decimal", "sum", "native", "amount in the native currency"),
        Column("rate", "decimal", "max", "currency/native", "rate applied"),
        Column("rate_day", "day", "max", "", "day of the rate"),
    ),
    "reserved",
)

INTAKE = Fact(
    "intake",
    "source rows",
    "day of the row; the first day of the pull when it has none",
    (
        _key("source", "predictions, assignments, outcomes, panel or facts.NAME"),
        _key("rule", "`accepted` or the rule that held the row back"),
        _key("fate", "accepted, quarantined, deduplicated or out_of_window"),
    ),
    (
        _count("rows", "rows; per source and day the fates add up to rows read"),
        _sum(
            "value",
            "metric",
            "outcomes, panel, facts.effect: sum of the primary metric or label over those rows; "
            "other facts.NAME: of what they count",
        ),
    ),
)

REGISTRATION = Fact(
    "registration",
    "workspace",
    "day of registration",
    (_key("kind", "layout, cap, design, window"), _key("name", "what is registered")),
    (Column("content", "json", "append", "", "edges, caps, N*, windows, arms, epochs"),),
)

PUBLISHED = Fact(
    "published",
    "workspace",
    "day of publication",
    (_key("figure", "path of the figure in the scorecard"),),
    (Column("content", "json", "append", "", "figure with the versions of its inputs"),),
    "reserved",
)

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        VOLUME,
        USAGE,
        EFFECT,
        FLOW,
        PANEL,
        SCORE,
        CONFUSION,
        ERROR,
        MATURITY,
        FEATURE,
        OVERLAP,
        COST,
        BILL,
        INTAKE,
        REGISTRATION,
        PUBLISHED,
    )
}
