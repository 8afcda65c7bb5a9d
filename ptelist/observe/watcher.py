"""Each figure of a cache as a host shows it, beside what the rules say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import attributes, ran, slab_layout, slub_parameters
from ptelist.engine.attributes import Made
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.output.note import Note
from ptelist.readers.host.paths import SLABS
from ptelist.readers.host.slub_debug import flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Ledger
    from ptelist.readers.host.caches import Seen
    from ptelist.scenario.models import Host, Kernel, Scenario

SYSFS_NAMES = {
    "size": "object_size",
    "stride": "slab_size",
    "slab_order": "order",
    "objects_per_slab": "objs_per_slab",
    "min_partial": "min_partial",
    "cpu_partial": "cpu_partial",
    "sheaf_capacity": "sheaf_capacity",
}
"""The files of /sys/kernel/slab by the names that ptelist has for their figures."""

MOST_CACHES = 6
"""More members of a merged cache, or VMs, than this are not all named."""

LAYOUT = ("slab_order", "objects_per_slab", "min_partial", "cpu_partial", "sheaf_capacity")
OF_A_LINE = ("slab_order", "objects_per_slab")
"""What slabinfo alone has of a cache, beside its stride."""

UNIT_OF = {
    "size": Unit.BYTES,
    "stride": Unit.BYTES,
    "slab_order": Unit.ORDER,
    "objects_per_slab": Unit.OBJECTS,
    "min_partial": Unit.SLABS,
    "cpu_partial": Unit.OBJECTS,
    "sheaf_capacity": Unit.OBJECTS,
    "objects": Unit.OBJECTS,
    "objects.raw": Unit.OBJECTS,
    "slabs": Unit.SLABS,
}


class Check(NamedTuple):
    """One figure, measured and predicted; None is what was not read, or not asked for."""

    name: str
    unit: Unit
    measured: Interval | None
    predicted: Interval | None

    @property
    def agrees(self) -> bool | None:
        """Return whether the two can be the same; None if one is missing."""
        if self.measured is None or self.predicted is None:
            return None
        return self.measured.low <= self.predicted.high and self.predicted.low <= self.measured.high


class Observed(NamedTuple):
    """One cache with its checks, and what to know when reading them."""

    name: str
    checks: tuple[Check, ...]
    notes: tuple[Note, ...] = ()


class Watcher:
    """Holds caches of one host against the ledger of a scenario."""

    def __init__(self, comparison: Comparison, *, counts: bool, told: bool = False, online: int | None = None) -> None:
        """Take the scenario's comparison; `counts` says whether its VMs are those of the host.

        `told`: so is what the host has been through (filling), so that its counts as they
        stand are predicted. `online`: CPUs that are, None if not known; an offline one keeps nothing.
        """
        self._ledger: Ledger = comparison.ledgers[0]
        scenario = comparison.columns[0].scenario
        self._scenario: Scenario = scenario
        self._kernel: Kernel = scenario.kernel
        self._host: Host = scenario.host
        self._counts, self._told = counts, told
        self._holders = self._host._replace(cpus=online) if online else self._host

    def kvm(self, seen: Seen) -> Observed:
        """Return one of KVM's caches, whose struct the ledger knows."""
        name, size = seen.name, self._span(f"{seen.name}.size")
        debug = flags(seen.cells) if seen.cells else self._host.slub_debug
        stride = attributes.stride(
            Made(name, size.low, slab_layout.POINTER, pointer_outside=False, debug=debug), self._kernel
        )
        layout = attributes.layout(name, stride, debug, self._scenario)
        predicted = {"size": size, "stride": Interval(stride, stride)}
        predicted |= {each: Interval(layout[SYSFS_NAMES[each]], layout[SYSFS_NAMES[each]]) for each in LAYOUT}
        checks = [Check(each, UNIT_OF[each], _layout(seen, each), span) for each, span in predicted.items()]
        held = self._objects(seen, layout["sheaf_capacity"])
        total = None if seen.slabs is None else Interval(0 if seen.shared else seen.slabs, seen.slabs)
        known = self._counts and self._as_host(debug)
        checks.append(
            Check("objects", UNIT_OF["objects"], held, self._span(f"{name}.objects") if self._counts else None)
        )
        if known and self._told:
            as_it_stands = None if seen.active is None else Interval(0 if seen.shared else seen.active, seen.active)
            span = self._span(f"{name}.objects.raw")
            checks.append(Check("objects.raw", UNIT_OF["objects.raw"], as_it_stands, span))
        checks.append(Check("slabs", UNIT_OF["slabs"], total, self._slabs(name) if known else None))
        return Observed(name, _there(checks, seen), tuple(self._notes(seen, held)))

    def any(self, seen: Seen) -> Observed | None:
        """Return what the layout rules say of any cache; None if neither sysfs nor slabinfo shows it.

        Of slabinfo alone only what follows from the stride.
        """
        if seen.row and not seen.directory:
            return self._line(seen, seen.row.stride)
        made, size = _made(seen), seen.number(SYSFS_NAMES["stride"])
        if made is None or size is None:
            return None
        layout = attributes.layout(seen.name, size, made.debug, self._scenario)
        predicted = {"stride": attributes.stride(made, self._kernel)} | {
            each: layout[SYSFS_NAMES[each]] for each in LAYOUT
        }
        checks = [Check(each, UNIT_OF[each], _layout(seen, each), Interval(n, n)) for each, n in predicted.items()]
        return Observed(seen.name, _there(checks, seen))

    def _line(self, seen: Seen, size: int) -> Observed:
        layout = attributes.layout(seen.name, size, self._host.slub_debug, self._scenario)
        predicted = {name: Interval(layout[SYSFS_NAMES[name]], layout[SYSFS_NAMES[name]]) for name in OF_A_LINE}
        return Observed(
            seen.name, tuple(Check(each, UNIT_OF[each], _layout(seen, each), span) for each, span in predicted.items())
        )

    def _as_host(self, debug: str) -> bool:
        """Return whether a cache is debugged as the scenario's host says; A is for failing, and shows nowhere."""
        return set(debug) == set(self._host.slub_debug) - {"A"}

    def _span(self, figure: str) -> Interval:
        term = self._ledger[figure]
        return Interval(term.low, term.high)

    def _slabs(self, name: str) -> Interval:
        """Return the slabs of the history told, else those needed, and what a busy host may retain beside."""
        if self._told:
            return self._span(f"{name}.slabs.raw")
        return ran.slabs(self._ledger, name)

    def _objects(self, seen: Seen, sheaf: int) -> Interval | None:
        """Return the live objects: those on per-CPU slabs and in sheaves count as active, live or not."""
        if seen.active is None:
            return None
        sheaf = seen.number("sheaf_capacity") or (0 if seen.cells else sheaf)
        stride, per_slab = (self._span(f"{seen.name}.{each}").low for each in ("stride", "objects_per_slab"))
        if seen.cpu_slabs is not None and not sheaf:
            free = seen.cpu_slabs * per_slab
        else:
            config = self._scenario.config
            free = slub_parameters.counted_free(self._kernel, config, self._holders, stride, per_slab, sheaf)
        return Interval(0 if seen.shared else max(seen.active - free, 0), seen.active)

    def _notes(self, seen: Seen, held: Interval | None) -> Iterator[Note]:
        name = seen.name
        if seen.cells and not self._as_host(flags(seen.cells)):
            text = f"slub_debug={flags(seen.cells) or '-'} for this cache: its slabs are not predicted"
            yield Note(name, text)
        if seen.shared:
            others = [each for each in seen.members if each != name]
            shown = ", ".join(others[:MOST_CACHES]) + (", ..." if len(others) > MOST_CACHES else "")
            listed = f" and {seen.listed} in slabinfo" if seen.row else ""
            text = f"merged, {seen.directory} in sysfs{listed}, shared with {shown}: counts include theirs"
            yield Note(name, f"{text} (slab_nomerge tells them apart)")
        elif held and held.low < held.high:
            text = "counts are raw, with free objects of per-CPU slabs or sheaves among the active ones"
            yield Note(name, f"{text}; exact right after: echo 1 > {SLABS}/{name}/shrink")
        elif held:
            yield Note(name, "counts are exact, for no slab is on a CPU")


def _made(seen: Seen) -> Made | None:
    """Return how a cache was created, as far as sysfs tells; None if it does not."""
    size, align = seen.number("object_size"), seen.number("align")
    if size is None or align is None:
        return None
    outside = bool(seen.cells.get("ctor")) or seen.cells.get("destroy_by_rcu") == "1"
    return Made(seen.name, size, align, outside, flags(seen.cells))


def _there(checks: Sequence[Check], seen: Seen) -> tuple[Check, ...]:
    """Return the checks without those of files that this kernel does not have."""
    return tuple(check for check in checks if check.measured or not seen.cells)


def _layout(seen: Seen, name: str) -> Interval | None:
    """Return a figure of the layout, from sysfs or else slabinfo."""
    number = seen.number(SYSFS_NAMES[name])
    if number is None and seen.row:
        row = seen.row
        rest = {"stride": row.stride, "objects_per_slab": row.per_slab, "slab_order": row.pages.bit_length() - 1}
        number = rest.get(name)
    if number is None:
        return None
    return Interval(0 if name == "size" and seen.shared else number, number)
