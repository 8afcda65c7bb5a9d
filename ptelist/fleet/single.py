"""One VM on a host of some kernel: what it holds, which hosts that have many of its like add up."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

from ptelist.engine import mmu
from ptelist.engine.account import holdings
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import BELOW, BESIDE_KMEM_CACHES, DESC, HEADER, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptelist.engine.ledger import Term
    from ptelist.scenario.models import Host, Scenario

OBJECTS = tuple(f"{cache}.objects" for cache in (DESC, HEADER))
REST = tuple(kind for figure in BESIDE_KMEM_CACHES for kind in BELOW.get(figure, (figure,)))
"""What makes up the MMU's total beside the kmem_caches."""


class Totals(NamedTuple):
    """Both ends of the objects of each kmem_cache, and of all that is beside them in the MMU's total."""

    desc_low: int
    desc_high: int
    header_low: int
    header_high: int
    rest_low: int
    rest_high: int


class Change(NamedTuple):
    """How a VM differs under a what-if."""

    rest_low: int
    rest_high: int
    """Of the bytes beside the kmem_caches."""
    desc_unlike: int
    header_unlike: int
    """1 if the objects of that cache are open, and for another reason."""


class Held:
    """What one VM holds, by kind."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        """Take what is not 0."""
        self._terms = terms
        self._changes: dict[Held, Change] = {}

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Return both ends of each kind, in the order of KINDS."""
        terms = [self._terms.get(name) for name in KINDS]
        return tuple(end for term in terms for end in ((term.low, term.high) if term else (0, 0)))

    @cached_property
    def totals(self) -> Totals:
        """Return what hosts add up for the usual figures."""
        held = self._terms
        desc, header = ((held[name].low, held[name].high) if name in held else (0, 0) for name in OBJECTS)
        rest = [held[name] for name in REST if name in held]
        return Totals(*desc, *header, sum(term.low for term in rest), sum(term.high for term in rest))

    def open_unlike(self, before: Held) -> list[str]:
        """Return the kinds that are open and do not follow as they did before."""
        old = before._terms
        return [name for name, term in self._terms.items() if not term.exact and term != old.get(name)]

    def change(self, before: Held) -> Change:
        """Return how it differs from what the same VM held before."""
        found = self._changes.get(before)
        if found is None:
            rest = [difference(before._terms.get(name), self._terms.get(name)) for name in REST]
            unlike = self.open_unlike(before)
            desc, header = (int(name in unlike) for name in OBJECTS)
            found = Change(sum(each.low for each in rest), sum(each.high for each in rest), desc, header)
            self._changes[before] = found
        return found


class _Read:
    """A host; `fields` are those that were read of it."""

    def __init__(self, of: Host, fields: dict[str, None]) -> None:
        self._of, self._fields = of, fields

    def __getattr__(self, field: str) -> object:
        value = self.__dict__[field] = getattr(self._of, field)
        self._fields[field] = None
        return value


class Holdings:
    """What VMs hold, worked out once for all on hosts that have in common what it follows from."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[tuple[object, ...], dict[tuple[str, ...], dict[object, Held]]] = {}
        """By kernel, its configuration and VM; by the fields that were read of the host; by what these were."""

    def of(self, scenario: Scenario) -> Held:
        """Return what the one VM of a scenario holds."""
        known = self._known.setdefault((scenario.kernel, scenario.config, scenario.first_vm), {})
        for fields, found in known.items():
            if held := found.get(_values(scenario.host, fields)):
                return held
        read: dict[str, None] = {}
        held = Held(holdings(scenario._replace(host=cast("Host", _Read(scenario.host, read)))))
        fields = tuple(sorted(read))
        known.setdefault(fields, {})[_values(scenario.host, fields)] = held
        return held


def _values(host: Host, fields: Iterable[str]) -> tuple[object, ...]:
    return tuple([getattr(host, field) for field in fields])


class Single:
    """One VM on a host of some kernel."""

    def __init__(self, scenario: Scenario, known: Holdings) -> None:
        """Take a host with this one VM, and what is known of others."""
        (self.vm,) = scenario.vms
        self.modules = mmu.tdp(scenario.kernel, self.vm), mmu.tdp_mmu(scenario.kernel, self.vm)
        """Parameters of the kvm modules that it needs: tdp and tdp_mmu."""
        self._scenario, self._known = scenario, known

    @cached_property
    def held(self) -> Held:
        """Return what it holds, worked out when it is first asked for."""
        return self._known.of(self._scenario)
