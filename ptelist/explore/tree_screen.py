"""A derivation, of a figure or of a difference: branches open and close, down to the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from ptelist.explore import drawn
from ptelist.explore.folds import Folds
from ptelist.explore.rows import Rows
from ptelist.explore.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from ptelist.output.branches import Branch
    from ptelist.output.result import Result


class TreeScreen(View):
    """A tree of text with a cursor."""

    BINDINGS: ClassVar = [
        Binding("right", "turn(True)", "open", key_display="right", priority=True),
        Binding("left", "turn(False)", "close", key_display="left", priority=True),
        Binding("a", "all", "all", priority=True),
    ]

    def __init__(self, branch: Branch, headline: str, result: Result) -> None:
        """Take the tree, the sentence above it, and what it is as a result."""
        super().__init__()
        self.result = result
        self._headline = headline
        self._folds = Folds(branch)
        self._is_whole = False

    def body(self) -> Iterable[Widget]:
        """Return the tree."""
        yield Rows(self._turned, id="tree")

    def on_resize(self, event: events.Resize) -> None:
        """Wrap all anew."""
        del event  # Steady passes over it if it is old: each class of a screen is told
        if self.result:
            self.tell(self._headline, "", self.result.command)
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        rows = self.query_one(Rows)
        rows.show(drawn.tree(self._folds.seen, rows.room))

    def action_turn(self, is_open: bool) -> None:
        """Open or close the branch under the cursor; close the one above it if it is closed or has no parts."""
        rows, seen = self.query_one(Rows), self._folds.seen
        here = seen[rows.cursor]
        if not is_open and here.path and not (here.is_open and here.branch.parts):
            above = here.path[:-1]
            rows.point(next(number for number, each in enumerate(seen) if each.path == above))
            return
        self._folds.turn(here.path, is_open=is_open)
        self._show()

    def action_all(self) -> None:
        """Open all branches, or close them."""
        self._is_whole = not self._is_whole
        self._folds.turn_all(is_open=self._is_whole)
        self._show()

    def _turned(self) -> None:
        here = self._folds.seen[self.query_one(Rows).cursor]
        self._folds.turn(here.path, is_open=not here.is_open)
        self._show()
