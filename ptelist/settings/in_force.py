"""What is in force on an axis in a scenario, whoever said it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine import mmu, slub_parameters
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from ptelist.scenario.models import Scenario
    from ptelist.settings.axes import Axis

LAYOUTS = "memslots"
"""The folder of the presets that are layouts of memslots."""


def in_force(axis: Axis, scenario: Scenario) -> Any:
    """Return the value of a parameter; of a number that is not set, what is in force instead."""
    kernel, host, vm = scenario.kernel, scenario.host, scenario.first_vm
    if axis.kind.by_preset:
        named = {
            "kernel": kernel.version,
            "config": scenario.config.name,
            "host": host.name,
            "vm": "+".join(group.name for group in scenario.vms),
            "memslots": "/".join(dict.fromkeys(_layout(scenario, group) for group in range(len(scenario.vms)))),
            "proposal": "+".join(scenario.proposals) or "none",
        }
        return named.get(axis.name, "none")
    if axis.name == "ext":
        return mmu.ext(kernel, vm)
    value = axis.kind.value_of({path: _field(scenario, path) for path in axis.paths})
    if value:
        return value
    instead = {
        "possible-cpus": host.possible_cpus or host.cpus,
        "populated": vm.memory,
        "vcpus-run": vm.vcpus,
        "slub-min-objects": slub_parameters.order_rule(kernel, host).min_objects,
        "slub-max-order": slub_parameters.max_order(kernel, host),
    }
    return instead.get(axis.name, 0 if value is None else value)


def _layout(scenario: Scenario, group: int) -> str:
    """Return the preset of memslots that a VM group has; if it has no shipped one, what the layout is in words."""
    source = scenario.sources.get(f"vms.{group}.memslots")
    folder, _, file = (source.said_by if source else "").partition("/")
    name = file.removesuffix(shipped.SUFFIX)
    return name if folder == LAYOUTS and name in shipped.names(LAYOUTS) else scenario.vms[group].memslots


def _field(scenario: Scenario, path: str) -> Any:
    part, _, field = path.partition(".")
    return getattr(scenario.first_vm if part == "vm" else getattr(scenario, part), field)
