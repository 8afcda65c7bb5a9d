"""Saved observations of hosts: as the kernel of a row, or as an inventory of their own, which is lines of JSON then."""

from __future__ import annotations

import json
import os
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.errors import PtelistError
from ptelist.fleet.collected import FACTS, MEASURED, MERGED
from ptelist.fleet.objects import LIST
from ptelist.output.note import Note
from ptelist.output.sentence import plural
from ptelist.readers.host import paths, slabinfo, snapshot, vms
from ptelist.readers.host.caches import HostCaches
from ptelist.scenario.presets import releases
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.axes import AXES
from ptelist.settings.named import SAVED, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ptelist.readers.host.snapshot import Snapshot

ENDINGS = (".txt", ".observation")
"""Of files that hosts are saved in, which are no part of a host's name; any other may be: web.1, db.example.com."""

MOST_NAME = 4096
"""Bytes of a name of a file."""


def is_saved(path: str) -> bool:
    """Return whether a file is what observe --save writes; nothing that is no plain file is opened."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            return file.read(len(SAVED)) == SAVED.encode()
    except (OSError, ValueError):  # a NUL is in it, or it may not be read
        return False


def beside(inventory: str, name: str) -> str | None:
    """Return the saved observation that a cell of an inventory names, from here on or from its folder on."""
    return next(filter(is_saved, _places(inventory, name)), None)


def is_there(inventory: str, name: str) -> bool:
    """Return whether there is any such file."""
    return any(map(os.path.exists, _places(inventory, name)))  # no error for a name that no file can have


def _places(inventory: str, name: str) -> tuple[str, str]:
    return name, str(Path(inventory).parent / name)


def listed(inventory: str) -> list[str]:
    """Return the saved observations that an inventory is: itself, those in a folder, or a name a line.

    None where it is any other file. Raises PtelistError for a line that names none.
    """
    if is_saved(inventory):
        return [inventory]
    try:
        is_folder, is_file = Path(inventory).is_dir(), Path(inventory).is_file()
    except (OSError, ValueError):  # as above; who opens it says so
        return []
    if is_folder:
        return list(filter(is_saved, map(str, sorted(Path(inventory).iterdir()))))
    return list(_named(inventory)) if is_file and _begins_with_one(inventory) else []


def _begins_with_one(inventory: str) -> bool:
    try:
        with Path(inventory).open("rb") as file:
            first = file.readline(MOST_NAME).decode("utf-8", "replace").strip()
    except OSError:  # who opens it says so
        return False
    return bool(first and beside(inventory, first))


def _named(inventory: str) -> Iterator[str]:
    text = read_text(inventory, inventory, "names of saved observations, one a line")
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if name := line.strip():
            path = beside(inventory, name)
            if path is None:
                raise PtelistError(f"{inventory}:{number}: no saved observation: {name[:80]}")
            if (first := lines.setdefault(path, number)) != number:
                raise PtelistError(f"{inventory}:{number}: {name[:80]} is on line {first} already")
            yield path


def inventory_of(files: Sequence[str]) -> BytesIO:
    """Return an inventory of these hosts and the VMs that KVM showed on them; their memory it did not show.

    Raises PtelistError for an observation that cannot be read.
    """
    return BytesIO("".join(f"{json.dumps(_host(path))}\n" for path in files).encode())


def _host(path: str) -> dict[str, Any]:
    said = load(path, "hosts").overlay
    fields = {f"host.{field}": each.value for field, each in said.host.items()}
    fields |= {f"config.{field}": each.value for field, each in said.config.items()}
    row: dict[str, Any] = {"host": _name(Path(path)), "kernel": path}
    for axis in AXES.values():
        known = {each: fields[each] for each in axis.kind.paths(axis.path) if fields.get(each) not in {None, ""}}
        if axis.path.startswith("host.") and known.keys() == set(axis.kind.paths(axis.path)):
            row[axis.name.replace("-", "_")] = axis.kind.show(axis.kind.value_of(known))
    found = snapshot.parse(read_text(path, path, "what ptelist observe --save wrote"), path)
    alike = Counter((each.vcpus, each.stats.get(paths.RUN)) for each in vms.vms(found, path) if each.vcpus)
    row |= {FACTS: {}, MEASURED: {"slabs": dict(_slabs(found, path))}}
    return row | {LIST: [_vms(*each, count) for each, count in alike.items()]}


def _name(file: Path) -> str:
    """Return how a host is called that was saved in a file."""
    return file.stem if file.suffix in ENDINGS else file.name


def _slabs(found: Snapshot, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is counted of KVM's caches, as the collector says it."""
    caches = HostCaches(found, slabinfo.rows(found, path), path)
    for name in (DESC, HEADER):
        seen = caches.find(name)
        if seen:
            counts = {"active": seen.active, "slabs": seen.slabs, "stride": seen.stride, "per_slab": seen.per_slab}
            known: dict[str, Any] = {what: count for what, count in counts.items() if count is not None}
            yield name, known | ({MERGED: seen.directory} if seen.shared else {})


def _vms(vcpus: int, run: int | None, count: int) -> dict[str, int]:
    return {"vcpus": vcpus, "count": count} | ({} if run is None else {"vcpus_run": run})


def told(hosts: Mapping[str, int], inventory: str) -> Iterator[Note]:
    """Yield how many hosts have the kernel of a saved observation, and of which these are only assumed to be others."""
    found: Counter[str] = Counter()
    for cell, count in hosts.items():
        if path := beside(inventory, cell):
            found[assumed(path)] += count
    if found:
        text = f"{sum(found.values()):,} of {plural(sum(hosts.values()), 'host')} as saved observations say"
        others = ", ".join(f"{each} {count:,}" for each, count in found.most_common() if each)
        yield Note("observed", f"{text}, ASSUMED {others}" if others else text)


def assumed(path: str) -> str:
    """Return what the kernel of an observation is assumed to be, "" if it is what its release says."""
    kernel = load(path, "kernels").overlay.kernel
    release = releases.read(kernel["release"].value)
    if release.is_direct:
        return ""
    own = sum(bool(each.struct or each.by_caches) for each in kernel.values())
    return f"{release.owner} as {kernel['version'].value} ({plural(own, 'field')} its own)"
