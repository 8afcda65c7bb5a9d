"""What all screens have: the answer above, what it is about, the command that gives the same below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer, Static

from ptelist.explore.dialogs import Keys, Write
from ptelist.explore.keys import KEYS
from ptelist.explore.steady import Steady
from ptelist.output import formats, plain
from ptelist.output.footer import brief
from ptelist.output.page import MAIL_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult
    from textual.widget import Widget

    from ptelist.output.result import Result

SHARED = [key for key in KEYS if key.action in {"copy", "write", "keys"}]


class View(Steady, Screen[None]):
    """A screen about one result."""

    BINDINGS: ClassVar = [
        *(Binding(key.key, key.action, key.brief, key_display=key.shown, priority=True) for key in SHARED),
        Binding("escape,q", "app.pop_screen", "back", key_display="Esc", priority=True),
    ]
    has_picture = False
    """Whether its result can be written as SVG."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        super().__init__()
        self.result: Result | None = None
        self._texts = "", "", ""

    def body(self) -> Iterable[Widget]:
        """Return what stands between the sentence and the command."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static(id="headline", markup=False)
        yield from self.body()
        yield Static(id="note", markup=False)
        yield Static(id="command", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys alone until all is laid out, but for those that leave it."""
        del parameters
        return self.is_mounted or action in {"app.pop_screen", "quit"}

    def tell(self, headline: str, note: str, command: str) -> None:
        """Say what the screen is about, in as many lines as that takes."""
        self._texts = headline, note, command
        width = max(self.size.width - 2, MOST_NARROW)
        self.query_one("#headline", Static).update(plain.paragraph(plain.clean(headline), width))
        line = self.query_one("#note", Static)
        line.update(plain.clean(note))
        line.display = bool(note)
        self.query_one("#command", Static).update(plain.command(command, width) if command else "")

    def note(self, note: str) -> None:
        """Say something else of what is under the cursor, or what was done: nothing is covered by it."""
        headline, _, command = self._texts
        self.tell(headline, note, command)

    def action_copy(self) -> None:
        """Copy the text for a mail, through the terminal: it needs no other program, and works over ssh."""
        if self.result:
            text = formats.render(formats.MAIL, brief(self.result), MAIL_WIDTH)
            self.app.copy_to_clipboard(text if isinstance(text, str) else "".join(text))
            self.note("copied, as a mail has it")

    def action_write(self) -> None:
        """Ask for a format and a file."""
        if self.result:
            self.app.push_screen(Write(self.result, has_picture=self.has_picture), self._written)

    def _written(self, name: str | None) -> None:
        if name:
            self.note(f"written: {name}")

    def action_keys(self) -> None:
        """Show the keys."""
        self.app.push_screen(Keys())


MOST_NARROW = 20
"""Columns that sentences are wrapped to at least."""
