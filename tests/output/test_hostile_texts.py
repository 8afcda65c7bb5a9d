"""What files say reaches no terminal, log or report as anything but text: read back by parsers of others."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
import unicodedata
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import junitparser
import pytest
from helpers import ledger
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from odd_texts import HOSTILE
from rich.text import Text
from tap.parser import Parser

from ptelist.engine.ledger import Unit
from ptelist.errors import Where
from ptelist.gate import github, junit, ktap
from ptelist.gate.check import FAIL, REMOVED, Finding
from ptelist.gate.limits import Rule, amount
from ptelist.gate.page import GateReport
from ptelist.output import chart, formats, svg
from ptelist.output.formats import terminal
from ptelist.output.note import Note
from ptelist.output.page import TEXT, Document, Table
from ptelist.output.plain import clean
from ptelist.output.result import Result
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.scenario.presets.shipped import Preset
from ptelist.settings.presets_page import render

if TYPE_CHECKING:
    from pathlib import Path

    from markdown_it.token import Token

EACH = pytest.mark.parametrize("text", HOSTILE, ids=ascii)
HARMLESS, BESIDE = "word", "beside"
NUMBER = "1,392,640"
SVG = "{http://www.w3.org/2000/svg}"


def result(text: str) -> Result:
    """Return a result that has a text wherever one can be."""
    table = Table((text, text), ((text, NUMBER), (text, text)), title=text)
    page = Document((table,), (Note(text, text, about=text), Note("", text)), text, ((TEXT, text),))
    return Result(
        text,
        page.notes,
        lambda _: page,
        lambda: {text: [text, {"list": (text,)}], "number": -5},
        lambda: ((text, "low"), (text, -5), (text, "-5"), (text, "+1.5")),
        headline=lambda: text,
    )


def safe(text: str, more: str = "\n") -> bool:
    """Return whether a terminal and an editor show each character of a text, and do no more."""
    return not [
        each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and each not in more
    ]


@given(st.text(st.characters()))
def test_what_is_cleaned_is_one_line_that_only_stands_there(text: str) -> None:
    cleaned = clean(text)
    assert safe(cleaned, "")
    assert cleaned.splitlines() in ([], [cleaned])
    assert clean(cleaned) == cleaned
    assert clean(text, "ascii").isascii()
    assert clean(text, "latin-1").encode("latin-1").decode("latin-1") == clean(text, "latin-1")


@EACH
def test_a_mail(text: str) -> None:
    mail = formats.render("mail", result(text), 500)
    assert mail.isascii()
    assert safe(mail)
    _, lines, table, notes, _ = mail.split("\n\n")
    said = clean(text, "ascii")
    assert lines == said
    assert table.splitlines()[3].endswith(NUMBER)
    assert table.splitlines()[3].removesuffix(NUMBER).strip() == said.strip()
    assert "".join(said.split()) in "".join(notes.split())


@EACH
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_a_terminal(text: str, encoding: str) -> None:
    """rich's own escapes aside, which it reads back itself."""
    shown = terminal.draw(result(text).document(200), 200, encoding)
    assert shown.encode(encoding)
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert safe(coloured)
    assert coloured.strip("\n") == Text.from_ansi(shown).plain.strip("\n")
    assert clean(text, encoding).strip() in coloured
    assert NUMBER in coloured


def markdown(text: str) -> list[Token]:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return reader.parse(formats.render("markdown", result(text), 72))


@EACH
def test_markdown(text: str) -> None:
    """The same blocks as for a harmless word, and the text in each of them."""
    tokens = markdown(text)
    assert [token.type for token in tokens] == [token.type for token in markdown(HARMLESS)]
    assert all(safe(token.content) for token in tokens)
    said = clean(text)
    inline = [token for token in tokens if token.type == "inline"]
    assert {child.type for token in inline for child in token.children or ()} <= {"text", "strong_open", "strong_close"}
    spoken = ["".join(child.content for child in token.children or ()) for token in inline]
    headline, title, *cells, note, other = spoken
    assert {headline, title, other, *cells} == {said.strip(), NUMBER}
    assert note == f"{said.lstrip()} {said}: {said.rstrip()}"
    assert [token.content for token in tokens if token.type == "fence"] == [f"{said}\n", f"$ {said}\n"]


@EACH
def test_csv(text: str) -> None:
    """A spreadsheet computes what begins with =, +, - or @: text of files never does, numbers stay numbers."""
    head, *rows = csv.reader(io.StringIO("".join(formats.render("csv", result(text), 72)), newline=""))
    for cell, *_ in (head, *rows):
        assert cell[:1] not in set("=+-@\t\r") or re.fullmatch("-+", cell) is not None
        assert cell.removeprefix("'") == clean(text).removeprefix("'")
        assert safe(cell, "")
    assert [row[1] for row in rows] == ["-5", "-5", "+1.5"]


@EACH
def test_json(text: str) -> None:
    """What is read is what was said, but for halves of surrogate pairs, which no strict parser takes."""
    written = "".join(formats.render("json", result(text), 72))
    assert written.isascii()
    assert safe(written)
    read = json.loads(written)
    said = text.encode("utf-8", "backslashreplace").decode()
    assert (read["command"], read["headline"], read["number"]) == (said, said, -5)
    assert read[said] == [said, {"list": [said]}]


@EACH
def test_a_picture(text: str) -> None:
    """The same elements and attributes as for a harmless word, and the text in each."""
    drawn = picture(text)
    assert safe(drawn)
    root = ET.fromstring(drawn)
    said = clean(text)
    assert root.get("aria-label") == said
    assert {each.get("data-name") for each in root.iter(f"{SVG}polyline")} == {said}
    spoken = [each.text for each in root.iter() if each.tag in {f"{SVG}title", f"{SVG}desc"}]
    assert spoken == [said, said]
    assert structure(root) == structure(ET.fromstring(picture(HARMLESS)))


def structure(root: ET.Element) -> set[tuple[str, str]]:
    return {(each.tag, name) for each in root.iter() for name in each.attrib}


def picture(text: str) -> str:
    below = chart.Below(text, {"1": 1.0, "2": 2.0}, {1.0: text}, None)
    series = [chart.Series(text, {"1": (1, 2), "2": (3, 3)})]
    whole = chart.Chart(text, text, Unit.BYTES, change=False, below=below, series=series, marks=[(1.0, text)])
    return svg.file(chart.draw(whole, [Note("", text)], text))


def report(text: str) -> GateReport:
    """Return what a gate says of a budget that has a text wherever one can be, and of one that has none."""
    term = ledger(vcpus=1)["pte_list_desc.size"]
    place = Where(text, 3)
    rules = [Rule(name, term.name, "max", amount(1), FAIL, text, place) for name in (text, BESIDE)]
    over = [
        Finding(FAIL, rule.scenario, rule, term, most=1, causes=(text,), words=(text.replace("\ud800", ""),))
        for rule in rules
    ]
    return GateReport((*over, Finding(REMOVED, text)), (Note(text, text),), text, text, text)


@EACH
def test_ktap(text: str) -> None:
    """No line of another kind than for a harmless word, no directive, and the scenario's name."""
    written = ktap.render(report(text))
    assert written.isascii()
    assert safe(written)
    lines = read_ktap(written)
    assert [each.category for each in lines] == [each.category for each in read_ktap(ktap.render(report(HARMLESS)))]
    tests = [each for each in lines if each.category == "test"]
    assert not [each for each in tests if each.ok or each.skip or each.todo]
    said = clean(text, "ascii").replace("#", r"\x23")
    assert [each.description for each in tests][2::2] == [said.strip(), BESIDE]


def read_ktap(written: str) -> list[Any]:
    lines = (line.removeprefix("  ") for line in written.splitlines())
    return [Parser().parse_line(line) for line in lines if line != ktap.VERSION_LINE]


@EACH
def test_junit(text: str, tmp_path: Path) -> None:
    written = junit.render(report(text))
    assert written.isascii()
    assert safe(written)
    file = tmp_path / "report.xml"
    file.write_text(written, encoding="utf-8")
    said = clean(text)
    suite, beside = junitparser.JUnitXml.fromfile(str(file))
    assert (suite.name, beside.name) == (said, BESIDE)
    assert [(each.name, each.value) for each in suite.properties()][1] == (said, said)
    failed, removed = suite
    assert [type(each) for case in suite for each in case.result] == [junitparser.Failure, junitparser.Error]
    assert (failed.classname, removed.classname) == (said, said)
    assert said in failed.result[0].text.split("\n")


@EACH
def test_github(text: str) -> None:
    """As GitHub's runner reads a line: properties up to the second "::", escapes undone, that of "%" last."""
    written = github.render(report(text))
    assert safe(written)
    said = clean(text)
    lines = [re.fullmatch(r"::(\w+) (.*?)::(.*)", line) for line in written.removesuffix("\n").split("\n")]
    assert [line and line[1] for line in lines] == ["error"] * 3 + ["notice"]
    for line, scenario in zip(lines, (text, BESIDE, text), strict=False):
        assert line
        properties = dict(each.split("=", 1) for each in line[2].split(","))
        assert set(properties) - {"file", "line"} == {"title"}
        assert f": {clean(scenario)}: " in undone(properties["title"], {"%3A": ":", "%2C": ","})
        assert properties.get("file") is None or undone(properties["file"], {"%3A": ":", "%2C": ","}) == said
    assert said in undone(lines[0][3]).split("\n") if lines[0] else False


def undone(value: str, more: dict[str, str] | None = None) -> str:
    for escape, meant in ({"%0D": "\r", "%0A": "\n"} | (more or {}) | {"%25": "%"}).items():
        value = value.replace(escape, meant)
    return value


@EACH
@pytest.mark.parametrize("form", ["mail", "markdown"])
def test_a_preset_is_shown(text: str, form: str) -> None:
    """It reads back as TOML, titles and all; sources are comments."""
    said = text.encode("utf-8", "replace").decode()
    overlay = Overlay(kernel={"cache_capacity": Setting(20, Origin("mine.toml"), source=said)})
    shown = render(Preset("mine", "kernels", {"title": said}, overlay, ()), form, 72)
    assert safe(shown)
    assert shown.isascii()
    (body,) = [each.content for each in MarkdownIt().parse(shown)] if form == "markdown" else [shown]
    assert tomllib.loads(body) == {"title": said, "kernel": {"cache_capacity": 20}}


WIDE = st.text(st.sampled_from("ab \u4e2d\U0001f600\x1b"), max_size=12)
CELL = st.one_of(st.integers(-(10**12), 10**12).map("{:,}".format), st.just(""), WIDE)


@given(st.integers(1, 8).flatmap(lambda count: st.lists(st.tuples(*[CELL] * count), min_size=1, max_size=6)), st.data())
def test_a_terminal_crops_nothing(rows: list[tuple[str, ...]], data: st.DataObject) -> None:
    """Of any table, on a terminal of any width: each cell stands in its row, in its place.

    One that escapes made too wide has each cell on a line of its own.
    """
    width = data.draw(st.integers(20, 300))
    encoding = data.draw(st.sampled_from(["utf-8", "ascii"]))
    head, *body = rows
    page = Document((Table(head, tuple(body)),), (), "x")
    (fitted,) = page.clean(encoding, width).tables
    assert fitted.width() <= max(width, *(table.width() for table in page.tables)) or len(fitted.head) == 1
    told = "".join("".join(cell for row in (fitted.head, *fitted.rows) for cell in row).split())
    assert all("".join(clean(cell, encoding).split()) in told for row in body for cell in row)
    shown = terminal.draw(page, width, encoding)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\n")
    for cells, line in zip((fitted.head, *fitted.rows), (lines[0], *lines[2:]), strict=False):
        place = 0
        for cell in cells:
            said = cell.strip()
            place = line.index(said, place) + len(said)
