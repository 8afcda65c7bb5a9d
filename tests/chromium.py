"""A browser without a window that is started once and opens page after page, told what to do through a pipe.

It speaks the DevTools protocol: JSON with a zero byte behind each message, by --remote-debugging-pipe. A script is
evaluated as the browser's own console does it, so that a page keeps the policy that lets no script in but its own.
"""

from __future__ import annotations

import base64
import json
import select
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from html_page import read

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree import ElementTree as ET

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=800,600")
ITS_PIPE = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1'
"""For a shell: the browser reads descriptor 3 and writes 4."""
PATIENCE = 120
"""Seconds that an answer may take."""

Answer = dict[str, Any]


class Browser:
    """A running browser; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        words = [PROGRAM, *OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"]
        self._process = subprocess.Popen(
            ["sh", "-c", ITS_PIPE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._asked = 0
        self._read = b""
        self._events: list[Answer] = []
        self._target = ""

    def close(self) -> None:
        self.ask("Browser.close")
        self._process.communicate(timeout=PATIENCE)

    def opened(self, text: str, prefers: str = "light") -> Tab:
        """Open a page in a new tab, and close the one before; the reader's system prefers a theme."""
        file = self._folder / "page.html"
        file.write_text(text, encoding="ascii")
        before, self._target = self._target, self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        if before:
            self.ask("Target.closeTarget", {"targetId": before})
        session = self.ask("Target.attachToTarget", {"targetId": self._target, "flatten": True})["sessionId"]
        self._events.clear()
        tab = Tab(self, session)
        for domain in ("Page", "Runtime"):
            tab.ask(f"{domain}.enable")
        tab.ask("Emulation.setFocusEmulationEnabled", {"enabled": True})
        theme = {"name": "prefers-color-scheme", "value": prefers}
        tab.ask("Emulation.setEmulatedMedia", {"features": [theme]})
        tab.ask("Page.navigate", {"url": file.as_uri()})
        self._wait(session, "Page.loadEventFired")
        return tab

    def ask(self, method: str, params: Answer | None = None, session: str | None = None) -> Answer:
        """Have something done; return what came of it. Fails where the browser says that it cannot."""
        self._asked += 1
        whom = {"sessionId": session} if session else {}
        asked = {"id": self._asked, "method": method, "params": params or {}, **whom}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked).encode() + b"\0")
        while (answer := self._next()).get("id") != self._asked:
            self._events.append(answer)
        assert "error" not in answer, answer
        result: Answer = answer["result"]
        return result

    def told(self, session: str, event: str) -> list[Answer]:
        """Return what a tab told so far of one kind."""
        return [each for each in self._events if (each.get("sessionId"), each["method"]) == (session, event)]

    def _wait(self, session: str, event: str) -> None:
        while not self.told(session, event):
            self._events.append(self._next())

    def _next(self) -> Answer:
        """Return the next message."""
        assert self._process.stdout
        while b"\0" not in self._read:
            assert select.select([self._process.stdout], [], [], PATIENCE)[0], "the browser says nothing"
            more = self._process.stdout.read(1 << 20)
            assert more, "the browser has ended"
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        answer: Answer = json.loads(message)
        return answer


class Tab:
    """An open page."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def ask(self, method: str, params: Answer | None = None) -> Answer:
        return self._browser.ask(method, params, self._session)

    def after(self, *scripts: str) -> ET.Element:
        """Return the page as it is when these scripts have run behind its own; none of them may fail."""
        for script in (*scripts, "document.documentElement.outerHTML"):
            found = self.ask("Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True})
            assert "exceptionDetails" not in found, found["exceptionDetails"]
        assert self._browser.told(self._session, "Runtime.exceptionThrown") == []
        return read(found["result"]["value"])

    def pixel(self) -> bytes:
        """Return the page's first pixel, as a PNG."""
        clip = {"x": 0, "y": 0, "width": 1, "height": 1, "scale": 1}
        return base64.b64decode(self.ask("Page.captureScreenshot", {"format": "png", "clip": clip})["data"])

    def printed(self) -> bytes:
        """Return the page as a PDF."""
        return base64.b64decode(self.ask("Page.printToPDF")["data"])
