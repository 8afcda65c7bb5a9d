"""ptelist figures: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.single import single
from ptelist.output import plain
from ptelist.output.command_line import command_line
from ptelist.output.page import HEAD, TEXT, Document
from ptelist.output.result import Result
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.settings.catalog.names import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptelist.output.page import Line

WITH_HISTORY = [("filling", "aged"), ("peak-vms", "2")]
"""A host that has every figure there is."""


def run(names: tuple[str, ...]) -> Result:
    """List figures with their units and what they are."""
    ledger = single((), WITH_HISTORY, "").ledgers[0]
    units = {figure: ledger[figure].unit.value for figure in sorted(select(names, MEANINGS) if names else MEANINGS)}
    return Result(
        command_line("figures", names, ()),
        (),
        lambda width: Document((), (), command_line("figures", names, ()), tuple(_lines(units, width))),
        lambda: {"figures": {name: {"unit": unit, "meaning": MEANINGS[name]} for name, unit in units.items()}},
        lambda: (("figure", "unit", "meaning"), *((name, unit, MEANINGS[name]) for name, unit in units.items())),
    )


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
