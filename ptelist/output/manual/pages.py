"""The pages of the manual, which are installed with the package."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.scenario import installed

FOLDER = installed.folder("docs")
INDEX = "ptelist"
"""The page that lists all others."""
OF_A_COMMAND = "ptelist "
"""How the title of a command's page begins."""
MOST_NAMED = 4


class Page(NamedTuple):
    """One page: `# TITLE: ABOUT` is its first line."""

    name: str
    title: str
    about: str
    """What it is about, in half a line."""
    text: str
    """All of it, in Markdown."""

    @property
    def of_a_command(self) -> bool:
        """Return whether it tells how one command is used."""
        return self.title.startswith(OF_A_COMMAND)


@cache
def names() -> tuple[str, ...]:
    """Return the topics."""
    return tuple(installed.stems(FOLDER, ".md"))


def page(name: str) -> Page:
    """Return the page of a topic; raises PtelistError for an unknown one, which names those that may be meant."""
    if name not in names():
        raise PtelistError(f'no topic "{name}"{_meant(name)} (ptelist help lists all)')
    text = _text(name)
    title, _, about = text.partition("\n")[0].removeprefix("# ").partition(": ")
    return Page(name, title, about, text)


def _meant(name: str) -> str:
    """Return the topics that are spelt alike, else those whose pages have the word."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only after an error

    telling = [topic for topic in names() if topic != INDEX and name and name.lower() in _text(topic).lower()]
    if telling and not get_close_matches(name, names()):
        return f"; it is told of in {', '.join(telling[:MOST_NAMED])}"
    return suggestion(name, names())


def _text(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")
