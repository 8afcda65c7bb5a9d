"""Lines of keys in TOML: held against what tomllib reads, over files of any form that TOML allows."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ptelist.output.toml_values import toml
from ptelist.scenario.overlay import Origin
from ptelist.scenario.toml_lines import index

BARE = st.text("abz09_-", min_size=1, max_size=3)
NAME = BARE | st.sampled_from(["5.10", "a b", "it's", 'say "x"', "[a]", "#", "=", "é", ""])
ONE_LINE = ["1", "true", '"x = 1 # no comment"', "'[header]'", "[1, 2]", '{ inside = 1, "o.k" = [2] }', '"a\\"b"']
LONG = ['"""\n[no]\nkey = 1\n\\"""x"""', "'''\nkey = 1\n'''", '[\n  [1],\n  ["]", 2], # ]\n]', '"""a""""', "[\n\n]"]
VALUE = st.sampled_from(ONE_LINE + LONG)
BLANK = st.sampled_from(["", "# key = 1", "   ", "# [header]"])
Table = tuple[list[str], bool, list[tuple[list[str], str, str]]]
TABLES = st.lists(
    st.tuples(
        st.lists(NAME, min_size=1, max_size=3),
        st.booleans(),
        st.lists(st.tuples(st.lists(NAME, min_size=1, max_size=2), VALUE, BLANK), max_size=3),
    ),
    max_size=4,
)


def written(name: str, number: int) -> str:
    """Return a key as TOML, bare where it can be and a number says so."""
    if name and name.isascii() and name.replace("-", "").replace("_", "").isalnum() and number % 2:
        return name
    if "'" not in name and number % 3 == 0:
        return f"'{name}'"
    return json.dumps(name)


def document(tables: list[Table]) -> tuple[str, list[tuple[int, str]]]:
    """Return the text of a file, and the line and the last name of each statement."""
    lines: list[str] = []
    stands: list[tuple[int, str]] = []
    for number, (path, repeated, keys) in enumerate(tables):
        head = " . ".join(written(name, number + place) for place, name in enumerate(path))
        stands.append((len(lines) + 1, path[-1]))
        lines.append(f"[[{head}]] # yes" if repeated else f" [ {head} ]")
        for parts, value, blank in keys:
            lines.append(blank)
            stands.append((len(lines) + 1, parts[-1]))
            lines += f"{'.'.join(written(name, number) for name in parts)} = {value}".split("\n")
    return "\n".join(lines), stands


def paths(value: Any, above: tuple[str, ...] = ()) -> set[str]:
    """Return the dotted path of everything that tomllib finds."""
    found = {".".join(above)} if above else set()
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        found |= paths(each, (*above, str(name)))
    return found


@given(TABLES)
def test_every_statement_has_its_line(tables: list[Table]) -> None:
    text, stands = document(tables)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    found = index(text)
    assert found.keys() <= paths(data)
    assume(len(found) == len(stands))  # no two statements have the same dotted path
    assert sorted(found.values()) == [line for line, _ in stands]
    assert all(path.endswith(name) or path.rpartition(".")[2].isdigit() for path, name in _told(found, stands))


def _told(found: dict[str, int], stands: list[tuple[int, str]]) -> list[tuple[str, str]]:
    names = dict(stands)
    return [(path, names[line]) for path, line in found.items()]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("scenario.5.10.vcpus", 2),
        ("scenario.5.10", 1),
        ("scenario.new kernel.memory", 4),
        ("scenario.new kernel.other", 3),
        ("budget.1.max", 8),
    ],
)
def test_a_quoted_header_has_its_line(path: str, line: int) -> None:
    text = '[scenario."5.10"]\nvcpus = 8\n[scenario."new kernel"]\n"memory" = 1\n' + "[[budget]]\nmax = 1\n" * 2
    assert str(Origin("file.toml", text).at(path)) == f"file.toml:{line}"


WRITTEN = st.recursive(
    st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.from_regex(r"\A[A-Za-z0-9_-]+\Z"), inner),
)


@given(WRITTEN)
def test_what_is_written_reads_back(said: object) -> None:
    text = toml(said)
    assert tomllib.loads(f"key = {text}") == {"key": said}
    assert text.isascii()
    assert text.isprintable()


def test_text_is_written_as_it_is_typed() -> None:
    assert toml({"value": (1, True, "a"), "source": 'the "KVM" of caf\u00e9s'}) == (
        '{ value = [1, true, "a"], source = "the \\"KVM\\" of caf\\u00e9s" }'
    )
