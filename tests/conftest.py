"""What every test stands on: no network, the folder beside the project, a real browser."""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

PROJECT = Path(__file__).resolve().parents[1]
REQUIRE_ALL = os.environ.get("CI") == "true" or os.environ.get("VALUEKIT_REQUIRE_ALL") == "1"

# Time limits measure the machine, and a build that fails by chance tells nothing.
settings.register_profile("valuekit", deadline=None, derandomize=REQUIRE_ALL)
settings.load_profile("valuekit")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Collect without looking for garbage, and never look among what is there by then.

    Modules, cases and imports are half a million objects that live to the end: each full search
    through them takes longer than most tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores, for some of the time is spent in waits.

    For pages that draw themselves, disks, deadlines that must pass, processes that are killed.
    """
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 3


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Where files are shared out, the browser's go to one worker: one Chromium, one sample."""

    class ByBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = "tests/browser/"
            return folder if nodeid.startswith(folder) else super()._split_scope(nodeid)

    return ByBrowser(config, log) if config.getoption("dist") == "loadfile" else None


def _is_local(address: object) -> bool:
    """Whether a socket's address stays on this machine: loopback, or a path."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: object) -> Any:
        if not _is_local(address):
            message = f"a test reached for the network: {address!r}; only this machine is allowed"
            raise RuntimeError(message)
        return method(self, address)

    return connect


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Any:
    """Fail any connection that leaves this machine (processes that a test starts aside)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the project; a checkout alone has none."""
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no reference data: there is no folder 'shared' beside the project")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; a missing one fails where everything is required."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = "no Chromium on the PATH: install one (Debian: apt install chromium)"
        (pytest.fail if REQUIRE_ALL else pytest.skip)(reason)
    return found
