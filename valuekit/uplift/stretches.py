"""How much wider an interval is when blocks of one stretch of the same arm move together.

With a_b what a block weighs in the total, e_b its distance from the mean of its arm and stratum,
and c the cells of arm and stratum,

    V = sum_g (a_g' A_g e_g)^2,   A_g = (I - H_gg)^(-1/2),   H_bb' = 1/n_c for b, b' of one cell,

over stretches g (CR2: Bell & McCaffrey 2002, Survey Methodology 28:169), and the degrees of freedom
are those of its first two moments, (sum of eigenvalues)^2 / sum of their squares (Imbens &
Kolesar 2016, Review of Economics and Statistics 98:701). Blocks hang together beyond their
stretch too, but the next one is of the other arm, which cancels and so errs on the wide side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from valuekit.uplift.panel import Floats, Ints

_SMALL = 1e-9


def clustered(share: Floats, rest: Floats, cell: Ints, stretch: Ints) -> tuple[float, float]:
    """Variance of a total by stretches, and its degrees of freedom (0 when nothing is left).

    Args:
        share: a, what each block weighs in the total.
        rest: e, its distance from the mean of its cell.
        cell: Number of its cell, 0 to C - 1, of two blocks or more.
        stretch: Number of its stretch, 0 to G - 1.
    """
    count = np.bincount(cell).astype(np.float64)
    groups = int(stretch.max()) + 1
    own, weight = np.zeros(groups), np.zeros((groups, len(count)))
    length = np.zeros(groups)
    order = np.argsort(stretch, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(stretch[order])) + 1):
        g, c = stretch[at[0]], cell[at]
        half = _root((c[:, None] == c) / count[c])
        w = half @ share[at]
        own[g], length[g] = w @ rest[at], w @ w
        np.add.at(weight[g], c, w)
    variance = float(own @ own)
    weight /= np.sqrt(np.maximum(count, 1.0))
    lost = (weight**2).sum(axis=1)
    first = float((length - lost).sum())
    cross = float(((weight.T @ weight) ** 2).sum())
    second = float(length @ length - 2 * (length @ lost)) + cross
    return variance, first**2 / second if second > _SMALL * first**2 else 0.0


def _root(hat: Floats) -> Floats:
    """(I - H)^(-1/2), leaving out what the means take wholly."""
    size, turned = np.linalg.eigh(np.eye(len(hat)) - hat)
    kept = size > _SMALL
    scale = np.where(kept, 1 / np.sqrt(np.where(kept, size, 1.0)), 0.0)
    made: Floats = (turned * scale) @ turned.T
    return made
