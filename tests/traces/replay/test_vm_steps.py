"""Steps of VMs: the machine against a brute-force one, its laws, and what `ptelist replay` makes of step files."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from guest_steps import SHADOW, as_json, grown, marked, moments, start, touch
from hypothesis import given
from hypothesis import strategies as st
from list_model import KernelList
from refusals import refused
from small_mmu import SHADOW as SMALL

from ptelist.engine.host_machine import Machine
from ptelist.engine.lists.descriptors import List
from ptelist.engine.lists.histogram import column, lengths
from ptelist.engine.vcpu_machine import Counts, Mmu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

PAGE, TABLE, DIRECTORY = 1 << 12, 1 << 21, 1 << 30
ADDRESSES = (0, PAGE, 2 * PAGE, TABLE, TABLE + PAGE, DIRECTORY, DIRECTORY + TABLE)


class Brute:
    """One VM, with everything counted anew: lists of the kernel's shape, caches that are numbers, tables in a set."""

    def __init__(self, mmu: Mmu) -> None:
        self.mmu = mmu
        self.tables: set[tuple[int, int]] = set()
        self.cached: dict[int, int] = {}
        self.headers: dict[int, int] = {}
        self.gone = 0
        self.loaded: dict[int, str] = {}
        self.sptes: dict[int, int] = {}
        self.lists: dict[int, KernelList] = {}
        self.slotted = True

    def top_up(self, vcpu: int) -> None:
        for found, (capacity, minimum) in ((self.cached, self.mmu.descriptors), (self.headers, self.mmu.headers)):
            if found.get(vcpu, 0) < minimum:
                found[vcpu] = capacity

    def make(self, vcpu: int, table: tuple[int, int]) -> None:
        if table not in self.tables:
            self.tables.add(table)
            self.headers[vcpu] = max(self.headers[vcpu] - 1, 0)

    def run(self, vcpu: int) -> None:
        if self.loaded.get(vcpu) != "root":
            self.loaded.pop(vcpu, None)
            self.top_up(vcpu)
            self.make(vcpu, (4, 0))
            self.loaded[vcpu] = "root"

    def touch(self, vcpu: int, address: int, page: int) -> None:
        self.run(vcpu)
        way = [(level, address >> (12 + 9 * level)) for level in (3, 2, 1)]
        while self.sptes.get(address) != page or not self.tables.issuperset(way):
            self.top_up(vcpu)
            for table in way:
                self.make(vcpu, table)
            if address in self.sptes:
                self.drop(address)
            found = self.lists.setdefault(page, KernelList(self.mmu.ext, self.mmu.policy))
            allocs = found.allocs
            over = found.add(address) > self.mmu.cap
            self.sptes[address] = page
            self.cached[vcpu] = max(self.cached[vcpu] - (found.allocs - allocs), 0)
            if over:
                self.unmap(page)

    def drop(self, address: int) -> None:
        self.lists[self.sptes.pop(address)].remove(address)

    def unmap(self, page: int) -> None:
        for address in [address for address, mapped in self.sptes.items() if mapped == page]:
            self.drop(address)

    def unslot(self) -> None:
        for page in set(self.sptes.values()):
            self.unmap(page)
        self.tables = set()
        self.gone += 1
        self.loaded = {vcpu: f"{self.gone}" if root == "root" else root for vcpu, root in self.loaded.items()}
        self.slotted = False

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        in_lists = sum(each.allocs - each.frees for each in self.lists.values())
        stale = len(set(self.loaded.values()) - {"root"})
        caches = sum(self.cached.values()), sum(self.headers.values())
        return in_lists, *caches, len(self.tables) + stale, len(self.sptes)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["run", "fault", "drop", "unmap", "unslot", "slot", *["touch"] * 12]),
        st.integers(0, 1),
        st.sampled_from(ADDRESSES),
        st.integers(0, 2),
    ),
    max_size=80,
)


@given(STEPS, st.sampled_from(["walk", "head"]), st.sampled_from([(6, 3), (2, 2), (1, 1)]))
def test_every_step_against_brute_force(
    steps: list[tuple[str, int, int, int]], policy: str, cache: tuple[int, int]
) -> None:
    """Two vCPUs touch, drop, lose the memslot and get it back; a page more than the cap is emptied and refaulted."""
    mmu = SMALL._replace(policy=policy, descriptors=cache)
    machine, brute = Machine(mmu), Brute(mmu)
    vm = machine.vm("vm")
    peak = held = 0
    for op, vcpu, address, page in steps:
        if op == "touch" and brute.slotted:
            vm.touch(vcpu, address, page)
            brute.touch(vcpu, address, page)
        elif op == "run":
            vm.run(vcpu)
            brute.run(vcpu)
        elif op == "fault":
            vm.fault(vcpu)
            brute.run(vcpu)
            brute.top_up(vcpu)
        elif op == "drop" and address in brute.sptes:
            vm.drop(address)
            brute.drop(address)
        elif op == "unmap":
            vm.unmap(page)
            brute.unmap(page)
        elif op in {"unslot", "slot"}:
            getattr(vm, op)()
            brute.unslot() if op == "unslot" else setattr(brute, "slotted", True)
        counts = machine.counts()
        assert counts[:5] == brute.counts
        assert counts.allocs - counts.frees == counts.in_lists
        peak, held = max(peak, counts.in_lists), max(held, counts.held)
        assert machine.lengths() == Counter(size for each in brute.lists.values() if (size := len(each.entries())))
    assert peak <= machine.totals.peak
    assert held <= machine.totals.peak_held
    machine.close("vm")
    assert not machine.lengths()
    assert machine.counts()[:5] == (0, 0, 0, 0, 0)


def test_the_tdp_mmu_keeps_no_lists_and_no_limit() -> None:
    machine = Machine(SMALL._replace(lists=False, shadow=False, most_tables=None))
    vm = machine.vm("vm")
    vm.limit(1)
    vm.run(0, unpaged=True)
    for address in ADDRESSES:
        vm.touch(0, address, 7)
    vm.touch(0, PAGE, 8)
    vm.drop(PAGE)
    assert not machine.limited
    assert machine.lengths() == Counter()
    counts = machine.counts()
    assert (counts.in_lists, counts.cached, counts.entries, counts.tables) == (0, 6, 6, 8)
    vm.unmap(7)
    assert machine.counts().entries == 0
    assert machine.memslots() == {None: 1}


def test_a_guest_without_paging_has_four_roots() -> None:
    """Under shadow paging; they are its own, and go when it turns paging on and its memslot went."""
    machine = Machine(SMALL)
    vm = machine.vm("vm")
    vm.run(0, unpaged=True)
    vm.touch(0, 3 * DIRECTORY, 1)
    assert machine.counts().tables == 4 + 1
    with pytest.raises(ValueError, match=r"0x100000000 lies beyond what the root maps"):
        vm.touch(0, 4 * DIRECTORY, 1)
    vm.run(0)
    assert machine.counts().tables == 4 + 1 + 1
    vm.unslot()
    assert machine.counts().tables == 1
    vm.run(0)
    assert machine.counts().tables == 1
    with pytest.raises(ValueError, match="has no memslot"):
        vm.touch(0, 0, 1)


def test_a_stale_root_stays_while_any_vcpu_has_it() -> None:
    machine = Machine(SMALL)
    vm = machine.vm("vm")
    vm.run(0)
    vm.run(1)
    vm.unslot()
    vm.run(0)
    assert machine.counts().tables == 2
    vm.run(1)
    assert machine.counts().tables == 1


def test_parents_of_a_shared_table() -> None:
    """A table named has a parent more with each window that points to it, and one SPTE for all of them."""
    machine = Machine(SMALL)
    vm = machine.vm("vm")
    for number in range(5):
        vm.touch(0, number * TABLE, 1, "shared")
    counts = machine.counts()
    assert (counts.in_lists, counts.entries, counts.tables) == (3, 1, 4)
    vm.unslot()
    assert machine.counts().in_lists == 0


PARENTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 2)), max_size=60)
"""Window, entry of the shared table, and page."""


@given(PARENTS, st.integers(1, 6), st.sampled_from(["walk", "head"]))
def test_a_table_with_too_many_parents_is_made_anew(touches: list[tuple[int, int, int]], cap: int, policy: str) -> None:
    """Against a table that is a set of parents, a list engine's list of them, and what it maps."""
    mmu = SMALL._replace(parents_cap=cap, policy=policy, cap=1000, descriptors=(0, 3), headers=(0, 5))
    machine = Machine(mmu)
    parents, chain, mapped = set[int](), List(mmu.ext, policy), dict[int, int]()
    rmaps = {page: KernelList(mmu.ext, policy) for page in range(3)}
    for window, entry, page in touches:
        if window not in parents:
            if chain.add_parent(window, cap):
                parents.clear()
                while mapped:
                    gone, was = mapped.popitem()
                    rmaps[was].remove(gone)
            parents.add(window)
        if mapped.get(entry) != page:
            if entry in mapped:
                rmaps[mapped[entry]].remove(entry)
            rmaps[page].add(entry)
            mapped[entry] = page
        machine.vm("vm").touch(0, window * TABLE + entry * PAGE, page, "shared")
        counts = machine.counts()
        in_rmaps = sum(each.allocs - each.frees for each in rmaps.values())
        assert (counts.in_lists, counts.entries) == (chain.descriptors + in_rmaps, len(mapped))
        assert counts.tables == 4


def test_the_table_that_takes_the_place_is_drawn_from_the_cache(tmp_path: Path, run: Callable[..., Result]) -> None:
    """1000 parents take 72 descriptors; the next finds a zapped table: one parent, one header more drawn, none held."""
    path = tmp_path / "steps"
    touches = [f"touch vm 0 {number * TABLE:#x} page shared" for number in range(1001)]
    path.write_text("\n".join([*touches[:1000], "mark", touches[1000], "mark"]) + "\n", encoding="utf-8")
    options = ("--paging", "shadow", "--memory", "16MiB", "--leaf", "4K", "--smm", "off", "--format", "json")
    found = run("replay", str(path), "--kernel", "6.12.117,6.12.118", *options)
    marks = json.loads(found.stdout)["marks"]
    assert [mark["live"] for mark in marks[:2]] == [[72, 72], [72, 0]]
    tables = 1 + 1 + 2 + 1
    assert [mark["tables"] for mark in marks[:2]] == [[tables, tables]] * 2
    cached = [mark["headers_cached"] for mark in marks[:2]]
    assert cached[0][0] == cached[0][1]
    assert cached[1] == [cached[0][0], cached[0][1] - 1]


@pytest.mark.parametrize(("most", "spare", "limited"), [(4, 0, False), (3, 0, True), (4, 1, True)])
def test_the_limit_of_tables(most: int, spare: int, limited: bool) -> None:
    machine = Machine(SMALL._replace(most_tables=1, spare_tables=spare))
    vm = machine.vm("vm")
    vm.limit(most)
    vm.touch(0, 0, 1)
    vm.touch(0, PAGE, 2)
    assert machine.limited is limited


def test_caches_that_are_never_filled() -> None:
    """A kernel that does not top descriptors up takes each from the allocator."""
    machine = Machine(SMALL._replace(descriptors=(0, 3), headers=(0, 5)))
    vm = machine.vm("vm")
    for number in range(3):
        vm.touch(0, number * PAGE, 1)
    assert machine.counts() == Counts(in_lists=2, tables=4, entries=3, longest=2, allocs=2, vcpus=1, running=1)
    machine.close("vm")
    assert machine.counts() == Counts(longest=2, allocs=2, frees=2)
    with pytest.raises(ValueError, match="no such VM"):
        machine.close("vm")
    with pytest.raises(ValueError, match="nothing is mapped at 0x1000"):
        machine.vm("vm").drop(PAGE)


@given(st.integers(0, 1001), st.sampled_from(["ffs", "fls"]))
def test_the_column_of_a_length(length: int, how: str) -> None:
    assert length in lengths(column(length, how), how, 1001)


def test_a_limit_counts_while_its_vm_is_there() -> None:
    machine = Machine(SMALL)
    for name in "ab":
        machine.vm(name).limit(3)
        machine.vm(name).touch(0, 0, 1)
        machine.vm(name).touch(0, TABLE, 2)
    assert machine.limited
    machine.close("a")
    assert machine.limited
    machine.close("b")
    assert not machine.limited


class Unwalked(dict[Any, Any]):
    """A dict that nobody may look at from one end to the other."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("all were looked at")

    keys = values = items = __iter__


def test_no_step_or_mark_looks_at_all_vms() -> None:
    """With 30,000 VMs that would take minutes."""
    machine = Machine(SMALL)
    machine._vms = Unwalked()
    for name in "ab":
        machine.vm(name).touch(0, 0, 1)
    assert not machine.limited
    assert machine.lengths() == {1: 2}
    assert machine.memslots() == {None: 2}
    machine.close("a")
    assert machine.lengths() == {1: 1}
    assert machine.memslots() == {None: 1}
    assert machine.vms == 1


@pytest.mark.parametrize("lists", [True, False])
def test_no_step_looks_at_all_sptes_or_memslots(lists: bool) -> None:
    """With a page more than the cap, which is emptied, and a table with a parent too many, too."""
    machine = Machine(SMALL._replace(lists=lists, parents_cap=2))
    vm = machine.vm("vm")
    vm._mappings._sptes = Unwalked()
    for number in range(6):
        vm.touch(0, number * PAGE, "page")
        vm.touch(0, number * TABLE, "other", "shared")
    vm.drop(5 * PAGE)
    vm.unmap("page")
    vm.unmap("page")
    assert machine.counts().entries == 1
    vm.touch(0, 0, "again")
    vm.drop(0)
    assert machine.counts().entries == 1
    machine.open("bare")
    memslots = machine.known("bare").memslots
    memslots.known = Unwalked()
    for number in (2, 0, 1):
        machine.known("bare").slot((number * TABLE, (number + 1) * TABLE))
    machine.known("bare").unslot(TABLE)
    assert memslots.bytes == 2 * TABLE


# step files

EXAMPLE = [*marked([*grown(27), "fault vm 0", "drop vm 1GiB", "unmap vm target", "unslot vm", "slot vm"])]


def run_file(run: Callable[..., Result], path: Path, lines: list[str], *options: str) -> Result:
    file = path / "steps"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return run("replay", str(file), *options, *(word for name, value in SHADOW for word in (f"--{name}", value)))


def test_what_is_printed_is_what_tests_hold_numbers_against(run: Callable[..., Result], tmp_path: Path) -> None:
    """`moments` leaves JSON out; this is the same, for each column."""
    kernels = ("5.10", "6.1", "7.3")
    result = run_file(run, tmp_path, EXAMPLE, "--kernel", ",".join(kernels), "--format", "json")
    document = json.loads(result.stdout)
    assert document["exact"]
    for number, kernel in enumerate(kernels):
        assert [as_json(mark, number) for mark in document["marks"]] == list(moments(EXAMPLE, kernel, kernels))
    assert document["end"]["text"] == "end"
    figures = document["configs"][1]["figures"]
    assert figures["replay.held"]["low"] == document["end"]["held"][1]
    assert figures["replay.held_peak"]["low"] == max(mark["held"][1] for mark in document["marks"])


def test_tables_of_text(run: Callable[..., Result], tmp_path: Path) -> None:
    text = run_file(run, tmp_path, [*start(), "mark begun", touch(0, 366), "mark"], "--kernel", "6.1").stdout
    assert ["begun", "40", "0", "40", "40", "4"] in [line.split() for line in text.splitlines()]
    assert ["end", "67", "27", "40", "40", "6"] in [line.split() for line in text.splitlines()]
    assert "replayed fault by fault, exact" in text
    text = run_file(run, tmp_path, EXAMPLE, "--ext", "2,14").stdout
    assert "held at each mark" in text
    assert "tables at each mark" in text
    many = run_file(run, tmp_path, marked(map(touch, range(30))), "--ext", "14").stdout
    assert "marks: 30; --format json has" in " ".join(many.split())


def test_recycling_is_said(run: Callable[..., Result], tmp_path: Path) -> None:
    lines = [*start(), "limit vm 12", *(touch(512 * number) for number in range(9))]
    text = " ".join(run_file(run, tmp_path, lines).stdout.split())
    assert "INEXACT from line 8 on: more shadow pages than their limit lets stay" in text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("run vm", ':1: run has 1 words, expected "run VM VCPU [unpaged]"'),
        ("run vm 0 real", ':1: run: expected "unpaged" or nothing behind the vCPU, got "real"'),
        ("touch vm 0", ":1: touch has 2 words"),
        ("touch vm 0 x", ':1: touch: expected an address such as 0x1000, 4096 or 1GiB, got "x"'),
        ("touch vm 0 0xg", ":1: touch: expected an address"),
        ("touch vm 0 0*0", ':1: touch: expected a count of 1 to 16,777,216 behind "*", got "0"'),
        ("touch vm 0 0*" + "9" * 5000, ":1: touch: expected a count"),
        ("touch vm 0 1024TiB", ":1: touch: 0x4000000000000 lies beyond what the root maps"),
        ("touch vm 0 0x200000000000000", ":1: touch: no root maps so high an address"),
        ("drop vm 0", ":1: drop: there is no such VM"),
        ("close vm", ":1: close: there is no such VM"),
        ("limit vm many", ':1: limit: expected a number of shadow pages, got "many"'),
        ("run vm 0\nadd a 1", ":2: has steps of VMs and events of a trace: leave out one"),
    ],
)
def test_bad_steps(run: Callable[..., Result], tmp_path: Path, line: str, says: str) -> None:
    assert says in refused(run_file(run, tmp_path, [line]))


@pytest.mark.parametrize(
    ("limit", "lines"), [("steps.VMS", ["run a 0", "run b 0"]), ("vm_steps.MEMSLOTS", ["run a 0", *["mark"] * 4])]
)
def test_what_takes_long_is_bound(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, lines: list[str]
) -> None:
    room, _, name = limit.partition(".")
    module = import_module(f"ptelist.traces.replay.{room}")
    work = getattr(module, name)._replace(most=3)
    monkeypatch.setattr(module, name, work)
    assert f":{len(lines)}: more than 3 {work.what}: {work.instead}" in refused(run_file(run, tmp_path, lines))
    assert run_file(run, tmp_path, lines[:1]).exit_code == 0
