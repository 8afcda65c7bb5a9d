"""A VM's mmu_rmaps_stat with the counters that debugfs has beside it, from a file or a saved observation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.host import paths, snapshot
from ptelist.readers.host.rmaps_stat import MOST_LISTS, Histogram, parse
from ptelist.scenario.presets.text_file import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTERS = ("pages_4k", "pages_2m", "pages_1g", "max_mmu_rmap_size")
"""The files of a VM's folder that narrow what a histogram leaves open; reading them costs the VM nothing."""

EXPECTED = "a mmu_rmaps_stat file"


class Found(NamedTuple):
    """A histogram, and what else is known of the VM's lists."""

    lists: Histogram
    counters: dict[str, int]
    moving: tuple[str, ...] = ()
    """Counters that changed while the histogram was read: they say nothing of it."""


def is_observation(text: str) -> bool:
    """Return whether a text is what `ptelist observe --save` wrote."""
    return text.startswith(f"{snapshot.FIRST}\n")


def read(file: str, *, vm: str | None, counters: bool) -> Found:
    """Return the histogram in a file (- is stdin), and the counters beside it unless they are unwanted.

    `vm` names the VM of a saved observation that has several. Counters are read
    before the histogram and after it, for the VM may be running. Raises PtelistError
    for a file that is neither, or a counter that is no number.
    """
    folder = Path(file).parent if counters and file != "-" and Path(file).name == paths.RMAPS_STAT else None
    before = _beside(folder) if folder else {}
    text = read_text(Path(file), file, EXPECTED)
    if is_observation(text):
        return _of_observation(snapshot.parse(text, file), file, vm, counters=counters)
    if vm:
        raise PtelistError(f"--of-vm: {file} is no saved observation, it has one VM's lists")
    after = _beside(folder) if folder else {}
    steady = {name: value for name, value in before.items() if after.get(name) == value}
    return Found(parse(text, file), steady, tuple(name for name in before if name not in steady))


def _beside(folder: Path) -> dict[str, int]:
    """Return the counters that can be read; a kernel has those of its version."""
    texts = {}
    for name in COUNTERS:
        path = folder / name
        if path.is_file():
            texts[name] = read_text(path, str(path), "a number")
    return _numbers(texts, str(folder))


def _of_observation(saved: snapshot.Snapshot, label: str, vm: str | None, *, counters: bool) -> Found:
    stats = {name: f"{paths.VMS}/{name}/{paths.RMAPS_STAT}" for name in saved.vms}
    there = {name: path for name, path in stats.items() if path in saved.files}
    if not there:
        raise PtelistError(f"{label}: has no {paths.RMAPS_STAT}: save it with `ptelist observe --rmaps-stat --save`")
    if vm is None and len(there) > 1:
        raise PtelistError(f"{label}: has the lists of VMs {', '.join(there)}: say which, --of-vm")
    name = vm or next(iter(there))
    if name not in there:
        raise PtelistError(f"--of-vm: {label} has no lists of {name[:40]}, but of {', '.join(there)}")
    cells = {each: saved.vms[name][each] for each in COUNTERS if counters and each in saved.vms[name]}
    where = f"{label}: {paths.VMS}/{name}"
    return Found(parse(saved.files[there[name]], f"{where}/{paths.RMAPS_STAT}"), _numbers(cells, where))


def _numbers(texts: Mapping[str, str], where: str) -> dict[str, int]:
    numbers = {}
    for name, text in texts.items():
        cell = text.strip()
        if not (re.fullmatch("[0-9]{1,20}", cell) and int(cell) <= MOST_LISTS):
            raise PtelistError(f'{where}/{name}: expected a number, got "{cell[:40]}"')
        numbers[name] = int(cell)
    return numbers
