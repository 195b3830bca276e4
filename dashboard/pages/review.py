"""The page as Streamlit runs it; what it draws is in dashboard/review.py."""

from __future__ import annotations

from dashboard import review

review.page()
