"""What is accounted for: a kernel, a host and the VMs on it.

Each field is declared once, with its type and its limits; catalog/fields.py says what it means.
scenario/check.py checks by that declaration alone, as shipped presets and options are;
scenario/validate.py makes pydantic's models of it, for files that a user brings and to say
what is wrong.
"""

# No `from __future__ import annotations` here: the annotations are read, as data, at each start.

from typing import Annotated, Any, Literal, NamedTuple

from ptelist.scenario.limits import MOST_CPUS, DebugLetters, Limits, Natural, Order, Positive, Size, Span, Table, Text
from ptelist.scenario.overlay import Source
from ptelist.scenario.presets.versions import SERIES_ALONE
from ptelist.scenario.vm_structs import OF_VCPU, OF_VM, size_field


class Kernel(NamedTuple):
    """What one kernel version does; see presets/kernels for values and sources."""

    version: Text
    tree: Text
    seen: bool
    # struct pte_list_desc and its lists
    pte_list_ext: Annotated[int, Limits(2, 4096)]
    pte_list_desc_fixed_bytes: Natural
    spte_pointer_bytes: Positive
    list_policy: Literal["walk", "head"]
    rmap_recycle_threshold: Positive
    rmaps_stat: Literal["none", "ffs", "fls"]
    # memory caches
    cache_capacity: Annotated[int, Limits(1, 4096)]
    page_topup_min: Positive
    pt64_root_max_level: Positive
    pte_prefetch_num: Positive
    topup_pte_list_desc: Literal["always", "if_rmaps"]
    memory_cache_array: Literal["embedded", "kvmalloc"]
    external_spt_cache: bool
    split_caches: bool
    # page tables
    kvm_mmu_page_bytes: Positive
    spte_ent_per_page: Positive
    tdp_default: bool | None
    tdp_mmu_default: bool
    shadowed_info_max_level: Positive
    nested_orphans: Literal["kept", "zapped"]
    roots_freed: Literal["before_caches", "with_vcpus"]
    shadow_page_divisor: Positive
    shadow_page_least: Positive
    shadow_page_min_free: Positive
    shadow_page_refill: Positive
    shadow_pages_at_once: Positive
    pae_roots: Positive
    # memslots and page hash
    rmap_lazy: Literal["never", "if_tdp_mmu"]
    write_track_lazy: Literal["never", "if_no_shadow_root"]
    write_track_forced: Literal["if_built", "if_used"]
    memslot_alloc: Literal["kvcalloc", "vcalloc"]
    rmap_head_bytes: Positive
    lpage_info_bytes: Positive
    write_track_bytes: Positive
    most_memslots: Positive
    memslots_in: Literal["array", "tree"]
    memslots_fixed_bytes: Natural
    memslot_bytes: Positive
    memory_attributes: bool
    xa_node_bytes: Positive
    xa_chunk_shift: Annotated[int, Limits(4, 6)]
    dirty_ring: bool
    dirty_gfn_bytes: Positive
    dirty_ring_reserved: Natural
    pml_entries: Natural
    eager_page_split: bool
    track_srcu: Literal["always", "if_external"]
    srcu_data_bytes: Positive
    srcu_usage_bytes: Natural
    srcu_node_bytes: Natural
    srcu_fanout: tuple[Annotated[int, Limits(2, 64)], Annotated[int, Limits(2, 64)]]
    srcu_big_cpus: Natural
    # vmalloc
    vm_struct_bytes: Positive
    vmap_area_bytes: Positive
    page_hash: Literal["embedded", "at_vm_creation", "deferred"]
    page_hash_bytes: Positive
    # SLUB
    page_bytes: Literal[4096]
    slub_order_form: Literal["loop", "fixed"]
    slub_fractions: Annotated[tuple[Positive, ...], Limits(shortest=2)]
    slub_cpus: Literal["present", "nr_cpu_ids"]
    slub_max_order: Order
    slub_max_objects: Annotated[int, Limits(512, 32767)]
    slub_min_partial: tuple[Positive, Positive]
    slub_shrink_promote: Natural
    slub_flush_batch: Positive
    slub_lookahead: Natural
    slub_cpu_partial: Table
    slub_cpu_partial_unit: Literal["objects", "slabs"]
    slub_sheaf_capacity: Table
    slub_sheaves_per_cpu: Natural
    slub_sheaves_per_node: Natural
    slub_empty_sheaves_per_node: Natural
    slub_sheaf_bytes: Positive
    slub_barn_bytes: Positive
    slub_percpu_sheaves_bytes: Positive
    slub_own_sheaves: tuple[tuple[Text, int], ...]
    slub_no_sheaves: tuple[Text, ...]
    slub_pointer_inside: tuple[Text, ...]
    slub_track_bytes: Positive
    slub_request_bytes: Natural
    slub_request_outside: bool
    obj_ext: Literal["pointer", "struct", "slots"]
    obj_ext_bytes: Positive
    obj_ext_in_tail: bool
    kmalloc_buckets: Annotated[tuple[Positive, ...], Limits(shortest=1)]
    kvmalloc_most_bytes: Natural
    max_page_order: Order
    # what most do without
    release: Text = ""
    profile: Text = ""
    stable: Text = ""
    pte_list_ext_tdp: Annotated[int, Limits(2, 4096)] | None = None
    parent_ptes_cap: Positive | None = None
    pte_list_desc_capacity: Annotated[int, Limits(0, 4096)] | None = None
    pte_list_desc_capacity_tdp: Annotated[int, Limits(0, 4096)] | None = None
    memslot_most_pages: Positive | None = None
    capacity_below_minimum: bool = False
    shadow_page_caches_per_node: bool = False
    # the structs of a VM and of a vCPU
    vm_alloc: Literal["vmalloc", "kvzalloc"] = "vmalloc"
    vm_order_limits: tuple[Order, ...] = ()
    kvm_vmx_bytes: Positive | None = None
    kvm_svm_bytes: Positive | None = None
    kvm_tdx_bytes: Positive | None = None
    vcpu_vmx_bytes: Positive | None = None
    vcpu_svm_bytes: Positive | None = None
    vcpu_tdx_bytes: Positive | None = None
    memslot_hash_bytes: Natural | None = None

    @property
    def vm_structs(self) -> dict[str, str]:
        """The structs of a VM, by vendor, whose sizes are known, each with its field."""
        return self._known(OF_VM)

    @property
    def vcpu_structs(self) -> dict[str, str]:
        """The same of a vCPU."""
        return self._known(OF_VCPU)

    def _known(self, structs: tuple[str, ...]) -> dict[str, str]:
        return {struct: field for struct in structs if getattr(self, field := size_field(struct)) is not None}


class Config(NamedTuple):
    """How the kernel was built, so far as figures depend on it; see presets/configs."""

    name: Text
    external_write_tracking: bool
    memcg: bool
    alloc_profiling: bool
    slub_cpu_partial: bool
    slab_merge: bool
    hardened_usercopy: bool
    # what most do without
    release: Text = ""
    lock_debugging: bool = False


class Host(NamedTuple):
    """The machine that KVM runs on, as SLUB and the memory controller see it."""

    name: Text
    cpus: Annotated[int, Limits(1, MOST_CPUS)]
    nodes: Annotated[int, Limits(1, 1024)]
    slub_min_objects: Annotated[int, Limits(0, 32767)]
    slub_min_order: Order
    slub_debug: DebugLetters
    slab_merge: bool
    filling: Literal["packed", "spread", "aged"]
    memcg: bool
    alloc_profiling: Literal["never", "off", "on"]
    external_write_tracking: bool
    vendor: Literal["intel", "amd"]
    unrestricted_guest: bool
    avic: bool
    pml: bool
    itlb_multihit: bool
    # what most do without
    possible_cpus: Annotated[int, Limits(1, MOST_CPUS)] | None = None
    slub_max_order: Order | None = None
    nokmem: bool = False


Heads = Annotated[int, Limits(0, 1 << 40)]
Tables = Annotated[int, Limits(1, 1 << 40)]


class ListClass(NamedTuple):
    """So many lists of so many entries each (or of low..high entries).

    `peak` is for lists that entries have left: the most entries that each had since it was last empty.
    """

    count: Annotated[int, Limits(1, 1 << 40)]  # type: ignore[assignment]  # not the method
    entries: Annotated[int, Limits(1, 1 << 30)]
    # what most do without
    entries_to: Annotated[int, Limits(1, 1 << 30)] | None = None
    peak: Annotated[int, Limits(1, 1 << 30)] | None = None


class Slot(NamedTuple):
    """A memslot beside those of RAM, as a VMM or KVM itself makes it."""

    name: Text
    base: Size
    size: Annotated[Size, Limits(4096)]
    # what most do without
    spaces: Literal["all", "normal", "smm"] = "all"
    dirty_log: bool = False
    made_by: Literal["vmm", "apic-access", "real-mode"] = "vmm"


class Vm(NamedTuple):
    """A group of equal VMs."""

    name: Text
    count: Annotated[int, Limits(1, 1_000_000)]  # type: ignore[assignment]  # not the method
    vcpus: Annotated[int, Limits(1, 65536)]
    memory: Size
    low_memory: Annotated[Size, Limits(4096, 1 << 32)]
    memslots: Text
    ram_holes: tuple[Span, ...]
    slots: tuple[Slot, ...]
    devices: tuple[Span, ...]
    smm_touches: tuple[Span, ...]
    leaf: Literal["4K", "2M", "1G"]
    mapped: Literal["all", "listed"]
    root_level: Literal[4, 5]
    paging: Literal["tdp", "tdp-mmu", "tdp-legacy", "shadow"]
    nested: bool
    l2_memory: Size
    l2_leaf: Literal["4K", "2M", "1G"]
    l2_smm: bool
    l1_replacements: Annotated[int, Limits(0, 1 << 20)]
    eager_split: bool
    dirty_log: bool
    tdx: bool
    smm: bool
    caches: Literal["topped-up", "drawn"]
    history: Literal["grown", "any"]
    faults: Literal["any", "in-order"]
    # what most do without
    peak_count: Annotated[int, Limits(1, 1_000_000)] | None = None
    vcpus_run: Annotated[int, Limits(0, 65536)] | None = None
    dimms: Annotated[int, Limits(0, 32767)] = 0
    dimm_size: Annotated[Size, Limits(4096)] | None = None
    populated: Size | None = None
    measured_on: Annotated[str, Limits(pattern=SERIES_ALONE)] | None = None
    written: Size | None = None
    dirty_ring: Annotated[int, Limits(0, 65536)] = 0
    private_memory: Size | None = None
    rmaps: tuple[ListClass, ...] = ()
    parent_ptes: tuple[ListClass, ...] = ()
    rmap_heads: tuple[Heads, Heads, Heads] | None = None
    shadow_tables: tuple[Tables, Tables] | None = None


RECORDS: dict[str, type[NamedTuple]] = {"kernel": Kernel, "config": Config, "host": Host, "vm": Vm}
"""The record of each part of a scenario, as presets name the parts."""
NAMING = frozenset(
    (
        *(f"kernel.{field}" for field in ("version", "tree", "seen", "release", "profile", "stable")),
        *("config.name", "config.release", "host.name"),
    )
)
"""Fields that call things by a name, and change no figure."""
NO_SOURCES: dict[str, Source] = {}
"""Never written to."""


class Scenario(NamedTuple):
    """One column of a comparison; `sources` says where each value came from."""

    kernel: Kernel
    config: Config
    host: Host
    vms: tuple[Vm, ...]
    """One group or more."""
    proposals: tuple[str, ...] = ()
    sources: dict[str, Source] = NO_SOURCES

    @property
    def first_vm(self) -> Vm:
        """The VM, or the first group of several, which options set; all use TDP and the TDP MMU as it does."""
        return self.vms[0]

    def values(self) -> dict[str, Any]:
        """Return all values, as JSON has them; not their sources."""
        return {part: _plain(value) for part, value in zip(self._fields, self, strict=True) if part != "sources"}


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {field: _plain(each) for field, each in value._asdict().items()}
    return list(map(_plain, value)) if isinstance(value, tuple) else value
