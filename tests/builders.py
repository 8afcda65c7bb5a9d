"""Scenarios for tests: a kernel and a host preset, plain TDP VMs, and what a test changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ptelist.engine.account import account
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.scenario.presets import shipped, versions
from ptelist.settings import named
from ptelist.settings.builder import Builder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Scenario

GIB = 1 << 30
MIB = 1 << 20
Fields = dict[str, Any]
HERE = Origin("test")


def settings(fields: Mapping[str, Any]) -> dict[str, Setting]:
    return {name: Setting(value, HERE, name) for name, value in fields.items()}


def scenario(  # noqa: PLR0913 -- one for each part of a scenario
    kernel: str = "6.18",
    host: str = "single-cpu",
    vm: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    *,
    on_kernel: Mapping[str, Any] | None = None,
    on_host: Mapping[str, Any] | None = None,
    config: str = "upstream",
    on_config: Mapping[str, Any] | None = None,
    proposal: str = "none",
    memslots: str = "ram",
) -> Scenario:
    """Return a scenario; `vm` is what one group, or each of several, has unlike the preset "tdp".

    Unless `on_config` says, the kernel is built with what `on_host` needs.
    """
    if on_config is None:
        needed = on_host or {}
        on_config = {"alloc_profiling": True} if needed.get("alloc_profiling", "off") != "off" else {}
        on_config |= {"external_write_tracking": True} if needed.get("external_write_tracking") else {}
    groups = (vm,) if isinstance(vm, dict) else tuple(vm) or ({},)
    layout = named.load(memslots, "memslots").overlay.vm
    plain = layout | named.load("tdp", "vms").overlay.vm
    base = named.load(host, "hosts").overlay.over(named.load(kernel, "kernels").overlay)
    base = named.config(config, base.kernel["version"].value).over(base)
    base = named.load(proposal, "proposals").overlay.over(base)
    own = Overlay(
        kernel=settings(on_kernel or {}),
        host=settings(on_host or {}),
        vms=tuple(plain | settings(group) for group in groups),
        config=settings(on_config or {}),
    )
    return built(own.over(base))


def built(overlay: Overlay) -> Scenario:
    """Return the scenario that an overlay says."""
    builder = Builder()
    kernel, config, host = (builder.part(part, getattr(overlay, part)) for part in ("kernel", "config", "host"))
    vms = [builder.part(f"vms.{number}", group) for number, group in enumerate(overlay.groups())]
    return builder.build(kernel, config, host, vms, overlay.proposals)


def ledger(*args: Any, **kwargs: Any) -> Ledger:
    return account(scenario(*args, **kwargs))


def exact(figures: Ledger, name: str) -> int:
    """Return a figure that must be exact."""
    term = figures[name]
    assert term.exact, f"{name} is open: {term.low}..{term.high}"
    return term.low


def span(figures: Ledger, name: str) -> tuple[int, int]:
    return figures[name].low, figures[name].high


def values(**options: list[Any]) -> st.SearchStrategy[Fields]:
    return st.fixed_dictionaries({name: st.sampled_from(option) for name, option in options.items()})


def classes(most: int) -> st.SearchStrategy[tuple[Fields, ...]]:
    """Lists of 1 up to `most` entries, some of a range of lengths."""

    def lists(count: int, entries: int, more: int | None) -> Fields:
        return {"count": count, "entries": entries, "entries_to": more and min(entries + more, most)}

    counts, entries = st.integers(1, 5000), st.integers(1, most)
    one = st.builds(lists, counts, entries, st.none() | st.integers(1, most))
    return st.lists(one, max_size=2).map(tuple)


def of_pages(lists: tuple[Fields, ...], pages: int) -> Iterator[Fields]:
    """Yield lists as long as there is a page, with its rmap head, for each."""
    for each in lists:
        count = min(each["count"], pages)
        pages -= count
        if count:
            yield each | {"count": count}


KERNELS = shipped.names("kernels")
PAGES = st.integers(0, 3 * GIB // 4096) | st.sampled_from([0, 1, 511, 512, 513, 1 << 18, 5 << 18, 1 << 24, 1 << 28])


@st.composite
def hosts(draw: st.DrawFn) -> Fields:
    host: Fields = draw(
        values(
            cpus=[1, 2, 15, 16, 127, 128, 500],
            slub_min_objects=[0, 0, 0, 1, 64, 32767],
            slub_max_order=[None, None, 0, 1, 4],
            slub_debug=["", "", "", "F", "U", "Z", "P", "ZP", "FZPU"],
            memcg=[True, False],
            alloc_profiling=["off", "never", "on"],
            external_write_tracking=[False, True],
            filling=["packed", "packed", "spread", "aged"],
        )
    )
    host["nodes"] = draw(st.sampled_from([1, 1, 2, 4, 8]).filter(lambda nodes: nodes <= host["cpus"]))
    host["slub_min_order"] = draw(st.integers(0, 3 if host["slub_max_order"] is None else host["slub_max_order"]))
    host["possible_cpus"] = draw(st.none() | st.just(host["cpus"] + 130))
    return host


@st.composite
def groups(draw: st.DrawFn, kernel: str, paging: str) -> Fields:
    """Draw a VM group that this kernel can have."""
    vm: Fields = draw(
        values(
            count=[1, 1, 2, 17],
            vcpus=[1, 2, 5, 64, 255],
            vcpus_run=[None, None, 0, 1],
            low_memory=[4096, 3 * GIB, 4 * GIB, GIB + 4096],
            leaf=["4K", "2M", "1G"],
            root_level=[4, 5],
            l2_leaf=["4K", "2M", "1G"],
            dirty_log=[False, True],
            smm=[False, True],
            caches=["topped-up", "drawn"],
            history=["grown", "any"],
        )
    )
    vm |= {"name": "vm", "paging": paging}
    vm["memory"] = 4096 * draw(PAGES)
    vm["dimms"], vm["dimm_size"] = draw(st.integers(0, 3)), draw(st.sampled_from([4096, 128 * MIB, GIB]))
    whole = vm["memory"] + vm["dimms"] * vm["dimm_size"]
    part = st.none() | st.integers(0, whole // 4096).map(lambda pages: 4096 * pages)
    vm["populated"] = draw(part)
    vm["written"] = draw(part) if vm["dirty_log"] else None
    vm["nested"] = paging != "shadow" and draw(st.booleans())
    vm["l2_memory"] = min(4096 * draw(PAGES), vm["memory"]) if vm["nested"] else 0
    profile = {name: each.value for name, each in named.load(kernel, "kernels").overlay.kernel.items()}
    new_mmu = paging == "tdp-mmu" or (paging == "tdp" and profile["tdp_mmu_default"])
    vm["dirty_ring"] = draw(st.sampled_from([0, 0, 1024, 65536])) if profile["dirty_ring"] else 0
    vm["private_memory"] = draw(part) if profile["memory_attributes"] and not vm["nested"] else None
    vm["eager_split"] = vm["nested"] and new_mmu and profile["split_caches"] and draw(st.booleans())
    vm["tdx"] = not vm["nested"] and new_mmu and profile["external_spt_cache"] and draw(st.booleans())
    if vm["tdx"]:
        vm["leaf"], vm["private_memory"] = "4K", None
    if vm["vcpus_run"] == 0:
        vm["nested"] = vm["eager_split"] = False
    elif vm["nested"] or not new_mmu:
        vm["rmaps"] = tuple(of_pages(draw(classes(1001)), whole // 4096))
        vm["parent_ptes"] = draw(classes(profile.get("parent_ptes_cap", 5000)))
    return vm


@st.composite
def arguments(draw: st.DrawFn, most_groups: int = 2) -> tuple[str, Fields, list[Fields]]:
    """Draw a kernel version, what to set on the host, and VM groups."""
    kernel = draw(st.sampled_from(KERNELS))
    paging = draw(st.sampled_from(["tdp", "tdp", "tdp-mmu", "tdp-legacy", "shadow"]))
    number = draw(st.integers(1, most_groups))
    host = draw(hosts())
    if versions.version_key(kernel) < (6, 10):
        host["alloc_profiling"] = "off"
    return kernel, host, [draw(groups(kernel, paging)) for _ in range(number)]
