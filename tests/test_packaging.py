"""The project installs the same everywhere: locks are whole, and what is declared is there."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
LOCKS = ("runtime", "dev")
PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text())
# A scheme, a drive's or a root's path, or a name that ends like a host: none belongs into a lock.
ADDRESS = re.compile(
    r"[a-z+]+://|\bfile:|(^|\s)[~/]\S|\s[A-Z]:\\|\b[\w-]+\.(org|com|io|net)\b|index-url"
)


def lock_text(name: str) -> str:
    return (PROJECT / "requirements" / f"{name}.txt").read_text()


def locked(name: str) -> dict[str, set[str]]:
    """Versions by package: one a line, several where Pythons differ."""
    versions: dict[str, set[str]] = {}
    for package, version in re.findall(
        r"^([a-z0-9.-]+)(?:\[.*?\])?==(\S+)", lock_text(name), re.MULTILINE
    ):
        versions.setdefault(package, set()).add(version)
    return versions


def package_name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement)[0]).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_lock_carries_no_address(name: str) -> None:
    lines = [line for line in lock_text(name).splitlines() if ADDRESS.search(line)]
    assert lines == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    logical = re.sub(r"\\\n\s*", " ", lock_text(name))
    requirements = [line for line in logical.splitlines() if re.match(r"[^\s#]", line)]
    assert len(requirements) > 50
    without = [
        r.split()[0] for r in requirements if not re.search(r"--hash=sha256:[0-9a-f]{64}", r)
    ]
    assert without == []
    assert [r.split()[0] for r in requirements if "==" not in r.split()[0]] == []


def test_declared_dependencies_are_locked() -> None:
    project = PROJECT_FILE["project"]
    groups = PROJECT_FILE["dependency-groups"]
    runtime = {package_name(r) for r in [*project["dependencies"], *groups["build"]]}
    extras = {package_name(r) for rs in project["optional-dependencies"].values() for r in rs}
    tools = {package_name(r) for r in groups["dev"]}
    assert runtime - locked("runtime").keys() == set()
    assert (runtime | extras | tools) - locked("dev").keys() == set()


def test_build_backend_is_locked() -> None:
    needed = {package_name(r) for r in PROJECT_FILE["build-system"]["requires"]}
    assert needed <= locked("runtime").keys()


def test_both_locks_agree() -> None:
    dev = locked("dev")
    assert {p: v for p, v in locked("runtime").items() if dev.get(p) != v} == {}


def test_command_resolves() -> None:
    (command,) = entry_points(group="console_scripts", name="valuekit")
    assert callable(command.load())


def test_connectors_resolve() -> None:
    declared = PROJECT_FILE["project"]["entry-points"]["valuekit.connectors"]
    found = {point.name: point for point in entry_points(group="valuekit.connectors")}
    assert declared.items() <= {name: point.value for name, point in found.items()}.items()
    assert all(isinstance(found[name].load(), type) for name in declared)


def test_wrong_usage_exits_with_two() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from valuekit.cli import main; main()", "no-such-verb"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_pages_load_no_statistics() -> None:
    code = (
        "import importlib, pkgutil, sys, dashboard\n"
        "for m in pkgutil.walk_packages(dashboard.__path__, 'dashboard.'):\n"
        "    if not m.name.startswith('dashboard.pages'): importlib.import_module(m.name)\n"
        "print(sorted({'statsmodels', 'connectors', 'ruptures'} & sys.modules.keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=PROJECT, text=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "address", [("192.0.2.1", 443), ("example.org", 443), ("2001:db8::1", 443)]
)
def test_tests_cannot_reach_the_network(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with (
        socket.socket(family) as probe,
        pytest.raises(RuntimeError, match="reached for the network"),
    ):
        probe.connect(address)


def test_tests_reach_this_machine() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()


def test_what_the_library_raises_can_be_caught_by_its_name(tmp_path: Path) -> None:
    import valuekit

    with pytest.raises(valuekit.ValuekitError) as caught:
        valuekit.Workspace.load(tmp_path / "none.toml")
    assert [one.code for one in caught.value.findings] == ["no_file"]
