"""What a cgroup is charged: the closed form against steps, what allocators take, laws, and what is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import small_mmu
from guest_steps import moments
from helpers import charged, ledger, scenario
from hypothesis import given
from hypothesis import strategies as st
from ledger_laws import follows_from_parts, says_why
from refusals import refused

from ptelist.engine import charge
from ptelist.engine.host_machine import Machine
from ptelist.engine.kmalloc import pool_of
from ptelist.engine.memslot_steps import MadeMemslot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result
    from helpers import Option

PAGE, MIB, GIB = 4096, 1 << 20, 1 << 30
POOL = pool_of(scenario().kernel)
KERNELS = ("5.10", "5.17", "6.1", "6.14", "6.18", "7.3")
PAGINGS = ("tdp-mmu", "tdp-legacy", "shadow")
VM: dict[str, Option] = {"memory": "16MiB", "leaf": "4K", "smm": False, "cpus": 2}


def options(**more: Option) -> tuple[tuple[str, str], ...]:
    texts = {True: "on", False: "off"}
    said = {"memslots": "ram", **VM, **more}
    return tuple(
        (name.replace("_", "-"), texts[value] if isinstance(value, bool) else str(value))
        for name, value in said.items()
    )


def life(vcpus: int, run: int) -> Iterator[str]:
    """A VM that touches all its memory with the first of its vCPUs."""
    yield from ("open vm", "slot vm")
    yield from (f"vcpu vm {number}" for number in range(vcpus))
    yield from (f"run vm {number}" for number in range(run))
    if run:
        yield f"touch vm 0 0*{16 * MIB // PAGE}"
    yield "mark"


# the closed form


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("paging", PAGINGS)
@pytest.mark.parametrize(("vcpus", "run"), [(3, 3), (3, 1), (2, 0)])
def test_show_says_what_steps_come_to(kernel: str, paging: str, vcpus: int, run: int) -> None:
    """Two ways: a figure of a scenario, and every fault of its life."""
    shown = charged(kernel=kernel, paging=paging, vcpus=vcpus, vcpus_run=run, **VM)
    (moment,) = moments(life(vcpus, run), kernel, options=options(paging=paging, vcpus=vcpus))
    for name in charge.FIGURES:
        found = shown[f"charged.bytes.{name}"]
        assert (found.low, found.high) == moment.charge(name), name
    assert shown["charged.bytes.kernel"].low > 0


def test_dirty_bitmaps_of_options_count() -> None:
    shown = charged(dirty_log=True, kernel="6.18", **VM)["charged.bytes.dirty_bitmap"]
    (moment,) = moments(life(1, 1), "6.18", options=options(dirty_log=True))
    assert moment.charge("dirty_bitmap") == (shown.low, shown.high) == (PAGE, PAGE)


SCENARIOS: tuple[dict[str, Option], ...] = (
    {},
    {"nested": True, "kernel": "6.1"},
    {"paging": "tdp", "eager_split": True, "dirty_log": True, "l2_leaf": "2M", "nested": True},
    {"filling": "aged", "kernel": "5.17"},
    {"tdx": True, "leaf": "4K", "kernel": "6.18"},
    {"memcg": False},
    {"kernel": "5.10", "memory": "1TiB", "dirty_log": True},
    {"vcpus": 256, "vcpus_run": 0},
)


@pytest.mark.parametrize("said", SCENARIOS, ids=str)
def test_laws(said: dict[str, Option]) -> None:
    figures = charged(**said)
    follows_from_parts(figures)
    says_why(figures)
    found = {name: figures[f"charged.bytes.{name}"] for name in charge.FIGURES}
    assert set(figures) - set(ledger(**said)) == {term.name for term in found.values()}
    whole = found.pop("kernel")
    assert all(part.low <= whole.low and part.high <= whole.high for part in found.values())


def test_nothing_is_charged_without_memcg() -> None:
    for more in ("host.nokmem=true", "config.memcg=false"):
        figures = charged(memcg=False, set=more)
        assert {figures[f"charged.bytes.{name}"].high for name in charge.FIGURES} == {0}
        assert "no kernel memory is charged" in figures["charged.bytes.kernel"].note


def test_an_object_is_charged_with_its_pointer_wherever_it_is_kept() -> None:
    """With profiling built in, an object's extension is larger; what is charged is not."""
    plain, profiled = (
        charged(kernel="6.12", vcpus=8, set=f"config.alloc_profiling={built}") for built in ("false", "true")
    )
    each = plain["pte_list_desc.stride"].low + 8
    for figures in (plain, profiled):
        assert figures["charged.bytes.pte_list_desc"].low == figures["pte_list_desc.objects"].low * each


def test_an_array_that_is_never_filled_is_not_charged() -> None:
    """By a proposal descriptors are topped up only where KVM has lists: not for the TDP MMU."""
    filled, not_filled = (charged(vcpus=8, set=f"kernel.topup_pte_list_desc={when}") for when in ("always", "if_rmaps"))
    change = filled["charged.bytes.kernel"].low - not_filled["charged.bytes.kernel"].low
    assert change == filled["charged.bytes.pte_list_desc"].low + 8 * (512 + 8)
    assert not_filled["charged.bytes.pte_list_desc"].high == 0


def test_a_split_cache_of_each_node_may_be_filled() -> None:
    said: dict[str, Option] = {"nested": True, "eager_split": True, "dirty_log": True, "l2_leaf": "2M", "nodes": 4}
    per_node = charged(set="kernel.shadow_page_caches_per_node=true", **said)
    (some,) = (term for term in per_node["charged.bytes.slab"].parts if term.name == "perhaps_in_slabs")
    assert (some.low, some.high) == (0, 3 * (512 + 8))


# what allocators take


@given(st.integers(0, 1 << 26), st.booleans(), st.booleans())
def test_a_piece(size: int, separate: bool, fresh: bool) -> None:
    found = charge.piece(size, POOL, separate=separate, fresh=fresh)
    for low, high in found:
        assert 0 <= low <= high
    assert found.slab[1] <= found.whole[1]
    assert size <= found.whole[0]
    if separate:
        assert found == charge.Piece((0, 0), (-(-size // PAGE) * PAGE,) * 2)
    elif size <= POOL.buckets[-1]:
        bucket = min((bucket for bucket in POOL.buckets if bucket >= size), default=0)
        assert found.slab == found.whole == ((bucket + 8,) * 2 if size else (0, 0))
    elif fresh:
        order = next(order for order in range(30) if PAGE << order >= size)
        contiguous = PAGE << order
        assert found.whole[0] in {contiguous, -(-size // PAGE) * PAGE}
        assert (found.slab[0] == contiguous) is (contiguous <= POOL.largest)
    fixed = charge.piece(size, POOL, separate=separate, fresh=True)
    open_ = charge.piece(size, POOL, separate=separate, fresh=False)
    for one, other in zip(fixed, open_, strict=True):
        assert other[0] <= one[0] == one[1] <= other[1]


# steps

SHADOW = small_mmu.SHADOW._replace(limit_divisor=2, least_limit=8, infos=(7, 5), infos_level=2)


def test_pages_of_shadowed_translations() -> None:
    """Each table up to the level that has them draws one of its vCPU's cache; they go with their tables."""
    machine = Machine(SHADOW)
    vm = machine.vm("vm")
    vm.run(0, unpaged=True)
    assert (machine.counts().infos, machine.counts().running, machine.counts().indirect) == (0, 1, 0)
    vm.run(0)
    assert machine.counts().infos == 7, "the root is above, and the vCPU has faulted once"
    vm.touch(0, 0, "page")
    vm.touch(0, GIB, "other")
    assert machine.counts().infos == 7, "two were drawn for each, and the second fault still found five"
    vm.fault(0)
    assert (machine.counts().infos, machine.counts().indirect) == (7 + 4, 1), "now four are replaced"
    before = machine.counts().infos
    vm.unslot()
    assert machine.counts().infos == before - 4
    machine.close("vm")
    assert (machine.counts().infos, machine.counts().running, machine.counts().vcpus) == (0, 0, 0)


def test_a_stale_root_gives_its_page_back() -> None:
    machine = Machine(SHADOW._replace(infos_level=4))
    vm = machine.vm("vm")
    vm.run(0)
    assert machine.counts().infos == 7
    vm.unslot()
    vm.slot()
    vm.run(0)
    assert machine.counts().infos == 6, "the new root's, and five that are left: enough for a fault"
    assert machine.counts().tables == 1


def test_memslots_by_address() -> None:
    machine = Machine(SHADOW)
    machine.open("vm")
    vm = machine.known("vm")
    with pytest.raises(ValueError, match="has no memslot"):
        vm.touch(0, 0, "page")
    vm.slot((0, MIB))
    vm.slot((GIB, 2 * GIB))
    assert machine.memslots() == {MadeMemslot(0, MIB): 1, MadeMemslot(GIB, 2 * GIB): 1}
    vm.log(0, on=True)
    assert machine.memslots()[MadeMemslot(0, MIB, logged=True)] == 1
    vm.log(0, on=False)
    for taken in ((0, MIB), (GIB - PAGE, GIB + PAGE), None):
        with pytest.raises(ValueError, match="another memslot is there already"):
            vm.slot(taken)
    vm.unslot(GIB)
    for step in (lambda: vm.unslot(GIB), lambda: vm.log(GIB, on=True)):
        with pytest.raises(ValueError, match="no memslot from 0x40000000 on"):
            step()
    vm.unslot()
    assert machine.memslots() == {MadeMemslot(0, MIB): 1}, "those of the options were not there"
    with pytest.raises(ValueError, match="another memslot is there already"):
        machine.vm("other").slot((0, PAGE))


@pytest.mark.parametrize(("pages", "limit"), [(64, 32), (8, 8)])
def test_the_limit_goes_by_memslots(pages: int, limit: int) -> None:
    """Of a VM that was opened; as many tables as pages / divisor, or the least that there may be, or what was asked."""
    machine = Machine(SHADOW)
    machine.open("vm")
    vm = machine.known("vm")
    vm.slot((0, pages * PAGE))

    def most() -> int:
        for number in range(1, 100):
            vm.touch(0, number << 21, number)
            if machine.limited:
                return machine.counts().tables - 1
        raise AssertionError("no limit")

    assert most() == limit + 1
    machine.close("vm")
    machine.open("vm")
    vm = machine.known("vm")
    vm.limit(20)
    vm.slot((0, pages * PAGE))
    vm.slot((GIB, 2 * GIB))
    vm.unslot(GIB)
    assert most() == 20 + 1


def test_the_limit_of_the_options_comes_back_with_their_memslots() -> None:
    machine = Machine(SHADOW._replace(most_tables=12))
    vm = machine.vm("vm")
    vm.unslot()
    vm.slot()
    for number in range(9):
        vm.touch(0, number << 21, number)
    assert machine.counts().tables == 12
    assert not machine.limited, "the least is 8"
    vm.touch(0, 10 << 21, "one")
    vm.touch(0, 11 << 21, "two")
    assert machine.limited


# step files

EXAMPLE = ["open vm", "mark none", "slot vm 0 4MiB", "slot vm 4GiB 12MiB", "mark slots", "vcpu vm 0", "mark vcpu"]


def write(path: Path, lines: list[str]) -> str:
    file = path / "steps"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def test_steps_without_open_tell_of_no_charge(run: Callable[..., Result], tmp_path: Path) -> None:
    file = write(tmp_path, ["run vm 0", "mark"])
    assert "charged" not in run("replay", file, "--format", "json").stdout
    assert "charged" not in run("replay", file).stdout


def test_marks_show_charges(run: Callable[..., Result], tmp_path: Path) -> None:
    file = write(tmp_path, EXAMPLE)
    said = [f"--{name}={value}" for name, value in options(paging="shadow")]
    document = json.loads(run("replay", file, "--kernel", "6.1,7.3", "--format", "json", *said).stdout)
    none, slots, vcpu = (mark["charged"] for mark in document["marks"])
    windows = [1024 + 2 + 1, 3072 + 6 + 1]
    rmaps = sum(-(-each * 8 // PAGE) * PAGE for each in (1024, 2, 1, 3072, 6, 1))
    others = sum(-(-size // PAGE) * PAGE for size in (2 * 4, 4, 1024 * 2, 6 * 4, 4, 3072 * 2))
    assert sum(windows) == 4106
    for column in (0, 1):
        assert slots["memslots"][column]["low"] == rmaps + others, "rmap heads, lpage_info and counts of write tracking"
        grown = vcpu["kernel"][column]["low"] - slots["kernel"][column]["low"]
        assert grown == PAGE, "a vCPU's PAE roots"
    assert [found["low"] for found in none["kernel"]] == [0, 8 * PAGE], "the hash is in struct kvm up to v6.15"
    text = " ".join(run("replay", file, "--kernel", "7.3", *said).stdout.split())
    assert "bytes that a cgroup is charged, at each mark mark slab sec_pagetables memslots dirty_bitmap kernel" in text
    text = " ".join(run("replay", file, "--kernel", "6.1,7.3", *said).stdout.split())
    assert "bytes that a cgroup is charged, at each mark: kernel" in text


def test_a_vcpu_without_paging_has_no_cache_of_shadowed_translations() -> None:
    said = options(paging="shadow")
    lines = ["open vm", "slot vm 0 4MiB", "run vm 0 unpaged", "mark", "run vm 0", "touch vm 0 0", "mark"]
    unpaged, paged = moments(lines, "6.18", options=said)
    assert paged.charge("slab")[0] - unpaged.charge("slab")[0] == 512 + 8, "the array of one more cache"


def test_heads_of_memslots_by_address_are_counted() -> None:
    lines = ["open vm", "slot vm 0 4MiB", "run vm 0", "mark", "slot vm 1GiB 1GiB", "mark"]
    first, second = moments(lines, "6.18", options=options(paging="shadow"))
    assert first.rmaps_stat is not None
    assert second.rmaps_stat is not None
    assert [first.rmaps_stat[level][0] for level in ("4K", "2M", "1G")] == [1024, 2, 1]
    assert [second.rmaps_stat[level][0] for level in ("4K", "2M", "1G")] == [1024 + (1 << 18), 2 + 512, 1 + 1]


def test_show_explain_and_compare(run: Callable[..., Result]) -> None:
    assert "charged" in run("show", "--vcpus", "8").stdout
    assert "obj_cgroup" in run("explain", "charged.bytes.slab", "--vcpus", "8").stdout
    assert "charged.bytes.kernel" in run("compare", "--vcpus", "8,16", "--figure", "charged.bytes.kernel").stdout
    assert "charged" not in run("compare", "--vcpus", "8,16", "--format", "json").stdout


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["open vm", "open vm"], ":2: open: there is such a VM already"),
        (["vcpu vm 0", "vcpu vm 0"], ":2: vcpu: there is such a vCPU already"),
        (["open vm", "slot vm 0"], ':2: slot: expected an address and a size in pages of 4 KiB, got "0 "'),
        (["open vm", "slot vm 1 4096"], ':2: slot: expected an address and a size in pages of 4 KiB, got "1 4096"'),
        (["open vm", "slot vm 0 100"], ":2: slot: expected an address and a size in pages"),
        (["open vm", "log vm 0 maybe"], ':2: log: expected on or off, got "maybe"'),
        (["open vm", "unslot vm 0"], ":2: unslot: there is no memslot from 0x0 on"),
        (["open vm", "slot vm 0 4096", "log vm 0 on"], ":3: log: how huge pages are split is not followed"),
    ],
)
def test_bad_steps(run: Callable[..., Result], tmp_path: Path, lines: list[str], says: str) -> None:
    assert says in refused(run("replay", write(tmp_path, lines)))


def test_caches_of_each_node_are_not_followed(run: Callable[..., Result], tmp_path: Path) -> None:
    said = ("--nodes", "2", "--set", "kernel.shadow_page_caches_per_node=true")
    assert "open: the caches that a vCPU has for each node" in refused(run("replay", write(tmp_path, EXAMPLE), *said))
