"""Vectors as bytes, and back exactly: narrow integers, sparse where it pays, deflated.

A payload holds the vectors of one row, in the order of the fact's columns:

    payload = version byte, flag byte (1: the rest is deflated), vectors
    vector  = kind byte, length (varint), width byte, body

Kinds: 0 all zero (no width, no body); 1 integers; 2 floats that are whole numbers of
10^-places, kept as integers (``width`` is followed by a byte with the places); 3 other floats.
The high bit of the kind marks a sparse body: the count of non-zero elements (varint), the width
of the gaps between their indices, the gaps (unsigned), then the values. Integers are
little-endian in the narrowest signed width; floats keep their bits, bytes of equal weight side
by side, which deflates better.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 1
DEFLATED = 1
ZERO, INTS, SCALED, FLOATS = range(4)
SPARSE = 0x80

_PLACES = (6, 4, 2, 0)
_EXACT = 2.0**53  # below it a float holds every whole number
_LEVEL = 6
_SHORT = 64  # elements up to which deflating alone does what sparse would
_BLOCK = 2048  # rows coded together: numpy costs as much for one row as for many


def pack(vectors: Sequence[np.ndarray]) -> bytes:
    """One payload of all vectors of a row.

    Args:
        vectors: One-dimensional ``int64`` or ``float64`` arrays.

    Raises:
        TypeError: for another dtype.
    """
    return pack_rows([[one] for one in vectors])[0]


def pack_rows(columns: Sequence[Sequence[np.ndarray]]) -> list[bytes]:
    """One payload per row of a fact, from its vector columns.

    Args:
        columns: For each vector column the vectors of all rows; all columns of one length.

    Raises:
        TypeError: for vectors that are neither ``int64`` nor ``float64``.
    """
    if not columns:
        return [bytes((VERSION, 0))]
    coded = [_column(column) for column in columns]
    return [_payload(b"".join(parts)) for parts in zip(*coded, strict=True)]


def _payload(body: bytes) -> bytes:
    deflated = zlib.compress(body, _LEVEL)
    if len(deflated) < len(body):
        return bytes((VERSION, DEFLATED)) + deflated
    return bytes((VERSION, 0)) + body


def _column(vectors: Sequence[np.ndarray]) -> list[bytes]:
    coded = [b""] * len(vectors)
    shapes: dict[tuple[np.dtype, int], list[int]] = {}
    for row, vector in enumerate(vectors):
        shapes.setdefault((vector.dtype, vector.size), []).append(row)
    for (dtype, size), rows in shapes.items():
        if dtype not in (np.dtype("int64"), np.dtype("float64")):
            msg = f"a vector of {dtype}: only int64 and float64 are kept"
            raise TypeError(msg)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            stack = np.concatenate([vectors[row] for row in block]).reshape(len(block), size)
            for row, made in zip(block, _coded(stack), strict=True):
                coded[row] = made
    return coded


class _Block(NamedTuple):
    kinds: np.ndarray
    places: np.ndarray
    values: np.ndarray  # int64: counts, scaled floats, or the bits of other floats


def _coded(stack: np.ndarray) -> list[bytes]:
    """The bytes of each row of a matrix; rows that are coded alike are coded together."""
    length, size = varint(stack.shape[1]), stack.shape[1]
    block = _block(stack)
    widths = _widths(block)
    filled = np.count_nonzero(block.values, axis=1)
    # A gap takes a byte or more: sparse only pays when the zeros are wider than the gaps.
    sparse = (size > _SHORT) & (filled * (widths + 1) + 2 < size * widths)
    ways = (block.kinds << 24 | block.places << 16 | widths << 8 | sparse) * (filled > 0)
    coded = [b""] * len(stack)
    for way in set(ways.tolist()):
        kind, places, width, gapped = way.to_bytes(4, "big")
        rows = np.flatnonzero(ways == way)
        if kind == ZERO:
            bodies, head = [b""] * len(rows), bytes((ZERO,)) + length
        else:
            bodies = (_sparse if gapped else _dense)(block.values[rows], kind, width)
            head = bytes((kind | SPARSE * gapped,)) + length + bytes((width,))
            head += bytes((places,)) if kind == SCALED else b""
        for row, body in zip(rows.tolist(), bodies, strict=True):
            coded[row] = head + body
    return coded


def _dense(values: np.ndarray, kind: int, width: int) -> list[bytes]:
    if kind == FLOATS:
        lanes = values.astype("<i8").view(np.uint8).reshape(*values.shape, 8)
        raw = lanes.transpose(0, 2, 1).tobytes()
    else:
        raw = values.astype(f"<i{width}").tobytes()
    step = values.shape[1] * width
    return [raw[start : start + step] for start in range(0, len(raw), step)]


def _sparse(values: np.ndarray, kind: int, width: int) -> list[bytes]:
    """Gaps and values of rows that each have a value other than zero."""
    rows, index = np.nonzero(values)
    steps = np.diff(index, prepend=-1)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    steps[starts] = index[starts] + 1
    wide = _gap_widths(np.maximum.reduceat(steps, starts))
    ends = [*starts[1:].tolist(), len(rows)]
    kept = values[rows, index]
    raw = b"" if kind == FLOATS else kept.astype(f"<i{width}").tobytes()
    gaps = {one: steps.astype(f"<u{one}").tobytes() for one in set(wide)}
    made = []
    for start, end, gap in zip(starts.tolist(), ends, wide, strict=True):
        head = varint(end - start) + bytes((gap,)) + gaps[gap][start * gap : end * gap]
        if kind == FLOATS:
            made.append(head + _dense(kept[None, start:end], kind, width)[0])
        else:
            made.append(head + raw[start * width : end * width])
    return made


def _gap_widths(largest: np.ndarray) -> list[int]:
    widths = np.full(len(largest), 8)
    for width in (4, 2, 1):
        widths[largest < 1 << 8 * width] = width
    found: list[int] = widths.tolist()
    return found


def _block(stack: np.ndarray) -> _Block:
    rows = len(stack)
    places = np.zeros(rows, dtype=np.int64)
    if stack.dtype.kind == "i":
        return _Block(np.full(rows, INTS), places, stack)
    kinds = np.full(rows, FLOATS)
    bits = stack.view(np.int64)
    values = bits.copy()
    largest = np.abs(stack).max(axis=1, initial=0.0)
    for digits in _PLACES:
        factor = 10.0**digits
        fits = largest < _EXACT / factor
        whole = np.rint(np.where(fits[:, None], stack, 0.0) * factor).astype(np.int64)
        same = fits & ((whole / factor).view(np.int64) == bits).all(axis=1)
        kinds[same], places[same], values[same] = SCALED, digits, whole[same]
    return _Block(kinds, places, values)


def _widths(block: _Block) -> np.ndarray:
    low = block.values.min(axis=1, initial=0)
    high = block.values.max(axis=1, initial=0)
    widths = np.full(len(low), 8)
    for width in (4, 2, 1):
        limit = 1 << 8 * width - 1
        widths[(low >= -limit) & (high < limit)] = width
    widths[block.kinds == FLOATS] = 8
    return widths


def varint(value: int) -> bytes:
    """A whole number from 0 in as few bytes as it needs, seven bits each."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
