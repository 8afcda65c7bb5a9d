"""Elements of HTML; every text becomes one here, and so is escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ptelist.output import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

VOID = frozenset(("meta", "br"))
"""Elements that hold nothing."""

Attribute = str | int | bool | None
"""A value; True stands for a name alone, False and None for none of it."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(words: str) -> Markup:
    """Return words as HTML in ASCII: cleaned, escaped, in one line."""
    if isinstance(words, Markup):
        return words
    return Markup(escape(plain.clean(words)).encode("ascii", "xmlcharrefreplace").decode("ascii"))


def element(name: str, /, *inside: str, **attributes: Attribute) -> Markup:
    """Return an element with texts or elements in it; of an attribute's name `_` is `-`, but for one at its end."""
    said = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    opening = f"<{name}{said}>"
    return Markup(opening if name in VOID else f"{opening}{''.join(map(text, inside))}</{name}>")


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'


def lines(parts: Iterable[str]) -> Markup:
    """Return elements below each other, each on lines of its own: for who reads the file itself."""
    return Markup("".join(f"\n{text(part)}" for part in parts) + "\n")


def section(title: str, inside: Iterable[str], key: str, *, folded: bool = False) -> Markup:
    """Return a part of the page below its heading, which names it for who hears the page; `key` is the heading's."""
    heading = element("h2", title, id=key)
    if not folded:
        return element("section", lines((heading, *inside)), aria_labelledby=key)
    details = element("details", element("summary", heading), lines(inside))
    return element("section", details, aria_labelledby=key)


def scrolled(inside: str, name: str, look: str = "scroll") -> Markup:
    """Return what may be wider than the page in a box that scrolls, by keys too, so that it needs a name."""
    return element("div", inside, role="group", aria_label=f"{name}, scrolls sideways", tabindex=0, class_=look)
