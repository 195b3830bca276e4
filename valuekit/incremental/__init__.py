"""What changed in the sources since the last run, and which days depend on it."""
