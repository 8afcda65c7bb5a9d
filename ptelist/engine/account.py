"""Scenario in, Ledger out: every figure of design, rounding per host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import cache_layouts
from ptelist.engine.facts import Facts
from ptelist.engine.figure_kinds import BELOW, BESIDE_KMEM_CACHES, COUNTED, DESC, KINDS, TOTAL, UNUSED, UNUSED_COUNTED
from ptelist.engine.kmem_cache import KmemCache
from ptelist.engine.ledger import Ledger, Term, Unit, named, product, rule, total
from ptelist.engine.past import known, past
from ptelist.engine.sheaves import sheaves
from ptelist.engine.vm import VmGroup
from ptelist.engine.vm_structs import vm_structs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ptelist.engine.cache_layouts import CacheLayout
    from ptelist.engine.past import Past
    from ptelist.engine.vm import Usage
    from ptelist.scenario.models import Scenario

    Usages = Sequence[Iterable[Usage]]

B = Unit.BYTES

UNUSED_DESCRIPTORS = {name: UNUSED[name] for name in (f"{DESC}.objects", *BELOW[f"{DESC}.objects"])}


def account(scenario: Scenario, *, aside: bool = True) -> Ledger:
    """Return all figures of a scenario, but for those that are part of no total if these are left aside.

    Rounding to slabs is per kmem_cache and host, over all VM groups together:
    VMs share slabs. `vcpu_caches.bytes` and `split_caches.bytes` say what those
    caches hold, objects included; in `mmu.bytes.total` those objects are counted
    once, within their kmem_cache's slabs.
    """
    ledger = Ledger()
    facts = Facts(scenario)
    usages = _usages(scenario, [group.usage(aside=aside) for group in _groups(facts)])
    _holdings(ledger, UNUSED if aside else UNUSED_COUNTED, usages)
    ledger = _settled(ledger, facts, usages, aside=aside)
    if aside:
        ledger.update((term.name, term) for term in vm_structs(facts))
    return ledger


def holdings(scenario: Scenario) -> dict[str, Term]:
    """Return what the VM groups hold, by kind; kinds of which they hold nothing are left out."""
    ledger = Ledger()
    _holdings(ledger, UNUSED, [group.usage() for group in _groups(Facts(scenario))])
    return {name: term for name, term in ledger.items() if term.high}


def settle(
    scenario: Scenario, held: Mapping[str, tuple[int, int]], why: Mapping[str, str], *, aside: bool = True
) -> Ledger:
    """Return all figures of a host on which VMs hold so much; of its VMs only the first one's paging counts.

    With the sums of `holdings` over all groups the numbers are those of `account`. `why` says of each sum how it
    came, and tells those of equal ends apart that do not follow in the same way.
    """
    ledger = Ledger()
    for name in KINDS if aside else COUNTED:
        ledger[name] = rule(name, *held[name], KINDS[name], why[name])
    return _settled(ledger, Facts(scenario), aside=aside)


def settle_totals(scenario: Scenario, objects: Iterable[Term], rest: Term) -> Ledger:
    """Return the figures of both kmem_caches, which hold so many objects, and the MMU's total, `rest` beside them.

    They are those of `settle`, without those that are part of no total.
    """
    ledger, facts = Ledger(), Facts(scenario)
    caches = zip(cache_layouts.both(facts), objects, strict=True)
    slabs = [_entered(ledger, facts, found).account(held, aside=False) for found, held in caches]
    ledger.add(total(TOTAL, B, [*slabs, rest]))
    return ledger


def _settled(ledger: Ledger, facts: Facts, usages: Usages = (), *, aside: bool) -> Ledger:
    """Enter what follows from the holdings: slabs, and the sums."""
    caches = cache_layouts.both(facts)
    slabs = [_cache(ledger, facts, found, usages, aside=aside) for found in caches]
    for owner in ("vcpu_caches", "split_caches"):
        _held(ledger, owner, caches)
    for owner in ("page_tables", "memslots"):
        ledger.add(total(f"{owner}.bytes", B, [ledger[name] for name in BELOW[f"{owner}.bytes"]]))
    if aside:
        ledger.add(sheaves(facts, caches))
    ledger.add(total(TOTAL, B, [*slabs, *(ledger[name] for name in BESIDE_KMEM_CACHES)]))
    return ledger


def layouts(scenario: Scenario) -> Ledger:
    """Return how the slabs of both caches are laid out; these figures are those of `account`."""
    ledger = Ledger()
    facts = Facts(scenario)
    for found in cache_layouts.both(facts):
        _entered(ledger, facts, found)
    return ledger


def descriptors(scenario: Scenario, *, aside: bool = True) -> Ledger:
    """Return the figures of pte_list_desc, which are those of `account`, and no others."""
    ledger = Ledger()
    facts = Facts(scenario)
    usages = _usages(scenario, [group.descriptors() for group in _groups(facts)])
    _holdings(ledger, UNUSED_DESCRIPTORS, usages)
    _cache(ledger, facts, cache_layouts.layout(facts, DESC), usages, aside=aside)
    return ledger


def _groups(facts: Facts) -> list[VmGroup]:
    return [VmGroup(facts, number) for number in range(len(facts.scenario.vms))]


def _usages(scenario: Scenario, usages: Usages) -> Usages:
    """Return what the groups hold, so that it can be read again if the past of the host is known."""
    return [tuple(usage) for usage in usages] if known(scenario) else usages


def _holdings(ledger: Ledger, unused: Mapping[str, Term], usages: Iterable[Iterable[Usage]]) -> None:
    """Enter what the VM groups hold of some kinds, added up by kind, in the order of those that may be unused."""
    ledger.update(unused)
    found: dict[str, list[Term]] = {}
    for usage in usages:
        for name, term in usage:
            if name in found:
                found[name].append(term)
            else:
                found[name] = [term]
    for name, parts in found.items():
        ledger[name] = named(name, parts[0]) if len(parts) == 1 else total(name, KINDS[name], parts)


def _entered(ledger: Ledger, facts: Facts, found: CacheLayout) -> KmemCache:
    """Enter the layout of a kmem_cache, PTE_LIST_EXT before that of descriptors."""
    if found.name == DESC:
        ledger.add(cache_layouts.ext(facts))
    return KmemCache(ledger, facts, found)


def _cache(ledger: Ledger, facts: Facts, found: CacheLayout, usages: Usages = (), *, aside: bool) -> Term:
    """Enter one kmem_cache's figures and return its bytes in all."""
    name, scenario = found.name, facts.scenario
    cache = _entered(ledger, facts, found)
    before = past(name, facts, scenario, usages, simulated=aside) if usages and known(scenario) else None
    return cache.account(ledger[f"{name}.objects"], before, aside=aside)


def slabs_of(scenario: Scenario, objects: Term, name: str = DESC, before: Past | None = None) -> Ledger:
    """Return the figures of one kmem_cache alone, for so many objects.

    `before` is what it held at its peak, on an aged host.
    """
    ledger = Ledger()
    facts = Facts(scenario)
    ledger.add(cache_layouts.ext(facts))
    cache = KmemCache(ledger, facts, cache_layouts.layout(facts, name))
    cache.account(named(f"{name}.objects", objects), before)
    return ledger


def _held(ledger: Ledger, owner: str, caches: Iterable[CacheLayout]) -> None:
    """Enter what the memory caches hold in all: objects, pages, arrays."""
    parts = []
    for found in caches:
        name = found.name
        objects = ledger[f"{name}.objects.{owner}"]
        parts.append(ledger.add(product(f"{owner}.bytes.{name}", B, objects, found.size)))
    parts += [ledger[f"{owner}.bytes.pages"], ledger[f"{owner}.bytes.arrays"]]
    ledger.add(total(f"{owner}.bytes", B, parts))
