"""A figure along a lever, or over the versions of the kernel: a chart, and below it what a command tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from ptelist.errors import PtelistError
from ptelist.explore import drawn
from ptelist.explore.view import MOST_NARROW, View
from ptelist.output import textchart
from ptelist.output.formats import mail
from ptelist.output.note import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual import events
    from textual.widget import Widget

    from ptelist.explore.results import Charted

MOST_HIGH = 18
"""Lines of a chart: what stands below it is to be seen as well."""


class Room(VerticalScroll):
    """Where a chart is, which tells when its size changes: the sentence above may take another line."""

    def on_resize(self) -> None:
        """Draw it anew."""
        if isinstance(self.screen, ChartScreen):
            self.screen.show()


class ChartScreen(View):
    """A chart that may take a while: it is worked out beside the screen."""

    BINDINGS: ClassVar = [Binding("d", "delta", "change", priority=True)]
    has_picture = True

    def __init__(self, title: str, make: Callable[[bool], Charted], *, has_changes: bool) -> None:
        """Take what it is about, and what makes the chart: of a figure, or of its change if that can be had."""
        super().__init__()
        self._title, self._make, self._has_changes = title, make, has_changes
        self._delta = False
        self._charted: Charted | None = None

    def body(self) -> Iterable[Widget]:
        """Return room for the chart."""
        with Room(id="chart"):
            yield Static(id="lines", markup=False)

    def on_mount(self) -> None:
        """Begin."""
        self._begin()

    def on_resize(self, event: events.Resize) -> None:
        """Draw it anew."""
        del event  # Steady passes over it if it is old: each class of a screen is told
        self.call_after_refresh(self.show)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key out where there are no changes."""
        return bool(super().check_action(action, parameters)) and (action != "delta" or self._has_changes)

    def action_delta(self) -> None:
        """Show changes in place of values, or values again."""
        self._delta = not self._delta
        self._begin()

    def _begin(self) -> None:
        self._charted = None
        self.show()
        self._work(self._delta)

    @work(thread=True, exclusive=True)
    def _work(self, delta: bool) -> None:
        try:
            made: Charted | PtelistError = self._make(delta)
        except PtelistError as error:
            made = error
        self.app.call_from_thread(self._done, made)

    def _done(self, made: Charted | PtelistError) -> None:
        if isinstance(made, PtelistError):
            self.notify(str(made), severity="error", markup=False)
            self.app.pop_screen()
            return
        self._charted, self.result = made, made.result
        self.show()

    def show(self) -> None:
        """Show the chart as large as there is room for it."""
        if not self._charted:
            self.tell(f"{self._title} ...", "", "")
            return
        result = self._charted.result
        self.tell(result.headline(), "", result.command)
        room = self.query_one("#chart").scrollable_content_region
        width = max(room.width, MOST_NARROW)
        chart = textchart.draw(self._charted.chart, width, min(room.height, MOST_HIGH))
        page = result.page(width)
        text = mail.draw(page._replace(notes=shortened(page.notes), command=""), width)
        told = text.rpartition("\n\n")[0]
        self.query_one("#lines", Static).update(Text.assemble(drawn.chart(chart), "\n", told))
