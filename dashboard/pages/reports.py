"""The page as Streamlit runs it; what it draws is in dashboard/reports.py."""

from __future__ import annotations

from dashboard import reports

reports.page()
