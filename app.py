"""The web door: theme, logo and navigation. What pages show is in dashboard/."""

from __future__ import annotations

import gc
from pathlib import Path

import streamlit as st

from dashboard import ui

_STATIC = Path(__file__).parent / "dashboard" / "static"


@st.cache_resource(show_spinner=False)
def _warm_up() -> bool:
    """Move what is imported out of reach of the collection that follows every script run."""
    gc.collect()
    gc.freeze()
    return True


def main() -> None:
    """Draw the frame and run the chosen page."""
    st.set_page_config(page_title="valuekit", page_icon=str(_STATIC / "favicon.png"), layout="wide")
    st.html(_STATIC / "dashboard.css")
    st.logo(str(_STATIC / "logo.svg"), size="medium")
    chosen = st.navigation(
        [
            st.Page(ui.PORTFOLIO, title="Portfolio", icon=":material/dashboard:", default=True),
            st.Page(ui.MODEL, title="Model", icon=":material/query_stats:", url_path="model"),
            st.Page(ui.REVIEW, title="Keep or retire", icon=":material/rule:", url_path="review"),
            st.Page(ui.REPORTS, title="Reports", icon=":material/description:", url_path="reports"),
            st.Page(
                ui.HEALTH,
                title="Data health",
                icon=":material/health_and_safety:",
                url_path="health",
            ),
        ],
        position="top",
    )
    chosen.run()
    _warm_up()


main()
