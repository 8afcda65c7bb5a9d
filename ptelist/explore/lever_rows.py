"""The levers as rows: moved with the mouse, typed in place of the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from ptelist.explore import drawn
from ptelist.explore.rows import Rows
from ptelist.explore.typed_line import TypedLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events

    from ptelist.explore.explorer import Explorer
    from ptelist.explore.levers import Lever

MOST_OFFERED = 6
"""Words that are named while one is typed."""


class LeverRows(Rows):
    """Levers, under headings of the part that they are about."""

    class Stepped(Message):
        """An arrow beside the value was clicked."""

        def __init__(self, *, up: bool) -> None:
            """Say which."""
            super().__init__()
            self.up = up

    def __init__(self, explorer: Explorer, take: Callable[[Lever, str], bool], *, id: str) -> None:  # noqa: A002 -- as every widget calls it
        """Take what is explored, and what takes a value that was typed, if any was, and says whether it fits."""
        super().__init__(self.begin, id=id)
        self.typing: TypedLine | None = None
        """The value that is typed, if one is."""
        self._explorer, self._take = explorer, take
        self._moved: frozenset[str] = frozenset()
        self._levers: list[Lever | None] = []

    @property
    def lever(self) -> Lever | None:
        """Return the one under the cursor."""
        return self._levers[self.cursor] if self.cursor < len(self._levers) else None

    @property
    def about(self) -> str:
        """Return what the lever under the cursor is, or while a value is typed, what it may be."""
        if not self.lever:
            return ""
        axis = self.lever.axis
        if self.typing is None:
            return f"{axis.name}: {axis.help}"
        words = axis.words(self.typing.begun)
        offered = ", ".join([*words[:MOST_OFFERED], *["..."] * (len(words) > MOST_OFFERED)])
        return f"Enter takes it, Esc leaves it{f', Tab goes on: {offered}' if offered else ''}"

    def show_levers(self, moved: frozenset[str]) -> None:
        """Show all levers, those that moved marked; the cursor stays on the lever that it was on."""
        name = self.lever.axis.name if self.lever else ""
        self._moved = moved
        self._draw()
        if name:
            self.point_to(name)

    def _draw(self) -> None:
        rows = list(drawn.levers(self._explorer, self._moved, self.lever, self.typing, self.room))
        self._levers = [lever for _, lever in rows]
        self.show([row for row, _ in rows])

    def point_to(self, name: str) -> None:
        """Put the cursor on a lever."""
        places = [at for at, lever in enumerate(self._levers) if lever and lever.axis.name == name]
        self.point(places[0] if places else 0)

    def begin(self) -> None:
        """Begin with the value in force."""
        if self.lever:
            self._type(TypedLine(self.lever.text, is_old=True))

    def _type(self, line: TypedLine) -> None:
        self.typing = line
        self._draw()
        self.post_message(self.Pointed())

    def take_key(self, event: events.Key) -> bool:
        """Return whether a key is a part of a value, or begins one: a character that is no key of the screen's."""
        line = self.typing
        if line is None:
            begins = event.key not in self.screen.active_bindings and bool((event.character or "").strip())
            if not begins or not self.lever:
                return False
            line = TypedLine()
        match event.key:
            case "enter":
                self.stop_typing(line.begun)
            case "escape" | "ctrl+c":
                self.stop_typing("")
            case "tab":
                self._complete(line)
            case "up" | "down":
                self.stop_typing("")
                return False
            case _ if line.take_key(event):
                self._type(line)
            case _:
                return self.typing is not None
        return True

    def _complete(self, line: TypedLine) -> None:
        """Go on as far as all words do that begin so."""
        begun = line.begun
        words = self.lever.axis.words(begun) if self.lever else ()
        for end in range(len(begun), len(min(words, key=len, default="")) + 1):
            if all(word.startswith(words[0][:end]) for word in words):
                begun = words[0][:end]
        line.put(begun)
        self._type(line)

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted as typed."""
        event.stop()
        if self.lever:
            line = self.typing or TypedLine()
            line.paste(event.text)
            self._type(line)

    def stop_typing(self, text: str) -> None:
        """Give what was typed, nothing if it is to be as it was; go on typing if it is refused."""
        line, self.typing = self.typing, None
        if line and self.lever and not self._take(self.lever, text):
            self._type(line)

    def on_blur(self) -> None:
        """Leave a value that is half typed."""
        self.stop_typing("")
        super().on_blur()

    def on_click(self, event: events.Click) -> None:
        """Move a lever by the arrow beside its value, else as on any row."""
        number = self.row_at(event)
        lever = self._levers[number] if number is not None else None
        if number is None or lever is None:
            return
        self.stop_typing("")
        right, is_first = self.room - 1, event.y == self.line_of(number)
        left = right - len(lever.text) - 1
        arrows = {left - 1: False, left: False, right - 1: True, right: True}
        if is_first and event.x in arrows:
            event.prevent_default()
            self.point(number)
            self.post_message(self.Stepped(up=arrows[event.x]))
