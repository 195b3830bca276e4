"""Scorecards to files: every number with its interval, method, grade and source. Pure to bytes."""

from valuekit.report.build import FORMATS, KINDS, Meta, Report, build

__all__ = ["FORMATS", "KINDS", "Meta", "Report", "build"]
