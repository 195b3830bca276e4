"""Causal effects from moments of units: one estimator or check a file."""
