"""Every key of every document has the line where it was written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuekit.workspace.positions import positions

TEXT = """\
# a comment with [brackets] and = signs
top = "x # no comment"

[a.b]               # a is only implied here
"quoted key" = 1
dotted.inner = 2
'literal' = 2026-01-05 07:30:00
list = [
  "one, [two]",     # comment, with ] inside
  { k = 1, deep = { z = '''
multi ''' } },
  [ 1,
    2 ],
]
text = \"\"\"
[not.a.table]
end = \\\"\"\" still inside\"\"\"\"

[a]
own = true

[[rows]]
n = 1
[rows.part]
p = 1
[[rows]]
n = 2
[[rows.sub]]
s = 1
[[rows.sub]]
s = 2
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a", "b"), 4),
        (("a", "b", "quoted key"), 5),
        (("a", "b", "dotted"), 6),
        (("a", "b", "dotted", "inner"), 6),
        (("a", "b", "literal"), 7),
        (("a", "b", "list"), 8),
        (("a", "b", "list", 0), 9),
        (("a", "b", "list", 1), 10),
        (("a", "b", "list", 1, "deep", "z"), 10),
        (("a", "b", "list", 2, 1), 13),
        (("a", "b", "text"), 15),
        (("a",), 19),  # its own header, not the line that implied it
        (("a", "own"), 20),
        (("rows",), 22),
        (("rows", 0, "part", "p"), 25),
        (("rows", 1), 26),
        (("rows", 1, "sub", 0, "s"), 29),
        (("rows", 1, "sub", 1), 30),
        (("rows", 1, "sub", 1, "s"), 31),
        (("rows", 1, "missing"), 26),  # nearest written ancestor
        (("nowhere",), 1),
    ],
)
def test_lines_of_every_way_to_write_a_key(path: tuple[str | int, ...], line: int) -> None:
    assert positions(TEXT).line(path) == line


def test_windows_line_ends_count_once() -> None:
    assert positions(TEXT.replace("\n", "\r\n")) == positions(TEXT)


def test_text_that_tomllib_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match="not TOML"):
        positions("= 1")


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


def quoted(text: str) -> str:
    body = "".join(
        one if one.isprintable() and one not in '"\\' else f"\\U{ord(one):08x}" for one in text
    )
    return f'"{body}"'


def inline(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(key)} = {inline(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return "[ # ]\n" + "".join(f"  {inline(one)}, # ,\n" for one in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def no_comments(value: object) -> str:
    """Inline tables stay on one line in TOML 1.0, lists inside them too."""
    return inline(value).replace(" # ]\n", " ").replace(", # ,\n", ", ")


def written(document: dict[str, object], table: str = "") -> str:
    """The document in TOML: tables under headers, lists of tables under [[headers]]."""
    lines: list[str] = []
    later: list[str] = []
    for key, value in document.items():
        name = f"{table}.{quoted(key)}" if table else quoted(key)
        if isinstance(value, dict) and value:
            later.append(f"[{name}] # [x]\n{written(value, name)}")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            later += [f"[[{name}]]\n{written(one, name)}" for one in value]
        else:
            lines.append(f"{quoted(key)} = {no_comments(value)}\n")
    return "".join(lines) + "".join(later)


SURROGATES = ("Cs",)
words = st.text(st.characters(exclude_categories=SURROGATES), max_size=6)
values = st.recursive(
    st.booleans() | st.integers(-9, 9) | words | st.dates() | st.floats(-9, 9).map(lambda x: x + 0),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words, values, max_size=4))
def test_every_path_of_a_random_document_has_its_line(
    document: dict[str, object],
) -> None:
    text = written(document)
    read = tomllib.loads(text)
    found = positions(text)
    assert set(found.lines) == set(paths(read))
    lines = text.split("\n")
    for path, line in found.lines.items():
        named = [part for part in path if isinstance(part, str)][-1]
        assert quoted(named) in lines[line - 1]


@given(st.lists(st.integers(0, 9), max_size=5), st.integers(0, 3))
def test_elements_of_a_list_over_several_lines(elements: list[int], before: int) -> None:
    text = "# x\n" * before + f"key = {inline(elements)}\n"
    tomllib.loads(text)
    found = positions(text)
    assert [found.line(("key", i)) for i in range(len(elements))] == [
        before + 2 + i for i in range(len(elements))
    ]
