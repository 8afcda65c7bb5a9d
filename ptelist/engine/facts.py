"""Scenario fields as terms with their sources, each made once for a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.ledger import Term, Unit, given

if TYPE_CHECKING:
    from ptelist.scenario import Config, Scenario


class Facts:
    """Given terms of one scenario: `facts.kernel("page_bytes", Unit.BYTES)`."""

    __slots__ = ("_host", "_kernel", "_scenario", "_sources", "_vms")

    def __init__(self, scenario: Scenario) -> None:
        """Take the scenario whose fields are asked for."""
        self._scenario = scenario
        self._sources = scenario.sources
        self._kernel: dict[str, Term] = {}
        self._host: dict[str, Term] = {}
        self._vms: list[dict[str, Term]] = [{} for _ in scenario.vms]

    @property
    def config(self) -> Config:
        """Return how the kernel was built."""
        return self._scenario.config

    def kernel(self, field: str, unit: Unit) -> Term:
        """Return a field of the kernel profile."""
        return self._kernel.get(field) or self._made(self._kernel, "kernel", self._scenario.kernel, field, unit)

    def host(self, field: str, unit: Unit = Unit.COUNT) -> Term:
        """Return a field of the host."""
        return self._host.get(field) or self._made(self._host, "host", self._scenario.host, field, unit)

    def vm(self, number: int, field: str, unit: Unit = Unit.COUNT) -> Term:
        """Return a field of a VM group."""
        known = self._vms[number]
        return known.get(field) or self._made(known, f"vms.{number}", self._scenario.vms[number], field, unit)

    def source(self, path: str) -> str:
        """Return where a field that is no number, e.g. "kernel.obj_ext", comes from."""
        return self._sources.get(path, "default")

    def _made(self, known: dict[str, Term], part: str, owner: object, field: str, unit: Unit) -> Term:  # noqa: PLR0913, PLR0917
        value = getattr(owner, field)
        term = known[field] = given(field, value, unit, self.source(f"{part}.{field}"))
        return term
