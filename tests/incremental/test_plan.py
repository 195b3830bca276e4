"""Which days depend on a change, and when only everything will do."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspaces import workspace
from valuekit.incremental.plan import FULL, NEAR, SLACK, Stored, plan, read_ranges, together
from valuekit.incremental.prints import NO_DAY, Folded, Print
from valuekit.incremental.survey import Part, Survey, Surveyed, changed, unpacked
from valuekit.workspace.declare import Model

FIRST = date(2026, 1, 1)
DAYS = 200


def model(**changes: object) -> Model:
    declared = {
        "predictions": {"table": "p", "id": "id", "time": "at", "score": "s", "unit": "u"},
        "outcomes": {"table": "o", "on": {"id": "pid"}, "time": "t", "window": "5d", "label": "y"},
    }
    return workspace({"m": declared | changes}).models["m"]


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def table(days: dict[int, int] | None = None, **changes: object) -> Surveyed:
    rows = dict.fromkeys(range(DAYS), 10) | (days or {})
    prints = {day(n).isoformat(): Print(count, count * 7) for n, count in rows.items() if count}
    made = Surveyed("c", timed=True, parts={"f": Part("s", 100, prints)})
    return replace(made, **changes)


def survey(**tables: Surveyed) -> Survey:
    both = {"predictions": table(), "outcomes": table()} | tables
    return Survey("duckdb 2", "declared", both)


STORED = Stored(survey(), FIRST)


def ranges(now: Survey, stored: Stored = STORED, **declared: object) -> tuple[tuple[int, int], ...]:
    found = plan(model(**declared), stored, now)
    assert found.whole == ""
    return tuple(((a - FIRST).days, (b - FIRST).days) for a, b in found.ranges)


def test_nothing_changed():
    assert plan(model(), STORED, survey()).idle


def test_an_outcome_dirties_its_window_on_both_sides():
    wide = 5 + SLACK
    assert ranges(survey(outcomes=table({150: 11}))) == ((150 - wide, 150 + wide),)


def test_a_prediction_dirties_everything_after_it():
    assert ranges(survey(predictions=table({190: 11}))) == ((190 - 5 - SLACK, DAYS - 1),)


def test_units_measured_through_their_predictions_look_two_windows_back():
    metric = {"metrics": {"spend": {"column": "x", "already_money": True}}}
    found = ranges(survey(outcomes=table({150: 11})), **metric)
    assert found == ((150 - 10 - SLACK, 150 + 10 + SLACK),)


def test_a_new_last_day_replaces_no_more_than_a_window():
    found = plan(model(), STORED, survey(predictions=table({DAYS: 10}), outcomes=table({DAYS: 9})))
    assert found.days == 5 + SLACK + 1
    assert found.rows < 0.4 * 2 * DAYS * 10


def test_a_day_that_is_gone_is_replaced():
    before = Stored(survey(predictions=table({DAYS: 10})), FIRST)
    found = ranges(survey(), before)
    assert found[-1][1] == DAYS


def test_since_adds_days():
    found = plan(model(), STORED, survey(), since=day(180))
    assert found.ranges == ((day(180), day(DAYS - 1)),)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (survey(predictions=table({0: 11})), "first days"),
        (survey(predictions=table({60: 11})), "most rows"),
        (survey(predictions=table({-1: 1})), "first day is not"),
        (survey(outcomes=table(timed=False, columns="c", parts={})), "no time"),
        (survey(outcomes=table(columns="other")), "columns"),
        (replace(survey(), declared="else"), "declaration"),
        (replace(survey(), engine="duckdb 3"), "software"),
        (Survey("duckdb 2", "declared", {"predictions": table()}), "tables"),
    ],
)
def test_what_cannot_be_bounded_is_computed_whole(now, why):
    assert why in plan(model(), STORED, now).whole


def test_rows_without_a_day():
    odd = table()
    prints = odd.parts["f"].days | {NO_DAY: Print(1, 1)}
    now = survey(predictions=replace(odd, parts={"f": Part("s", 1, prints)}))
    assert "without a usable time" in plan(model(), STORED, now).whole


def test_rows_of_the_future_wait_until_it_is_there():
    """A day is looked at again once it may have come in some zone, not every night before."""
    coming = day(190)
    stored = Stored(survey(), FIRST, future={"predictions": frozenset({coming, date(2099, 1, 1)})})
    midnight = datetime.combine(coming, time())
    early = plan(model(), stored, survey(), now=midnight - timedelta(days=SLACK + 1))
    assert early.idle
    found = plan(model(), stored, survey(), now=midnight - timedelta(hours=14))
    assert (found.changed["predictions"], found.idle) == (frozenset({coming}), False)
    assert plan(model(), stored, survey()).changed["predictions"] == stored.future["predictions"]


def test_ties_to_other_days():
    tied = replace(survey(), tied={"predictions": (day(150).isoformat(),)})
    altered = survey(predictions=table({150: 11}))
    assert "shares ids" in plan(model(), Stored(tied, FIRST), altered).whole
    far = replace(survey(), far=(day(185).isoformat(),))
    found = plan(model(), Stored(far, FIRST), survey(outcomes=table({190: 1}))).whole
    assert found == f"ids of the days to be read occur again far away: of {day(185)}"
    crossing = replace(survey(), crossing=(day(190).isoformat(),))
    late = survey(predictions=table({190: 11}))
    assert "another arm" in plan(model(), Stored(crossing, FIRST), late).whole


def test_first_run_full_and_outcomes_without_time():
    assert "no facts yet" in plan(model(), Stored(), survey()).whole
    assert plan(model(), STORED, survey(), full=True).whole == FULL
    untimed = model(outcomes={"table": "o", "on": {"id": "pid"}, "label": "y"})
    late = survey(predictions=table({190: 11}))
    assert plan(untimed, STORED, late).whole == "its outcomes have no time"
    assert plan(untimed, STORED, survey()).idle


BY_UNIT = {"table": "o", "on": {"unit": "u"}, "time": "t", "window": "5d", "label": "y"}
SPEND = {"metrics": {"spend": {"column": "x", "already_money": True}}}


@pytest.mark.parametrize(
    ("declared", "windows"),
    [({}, 1), ({"outcomes": BY_UNIT}, 2), (SPEND, 2)],
    ids=["outcomes name their prediction", "predictions share outcomes", "units have several"],
)
def test_read_ranges_reach_far_enough_for_credit(declared, windows):
    found = plan(model(**declared), STORED, survey(outcomes=table({150: 11})))
    (low, high), *_ = read_ranges(found.ranges, found.reach)
    assert (found.ranges[0][0] - low).days >= windows * 5 + NEAR
    assert (high - found.ranges[0][1]).days >= windows * 5 + NEAR


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9)), max_size=8), st.integers(0, 6))
def test_together_covers_the_same_days_and_keeps_gaps_apart(pairs, gap):
    given_ranges = [(day(a), day(a + n)) for a, n in pairs]
    made = together(given_ranges, gap)
    covered = {a + timedelta(days=k) for a, b in given_ranges for k in range((b - a).days + 1)}
    again = {a + timedelta(days=k) for a, b in made for k in range((b - a).days + 1)}
    assert covered <= again
    assert all((b[0] - a[1]).days > gap + 1 for a, b in pairwise(made))


def test_surveys_survive_the_store():
    one = replace(
        survey(), tied={"outcomes": ("2026-01-02",)}, far=("2026-01-03",), crossing=("x",)
    )
    assert unpacked(one.packed()) == one


@pytest.mark.parametrize("shape", ["lists", "objects"])
def test_surveys_of_older_stores_are_read(shape):
    """Days, rows and hashes were three lists of one part, and before that an object a day."""
    one = survey()
    held = json.loads(zlib.decompress(one.packed()))
    for table in held["tables"].values():
        for part in table["parts"].values():
            days = part["days"].split(",")
            rows, hashes = ([int(n) for n in part[key].split(",")] for key in ("rows", "hash"))
            part |= {"days": days, "rows": rows, "hash": hashes}
            if shape == "objects":
                each = zip(days, part.pop("rows"), part.pop("hash"), strict=True)
                part["days"] = {day: {"rows": n, "hash": h} for day, n, h in each}
    again = unpacked(zlib.compress(json.dumps(held).encode()))
    assert again == one
    assert unpacked(again.packed()) == one


def test_changed_days():
    found = changed(table(), table({5: 0, 6: 11, DAYS: 3}))
    assert found.new == {day(DAYS)}
    assert found.altered == {day(5), day(6)}
    assert not changed(table(), table())


def test_a_history_that_has_grown_is_compared_column_by_column():
    """New days at its end and one that is not the same, as one by one."""
    was = {day(n).isoformat(): Print(n + 1, 7 * n) for n in range(6)}
    for spoilt in (Print(9, 14), Print(3, 15), Print(9, 15)):
        now = was | {day(2).isoformat(): spoilt, day(6).isoformat(): Print(1, 1)}
        old, new = (Surveyed("c", timed=True, parts={"f": Part("s", 1, one)}) for one in (was, now))
        kept = unpacked(Survey("duckdb", "d", {"p": old}).packed()).tables["p"]
        found = changed(kept, new)
        assert (found.new, found.altered) == ({day(6)}, {day(2)})
        assert not changed(kept, old)
        assert changed(kept, Surveyed("c", timed=True, parts={"f": Part("s", 1, {})})).altered == {
            day(n) for n in range(6)
        }


prints = st.dictionaries(
    st.sampled_from([NO_DAY, *(day(n).isoformat() for n in range(6))]),
    st.builds(Print, st.integers(1, 3), st.integers(-(2**70), 2**70) | st.integers(0, 2)),
)


@given(st.lists(prints, min_size=1, max_size=3), st.lists(prints, min_size=1, max_size=3))
def test_stored_fingerprints_tell_the_same_days_as_the_ones_that_were_packed(old, new):
    """However many files: what the store keeps in lists is compared as the objects are."""
    was, now = (
        Surveyed("c", timed=True, parts={f"f{n}": Part("s", 1, one) for n, one in enumerate(some)})
        for some in (old, new)
    )
    kept = unpacked(Survey("duckdb", "d", {"p": was}, conflicts=False, future={}).packed())
    columns = Surveyed(
        "c",
        timed=True,
        parts={file: Part("s", 1, Folded.of(part.days)) for file, part in now.parts.items()},
    )
    assert kept.tables["p"] == was
    assert columns == now
    assert (columns == kept.tables["p"]) == (now == was)
    assert changed(kept.tables["p"], now) == changed(was, now)
    assert changed(kept.tables["p"], columns) == changed(was, columns) == changed(was, now)
    before, after = ({k: sum((p[k] for p in some if k in p), Print(0, 0)) for k in
                      {k for p in some for k in p}} for some in (old, new))  # fmt: skip
    unlike = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
    found = changed(kept.tables["p"], now)
    assert {one.isoformat() for one in found.days} == unlike - {NO_DAY}
    assert found.no_day == (NO_DAY in unlike)
    again = unpacked(kept.packed())
    assert again == kept
    ends = [day(n).isoformat() for n in range(6)]
    for first in ends:
        for last in ends:
            rows = sum(one.rows for when, one in now.days.items() if first <= when <= last)
            assert Folded.of(now.days).rows_on([(first, last)]) == rows
