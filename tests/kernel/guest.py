"""A machine in QEMU that runs one kernel, and the probe in it: `with Guest(...) as guest: guest.ask("pin", 0)`.

Emulated in software (TCG) as an AMD processor with SVM, so that KVM runs inside on any host.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMEOUT = 120
"""Seconds for one answer: far more than any command takes, on a busy machine too."""
WINDOW = 32
"""Commands sent ahead of their answers."""
TAIL = 12
CPU = "EPYC"
KERNEL_OPTIONS = "console=ttyS0 quiet loglevel=4 panic=-1 tsc=unstable"


class GuestError(Exception):
    """The probe said "error", or the machine said nothing; with the end of its console."""


class BootError(GuestError):
    """The machine did not come up: on a busy host a kernel under TCG may take its own timers for broken."""


class Row(NamedTuple):
    """A cache's line in /proc/slabinfo; `name` is that of the cache it was merged into, if it was."""

    name: str
    active: int
    objects: int
    stride: int
    per_slab: int
    pages: int
    slabs: int


class Guest:
    """The probe's end of the line."""

    def __init__(self, image: Path, initramfs: bytes, smp: str, options: str) -> None:
        """Start the machine; `smp` is what QEMU's -smp takes."""
        self._folder = tempfile.TemporaryDirectory(prefix="ptelist-kernel-")
        folder = Path(self._folder.name)
        (folder / "initramfs").write_bytes(initramfs)
        self._console = folder / "console"
        self._received = bytearray()
        # With several CPUs, one thread for all: KVM's own code crashes or hangs now and then under parallel TCG.
        accelerator = "tcg" if smp == "1" else "tcg,thread=single"
        with (folder / "qemu").open("wb") as complaints:
            self._qemu = subprocess.Popen(
                (
                    *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
                    *("-machine", "pc", "-accel", accelerator, "-cpu", CPU, "-smp", smp, "-m", "1G"),
                    *("-kernel", image, "-initrd", folder / "initramfs", "-append", f"{KERNEL_OPTIONS} {options}"),
                    *("-serial", f"file:{self._console}"),
                    *("-chardev", "stdio,id=probe,signal=off", "-serial", "chardev:probe"),
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
            )

    def __enter__(self) -> Self:
        """Wait for the probe."""
        try:
            self._answer("the boot")
        except GuestError as error:
            self.close()
            raise BootError(str(error)) from None
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the machine."""
        self._qemu.kill()
        self._qemu.wait()
        for pipe in (self._qemu.stdin, self._qemu.stdout):
            if pipe:
                pipe.close()
        self._folder.cleanup()

    # the line

    def ask(self, *words: object) -> list[str]:
        """Send one command and return the words of the answer."""
        (found,) = self.all([words])
        return found

    def all(self, commands: Iterable[tuple[object, ...]]) -> list[list[str]]:
        """Send commands and return their answers; some are under way at a time, for a round trip takes long."""
        texts = [" ".join(map(str, words)) for words in commands]
        answers: list[list[str]] = []
        for start in range(0, len(texts), WINDOW):
            window = texts[start : start + WINDOW]
            self._send("".join(f"{text}\n" for text in window))
            answers += [self._answer(text) for text in window]
        return answers

    def data(self, *words: object) -> bytes:
        """Send one command that is answered by data."""
        text = " ".join(map(str, words))
        self._send(f"{text}\n")
        (count,) = self._answer(text)
        return self._take(int(count), text)

    def _send(self, text: str) -> None:
        assert self._qemu.stdin
        try:
            self._qemu.stdin.write(text.encode())
            self._qemu.stdin.flush()
        except BrokenPipeError:
            raise self._error("the machine has gone") from None

    def _answer(self, command: str) -> list[str]:
        kind, *words = self._line(command).split(" ")
        if kind not in {"ok", "data"}:
            raise self._error(f"{command}: {' '.join((kind, *words))}")
        return words

    def _line(self, command: str) -> str:
        while b"\n" not in self._received:
            self._receive(command)
        text, _, rest = self._received.partition(b"\n")
        self._received = rest
        return text.decode()

    def _take(self, count: int, command: str) -> bytes:
        while len(self._received) < count:
            self._receive(command)
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _receive(self, command: str) -> None:
        assert self._qemu.stdout
        ready, _, _ = select.select([self._qemu.stdout], [], [], TIMEOUT)
        if not ready:
            raise self._error(f"{command}: no answer within {TIMEOUT} s")
        received = os.read(self._qemu.stdout.fileno(), 1 << 16)
        if not received:
            raise self._error(f"{command}: the machine has gone")
        self._received += received

    def _error(self, what: str) -> GuestError:
        complaints = Path(self._folder.name, "qemu")
        texts = [
            path.read_text(errors="replace", encoding="utf-8") for path in (self._console, complaints) if path.exists()
        ]
        tail = "\n".join("".join(texts).splitlines()[-TAIL:])
        return GuestError(f"{what}\n{tail}".rstrip())

    # what most experiments need

    def count(self, cache: str) -> Row:
        """Return a cache's row after a shrink: what is in use, exactly."""
        return _row(self.ask("count", cache))

    def raw(self, cache: str) -> Row:
        """Return a cache's row as it stands."""
        return _row(self.ask("raw", cache))

    def tasks(self) -> int:
        """Return how many tasks there are, kernel threads and all."""
        return int(self.text("/proc/loadavg").split()[3].partition("/")[2])

    def settle(self) -> None:
        """Wait until what RCU frees is free."""
        self.ask("settle")

    def text(self, path: str) -> str:
        """Return a file's text."""
        return self.data("read", path).decode()


def _row(words: list[str]) -> Row:
    name, *numbers = words
    return Row(name, *map(int, numbers))
