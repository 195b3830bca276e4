"""Rows that were held back: what the rules mean, how much is too much, what may be shown."""
