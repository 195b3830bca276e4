"""The pieces every page is laid out with. They write; they never load."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pandas as pd
import streamlit as st

from dashboard.charts.base import Spec
from dashboard.format import ascii_minus, plain, remark
from dashboard.palette import ACTIONS, GRADES, STATUSES
from dashboard.words import GLOSSARY
from valuekit.estimate import Grade
from valuekit.scorecard import Action, Status

_NARROW = 3  # columns that fit a phone with wrapped text
_AMOUNT = re.compile(r"(under )?[+−-]?\W?[\d][\d,.]*(k|M|bn)?( ?(%|[kMG]B|s|min|days?))?")
PORTFOLIO = "dashboard/pages/portfolio.py"
MODEL = "dashboard/pages/model.py"
REVIEW = "dashboard/pages/review.py"
REPORTS = "dashboard/pages/reports.py"
HEALTH = "dashboard/pages/health.py"


def headline(title: str, *lines: str) -> None:
    """The finding as the page's title, and under it period, range and source."""
    with st.container(gap="xxsmall"):
        st.title(plain(title, 220), anchor=False)
        for line in lines:
            if line:
                muted(line)


def muted(text: str, *, small: bool = False, limit: int = 600) -> None:
    """Secondary text, shown as typed, up to so many characters."""
    shown = f":gray[{remark(text, limit)}]"
    st.markdown(f":small[{shown}]" if small else shown)


@contextmanager
def card(title: str, sub: str = "") -> Iterator[None]:
    """A bordered card; its title states the result, its subtitle says what is shown."""
    with st.container(border=True, gap="small", height="stretch"):
        with st.container(gap=None):
            st.header(plain(title, 200), anchor=False)
            if sub:
                muted(sub, small=True)
        yield


def chart(spec: Spec, alt: str) -> None:
    """A finished specification with its numbers as text for who cannot see it."""
    st.vega_lite_chart(spec=spec, width="stretch", alt=alt)


def verdict(action: Action) -> None:
    """Icon, word and colour of a verdict."""
    word, colour, icon = ACTIONS[action]
    st.badge(word, color=_colour(colour), icon=icon)


def grade(value: Grade | None) -> None:
    """The grade of evidence as a badge with its meaning on hover."""
    colour, meaning = GRADES[value]
    label = f"Grade {value}" if value else "No grade"
    st.badge(label, color=_colour(colour), help=f"{label}: {meaning}.\n\n{GLOSSARY['grade']}")


def status(value: Status) -> None:
    """The result of a check as a badge."""
    word, colour, icon = STATUSES[value]
    st.badge(word, color=_colour(colour), icon=icon)


def status_mark(value: Status) -> str:
    """The same badge as Markdown, for the head of a text."""
    word, colour, icon = STATUSES[value]
    return f":{colour}-badge[{icon} {word}]"


def _colour(name: str) -> st.typing.Color:  # type: ignore[name-defined]
    return name


def empty(title: str, why: str, step: str = "", link: tuple[str, str] | None = None) -> None:
    """A place without content: what is missing, why, and what to do next."""
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.space("small")
        st.markdown(f"**{plain(title, 200)}**", width="content", text_alignment="center")
        if why:
            st.markdown(f":gray[{plain(why, 600)}]", width="content", text_alignment="center")
        if step:
            st.markdown(plain(step, 400), width="content", text_alignment="center")
        if link:
            st.page_link(link[0], label=link[1], icon=":material/arrow_forward:")
        st.space("small")


def listing(lines: Sequence[str]) -> None:
    """Remarks of other people's text as one list: a line each, without gaps between them."""
    st.markdown("\n".join(f"- {remark(one, 400)}" for one in lines))


def point(text: str, *, good: bool) -> None:
    """A line of a checklist: clear, or to be looked at; its text says which."""
    icon = ":blue[:material/check_circle:]" if good else ":red[:material/error:]"
    with st.container(horizontal=True, gap="xsmall", wrap=False):
        st.markdown(icon, width="content")
        st.markdown(plain(text, 200), width="stretch")


def note(text: str) -> None:
    """A remark inside a card, for a figure that is withheld or an empty section."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(":gray[:material/info:]", width="content")
        st.markdown(f":gray[{remark(text, 600)}]", width="stretch")


def change(text: str | None) -> str | None:
    """The change as Streamlit wants it, for the arrow to point the right way."""
    return ascii_minus(text) if text else None


def _in_numbers(cells: Iterable[str]) -> bool:
    """Whether a column is of amounts, which are read from the right; some may be unknown."""
    found = [one for one in cells if one not in {"", "–", "Unknown"}]
    return bool(found) and all(_AMOUNT.fullmatch(one) for one in found)


def table(rows: Sequence[Mapping[str, object]], alt: str) -> None:
    """A table of text. A wide one is a grid that scrolls by itself and by keyboard on a phone."""
    columns = list(rows[0]) if rows else []
    if len(columns) > _NARROW:
        frame = pd.DataFrame([{key: str(row[key]) for key in columns} for row in rows])
        right = st.column_config.TextColumn(alignment="right")
        numbers = {key: right for key in columns if _in_numbers(frame[key])}
        st.dataframe(
            frame,
            hide_index=True,
            width="stretch",
            height="content",
            column_config=numbers,
            alt=alt,
        )
        return
    shown = {plain(key): [plain(str(row[key]), 400) for row in rows] for key in columns}
    st.table(shown, border="horizontal", alt=alt, hide_index=True)
