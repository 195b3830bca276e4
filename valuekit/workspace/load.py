"""Read ``valuekit.toml``: every mistake at once, each with file, line, key, rule and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from valuekit.errors import Finding, WorkspaceError
from valuekit.workspace.advice import advice
from valuekit.workspace.declare import Workspace
from valuekit.workspace.mistakes import mistakes
from valuekit.workspace.positions import Positions, positions
from valuekit.workspace.wording import Mistake

MAX_BYTES = 1_000_000
FILE = "valuekit.toml"

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_SQLITE = re.compile(r"^(sqlite(?:\+\w+)?:///)(?!/|:memory:|$)([^?]+)(.*)$")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workspace file that has been read and found valid.

    Attributes:
        workspace: What it declares.
        path: The file.
        folder: Its folder; relative paths of sources and of the store start there.
        positions: Line of every key, for messages about the data that it names.
        warnings: What is legal but makes figures weaker or unknown.
    """

    workspace: Workspace
    path: Path
    folder: Path
    positions: Positions
    warnings: tuple[Finding, ...] = ()

    @property
    def store_url(self) -> str:
        """Address of the value store; a relative SQLite path starts at the workspace's folder."""
        return store_url(self.workspace.workspace.store, self.folder)

    def place(self, *key: str | int) -> str:
        """Where a key is declared: ``valuekit.toml:12 models.churn.outcomes.window``."""
        return _place(self.path, self.positions, key)


def load(path: Path) -> Loaded:
    """Read and validate a workspace file.

    Args:
        path: The file, or the folder that holds ``valuekit.toml``.

    Returns:
        The workspace with the lines of its keys and its warnings.

    Raises:
        WorkspaceError: with every mistake found, in the order of the file.
    """
    path = path / FILE if path.is_dir() and (path / FILE).is_file() else path
    raw, where = _parse(path, _read(path))
    found = mistakes(raw)
    if found:
        found = (*found, *_kinds(raw))
        findings = [_finding(path, where, one) for one in found]
        lines = [where.line(one.path) for one in found]
        ordered = [one for _, one in sorted(zip(lines, findings, strict=True), key=_first)]
        raise WorkspaceError(*ordered)
    try:
        workspace = Workspace.model_validate(raw)
    except ValidationError as error:  # pragma: no cover - mistakes() has listed them all
        raise WorkspaceError(Finding(str(path), "", str(error), "Correct the file.")) from error
    warned = tuple(_finding(path, where, one) for one in advice(workspace))
    return Loaded(workspace, path, path.resolve().parent, where, warned)


def _kinds(raw: Mapping[str, object]) -> Iterator[Mistake]:
    """Sources of a kind that is not installed.

    By itself that is no mistake of the file: stored figures can be read where the connector is
    missing. It is told when the file is wrong anyway, so that nobody corrects it twice.
    """
    from valuekit.source import unknown_kind

    sources = raw.get("sources")
    for name, one in sources.items() if isinstance(sources, dict) else ():
        kind = one.get("kind") if isinstance(one, dict) else None
        if isinstance(kind, str) and (said := unknown_kind(name, kind)) is not None:
            path = ("sources", name, "kind")
            yield Mistake(path, said.value, said.rule, said.remedy, said.code)


def store_url(url: str, folder: Path) -> str:
    """The store's address with a relative SQLite path resolved against ``folder``.

    >>> store_url("sqlite:///values.db", Path("/srv/models"))
    'sqlite:////srv/models/values.db'
    >>> store_url("sqlite:///:memory:", Path("/srv/models"))
    'sqlite:///:memory:'
    """
    found = _SQLITE.match(url)
    if not found:
        return url
    scheme, file, options = found.groups()
    return f"{scheme}{(folder / file).resolve()}{options}"


def _first(pair: tuple[int, Finding]) -> int:
    return pair[0]


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            raise _refused(path, "is a folder without a valuekit.toml", _INIT, "no_file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            rule = f"a workspace file has at most {MAX_BYTES:,} bytes"
            remedy = "Give the path of a workspace file; data belong into sources."
            raise _refused(path, rule, remedy, "too_big", f"{size:,} bytes")
        data = path.read_bytes()
    except FileNotFoundError:
        raise _refused(path, "there is no such file", _INIT, "no_file") from None
    except OSError as error:
        rule = f"the file cannot be read: {error.strerror or error}"
        raise _refused(path, rule, "Check its permissions.", "unreadable") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        rule = f"the file is not UTF-8: wrong byte at offset {error.start}, line {line}"
        found = f"byte 0x{data[error.start]:02x}"
        raise _refused(path, rule, "Save it as UTF-8.", "not_utf8", found) from None


_INIT = "Give the path of a workspace file, or write one with `valuekit init`."


def _refused(path: Path, rule: str, remedy: str, code: str, value: str = "") -> WorkspaceError:
    return WorkspaceError(Finding(str(path), value, rule, remedy, code=code))


def _parse(path: Path, text: str) -> tuple[dict[str, object], Positions]:
    try:
        return tomllib.loads(text), positions(text)
    except tomllib.TOMLDecodeError as error:
        raise WorkspaceError(_syntax(path, text, str(error))) from None
    except RecursionError:
        rule = "lists or tables are nested too deeply"
        raise _refused(path, rule, "Use the tables of docs/workspace.md.", "too_deep") from None


def _syntax(path: Path, text: str, message: str) -> Finding:
    """A syntax error as a finding: line, the line's text and what usually helps."""
    lines = text.replace("\r\n", "\n").split("\n")
    at = _AT.search(message)
    number = int(at[1]) if at and at[1] else len(lines)
    rule = _AT.sub("", message)
    place = f"{path.name}:{number}"
    shown = shorten(lines[min(number, len(lines)) - 1].strip())
    if re.search(r"overwrite|already|twice|mutate|declare|[Dd]uplicate", rule):
        rule = f"a key or table is declared twice ({rule})"
        return Finding(place, shown, rule, "Keep one of the two.", code="duplicate_key")
    remedy = 'Text needs quotes ("..."), dates are 2026-01-31, lists are ["a", "b"].'
    return Finding(place, shown, f"not valid TOML: {rule}", remedy, code="toml_syntax")


def _place(path: Path, where: Positions, key: tuple[str | int, ...]) -> str:
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return f"{path.name}:{where.line(key)} {dotted.lstrip('.')}".rstrip()


def _finding(path: Path, where: Positions, one: Mistake) -> Finding:
    place = _place(path, where, one.path)
    return Finding(place, one.value, one.rule, one.remedy, one.severity, one.code)


def shorten(text: str, limit: int = 80) -> str:
    """Text fit for one line of a message: control characters escaped, long text cut."""
    safe = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return safe if len(safe) <= limit else f"{safe[: limit - 3]}..."
