"""HTML in a real browser: the script runs and does what it should, both themes, print, and what axe finds of access."""

from __future__ import annotations

import json
import re
import shlex
import zlib
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from chromium import PROGRAM, Browser
from exploring import sampled
from html_page import COMMANDS, DATA, colours, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree import ElementTree as ET

    from chromium import Tab
    from click.testing import Result as Run

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Chromium here to open a page with (apt-get install chromium)")
NO_AXE = pytest.mark.skipif(not find_spec("axe_core_python"), reason="axe-core-python is not installed")
LOOKED_AT = ("compare", "where", "show", "sweep", "history", "fleet", "check-fails")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA / "check")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start a browser for all tests that a process runs: it takes longer than they do."""
    started = Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


def page(run: Callable[..., Run], name: str) -> str:
    return run(*shlex.split(COMMANDS[name]), "--format", "html").stdout


def buttons(tree: ET.Element) -> list[str]:
    return [words(each) for each in tree.iter("button")]


def test_its_own_script_runs_and_no_other(run: Callable[..., Run], browser: Browser) -> None:
    """As the page's own policy says, which a browser obeys for a file too."""
    text = page(run, "fleet").replace("</body>", "<script>document.title = 'taken';</script></body>")
    tree = browser.opened(text).after()
    assert "Dark" in buttons(tree)
    assert [words(each) for each in tree.iter("title")] != ["taken"]


SORT = """
const heads = document.querySelectorAll("[data-sortable] thead button");
heads[5].click(); document.querySelectorAll("[data-sortable] thead button")[5].click();
"""
FILTER = """
const field = document.querySelector("input[type=search]");
field.value = "MEMSLOTS"; field.dispatchEvent(new Event("input"));
"""


def test_rows_are_sorted_by_what_they_say(run: Callable[..., Run], browser: Browser) -> None:
    tree = browser.opened(page(run, "fleet")).after(SORT)
    table = next(each for each in tree.iter("table") if "data-sortable" in each.attrib)
    head, *rows = table.iter("tr")
    assert [each.get("aria-sort") for each in head] == [None] * 5 + ["descending"] + [None] * (len(head) - 6)
    orders = [float(row[5].get("data-order", "")) for row in rows]
    assert len(orders) == 4
    assert orders == sorted(orders, reverse=True)


WHOLE_ROWS = """
const label = (row) => (row.hidden ? "-" : "") + row.cells[0].textContent;
const labels = () => [...document.querySelectorAll("[data-sortable]")]
  .map((each) => [...each.tBodies[0].rows].map(label).join());
document.querySelectorAll("[data-sortable] thead button")[0].click();
document.querySelectorAll("[data-sortable] thead button")[0].click();
const field = document.querySelector("input[type=search]");
field.value = "17,408"; field.dispatchEvent(new Event("input"));
document.documentElement.dataset.rows = JSON.stringify(labels());
"""


def test_a_table_that_continues_below_is_sorted_and_filtered_as_one(run: Callable[..., Run], browser: Browser) -> None:
    tree = browser.opened(page(run, "compare-rows")).after(WHOLE_ROWS)
    first, second, *_ = json.loads(tree.get("data-rows", ""))
    assert first == second
    numbers = [int(each.lstrip("-")) for each in first.split(",")]
    assert numbers == list(range(40, 0, -1))
    assert [int(each) for each in first.split(",") if not each.startswith("-")] == [3]


def test_rows_are_left_out_that_do_not_have_a_word(run: Callable[..., Run], browser: Browser) -> None:
    tree = browser.opened(page(run, "show")).after(FILTER)
    table = next(each for each in tree.iter("table") if "data-sortable" in each.attrib)
    rows = list(table.iter("tr"))[1:]
    left = [words(row[0]) for row in rows if "hidden" not in row.attrib]
    assert left == [name for row in rows if "memslots" in (name := words(row[0])) or "memslots" in words(row)]
    assert [words(each) for each in tree.iter("output")] == [f"{len(left)} of {len(rows)} rows"]


OPEN = """
const part = (name) => [...document.querySelectorAll(".icicle a")].find((each) => each.textContent.startsWith(name));
const back = () => { const at = document.activeElement; at.blur(); at.focus(); };
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
"""


def facts(tree: ET.Element) -> str:
    return next(words(each) for each in tree.iter("h3"))


@pytest.mark.parametrize(
    ("script", "told", "shown"),
    [
        ("", "mmu", None),
        ('part("memslots").click();', "memslots", {"mmu", "memslots", "lpage_info"}),
        ('part("memslots").click(); part("memslots").click(); back();', "mmu", None),
        ('part("mmu").focus(); press("ArrowDown"); press("ArrowRight");', "memslots", None),
        ('part("mmu").focus(); press("ArrowDown"); press("ArrowRight"); press(" ");', "memslots", {"mmu", "memslots"}),
        ('part("lpage_info").click(); press("Escape"); back();', "mmu", None),
        ('part("lpage_info").focus(); press("ArrowUp");', "memslots", None),
    ],
)
def test_a_part_is_opened_and_told(
    run: Callable[..., Run], browser: Browser, script: str, told: str, shown: set[str] | None
) -> None:
    """By the mouse and by keys, and still told when a reader comes back to the window; one link is reached by Tab."""
    tree = browser.opened(page(run, "where")).after(OPEN, script)
    assert facts(tree) == told
    links = list(tree.iter("a"))
    names = {words(each[0]) for each in links if "hidden" not in each.attrib}
    assert shown is None or shown <= names
    assert ("shadow_pages" in names) == (shown is None)
    assert [each.get("tabindex") for each in links].count("0") == 1
    assert {each.get("role") for each in links} == {"button"}


def first_pixel(tab: Tab) -> str:
    head, _, rows = tab.pixel().partition(b"IDAT")
    row = zlib.decompressobj().decompress(rows[: int.from_bytes(head[-4:])])
    return f"#{row[1:4].hex()}"


@pytest.mark.parametrize(("theme", "other"), [("light", "dark"), ("dark", "light")])
def test_both_themes(run: Callable[..., Run], browser: Browser, theme: str, other: str) -> None:
    """What the reader's system prefers, what the button says then and does, and what a page itself says."""
    text = page(run, "check")
    papers = dict(zip(("light", "dark"), colours()["paper"], strict=True))
    tab = browser.opened(text, theme)
    assert (first_pixel(tab), buttons(tab.after())[0]) == (papers[theme], other.title())
    changed = tab.after('document.querySelector("header button").click();')
    assert (changed.get("data-theme"), buttons(changed)[0]) == (other, theme.title())
    assert first_pixel(tab) == papers[other]
    chosen = text.replace('<html lang="en">', f'<html lang="en" data-theme="{theme}">')
    assert first_pixel(browser.opened(chosen, other)) == papers[theme]


@pytest.mark.parametrize("name", ["where", "check-fails", "sweep"])
def test_a_page_prints(run: Callable[..., Run], browser: Browser, name: str) -> None:
    pdf = browser.opened(page(run, name)).printed()
    assert pdf.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 6


A4, PHONE = 718, 400
"""Pixels: of a sheet between its margins, and of a small screen."""
OUT = """{
const boxes = [document.documentElement, ...document.querySelectorAll("section, .scroll, .waterfall, .row")];
const scrolls = (each) => getComputedStyle(each).overflowX === "auto";
const out = boxes.filter((each) => each.scrollWidth > each.clientWidth + 1 && !scrolls(each));
document.documentElement.dataset.out = out.map((each) => `${each.nodeName}.${each.className} ${each.scrollWidth}`);
}"""
WIDE = "compare --vcpus 1,8,256 --ext 2,14 --memcg on,off"


def sticks_out(tab: Tab, width: int, media: str) -> str | None:
    """Return what is wider than the room that it has, and cannot be scrolled."""
    tab.ask(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    tab.ask("Emulation.setEmulatedMedia", {"media": media})
    return tab.after(OUT).get("data-out")


@pytest.mark.parametrize("name", [*sampled(list(COMMANDS), 4), WIDE])
def test_nothing_is_cut_off_in_print_or_sticks_out_of_a_small_screen(
    run: Callable[..., Run], browser: Browser, name: str
) -> None:
    tab = browser.opened(run(*shlex.split(COMMANDS.get(name, name)), "--format", "html").stdout)
    assert sticks_out(tab, A4, "print") == ""
    assert sticks_out(tab, PHONE, "screen") == ""


GAP = """{
const look = (each) => getComputedStyle(each, "::before").content !== "none";
document.documentElement.dataset.gaps = [...document.querySelectorAll(".bar.total")].map(look).join(" ");
}"""


@pytest.mark.parametrize(
    ("words", "gaps"),
    [("compare --vcpus 256 --ext 2,14", "true true"), ("compare --vcpus 256,1 --ext 2", "false false")],
)
def test_bars_that_do_not_begin_at_nought_have_a_gap(
    run: Callable[..., Run], browser: Browser, words: str, gaps: str
) -> None:
    tree = browser.opened(run(*shlex.split(words), "--format", "html").stdout).after(GAP)
    assert tree.get("data-gaps") == gaps


LOOK = """
const open = (each) => { each.open = true; };
document.querySelectorAll("section > details").forEach(open);
document.querySelectorAll(".tree").forEach((each, number) => { if (number > 2) each.remove(); });
document.querySelectorAll(".waterfall details, .why details").forEach(open);
const found = [];
const look = async () => {
  for (const theme of ["light", "dark"]) {
    document.documentElement.dataset.theme = theme;
    const { violations, passes } = await axe.run();
    found.push(passes.length, ...violations.map((each) => `${theme} ${each.id} ${each.nodes[0].html}`));
  }
  document.documentElement.dataset.found = JSON.stringify(found);
};
look();
"""


@NO_AXE
@pytest.mark.parametrize("name", sampled(LOOKED_AT, 3))
def test_who_does_not_see_or_point_can_read_it(run: Callable[..., Run], browser: Browser, name: str) -> None:
    """axe has nothing to say against it, unfolded and in either theme: names, landmarks, heads, contrast.

    Of derivations, which are alike, three are left: axe takes minutes for all.
    """
    axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    tree = browser.opened(page(run, name)).after(axe, LOOK)
    light, dark, *wrong = sorted(json.loads(tree.get("data-found", "")), key=str)
    assert (wrong, light >= 20, dark >= 20) == ([], True, True)
