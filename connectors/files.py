"""Files of a source: found below its folder, and fit to be read.

Every path is made here, checked to lie inside the declared folder once symbolic links are
followed, and looked at before an engine sees it: ending, first and last bytes, size.
"""

from __future__ import annotations

import codecs
import getpass
import gzip
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors.findings import shown
from valuekit.errors import Finding, SourceError
from valuekit.text import nearest

ENDINGS = (".parquet", ".csv", ".csv.gz")
_UNITS = {"MB": 10**6, "GB": 10**9}
_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_STARTS = {
    _PARQUET: "Parquet",
    _GZIP: "gzip",
    b"PK\x03\x04": "a ZIP archive or Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
}
_RENAME = "Rename the file."
_REMEDIES = {
    "Parquet": "Rename the file: what is inside is Parquet (.parquet).",
    "gzip": "Rename the file: what is inside is compressed (.csv.gz).",
    "a ZIP archive or Excel workbook": "Unpack it, or save the sheet as CSV in UTF-8.",
    "an Excel workbook": "Save the sheet as CSV in UTF-8.",
}
_UTF_8 = "Save the file as UTF-8."


@dataclass(frozen=True, slots=True)
class Files:
    """The files behind a table: of one kind, in order, inside the root."""

    kind: Literal["parquet", "csv"]
    paths: tuple[Path, ...]
    stamps: tuple[tuple[int, int], ...]  # size and modification time (ns) when found

    def parts(self, base: Path) -> dict[str, tuple[str, int]]:
        """Path below ``base`` -> what tells that the file is the same, and its bytes.

        Size, time of change of content and of the entry, and number: a copy that keeps the time
        of its original has a new number and a new time of the entry.
        """
        found = {}
        for path in self.paths:
            one = os.stat(path)  # noqa: PTH116  a lake has years of files: paths are slow
            stamp = f"{one.st_size}-{one.st_mtime_ns}-{one.st_ctime_ns}-{one.st_ino}"
            found[below(path, base)] = (stamp, one.st_size)
        return found

    def unchanged(self) -> bool:
        """Whether all files are still as they were when found."""
        return self.stamps == _stamps(self.paths)

    def changed(self) -> list[Path]:
        """Files that are not as they were when found."""
        pairs = zip(self.paths, self.stamps, strict=True)
        return [path for path, stamp in pairs if _stamps((path,)) != (stamp,)]

    def gone(self) -> list[Path]:
        """Files that were found and are there no more."""
        return [path for path in self.paths if not path.is_file()]


def below(path: Path | str, base: Path) -> str:
    """A path below ``base`` as text, without what they share.

    >>> below("/lake/day=2026-01-01/part.parquet", Path("/lake"))
    'day=2026-01-01/part.parquet'
    """
    return str(path).removeprefix(os.path.join(base, ""))  # noqa: PTH118  paths are slow


def size(text: str) -> int:
    """Bytes in a declared size.

    >>> size("50MB")
    50000000
    """
    return int(text[:-2]) * _UNITS[text[-2:]]


def root(source: str, path: str, folder: Path) -> Path:
    """The real folder that a source may read.

    Raises:
        SourceError: there is no such folder.
    """
    found = Path(os.path.realpath(folder / path))
    if not found.is_dir():
        raise SourceError(
            Finding(
                place=f"sources.{source}.path",
                value=shown(path),
                rule="there is no such folder",
                remedy="Give a folder, relative to the workspace file or absolute.",
                code="missing_folder",
            )
        )
    return found


def stored(table: str, base: Path) -> int:
    """Bytes of the files of a table; 0 where there are none, or they cannot be looked at."""
    try:
        return sum(path.stat().st_size for path in _candidates(table, base))
    except (OSError, ValueError, NotImplementedError):  # no name of files: told when it is read
        return 0


def find(at: str, table: str, base: Path, limit: str) -> Files:
    """The files that a declared table means, each checked.

    ``predictions`` means ``predictions.parquet``, ``.csv``, ``.csv.gz`` or a folder of Parquet
    files; a name with an ending means that file; ``*`` and ``?`` match several of one kind.

    Args:
        at: Where messages place a fault, such as ``sources.lake, table predictions``.
        table: The declared name.
        base: Real folder of the source.
        limit: Largest total size, such as ``50GB``.

    Raises:
        SourceError: outside the folder, missing, ambiguous, or not fit to be read.
    """
    if "\0" in table or Path(table).is_absolute() or ".." in Path(table).parts:
        raise SourceError(_outside(at, table))
    try:
        paths = _candidates(table, base)
    except OSError:  # a name that no file can have
        paths = []
    except ValueError:
        rule = "`**` stands for any folders, and is a part of the path of its own"
        remedy = "Write, say, days/**/*.parquet, or * for a part of a name."
        raise SourceError(_fault(at, table, rule, remedy, "bad_pattern")) from None
    plain = {base}
    for path in paths:
        if not _inside(path, base, plain):
            raise SourceError(_led_out(at, path, base))
    if not paths:
        raise SourceError(_missing(at, table, base))
    if _mixed(paths, base / table):
        raise SourceError(_ambiguous(at, paths, base))
    findings = [one for path in paths for one in _faults(at, path, base)]
    total = sum(path.stat().st_size for path in paths if path.is_file())
    if total > size(limit):
        findings.append(
            _fault(
                at,
                f"{total:,} bytes",
                f"the files are larger than {limit} together",
                "Raise `max_file_size` of the source, or split the table.",
                "too_large",
            )
        )
    if findings:
        raise SourceError(*findings)
    kind: Literal["parquet", "csv"] = "parquet" if paths[0].suffix == ".parquet" else "csv"
    return Files(kind, tuple(paths), _stamps(tuple(paths)))


def _inside(path: Path, base: Path, plain: set[Path]) -> bool:
    """Whether a file lies in the real folder ``base`` once links are followed.

    Only where a part of its path is a link the whole path has to be looked up: that takes as long
    as reading the file's ends. ``plain`` are folders known to be reached without a link.
    """
    climbed, there = [], path
    while there not in plain:
        if there.is_symlink():
            return _resolved(path).is_relative_to(base)
        climbed.append(there)
        there = there.parent
    plain.update(climbed[1:])
    return True


def _resolved(path: Path) -> Path:
    """Where a path leads; where it goes round in circles, as far as that can be told."""
    return Path(os.path.realpath(path))


def _candidates(table: str, base: Path) -> list[Path]:
    """Files that a name may mean, links not yet followed."""
    if any(mark in table for mark in "*?["):
        return sorted(path for path in base.glob(table) if path.name.endswith(ENDINGS))
    if table.endswith(ENDINGS):
        return [path for path in [base / table] if os.path.lexists(path)]
    single = [base / f"{table}{ending}" for ending in ENDINGS]
    inside = base / table if table.strip("./") else None
    found = [path for path in single if os.path.lexists(path)]
    return found + (sorted(inside.rglob("*.parquet")) if inside and inside.is_dir() else [])


def _mixed(found: list[Path], inside: Path) -> bool:
    """Whether the files are of two kinds, or a file and a folder share the name."""
    kinds = {path.suffix == ".parquet" for path in found}
    beside = [path for path in found if path.name in {f"{inside.name}{one}" for one in ENDINGS}]
    return len(kinds) > 1 or len(beside) > 1 or bool(beside and len(found) > len(beside))


def _missing(at: str, table: str, base: Path) -> Finding:
    there = sorted(
        p.name.removesuffix(ending)
        for p in base.iterdir()
        for ending in ENDINGS
        if p.name.endswith(ending)
    )
    folders = sorted(p.name for p in base.iterdir() if p.is_dir() and _has_files(p))
    close = nearest(table, [*there, *folders])
    listed = ", ".join([*there, *(f"{one}/" for one in folders)][:12]) or "no Parquet or CSV files"
    return _fault(
        at,
        shown(table),
        "there is no such table: no Parquet or CSV file and no folder of Parquet files",
        f"Did you mean {shown(close)!r}?" if close else f"The folder has: {shown(listed, 300)}.",
        "missing_file",
    )


def _has_files(folder: Path) -> bool:
    try:
        return any(path.name.endswith(ENDINGS) for path in folder.iterdir())
    except OSError:  # it may not be looked into
        return False


def _ambiguous(at: str, found: list[Path], base: Path) -> Finding:
    names = ", ".join(str(path.relative_to(base)) for path in found[:5])
    return _fault(
        at,
        shown(names, 200),
        "the name means several kinds of files",
        "Write the file's full name with its ending.",
        "ambiguous_table",
    )


def _outside(at: str, value: str) -> Finding:
    return _fault(
        at,
        shown(value),
        "the file lies outside the folder of the source",
        "Move the data below the declared `path`, or declare the folder where it lies.",
        "outside_root",
    )


def _led_out(at: str, path: Path, base: Path) -> Finding:
    """A file that lies outside though its name does not say so: which link leads there."""
    chain = [path, *(one for one in path.parents if one.is_relative_to(base))]
    away = (one for one in reversed(chain) if not _resolved(one).is_relative_to(base))
    link = next(away, path)  # a link may be turned while it is looked at
    part = "it" if link == path else f"`{shown(str(link.relative_to(base)))}`"
    return _fault(
        at,
        shown(str(path.relative_to(base))),
        f"{part} is a link that leads out of the folder of the source",
        "Put the files themselves below the declared `path`, or declare the folder where they lie.",
        "outside_root",
    )


def _faults(at: str, path: Path, base: Path) -> list[Finding]:
    """What the first and last bytes say against a file."""

    def here() -> str:  # of thousands of files that are as they should be none is named
        return f"{at} ({shown(str(path.relative_to(base)))})"

    try:
        with path.open("rb", buffering=0) as file:
            head = file.read(4)
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - 4, 0))
            tail = file.read(4)
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        rule = "the file cannot be read"
        return [_fault(here(), reason, rule, _grant(path, error), "unreadable_file")]
    if length == 0:
        return [_fault(here(), "0 bytes", "the file is empty", _AGAIN, "empty_file")]
    if path.suffix == ".parquet":
        return _parquet(here, head, tail, length)
    return _text(here(), path, head)


def _text(here: str, path: Path, head: bytes) -> list[Finding]:
    """What the first bytes say against a text file."""
    zipped = path.name.endswith(".gz")
    found = next((what for start, what in _STARTS.items() if head.startswith(start)), None)
    if zipped != (found == "gzip") or found not in {None, "gzip"}:
        rule = "the content is not what the ending says"
        value = f"{found or 'no gzip'} in a file that ends in {'.csv.gz' if zipped else '.csv'}"
        return [_fault(here, value, rule, _REMEDIES.get(found or "", _RENAME), "wrong_extension")]
    if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return [_fault(here, "UTF-16", "the file is not UTF-8 text", _UTF_8, "encoding")]
    return []


def _parquet(here: Callable[[], str], head: bytes, tail: bytes, length: int) -> list[Finding]:
    if head != _PARQUET:
        rule = "the content is not Parquet, whatever the ending says"
        return [_fault(here(), repr(head), rule, _RENAME, "wrong_extension")]
    if tail != _PARQUET or length < 12:
        return [
            _fault(
                here(), f"{length:,} bytes", "the Parquet file is cut short", _AGAIN, "truncated"
            )
        ]
    return []


def torn(paths: tuple[Path, ...]) -> list[Path]:
    """Compressed files that cannot be unpacked to their end."""
    return [path for path in paths if path.suffix == ".gz" and not _unpacks(path)]


def _unpacks(path: Path) -> bool:
    try:
        with gzip.open(path) as file:
            while file.read(1 << 20):
                pass
    except (EOFError, OSError, zlib.error):
        return False
    return True


def cut_short(here: str) -> Finding:
    """A compressed file that cannot be unpacked to its end."""
    rule = "the compressed file is cut short or damaged"
    return _fault(here, "no end that fits", rule, _AGAIN, "truncated")


_AGAIN = "Copy or export it again, and replace it in one step (write beside it, then rename)."


def _grant(path: Path, error: OSError) -> str:
    """What to do about a file that cannot be opened: for a refusal, the right that is missing."""
    if not isinstance(error, PermissionError):
        return "See that it is there and complete, then run again."
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        who = f"number {os.getuid()}"
    return f"Grant read permission: user {shown(who)} needs `r` on {shown(path.name)}."


def _fault(at: str, value: str, rule: str, remedy: str, code: str) -> Finding:
    return Finding(place=at, value=value, rule=rule, remedy=remedy, code=code)


def _stamps(paths: tuple[Path, ...]) -> tuple[tuple[int, int], ...]:
    try:
        stats = [path.stat() for path in paths]
    except OSError:
        return ()
    return tuple((one.st_size, one.st_mtime_ns) for one in stats)
