"""Options in which releases that --map-kernel names say what stands for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.scenario.presets.mapping import KernelMap

if TYPE_CHECKING:
    from collections.abc import Iterable

KERNEL = "kernel"


def mapped(options: Iterable[tuple[str, str]], maps: Iterable[str] | KernelMap) -> list[tuple[str, str]]:
    """Return options with RELEASE=PROFILE for each release of --kernel that a pattern matches."""
    known = maps if isinstance(maps, KernelMap) else KernelMap(maps)
    return [(name, _each(text, known) if name == KERNEL else text) for name, text in options]


def _each(text: str, maps: KernelMap) -> str:
    return ",".join(maps.taken_for(item.strip()) for item in text.split(","))
