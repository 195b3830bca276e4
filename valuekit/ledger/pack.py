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
_DEFLATED = 1
_ZERO, _INTS, _SCALED, _FLOATS = range(4)
_SPARSE = 0x80
_PLACES = (0, 2, 4, 6)
_LEVEL = 6


def pack(vectors: Sequence[np.ndarray]) -> bytes:
    """One payload of all vectors of a row.

    Args:
        vectors: One-dimensional ``int64`` or ``float64`` arrays.

    Raises:
        TypeError: for another dtype.
    """
    body = b"".join(_vector(one) for one in vectors)
    deflated = zlib.compress(body, _LEVEL)
    if len(deflated) < len(body):
        return bytes((VERSION, _DEFLATED)) + deflated
    return bytes((VERSION, 0)) + body


def unpack(payload: bytes, dtypes: Sequence[str]) -> list[np.ndarray]:
    """The vectors of a payload.

    Args:
        payload: What :func:`pack` made.
        dtypes: ``ints`` or ``floats`` of each vector, as the fact declares them.

    Raises:
        ValueError: when the payload is of another version, damaged, or has another number of
            vectors.
    """
    if len(payload) < 2 or payload[0] != VERSION:
        msg = f"a payload of version {payload[:1].hex() or 'none'}; this code reads {VERSION}"
        raise ValueError(msg)
    try:
        body = zlib.decompress(payload[2:]) if payload[1] & _DEFLATED else payload[2:]
        vectors, at = [], 0
        for dtype in dtypes:
            vector, at = _read_vector(body, at, dtype)
            vectors.append(vector)
    except (zlib.error, IndexError, ValueError, TypeError) as error:
        msg = f"a damaged payload: {error}"
        raise ValueError(msg) from error
    if at != len(body):
        msg = f"a payload with {len(body) - at} bytes after its last vector"
        raise ValueError(msg)
    return vectors


class _Coded(NamedTuple):
    kind: int
    extra: bytes  # places of scaled floats
    values: np.ndarray  # int64, or the bits of floats as uint64


def _vector(vector: np.ndarray) -> bytes:
    if vector.dtype not in (np.dtype("int64"), np.dtype("float64")):
        msg = f"a vector of {vector.dtype}: only int64 and float64 are kept"
        raise TypeError(msg)
    length = _varint(vector.size)
    if not _bits(vector).any():
        return bytes((_ZERO,)) + length
    coded = _code(vector)
    width = 8 if coded.kind == _FLOATS else _width(coded.values)
    index = np.flatnonzero(coded.values)
    sparse = _gaps(index) + _body(coded, coded.values[index], width)
    dense = _body(coded, coded.values, width)
    head = length + bytes((width,)) + coded.extra
    if len(sparse) < len(dense):
        return bytes((coded.kind | _SPARSE,)) + head + sparse
    return bytes((coded.kind,)) + head + dense


def _bits(vector: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(vector).view(np.uint64)


def _code(vector: np.ndarray) -> _Coded:
    if vector.dtype.kind == "i":
        return _Coded(_INTS, b"", vector)
    for places in _PLACES:
        scaled = vector * 10.0**places
        if np.abs(scaled).max() >= 2.0**53:
            break
        whole = np.rint(scaled).astype(np.int64)
        if np.array_equal(_bits(whole / 10.0**places), _bits(vector)):
            return _Coded(_SCALED, bytes((places,)), whole)
    return _Coded(_FLOATS, b"", _bits(vector))


def _gaps(index: np.ndarray) -> bytes:
    gaps = np.diff(index, prepend=-1)
    width = next(w for w in (1, 2, 4, 8) if int(gaps.max()) < 1 << 8 * w)
    return _varint(index.size) + bytes((width,)) + gaps.astype(f"<u{width}").tobytes()


def _width(values: np.ndarray) -> int:
    low, high = int(values.min()), int(values.max())
    return next(w for w in (1, 2, 4, 8) if -(1 << 8 * w - 1) <= low and high < 1 << 8 * w - 1)


def _body(coded: _Coded, values: np.ndarray, width: int) -> bytes:
    if coded.kind == _FLOATS:
        return values.astype("<u8").view(np.uint8).reshape(-1, 8).T.tobytes()
    return values.astype(f"<i{width}").tobytes()


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _read_vector(body: bytes, at: int, dtype: str) -> tuple[np.ndarray, int]:
    wanted = np.int64 if dtype == "ints" else np.float64
    kind, sparse = body[at] & ~_SPARSE, bool(body[at] & _SPARSE)
    length, at = _read_varint(body, at + 1)
    if kind == _ZERO:
        return np.zeros(length, dtype=wanted), at
    width, at = body[at], at + 1
    places = 0
    if kind == _SCALED:
        places, at = body[at], at + 1
    index: np.ndarray | slice = slice(None)
    count = length
    if sparse:
        index, at = _read_gaps(body, at)
        count = len(index)
    if at + count * width > len(body):
        msg = "it ends early"
        raise IndexError(msg)
    values, at = _read_values(body, at, kind, width, count)
    full = np.zeros(length, dtype=values.dtype)
    full[index] = values
    if kind == _SCALED:
        return full.astype(np.float64) / 10.0**places, at
    return full.astype(wanted), at


def _read_gaps(body: bytes, at: int) -> tuple[np.ndarray, int]:
    count, at = _read_varint(body, at)
    width, at = body[at], at + 1
    raw = body[at : at + count * width]
    gaps = np.frombuffer(raw, dtype=f"<u{width}").astype(np.intp)
    return np.cumsum(gaps) - 1, at + count * width


def _read_values(body: bytes, at: int, kind: int, width: int, count: int) -> tuple[np.ndarray, int]:
    raw = body[at : at + count * width]
    end = at + count * width
    if kind == _FLOATS:
        lanes = np.frombuffer(raw, dtype=np.uint8).reshape(8, count).T
        return np.ascontiguousarray(lanes).view("<f8").reshape(count), end
    return np.frombuffer(raw, dtype=f"<i{width}"), end
