"""Scorecards to files: every number with its interval, method, grade and source. Pure to bytes."""

from valuekit.report.build import FORMATS, KINDS, Report, build
from valuekit.report.stamp import Meta

__all__ = ["FORMATS", "KINDS", "Meta", "Report", "build"]
