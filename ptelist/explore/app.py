"""The application: its look, which is the terminal's own colours, and the screen that it begins with."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding

from ptelist.explore.dialogs import Box
from ptelist.explore.lever_rows import LeverRows
from ptelist.explore.main_screen import MainScreen

if TYPE_CHECKING:
    from ptelist.explore.explorer import Explorer

CSS = """
Screen { background: ansi_default; color: ansi_default; overflow: hidden; }
#headline { height: auto; max-height: 4; padding: 0 1; text-style: bold; }
#sides { height: 1fr; }
#levers { width: 28; height: 100%; border-right: solid ansi_bright_black; }
#right { width: 1fr; height: 100%; padding-left: 1; }
Screen.-wide #levers { width: 38; }
#where { overflow: hidden; scrollbar-gutter: auto; }
.title { height: 1; text-style: dim; }
* { scrollbar-color: ansi_bright_black; }
Rows { scrollbar-size: 1 1; overflow-x: hidden; scrollbar-gutter: stable; background: ansi_default; }
#note { height: auto; max-height: 1; padding: 0 1; text-style: dim; text-wrap: nowrap; text-overflow: ellipsis; }
#command { height: auto; max-height: 5; padding: 0 1; color: ansi_cyan; }
#tree, #chart { height: 1fr; padding: 0 1; }
#chart { scrollbar-size: 1 1; scrollbar-gutter: stable; }
Footer { background: ansi_default; color: ansi_default; }
ModalScreen { align: center middle; background: ansi_default; }
.box { width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; border: round ansi_cyan;
  background: ansi_default; }
.box Rows { height: auto; max-height: 14; }
.key { height: auto; }
.key Static { width: 1fr; }
.key Static:first-child { width: 12; text-style: bold; }
#fault { height: auto; color: ansi_red; }
Screen.-narrow #levers { width: 100%; border: none; }
Screen.-narrow #right { display: none; }
Screen.-narrow.-figures #levers { display: none; }
Screen.-narrow.-figures #right { display: block; width: 100%; }
Toast { border-left: none; }
"""


class ExploreApp(App[int]):
    """What is explored, on a terminal."""

    CSS = CSS
    BINDINGS: ClassVar = [Binding("ctrl+c,ctrl+q", "quit", show=False, priority=True)]
    TITLE = "ptelist explore"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 -- as App declares it
        (0, "-narrow"),
        (66, "-normal"),
        (100, "-wide"),
    ]

    def __init__(self, explorer: Explorer) -> None:
        """Take what is explored; colours are the terminal's, which knows whether it is light or dark."""
        super().__init__(ansi_color=True)
        self._explorer = explorer
        self.theme = "ansi-dark"
        self.animation_level = "none"

    def on_mount(self) -> None:
        """End as a shell tells it, with the terminal as it was: an exception amid a callback could be lost."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, 128 + number)

    @property
    def fault(self) -> Exception | None:
        """Return what ended it, if it was none of a user's doing."""
        return self._exception

    def _fatal_error(self) -> None:
        """End without a traceback over the screen: the command line tells of it as of every failure, in one line."""
        self._close_messages_no_wait()

    async def on_event(self, event: events.Event) -> None:
        """Give keys to who types in the order in which they come, however fast: a box may still be laid out."""
        key = event if isinstance(event, events.Key) and not event.is_forwarded else None
        taker = None if key is None else self.screen if isinstance(self.screen, Box) else self.focused
        if key is None or not isinstance(taker, Box | LeverRows) or not taker.take_key(key):
            await super().on_event(event)

    def get_default_screen(self) -> MainScreen:
        """Return the screen to begin with."""
        return MainScreen(self._explorer)
