"""The file of budgets that a project begins with, figures filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, HEADER, HEADER_TOTAL, TOTAL
from ptelist.output import plain
from ptelist.output.toml_values import toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptelist.engine.ledger import Ledger

SIZE_FIGURES = tuple(f"{name}.size" for name in (DESC, HEADER))
ORDER_FIGURES = tuple(f"{name}.slab_order" for name in (DESC, HEADER))
TOTALS = (DESC_TOTAL, HEADER_TOTAL)
OTHERS = ("vcpu_caches.bytes", "split_caches.bytes", "page_tables.bytes", "memslots.bytes")
LINE_WIDTH = 78

SCENARIOS = """\
# Scenarios: options as those of `ptelist compare`, without dashes, one value each;
# `preset` names a preset, `set` lists other fields.

# What each vCPU keeps ready, though it uses the TDP MMU and never an rmap list.
[scenario.one-vcpu]
vcpus = 1

[scenario.large]
vcpus = 256
memory = "64 GiB"

# Many VMs share slabs: rounding is per host.
[scenario.dense]
vms = 100
vcpus = 8

# Nested virtualization: shadow pages and rmap lists, split caches (from v6.0) filled.
[scenario.nested]
preset = "nested"
vcpus = 8
rmaps = "1000x15"
{split}"""

SPLIT = "eager-split = true\n"


def scenarios(*, split_caches: bool) -> str:
    """Return the scenarios, for a kernel with or without split caches."""
    return SCENARIOS.format(split=SPLIT if split_caches else "")


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
