"""Synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021).

AER 111:4088. A mix of untreated groups that moved in parallel with the treated ones before the
launch, levels being free, compared in periods after it with a mix of the periods before that is
like them:

    w = argmin |w0 + Y0' w - mean Y1|^2 / T0 + z^2 |w|^2,   z = (N1 T1)^(1/4) s,
    l = argmin |l0 + Y0 l - mean Y0 after|^2 / N0 + (1e-6 s)^2 |l|^2,

both on the simplex, s the standard deviation of first differences of the untreated before the
launch. Either set of weights being right is enough, and the spread comes from placebos. Both
minima are exact, so nothing has to be thinned out as after a descent that stops early: -15.605
packs for California's tobacco programme, published -15.6.
"""

from __future__ import annotations

import numpy as np

from valuekit.uplift.mix import Synthetic
from valuekit.uplift.panel import Floats, Panel
from valuekit.uplift.simplex import simplex
from valuekit.uplift.synthetic import against_a_mix, noise

_TINY = 1e-6


def synthetic_did(panel: Panel, anticipation: int = 0, *, placebos: bool = True) -> Synthetic | str:
    """Synthetic difference in differences of the treated groups, or why there is none.

    Args:
        panel: A panel without gaps.
        anticipation: Periods before the launch that are left out of the comparison.
        placebos: Whether the spread is wanted too.
    """
    return against_a_mix(panel, anticipation, parallel, placebos=placebos)


def parallel(control: Floats, treated: Floats, launch: int, groups: float) -> tuple[Floats, Floats]:
    """Unit and time weights of a synthetic difference in differences."""
    t0, after = len(treated), control.shape[1] - launch
    before = control[:, :t0]
    s = noise(before)
    ridge = (groups * after) ** 0.25 * s
    unit = simplex(before.T, treated, ridge * np.sqrt(t0), intercept=True)
    later = control[:, launch:].mean(axis=1)
    time = simplex(before, later, _TINY * s * np.sqrt(len(control)), intercept=True)
    return unit, time
