"""The order that the structs of a VM and of a vCPU take, on the usual host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.clauses import lock_debugging
from ptelist.engine.facts import Facts
from ptelist.engine.ledger import Unit
from ptelist.engine.vm_structs import vm_structs
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from ptelist.engine.ledger import Term


def orders(spec: str, profile: str | None) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """Return the figures that are orders, of a build laid over its profile, and what to know when reading them."""
    kernel = [("kernel", profile)] if profile else []
    scenario = expand((), [("kernel-from", spec), *kernel]).columns[0].scenario
    terms = tuple(term for term in vm_structs(Facts(scenario)) if term.unit is Unit.ORDER)
    return terms, tuple(clause.text for clause in lock_debugging(scenario))
