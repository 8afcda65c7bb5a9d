"""VMs of measured presets that are other than those in the run: see `overlay.laid`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.scenario.overlay import RUN, TOLD

if TYPE_CHECKING:
    from ptelist.scenario.models import Scenario


def is_another(scenario: Scenario, number: int) -> bool:
    """Return whether a group of VMs is of a preset that was measured, but other than in its run."""
    told, run = (scenario.sources.get(f"vms.{number}.{field}") for field in (TOLD, RUN))
    return bool(told and run and told.said_by == run.said_by) and scenario.vms[number].shadow_tables is None


def without(scenario: Scenario) -> Scenario:
    """Return a scenario without the shadow pages that runs told."""
    return scenario._replace(vms=tuple(vm._replace(shadow_tables=None) for vm in scenario.vms))
