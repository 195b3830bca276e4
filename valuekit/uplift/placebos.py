"""Placebos: untreated groups taken for the treated ones, in place of a theory of chance.

What is found where nothing was done is the measure of what chance does (Abadie, Diamond &
Hainmueller 2010; Arkhangelsky et al. 2021, algorithm 4): as many untreated groups as were treated
are drawn, launched when those were, and compared with the rest of the untreated.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from valuekit.uplift.few_groups import splits

MOST = 200
_SEED = 20_211_201


def drawn(groups: int, sizes: tuple[int, ...]) -> list[tuple[tuple[int, ...], ...]]:
    """Sets of groups that stand in for the treated of each launch.

    Every way to choose them where there are at most 200, else 200 drawn ones, the same each time.

    Args:
        groups: Untreated groups.
        sizes: Treated groups of each launch.

    >>> drawn(3, (1,))
    [((0,),), ((1,),), ((2,),)]
    """
    if len(sizes) == 1 and splits(groups, sizes[0]) <= MOST:
        return [(chosen,) for chosen in combinations(range(groups), sizes[0])]
    rng = np.random.default_rng(_SEED)
    cuts = np.cumsum(sizes)[:-1]
    return [
        tuple(
            tuple(part.tolist()) for part in np.split(rng.permutation(groups)[: sum(sizes)], cuts)
        )
        for _ in range(MOST)
    ]
