"""A real terminal: tmux shows the screen, takes what is copied, and after quitting is as it was before."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from screens import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(not TMUX, reason="there is no tmux")
PATIENCE = 30.0
"""Seconds: other processes may have the machine."""
LINE = f"{shlex.quote(sys.executable)} -m ptelist explore --vcpus 256"
COLOUR = re.compile(r"\x1b\[[0-9;]*\b(?:3[0-7]|4[0-7]|9[0-7])m")


class Terminal:
    """A terminal of 80 columns and 24 lines, with a shell in it."""

    def __init__(self, folder: Path) -> None:
        self._env = os.environ | {"TMUX_TMPDIR": str(folder), "LC_ALL": "C.UTF-8", "PYTHONPATH": ":".join(sys.path)}
        self._env |= {"ENV": "", "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        self._env.pop("TMUX", None)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "exec sh")
        self.tmux("set", "-s", "set-clipboard", "on")
        self.type("PS1='ready> '; clear", "Enter")
        self.wait(lambda screen: screen.startswith("ready>"))

    def tmux(self, *words: str) -> str:
        assert TMUX
        done = subprocess.run(
            [TMUX, "-u", "-L", "explore", *words], capture_output=True, encoding="utf-8", check=True, env=self._env
        )
        return done.stdout

    def type(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def screen(self, *options: str) -> str:
        return self.tmux("capture-pane", "-p", *options)

    def wait(self, holds: Callable[[str], object]) -> str:
        """Return the screen as soon as it is as it should be."""
        end = time.monotonic() + PATIENCE
        while not holds(screen := self.screen()):
            assert time.monotonic() < end, screen
            time.sleep(0.05)
        return screen

    def state(self) -> tuple[str, str]:
        """Return what the terminal is told to do, and how it treats what is typed."""
        self.type("clear; stty -a; echo done", "Enter")
        shown = self.wait(lambda screen: re.search(r"^done\n", screen, re.MULTILINE))
        flags = "#{alternate_on} #{mouse_any_flag} #{cursor_flag} #{keypad_flag} #{origin_flag} #{wrap_flag}"
        return self.tmux("display-message", "-p", flags), shown.partition("done")[0]

    def child(self) -> int:
        """Return the process that the shell runs."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text(encoding="ascii").split()[0])


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    pytest.importorskip("textual", reason=MISSING)
    shown = Terminal(tmp_path)
    yield shown
    shown.tmux("kill-server")


def test_it_works_in_tmux_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    before = terminal.state()
    terminal.type(LINE, "Enter")
    terminal.wait(lambda screen: "where the bytes are" in screen and "vcpus" in screen)
    terminal.type("Down", "Down", "Down", "2", "Enter", "Tab", "Enter")
    terminal.wait(lambda screen: "ptelist explain mmu.bytes.total --vcpus 256 --ext 2" in screen)
    terminal.type("Escape")
    shown = terminal.wait(lambda screen: "$ ptelist compare --vcpus 256 --ext 14,2" in screen)
    assert max(map(len, shown.splitlines())) <= 80
    assert COLOUR.search(terminal.screen("-e"))
    terminal.type("y")
    terminal.wait(lambda screen: "copied" in screen)
    assert terminal.tmux("show-buffer").startswith("ext=2 takes 983,040 bytes")
    terminal.type("q")
    terminal.wait(lambda screen: screen.rstrip().endswith("ready>"))
    assert terminal.state() == before


def test_without_colour_and_when_it_is_killed_too(terminal: Terminal) -> None:
    before = terminal.state()
    terminal.type(f"NO_COLOR=1 {LINE}; echo ended $?", "Enter")
    terminal.wait(lambda screen: "where the bytes are" in screen and "vcpus" in screen)
    assert not COLOUR.search(terminal.screen("-e"))
    os.kill(terminal.child(), signal.SIGTERM)
    terminal.wait(lambda screen: f"ended {128 + signal.SIGTERM}" in screen)
    assert terminal.state() == before
