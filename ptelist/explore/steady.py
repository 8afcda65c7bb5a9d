"""A screen that is as large as the terminal is now, whatever it was told before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual import events
    from textual.app import App


class Steady:
    """Passes over a size that the terminal no longer has: what is laid out for it would tell of itself again.

    Two sizes on their way at once would make each other come back for ever.
    """

    app: App[int]

    def on_resize(self, event: events.Resize) -> None:
        """Lay out nothing for another size than the terminal's."""
        if event.size != self.app.size:
            event.prevent_default()
