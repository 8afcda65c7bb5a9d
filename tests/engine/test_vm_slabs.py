"""Slabs followed through steps of VMs: against histories of whole VMs, what leaves them open, what is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from guest_steps import moments
from helpers import scenario
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused
from small_mmu import SHADOW
from test_history import rules

from ptelist.engine import host_history
from ptelist.engine.host_history import Event
from ptelist.engine.host_machine import Machine
from ptelist.engine.past import Shape
from ptelist.engine.slub_node import Rules
from ptelist.engine.vm_slabs import BY_RCU, LISTS, NODES, UNSLOT, UNSYNC, HostSlabs
from ptelist.traces.replay import vm_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from ptelist.engine.vcpu_machine import Mmu

PAGE = 4096
DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
LEGACY = SHADOW._replace(headers=(7, 3), shadow=False)
TDP_MMU = LEGACY._replace(lists=False, most_tables=None)
ONE_CPU = Rules(per_slab=4, min_partial=1, cpu_partial=2)

Host = list[tuple[bool, int, int]]
"""VMs: whether one starts, a number that chooses one or how many vCPUs, and a CPU."""

HOSTS: st.SearchStrategy[Host] = st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(0, 3)), max_size=30)


def machine(mmu: Mmu = LEGACY, *found: Rules) -> Machine:
    """Return a host whose slabs are followed, of both caches under the same rules."""
    made = Machine(mmu, lambda: HostSlabs(found or [ONE_CPU], found or [ONE_CPU]))
    made.followed()
    return made


def opened(made: Machine) -> tuple[str, str]:
    """Return why each cache is open."""
    (descriptors,), (headers,) = made.totals.descriptor_slabs, made.totals.header_slabs
    return descriptors.open, headers.open


def lives(steps: Host, cpus: int) -> Iterator[tuple[bool, int, tuple[int, ...]]]:
    """Yield VMs that start, on a CPU for each vCPU, and that end on one."""
    alive: list[int] = []
    started = 0
    for starts, choice, cpu in steps:
        if starts:
            alive.append(started)
            yield True, started, tuple((cpu + vcpu) % cpus for vcpu in range(1 + choice % 3))
            started += 1
        elif alive:
            yield False, alive.pop(choice % len(alive)), (cpu % cpus,)


@given(rules(nodes=1), HOSTS, st.booleans(), st.booleans())
def test_vms_step_by_step_are_what_whole_ones_are(found: Rules, steps: Host, shrink: bool, first: bool) -> None:
    """Each vCPU fills its caches; the first one's takes the tables of one page; all goes in the order of `history`."""
    made = machine(LEGACY._replace(roots_first=first), found)
    descriptors, headers = made.totals.descriptor_slabs[0], made.totals.header_slabs[0]
    whole = {slabs: host_history.HostHistory(found) for slabs in (descriptors, headers)}
    for starts, number, cpus in lives(steps, found.cpus):
        assert made.slabs is not None
        for vcpu, cpu in enumerate(cpus if starts else ()):
            made.slabs.move(cpu)
            made.vm(number).touch(vcpu, 0, "page")
        if starts:
            made.vm(number).create("never run")
        if not starts:
            made.slabs.move(cpus[0])
            made.close(number)
        shapes = {descriptors: Shape((6,) * len(cpus)), headers: Shape((7,) * len(cpus), 4, roots_first=first)}
        for slabs, host in whole.items():
            host.do(Event(shapes[slabs] if starts else None, number, cpus))
            assert slabs.count == host.slabs.all
        if shrink:
            made.slabs.shrink()
            for slabs, host in whole.items():
                host.cache.shrink()
                assert slabs.count == host.slabs.all


@pytest.mark.parametrize(("first", "order"), [(True, "lrabc"), (False, "labrc")])
def test_when_the_root_goes(first: bool, order: str) -> None:
    """Of three vCPUs a, b and c: lower tables l, then the root r before all caches, or with the last vCPU."""
    one = {name: host_history.machine(ONE_CPU).allocate(1) for name in "abclr"}
    caches, tables = [one[name] for name in "abc"], one["r"] + one["l"]
    freed = host_history.VmObjects(caches, tables, [], by_rcu=False, roots_first=first).objects()
    names = {each[0]: name for name, each in one.items()}
    assert "".join(names[found] for objects in freed for found in objects) == order


@pytest.mark.parametrize(("kernel", "first"), [("5.10", True), ("6.12", True), ("6.14", True), ("7.2", False)])
def test_which_kernels_free_roots_first(kernel: str, first: bool) -> None:
    assert vm_steps.mmu_of(scenario(kernel=kernel, paging="tdp-legacy")).roots_first is first


def test_an_empty_cache_draws_from_the_allocator() -> None:
    made = machine(LEGACY._replace(headers=(0, 1)))
    made.vm("vm").touch(0, 0, "page")
    assert made.totals.header_slabs[0].count == 1
    made.vm("vm").touch(0, 1 << 39, "page")
    assert made.totals.header_slabs[0].count == 2


def test_what_leaves_the_number_open() -> None:
    made = machine(TDP_MMU)
    made.vm("vm").touch(0, 0, "page")
    assert opened(made) == ("", "")
    made.close("vm")
    assert opened(made) == ("", BY_RCU)
    with pytest.raises(ValueError, match=BY_RCU):
        _ = made.totals.header_slabs[0].count

    made = machine(LEGACY._replace(shadow=True))
    made.vm("vm").touch(0, 0, "page")
    made.vm("vm").touch(0, PAGE, "page")
    made.vm("vm").unmap("page")
    assert opened(made) == (LISTS, "")
    made.close("vm")
    assert opened(made) == (LISTS, UNSYNC)

    made = machine()
    made.vm("vm").run(0)
    made.vm("vm").unslot()
    assert opened(made) == ("", ""), "a root alone stays"
    made.vm("vm").run(0)
    assert opened(made) == ("", UNSLOT)

    made = machine()
    made.vm("vm").touch(0, 0, "page")
    made.vm("vm").unslot()
    assert opened(made) == ("", UNSLOT)

    made = machine(TDP_MMU)
    made.vm("vm").touch(0, 0, "page")
    made.vm("vm").unslot()
    assert opened(made) == ("", BY_RCU)

    made = machine(LEGACY, ONE_CPU._replace(cpus=2, nodes=2))
    assert opened(made) == (NODES, NODES)


def test_a_vm_without_tables_leaves_nothing_open() -> None:
    made = machine(TDP_MMU)
    made.vm("vm")
    made.close("vm")
    assert opened(made) == ("", "")


def test_who_does_not_ask_is_not_followed() -> None:
    made = Machine(LEGACY)
    made.vm("vm").touch(0, 0, "page")
    assert made.slabs is None
    with pytest.raises(ValueError, match="expected before the first run or touch"):
        made.followed()


# step files

TWO_VMS = (
    "cpu 0",
    "run a 0",
    "touch a 0 0x1000",
    "mark one",
    "cpu 1",
    "run b 0",
    "run b 1",
    "touch b 1 0x1000",
    "mark two",
    "close a",
    "mark left",
    "shrink",
    "mark shrunk",
)


def options(paging: str, **more: str) -> tuple[tuple[str, str], ...]:
    said = {"paging": paging, "memslots": "ram", "memory": "16MiB", "leaf": "4K", "smm": "off", "cpus": "4", **more}
    return tuple((name.replace("_", "-"), value) for name, value in said.items())


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.18", "7.3"])
def test_bounds_hold_whenever_rcu_frees(kernel: str) -> None:
    """The TDP MMU's tables: before the first VM ends the number is that of the legacy MMU, then it lies within."""
    exact = moments(TWO_VMS, kernel, options=options("tdp-legacy"))
    open_ = moments(TWO_VMS, kernel, options=options("tdp-mmu"))
    for number, (known, found) in enumerate(zip(exact, open_, strict=True)):
        low, high = found.followed(HEADER)
        assert known.followed(HEADER)[0] == known.followed(HEADER)[1]
        assert low <= known.followed(HEADER)[0] <= high
        assert (low == high) is (number < 2)
        assert known.followed(HEADER)[0] >= known.headers // 64


def test_a_shrink_narrows_bounds() -> None:
    said = options("tdp-mmu")
    many = ["cpu 0", *(f"run {vm} 0" for vm in "abcd"), *(f"close {vm}" for vm in "bcd"), "mark left", "shrink", "mark"]
    left, shrunk, same, more = moments([*many, "fault a 0", "mark same", "run e 0", "mark"], "6.18", options=said)
    assert left.followed(HEADER)[1] > shrunk.followed(HEADER)[1] == shrunk.headers
    assert same.followed(HEADER) == shrunk.followed(HEADER), "no object was taken since"
    assert more.followed(HEADER)[1] > shrunk.followed(HEADER)[1]


def test_a_kernel_without_partial_slabs_of_cpus_has_none() -> None:
    """CONFIG_SLUB_CPU_PARTIAL=n: what a CPU frees goes to the node at once."""
    steps = ["cpu 0", *(f"run {vm} 0" for vm in range(20)), *(f"close {vm}" for vm in range(20)), "mark"]
    counts = []
    for built in ("true", "false"):
        (moment,) = moments(steps, "6.18", options=options("tdp-legacy", set=f"config.slub_cpu_partial={built}"))
        counts.append(moment.followed(DESC)[0])
    assert counts[0] > counts[1] > 0


def write(path: Path, lines: tuple[str, ...]) -> str:
    file = path / "steps"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def test_marks_show_them_if_they_are_asked_for(run: Callable[..., Result], tmp_path: Path) -> None:
    said = [f"--{name}={value}" for name, value in options("tdp-mmu")]
    file = write(tmp_path, TWO_VMS)
    document = json.loads(run("replay", file, "--kernel", "6.1,7.3", "--format", "json", *said).stdout)
    for column, kernel in enumerate(("6.1", "7.3")):
        for mark, moment in zip(document["marks"], moments(TWO_VMS, kernel, options=options("tdp-mmu")), strict=True):
            printed = {name: (each[column]["low"], each[column]["high"]) for name, each in mark["slabs_raw"].items()}
            assert printed == moment.slabs_raw
    text = " ".join(run("replay", file, "--kernel", "6.1", *said).stdout.split())
    assert f"slabs as /proc/slabinfo counts them, at each mark mark {DESC} {HEADER}" in text
    assert f"{HEADER} slabs: bounds for any history from some mark on, for {BY_RCU}" in text
    assert f"{DESC} slabs: bounds" not in text
    plain = tuple(line for line in TWO_VMS if line.partition(" ")[0] not in {"cpu", "shrink"})
    file = write(tmp_path, plain)
    assert "slabs_raw" not in run("replay", file, "--format", "json", *said).stdout
    assert "slabs as /proc/slabinfo counts them" not in run("replay", file, *said).stdout


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("cpu 4",), ":1: cpu: there is no CPU 4: the host has 4, from 0 on (--cpus)"),
        (("cpu -1",), ':1: cpu: expected the number of a CPU, from 0 on, got "-1"'),
        (("cpu 1 2",), ':1: cpu has 2 words, expected "cpu NUMBER"'),
        (("shrink it",), ':1: shrink has 1 words, expected "shrink"'),
        (
            ("run a 0", "shrink"),
            ":2: shrink: slabs are followed from the first object on: expected before",
        ),
    ],
)
def test_bad_steps(run: Callable[..., Result], tmp_path: Path, lines: tuple[str, ...], says: str) -> None:
    assert says in refused(run("replay", write(tmp_path, lines), "--cpus", "4"))
