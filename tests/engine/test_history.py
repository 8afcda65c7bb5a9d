"""Slabs of hosts on which VMs come and go: SLUB step by step, its bounds, and what the commands say of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from builders import exact, span
from builders import scenario as built
from helpers import ledger
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine import host_history, slab_layout
from ptelist.engine.account import account
from ptelist.engine.host_history import Event, HostHistory, Random
from ptelist.engine.past import Shape, VmKind
from ptelist.engine.simulated import slab_rules
from ptelist.engine.slub_cpu_slabs import CpuSlabs, Debugged
from ptelist.engine.slub_node import Rules
from ptelist.engine.slub_sheaves import Sheaves, detached

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from helpers import Option

    from ptelist.engine.slub_node import Slab, SlubMachine

DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
BY_SLABS, BY_OBJECTS = {"cpu_partial": 3}, {"cpu_partial": 6, "cpu_partial_unit": "objects"}
FORMS: tuple[dict[str, object], ...] = (
    BY_SLABS,
    {"cpu_partial": 1},
    BY_OBJECTS,
    {"sheaf": 7, "full_sheaves": 2, "batch": 3, "lookahead": 3},
    {"debugged": True},
)


@st.composite
def rules(draw: st.DrawFn, cpus: int = 4, nodes: int = 2) -> Rules:
    count = draw(st.integers(1, cpus))
    form = draw(st.sampled_from(FORMS))
    on = min(draw(st.integers(1, nodes)), count)
    return Rules(draw(st.integers(1, 9)), draw(st.integers(1, 3)), count, on, **form)  # type: ignore[arg-type]


class Life:
    """Objects that come and go at random, and the most that were in use at once."""

    def __init__(self, found: Rules, seed: int) -> None:
        self.rules, self.random = found, Random(seed)
        self.machine = host_history.machine(found)
        self.held: list[list[Slab]] = []
        self.peak = self.in_use = 0

    def step(self) -> None:
        cpu = self.random.below(self.rules.cpus)
        what = self.random.below(20)
        if what == 0:
            self.machine.shrink()
        elif what < 11 or not self.held:
            count = 1 + self.random.below(12)
            self.held.append(self.machine.allocate(count, cpu))
            self.in_use += count
            self.peak = max(self.peak, self.in_use)
        else:
            objects = self.held.pop(self.random.below(len(self.held)))
            self.machine.free(reversed(objects), cpu)
            self.in_use -= len(objects)

    @property
    def used(self) -> Counter[Slab]:
        return Counter(slab for objects in self.held for slab in objects)


def kept(machine: SlubMachine) -> Counter[Slab]:
    """Return the free objects that CPUs and barns have for themselves, by slab."""
    if isinstance(machine, Sheaves):
        return Counter(machine.parked)
    if isinstance(machine, CpuSlabs):
        return Counter({cpu.slab: cpu.free for cpu in machine.cpus if cpu.slab})
    return Counter()


def known(life: Life) -> set[Slab]:
    """Return all slabs that anything leads to."""
    machine = life.machine
    found = set(life.used) | set(kept(machine)) | {slab for node in machine.nodes for slab in node.partial}
    if isinstance(machine, CpuSlabs):
        found |= {slab for cpu in machine.cpus for slab, _ in cpu.partial}
    return found


@given(rules(), st.integers(0, 1 << 32))
def test_no_object_is_lost(found: Rules, seed: int) -> None:
    """Of each slab every object is in use, kept by a CPU, or free; each slab is known, or full."""
    life = Life(found, seed)
    for _ in range(40):
        life.step()
        used, own = life.used, kept(life.machine)
        slabs = known(life)
        assert len(slabs) == life.machine.slabs
        assert all(used[each] + own[each] + each.free == found.per_slab for each in slabs)
        assert all(each.listed == (each in life.machine.nodes[each.node].partial) for each in slabs)


@given(rules(), st.integers(0, 1 << 32))
def test_there_are_never_more_slabs_than_the_peak_allows(found: Rules, seed: int) -> None:
    life = Life(found, seed)
    others = 1 + found.cpu_partial + (found.cpu_partial_unit == "objects")
    sheaves = 0
    if found.sheaf or found.debugged:
        others = 1
        sheaves = found.sheaf * (2 * found.cpus + found.full_sheaves * found.nodes)
    for _ in range(60):
        life.step()
        most = slab_layout.slabs_of_peak(life.peak + sheaves, found.per_slab, found.nodes, others * (found.cpus - 1))
        assert -(-life.in_use // found.per_slab) <= len(life.used) <= min(life.in_use, most)
        assert life.machine.slabs <= most
    life.machine.shrink()
    assert life.machine.slabs == len(life.used), "a shrink leaves slabs in use only"


@given(rules(cpus=1), st.lists(st.integers(0, 30), max_size=8))
def test_a_host_that_only_grows_is_packed(found: Rules, counts: list[int]) -> None:
    machine = host_history.machine(found)
    for count in counts:
        machine.allocate(count)
    taken = -(-sum(counts) // found.sheaf) * found.sheaf if found.sheaf else sum(counts)
    assert machine.slabs == -(-taken // found.per_slab)


def test_what_is_freed_last_is_allocated_first() -> None:
    machine = CpuSlabs(Rules(2, 5, cpu_partial=8))
    first, second = (machine.allocate(2) for _ in range(2))
    third = machine.allocate(1)
    machine.free([first[0]])
    machine.free([second[0]])
    assert machine.allocate(1)[0] is third[0], "the CPU's slab"
    assert machine.allocate(2) == [second[0], first[0]], "then the newest of its partial ones"


def test_a_cpus_partial_list_that_is_full_goes_to_the_node_newest_first() -> None:
    """Each slab of two objects loses one; the third finds two on the list, and the list full."""
    machine = CpuSlabs(Rules(2, 5, cpu_partial=2))
    slabs = [machine.allocate(2)[0] for _ in range(4)]
    for each in slabs[:3]:
        machine.free([each])
    assert list(machine.nodes[0].partial) == [slabs[1], slabs[0]]
    assert [each for each, _ in machine.cpus[0].partial] == [slabs[2]]


def test_a_node_keeps_so_many_empty_slabs() -> None:
    machine = Debugged(Rules(1, 3))
    objects = machine.allocate(8)
    machine.free(objects)
    assert machine.slabs == len(machine.nodes[0].partial) == 3


def test_objects_that_another_cpu_frees_make_a_slab_go_to_the_tail() -> None:
    machine = CpuSlabs(Rules(4, 5, cpus=2, cpu_partial=8))
    older = machine.allocate(4, 0)
    machine.free(older[:1], 0)
    mine, theirs = machine.allocate(3, 1), machine.allocate(2, 0)
    machine.free(mine[:1], 0)
    machine.flush()
    assert list(machine.nodes[0].partial)[-1] is mine[0] or theirs[0] is older[0]


def test_a_full_barn_makes_the_spare_go_to_its_slabs() -> None:
    """One object a slab, sheaves of 2, one full one in the barn: of 9 free objects 2 + 2 + 1 + 2 stay parked."""
    machine = Sheaves(Rules(1, 0, sheaf=2, full_sheaves=1))
    machine.free(machine.allocate(9))
    assert len(list(machine.parked)) == machine.slabs == 6


def test_objects_are_detached_slab_by_slab_with_a_look_ahead() -> None:
    """From the end; the third object of another slab ends the search."""
    machine = Debugged(Rules(8, 5))
    one, two = machine.allocate(9)[0], machine.allocate(1)[0]
    assert list(detached([one, two, one, two, one], 3)) == [(one, 3), (two, 2)]
    assert list(detached([one, two, two, two, one], 3)) == [(one, 1), (two, 3), (one, 1)]


def test_random_numbers_are_splitmix64() -> None:
    """The first one of the seed 1234567 that the generator's author gives is 6457827717110365317."""
    assert Random(1234567).below(1 << 64) == 6457827717110365317
    assert sorted(Random(3).shuffled(50)) == list(range(50))


def test_the_simulated_history() -> None:
    """All start, kind after kind; then so many of each end, on CPUs there are."""
    kinds = (VmKind(Shape((4, 4), rest=1), 5, 2), VmKind(Shape((), rest=3), 3, 3))
    found = list(host_history.events(2, kinds, 7))
    assert [each.number for each in found[:8]] == list(range(8))
    assert [len(each.cpus) for each in found[:8]] == [2] * 5 + [1] * 3
    ended = [each.number for each in found[8:]]
    assert len(ended) == len(set(ended)) == 3
    assert max(ended) < 5
    assert {cpu for each in found for cpu in each.cpus} == {0, 1}


def test_a_vm_is_freed_in_the_order_of_kvm() -> None:
    """One object a slab: numbers tell objects apart. Tables first, the root with the last vCPU; or by RCU, last."""
    for by_rcu, expected in ((False, [2, 1, 6, 5, 4, 3, 0]), (True, [0, 6, 5, 4, 2, 1, 3])):
        host = HostHistory(Rules(1, 0, cpu_partial=8))
        host.do(Event(Shape((4, 3), 3, by_rcu=by_rcu), 0, (0, 0)))
        (vm,) = host.vms.values()
        made = [*vm.caches[0], *reversed(vm.tables), *vm.caches[1]]
        assert made[3] is vm.tables[0]
        freed = [made.index(each) for objects in vm.objects() for each in objects]
        lower, last = [2, 1], [6, 5, 4]
        assert freed == ([*[0], *last, *lower, 3] if by_rcu else [*lower, 0, 3, *last])
        assert len(expected) == len(freed)
        host.do(Event(None, 0, (0,)))
        assert host.slabs.in_use == 0


def test_a_host_of_many_objects_is_simulated_in_part() -> None:
    whole, some = host_history.part((VmKind(Shape((40,)), 10_000, 1000),))
    assert (whole, some[0].peak, some[0].left) == (7, 1429, 143)
    assert host_history.typical(Rules(32, 5), (VmKind(Shape((), rest=1 << 30), 2, 1),)) is None
    assert host_history.part(())[0] == 1


def test_a_shrink_sorts_the_fullest_slabs_to_the_head() -> None:
    """Up to 32 free objects; slabs as full as each other turn round, emptier ones keep their order behind."""
    machine = Debugged(Rules(40, 5, promoted=32))
    slabs = [machine.allocate(40)[0] for _ in range(6)]
    for each, count in zip(slabs, (35, 2, 34, 1, 2, 40), strict=True):
        machine.free([each] * count)
    machine.shrink()
    assert [slabs.index(each) for each in machine.nodes[0].partial] == [3, 4, 1, 0, 2]
    assert machine.slabs == 5


def test_rules_are_those_of_the_kernel() -> None:
    own = {"slub_shrink_promote": 7, "slub_flush_batch": 5, "slub_lookahead": 2}
    for on_kernel, expected in (({}, (32, 32, 3)), (own, (7, 5, 2))):
        for found in slab_rules(built("7.3", on_kernel=on_kernel)).values():
            assert (found.promoted, found.batch, found.lookahead) == expected


# the figures


AGED: dict[str, Option] = {"host": "single-cpu", "filling": "aged", "vcpus": 1, "kernel": "6.12"}


@pytest.mark.parametrize(
    ("vms", "peak", "ext", "packed", "audit"),
    [(64, 128, 14, 80, (107, 109)), (64, 128, 2, 20, (38, 39)), (100, 1000, 14, 125, (191, 195)),
     (100, 1000, 2, 32, (102, 113))],
)  # fmt: skip
def test_what_an_audit_simulated_is_met(vms: int, peak: int, ext: int, packed: int, audit: tuple[int, int]) -> None:
    """Its numbers are of all slabs, those without an object in use too, and of other seeds."""
    figures = ledger(**AGED, vms=vms, peak_vms=peak, ext=ext)
    assert span(figures, f"{DESC}.slabs") == (packed, -(-peak * 40 // exact(figures, f"{DESC}.objects_per_slab")))
    used, empty = (figures[f"{DESC}.slabs.{name}typical"] for name in ("", "retained."))
    assert used.low <= audit[1]
    assert audit[0] <= used.high + empty.high
    assert used.low > packed, "VMs that went leave slabs partly filled"
    slab_bytes = 4096 + 256 * (1 if ext == 14 else 4)
    assert span(figures, f"{DESC}.bytes.typical") == (used.low * slab_bytes, used.high * slab_bytes)


def test_without_a_peak_each_object_may_have_its_slab() -> None:
    figures = ledger(**AGED, vms=3)
    assert span(figures, f"{DESC}.slabs") == (4, 120)
    assert f"{DESC}.slabs.typical" not in figures
    assert figures[f"{DESC}.slabs.typical"] == figures[f"{DESC}.slabs"]
    assert span(ledger(**AGED, vcpus_run=0), f"{DESC}.slabs") == (0, 0)


def test_nothing_is_simulated_for_a_fresh_host() -> None:
    for filling in ("packed", "spread"):
        vm = {"count": 64, "peak_count": 128, "vcpus": 1}
        figures = account(built("6.12", vm=vm, on_host={"filling": filling}))
        assert not [name for name in figures if "typical" in name or "peak" in name]
        assert figures[f"{DESC}.bytes.typical"] == figures[f"{DESC}.bytes.total"]
    with pytest.raises(KeyError):
        figures["nothing"]


@pytest.mark.parametrize(("kernel", "most"), [("6.12", 160 + 63 * 9), ("7.3", 160 + (63 * 2 * 60 + 59) // 32 + 1 + 63)])
def test_other_cpus_may_have_slabs_for_themselves(kernel: str, most: int) -> None:
    """5,120 objects at the peak are 160 slabs; 63 other CPUs have a slab and 8 partial ones each, or two sheaves."""
    figures = ledger(**{**AGED, "host": "server-64", "kernel": kernel}, vms=64, peak_vms=128)
    assert span(figures, f"{DESC}.slabs") == (80, most)
    typical = figures[f"{DESC}.slabs.typical"]
    assert 80 < typical.low <= typical.high < 160


def test_one_vm_of_too_many_objects_is_not_simulated() -> None:
    figures = ledger(**AGED, vms=2, peak_vms=4, paging="shadow", rmaps="200000x1000")
    assert f"{DESC}.slabs.typical" not in figures
    assert f"{HEADER}.objects.peak" in figures


def test_objects_beside_caches_are_simulated_too() -> None:
    """No caches: 300 lists of two entries are 300 descriptors in one go, VM after VM."""
    none = {"set_": "kernel.pte_list_desc_capacity=0"}
    figures = ledger(**AGED, vms=4, peak_vms=5, paging="shadow", rmaps="300x2", **none)
    assert span(figures, f"{DESC}.objects.peak") == (1500, 1500)
    assert span(figures, f"{DESC}.slabs") == (38, 47)
    assert 38 <= figures[f"{DESC}.slabs.typical"].low <= figures[f"{DESC}.slabs.typical"].high <= 39


def test_groups_have_peaks_of_their_own() -> None:
    """One of 2 vCPUs that was three, one of 3 vCPUs without a past; 40 descriptors each vCPU."""
    found = built("6.12", vm=[{"vcpus": 2, "peak_count": 3}, {"vcpus": 3}], on_host={"cpus": 1, "filling": "aged"})
    figures = account(found)
    assert span(figures, f"{DESC}.objects.peak") == (360, 360)
    assert span(figures, f"{DESC}.slabs") == (7, 12)


def test_fewer_at_the_peak_than_are_left_are_refused(run: Callable[..., Result]) -> None:
    done = run("show", "--filling", "aged", "--vms", "8", "--peak-vms", "7")
    assert done.exit_code == 2
    assert "7 VMs at the peak are fewer than the 8 that are left" in done.stderr


def test_fresh_and_aged_hosts_side_by_side(run: Callable[..., Result]) -> None:
    options = ("--vcpus", "1", "--vms", "64", "--peak-vms", "128", "--host", "single-cpu", "--kernel", "6.12")
    text = run("compare", *options, "--filling", "packed,aged", "--ext", "14,2", columns=200).stdout
    assert "bytes.typical" in text
    assert "slabs.typical" in run("compare", *options, "--filling", "aged", "--ext", "14,2").stdout
    said = " ".join(text.split())
    assert "a fresh host: the peak changes nothing" in said
    assert "small objects fragment worse" in said
    assert "128 VMs at the peak; figures named typical are simulated and no bound" in said
    one = run("sweep", *options, "--filling", "packed,aged", "--figure", f"{DESC}.slabs.typical").stdout
    assert "80" in one


def test_an_inventory_says_of_no_host_what_it_once_had(run: Callable[..., Result], tmp_path: object) -> None:
    from pathlib import Path  # noqa: PLC0415 -- here only

    path = Path(str(tmp_path)) / "fleet.csv"
    path.write_text("host,kernel,cpus,vcpus,count\na,6.12,64,4,8\n", encoding="utf-8")
    aged = run("fleet", str(path), "--assume", "filling=aged").stdout
    assert "a slab of more of them is less often empty" in " ".join(aged.split())
    done = run("fleet", str(path), "--filling", "aged", "--peak-vms", "9")
    assert done.exit_code == 2
    assert "hosts of a fleet have no past" in done.stderr
