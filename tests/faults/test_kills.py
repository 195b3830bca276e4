"""A refresh that is killed, at random and at every named step, tears nothing and holds nothing."""

from __future__ import annotations

import signal

from benchmarks.faults import tiny
from benchmarks.faults.kills import STEPS, Nursery, kill_at, storm
from valuekit.store import open_store

KILLS = 40


def test_forty_kills_at_random_moments_tear_nothing(tmp_path, url):
    found = storm(tiny.make(tmp_path, url), url, KILLS)
    assert found.torn == []
    assert len(found.seconds) == KILLS
    assert found.storing == KILLS // 2  # half of the kills fell while it stored


def test_a_kill_at_every_named_step_leaves_the_last_good_run(refreshed, url):
    with Nursery(refreshed.path) as nursery:
        for step in STEPS[:-1]:
            assert kill_at(nursery, step) == -signal.SIGKILL
            refreshed.kept()
            with open_store(url) as store:
                assert store.runs(1)[0].status == "running"
        # After the commit the run is good, whatever happens to its process.
        assert kill_at(nursery, STEPS[-1]) == -signal.SIGKILL
    with open_store(url) as store:
        assert store.latest_run().status == "ok"
        assert store.latest_run().id > refreshed.run
        assert tiny.figures(store) != refreshed.figures
        before = {one.id: one.cause for one in store.runs()}
    refreshed.clean()
    assert list(before.values()).count("killed") == len(STEPS) - 1
