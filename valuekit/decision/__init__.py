"""The parts of a verdict: the case, the belief about its net value, the next trial, the words."""
