"""What is known beside a mmu_rmaps_stat file: who wrote it, and the VM's counters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.named import RUNNING, load
from ptelist.traces.rmaps import histogram_file
from ptelist.traces.rmaps.histogram_file import is_observation
from ptelist.traces.rmaps.rmaps import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.readers.host.rmaps_stat import Histogram
    from ptelist.settings.columns import Columns

LIVE = "/sys/kernel/debug/"


def usual(file: str, options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what is assumed of a histogram's kernel and lists, unless an option says otherwise."""
    given = {text.partition("=")[0].removeprefix("vm.") if name == "set" else name for name, text in options}
    defaults = [("kernel", RUNNING)] if file.startswith(LIVE) else _saved(file)
    return [(name, text) for name, text in (*defaults, ("history", "any")) if name not in given]


def _saved(file: str) -> list[tuple[str, str]]:
    """Return the kernel of a saved observation: the one that wrote its histograms."""
    return (
        [("kernel", file)]
        if file != "-" and is_observation(read_text(Path(file), file, histogram_file.EXPECTED))
        else []
    )


class Told(NamedTuple):
    """What is known beside a histogram."""

    pages_4k: int | None
    pages_2m: int | None
    pages_1g: int | None
    max_rmap_size: int | None
    no_counters: bool
    of_vm: str | None
    written_by: str | None

    def options(self) -> list[tuple[str, str]]:
        """Return the options that say so again; flags are words of their own."""
        given = self._replace(no_counters=None)._asdict()  # type: ignore[arg-type]
        return [(name.replace("_", "-"), str(value)) for name, value in given.items() if value is not None]

    def words(self) -> list[str]:
        """Return the flags."""
        return ["--no-counters"] if self.no_counters else []

    def read(self, file: str) -> tuple[Histogram, Limits]:
        """Return a file's histogram, and the counters: those given, else those beside it."""
        file_says = histogram_file.read(file, vm=self.of_vm, counters=not self.no_counters)
        given = self.pages_4k, self.pages_2m, self.pages_1g, self.max_rmap_size
        told = dict(zip(histogram_file.COUNTERS, given, strict=True))
        beside = tuple(name for name in file_says.counters if told[name] is None)
        told |= {name: file_says.counters[name] for name in beside}
        pages = {"4K": told["pages_4k"], "2M": told["pages_2m"], "1G": told["pages_1g"]}
        return file_says.lists, Limits(pages, told["max_mmu_rmap_size"], beside, file_says.moving)

    def how(self, file_says: Columns) -> str:
        """Return by which rule the file has lists in columns; raises PtelistError if that is open."""
        rules = {column.scenario.kernel.rmaps_stat for column in file_says.columns}
        if self.written_by:
            said = load(self.written_by, "kernels").overlay.kernel.get("rmaps_stat")
            if said is None:
                raise PtelistError(f"--written-by: {self.written_by} has no rmaps_stat; a version as 6.1 has")
            rules = {said.value}
        if len(rules) > 1:
            raise PtelistError("--kernel: these kernels have different columns; say which one wrote FILE, --written-by")
        (how,) = rules
        if how == "none":
            raise PtelistError("--kernel: this kernel has no mmu_rmaps_stat, it came with v5.15: --written-by")
        return str(how)
