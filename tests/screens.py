"""Screens of `ptelist explore` as text: the application is run, keys are pressed, and what a terminal shows is read."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from ptelist.cli import main
from ptelist.cli.options import chosen
from ptelist.explore.drawn import ARROWS
from ptelist.explore.explorer import Explorer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    Step = str | Callable[[Pilot[None]], Awaitable[object]]
    """Keys, or what else is done."""

MISSING = "the extra explore (textual) is not installed"
PLAIN = str.maketrans(f"{ARROWS}█░│└─┊●○▾▸•▏…▁▂▃▄▅▆▇", "<>#.|`-:*ov>*_~       ")
"""Signs of a terminal, in ASCII for a page of the manual."""


def explorer(line: str) -> Explorer:
    """Return what `ptelist explore LINE` begins with."""
    command: Any = main.get_command(None, "explore")  # type: ignore[arg-type]
    params = command.make_context("explore", shlex.split(line)).params
    return Explorer(params["preset"], chosen(params))


def played(line: str, *steps: Step, size: tuple[int, int] = (80, 24), explored: Explorer | None = None) -> list[str]:
    """Return the screen at first, and after each step."""
    pytest.importorskip("textual", reason=MISSING)
    from ptelist.explore.app import ExploreApp  # noqa: PLC0415 -- only where there is textual

    app = ExploreApp(explored or explorer(line))
    shown: list[str] = []

    async def play() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await settled(pilot)
            shown.append(text(app))
            for step in steps:
                await (press(pilot, *step.split()) if isinstance(step, str) else step(pilot))
                await settled(pilot)
                shown.append(text(app))

    asyncio.run(play())
    return shown


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, all at once as who types ahead does: a name (left), or a character."""
    from textual.events import Key  # noqa: PLC0415 -- only where there is textual
    from textual.keys import _character_to_key  # noqa: PLC0415 -- as above

    for key in keys:
        pilot.app.post_message(Key(_character_to_key(key), key) if len(key) == 1 else Key(key, None))


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is to be done: no message, nothing that works beside, no layout."""
    from textual.worker import WorkerCancelled  # noqa: PLC0415 -- only where there is textual

    quiet = 0
    while quiet < QUIET:
        await pilot._wait_for_screen()
        replaced = False
        try:
            await pilot.app.workers.wait_for_complete()
        except WorkerCancelled:  # a later one took its place
            replaced = True
        await asyncio.sleep(0.006)
        quiet = 0 if replaced or busy(pilot.app.screen) else quiet + 1


QUIET = 3


def busy(screen: Any) -> bool:
    return bool(
        not screen.is_mounted
        or screen._callbacks
        or screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._dirty_widgets
    )


def text(app: Any) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def left(screen: str) -> str:
    """Return the words of the left side."""
    return " ".join(" ".join(line.partition("│")[0] for line in screen.splitlines()).split())


def command(screen: str) -> str:
    """Return the command that stands at the bottom of a screen."""
    said = screen[screen.rindex("$ ptelist") + 2 :].rpartition("\n")[0]
    return " ".join(said.replace("\\\n", " ").split())
