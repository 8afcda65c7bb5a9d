"""HTML: one file that needs no other; what it draws can be opened, its tables sorted, and all of it read without."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.output import svg
from ptelist.output.note import MORE
from ptelist.output.page import HEAD, TEXT, Table
from ptelist.output.sheet import Folded, Reasons, Waterfall, Whole
from ptelist.output.version import __version__
from ptelist.output.web import icicle, reasons, tables, waterfall
from ptelist.output.web.elements import Markup, element, lines, scrolled, section
from ptelist.scenario import installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.output.note import Note
    from ptelist.output.page import Line
    from ptelist.output.result import Result
    from ptelist.output.sheet import Block, Drawing

FOLDER = installed.folder("output") / "web"
NOTHING_LOADED = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'"
"""What a browser is told to allow: this page's own style and its own script, and nothing from anywhere."""


def render(result: Result, width: int) -> str:
    """Return a page: the answer, what draws it, tables, what was assumed, the command."""
    del width
    page = result.document(None)
    blocks = result.sheet(page) if result.sheet else page.tables
    as_it_stands = () if result.sheet else page.lines
    notes = [note for note in page.notes if note.topic != MORE.topic]
    whole = [note for note in result.notes if note not in notes]
    main = [
        element("h1", page.headline or result.command),
        *_picture(result),
        *([_as_it_stands(as_it_stands)] if as_it_stands else []),
        *_blocks(_titled(blocks)),
        section("Assumptions and notes", [_notes(notes), *_folded_notes(whole, result.notes)], "notes"),
        section("The same again", [element("pre", element("code", f"$ {result.command}"))], "command"),
    ]
    body = (
        element("header", element("span", "ptelist", class_="name")),
        element("main", lines(main)),
        element("footer", f"ptelist {__version__}"),
    )
    return f"<!doctype html>\n{_document(result.command, body)}\n"


def _document(title: str, body: Iterable[str]) -> Markup:
    style, script = (_file(name) for name in ("style.css", "script.js"))
    policy = NOTHING_LOADED.format(b64encode(sha256(script.encode()).digest()).decode())
    head = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(style)),
    )
    inside = element("body", lines(body), element("script", Markup(script)))
    return element("html", lines((element("head", lines(head)), inside)), lang="en")


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="ascii")


def _titled(blocks: Sequence[Block]) -> Sequence[Block]:
    """Return the same; where several tables have no title, each is called by its first head if these differ."""
    heads = [block.head[0] for block in blocks if isinstance(block, Table) and not block.title]
    if len(heads) == 1 or len(set(heads)) < len(heads):
        return blocks
    return [
        block._replace(title=block.head[0]) if isinstance(block, Table) and not block.title else block
        for block in blocks
    ]


def _blocks(blocks: Sequence[Block]) -> Iterator[Markup]:
    for number, block in enumerate(blocks, 1):
        key = f"part{number}"
        title, inside = _drawn(block.block if isinstance(block, Folded) else block, key)
        yield section(title, inside, key, folded=isinstance(block, Folded))


def _drawn(block: Drawing, key: str) -> tuple[str, list[Markup]]:
    if isinstance(block, Whole):
        return icicle.draw(block, key)
    if isinstance(block, Waterfall):
        return waterfall.draw(block)
    return reasons.draw(block) if isinstance(block, Reasons) else tables.draw(block, key)


def _picture(result: Result) -> Iterator[Markup]:
    """Yield the chart, if there is one, or why it cannot be drawn."""
    if not result.picture:
        return
    try:
        picture = result.picture()
    except PtelistError as error:
        yield element("p", f"No chart: {error}.", class_="fine")
        return
    title, meaning = picture.titles
    drawn = Markup(svg.inline(picture).encode("ascii", "xmlcharrefreplace").decode("ascii"))
    below = scrolled(drawn, title, "scroll chart")
    yield section(title, [element("p", meaning, class_="fine"), below], "chart")


def _as_it_stands(text: Sequence[Line]) -> Markup:
    """Return lines as they stand, heads and small print told apart."""
    told = (line if meaning == TEXT else element("b" if meaning == HEAD else "small", line) for meaning, line in text)
    return element("pre", lines(told), role="region", aria_label="lines", tabindex=0)


def _notes(notes: Iterable[Note]) -> Markup:
    items = (element("li", *([element("b", note.head), " "] if note.head else []), note.text) for note in notes)
    return element("ul", lines(items), class_="notes")


def _folded_notes(more: Sequence[Note], whole: Sequence[Note]) -> Iterator[Markup]:
    if more:
        yield element("details", element("summary", "All that was assumed"), _notes(whole))
