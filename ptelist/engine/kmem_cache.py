"""The figures of one kmem_cache: objects in, slabs, bytes and their waste out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import raw, slab_layout, slub_parameters
from ptelist.engine.ledger import (
    FILLERS,
    LEFT,
    Ledger,
    Term,
    Unit,
    ceil_div,
    fixed,
    named,
    packed,
    product,
    rest,
    rule,
    total,
)

if TYPE_CHECKING:
    from ptelist.engine.cache_layouts import CacheLayout
    from ptelist.engine.facts import Facts
    from ptelist.engine.past import Kinds, Past

B = Unit.BYTES


class KmemCache:
    """One cache on one kernel and host; its figures are named `NAME.what`."""

    def __init__(self, ledger: Ledger, facts: Facts, found: CacheLayout) -> None:
        """Enter the layout."""
        self._name, self._found = found.name, found
        self._ledger, self._facts = ledger, facts
        self._kernel, self._host = facts.scenario.kernel, facts.scenario.host
        host = self._host
        self._size, self._stride, _, self._per_slab, self._slab_bytes, self._vector, self._layout, self._sheaf = found
        for term in found.figures:
            ledger.add(term)
        self._fillers = slub_parameters.fillers(host)
        self._aged = host.filling == "aged"
        self._debugged = slab_layout.debugged(host.slub_debug)

    def account(self, objects: Term, past: Past | None = None, *, aside: bool = True) -> Term:
        """Enter all figures for `NAME.objects` and return `NAME.bytes.total`; `past` is for an aged host.

        What is part of no total (waste, what a busy host keeps, what is simulated) is entered only with `aside`.
        """
        name, add, layout = self._name, self._ledger.add, self._layout
        add(objects)
        ever = self._ever(past.peak) if past else None
        slabs = add(self._slabs_left(objects, ever) if self._aged else self._slabs(objects))
        per_slab = layout.slab_bytes // self._kernel.page_bytes
        pages = fixed("pages_per_slab", per_slab, Unit.PAGES, "1 << slab_order", self._ledger[f"{name}.slab_order"])
        add(product(f"{name}.pages", Unit.PAGES, slabs, pages))
        add(product(f"{name}.bytes.used", B, objects, self._size))
        whole = add(product(f"{name}.bytes.slab", B, slabs, self._slab_bytes))
        if aside:
            add(self._waste(objects, slabs))
        memcg = add(self._memcg(slabs))
        if aside:
            self._retain(slabs, ever)
            self._raw(objects, slabs, ever)
            if past and past.kinds:
                self._simulate(past.kinds, past.peak, slabs)
        return add(total(f"{name}.bytes.total", B, (whole, memcg)))

    def _ever(self, peak: Term) -> Term:
        """Enter the objects of the peak and return the most slabs that there can ever have been."""
        self._ledger.add(peak)
        host, per_slab = self._host, self._layout.objects
        own = 1 if self._debugged or self._sheaf else self._of_cpu()
        parked = slub_parameters.parked_beside(self._kernel, host, self._sheaf)
        nodes, others = slub_parameters.nodes_filled(host), own * (host.cpus - 1)
        most = slab_layout.slabs_of_peak(peak.high + parked if peak.high else 0, per_slab, nodes, others)
        why = f"a slab is made only when all others of the node are full, but for those of other CPUs: {own} each" + (
            f"; {parked} objects may lie in sheaves meanwhile" if parked else ""
        )
        return fixed("slabs_ever", most, Unit.SLABS, why, peak, self._per_slab, self._facts.host("cpus"))

    def _slabs_left(self, objects: Term, ever: Term | None) -> Term:
        """Return the slabs of a host on which VMs came and went: those with objects in use."""
        name = f"{self._name}.slabs"
        least = ceil_div(name, Unit.SLABS, objects, self._per_slab)
        most = min(objects.high, ever.high) if ever else objects.high
        if most == least.low:
            return least
        why = "SLUB moves no object: packed at best, or each object in a slab of its own"
        parts = [objects, self._per_slab]
        if ever:
            why += ", of no more slabs than there ever were"
            parts.append(ever)
        return rule(name, least.low, most, Unit.SLABS, why, *parts)

    def _simulate(self, kinds: tuple[Kinds, Kinds], peak: Term, slabs: Term) -> None:
        """Enter what simulated histories leave, if they can be simulated."""
        from ptelist.engine import simulated  # noqa: PLC0415 -- machines that only a host with a history needs

        found = simulated.typical(self._facts, self._found, kinds, peak, slabs)
        if found:
            add = self._ledger.add
            typical, _ = map(add, found)
            whole = product("slabs", B, typical, self._slab_bytes)
            add(total(f"{self._name}.bytes.typical", B, (whole, named("memcg", self._memcg(typical)))))

    def _of_cpu(self) -> int:
        return slub_parameters.slabs_of_cpu(self._kernel, self._facts.config, self._layout.stride, self._layout.objects)

    def _slabs(self, objects: Term) -> Term:
        name, sheaf, fillers = f"{self._name}.slabs", self._sheaf, self._fillers
        least = ceil_div(name, Unit.SLABS, objects, self._per_slab)
        left = self._left()
        taken = objects.high + left
        # each slab has an object in use
        most = min(slab_layout.most_slabs(taken, self._layout.objects, fillers), objects.high)
        if most == least.high and (objects.exact or (fillers == 1 and not left)):
            return least
        parts = [objects, self._per_slab]
        open_points = []
        if fillers > 1:
            all_of, one = ("CPUs", "CPU") if self._host.filling == "spread" else ("nodes with CPUs", "node")
            parts.append(fixed(FILLERS, fillers, Unit.COUNT, f"{all_of}, each with objects in slabs of its own"))
            open_points.append(f"each further {one} may add one slab, partly filled")
        if sheaf:
            source = self._facts.source("kernel.slub_sheaf_capacity")
            capacity = fixed("sheaf", sheaf, Unit.OBJECTS, source, self._stride)
            parts.append(fixed(LEFT, left, Unit.OBJECTS, "of a sheaf at most all but one object", capacity))
            open_points.append("objects come a sheaf at a time, what is left of the last one lies among them")
        return packed(name, (least.low, most), "; ".join(("packed", *open_points)), *parts)

    def _left(self) -> int:
        """Return the most objects that are left of sheaves begun, among those in use."""
        return max(self._sheaf - 1, 0) * self._fillers

    def _waste(self, objects: Term, slabs: Term) -> Term:
        """Return what is not used: padding, slab tails and free objects."""
        name, add, layout = f"{self._name}.bytes.waste", self._ledger.add, self._layout
        gap = fixed("gap", layout.stride - self._size.low, B, "stride - size", self._stride, self._size)
        left = layout.slab_bytes - layout.objects * layout.stride
        tail = fixed(
            "tail", left, B, "slab_bytes - objects_per_slab x stride", self._slab_bytes, self._per_slab, self._stride
        )
        least = max(slabs.low * layout.objects - objects.high, 0)
        most = slabs.high * layout.objects - objects.low
        if self._host.filling == "packed":
            most = min(most, self._fillers * (layout.objects - 1) + self._left())
        why = "slabs x objects_per_slab - objects"
        free = rest("free_objects", (least, most), Unit.OBJECTS, why, slabs, self._per_slab, objects)
        parts = (
            add(product(f"{name}.padding", B, objects, gap)),
            add(product(f"{name}.tail", B, slabs, tail)),
            add(product(f"{name}.free", B, free, self._stride)),
        )
        return total(name, B, parts)

    def _memcg(self, slabs: Term) -> Term:
        name, vector = f"{self._name}.bytes.memcg", self._vector
        return product(name, B, slabs, vector) if vector.high else named(name, vector)

    def _retain(self, used: Term, ever: Term | None) -> None:
        """Enter what a busy host may keep beyond `slabs`; it is part of no total."""
        kernel, host, facts = self._kernel, self._host, self._facts
        most = host.nodes * slab_layout.min_partial(self._layout.stride, *kernel.slub_min_partial)
        why = "min_partial slabs a node"
        if self._sheaf:
            sheaves = slub_parameters.most_sheaves(kernel, host)
            most += self._sheaf * sheaves
            why += f", and one pinned by each object parked in {sheaves} sheaves of {self._sheaf}"
        elif not self._debugged:
            each = self._of_cpu()
            most += host.cpus * each
            why += f"; on each CPU its own slab and {each - 1} partial ones"
        parts: tuple[Term, ...] = facts.host("cpus"), facts.host("nodes"), self._stride
        if ever and ever.high - used.low < most:
            most, why, parts = ever.high - used.low, "no more slabs in all than there ever were", (ever, used)
        slabs = self._ledger.add(rule(f"{self._name}.slabs.retained", 0, most, Unit.SLABS, why, *parts))
        self._ledger.add(product(f"{self._name}.bytes.retained", B, slabs, self._slab_bytes))

    def _raw(self, objects: Term, used: Term, ever: Term | None) -> None:
        """Enter what slabinfo says as it stands, without a shrink before."""
        host, per_slab, sheaf = self._host, self._layout.objects, self._sheaf
        live = objects.low, objects.high
        fillers = raw.Fillers(host.cpus if host.filling == "spread" else 1, self._fillers)
        parts = [objects, self._per_slab]
        if self._aged:
            kept = self._ledger[f"{self._name}.slabs.retained"]
            parked = (
                sheaf * slub_parameters.most_sheaves(self._kernel, host) if sheaf else 0 if self._debugged else None
            )
            most = min(used.high + kept.high, ever.high) if ever else used.high + kept.high
            found = raw.left_over(live, (used.low, most), per_slab, parked)
            why = "what CPUs and nodes keep counts as well"
            parts += (used, kept, ever) if ever else (used, kept)
        elif self._debugged:
            found, why = raw.debugged(live, per_slab, fillers), "no CPU keeps objects of a debugged cache"
        elif sheaf:
            found, why = raw.in_sheaves(live, per_slab, sheaf, fillers), f"whole sheaves of {sheaf} count as in use"
        else:
            found, why = raw.on_cpus(live, per_slab, fillers), "all objects of a CPU's own slab count as in use"
        add, name = self._ledger.add, self._name
        add(rule(f"{name}.objects.raw", *found.objects, Unit.OBJECTS, f"slabinfo without a shrink: {why}", *parts))
        add(rule(f"{name}.slabs.raw", *found.slabs, Unit.SLABS, f"slabinfo without a shrink: {why}", *parts))
