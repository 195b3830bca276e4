"""What columns a ready-made table of each fact may have, which it must have, and what they give.

A table may name the sums that people keep (``sum_y``, ``sum_yy``, ``sd_y``) or the ledger's own
measures (``mean_y``, ``c_yy``). What it does not give is unknown; it is never taken for 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import combinations_with_replacement

from valuekit.ledger.schema import ALL, FACTS, MOMENT_AXES, NONE

#: Facts that may be handed in, in the order in which they are read.
HANDED = ("volume", "usage", "effect", "score", "confusion", "error")
#: Facts that hold outcomes: their last day says how far outcomes go.
OUTCOMES = ("effect", "score", "confusion", "error")
PREFIX = "facts."  # of their source's name: facts.effect

_NEED = None  # a key without a default
#: Fact -> key -> what it is where no column is declared.
KEYS: Mapping[str, Mapping[str, str | int | None]] = {
    "volume": {},
    "usage": {"provider_model": NONE, "token": _NEED, "tier": NONE},
    "effect": {"metric": _NEED, "arm": _NEED, "epoch": NONE, "stratum": ALL},
    "score": {"arm": NONE, "acted": NONE, "label": NONE},
    "confusion": {"arm": NONE, "predicted": _NEED, "label": _NEED},
    "error": {"horizon": 0, "level": "series", "forecaster": "model"},
}
#: Keys of every fact beside its own.
COMMON = ("version", "segment")

CELLS: Mapping[str, tuple[str, str]] = {
    "tp": ("1", "1"),
    "fp": ("1", "0"),
    "fn": ("0", "1"),
    "tn": ("0", "0"),
}  # wide confusion counts: predicted, label
PLACES = ("bin", "low", "high")  # of a score's bin

PAIRS = tuple(a + b for a, b in combinations_with_replacement(MOMENT_AXES, 2))
_AXES = (*MOMENT_AXES, "z")
_SECONDS = ("c", "sum", "sd", "variance")
#: Measures of one metric, in a long table or by metric in a wide one.
MOMENTS = (
    *(f"{how}_{axis}" for axis in _AXES for how in ("mean", "sum")),
    *(f"{how}_{pair}" for pair in (*PAIRS, "zz") for how in ("c", "sum")),
    *(f"{how}_{axis}" for axis in _AXES for how in ("sd", "variance")),
    "m3_y",
    "sum_yyy",
)
OF_METRIC = ("n", "matched", "nonzero", *MOMENTS)
_UNITS = ("units", "acted", "crossed")


def _scalars(fact: str) -> tuple[str, ...]:
    return tuple(one.name for one in FACTS[fact].scalars)


#: Fact -> measures that a table may have.
MEASURES: Mapping[str, tuple[str, ...]] = {
    "volume": _scalars("volume"),
    "usage": _scalars("usage"),
    "effect": (*_UNITS, *OF_METRIC),
    "score": (*PLACES, "n", "sum_p", "sum_v", "brier", "log_loss"),
    "confusion": ("n", "sum_v", *CELLS),
    "error": (*_scalars("error"), "sum_yy"),
}
#: Fact -> measures without which a table says nothing.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "volume": ("predictions",),
    "usage": ("quantity",),
    "effect": ("units",),
    "score": ("n",),
    "confusion": ("n",),
    "error": ("n",),
}


def allowed(fact: str) -> tuple[str, ...]:
    """Names that the `columns` of a fact may have: keys, then measures."""
    return (*COMMON, *KEYS[fact], *MEASURES[fact])


def ledger_shape(fact: str) -> dict[str, str]:
    """Columns of a table that is in the shape of the ledger: each under its own name.

    Vectors are long: one row for each bin.
    """
    own = {*_scalars(fact), "n", "sum_p", "sum_v", "bin"} - {"total"}
    names = [*COMMON, *KEYS[fact], *(one for one in MEASURES[fact] if one in own)]
    return {one: one for one in names}


def strangers(fact: str, names: Collection[str], known: Collection[str] = ()) -> Iterator[str]:
    """A sentence for each name that a fact does not have."""
    there = tuple(known) or allowed(fact)
    for name in names:
        if name not in there:
            near = get_close_matches(name, there, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(there)}"
            yield f"`columns` of a ready-made `{fact}` cannot name {name!r}: {hint}"


def axes(names: Collection[str]) -> tuple[str, ...]:
    """Axes of moments that some names speak of, y first: y, d, x, e.

    >>> axes({"mean_x", "sum_y", "c_yx"})
    ('y', 'x')
    """
    spoken = {
        letter
        for name in names
        if name in MOMENTS and name not in {"m3_y", "sum_yyy"}
        for letter in name.rpartition("_")[2]
    }
    return tuple(axis for axis in MOMENT_AXES if axis in spoken or axis == "y")


def incomplete(names: Collection[str], *, proportion: bool, capped: bool) -> Iterator[str]:
    """What is missing of, or doubled in, the moments of one metric: a sentence each.

    Args:
        names: Declared measures of the metric.
        proportion: Whether each unit is 0 or 1: then the sum says everything.
        capped: Whether the metric has a registered cap.
    """
    spoken = axes(names)
    for axis in (*spoken, *(["z"] if capped or _speaks(names, "z") else [])):
        yield from _one_of(names, [f"mean_{axis}", f"sum_{axis}"], "its level")
        squares = [*(f"{how}_{axis * 2}" for how in _SECONDS[:2])]
        squares += [f"{how}_{axis}" for how in _SECONDS[2:]]
        if not (proportion and axis == "y" and not set(squares) & set(names)):
            yield from _one_of(names, squares, "its spread")
    for pair in PAIRS:
        if pair[0] != pair[1] and set(pair) <= set(spoken):
            yield from _one_of(names, [f"c_{pair}", f"sum_{pair}"], "how both go together")
    if {"m3_y", "sum_yyy"} <= set(names):
        yield "`m3_y` and `sum_yyy` say the same: keep one of them"


def _speaks(names: Collection[str], axis: str) -> bool:
    return any(name.endswith((f"_{axis}", f"_{axis * 2}")) for name in names)


def _one_of(names: Collection[str], choice: list[str], what: str) -> Iterator[str]:
    there = [one for one in choice if one in names]
    listed = ", ".join(f"`{one}`" for one in choice)
    if not there:
        yield f"{what} is missing: declare one of {listed}"
    elif len(there) > 1:
        yield f"{', '.join(f'`{one}`' for one in there)} say the same: keep one of them"


def given_of_effect(names: Collection[str], *, proportion: bool) -> frozenset[str]:
    """Measures of the fact ``effect`` that a metric's columns give."""
    found = {"units", "n"} | {one for one in ("matched", "acted", "crossed") if one in names}
    spoken = axes(names)
    found |= {f"mean_{axis}" for axis in spoken}
    found |= {f"c_{pair}" for pair in PAIRS if set(pair) <= set(spoken)}
    if proportion or {"m3_y", "sum_yyy"} & set(names):
        found.add("m3_y")
    if proportion or "nonzero" in names:
        found.add("nonzero")
    if _speaks(names, "z"):
        found |= {"mean_z", "c_zz"}
    return frozenset(found)


def given(fact: str, names: Collection[str], *, exact: bool = False) -> frozenset[str]:
    """Measures of a fact that some columns give, those that follow from others too.

    Args:
        fact: Any fact but ``effect``.
        names: Declared measures.
        exact: Score: whether each bin holds one value of the score.
    """
    found = set(names) & {one.name for one in FACTS[fact].measures}
    if fact == "volume":
        found |= {"weight"}
    if fact == "confusion" and set(CELLS) <= set(names):
        found |= {"n"}
    if fact == "score":
        found |= {"n", "total"} | ({"sum_p"} if exact else set())
    if fact == "error":
        found |= _derived(found, names)
    return frozenset(found)


def _derived(there: set[str], names: Collection[str]) -> set[str]:
    """Error measures that follow from others: e = y - f, |e| = over + under, e = under - over."""
    found = set(there)
    for made, of in (
        ("sum_e", {"sum_y", "sum_f"}),
        ("sum_f", {"sum_y", "sum_e"}),
        ("sum_y", {"sum_e", "sum_f"}),
        ("sum_y", {"mean_y"}),
        ("mean_y", {"sum_y"}),
        ("sum_abs", {"over", "under"}),
        ("sum_e", {"over", "under"}),
        ("over", {"sum_abs", "sum_e"}),
        ("under", {"sum_abs", "sum_e"}),
        ("sum_f", {"sum_y", "sum_e"}),
    ):
        if of <= found:
            found.add(made)
    if "sum_yy" in names and "mean_y" in found:
        found.add("c_yy")
    return found
