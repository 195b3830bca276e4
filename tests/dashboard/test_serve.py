from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import pytest

from dashboard import serve as door
from tests.conftest import PROJECT


def test_a_taken_port_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert door.serve(tmp_path / "valuekit.toml", port) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"Port {port}" in said
    assert "--port" in said


def test_served_locally_and_quietly() -> None:
    given = door.options(8501)
    assert given["server.address"] == "127.0.0.1"
    assert given["browser.gatherUsageStats"] is False
    assert given["client.showErrorDetails"] == "none"
    assert given["server.fileWatcherType"] == "none"


def test_every_font_of_the_theme_is_shipped_and_small() -> None:
    theme = tomllib.loads(Path(str(door.options(1)["theme.base"])).read_text())["theme"]
    files = [PROJECT / "dashboard/static" / Path(one["url"]).name for one in theme["fontFaces"]]
    assert len(files) == 4
    assert sum(one.stat().st_size for one in files) < 150_000
    assert (PROJECT / "dashboard/static/OFL.txt").is_file()
    assert "http" not in Path(str(door.options(1)["theme.base"])).read_text()


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["BLUE", "ORANGE", "GREEN", "PURPLE", "OCHRE", "GRAY", "MUTED"])
def test_chart_colours_can_be_seen_on_both_backgrounds(name: str, scheme: str) -> None:
    from dashboard import palette

    theme = tomllib.loads(Path(str(door.options(1)["theme.base"])).read_text())["theme"]
    pair = [_luminance(getattr(palette, name)), _luminance(theme[scheme]["backgroundColor"])]
    # MUTED draws zero lines and connectors only; WCAG asks 3:1 of marks that carry meaning.
    assert (max(pair) + 0.05) / (min(pair) + 0.05) >= (2.9 if name == "MUTED" else 3.0)
