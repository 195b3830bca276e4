"""Where each key of a TOML text stands: path -> line.

``tomllib`` gives values without positions. This scanner walks a text that ``tomllib`` has already
accepted, so it has to find keys and step over values, not to judge them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True, slots=True)
class Positions:
    """Lines of keys, tables and array elements; lines count from 1.

    Attributes:
        lines: Path of keys and indexes -> line where it is written. A table that is written
            several times (``[a.b]`` before ``[a]``) has the line of its own header.
    """

    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        r"""Line of a path, or of its nearest written ancestor; 1 when there is none.

        >>> positions("a = 1\nb = [\n  2,\n]").line(("b", 0))
        3
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def positions(text: str) -> Positions:
    """Lines of everything that is named in a valid TOML text.

    Args:
        text: TOML that ``tomllib.loads`` accepts.

    Returns:
        A position for every key, table and array element.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return Positions(scanner.lines)


class _Scanner:
    """A cursor over the text; every method leaves it behind what it has read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._implied: set[Path] = set()  # tables known only as parents of others
        self._elements: dict[Path, int] = {}  # array of tables -> elements so far
        self._counted = 0
        self._line = 1

    def document(self) -> None:
        """Read the whole text."""
        table: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        line = self._here()
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        parts = list(self._key())
        self.at += 2 if double else 1
        path: Path = ()
        for part in parts[:-1]:
            path = self._inside((*path, part))
            self._imply(path, line)
        path = (*path, parts[-1])
        if double:
            index = self._elements.get(path, 0)
            self._elements[path] = index + 1
            self.lines.setdefault(path, line)
            path = (*path, index)
        self._mark(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line = self._here()
        parts = list(self._key())
        path = table
        for part in parts[:-1]:
            path = (*path, part)
            self._imply(path, line)
        path = (*path, parts[-1])
        self._mark(path, line)
        self.at += 1  # the = that ended the key
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> Iterator[str]:
        """Parts of a dotted key; the cursor ends on ``=`` or ``]``."""
        while True:
            self._skip(_SPACE)
            if self.text[self.at] in "\"'":
                yield tomllib.loads(f"key = {self._take(_STRING)}")["key"]
            else:
                yield self._take(_BARE)
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return
            self.at += 1

    def _value(self, path: Path) -> None:
        first = self.text[self.at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        elif first in "\"'":
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while not self._closed("]"):
            self._mark((*path, index), self._here())
            self._value((*path, index))
            index += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, end: str) -> bool:
        """Step over blanks and one comma; whether the closing bracket was read."""
        self._skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(_BLANK)
        if self.text[self.at] == end:
            self.at += 1
            return True
        return False

    def _inside(self, path: Path) -> Path:
        """The path, or its last element when it is an array of tables."""
        return (*path, self._elements[path] - 1) if path in self._elements else path

    def _mark(self, path: Path, line: int) -> None:
        if path not in self.lines or path in self._implied:
            self.lines[path] = line
            self._implied.discard(path)

    def _imply(self, path: Path, line: int) -> None:
        if path not in self.lines:
            self.lines[path] = line
            self._implied.add(path)

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:  # only a text that tomllib refuses comes here
            msg = f"not TOML at character {self.at}"
            raise ValueError(msg)
        self.at = found.end()
        return found[0]
