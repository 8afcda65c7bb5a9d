"""Steps of VMs as text, a step a line, for `ptelist replay`.

    run VM VCPU [unpaged]      the vCPU enters the guest; unpaged: the guest has no paging of its own
    touch VM VCPU ADDRESS[*COUNT] [PAGE [TABLE]]
                               the guest touches an address, or COUNT pages in a row, of which each maps PAGE
    fault VM VCPU              a fault that needs neither table nor entry: a write to a write-protected table
    drop VM ADDRESS[*COUNT] [TABLE]
                               the guest takes an address out of its page table and invalidates the TLB
    unmap VM PAGE              the host takes a page back
    unslot VM [ADDRESS]        the memslots that the VM began with are deleted, or one that steps made
    slot VM [ADDRESS BYTES]    they are added again, or one more
    log VM ADDRESS on|off      the memslot gets a dirty bitmap, or loses it
    open VM                    a VM is created, without a memslot
    vcpu VM VCPU               a vCPU is created
    limit VM TABLES            KVM_SET_NR_MMU_PAGES
    close VM                   the last file of the VM is closed
    cpu NUMBER                 what follows happens on this CPU; they are numbered from 0, and 0 is where steps begin
    shrink                     empty slabs are given back, as by a 1 written to /sys/kernel/slab/CACHE/shrink
    mark TEXT                  what there is now is shown, under this name

With `cpu` or `shrink` before the first object is taken slabs are followed as /proc/slabinfo counts them, empty ones and
those that CPUs keep for themselves among them; marks then show their number as well.

VM, VCPU, PAGE and TABLE are any words; without `open` a VM begins at its first `run` or `touch`, with the memslots that
options give it, and a vCPU at its first one. Once a VM was opened, marks show what a cgroup is charged for all VMs.
An ADDRESS is a number of bytes (0x1000, 4096, 4KiB, 1GiB): guest virtual under shadow paging, else guest
physical. Without PAGE it maps the page of the same address, whose name is that address. TABLE names a
guest page table to which several directory entries point; without it each window has one of its own.
# begins a comment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.settings.work import Work
from ptelist.traces.replay.step_words import (
    MOST_COUNT,
    MOST_DIGITS,
    PageRun,
    address_of,
    number_of,
    page_name,
    page_of,
    run_of,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.host_machine import Machine
    from ptelist.engine.vm_machine import VmMachine

UNPAGED = b"unpaged"
SLOT_UNIT = 4096

PAGES = Work("pages, or leaves, in runs of them in all columns", 500_000, "touch fewer, or give fewer values")
"""Each takes some 800 bytes and 5 us."""

VMS = Work("VMs and vCPUs at once in all columns", 300_000, "close some, or give fewer values")
"""Each takes some 1,400 bytes and 40 us."""

Step = Callable[["Machine"], None]
"""What a line does to a machine."""


class Verb(NamedTuple):
    """The word that a step begins with."""

    usage: str
    """What follows it."""
    least: int
    most: int
    """How few and how many words that are."""
    step: Callable[..., Step]
    """What makes a step of those words; raises ValueError for what is not among them."""
    run: int = -1
    """Which of the words, counted from 0, may say that it is done to many pages."""


class Steps:
    """Does steps on machines, the same ones on each."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        """Take the machines."""
        self._machines = machines
        self._pages = 0

    def do(self, at: int, words: list[bytes]) -> bool:
        """Do the step of a line; return whether a kernel would have recycled shadow pages by now.

        Raises PtelistError, with the line's number, for a step that cannot be.
        """
        name, *rest = words
        verb = VERBS[name]
        if not verb.least <= len(rest) <= verb.most:
            usage = f"{name.decode()} {verb.usage}".rstrip()
            raise PtelistError(f'{name.decode()} has {len(rest)} words, expected "{usage}"', Where(line=at))
        try:
            step = verb.step(*rest)
            if verb.run >= 0 and b"*" in rest[verb.run]:
                self._bound(run_of(rest[verb.run]), at)
            for machine in self._machines:
                step(machine)
        except ValueError as error:
            raise PtelistError(f"{name.decode()}: {error}", Where(line=at)) from None
        VMS.bound(sum(machine.vms + machine.totals.vcpus for machine in self._machines), Where(line=at))
        return any(machine.limited for machine in self._machines)

    def _bound(self, run: PageRun, at: int) -> None:
        """Count the pages of runs, in all columns, or the leaves that map them; a few words ask for many."""
        for mmu in (machine.mmu for machine in self._machines):
            self._pages += -(-run.pages * mmu.page_bytes // mmu.leaf_bytes)
        PAGES.bound(self._pages, Where(line=at))


def _run(vm: bytes, vcpu: bytes, mode: bytes | None = None) -> Step:
    if mode not in {None, UNPAGED}:
        raise ValueError(f'expected "unpaged" or nothing behind the vCPU, got "{shown(mode)}"')
    return lambda machine: machine.vm(vm).run(vcpu, unpaged=mode is not None)


def _touch(vm: bytes, vcpu: bytes, where: bytes, *mapped: bytes) -> Step:
    """Touch addresses; `mapped` is the page, and the table, if the step says them."""
    run, named = run_of(where), page_name(mapped[0]) if mapped else None
    table = mapped[1] if len(mapped) > 1 else None

    def step(machine: Machine) -> None:
        guest, page = machine.vm(vm), None if named is None else page_of(machine, named)
        alone = run.pages == 1
        for address in (run.first,) if alone else run.leaves(machine.mmu.page_bytes, machine.mmu.leaf_bytes):
            guest.touch(vcpu, address, page_of(machine, address) if page is None else page, table)

    return step


def _fault(vm: bytes, vcpu: bytes) -> Step:
    return lambda machine: machine.vm(vm).fault(vcpu)


def _drop(vm: bytes, where: bytes, table: bytes | None = None) -> Step:
    run = run_of(where)

    def step(machine: Machine) -> None:
        guest = machine.known(vm)
        for address in run.addresses(machine.mmu.page_bytes):
            guest.drop(address, table)

    return step


def _unmap(vm: bytes, page: bytes) -> Step:
    named = page_name(page)
    return lambda machine: machine.known(vm).unmap(page_of(machine, named))


def _unslot(vm: bytes, where: bytes | None = None) -> Step:
    address = None if where is None else address_of(where)
    return lambda machine: machine.known(vm).unslot(address)


def _slot(vm: bytes, where: bytes | None = None, size: bytes | None = None) -> Step:
    if where is None:
        return lambda machine: machine.known(vm).slot()
    first = address_of(where)
    length = address_of(size) if size is not None else 0
    if not length or first % SLOT_UNIT or length % SLOT_UNIT:
        raise ValueError(f'expected an address and a size in pages of 4 KiB, got "{shown(where)} {shown(size)}"')
    return lambda machine: machine.known(vm).slot((first, first + length))


def _log(vm: bytes, where: bytes, state: bytes) -> Step:
    if state not in {b"on", b"off"}:
        raise ValueError(f'expected on or off, got "{shown(state)}"')
    address = address_of(where)
    return lambda machine: machine.known(vm).log(address, on=state == b"on")


def _open(vm: bytes) -> Step:
    return lambda machine: machine.open(vm)


def _vcpu(vm: bytes, vcpu: bytes) -> Step:
    return lambda machine: _created(machine.vm(vm), vcpu)


def _created(vm: VmMachine, vcpu: bytes) -> None:
    vm.create(vcpu)


def _limit(vm: bytes, tables: bytes) -> Step:
    most = number_of(tables)
    if not 1 <= most <= MOST_COUNT:
        raise ValueError(f'expected a number of shadow pages, got "{shown(tables)}"')
    return lambda machine: machine.vm(vm).limit(most)


def _close(vm: bytes) -> Step:
    return lambda machine: machine.close(vm)


def _cpu(number: bytes) -> Step:
    if not number.isdigit() or len(number) > MOST_DIGITS:
        raise ValueError(f'expected the number of a CPU, from 0 on, got "{shown(number)}"')
    return lambda machine: machine.followed().move(int(number))


def _shrink() -> Step:
    return lambda machine: machine.followed().shrink()


VERBS = {
    b"run": Verb("VM VCPU [unpaged]", 2, 3, _run),
    b"touch": Verb("VM VCPU ADDRESS[*COUNT] [PAGE [TABLE]]", 3, 5, _touch, 2),
    b"fault": Verb("VM VCPU", 2, 2, _fault),
    b"drop": Verb("VM ADDRESS[*COUNT] [TABLE]", 2, 3, _drop, 1),
    b"unmap": Verb("VM PAGE", 2, 2, _unmap),
    b"unslot": Verb("VM [ADDRESS]", 1, 2, _unslot),
    b"slot": Verb("VM [ADDRESS BYTES]", 1, 3, _slot),
    b"log": Verb("VM ADDRESS on|off", 3, 3, _log),
    b"open": Verb("VM", 1, 1, _open),
    b"vcpu": Verb("VM VCPU", 2, 2, _vcpu),
    b"limit": Verb("VM TABLES", 2, 2, _limit),
    b"close": Verb("VM", 1, 1, _close),
    b"cpu": Verb("NUMBER", 1, 1, _cpu),
    b"shrink": Verb("", 0, 0, _shrink),
}
"""All that a step can begin with."""
