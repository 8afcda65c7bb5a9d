"""Options without effect: what they ask about is not there, given the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine import mmu
from ptelist.engine.guest_memory import private_memory
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptelist.scenario.models import Host, Kernel, Scenario, Vm
    from ptelist.settings.axes import Axis

    Reason = Callable[[Kernel, Host, Vm], str]
    """Why a value has no effect on a VM, "" if it may have one."""


NO_L2 = "there is no L2 without nested"
NO_LOG = "only dirty logging makes a difference of it: use dirty_log, or a dirty ring"

NEEDING = {
    "l2_smm": (("nested",), NO_L2),
    "l1_replacements": (("nested",), NO_L2),
    "written": (("dirty_log", "dirty_ring"), NO_LOG),
}
"""Fields that no file or row may say of a VM that has none of those they need, and why.

l2_memory and l2_leaf are none of them: the plainest preset says them of every VM.
"""


def _unless(has: Callable[[Kernel, Host, Vm], object], why: str) -> Reason:
    return lambda kernel, host, vm: "" if has(kernel, host, vm) else why


def _written(kernel: Kernel, _: Host, vm: Vm) -> str:
    if not (vm.dirty_log or vm.dirty_ring):
        return NO_LOG
    if not mmu.tdp(kernel, vm):
        return "dirty logging splits huge pages of TDP, there is shadow paging"
    return "all memory is mapped with 4K leaves, there is none to split" if vm.leaf == "4K" else ""


_L2 = _unless(lambda _, __, vm: vm.nested, NO_L2)
_RUN = _unless(lambda _, __, vm: vm.vcpus_run != 0, "no vCPU has run: it comes of a run")
_RING = _unless(lambda _, __, vm: vm.dirty_ring, "there are no dirty rings without dirty_ring")
_SHEAVES = _unless(
    lambda kernel, _, __: kernel.slub_sheaves_per_cpu or kernel.slub_sheaves_per_node, "this kernel has no sheaves"
)
_AMD = _unless(lambda _, host, __: host.vendor == "amd", "AVIC is AMD's: needs vendor amd")
_INTEL = _unless(lambda _, host, __: host.vendor == "intel", "it is Intel's: needs vendor intel")
_CAPACITY = _unless(
    lambda kernel, _, vm: vm.vcpus_run != 0 or kernel.memory_cache_array == "embedded",
    "no vCPU has run, so none has filled a cache",
)

_ATTRIBUTES = _unless(
    lambda _, __, vm: private_memory(vm), "there are no memory attributes without private_memory or tdx"
)

REASONS: dict[str, Reason] = {
    "vm.l2_memory": _L2,
    "vm.l2_leaf": _L2,
    "vm.l2_smm": _L2,
    "vm.l1_replacements": _L2,
    "vm.dimm_size": _unless(lambda _, __, vm: vm.dimms, "there are no DIMMs without dimms"),
    "vm.peak_count": _unless(
        lambda _, host, __: host.filling == "aged", "a fresh host has no past: it is for filling aged"
    ),
    "vm.populated": _unless(
        lambda kernel, _, vm: mmu.tdp(kernel, vm), "under shadow paging tables follow from what the guest maps"
    ),
    "vm.written": _written,
    "vm.dirty_log": _unless(lambda _, __, vm: not vm.dirty_ring, "dirty rings take the place of bitmaps"),
    "vm.caches": _RUN,
    "vm.history": _RUN,
    "host.itlb_multihit": _unless(
        lambda kernel, _, vm: mmu.tdp(kernel, vm) and vm.leaf != "4K", "no huge page of TDP is there to be split"
    ),
    "host.avic": _AMD,
    "host.unrestricted_guest": _INTEL,
    "host.pml": _INTEL,
    "kernel.cache_capacity": _CAPACITY,
    **dict.fromkeys(("kernel.xa_node_bytes", "kernel.xa_chunk_shift"), _ATTRIBUTES),
    **dict.fromkeys((f"kernel.{what}" for what in ("dirty_gfn_bytes", "dirty_ring_reserved", "pml_entries")), _RING),
    **dict.fromkeys((f"kernel.slub_{what}_bytes" for what in ("sheaf", "barn", "percpu_sheaves")), _SHEAVES),
}
"""By the field that an option sets. Fields of which `consistency` says as much itself are not here.

Nor is what only happens to move nothing: that --ext 2 saves nothing is an answer.
"""


def taken_away(kernel: Kernel, vm: Vm) -> dict[str, Any]:
    """Return the fields of an L2 and of lists that say something of what this VM has not, and what says nothing."""
    nothing: dict[str, Any] = {} if vm.nested else {"l2_smm": False, "l1_replacements": 0}
    if not mmu.shadow_root(kernel, vm):
        nothing |= {"shadow_tables": None}
    if not mmu.uses_rmaps(kernel, vm):
        nothing |= {"rmaps": (), "parent_ptes": ()}
    return {field: value for field, value in nothing.items() if getattr(vm, field) != value}


def refuse_void(axes: Iterable[Axis], scenarios: Iterable[Scenario]) -> None:
    """Raise PtelistError for an option that has no effect on any VM of any scenario.

    What a preset says is no option, and may be void; so may a VM's value that asks for none, such as 0 or off.
    """
    given = [axis for axis in axes if axis.path in REASONS]
    for scenario in scenarios if given else ():
        found = [(axis, _void(axis, scenario)) for axis in given]
        given = [axis for axis, why in found if why]
        if not given:
            return
    for axis, why in found if given else ():
        if axis in given:
            raise PtelistError(f"has no effect: {why}", axis.where)


def _void(axis: Axis, scenario: Scenario) -> str:
    """Return why an option has no effect on a scenario, "" if it may have one."""
    part, _, field = axis.path.partition(".")
    owner = "vms.0" if part == "vm" else part
    value = getattr(scenario.first_vm if part == "vm" else getattr(scenario, part), field)
    source = scenario.sources.get(f"{owner}.{field}")
    if source is None or source.said_by != axis.option or (part == "vm" and not value):
        return ""
    return reason(axis, scenario)


def reason(axis: Axis, scenario: Scenario) -> str:
    """Return why no value of an axis has an effect on any VM of a scenario, "" if one may have."""
    if axis.path not in REASONS:
        return ""
    reasons = [REASONS[axis.path](scenario.kernel, scenario.host, vm) for vm in scenario.vms]
    return reasons[0] if all(reasons) else ""
