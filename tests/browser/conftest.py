"""The app as people see it: a real server on the sample workspace, a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests import once
from tests.conftest import PROJECT

FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--disable-background-networking",
)
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
# Streamlit looks for its base path below the page's own first; both answers are expected.
PROBES = ("/_stcore/health", "/_stcore/host-config")
DRAWN = """() => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
    .every(one => one.querySelector('canvas, svg'))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that they can be chosen or left out."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(workspace: Path) -> Iterator[str]:
    """The app served from another folder than the project's, as `valuekit app` does it."""
    port = free_port()
    code = "import sys; from pathlib import Path; from dashboard.serve import serve; "
    code += "sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2])))"
    path = os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", code, str(workspace), str(port)],
        cwd=workspace.parent,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            _await(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 (own server)
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start; exit code {server.poll()}")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workspace, refreshed once."""
    folder = tmp_path_factory.mktemp("browser") / "sample"
    shutil.copytree(once.sample(tmp_path_factory).parent, folder)  # pages write decisions
    return folder / "valuekit.toml"


@pytest.fixture(scope="session")
def address(chromium: str, sample: Path) -> Iterator[str]:
    """Where the sample is served."""
    with serving(sample) as served:
        yield served


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield made
        made.close()


@dataclass
class Tab:
    """A page with what went wrong in it."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, path: str) -> Tab:
        """Go to an address and wait until everything is drawn."""
        self.page.goto(self.base + path)
        return self.settle()

    def settle(self) -> Tab:
        """Wait until the script has run and every chart is drawn."""
        self.page.wait_for_selector("h1", timeout=30_000)
        self.page.wait_for_selector(READY, timeout=30_000)
        self.page.wait_for_function(DRAWN, timeout=30_000)
        return self

    def title(self) -> str:
        """The page's finding."""
        return self.page.locator("h1").first.inner_text().replace("\u2060", "")

    def serious(self) -> list[str]:
        """What axe-core finds serious or critical.

        Left out: the invisible highlight layer in Streamlit's own sparklines, which has a role but
        no name; the figure beside it carries the numbers.
        """
        left_out = {"exclude": [['[data-testid="stMetricChart"]']]}
        found = Axe().run(self.page, context=left_out).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]

    def overflow(self) -> int:
        """Pixels that the page could be scrolled sideways."""
        return int(
            self.page.evaluate(
                "(() => { const one = document.querySelector('[data-testid=\"stMain\"]');"
                " return Math.max(one.scrollWidth - one.clientWidth,"
                " document.documentElement.scrollWidth - innerWidth); })()"
            )
        )

    def shoot(self, name: str) -> None:
        """A picture of the whole page."""
        folder = (
            Path(os.environ.get("VALUEKIT_SCREENSHOTS", ""))
            if os.environ.get("VALUEKIT_SCREENSHOTS")
            else None
        )
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size
        assert size is not None
        height = self.page.evaluate(
            "document.querySelector('[data-testid=\"stMain\"]').scrollHeight"
        )
        self.page.set_viewport_size({"width": size["width"], "height": min(int(height), 12_000)})
        self.settle()
        self.page.wait_for_timeout(800)
        self.page.screenshot(path=str(folder / f"{name}.png"))
        self.page.set_viewport_size(size)


OpenTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Where all tabs live: a page that stays keeps the app compiled, most of a visit."""
    made = browser.new_context(locale="en-GB")
    yield made
    made.close()


@pytest.fixture
def open_tab(context: BrowserContext) -> Iterator[OpenTab]:
    """Open a tab of a size and colour scheme, as of somebody who was never here."""
    with ExitStack() as left:
        free = [one for one in context.pages if not one.is_closed()]

        def _open(base: str, size: str = "desktop", scheme: str = "light") -> Tab:
            page = free.pop() if free else context.new_page()
            width, height = SIZES[size]
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            left.callback(_forget, page)
            tab = Tab(page, base)
            for event, heard in _ears(tab).items():
                page.on(event, heard)
                left.callback(page.remove_listener, event, heard)
            return tab

        yield _open


def _ears(tab: Tab) -> dict[str, Callable[[Any], None]]:
    """What listens for all that may go wrong in a page."""

    def failed(error: Error) -> None:
        tab.errors.append(str(error))

    def asked(request: Request) -> None:
        local = (tab.base, tab.base.replace("http:", "ws:"), "data:", "blob:")
        if not request.url.startswith(local):
            tab.outside.append(request.url)

    def answered(answer: Response) -> None:
        if answer.status >= 400 and not answer.url.endswith(PROBES):
            tab.errors.append(f"{answer.status} {answer.url}")

    def said(one: ConsoleMessage) -> None:
        if one.type == "error" and "Failed to load resource" not in one.text:
            tab.errors.append(one.text)

    return {"pageerror": failed, "request": asked, "response": answered, "console": said}


def _forget(page: Page) -> None:
    """Leave nothing of a test to the next one: no script that runs, nothing that is remembered."""
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.context.clear_cookies()
    page.goto("about:blank")
