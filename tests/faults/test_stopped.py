"""SIGTERM and SIGINT end a refresh as one that was stopped: noted, unlocked, with its own code."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.commands import run, sound
from valuekit.api import Workspace
from valuekit.running import StoppedAfter
from valuekit.store import Store

# A refresh that is in the middle of something long when it is asked to stop.
_LONG = """
import sys, time
from contextlib import closing
from pathlib import Path
import sqlalchemy as sa
from valuekit import refresh
from valuekit.source import open_connector

def inside(loaded, *_a, **_k):
    held = loaded.workspace
    engine = open_connector("files", held.sources["files"], loaded.folder, held)
    with closing(engine):
        Path(sys.argv[3]).with_name("inside").touch()
        {work}

refresh._computed = inside
from valuekit.entry import main
main()
"""
_WORK = {
    "engine": 'engine.run("long", sa.text("SELECT sum(hash(range)) FROM range(1000000000000)"))',
    "python": "time.sleep(300)",
}


def started(path: Path, work: str) -> subprocess.Popen[str]:
    """A refresh that has begun its run and computes."""
    code = _LONG.format(work=_WORK[work])
    words = ["refresh", "-w", str(path), "--log", str(path.with_name("log"))]
    made = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not path.with_name("inside").exists():
        assert made.poll() is None, made.communicate()
        time.sleep(0.05)
    time.sleep(1.0)  # well into it
    return made


@pytest.mark.parametrize("work", _WORK)
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGTERM, 143, "stopped by SIGTERM; the last good run is untouched\n"),
        (signal.SIGINT, 130, "stopped; the last good run is untouched\n"),
    ],
)
def test_a_refresh_that_is_asked_to_stop(
    own: Path, work: str, number: signal.Signals, code: int, said: str
) -> None:
    child = started(own, work)
    busy = run("refresh", "-w", str(own))
    assert busy.returncode == 75
    child.send_signal(number)
    if number == signal.SIGTERM:
        child.send_signal(number)  # impatience cuts nothing off
    out, err = child.communicate(timeout=30)
    sound(subprocess.CompletedProcess([], child.returncode, out, err))
    assert (child.returncode, out, err) == (code, "", said)
    (newest, _) = json.loads(run("runs", "-w", str(own), "--json").stdout)["runs"]
    assert (newest["status"], newest["cause"], newest["message"]) == (
        "failed",
        "stopped",
        "it was stopped",
    )
    lines = [json.loads(line) for line in own.with_name("log").read_text().splitlines()]
    assert [(one["event"], one.get("cause")) for one in lines] == [
        ("run_started", None),
        ("run_failed", "stopped"),
    ]
    assert run("refresh", "-w", str(own)).returncode == 0  # nothing is held


_WHILE_LOADING = """
import os, sys

class Loading:
    def find_spec(name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Loading)
from valuekit.entry import main
main()
"""
# Before and after the command line hears signals itself.
_LOADED = [
    "valuekit.cli",
    "typer",
    "rich.console",
    "pandas",
    "valuekit.cli.run",
    "sqlalchemy.engine",
]


@pytest.mark.parametrize("module", _LOADED)
@pytest.mark.parametrize(
    ("number", "code", "by"), [(signal.SIGTERM, 143, " by SIGTERM"), (signal.SIGINT, 130, "")]
)
def test_one_that_is_asked_before_it_has_begun(
    tmp_path: Path, module: str, number: signal.Signals, code: int, by: str
) -> None:
    """Loading takes a second or two, in which people find that it is the wrong command."""
    done = subprocess.run(
        [sys.executable, "-c", _WHILE_LOADING.format(module=module, number=int(number)), "refresh"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    said = f"stopped{by}; the last good run is untouched\n"
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)


# What a handler raises is lost in a weak reference's callback, among them the import system's.
_SWALLOWED = """
import os, sys
from valuekit import refresh

class Gone:
    def __del__(self):
        os.kill(os.getpid(), {number})
        for _ in range(1000): pass

computed = refresh._computed
def inside(*given, **named):
    if "{moment}" == "before":
        Gone()
    made = computed(*given, **named)
    if "{moment}" == "after":
        Gone()
    return made

refresh._computed = inside
if "{moment}" == "loading":
    import pandas
    class Loading:
        def find_spec(name, path, target=None):
            if name == "valuekit.cli.run":
                Gone()
    sys.meta_path.insert(0, Loading)
from valuekit.entry import main
main()
"""


@pytest.mark.parametrize("moment", ["loading", "before", "after"])
@pytest.mark.parametrize(
    ("number", "code", "by"), [(signal.SIGTERM, 143, " by SIGTERM"), (signal.SIGINT, 130, "")]
)
def test_one_whose_interruption_is_swallowed_stops_before_it_stores(
    own: Path, moment: str, number: signal.Signals, code: int, by: str
) -> None:
    given = _SWALLOWED.format(number=int(number), moment=moment)
    done = subprocess.run(
        [sys.executable, "-c", given, "refresh", "-w", str(own)],
        capture_output=True,
        text=True,
        check=False,
    )
    swallowed = moment != "loading"  # while a module is loaded nothing is raised
    assert ("KeyboardInterrupt" in done.stderr) == swallowed  # Python says what it swallowed
    assert done.stderr.endswith(f"stopped{by}; the last good run is untouched\n")
    assert (done.returncode, done.stdout) == (code, "")
    noted = json.loads(run("runs", "-w", str(own), "--json").stdout)["runs"]
    assert [one["status"] for one in noted] == [*["failed"] * (moment != "loading"), "ok"]


_IN_C = """
import os, sys

class Loading:
    def find_spec(name, path, target=None):
        if name == "_duckdb":
            def seen(frame, event, arg):
                if event == "call" and frame.f_code.co_name == "_create_":
                    sys.setprofile(None)
                    os.kill(os.getpid(), {number})
            sys.setprofile(seen)

sys.meta_path.insert(0, Loading)
from valuekit.entry import main
main()
"""


@pytest.mark.parametrize(
    ("number", "code", "by"), [(signal.SIGTERM, 143, " by SIGTERM"), (signal.SIGINT, 130, "")]
)
def test_a_module_in_c_that_is_loaded_aborts_nothing(
    own: Path, number: signal.Signals, code: int, by: str
) -> None:
    """The engine's makes enumerations in Python while it is loaded, within a run that has begun."""
    done = subprocess.run(
        [sys.executable, "-c", _IN_C.format(number=int(number)), "refresh", "-w", str(own)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        code,
        f"stopped{by}; the last good run is untouched\n",
    )
    assert done.stdout == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_impatience_does_not_change_the_exit_code(
    own: Path, number: signal.Signals, code: int
) -> None:
    child = started(own, "python")
    while child.poll() is None:
        child.send_signal(number)
        time.sleep(0.04)
    _, err = child.communicate(timeout=30)
    assert child.returncode == code
    assert err.count("stopped") == err.count("\n") == 1


_TALKS = """
from valuekit import cli
from valuekit.errors import Finding, ValuekitError

def ran():
    raise ValuekitError(*[Finding("place", "v" * 200, "rule", "remedy") for _ in range(3000)])

cli._ran = ran
from valuekit.entry import main
main()
"""


def test_one_that_nobody_listens_to_can_be_ended(tmp_path: Path) -> None:
    """A full pipe holds it; signals change nothing while it ends, but not for ever."""
    heard, told = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", _TALKS], stderr=told, cwd=tmp_path)
    while not select.select([heard], [], [], 0.1)[0]:
        assert child.poll() is None
    until = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < until:
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    left = child.poll()
    child.kill()
    child.wait()
    os.close(heard)
    os.close(told)
    assert left == -signal.SIGTERM


_RESTORE = """
import os, sys
from valuekit.store.store import Store

class Gone:
    def __del__(self):
        os.kill(os.getpid(), 2)
        for _ in range(1000): pass

fill = Store.fill
def filled(*given):
    Gone()
    return fill(*given)
Store.fill = filled
from valuekit.store import copy
backup = copy.backup
def backed(*given):
    Gone()
    return backup(*given)
copy.backup = backed
from valuekit.entry import main
main()
"""


def test_a_swallowed_interruption_keeps_a_restore_and_a_backup_from_being_made(
    own: Path, tmp_path: Path
) -> None:
    good, other = tmp_path / "good.db", tmp_path / "other"
    assert run("backup", str(good), "-w", str(own)).returncode == 0
    other.mkdir()
    (other / own.name).write_text(own.read_text().replace("values.db", "others.db"))
    for words in (["backup", str(tmp_path / "new.db"), "-w", str(own)],
                  ["restore", str(good), "-w", str(other / own.name)]):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", _RESTORE, *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (130, ""), done.stderr
        assert done.stderr.endswith("stopped; the last good run is untouched\n")
    assert not (tmp_path / "new.db").exists()
    assert run("restore", str(good), "-w", str(other / own.name)).returncode == 0  # it is empty


_AT = """
import os, sys
import valuekit.cli as cli
from valuekit import journal, refresh
from valuekit.cli import run
from valuekit.store import store
from valuekit.store.store import Store

def hit(call, after, number={number}):
    def wrapped(*words, **names):
        if not after:
            os.kill(os.getpid(), number)
        made = call(*words, **names)
        if after:
            os.kill(os.getpid(), number)
        return made
    return wrapped

{owner} = hit({owner}, {after})
from valuekit.entry import main
main()
"""
_BEGINS = [("Store.begin", True), ("refresh._moved", False), ("refresh._computed", False)]
_STORES = [("Store.commit", True), ("refresh.journal.stored", False)]
_TOLD = [("Store.close", True), ("run.complain", False)]


@pytest.mark.parametrize(
    ("owner", "after"), [*_BEGINS, ("Store._still_ours", True), *_STORES, *_TOLD]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_at_either_end_of_a_run_tells_what_became_of_it(
    own: Path, owner: str, after: bool, number: signal.Signals
) -> None:
    """A run that has begun is noted as stopped; one that is stored is no run that failed."""
    log = own.with_name("log")
    code = _AT.format(owner=owner, after=after, number=int(number))
    words = ["refresh", "-w", str(own), "--json", "--log", str(log)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + number, done.stderr
    by = " by SIGTERM" if number == signal.SIGTERM else ""
    listed = run("runs", "-w", str(own), "--json").stdout
    newest, before = json.loads(listed)["runs"]
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    (told,) = json.loads(done.stdout)["findings"]
    assert (before["status"], told["code"]) == ("ok", "stopped")
    if newest["status"] == "ok":
        assert (owner, after) in {*_STORES, *_TOLD}
        shown = f"run {newest['run']} was stored before it and is what is shown"
        assert done.stderr == f"stopped{by}; {shown}\n"
        assert told["rule"] == f"it was stopped; {shown}"
        assert json.loads(done.stdout)["run"] == newest["run"]
        assert events[-1] == "run_stored"
        assert events.count("run_stored") == 1
        assert "run_failed" not in events
    else:
        assert (owner, after) not in {*_STORES, *_TOLD}
        assert (newest["status"], newest["cause"]) == ("failed", "stopped")
        assert done.stderr == f"stopped{by}; the last good run is untouched\n"
        assert events[-1] == "run_failed"
    assert run("refresh", "-w", str(own)).returncode == 0  # nothing is held


def test_a_stop_when_the_result_is_told_adds_no_second_document(own: Path) -> None:
    code = _AT.format(owner="run.emit", after=True, number=int(signal.SIGINT))
    words = ["refresh", "-w", str(own), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (130, True)
    assert done.stderr == (
        f"stopped; run {told['run']} was stored before it and is what is shown\n"
    )


def test_a_run_that_was_undone_before_it_was_noted_has_not_begun(own: Path) -> None:
    log = own.with_name("log")
    before = json.loads(run("runs", "-w", str(own), "--json").stdout)["runs"]
    code = _AT.format(owner="store.heed", after=False, number=int(signal.SIGINT))
    words = ["refresh", "-w", str(own), "--json", "--log", str(log)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, json.loads(done.stdout)["run"]) == (130, None)
    (event,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (event["event"], event.get("run"), event["cause"]) == ("run_refused", None, "stopped")
    assert json.loads(run("runs", "-w", str(own), "--json").stdout)["runs"] == before
    assert run("refresh", "-w", str(own)).returncode == 0


def test_the_first_of_two_signals_names_the_stop_and_its_exit_code(own: Path) -> None:
    code = _AT.format(owner="Store.commit", after=True, number=int(signal.SIGTERM))
    second = f"cli._unrecorded = hit(cli._unrecorded, False, {int(signal.SIGINT)})\n"
    code = code.replace("from valuekit.entry", f"{second}from valuekit.entry")
    words = ["refresh", "-w", str(own)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.stderr.startswith("stopped by SIGTERM; run ")
    assert done.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_of_a_run_that_is_stored_the_store_is_asked_nothing_more(
    own: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stop: type
) -> None:
    """It may be busy; and a program may have its own way of being stopped."""
    caplog.set_level("INFO", "valuekit")
    commit = Store.commit

    def stopped(*given: object) -> None:
        commit(*given)
        raise stop

    def never(*_: object) -> None:
        raise AssertionError("what is stored cannot fail")

    monkeypatch.setattr(Store, "commit", stopped)
    monkeypatch.setattr(Store, "fail", never)
    held = Workspace.load(own)
    with pytest.raises(StoppedAfter if stop is KeyboardInterrupt else stop):
        held.refresh()
    events = [one.getMessage() for one in caplog.records]
    assert events[-1] == "run_stored"
    assert "run_failed" not in events
    with held.store() as store:
        assert store.runs(1)[0].status == "ok"


def test_a_stop_when_all_is_done_logs_the_run_once(
    own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "valuekit")

    def progress(model: str, text: str, _share: float) -> None:
        if (model, text) == ("", "done"):
            raise KeyboardInterrupt

    with pytest.raises(StoppedAfter):
        Workspace.load(own).refresh(progress=progress)
    events = [one.getMessage() for one in caplog.records]
    assert events.count("run_stored") == 1
    assert events[-1] == "run_stored"


_BUSY = """
print("ready", flush=True)
while not os.path.exists(sys.argv[1]):
    sum(range(1000))
"""
_TWICE = f"""
import os, sys
from valuekit.cli.stop import stoppable
with stoppable():
    {_BUSY.strip().replace(chr(10), chr(10) + "    ")}
print("over")
"""
_TWICE_LOADING = """
from valuekit.cli.stop import stoppable
with stoppable() as stop:
    try:
        with stop.listening():
            import busy
            while True:
                pass
    except KeyboardInterrupt:
        print("over")
"""


@pytest.mark.parametrize("code", [_TWICE, _TWICE_LOADING])
def test_a_signal_that_comes_while_another_is_heard_hangs_nothing(
    tmp_path: Path, code: str
) -> None:
    """As where a supervisor forwards what the terminal sends as well: one cuts off the other."""
    over = tmp_path / "over"
    (tmp_path / "busy.py").write_text(f"import os, sys\n{_BUSY}")
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(over)], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    until = time.monotonic() + 4  # a module that is loaded is waited for ten seconds
    for turn in range(3000):
        if time.monotonic() > until:
            break
        child.send_signal(signal.SIGINT)
        sum(range(turn % 60))
        child.send_signal(signal.SIGTERM)
        time.sleep(0.001)
    over.touch()
    try:
        assert child.communicate(timeout=30)[0] == "over\n"
    finally:
        child.kill()


_LOADED_BY_A_MODULE = """
import os, signal, time
from valuekit.cli.stop import stoppable
with stoppable() as stop:
    try:
        with stop.listening():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(8)
            print("not heard")
    except KeyboardInterrupt:
        print("heard")
"""


def test_a_command_that_a_module_runs_while_it_is_loaded_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(_LOADED_BY_A_MODULE)
    done = subprocess.run(
        [sys.executable, "-c", "import tool"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == "heard\n"


def test_a_process_that_is_told_to_ignore_it_goes_on(tmp_path: Path) -> None:
    """Who starts it so decides, as ``nohup`` does for another signal."""
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "from valuekit.cli.stop import stoppable\n"
        "with stoppable() as stop: os.kill(os.getpid(), signal.SIGTERM)\n"
        "print(stop.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "130\n"
