"""What a machine's slab caches tell of SLUB's rules on its kernel, where no profile was made of that kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine import attributes
from ptelist.errors import PtelistError
from ptelist.readers.host import machine, paths
from ptelist.readers.host.caches import HostCaches
from ptelist.readers.host.slub_debug import flags
from ptelist.scenario.check import checked
from ptelist.scenario.models import Config, Host, Kernel, Scenario
from ptelist.scenario.overlay import Origin, Setting
from ptelist.scenario.presets import releases, shipped, versions
from ptelist.settings.defaults import CONFIG, PRESETS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ptelist.readers.host.snapshot import Snapshot
    from ptelist.scenario.overlay import Fields, Overlay

SHEAVES = "sheaf_capacity"
GROUPS = (
    (("slub_order_form", "slub_fractions", "slub_cpus"), ("order", "objs_per_slab")),
    (("slub_min_partial",), ("min_partial",)),
    (("slub_cpu_partial", "slub_cpu_partial_unit"), ("cpu_partial",)),
    (
        (
            "slub_sheaf_capacity",
            *("slub_own_sheaves", "slub_no_sheaves"),
            *("slub_sheaves_per_cpu", "slub_sheaves_per_node", "slub_empty_sheaves_per_node"),
        ),
        (SHEAVES,),
    ),
)
"""Fields of a kernel, and the files of a cache in /sys/kernel/slab that follow from them."""

Values = tuple[Any, ...]


class Shown(NamedTuple):
    """One cache: its name, what its files say of how it is laid out, and its debugging."""

    name: str
    stride: int
    debug: str
    cells: dict[str, int]


def told(snapshot: Snapshot, label: str, overlay: Overlay) -> Fields:
    """Return the fields that the slab caches of a machine tell, each with how many caches are laid out so.

    Of the rules that kernels with a profile have, those are taken that most caches follow; the mapped version's own
    where none is followed by more. Of these a field is told where no other value of it would do as well. Nothing is
    told of upstream's kernels and Debian's, whose profiles were checked against such caches.
    """
    release = overlay.kernel["release"].value
    caches = () if releases.read(release).is_direct else tuple(_shown(snapshot, label))
    if not caches:
        return {}
    try:
        scenario = _scenario(snapshot, label, overlay)
    except PtelistError:  # its CPUs are not known
        return {}
    found: Fields = {}
    for fields, columns in GROUPS:
        group = [cache for cache in caches if columns[0] in cache.cells]
        found |= _told(group, fields, columns, scenario, label) if group else {}
    return found


def _shown(snapshot: Snapshot, label: str) -> Iterator[Shown]:
    """Yield the caches that sysfs shows; a kernel without sheaves has no file for them, so none of its caches has."""
    columns = [column for _, columns in GROUPS for column in columns]
    for seen in HostCaches(snapshot, {}, label).every():
        cells = {column: number for column in columns if (number := seen.number(column)) is not None}
        if stride := seen.number("slab_size"):
            yield Shown(seen.name, stride, flags(seen.cells), {SHEAVES: 0} | cells)


def _scenario(snapshot: Snapshot, label: str, overlay: Overlay) -> Scenario:
    """Return the kernel as far as it is known, on its host."""
    usual = shipped.load(PRESETS["host"], "hosts").overlay.host
    whole = {
        Kernel: overlay.kernel,
        Config: shipped.load(CONFIG, "configs").overlay.config | overlay.config,
        Host: usual | machine.host(snapshot, label).host,
    }
    kernel, config, host = (
        checked(record, {field: setting.value for field, setting in fields.items()}) for record, fields in whole.items()
    )
    return Scenario(kernel, config, host, ())


def _told(
    caches: Sequence[Shown], fields: tuple[str, ...], columns: tuple[str, ...], scenario: Scenario, label: str
) -> Fields:
    own = scenario.kernel.version
    profiles = _profiles(fields, own)
    counts = {values: _fitting(caches, fields, values, columns, scenario) for values in profiles}
    best = max(counts.values())
    winners = [values for values in counts if counts[values] == best]
    chosen = winners[0]
    if not best:
        return {}
    source = f"{label}: {paths.SLABS}: {best:,} of {len(caches):,} caches are laid out so"
    if profiles[chosen] != own:
        source += f", as on {profiles[chosen]}; as on {own} {next(iter(counts.values())):,} are"
    return {
        field: Setting(chosen[at], Origin(label), field, source, by_caches=True)
        for at, field in enumerate(fields)
        if profiles[chosen] != own or _is_told(at, winners, profiles)
    }


def _is_told(at: int, winners: Collection[Values], tried: Collection[Values]) -> bool:
    """Return whether a field has one value wherever most caches agree, and another elsewhere."""
    return len({values[at] for values in winners}) == 1 < len({values[at] for values in tried})


def _profiles(fields: tuple[str, ...], own: str) -> dict[Values, str]:
    """Return what kernels have for some fields, and one that has it: the mapped version first, then the nearest."""
    names = shipped.names("kernels")
    middle = names.index(own)
    found: dict[Values, str] = {}
    for name in sorted(names, key=lambda each: (abs(names.index(each) - middle), versions.version_key(each))):
        kernel = shipped.load(name, "kernels").overlay.kernel
        found.setdefault(tuple(kernel[field].value for field in fields), name)
    return found


def _fitting(
    caches: Sequence[Shown], fields: tuple[str, ...], values: Values, columns: tuple[str, ...], scenario: Scenario
) -> int:
    """Return how many caches are laid out as on a kernel with these values."""
    changed = scenario.kernel._replace(**dict(zip(fields, values, strict=True)))
    tried = scenario._replace(kernel=changed)
    count = 0
    for cache in caches:
        rules = attributes.layout(cache.name, cache.stride, cache.debug, tried)
        count += all(cache.cells.get(column) == rules[column] for column in columns)
    return count
