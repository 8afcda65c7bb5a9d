"""A list of rows of text with a cursor: all that the screen has beside sentences is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.text import Text
    from textual import events

    from ptelist.explore.drawn import Row


class Rows(ScrollView, can_focus=True):
    """Rows of which one is under the cursor."""

    BINDINGS: ClassVar = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("home", "move(-1000000)", show=False, priority=True),
        Binding("end", "move(1000000)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
    ]

    class Pointed(Message):
        """The cursor went to another row."""

    def __init__(self, choose: Callable[[], object], *, id: str | None = None) -> None:  # noqa: A002 -- as every widget calls it
        """Begin with no row; `choose` takes the one under the cursor, at once: more keys may be on their way."""
        super().__init__(id=id)
        self._choose = choose
        self.cursor = 0
        self._rows: Sequence[Row] = ()
        self._lines: list[tuple[int, Text]] = []

    @property
    def room(self) -> int:
        """Return the columns that a line has, beside the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows; the cursor stays where it was as far as it can."""
        self._rows = rows
        self._lines = [(number, line) for number, row in enumerate(rows) for line in row.lines]
        self.virtual_size = Size(0, len(self._lines))
        self.point(self.cursor)
        self.refresh()

    def point(self, number: int, way: int = 1) -> None:
        """Put the cursor on a row, or on the next one that way which is no heading."""
        able = [place for place, row in enumerate(self._rows) if not row.is_heading]
        if not able:
            return
        on = [place for place in able if (place >= number if way > 0 else place <= number)]
        self.cursor = (on[0] if way > 0 else on[-1]) if on else able[-1 if way > 0 else 0]
        lines = [line for line, (row, _) in enumerate(self._lines) if row == self.cursor]
        if lines:
            above = lines[0] if self.cursor != able[0] else 0
            self.scroll_to_region(Region(0, above, 1, lines[-1] - above + 1), animate=False, force=True)
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move the cursor up or down."""
        self.point(self.cursor + by, by)
        self.post_message(self.Pointed())

    def action_choose(self) -> None:
        """Take the row under the cursor."""
        if self._rows:
            self._choose()

    def row_at(self, event: events.MouseEvent) -> int | None:
        """Return the row under the mouse."""
        line = event.y + self.scroll_offset.y
        number = self._lines[line][0] if line < len(self._lines) else None
        return None if number is None or self._rows[number].is_heading else number

    def line_of(self, number: int) -> int:
        """Return which line of the widget a row begins at."""
        return next(line for line, (row, _) in enumerate(self._lines) if row == number) - self.scroll_offset.y

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row under the mouse; take the row that it was on already."""
        number = self.row_at(event)
        if number is None:
            return
        if number == self.cursor:
            self.action_choose()
        else:
            self.point(number)
            self.post_message(self.Pointed())

    def on_focus(self) -> None:
        """Show where the cursor is, and tell."""
        self.refresh()
        self.post_message(self.Pointed())

    def on_blur(self) -> None:
        """Show that the cursor is elsewhere."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        width, line = self.room, y + self.scroll_offset.y
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        number, text = self._lines[line]
        row, shown = self._rows[number], text.copy()
        shown.truncate(width, overflow="ellipsis", pad=True)
        shown.stylize_before(shown.style)
        if number == self.cursor and text is row.lines[0] and not row.is_heading:
            shown.stylize("reverse" if self.has_focus or not self.can_focus else "underline", end=row.marked)
        return Strip(shown.render(self.app.console, end="")).apply_style(self.rich_style).crop(0, width)
