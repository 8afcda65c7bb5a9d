"""The figures of one kmem_cache: objects in, slabs, bytes and their waste out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import raw, slab, slub
from ptelist.engine.kmalloc import kmalloc, pool_of
from ptelist.engine.ledger import Ledger, Term, Unit, ceil_div, fixed, floor_div, named, nothing, product, rule, total

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.engine.past import Kinds, Past
    from ptelist.engine.slub_node import Rules

B = Unit.BYTES


class Laid(NamedTuple):
    """How the slabs of one cache are laid out."""

    size: Term
    """sizeof() of the object, named `NAME.size`."""
    stride: Term
    order: Term
    per_slab: Term
    slab_bytes: Term
    layout: slab.SlabLayout
    sheaf: int
    """The objects of a sheaf, 0 if there are none."""

    @property
    def figures(self) -> tuple[Term, ...]:
        """Return those that are figures, in their order."""
        return self.size, self.stride, self.order, self.per_slab


def laid(facts: Facts, size: Term) -> Laid:
    """Return the layout for objects of `size`, named `NAME.size`."""
    name = size.name.removesuffix(".size")
    kernel, host = facts.scenario.kernel, facts.scenario.host
    stride_bytes = slab.stride(size.low, debug=host.slub_debug, track_bytes=kernel.slub_track_bytes)
    order_rule = slub.order_rule(kernel, host)
    layout = slab.layout(stride_bytes, order_rule)
    note = "size rounded up to 8, and what slub_debug adds (calculate_sizes())"
    stride = fixed(f"{name}.stride", stride_bytes, B, note, size)
    note = (
        f"first order for min_objects that wastes at most 1/{order_rule.fractions[0]},"
        f" else 1/{order_rule.fractions[1]}, ... (calculate_order(), form {order_rule.form!r})"
    )
    wanted = _min_objects(facts, order_rule.min_objects)
    order = fixed(f"{name}.slab_order", layout.order, Unit.ORDER, note, stride, wanted)
    page = facts.kernel("page_bytes", B)
    slab_bytes = fixed("slab_bytes", layout.slab_bytes, B, "page_bytes << slab_order", page, order)
    per_slab = floor_div(f"{name}.objects_per_slab", Unit.OBJECTS, slab_bytes, stride)
    sheaf = slub.sheaf_capacity(name, stride_bytes, host.slub_debug, kernel)
    return Laid(size, stride, order, per_slab, slab_bytes, layout, sheaf)


def _min_objects(facts: Facts, wanted: int) -> Term:
    kernel, host = facts.scenario.kernel, facts.scenario.host
    if host.slub_min_objects:
        return facts.host("slub_min_objects", Unit.OBJECTS)
    counted = slub.counted_cpus(kernel, host)
    cpus = fixed("cpus_counted", counted, Unit.COUNT, facts.source("kernel.slub_cpus"), facts.host("cpus"))
    return fixed("min_objects", wanted, Unit.OBJECTS, "4 x (fls(cpus) + 1)", cpus)


class Cache:
    """One cache on one kernel and host; its figures are named `NAME.what`."""

    def __init__(self, ledger: Ledger, facts: Facts, found: Laid) -> None:
        """Enter the layout."""
        self._name = found.size.name.removesuffix(".size")
        self._ledger, self._facts = ledger, facts
        self._kernel, self._host = facts.scenario.kernel, facts.scenario.host
        host = self._host
        self._size, self._stride, _, self._per_slab, self._slab_bytes, self._layout, self._sheaf = found
        for term in found.figures:
            ledger.add(term)
        self._fillers = max(host.nodes, host.cpus if host.filling == "spread" else 1)
        self._aged = host.filling == "aged"
        self._debugged = not slab.DEBUG_FLAGS.isdisjoint(host.slub_debug)

    def rules(self) -> Rules:
        """Return what decides which slab an object comes from."""
        from ptelist.engine.slub_node import Rules  # noqa: PLC0415 -- for simulations only

        kernel, host, layout = self._kernel, self._host, self._layout
        free = 0 if self._debugged else slub.cpu_partial(kernel, self._facts.config, layout.stride)
        unit = kernel.slub_cpu_partial_unit
        return Rules(
            layout.objects,
            slab.min_partial(layout.stride, *kernel.slub_min_partial),
            host.cpus,
            min(host.nodes, host.cpus),
            free if unit == "objects" else slab.cpu_partial_slabs(free, layout.objects, unit),
            unit,
            self._sheaf,
            kernel.slub_sheaves_per_node,
            self._debugged,
        )

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
        parked = slub.parked_beside(self._kernel, host, self._sheaf)
        nodes = min(host.nodes, host.cpus)
        most = slab.slabs_of_peak(peak.high + parked if peak.high else 0, per_slab, nodes, own * (host.cpus - 1))
        why = f"a slab is made only when all others of the node are full, but for those of other CPUs: {own} each" + (
            f"; {parked} objects may lie in sheaves meanwhile" if parked else ""
        )
        return fixed("slabs_ever", most, Unit.SLABS, why, peak, self._per_slab, self._facts.host("cpus"))

    def _slabs_left(self, objects: Term, ever: Term | None) -> Term:
        """Return the slabs of a host on which VMs came and went: those with objects in use."""
        name = f"{self._name}.slabs"
        packed = ceil_div(name, Unit.SLABS, objects, self._per_slab)
        most = min(objects.high, ever.high) if ever else objects.high
        if most == packed.low:
            return packed
        why = "SLUB moves no object: packed at best, or each object in a slab of its own"
        parts = [objects, self._per_slab]
        if ever:
            why += ", of no more slabs than there ever were"
            parts.append(ever)
        return rule(name, packed.low, most, Unit.SLABS, why, *parts)

    def _simulate(self, kinds: tuple[Kinds, Kinds], peak: Term, slabs: Term) -> None:
        """Enter what simulated histories leave, of the VMs with their fewest and with their most objects."""
        from ptelist.engine import history  # noqa: PLC0415 -- for simulations only

        ends = [history.typical(self.rules(), each) for each in dict.fromkeys(kinds)]
        found = [each for each in ends if each]
        if len(found) < len(ends):
            return
        name, add = self._name, self._ledger.add
        whole, _ = history.part(kinds[1])
        why = (
            f"simulated, no bound: all VMs of the peak start, random ones end until those that are left are left,"
            f" each on a random CPU; fewest and most of {len(history.SEEDS)} runs"
        ) + (f", of 1/{whole} of the VMs" if whole > 1 else "")
        low = max(min(each.in_use for each, _ in found), slabs.low)
        high = max(min(max(each.in_use for _, each in found), slabs.high), low)
        parts = slabs, peak
        typical = add(rule(f"{name}.slabs.typical", low, high, Unit.SLABS, why, *parts))
        empty = [each.all - each.in_use for ends in found for each in ends]
        add(rule(f"{name}.slabs.retained.typical", min(empty), max(empty), Unit.SLABS, why, *parts))
        layout = product("slabs", B, typical, self._slab_bytes)
        add(total(f"{name}.bytes.typical", B, (layout, named("memcg", self._memcg(typical)))))

    def _of_cpu(self) -> int:
        return slub.slabs_of_cpu(self._kernel, self._facts.config, self._layout.stride, self._layout.objects)

    def _slabs(self, objects: Term) -> Term:
        name, sheaf, fillers = f"{self._name}.slabs", self._sheaf, self._fillers
        packed = ceil_div(name, Unit.SLABS, objects, self._per_slab)
        taken = objects.high + self._left()
        most = min(slab.most_slabs(taken, self._layout.objects, fillers), objects.high)  # each has an object in use
        if most == packed.high:
            return packed
        parts = [objects, self._per_slab]
        open_points = []
        if fillers > 1:
            what = "CPU" if self._host.filling == "spread" else "node"
            parts.append(fixed("fillers", fillers, Unit.COUNT, f"{what}s, each with objects in slabs of its own"))
            open_points.append(f"each further {what} may add one slab, partly filled")
        if sheaf:
            source = self._facts.source("kernel.slub_sheaf_capacity")
            parts.append(fixed("sheaf", sheaf, Unit.OBJECTS, source, self._stride))
            open_points.append("objects come a sheaf at a time, what is left of the last one lies among them")
        return rule(name, packed.low, most, Unit.SLABS, "; ".join(("packed", *open_points)), *parts)

    def _left(self) -> int:
        """Return the most objects that are left of sheaves begun, among those in use."""
        return max(self._sheaf - 1, 0) * (self._fillers if self._host.filling == "spread" else 1)

    @property
    def spare(self) -> int:
        """Return the most objects that fit into the slabs beside those in use; see slab.most_slabs()."""
        if self._aged:
            slabs, objects = (self._ledger[f"{self._name}.{what}"] for what in ("slabs", "objects"))
            return slabs.high * self._layout.objects - objects.low
        return self._left() + self._fillers * self._layout.objects

    def _waste(self, objects: Term, slabs: Term) -> Term:
        """Return what is not used: padding, slab tails and free objects."""
        name, add, layout = f"{self._name}.bytes.waste", self._ledger.add, self._layout
        gap = fixed("gap", layout.stride - self._size.low, B, "stride - size", self._stride, self._size)
        rest = layout.slab_bytes - layout.objects * layout.stride
        tail = fixed(
            "tail", rest, B, "slab_bytes - objects_per_slab x stride", self._slab_bytes, self._per_slab, self._stride
        )
        least = max(slabs.low * layout.objects - objects.high, 0)
        most = slabs.high * layout.objects - objects.low
        if self._host.filling == "packed":
            most = min(most, self._fillers * (layout.objects - 1) + max(self._sheaf - 1, 0))
        why = "slabs x objects_per_slab - objects"
        free = rule("free_objects", least, most, Unit.OBJECTS, why, slabs, self._per_slab, objects)
        parts = (
            add(product(f"{name}.padding", B, objects, gap)),
            add(product(f"{name}.tail", B, slabs, tail)),
            add(product(f"{name}.free", B, free, self._stride)),
        )
        return total(name, B, parts)

    def _memcg(self, slabs: Term) -> Term:
        name, layout = f"{self._name}.bytes.memcg", self._layout
        each = slub.obj_ext_bytes(self._kernel, self._facts.config, self._host)
        if each == 0:
            return nothing(name, B, "neither memcg nor allocation profiling is on")
        vector = each * layout.objects
        start = slab.round_up(layout.objects * layout.stride, each)
        if self._kernel.obj_ext_in_tail and start + vector <= layout.slab_bytes:
            return nothing(name, B, self._facts.source("kernel.obj_ext_in_tail"))
        size = kmalloc(vector, pool_of(self._kernel))
        per_object = fixed("obj_ext_bytes", each, B, self._facts.source("kernel.obj_ext"))
        why = f"kmalloc bucket of objects_per_slab x obj_ext_bytes = {vector}"
        return product(name, B, slabs, fixed("obj_ext_vector", size, B, why, self._per_slab, per_object))

    def _retain(self, used: Term, ever: Term | None) -> None:
        """Enter what a busy host may keep beyond `slabs`; it is part of no total."""
        kernel, host, facts = self._kernel, self._host, self._facts
        most = host.nodes * slab.min_partial(self._layout.stride, *kernel.slub_min_partial)
        why = "min_partial slabs a node"
        if self._sheaf:
            sheaves = slub.most_sheaves(kernel, host)
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
            parked = sheaf * slub.most_sheaves(self._kernel, host) if sheaf else 0 if self._debugged else None
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
