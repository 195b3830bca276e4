"""How good predictions are, from binned scores, confusion counts and sums of errors."""
