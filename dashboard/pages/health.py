"""The page as Streamlit runs it; what it draws is in dashboard/health.py."""

from __future__ import annotations

from dashboard import health

health.page()
