"""The page as Streamlit runs it; what it draws is in dashboard/model/."""

from __future__ import annotations

from dashboard.model import page

page.page()
