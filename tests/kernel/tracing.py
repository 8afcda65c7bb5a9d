"""kprobes on KVM's list code in the guest, with the arguments that ptelist knows for its kernel."""

from __future__ import annotations

import lzma
import re
from io import BytesIO
from typing import TYPE_CHECKING, Self

from elftools.elf.elffile import ELFFile

from ptelist.traces.replay import probes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kernel.guest import Guest

TRACEFS = "/sys/kernel/tracing"
BUFFER_KB = 16384
TRACEPOINT = "kvmmmu/kvm_mmu_set_spte"
GROUP = "ptelist"
"""Of the probes, as the script of --probe-script calls it."""

CLONE = re.compile(r"(?:\.(?:isra|constprop|part)\.[0-9]+)+")
"""What a compiler adds to the name of a function that it makes over."""


def symbols(module: Path) -> list[str]:
    """Return a module's functions as /proc/kallsyms has them: to read that one through a serial line takes long."""
    data = module.read_bytes()
    elf = ELFFile(BytesIO(lzma.decompress(data) if module.suffix == ".xz" else data))
    table = elf.get_section_by_name(".symtab")
    functions = [each.name for each in table.iter_symbols() if each["st_info"]["type"] == "STT_FUNC"]
    return [f"0000000000000000 t {name}\t[kvm]" for name in functions]


def definitions(series: str, kallsyms: Iterable[str]) -> list[str]:
    """Return the lines for kprobe_events, for the symbols that a kernel has (lines of /proc/kallsyms)."""
    found: dict[str, tuple[str, str]] = {}
    for line in kallsyms:
        _, kind, symbol, *module = line.split()
        name = CLONE.sub("", symbol)
        if kind in {"t", "T"} and (name == symbol or ".isra." in symbol):
            found[name] = symbol, "".join(f"{each.strip('[]')}:" for each in module)
    return [definition(call, *found[call.function]) for call in probes.calls(series) if call.function in found]


def definition(call: probes.Call, symbol: str, module: str) -> str:
    """Return the line for kprobe_events, for a symbol of a function and what stands before it, "kvm:" or nothing."""
    return f"p:{GROUP}/{call.function} {module}{symbol} {call.fetch_args(made_over='.isra.' in symbol)}"


class Tracer:
    """A trace of everything that is done to lists while it lasts, with marks."""

    def __init__(self, guest: Guest, definitions: list[str], event: str) -> None:
        """Take the lines for kprobe_events, and the folder of the events to enable."""
        self._guest, self._definitions, self._event = guest, definitions, event
        self.text = ""

    @classmethod
    def of_lists(cls, guest: Guest, series: str, module: Path) -> Self:
        """Trace every call that changes a list or a cache."""
        return cls(guest, definitions(series, symbols(module)), GROUP)

    @classmethod
    def of_sptes(cls, guest: Guest) -> Self:
        """Trace SPTEs as they are set."""
        return cls(guest, [], TRACEPOINT)

    def __enter__(self) -> Self:
        for definition in self._definitions:
            self._write("kprobe_events", definition)
        self._write("buffer_size_kb", BUFFER_KB)
        self._write(f"events/{self._event}/enable", 1)
        self._write("tracing_on", 1)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Read the trace, and take the probes away: while they are there the module cannot go."""
        if kind is not None:
            return
        self._write("tracing_on", 0)
        self.text = self._guest.text(f"{TRACEFS}/trace")
        self._write(f"events/{self._event}/enable", 0)
        for definition in self._definitions:
            self._write("kprobe_events", definition.split()[0].replace("p:", "-:", 1))
        self._write("buffer_size_kb", 1)

    def mark(self, text: str) -> None:
        """Write a mark into the trace."""
        self._write("trace_marker", text)

    def _write(self, file: str, text: object) -> None:
        self._guest.ask("write", f"{TRACEFS}/{file}", text)
