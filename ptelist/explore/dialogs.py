"""What is asked for in a box over the screen: a name to find, a file to write, and the keys."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ptelist.errors import PtelistError
from ptelist.explore.drawn import Row
from ptelist.explore.keys import KEYS
from ptelist.explore.rows import Rows
from ptelist.explore.steady import Steady
from ptelist.explore.typed_line import CURSOR, TypedLine
from ptelist.output import delivery, formats
from ptelist.output.footer import brief

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult

    from ptelist.output.result import Result

ENDINGS = {formats.MAIL: "txt", formats.MARKDOWN: "md"}
"""Of files in a format that is called otherwise."""


class Box(Steady, ModalScreen[str | None]):
    """A box with a line to type in, above rows of which one is chosen with the arrows; Esc leaves it, with nothing."""

    title_text = ""

    def __init__(self, text: str = "") -> None:
        """Begin with a text, of which the first character that is typed takes the place."""
        super().__init__()
        self.line = TypedLine(text, is_old=True)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="box"):
            yield Static(self.title_text, markup=False)
            yield Static(id="line", markup=False)
            yield Static(id="fault", markup=False)
            rows = Rows(self.choose)
            rows.can_focus = False
            yield rows

    def on_mount(self) -> None:
        """Show what was typed while it was laid out."""
        self.show()

    def take_key(self, event: events.Key) -> bool:
        """Take every key, in the order in which they come."""
        match event.key:
            case "escape" | "ctrl+c":
                self.dismiss()
            case "enter":
                self.choose()
            case "up" | "down" if self.is_mounted:
                self.query_one(Rows).action_move(1 if event.key == "down" else -1)
                self.pointed()
            case _ if self.line.take_key(event):
                self.typed()
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted as typed."""
        event.stop()
        self.line.paste(event.text)
        self.typed()

    def typed(self) -> None:
        """Show what is typed as soon as there is room for it."""
        if self.is_mounted:
            self.show()

    def pointed(self) -> None:
        """Take in that the cursor is on another row."""

    @property
    def at(self) -> int:
        """Return the number of the row under the cursor."""
        return self.query_one(Rows).cursor if self.is_mounted else 0

    def show(self) -> None:
        """Show what is typed."""
        text = Text(self.line.text, style="reverse" if self.line.is_old else "underline").append(CURSOR, "not reverse")
        self.query_one("#line", Static).update(text)

    def choose(self) -> None:
        """Take what is typed, and the row under the cursor."""
        raise NotImplementedError


class Find(Box):
    """Finds a lever or a figure: it is dismissed with its name."""

    title_text = "find a lever or a figure (words of its name or meaning)"

    def __init__(self, known: Mapping[str, str]) -> None:
        """Take names and what each means."""
        super().__init__()
        self._known = known

    @property
    def _found(self) -> list[str]:
        """Return the names that have all words, before those whose meanings have them."""
        words = self.line.text.casefold().split()
        told = {name: f"{name} {meaning}".casefold() for name, meaning in self._known.items()}
        found = [name for name in self._known if all(word in told[name] for word in words)]
        return sorted(found, key=lambda name: not all(word in name for word in words))

    def show(self) -> None:
        """Show what has the words."""
        super().show()
        found = self._found
        self.query_one("#fault", Static).update("" if found else "nothing has these words")
        rows = [Row((Text.assemble((name, "bold"), "  ", (self._known[name], "dim")),)) for name in found]
        self.query_one(Rows).show(rows)
        self.query_one(Rows).point(0)

    def choose(self) -> None:
        """Go to it."""
        if found := self._found:
            self.dismiss(found[self.at])


class Write(Box):
    """Writes a result to a file, as `--format` and `-o` would; a file that is there is replaced when Enter comes twice.

    The format is the one that the name's ending says, or the one that was chosen with the arrows since. It is dismissed
    with the name of the file that was written.
    """

    title_text = "write to a file (its ending says the format; up and down choose another)"

    def __init__(self, result: Result, *, has_picture: bool) -> None:
        """Take what is to be written."""
        self._result = result
        known = [name for name in formats.FORMATS if name not in {"csv", "jsonl"} or result.rows]
        others = [name for name in known if name not in {formats.MAIL, formats.TERMINAL}]
        self._formats = [formats.MAIL, *others, *([delivery.SVG] if has_picture else []), formats.TERMINAL]
        self._chosen = self._formats[0]
        self._asked = ""
        """The file that Enter was pressed for last, if it was there already."""
        super().__init__(_file(self._chosen))

    def on_mount(self) -> None:
        """Offer the formats."""
        self.query_one(Rows).show([Row((Text(name),)) for name in self._formats])
        super().on_mount()

    @on(Rows.Pointed)
    def pointed(self) -> None:
        """Take the format under the cursor, and name the file after it unless a name was typed."""
        if self._chosen == self._formats[self.at]:  # told of before, or the name's ending says it
            return
        self._chosen, self._asked = self._formats[self.at], ""
        if self.line.is_old:
            self.line = TypedLine(_file(self._chosen), is_old=True)
        self.show()

    def typed(self) -> None:
        """Take the format that the name's ending says, if it says one."""
        ending = Path(self.line.text.strip()).suffix.lower()
        named = (name for name in (*formats.FORMATS, delivery.SVG) if Path(_file(name)).suffix == ending)
        self._chosen, self._asked = next(named, self._chosen), ""
        super().typed()

    def show(self) -> None:
        """Show the name and its format."""
        super().show()
        self._say("")
        if self._chosen in self._formats:
            self.query_one(Rows).point(self._formats.index(self._chosen))

    def choose(self) -> None:
        """Write it, and say so; or say why not."""
        name = self.line.text.strip()
        try:
            if not name or name == "-" or (Path(name).exists() and not Path(name).is_file()):
                raise PtelistError(f'"{name}" is no file that can be written')
            if self._chosen not in self._formats:
                raise PtelistError(f"there is no {self._chosen} of this: take one of the formats below")
            if Path(name).exists() and self._asked != name:
                self._asked = name
                raise PtelistError(f'"{name}" is there already: Enter replaces it, Esc leaves it')
            with redirect_stdout(sys.__stdout__):  # not the one that keeps what is printed off the screen
                delivery.deliver(brief(self._result), self._chosen, name)
        except (PtelistError, OSError, ValueError) as error:
            self._say(str(error))
        else:
            self.dismiss(name)

    def _say(self, fault: str) -> None:
        if self.is_mounted:
            self.query_one("#fault", Static).update(fault)


def _file(form: str) -> str:
    return f"ptelist.{ENDINGS.get(form, form)}"


class Keys(Steady, ModalScreen[None]):
    """The keys."""

    BINDINGS: ClassVar = [Binding("escape,q,question_mark", "dismiss", "back")]

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="box"):
            for key in KEYS:
                if key.shown:
                    with Horizontal(classes="key"):
                        yield Static(key.shown, markup=False)
                        yield Static(key.about, markup=False)

    def on_click(self, event: events.Click) -> None:
        """Leave it, wherever it is clicked."""
        event.stop()
        self.dismiss()
