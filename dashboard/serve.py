"""Serve the dashboard on this machine: one process, one port, nothing fetched from outside."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import streamlit as st
import uvicorn
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from streamlit.web import bootstrap

from valuekit.running import heed

HOST = "127.0.0.1"
WORKSPACE = "VALUEKIT_WORKSPACE"
_HERE = Path(__file__).parent
_WARM = (
    "altair",
    "babel.numbers",
    "dashboard.portfolio",
    "dashboard.model.page",
    "dashboard.review",
    "dashboard.reports",
    "dashboard.health",
)


def options(port: int) -> dict[str, object]:
    """Streamlit's settings: local, quiet, themed from the package's own files.

    They are passed as flags, so they hold from whatever folder the server is started.
    """
    return {
        "server.address": HOST,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": 1,
        "server.maxMessageSize": 50,
        "server.disconnectedSessionTTL": 60,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": HOST,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "theme.base": str(_HERE / "theme.toml"),
    }


def serve(workspace: Path, port: int, *, open_browser: bool = False) -> int:
    """Serve the workspace's dashboard until interrupted.

    Args:
        workspace: The ``valuekit.toml``; it is read by the pages, so it may still be missing.
        port: Port on 127.0.0.1.
        open_browser: Open the address once the server listens.

    Returns:
        Exit code: 0 after an orderly stop, 1 when the port is taken.
    """
    listener = _listen(port)
    if listener is None:
        sys.stderr.write(
            f"Port {port} on {HOST} is taken by another program. "
            "Stop it, or choose another port: valuekit app --port 8502\n"
        )
        return 1
    os.environ[WORKSPACE] = str(workspace.resolve())
    bootstrap.load_config_options({_flag(key): value for key, value in options(port).items()})
    app = st.App(
        _HERE.parent / "app.py",
        lifespan=_warm,
        routes=[Mount("/app/static", StaticFiles(directory=_HERE / "static"))],
    )
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    sys.stdout.write(f"Dashboard: {address}  (Ctrl+C stops it)\n")
    sys.stdout.flush()
    if open_browser:
        threading.Timer(1.0, webbrowser.open, (address,)).start()
    heed()
    with listener:
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
    return 0


def _flag(key: str) -> str:
    return key.replace(".", "_")


def _listen(port: int) -> socket.socket | None:
    """A listening socket, or None when the port is taken: tried here, not after the start-up."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # A port left in TIME_WAIT by the last server is free; one with a listener is not.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(128)
    except OSError:
        made.close()
        return None
    return made


@asynccontextmanager
async def _warm(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Import what pages need before the first visitor, then hide it from the collector.

    Streamlit collects garbage after every script run; without the freeze each run would walk
    all imported modules.
    """
    for name in _WARM:
        import_module(name)
    gc.collect()
    gc.freeze()
    yield {}
