"""Designed states: nothing to show, and why; figures that are old; a run that failed."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from dashboard import data, ui
from dashboard.evidence_words import sentence
from dashboard.format import moment, plain, plural, remark
from valuekit.errors import Finding
from valuekit.text import listed

_EMPTY = {
    "no workspace": (
        "There is no workspace yet",
        "A workspace file says where predictions, outcomes and costs lie.",
        ("valuekit init", "Then edit valuekit.toml and run: valuekit check, valuekit refresh."),
    ),
    "never refreshed": (
        "No figures yet: this workspace was never refreshed",
        "A refresh reads the sources, computes the figures and keeps them in the store.",
        ("valuekit refresh", "Then reload this page."),
    ),
    "failed": (
        "No figures yet: the first refresh failed",
        "Nothing was stored. Correct what it found, then refresh again.",
        ("valuekit refresh", "Then reload this page."),
    ),
    "store": (
        "The value store cannot be read",
        "The figures are kept in a store beside the workspace. Nothing in it was changed.",
        ("valuekit doctor", "It checks the workspace, its sources and the store, and says more."),
    ),
}
_CAUSE, _BRIEFLY = 2_000, 160  # characters: the remedy stands at a message's end
_FAULTS = 5  # the others stand below, with the runs
_WIDTH = 760  # pixels; lines across a whole desktop are hard to read


def require() -> data.Snapshot:
    """The last good run, or a page that says what is missing; then the script stops."""
    found = data.snapshot()
    if isinstance(found, data.Trouble):
        _trouble(found)
        st.stop()
    return found


def _trouble(found: data.Trouble) -> None:
    if found.kind == "mistakes":
        number = plural(len(found.findings), "mistake")
        ui.headline(
            f"The workspace file has {number}", f"{found.place} was not loaded: nothing is shown."
        )
        _findings(found.findings)
        st.markdown("Correct the file, then run this to check it against the real tables:")
        st.code("valuekit check", language=None)
        return
    shown = tuple(one for one in found.findings if one.code != "not_refreshed" and one.value)
    failed = found.kind == "never refreshed" and bool(shown)
    title, why, (command, after) = _EMPTY["failed" if failed else found.kind]
    ui.headline(title, why)
    # What was found and its remedy come before the general advice: it is the way out.
    if failed:
        with st.container(border=True, width=_WIDTH):
            st.markdown(plain(_stopped(shown[0].value), _CAUSE))
    elif found.kind != "no workspace":
        _findings(shown)
    with st.container(border=True, width=_WIDTH):
        st.markdown("Run this in a terminal:")
        st.code(command, language=None)
        ui.muted(after)
        ui.muted(f"Workspace: {found.place}", small=True)


def _findings(findings: tuple[Finding, ...]) -> None:
    for one in findings:
        with st.container(border=True, gap="xxsmall", width=_WIDTH):
            st.markdown(f"**{_said(one.rule)}**")
            ui.muted(one.place, small=True)
            if one.value:
                ui.muted(f"Found: {one.value}", small=True)
            if one.remedy:
                st.markdown(_said(one.remedy))


def _stopped(text: str) -> str:
    """The message of a run with its full stop; it may begin with a key, which keeps its case."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _said(text: str) -> str:
    """A finding's text as a sentence; backticks, which a terminal shows as they are, as quotes."""
    return plain(sentence(text).replace("`", "'"), 400)


def banners(shot: data.Snapshot, *, whole: bool = False) -> None:
    """What a reader must know before believing the figures: a failed run, old data, gaps.

    Args:
        shot: What is shown.
        whole: Whether the cause of a failed run is told with its remedy, for whoever mends it;
            else in a line that leads there.
    """
    made = moment(shot.finished)
    cut = data.cut_off(shot)
    if cut is not None:
        st.warning(
            plain(
                f"The process of run {cut.id} ended before the run did: it was killed, or the "
                f"machine stopped. The figures below are the last good ones, of {made}. "
                "Run: valuekit refresh",
                400,
            ),
            title=plain(f"The refresh of {moment(cut.started)} was interrupted"),
            icon=":material/sync_problem:",
        )
    if shot.failed is not None:
        at = moment(shot.failed.finished or shot.failed.started)
        why = _stopped(shot.failed.message or "No reason was recorded")
        kept = f"The figures below are the last good ones, of {made}."
        told = plain(why, _BRIEFLY)
        if whole:  # a paragraph a fault
            told = "\n\n".join(remark(one, _CAUSE) for one in why.splitlines()[:_FAULTS])
        st.error(
            f"{plain(kept)}\n\n{told}" + ("" if whole else " All of it: the page Data health."),
            title=plain(f"The {'refresh before it' if cut else 'last refresh'} failed at {at}"),
            icon=":material/sync_problem:",
        )
    elif cut is None and data.age_hours(shot) > data.STALE_HOURS:
        days = plural(int(data.age_hours(shot) // 24), "day")
        st.warning(
            plain(f"They were made on {moment(data.oldest(shot))}. Run: valuekit refresh"),
            title=f"{'These' if _together(shot) else 'Some'} figures are {days} old",
            icon=":material/schedule:",
        )
    for text in data.not_refreshed(shot):
        st.warning(plain(text, 400), icon=":material/sync_problem:")
    if shot.pending:
        titles = listed([title for _, title in shot.pending])
        st.info(
            plain(f"Not refreshed yet, so not shown: {titles}. Run: valuekit refresh", 400),
            icon=":material/hourglass_empty:",
        )


def _together(shot: data.Snapshot) -> bool:
    """Whether all figures are as old as the oldest, to a day."""
    return shot.finished - data.oldest(shot) <= timedelta(days=1)


def footer(shot: data.Snapshot) -> None:
    """Where the figures come from, on every page."""
    made = moment(shot.finished)
    ui.muted(
        f"{shot.name}. Run {shot.run.id} of {made}. {data.fresh(shot)} Money in {shot.currency}.",
        small=True,
    )


def unknown_model(shot: data.Snapshot) -> None:
    """The address asks for a model that has no figures: which, why, and the way on."""
    asked = st.query_params.get("model", "")
    ui.headline("This workspace has no such model", f"The address asks for: {asked[:80]}")
    pending = dict(shot.pending)
    if asked in pending:
        why = f"{pending[asked]} is declared but has not been refreshed yet."
        step = "Run: valuekit refresh"
    else:
        why = "It may have been renamed or removed from valuekit.toml."
        step = "Pick a model above."
    ui.empty("No figures under this name", why, step, (ui.PORTFOLIO, "Go to the portfolio"))
