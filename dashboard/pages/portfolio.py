"""The page as Streamlit runs it; what it draws is in dashboard/portfolio.py."""

from __future__ import annotations

from dashboard import portfolio

portfolio.page()
