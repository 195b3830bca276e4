"""How many rows of a day a rule may hold back before they are too many for chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtrc

if TYPE_CHECKING:
    import pandas as pd

LEAST = 20  # rows of a day: of fewer a share says little
MOST = 0.5  # share of a day's rows
FEWEST = int(LEAST * MOST)  # rows of a day that must be exceeded: of fewer a share says little
SMALLEST = 5  # rows of a day that is judged all the same when it holds back every one of them
CHANCE = 1e-6  # of as many such rows in a day, by the share of all days that are stored

Days = tuple["pd.Series", "pd.Series"]  # rows read and rows held back, by day


@dataclass(frozen=True, slots=True)
class Level:
    """How many rows of a day are too many.

    Attributes:
        most: Share of them.
        unlikely: Whether that many must be beyond chance, too, by what is usual.
    """

    most: float
    unlikely: bool

    def exceeded(
        self, held: np.ndarray, read: np.ndarray, then: Days
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Where so many of the rows that were read are too many.

        A few rows are judged only when all of them are held back. The chance is the binomial tail
        P(X >= held) with the share of all rows that were held back before; one row is added to
        them, as a rule that never held back a row may do so tomorrow (Laplace 1774).
        """
        above = held > self.most * read
        many = above & (read >= LEAST) & (held > FEWEST)
        few = above & (read >= SMALLEST) & (read < LEAST) & (held == read)
        asked = few | (many & self.unlikely)
        usual = (int(then[1].sum()) + 1) / (int(then[0].sum()) + 1)
        rare = np.ones(len(held), dtype=np.bool_)
        rare[asked] = bdtrc(held[asked] - 1, read[asked], usual) < CHANCE
        found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (many | few) & rare
        return found
