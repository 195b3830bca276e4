"""Payloads of :mod:`valuekit.ledger.pack` back into the vectors they were made of."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from valuekit.ledger.pack import DEFLATED, FLOATS, SCALED, SPARSE, VERSION, ZERO

if TYPE_CHECKING:
    from collections.abc import Sequence


def unpack(payload: bytes, dtypes: Sequence[str]) -> list[np.ndarray]:
    """The vectors of a payload.

    Args:
        payload: What :func:`valuekit.ledger.pack.pack` made.
        dtypes: ``ints`` or ``floats`` of each vector, as the fact declares them.

    Raises:
        ValueError: when the payload is of another version, damaged, or has another number of
            vectors.
    """
    if len(payload) < 2 or payload[0] != VERSION:
        msg = f"a payload of version {payload[:1].hex() or 'none'}; this code reads {VERSION}"
        raise ValueError(msg)
    try:
        body = zlib.decompress(payload[2:]) if payload[1] & DEFLATED else payload[2:]
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
    kind, sparse = body[at] & ~SPARSE, bool(body[at] & SPARSE)
    length, at = _read_varint(body, at + 1)
    if kind == ZERO:
        return np.zeros(length, dtype=wanted), at
    width, at = body[at], at + 1
    places = 0
    if kind == SCALED:
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
    if kind == SCALED:
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
    if kind == FLOATS:
        lanes = np.frombuffer(raw, dtype=np.uint8).reshape(8, count).T
        return np.ascontiguousarray(lanes).view("<f8").reshape(count), end
    return np.frombuffer(raw, dtype=f"<i{width}"), end
