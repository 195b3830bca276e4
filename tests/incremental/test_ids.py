"""Ids of a new file: which others of a long history may have one of them, and what comes of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connectors.sql import dedupe
from tests.incremental.daily import DAYS, EACH, START, WINDOW, Daily, Nights, name, stamped
from tests.incremental.lake import NOW
from valuekit.errors import ValuekitError
from valuekit.incremental.prints import NO_DAY, Print
from valuekit.incremental.survey import Part, Survey, Surveyed, unpacked
from valuekit.store import tables

Name = st.integers(0, 40)


@pytest.fixture(autouse=True)
def _finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as finished at once, so that unchanged ones are not read again."""
    monkeypatch.setattr("connectors.sql.survey.SETTLED", 0)
    monkeypatch.setattr("connectors.files.Files.parts", stamped)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights(tmp_path_factory.mktemp("nights"))


@pytest.fixture
def daily(tmp_path: Path, nights: Nights, request: pytest.FixtureRequest) -> Daily:
    return nights.first(tmp_path, request.param)


every_kind = pytest.mark.parametrize("daily", ["number", "text", "random"], indirect=True)


@every_kind
def test_a_new_day_looks_where_its_ids_may_be(daily):
    daily.write(DAYS)
    why, statements = daily.refreshed(1)
    assert "days that depend" in why
    looked = "days that share ids of predictions" in statements
    assert looked == (daily.kind == "random")
    assert not re.search("count predictions|count outcomes", statements)


@pytest.mark.parametrize("daily", ["number"], indirect=True)
@pytest.mark.parametrize("strange", [False, True])
def test_files_of_all_days_are_opened_only_for_an_outcome_that_met_nobody(daily, strange):
    stranger = daily.outcomes(DAYS).iloc[[4]].assign(oid=-1, pid=-1)
    daily.write(DAYS, "o", *([stranger] if strange else []))
    why, statements = daily.refreshed(1)
    assert "days that depend" in why
    assert statements.split("\n").count("typed_p") == 1 + strange


@pytest.mark.parametrize(
    ("daily", "table", "old", "same_content"),
    [
        ("number", "p", 3, True),
        ("number", "o", 3, False),
        ("random", "p", 3, False),
        ("random", "o", 3, True),
        ("text", "p", DAYS, False),
        ("number", "o", DAYS, True),
    ],
    indirect=["daily"],
)
def test_an_id_that_comes_again_is_found_however_old(daily, table, same_content, old):
    rows = daily.predictions(old) if table == "p" else daily.outcomes(old)
    again = rows.iloc[[4]].copy()
    if not same_content:
        again["score" if table == "p" else "y"] = 0.123 if table == "p" else 7
    if old == DAYS:  # twice in the new file itself
        daily.write(DAYS, table, again)
    else:
        clock = "at" if table == "p" else "when"
        again[clock] = START + timedelta(days=DAYS, hours=2)
        daily.write(DAYS, table, again)
    daily.refreshed(1)
    with daily.space.store() as store:
        intake = store.facts("m", "intake")
    source = "predictions" if table == "p" else "outcomes"
    rules = intake[intake["source"] == source].groupby("rule")["rows"].sum()
    # Its time is not of an id's content.
    expected = {True: ("duplicate", 1), False: ("conflicting_duplicate", 2)}[same_content]
    assert rules.get(expected[0]) == expected[1]
    # And the night after, with ids known to come again.
    daily.write(DAYS + 1)
    daily.refreshed(2)


@pytest.mark.parametrize("daily", ["number", "text"], indirect=True)
@pytest.mark.parametrize("table", ["p", "o"])
def test_an_accepted_row_and_one_held_back_of_the_same_day_share_an_id(daily, table):
    rows = daily.predictions(DAYS) if table == "p" else daily.outcomes(DAYS)
    daily.write(DAYS, table, rows.iloc[[4]].assign(**{"score" if table == "p" else "y": 7}))
    _, statements = daily.refreshed(1)
    source = "predictions" if table == "p" else "outcomes"
    assert f"count ids of {source}" in statements  # in neither of the two groups does it come again
    with daily.space.store() as store:
        intake = store.facts("m", "intake")
    held = intake[(intake["source"] == source) & (intake["rule"] == "conflicting_duplicate")]
    assert held["rows"].tolist() == [2]


@every_kind
def test_a_row_that_is_held_back_stays_so_the_night_after(daily):
    bad = daily.predictions(DAYS).iloc[[0]].assign(id=name(daily.kind, 10**6), score=7.0)
    daily.write(DAYS, "p", bad)
    _, statements = daily.refreshed(1)
    daily.write(DAYS + 1)
    daily.refreshed(2)
    with daily.space.store() as store:
        intake = store.facts("m", "intake")
    held_back = intake[intake["rule"] == "bad_score"]
    assert (held_back["rows"].sum(), set(held_back["day"].dt.date)) == (
        1,
        {(START + timedelta(days=DAYS)).date()},
    )
    assert statements


@pytest.mark.parametrize("daily", ["number"], indirect=True)
def test_of_sound_sources_only_the_new_day_is_judged(daily, monkeypatch):
    judged: dict[str, int] = {}
    counts = dedupe._by_the_way

    def watched(work, part, source, read, *, has_id):
        found = counts(work, part, source, read, has_id=has_id)
        judged[source] = int(work.engine.queries[-1].rows)
        assert len(set(found.rules["day"])) > 1
        return found

    monkeypatch.setattr(dedupe, "_by_the_way", watched)
    daily.write(DAYS)
    daily.refreshed(1)
    assert judged == {"predictions": 1, "outcomes": 1}  # one day, one rule


@pytest.mark.parametrize("daily", ["number"], indirect=True)
@pytest.mark.parametrize("source", ["predictions", "outcomes"])
def test_stored_counts_that_are_not_true_are_found(daily, source):
    """They are taken over for days on which nothing changed, and held against other counts."""
    table = tables.fact_tables["intake"]
    day = (START + timedelta(days=DAYS - 2)).date()
    store = sa.create_engine(f"sqlite:///{daily.space.loaded.folder / 'valuekit.db'}")
    with store.begin() as connection:
        lied = sa.update(table).where(table.c.source == source, table.c.day == day)
        assert connection.execute(lied.values(rows=table.c.rows + 1)).rowcount
    daily.write(DAYS)
    with pytest.raises(ValuekitError) as error:
        daily.space.refresh(now=NOW + timedelta(hours=1))
    assert error.value.findings[0].code in {"rows_lost", "conservation", "unaccounted"}


@pytest.mark.parametrize("pick", ["first", "last", "sum"])
@pytest.mark.parametrize("back", [1, WINDOW - 1, WINDOW + 3])
def test_a_second_outcome_of_a_prediction_takes_its_credit_or_not(tmp_path, nights, pick, back):
    """The first one in all history, of a prediction of some days before; then a night as usual."""
    made = nights.first(tmp_path, "number", f'pick = "{pick}"')
    second = made.outcomes(DAYS).iloc[[0]].assign(oid=10**6, pid=(DAYS - back) * EACH, y=1)
    made.write(DAYS, "o", second)
    why, _ = made.refreshed(1)
    assert "days that depend" in why
    made.write(DAYS + 1)
    made.refreshed(2)
    with made.space.store() as store:
        intake = store.facts("m", "intake")
    rows = intake[intake["source"] == "outcomes"].groupby("rule")["rows"].sum()
    late = back > WINDOW
    assert rows.get("outside_window", 0) == late
    assert rows.get("uncredited", 0) == (not late and pick != "sum")


def part(ids: list[int], days: list[int]) -> Part:
    prints = {iso(one): Print(1, 1) for one in days}
    return Part("s", 1, prints, (min(ids), max(ids)) if ids else None)


def iso(number: int) -> str:
    return (date(2026, 1, 1) + timedelta(days=number)).isoformat()


files = st.lists(
    st.tuples(st.lists(Name, max_size=4), st.lists(st.integers(0, 9), min_size=1, max_size=3)),
    min_size=1,
    max_size=6,
)


@given(files, st.sets(st.integers(0, 9), min_size=1, max_size=3))
def test_no_file_is_left_out_that_has_an_id_of_the_changed_days(made, days):
    """Whatever lies in the files: rows of any of their days may have any of their ids."""
    parts = {f"f{place}": part(*one) for place, one in enumerate(made)}
    table = Surveyed("c", timed=True, parts=parts)
    asked = frozenset(date(2026, 1, 1) + timedelta(days=one) for one in days)
    found = table.sharing(asked)
    changed = [set(ids) for ids, there in made if set(there) & days]
    for place, (ids, there) in enumerate(made):
        elsewhere = set(there) - days
        shares = any(set(ids) & one for one in changed)
        if elsewhere and shares:
            assert found is None or f"f{place}" in found


def test_files_whose_ids_are_not_known_are_looked_at():
    new = part([90, 99], [9])
    old, unknown = part([1, 9], [1]), Part("s", 1, {iso(2): Print(1, 1)})
    lines = Part("", 0, {NO_DAY: Print(1, 1)})
    table = Surveyed("c", timed=True, parts={"a": old, "b": unknown, "c": new, "(lines)": lines})
    asked = frozenset({date(2026, 1, 10)})
    assert table.sharing(asked) == ("b",)
    database = Surveyed("c", timed=True, parts={"": new})
    assert database.sharing(asked) is None
    kept = unpacked(Survey("e", "d", {"p": table}, repeats=("p",), faulty=()).packed())
    assert (kept.tables["p"].sharing(asked), kept.repeats, kept.faulty) == (("b",), ("p",), ())


def test_a_store_of_an_older_version_looks_everywhere(daily_without_ids):
    daily_without_ids.write(DAYS)
    _, statements = daily_without_ids.refreshed(1)
    assert "days that share ids of predictions" in statements


@pytest.fixture
def daily_without_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Daily:
    made = Daily(tmp_path, "number")
    with monkeypatch.context() as patched:
        patched.setattr("connectors.sql.survey._range", lambda _ids: None)
        made.space.refresh(now=NOW)
    return made
