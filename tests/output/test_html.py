"""HTML: a page that stands alone, says what the other formats say, and obeys nothing that a file says."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from helpers import ledger
from html_page import COMMANDS, DATA, NUMBER, cells, colours, read, words, wrong
from hypothesis import given
from hypothesis import strategies as st
from machines import DESC, HEADER, MACHINE, Fake, slab
from odd_texts import HOSTILE

from ptelist.cli import main
from ptelist.compare.ledger_sheet import whole
from ptelist.engine.figure_kinds import DESC_TOTAL, TOTAL
from ptelist.engine.interval import Change, Ratio
from ptelist.engine.ledger import Unit
from ptelist.output import chart, formats, numbers
from ptelist.output.branches import Branch
from ptelist.output.formats import html
from ptelist.output.note import Note
from ptelist.output.page import TEXT, Document, Table
from ptelist.output.plain import clean
from ptelist.output.result import Result
from ptelist.output.sheet import Folded, Part, Reasons, Step, Waterfall, Whole
from ptelist.output.signed import Number
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

    from click.testing import Result as Run

FOOTER = "baseline|kernel|assumptions|result|not used|break-even|no effect|set aside|host memory|maximum"
"""How what stands below the tables begins."""
WITH_TABLES = [name for name in COMMANDS if "explain" not in name and name not in {"check-fails", "rmaps"}]
WITH_ROWS = [name for name in WITH_TABLES if name not in {"check", "figures", "sweep-delta"}]
FRAME, MOST = 40 << 10, 320 << 10
"""Bytes of a page without anything to say, and of any of these with all that they say."""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA / "check")


@cache
def told(name: str, *more: str) -> str:
    result = CliRunner().invoke(main, [*shlex.split(COMMANDS[name]), *more])
    assert result.exit_code == (name == "check-fails"), result.output
    return result.stdout


@cache
def shown(name: str) -> ET.Element:
    """Return a page, which is looked at by several tests and changed by none."""
    return read(told(name, "--format", "html"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_stands_alone(name: str) -> None:
    text = told(name, "--format", "html")
    assert text.isascii()
    assert text.startswith("<!doctype html>\n")
    assert text.endswith("</html>\n")
    assert "\r" not in text
    assert str(Path.cwd()) not in text
    assert len(text) <= MOST
    page = read(text)
    assert not list(wrong(page))
    (style,) = page.iter("style")
    assert not re.search(r"@import|@font-face|url\(", words(style))


def test_only_its_own_script_may_run() -> None:
    page = shown("where")
    (script,) = (words(each) for each in page.iter("script"))
    (policy,) = (each.get("content") for each in page.iter("meta") if each.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


@pytest.mark.parametrize("name", COMMANDS)
def test_it_says_the_sentence_and_the_command(name: str) -> None:
    mail, page = told(name), shown(name)
    (said,) = (words(each) for each in page.iter("h1"))
    command = next(words(each) for each in page.iter("code"))
    assert command.split() == mail.rpartition("\n\n")[2].replace("\\\n", "").split()
    if name != "figures":
        assert said.split() == mail.partition("\n\n")[0].split()


@pytest.mark.parametrize("name", WITH_TABLES)
def test_its_tables_have_the_numbers_of_the_mail(name: str) -> None:
    """The same characters, all of them in cells."""
    _, _, tables = told(name).partition("\n\n")
    tables = re.split(rf"\n\n(?:{FOOTER}): ", tables)[0]
    tables = re.sub(r"^ *\(\d+ smaller\).*$", "", tables, flags=re.MULTILINE)
    there = "\n".join(cells(shown(name)))
    assert {number for number in NUMBER.findall(tables) if number not in there} == set()


@pytest.mark.parametrize("name", WITH_ROWS)
def test_its_tables_have_the_numbers_of_the_csv(name: str) -> None:
    """Grouped by thousands; of more columns than stand beside each other only the usual figures are."""
    rows = csv.DictReader(io.StringIO(told(name, "--format", "csv")))
    wanted = {
        f"{abs(int(row[key])):,}"
        for row in rows
        for key in ("low", "high", "change_low", "change_high")
        if row.get(key) and (name != "compare-rows" or row["figure"] in {DESC_TOTAL, TOTAL})
    }
    assert wanted
    there = re.findall(r"\d[\d,]*", "\n".join(cells(shown(name))))
    assert wanted <= set(there)


@pytest.mark.parametrize("name", ["compare", "fleet", "sweep", "check-fails"])
def test_the_same_inputs_give_the_same_bytes(name: str) -> None:
    """In another process, zone and order of hashing."""
    env = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "ptelist", *shlex.split(COMMANDS[name]), "--format", "html"]
    done = subprocess.run(command, capture_output=True, check=False, env=env)
    assert done.stdout == told(name, "--format", "html").encode()


def test_a_page_that_says_nothing_is_small() -> None:
    nothing = Result("x", (), lambda _: Document((), (), "x"), dict)
    assert len(html.render(nothing, 72)) < FRAME


def hostile(text: str) -> Result:
    """Return a result that has a text wherever one can be."""
    branch = Branch(text, (text,), (Branch(text, (), ()),), text)
    part = Part(text, 3, 4, (text, Number("4", 8)), text, branch, ())
    step = Step(text, 1, 2, (text, text), branch)
    table = Table((text, text), ((text, "1,392,640"), (text, text)), text, sortable=True)
    blocks = (
        table,
        Whole(text, (text, ""), part._replace(parts=(part, part)), folded=True),
        Waterfall(text, step, (step,), step),
        Folded(Reasons(text, (branch,))),
    )
    page = Document((table,), (Note(text, text, about=text), Note("", text)), text, ((TEXT, text),))
    below = chart.Below(text, {"1": 1.0, "2": 2.0}, {1.0: text}, None)
    series = [chart.Series(text, {"1": (1, 2), "2": (3, 3)})]
    drawn = chart.Chart(text, text, Unit.BYTES, change=False, below=below, series=series, marks=[(1.0, text)])
    return Result(
        text,
        (*page.notes, Note("all", text)),
        lambda _: page,
        dict,
        picture=lambda: chart.draw(drawn, [], text),
        headline=lambda: text,
        sheet=lambda _: blocks,
    )


def shape(page: ET.Element) -> list[tuple[str, tuple[str, ...]]]:
    """Return each element with the names of its attributes; of a picture, which has room for so many ticks, a set."""
    pictures = {each for picture in page.iter("svg") for each in picture.iter()}
    found = [(each.tag, tuple(sorted(each.attrib))) for each in page.iter() if each not in pictures]
    return found + sorted({(each.tag, tuple(sorted(each.attrib))) for each in pictures})


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_text_is_text(text: str) -> None:
    """The same elements as for a harmless word, and the text in each of them."""
    page = read(formats.render("html", hostile(text), 72))
    assert not list(wrong(page))
    assert shape(page) == shape(read(formats.render("html", hostile("word"), 72)))
    said = clean(text)
    for name in ("h1", "h2", "title", "summary", "svg"):
        found = [each.get("aria-label") if name == "svg" else words(each) for each in page.iter(name)]
        assert said in found
    assert sum(each == said for each in cells(page)) >= 5
    lines = html.render(hostile(text)._replace(sheet=None), 72)
    assert said in [words(each).strip("\n") for each in read(lines).iter("pre")]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a\"b<c,d' onload=alert(1)"])
def test_hostile_files_are_told_as_text(run: Callable[..., Run], tmp_path: Path, text: str) -> None:
    """A preset of that name, and a host of an inventory."""
    preset = tmp_path / f"{text.replace('/', '')}.toml"
    preset.write_text("[vm]\nvcpus = 8\n", encoding="utf-8")
    inventory = tmp_path / "hosts.csv"
    cell = text.replace('"', '""')
    inventory.write_text(f'host,kernel,vcpus\n"{cell}",6.18,4\n', encoding="utf-8")
    for words_ in (["compare", "tdp", str(preset)], ["fleet", str(inventory), "--by", "host"]):
        page = read(run(*words_, "--format", "html").stdout)
        assert not list(wrong(page))
        assert any(text.replace("/", "") in each or text in each for each in cells(page))


def test_a_host_beside_its_prediction(run: Callable[..., Run], tmp_path: Path) -> None:
    """Each figure with its verdict, those that differ as loud as what fails: the rows of the mail's tables."""
    saved = tmp_path / "saved.txt"
    host = MACHINE | slab("kvm_mmu_page_header", HEADER) | slab("pte_list_desc", DESC | {"object_size": "136"})
    saved.write_text(take(Fake(host, {})).render(), encoding="utf-8")
    mail, result = run("observe", str(saved)).stdout, run("observe", str(saved), "--format", "html")
    assert result.exit_code == 1
    page = read(result.stdout)
    assert not list(wrong(page))
    badges = [(each.get("class"), words(each)) for each in page.iter("span") if "badge" in each.get("class", "")]
    assert set(badges) == {("badge good", "agrees"), ("badge bad", "DIFFERS")}
    assert [word for _, word in badges] == re.findall(r"(?<= )(?:agrees|DIFFERS)$", mail, re.MULTILINE)
    titles = [words(each) for each in page.iter("h2")]
    assert {"kvm_mmu_page_header", "pte_list_desc"} <= set(titles)
    assert len(titles) == len(set(titles))
    table = [" ".join(map(words, row)).split() for row in page.iter("tr")]
    assert [row for row in table if row[-1] in {"agrees", "DIFFERS"}] == [
        line.split() for line in mail.splitlines() if re.search(r" (agrees|DIFFERS)$", line)
    ]


def sortable(page: ET.Element) -> list[ET.Element]:
    return [each for each in page.iter("table") if "data-sortable" in each.attrib]


@pytest.mark.parametrize("name", ["compare", "fleet", "sweep", "history", "show", "check", "compare-rows"])
def test_rows_that_can_be_sorted_stand_for_themselves(name: str) -> None:
    """Each number of them knows its order, and no label says by blanks what it belongs to; a release is text."""
    tables = sortable(shown(name))
    assert tables
    for table in tables:
        for row in list(table.iter("tr"))[1:]:
            label, *others = row
            assert words(label) == words(label).strip() != ""
            for cell in others:
                number = re.match(r"[-+<=]? ?\d(?!\d*\.\d+\.\d+(-\S+)?$)", words(cell))
                assert ("data-order" in cell.attrib) == bool(number)


ENDS = st.tuples(st.integers(0, 1 << 60), st.integers(0, 1 << 60)).map(sorted)


@given(st.lists(st.integers(-(1 << 60), 1 << 60), min_size=2, max_size=6))
def test_numbers_are_in_the_order_of_what_they_say(values: list[int]) -> None:
    ordered = sorted(values)
    changes = [Change(value, value, (Ratio(value, 7), Ratio(value, 7))) for value in ordered]
    for texts in (
        [numbers.integer(value) for value in ordered],
        [numbers.change(each) for each in changes],
        [text for each in changes if (text := numbers.percent(each))],
        [numbers.human(abs(value), abs(value)) for value in sorted(values, key=abs)],
        [numbers.share((Ratio(abs(value), 1 << 60),) * 2) for value in sorted(values, key=abs)],
    ):
        orders = [text.order for text in texts if isinstance(text, Number)]
        assert len(orders) == len(texts)
        assert orders == sorted(orders)


@given(ENDS, ENDS)
def test_an_interval_is_between_those_below_and_those_above(one: list[int], other: list[int]) -> None:
    first, second = numbers.interval(*one), numbers.interval(*other)
    assert isinstance(first, Number)
    assert isinstance(second, Number)
    if one[1] < other[0]:
        assert first.order < second.order


@pytest.mark.parametrize("scenario", [{"vcpus": 8}, {"vcpus": 32, "memory": "64GiB", "paging": "shadow"}])
def test_an_icicle_is_the_ledger(scenario: dict[str, str | int]) -> None:
    """Each part lies in the one that it is of, is as wide as it is large, and none lies over another."""
    drawn = whole(ledger(**scenario), "all")
    result = Result("x", (), lambda _: Document((), (), "x"), dict, sheet=lambda _: (drawn,))
    page = read(html.render(result, 72))
    links = list(page.iter("a"))
    boxes = [dict(re.findall(r"--(\w+):([-0-9.e]+)", each.get("style", ""))) for each in links]
    places = [(int(box["d"]), float(box["a"]), float(box["a"]) + float(box["s"])) for box in boxes]
    for depth in range(1, max(place[0] for place in places) + 1):
        level = sorted(place[1:] for place in places if place[0] == depth)
        above = [place[1:] for place in places if place[0] == depth - 1]
        assert all(before[1] <= after[0] + 1e-4 for before, after in pairwise(level))
        assert all(any(a - 1e-4 <= start and end <= b + 1e-4 for a, b in above) for start, end in level)
    names = [part.name for part in drawn.root.parts]
    for part in drawn.root.parts:
        _, start, end = places[[each[0].text for each in links].index(part.name)]
        assert end - start == pytest.approx(part.high / drawn.root.high, rel=0.05, abs=1e-4)
    assert len(names) > 2


@pytest.mark.parametrize("name", ["compare", "compare-many", "compare-open", "check-fails", "explain-two"])
def test_a_waterfall_goes_from_what_was_to_what_is(name: str) -> None:
    """Where all is exact, each bar begins where the one before it ends."""
    page = shown(name)
    falls = [each for each in page.iter("ol") if (each.get("class") or "").startswith("waterfall")]
    assert falls
    for fall in falls:
        bars = [each for each in fall.iter("i") if (each.get("class") or "").startswith("bar")]
        exact = not [each for each in fall.iter("i") if each.get("class") == "open"]
        ends = []
        for bar in bars:
            start, size = (float(value) for value in re.findall(r"--[as]:([-0-9.e]+)", bar.get("style", "")))
            ends.append((start, start + size))
        at = ends[0][1]
        for bar, (start, end) in zip(bars[1:-1], ends[1:-1], strict=True):
            less = "less" in (bar.get("class") or "")
            if exact:
                assert (end if less else start) == pytest.approx(at, abs=1e-3)
            at = start if less else end
        if exact:
            assert ends[-1][1] == pytest.approx(at, abs=1e-3)


def test_a_chart_of_too_many_lines_is_left_out_and_said(run: Callable[..., Run]) -> None:
    page = read(run("sweep", "--vcpus", "1..100", "--vms", "1..50", "--format", "html").stdout)
    assert not list(page.iter("svg"))
    assert any("at most 40 lines" in words(each) for each in page.iter("p"))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_what_is_behind_them(theme: int) -> None:
    """As WCAG counts contrast, for level AA."""
    found = colours()
    behind = {"paper", "card", "whole", *(f"k{number}" for number in range(6))}
    pairs = [("ink", back) for back in behind]
    pairs += [(words_, "card") for words_ in ("soft", "less", "more", "doubt", "accent")] + [("soft", "paper")]
    for words_, back in pairs:
        assert contrast(found[words_][theme], found[back][theme]) >= 4.5, (words_, back)
    assert set(found) == behind | {"ink", "soft", "line", "less", "more", "doubt", "accent"}
