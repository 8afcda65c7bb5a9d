"""Scenario fields as terms with their sources, each made once for a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.ledger import Term, Unit, given

if TYPE_CHECKING:
    from ptelist.scenario.models import Config, Scenario


class Facts:
    """Given terms of one scenario: `facts.kernel("page_bytes", Unit.BYTES)`."""

    __slots__ = ("_made", "_scenario", "_sources")

    def __init__(self, scenario: Scenario) -> None:
        """Take the scenario whose fields are asked for."""
        self._scenario = scenario
        self._sources = scenario.sources
        self._made: dict[str, Term] = {}

    @property
    def config(self) -> Config:
        """Return how the kernel was built."""
        return self._scenario.config

    def kernel(self, field: str, unit: Unit) -> Term:
        """Return a field of the kernel profile."""
        return self._term("kernel", self._scenario.kernel, field, unit)

    def host(self, field: str, unit: Unit = Unit.COUNT) -> Term:
        """Return a field of the host."""
        return self._term("host", self._scenario.host, field, unit)

    def vm(self, number: int, field: str, unit: Unit = Unit.COUNT) -> Term:
        """Return a field of a VM group."""
        return self._term(f"vms.{number}", self._scenario.vms[number], field, unit)

    def source(self, path: str) -> str:
        """Return where a field that is no number, e.g. "kernel.obj_ext", comes from."""
        return self._sources.get(path, "default")

    def _term(self, part: str, owner: object, field: str, unit: Unit) -> Term:
        key = f"{part}.{field}"
        term = self._made.get(key)
        if term is None:
            value = getattr(owner, field)
            term = self._made[key] = given(field, value, unit, self.source(key))
        return term
