"""The main screen: levers at the left, at the right where the bytes are and what a difference comes of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ptelist.compare import tree, waterfall_tree
from ptelist.compare.sentence import of_one, of_two
from ptelist.engine.figure_kinds import TOTAL
from ptelist.explore import drawn, figures, results
from ptelist.explore.chart_screen import ChartScreen
from ptelist.explore.dialogs import Find
from ptelist.explore.keys import KEYS
from ptelist.explore.lever_rows import LeverRows
from ptelist.explore.levers import along
from ptelist.explore.place import held, moved
from ptelist.explore.rows import Rows
from ptelist.explore.tree_screen import TreeScreen
from ptelist.explore.view import View
from ptelist.output import numbers
from ptelist.settings.axes import AXES
from ptelist.settings.catalog.meanings import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from ptelist.explore.explorer import Explorer
    from ptelist.explore.figures import Shown
    from ptelist.explore.levers import Lever

LEAST_WHERE = 4
"""Rows that the breakdown keeps, however much moved."""


class Figures(Vertical):
    """The right side, which tells when its height changes."""

    def on_resize(self) -> None:
        """Share the height out anew."""
        if isinstance(self.screen, MainScreen):
            self.screen.show_figures()


class MainScreen(View, inherit_bindings=False):
    """The scenario, and what it takes."""

    BINDINGS: ClassVar = [
        *(
            Binding(key.key, key.action, key.brief, show=bool(key.brief), key_display=key.shown, priority=True)
            for key in KEYS
            if key.action
        ),
        Binding("tab", "pane(1)", show=False, priority=True),
        Binding("shift+tab", "pane(-1)", show=False, priority=True),
        Binding("escape", "pane(0)", show=False, priority=True),
    ]

    def __init__(self, explorer: Explorer) -> None:
        """Take what is explored."""
        super().__init__()
        self._explorer = explorer
        self._where = self._waterfall = figures.NOTHING
        self._figure = TOTAL
        """The one that the cursor was on last."""

    def body(self) -> Iterable[Widget]:
        """Return both sides."""
        with Horizontal(id="sides"):
            yield LeverRows(self._explorer, self._take, id="levers")
            with Figures(id="right"):
                yield Static("where the bytes are", classes="title")
                yield Rows(self._derive, id="where")
                yield Static(classes="title", id="against", markup=False)
                yield Rows(self._explain, id="waterfall")

    def on_mount(self) -> None:
        """Begin with the levers."""
        self.set_focus(self.query_one(LeverRows))

    def on_resize(self, event: events.Resize) -> None:
        """Lay all out anew."""
        del event  # Steady passes over it if it is old: each class of a screen is told
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Show all as it is now."""
        explorer = self._explorer
        old, new = explorer.pinned, explorer.here
        pair, axes = held(old, new), moved(old, new)
        self.result = results.main(old, new)
        headline = of_two(pair, TOTAL, 0, 1) if axes else of_one(new.ledger, TOTAL)
        self.query_one(LeverRows).show_levers(frozenset(axis.name for axis in axes))
        against = f"less or more than {pair.baseline}" if axes else "this is pinned: move a lever to see a difference"
        if axes and not results.together(old, new):
            against = f"not told by the command below: {against}"
        self.query_one("#against", Static).update(against)
        self.tell(headline, self._about(), self.result.command)
        self.show_figures()

    def show_figures(self) -> None:
        """Share the height out: what a difference comes of has the half of it at most."""
        explorer, room = self._explorer, self.query_one("#right").size
        old, new = explorer.pinned, explorer.here
        below = figures.difference(old, new, room.width - 1) if moved(old, new) else figures.NOTHING
        high = min(len(below.figures), max((room.height - 2) // 2, 1))
        high_where = max(room.height - 2 - high, LEAST_WHERE)
        self._where, self._waterfall = figures.where(new, high_where, room.width), below
        for name, shown, height in (("#where", self._where, high_where), ("#waterfall", below, high)):
            rows = self.query_one(name, Rows)
            rows.styles.height = height
            rows.show(drawn.table(shown.table))

    def _about(self) -> str:
        """Return what is under the cursor, in a line."""
        rows, new = self.focused, self._explorer.here
        if isinstance(rows, LeverRows):
            return rows.about
        if isinstance(rows, Rows) and (name := self._pointed(rows)[1]) in new.ledger:
            return f"{name}: {numbers.with_unit(new.ledger[name])}, {MEANINGS[name]}"
        return ""

    def _pointed(self, rows: Rows) -> tuple[Shown, str]:
        shown = self._where if rows.id == "where" else self._waterfall
        return shown, shown.figures[rows.cursor] if rows.cursor < len(shown.figures) else ""

    @on(Rows.Pointed)
    def _point(self) -> None:
        rows = self.focused
        if isinstance(rows, Rows) and not isinstance(rows, LeverRows):
            name = self._pointed(rows)[1]
            self._figure = name if name in self._explorer.here.ledger else self._figure
        self.note(self._about())

    def action_step(self, up: bool, fine: bool = False) -> None:
        """Move the lever under the cursor."""
        lever = self.query_one(LeverRows).lever
        if lever and self.focused is self.query_one(LeverRows):
            self._explorer.step(lever.axis.name, up=up, fine=fine)
            self.show()

    def action_clear(self) -> None:
        """Leave the lever to what is in force without it."""
        lever = self.query_one(LeverRows).lever
        if lever:
            self._explorer.clear(lever.axis.name)
            self.show()

    @on(LeverRows.Stepped)
    def _stepped(self, event: LeverRows.Stepped) -> None:
        self.action_step(event.up)

    def _take(self, lever: Lever, text: str) -> bool:
        """Give a lever what was typed, if anything was; return whether that is done with."""
        self._explorer.refused = None
        taken = not text or self._explorer.put(lever.axis.name, text)
        self.show()
        return taken

    def action_pin(self) -> None:
        """Pin what is here."""
        self._explorer.pin()
        self.show()

    def action_undo(self) -> None:
        """Take the last step back."""
        undone = self._explorer.undo()
        self.show()
        if not undone:
            self.note("there is no step to take back")

    def action_pane(self, by: int) -> None:
        """Go on to the next side, or back to the levers; where it is narrow, only one side is seen."""
        panes = [self.query_one(f"#{name}", Rows) for name in ("levers", "where", "waterfall")]
        able = [rows for rows in panes if rows.id != "waterfall" or self._waterfall.figures]
        at = next((number for number, rows in enumerate(able) if rows is self.focused), 0)
        rows = able[(at + by) % len(able)] if by else able[0]
        self._enter(rows)

    def _enter(self, rows: Rows) -> None:
        """Put the keyboard on some rows, at once: keys may be on their way."""
        self.set_class(rows.id != "levers", "-figures")
        self.set_focus(rows)

    def _derive(self) -> None:
        self._open(self._pointed(self.query_one("#where", Rows))[1] or TOTAL)

    def _open(self, figure: str) -> None:
        here = self._explorer.here
        branch = tree.branch(here.ledger[figure])
        self.app.push_screen(TreeScreen(branch, of_one(here.ledger, figure), results.derivation(here, figure)))

    def _explain(self) -> None:
        explorer, rows = self._explorer, self.query_one("#waterfall", Rows)
        shown, name = self._pointed(rows)
        figure = name if name in explorer.here.ledger and name in explorer.pinned.ledger else TOTAL
        headline = of_two(held(explorer.pinned, explorer.here), figure, 0, 1)
        result = results.difference(explorer.pinned, explorer.here, figure)
        self.app.push_screen(TreeScreen(waterfall_tree.branch(shown.steps[rows.cursor]), headline, result))

    def action_sweep(self) -> None:
        """Follow the figure along the lever."""
        explorer, figure, lever = self._explorer, self._figure, self.query_one(LeverRows).lever
        if lever:
            old, new, values = explorer.pinned, explorer.here, along(lever, explorer.here, explorer.pinned)
            title = f"{figure} along {lever.axis.name}"
            self.app.push_screen(
                ChartScreen(
                    title, lambda delta: results.sweep(old, new, lever, values, figure, delta), has_changes=True
                )
            )

    def action_history(self) -> None:
        """Follow the figure over all kernels."""
        here, figure = self._explorer.here, self._figure
        self.app.push_screen(
            ChartScreen(f"{figure} over all kernels", lambda _: results.history(here, figure), has_changes=False)
        )

    def action_find(self) -> None:
        """Find a lever or a figure."""
        known = {name: f"lever: {axis.help}" for name, axis in AXES.items()}
        known |= {name: f"figure: {MEANINGS[name]}" for name in self._explorer.here.ledger}
        self.app.push_screen(Find(known), self._go)

    def _go(self, name: str | None) -> None:
        """Put the cursor on what was found, or open it."""
        if name in AXES:
            self._explorer.find(name)
            self.show()
            self.action_pane(0)
            self.query_one(LeverRows).point_to(name)
            self._point()
        elif name in self._where.figures:
            rows = self.query_one("#where", Rows)
            self._enter(rows)
            rows.point(self._where.figures.index(name))
            self._point()
        elif name:
            self._open(name)

    def action_quit(self) -> None:
        """Leave the terminal as it was."""
        self.app.exit()
