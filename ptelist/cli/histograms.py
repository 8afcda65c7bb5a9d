"""Options of commands that read a mmu_rmaps_stat file: what is known beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ptelist.columns import Columns
    from ptelist.rmaps import Limits

NUMBER = click.IntRange(min=0, max=1 << 48)
LIVE = "/sys/kernel/debug/"
OPTIONS = (
    click.option("--pages-4k", type=NUMBER, metavar="N", help="The VM's pages_4k at that moment."),
    click.option("--pages-2m", type=NUMBER, metavar="N", help="Its pages_2m."),
    click.option("--pages-1g", type=NUMBER, metavar="N", help="Its pages_1g."),
    click.option("--max-rmap-size", type=NUMBER, metavar="N", help="Its max_mmu_rmap_size."),
    click.option("--written-by", metavar="KERNEL", help="Kernel that wrote the histogram, if not --kernel."),
)


def histogram_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what may be known beside a histogram."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def usual(file: str, options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what is assumed of a histogram's kernel and lists, unless an option says otherwise."""
    from ptelist.presets import RUNNING  # noqa: PLC0415 -- not for --help

    given = {text.partition("=")[0].removeprefix("vm.") if name == "set" else name for name, text in options}
    found = [("kernel", RUNNING)] if file.startswith(LIVE) else []
    return [(name, text) for name, text in (*found, ("history", "any")) if name not in given]


class Told(NamedTuple):
    """What is known beside a histogram."""

    pages_4k: int | None
    pages_2m: int | None
    pages_1g: int | None
    max_rmap_size: int | None
    written_by: str | None

    def options(self) -> list[tuple[str, str]]:
        """Return the options that say so again."""
        return [(name.replace("_", "-"), str(value)) for name, value in self._asdict().items() if value is not None]

    def limits(self) -> Limits:
        """Return the counters."""
        from ptelist.rmaps import Limits  # noqa: PLC0415 -- not for --help

        return Limits({"4K": self.pages_4k, "2M": self.pages_2m, "1G": self.pages_1g}, self.max_rmap_size)

    def how(self, found: Columns) -> str:
        """Return by which rule the file has lists in columns; raises PtelistError if that is open."""
        from ptelist.presets import load  # noqa: PLC0415 -- not for --help

        rules = {column.scenario.kernel.rmaps_stat for column in found.columns}
        if self.written_by:
            rules = {load(self.written_by, "kernels").overlay.kernel["rmaps_stat"].value}
        if len(rules) > 1:
            raise PtelistError("--kernel: these kernels have different columns; say which one wrote FILE, --written-by")
        (how,) = rules
        if how == "none":
            raise PtelistError("--kernel: this kernel has no mmu_rmaps_stat, it came with v5.15: --written-by")
        return str(how)
