"""Parameters: every option is an axis, several give a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from ptelist.errors import Where
from ptelist.settings.kinds import SWITCHES, WORDS, Bundles, Letters
from ptelist.settings.number_kinds import INTEGERS, LEAVES, LISTS, ORDERS, SIZES
from ptelist.settings.preset_kinds import AnyPresets, Builds, Kernels, Presets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.settings.kinds import Choice, Kind


class Axis(NamedTuple):
    """One parameter: its option, the field that it sets, and the kind of its values."""

    name: str
    path: str
    kind: Kind
    help: str
    clears: tuple[str, ...] = ()
    """Fields reset to none, so that the value given is the one in force."""

    def sets(self, choice: Choice) -> tuple[tuple[str, Any], ...]:
        """Return the fields that a value sets, and their values."""
        return (*((path, None) for path in self.clears), *self.kind.sets(self.path, choice.value))

    def touches(self, part: str) -> bool:
        """Return whether it sets a field of this part of a scenario."""
        return any(path.startswith(f"{part}.") for path in self.paths)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the fields that its values set, none if they are presets."""
        return self.kind.paths(self.path)

    @property
    def part(self) -> str:
        """Return which part of a scenario it is about: kernel (with its configuration), host or vm."""
        return self.path.partition(".")[0].replace("config", "kernel") or self.kind.part

    @property
    def literals(self) -> tuple[str, ...]:
        """Return the values that the model lists for the one field of an axis; none if there is no such list."""
        from ptelist.scenario.models import RECORDS  # noqa: PLC0415 -- not for --help

        part, _, field = self.path.partition(".")
        annotation: Any = RECORDS[part].__annotations__[field] if part in RECORDS and self.paths == (self.path,) else 0
        return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()

    def words(self, begun: str) -> Sequence[str]:
        """Return what a shell may offer for a value that is begun."""
        return [*self.kind.offered(begun), *(word for word in self.literals if word.startswith(begun))]

    @property
    def option(self) -> str:
        """Return how it is typed."""
        return f"{self.kind.prefix}{self.name}"

    @property
    def where(self) -> Where:
        """Return what an error about it is about."""
        return Where(option=self.option)


BUILT, PROFILED = "config.alloc_profiling", "host.alloc_profiling"
PROFILING = Bundles(
    {
        "absent": {BUILT: False, PROFILED: "off"},
        "built": {BUILT: True, PROFILED: "off"},
        "never": {BUILT: True, PROFILED: "never"},
        "on": {BUILT: True, PROFILED: "on"},
    }
)
"""CONFIG_MEM_ALLOC_PROFILING and the boot option sysctl.vm.mem_profiling in one word."""

PRESETS = AnyPresets()
PRESET = Axis("preset", "", PRESETS, "")
"""The arguments of commands that compare."""

AXES = {
    axis.name: axis
    for axis in (
        Axis("kernel", "", Kernels("kernels"), "5.10 to 7.3, running, a saved observation or a TOML file."),
        Axis("kernel-from", "", Builds(), "A build's own layouts: vmlinux, kvm.ko, bzImage, BTF (see inspect)."),
        Axis(
            "config",
            "",
            Presets("configs"),
            "How the kernel was built: a preset, a TOML file, /boot/config-* or config.gz.",
        ),
        Axis("host", "", Presets("hosts"), "Host preset, running, a saved observation or a TOML file."),
        Axis("vm", "", Presets("vms"), "VM preset or TOML file; A+B puts groups on one host."),
        Axis("memslots", "", Presets("memslots"), "Layout of memslots: of a VMM, or of RAM alone (ram)."),
        Axis("proposal", "", Presets("proposals"), "Unmerged patches; A+B applies both."),
        Axis("ext", "kernel.pte_list_ext", INTEGERS, "PTE_LIST_EXT, at least 2.", ("kernel.pte_list_ext_tdp",)),
        Axis("list-policy", "kernel.list_policy", WORDS, "walk (up to v6.3) or head."),
        Axis(
            "capacity",
            "kernel.cache_capacity",
            INTEGERS,
            "Objects in a full memory cache.",
            ("kernel.pte_list_desc_capacity", "kernel.pte_list_desc_capacity_tdp"),
        ),
        Axis("vcpus", "vm.vcpus", INTEGERS, "vCPUs of each VM."),
        Axis("vcpus-run", "vm.vcpus_run", INTEGERS, "vCPUs that have run, if not all."),
        Axis("vms", "vm.count", INTEGERS, "Equal VMs on the host."),
        Axis("peak-vms", "vm.peak_count", INTEGERS, "The most that there ever were, for --filling aged."),
        Axis("memory", "vm.memory", SIZES, "Memory of each VM, e.g. 4GiB."),
        Axis("populated", "vm.populated", SIZES, "Memory touched, from 0 up, if not all."),
        Axis("dimms", "vm.dimms", INTEGERS, "DIMMs beside --memory, a memslot each."),
        Axis("dimm-size", "vm.dimm_size", SIZES, "Memory of each DIMM, 1GiB if none is given."),
        Axis("leaf", "vm.leaf", LEAVES, "Page size it is mapped with: 4K, 2M or 1G."),
        Axis("mapped", "vm.mapped", WORDS, "all memory, or only what the rmap lists name: listed."),
        Axis("root-level", "vm.root_level", INTEGERS, "Levels of page tables: 4 or 5."),
        Axis("paging", "vm.paging", WORDS, "tdp, tdp-mmu, tdp-legacy or shadow."),
        Axis("nested", "vm.nested", SWITCHES, "An L2 runs (nested TDP)."),
        Axis("l2-memory", "vm.l2_memory", SIZES, "Memory that L2 has mapped."),
        Axis("l2-leaf", "vm.l2_leaf", LEAVES, "Page size it is mapped with."),
        Axis("l2-smm", "vm.l2_smm", SWITCHES, "L2 has SMM: a second tree."),
        Axis("l1-replacements", "vm.l1_replacements", INTEGERS, "How often L1 replaced its tables for L2."),
        Axis("rmaps", "vm.rmaps", LISTS, "rmap lists, e.g. 1000x15 or 10x2+5x16-31."),
        Axis("parent-ptes", "vm.parent_ptes", LISTS, "parent_ptes lists, e.g. 3x500."),
        Axis("history", "vm.history", WORDS, "Lists only grown, or of any history."),
        Axis("faults", "vm.faults", WORDS, "Guest pages touched in any order, or once in-order."),
        Axis("caches", "vm.caches", WORDS, "topped-up, or drawn from since."),
        Axis("eager-split", "vm.eager_split", SWITCHES, "Split caches filled (dirty logging of an L1)."),
        Axis("dirty-log", "vm.dirty_log", SWITCHES, "Dirty bitmaps present."),
        Axis("written", "vm.written", SIZES, "Memory written or split since dirty logging began."),
        Axis("dirty-ring", "vm.dirty_ring", INTEGERS, "Entries of each vCPU's dirty ring, in place of bitmaps."),
        Axis("private-memory", "vm.private_memory", SIZES, "Memory with the attribute private."),
        Axis("smm", "vm.smm", SWITCHES, "A second address space, for SMM."),
        Axis("tdx", "vm.tdx", SWITCHES, "A TDX guest."),
        Axis("cpus", "host.cpus", INTEGERS, "Present CPUs."),
        Axis("possible-cpus", "host.possible_cpus", INTEGERS, "Possible CPUs, if more."),
        Axis("nodes", "host.nodes", INTEGERS, "NUMA nodes."),
        Axis(
            "filling",
            "host.filling",
            WORDS,
            "Fresh and packed, fresh and spread over CPUs, or aged.",
        ),
        Axis("vendor", "host.vendor", WORDS, "intel or amd."),
        Axis("itlb-multihit", "host.itlb_multihit", SWITCHES, "CPUs have it: huge pages are not executable."),
        Axis("memcg", "host.memcg", SWITCHES, "Kernel memory is accounted to cgroups."),
        Axis("alloc-profiling", PROFILED, PROFILING, "absent, built, never (by boot option) or on."),
        Axis("slab-merge", "host.slab_merge", SWITCHES, "Merge slab caches of equal object size; for observe only."),
        Axis("slub-min-objects", "host.slub_min_objects", INTEGERS, "Boot option; 0: by CPUs."),
        Axis("slub-min-order", "host.slub_min_order", ORDERS, "Boot option."),
        Axis("slub-max-order", "host.slub_max_order", ORDERS, "Boot option."),
        Axis("slub-debug", "host.slub_debug", Letters("FZPU"), "Boot option: letters of FZPUTA, or none."),
    )
}
