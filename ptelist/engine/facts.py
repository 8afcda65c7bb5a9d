"""Scenario fields as terms with their sources, each made once for a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.kmalloc import pool_of
from ptelist.engine.ledger import Term, Unit, given

if TYPE_CHECKING:
    from ptelist.engine.kmalloc import Pool
    from ptelist.scenario.models import Config, Scenario


class Facts:
    """Given terms of one scenario: `facts.kernel("page_bytes", Unit.BYTES)`."""

    __slots__ = ("_host", "_kernel", "_pool", "_sources", "_vms", "scenario")

    def __init__(self, scenario: Scenario) -> None:
        """Take the scenario whose fields are asked for."""
        self.scenario = scenario
        self._sources = scenario.sources
        self._kernel: dict[str, Term] = {}
        self._host: dict[str, Term] = {}
        self._pool: Pool | None = None
        self._vms: dict[int, dict[str, Term]] = {}

    @property
    def config(self) -> Config:
        """Return how the kernel was built."""
        return self.scenario.config

    @property
    def pool(self) -> Pool:
        """Return the kernel's kmalloc caches."""
        if self._pool is None:
            self._pool = pool_of(self.scenario.kernel)
        return self._pool

    def kernel(self, field: str, unit: Unit) -> Term:
        """Return a field of the kernel profile."""
        return self._kernel.get(field) or self._made(self._kernel, "kernel", self.scenario.kernel, field, unit)

    def host(self, field: str, unit: Unit = Unit.COUNT) -> Term:
        """Return a field of the host."""
        return self._host.get(field) or self._made(self._host, "host", self.scenario.host, field, unit)

    def vm(self, number: int, field: str, unit: Unit = Unit.COUNT) -> Term:
        """Return a field of a VM group."""
        known = self._vms.setdefault(number, {})
        return known.get(field) or self._made(known, f"vms.{number}", self.scenario.vms[number], field, unit)

    def source(self, path: str) -> str:
        """Return where a field that is no number, e.g. "kernel.obj_ext", comes from."""
        source = self._sources.get(path)
        return str(source) if source else "default"

    def _made(self, known: dict[str, Term], part: str, owner: object, field: str, unit: Unit) -> Term:
        path = f"{part}.{field}"
        term = known[field] = given(field, getattr(owner, field), unit, self.source(path), path)
        return term
