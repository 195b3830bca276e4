"""Runs that are killed, raced and starved, on real stores."""
