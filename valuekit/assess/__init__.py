"""Facts of one model in, its scorecard out. Pure: no clock, no store, no source."""

from valuekit.assess.card import assess

__all__ = ["assess"]
