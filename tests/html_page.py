"""Pages in HTML: commands that give them, and the standard library's own parser that reads them as trees of elements.

What does not nest is an error.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ptelist.output.formats import html

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parent / "data"
COMMANDS = {
    "compare": "compare --vcpus 256 --ext 2,14",
    "compare-many": "compare --vcpus 1,8,256 --ext 2,14",
    "compare-open": "compare idle-6g-shadow --kernel 5.14,6.18",
    "compare-rows": "compare --vcpus 1..40",
    "compare-one": "compare nested --kernel 7.3",
    "compare-figures": "compare nested --kernel 5.14,6.18 --figure pte_list_desc.slabs --figure memslots",
    "compare-aged": "compare --vms 8 --vcpus 1 --host single-cpu --filling aged --peak-vms 16 --ext 2,14",
    "compare-past": "compare --filling packed,aged --peak-vms 3",
    "compare-same": "compare --memory 4GiB,8GiB --figure pte_list_desc.bytes.total",
    "where": "where --memory 64GiB --vcpus 32",
    "where-nested": "where nested --all",
    "show": "show --vcpus 8",
    "sweep": "sweep --vm shadow --vcpus 1..64 --ext 2,14",
    "sweep-delta": "sweep --vcpus 1..8 --ext 2,14,28 --delta",
    "history": "history --memory 64GiB --vcpus 32 --all",
    "sensitivity": "sensitivity --vcpus 8",
    "fleet": "fleet ../fleet/hosts.csv --by host --ext 2",
    "fleet-many": "fleet ../fleet/hosts.csv --ext 2,4,8",
    "fleet-explain": "fleet ../fleet/hosts.csv --explain n1",
    "explain": "explain pte_list_desc.bytes.total --vcpus 256 --depth all",
    "explain-two": "explain mmu.bytes.total --vcpus 256 --ext 2,14 --depth all",
    "figures": "figures",
    "rmaps": "rmaps ../rmaps/3bcd0662d66f --paging shadow",
    "patch": "patch --before ../btf/6.18 --after ../btf/6.18-grown --kernel 6.18",
    "check": "check ptelist.toml",
    "check-fails": "check ptelist.toml --kernel 6.18 --kernel-from ../btf/6.18-grown",
}
"""By name; they run in the folder `check` of the data."""
VOID = {"meta", "br", "input"}
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+")
"""One that is long enough to be nobody else's."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.builder = ET.TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len(dict(attrs)) != len(attrs):
            raise ValueError(f"<{tag}> has an attribute twice")
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes another element")
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)
        elif data.strip():
            raise ValueError(f"text beside the document: {data[:50]!r}")

    def handle_comment(self, data: str) -> None:
        raise ValueError(f"a comment: {data[:50]!r}")

    def unknown_decl(self, data: str) -> None:
        raise ValueError(f"a declaration: {data[:50]!r}")


def read(text: str) -> ET.Element:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.open:
        raise ValueError(f"never closed: {reader.open}")
    return reader.builder.close()


def words(element: ET.Element) -> str:
    return "".join(element.itertext())


def cells(page: ET.Element) -> Iterator[str]:
    """Yield the text of each cell of a table; a table of one column is a list."""
    told = [each for each in page.iter("ul") if each.get("class") == "told"]
    yield from (words(each) for each in page.iter() if each.tag in {"td", "th"})
    yield from (words(item) for each in told for item in each.iter("li"))


ONCE = ("title", "style", "header", "main", "h1", "footer", "script")
LOADS = frozenset(("link", "iframe", "object", "embed", "base", "form", "img"))
ASKS = re.compile(r"on.*|src|srcset|action|formaction|data|background")


def wrong(page: ET.Element) -> Iterator[str]:
    """Yield what a page that stands alone, and is read by ear too, must not have."""
    names = [each.get("id", "") for each in page.iter() if "id" in each.attrib]
    if len(set(names)) != len(names):
        yield "an id stands twice"
    yield from (f"not one <{name}>" for name in ONCE if len(list(page.iter(name))) != 1)
    for each in page.iter():
        if each.tag in LOADS:
            yield f"<{each.tag}>"
        if each.tag == "th" and each.get("scope") not in {"col", "colgroup", "row"}:
            yield f"a head of nothing: {words(each)}"
        for name, value in each.attrib.items():
            yield from _wrong(name, value, set(names))


def _wrong(name: str, value: str, names: set[str]) -> Iterator[str]:
    if ASKS.fullmatch(name):
        yield f"{name}={value}"
    if name.endswith("href") and not (value.startswith("#") and value[1:] in names):
        yield f"a link to {value}"
    if name == "aria-labelledby" and value not in names:
        yield f"nothing is called {value}"
    if name == "style" and not re.fullmatch(r"(--[a-z]+:[-0-9.e]+;?)+", value):
        yield f"a style of {value}"


def colours() -> dict[str, tuple[str, str]]:
    """Return the colours of the style sheet by name, those of the light theme and of the dark one."""
    style = (html.FOLDER / "style.css").read_text(encoding="ascii")
    return {name: (light, dark) for name, light, dark in re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", style)}
