"""The file of budgets that a project begins with, figures filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, HEADER, HEADER_TOTAL, TOTAL
from ptelist.output import plain
from ptelist.output.toml_values import toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Kernel, Scenario, Vm

SIZE_FIGURES = tuple(f"{name}.size" for name in (DESC, HEADER))
ORDER_FIGURES = tuple(f"{name}.slab_order" for name in (DESC, HEADER))
TOTALS = (DESC_TOTAL, HEADER_TOTAL)
OTHERS = ("vcpu_caches.bytes", "split_caches.bytes", "page_tables.bytes", "memslots.bytes")
LINE_WIDTH = 78

SCENARIOS = """\
# Scenarios: options as those of `ptelist compare`, without dashes, one value each;
# `preset` names a preset, `set` lists other fields.

# What each vCPU keeps ready, used or not.
[scenario.one-vcpu]
vcpus = 1

[scenario.large]
vcpus = 256
memory = "64 GiB"

# Many VMs share slabs: rounding is per host.
[scenario.dense]
vms = 100
vcpus = 8
"""

NESTED = """
# Nested virtualization: shadow pages and rmap lists{filled}.
[scenario.nested]
preset = "nested"
vcpus = 8
rmaps = "1000x15"
"""

FILLED, SPLIT = ", split caches filled", "eager-split = true\n"


def scenarios(kernel: Kernel, vm: Vm) -> tuple[str, str]:
    """Return the scenarios that a kernel can have, and what was left out and why, "" if nothing was."""
    if not mmu.tdp(kernel, vm):
        return SCENARIOS, "without scenario.nested: TDP is off in this kernel, and an L2 needs it"
    without = f"{SCENARIOS}{NESTED.format(filled='')}"
    if not kernel.split_caches:
        return without, f"scenario.nested is without eager-split: kernel {kernel.version} has no split caches"
    if not mmu.tdp_mmu(kernel, vm):
        return without, "scenario.nested is without eager-split: the TDP MMU is off in this kernel"
    return f"{SCENARIOS}{NESTED.format(filled=FILLED)}{SPLIT}", ""


def render(kernel: str | None, about: str, said: str, ledgers: Mapping[str, Ledger]) -> str:
    """Return the file: `kernel` is a profile to name, `about` what the figures are of, `said` the scenarios."""
    under_test = [
        "# The kernel under test, unless --kernel or --kernel-from names one.",
        f"kernel = {toml(kernel)}",
        "",
    ]
    return "\n".join(
        [
            "# Budgets for the memory of KVM's shadow-MMU structures.",
            *plain.wrapped(f"# Figures are those of {about}.", LINE_WIDTH, "# ").splitlines(),
            "#",
            "#   ptelist check             hold them against the budgets",
            "#   ptelist check --update    take them as the baseline, to be committed",
            "",
            *(under_test if kernel else []),
            said,
            *_budgets(ledgers)[:-1],
            "",
        ]
    )


def of_structs(scenario: Scenario, name: str) -> str:
    """Return budgets for the structs of VMs that a build has, which KVM's own limits of their orders are.

    "" for a kernel without limits, and for a build with lockdep, which KVM holds to none. `name` is that of a
    scenario, whichever: its VMs change nothing.
    """
    limits, found = scenario.kernel.vm_order_limits, scenario.kernel.vm_structs
    if not limits or not found or scenario.config.lock_debugging:
        return ""
    lines = []
    whats = ("order", "order.without_memslot_hashes")[: 1 if scenario.kernel.memslot_hash_bytes is None else None]
    for what, most in zip(whats, limits, strict=False):
        message = "KVM does not build with more, unless for debugging: KVM_SANITY_CHECK_VM_STRUCT_SIZE."
        figures = tuple(f"{struct}.{what}" for struct in found)
        lines += _budget(figures, f"max = {most}", message, scenario=name)
    return "\n".join(["", *lines])


def _budgets(ledgers: Mapping[str, Ledger]) -> list[str]:
    scenario, ledger = next(iter(ledgers.items()))
    lines = [
        "# Limits: max or exact, or max_growth from the baseline (0, a size, or a percentage),",
        "# for the scenario named, else for all. An interval counts with its high end.",
        "",
    ]
    for figure in SIZE_FIGURES:
        limit = f'max = "{ledger[figure].high} B"'
        lines += _budget((figure,), limit, "A size decides how many objects a slab holds.", scenario=scenario)
    higher = "A higher order is harder to allocate once memory is fragmented."
    lines += _budget(ORDER_FIGURES, "max_growth = 0", higher, scenario=scenario)
    lines += _budget(TOTALS, "max_growth = 0", "Slab bytes and memcg vectors of the whole host.")
    lines += _budget((TOTAL,), 'max_growth = "0.5 %"', "All MMU metadata of the host.")
    lines += _budget((*OTHERS, TOTAL), "max_growth = 0", severity="warn")
    return lines


def _budget(figures: tuple[str, ...], limit: str, message: str = "", **more: str) -> list[str]:
    listed = toml(figures[0] if len(figures) == 1 else figures)
    said = more | ({"message": message} if message else {})
    return [
        "[[budget]]",
        f"figure = {listed}",
        limit,
        *(f"{key} = {toml(value)}" for key, value in said.items()),
        "",
    ]
