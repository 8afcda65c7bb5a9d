"""What each format promises, told by parsers of others: each check yields what is wrong."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import html_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAIL = 72
LONG_WORD = 30
"""From so many characters on, a word may make a line longer than a mail: it is not cut."""
ONE_CELL = 300
"""A line of as many columns has a name in it that a file gave."""
QUOTED = re.compile(r"(\$|     ) .*['\"]")
"""A line of a command with a quoted word, which is not broken."""
GITHUB = re.compile(r"::(error|warning|notice|group|endgroup)( [^:]*)?::.*|")


def as_json(text: str) -> Iterator[str]:
    try:
        parsed = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        yield f"JSON does not parse: {error}"
        return
    if not str(parsed.get("schema", "")).startswith("ptelist/"):
        yield "JSON has no schema"


def as_csv(text: str) -> Iterator[str]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        yield f"CSV does not parse: {error}"
        return
    if len({len(row) for row in rows}) != 1:
        yield "CSV has rows of several lengths"
    elif len(set(rows[0])) != len(rows[0]):
        yield "CSV has a column twice, of which JSON lines keep one"


def as_jsonl(text: str) -> Iterator[str]:
    """Each line is an object."""
    for line in text.splitlines():
        try:
            parsed = json.loads(line, object_pairs_hook=_once, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            yield f"a line of JSON does not parse: {error}"
            return
        if not isinstance(parsed, dict):
            yield "a line of JSON is no object"
            return


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def as_mail(text: str) -> Iterator[str]:
    if not text.isascii():
        yield "a mail that is not ASCII"
    for line in text.splitlines():
        if MAIL < len(line) < ONE_CELL and max(map(len, line.split())) < LONG_WORD and not QUOTED.match(line):
            yield f"a mail of {len(line)} columns: {line[:100]}"
            return


def as_markdown(text: str) -> Iterator[str]:
    """Each row of a table has as many cells as the line that begins it; what is fenced is no table."""
    cells = 0
    for line in re.sub(r"(?ms)^(`{3,}).*?^\1$", "", text).splitlines():
        count = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        if cells and count and count != cells:
            yield f"Markdown has a row of another length: {line[:100]}"
            return
        cells = count


def as_terminal(text: str) -> Iterator[str]:
    """A number is never cropped."""
    if cropped := re.search(r".*(\u2026|[0-9],?\.\.\.).*", text):
        yield f"a terminal crops a number: {cropped[0][:100]}"


def as_svg(text: str) -> Iterator[str]:
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        yield f"SVG is no XML: {error}"
        return
    for each in root.iter():
        if each.tag.rpartition("}")[2] in {"script", "foreignObject"} or any(
            key.startswith("on") for key in each.attrib
        ):
            yield "SVG that does something"


def as_junit(text: str) -> Iterator[str]:
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        yield f"JUnit is no XML: {error}"
        return
    if int(root.get("tests", "-1")) != len(root.findall(".//testcase")):
        yield "JUnit counts other tests than there are"


def as_ktap(text: str) -> Iterator[str]:
    """The plan of each level is what it holds."""
    lines = text.splitlines()
    if lines[:1] != ["KTAP version 1"]:
        yield "KTAP does not begin as such"
    for level in ("", "  "):
        plans = [int(match[1]) for line in lines if (match := re.fullmatch(rf"{level}1\.\.([0-9]+)( # .*)?", line))]
        tests = sum(bool(re.match(rf"{level}(not )?ok [0-9]+ ", line)) for line in lines)
        if sum(plans) != tests:
            yield f"KTAP plans {sum(plans)} and has {tests}"
    if stray := [line for line in lines if not re.match(r" *(KTAP version 1$|1\.\.|(not )?ok [0-9]+ |# )", line)]:
        yield f"KTAP has a line of another kind: {stray[0][:100]}"


def as_github(text: str) -> Iterator[str]:
    if stray := [line for line in text.splitlines() if not GITHUB.fullmatch(line)]:
        yield f"a line that GitHub does not know: {stray[0][:100]}"


def as_preset(text: str) -> Iterator[str]:
    try:
        tomllib.loads(text)
    except ValueError as error:
        yield f"a preset is no TOML: {error}"


def as_html(text: str) -> Iterator[str]:
    if not text.isascii():
        yield "HTML that is not ASCII"
    try:
        page = html_page.read(text)
    except ValueError as error:
        yield f"HTML does not nest: {error}"
        return
    yield from (f"HTML has {what}"[:150] for what in html_page.wrong(page))


PROMISES: dict[str, Callable[[str], Iterator[str]]] = {
    "json": as_json,
    "csv": as_csv,
    "jsonl": as_jsonl,
    "mail": as_mail,
    "terminal": as_terminal,
    "markdown": as_markdown,
    "html": as_html,
    "svg": as_svg,
    "junit": as_junit,
    "ktap": as_ktap,
    "github": as_github,
}
