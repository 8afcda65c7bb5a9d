"""ptelist figures: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.single import single
from ptelist.output import plain
from ptelist.output.command_line import command_line
from ptelist.output.page import HEAD, TEXT, Document, Table
from ptelist.output.result import Result
from ptelist.scenario.vm_structs import ALL, size_field
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.settings.catalog.names import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptelist.output.page import Line

WITH_ALL = [
    *(("filling", "aged"), ("peak-vms", "2"), ("set", "kernel.memslot_hash_bytes=0")),
    *(("set", f"kernel.{size_field(struct)}=1") for struct in ALL),
]
"""A host with a history, and a build that tells sizes: they have every figure there is."""


def run(names: tuple[str, ...]) -> Result:
    """List figures with their units and what they are."""
    ledger = single((), WITH_ALL, "").ledgers[0]
    units = {figure: ledger[figure].unit.value for figure in sorted(select(names, MEANINGS) if names else MEANINGS)}
    return Result(
        command_line("figures", names, ()),
        (),
        lambda width: Document((), (), command_line("figures", names, ()), tuple(_lines(units, width))),
        lambda: {"figures": {name: {"unit": unit, "meaning": MEANINGS[name]} for name, unit in units.items()}},
        lambda: (("figure", "unit", "meaning"), *_rows(units)),
        sheet=lambda _: (Table(("figure", "unit", "what it is"), tuple(_rows(units)), "Figures", sortable=True),),
    )


def _rows(units: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    yield from ((name, unit, MEANINGS[name]) for name, unit in units.items())


def _lines(units: Mapping[str, str], width: int | None) -> Iterator[Line]:
    """Yield a head for each group, and a line for each figure."""
    before = ""
    longest = max(len(name.partition(".")[2]) for name in units)
    most = max(map(len, units.values()))
    for name, unit in units.items():
        group, _, rest = name.partition(".")
        if group != before:
            yield HEAD, group
            before = group
        label = f"  {rest:{longest}}  {unit:{most}}  "
        text = label + MEANINGS[name]
        yield from (
            (TEXT, line) for line in (plain.wrapped(text, width, " " * len(label)) if width else text).split("\n")
        )
