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
from ptelist.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.engine.host_machine import Machine
    from ptelist.engine.vm_machine import Vm

USAGE = {
    b"run": ("VM VCPU [unpaged]", 2, 3),
    b"touch": ("VM VCPU ADDRESS[*COUNT] [PAGE [TABLE]]", 3, 5),
    b"fault": ("VM VCPU", 2, 2),
    b"drop": ("VM ADDRESS[*COUNT] [TABLE]", 2, 3),
    b"unmap": ("VM PAGE", 2, 2),
    b"unslot": ("VM [ADDRESS]", 1, 2),
    b"slot": ("VM [ADDRESS BYTES]", 1, 3),
    b"log": ("VM ADDRESS on|off", 3, 3),
    b"open": ("VM", 1, 1),
    b"vcpu": ("VM VCPU", 2, 2),
    b"limit": ("VM TABLES", 2, 2),
    b"close": ("VM", 1, 1),
    b"cpu": ("NUMBER", 1, 1),
    b"shrink": ("", 0, 0),
}
"""The words, what follows each, and how few and how many words that are."""

UNPAGED = b"unpaged"
MOST_COUNT = 1 << 24
"""Pages of one step: 64 GiB."""

MOST_DIGITS = 8
"""Of a count."""

SLOT_UNIT = 4096

MOST_ADDRESS = 1 << 57
"""Bytes that a root of five levels maps."""


class PageRun(NamedTuple):
    """Addresses in a row, a page each."""

    first: int
    pages: int

    def addresses(self, page_bytes: int) -> Iterator[int]:
        """Yield an address in each page."""
        return iter(range(self.first, self.first + self.pages * page_bytes, page_bytes))


Step = Callable[["Machine"], None]
"""What a line does to a machine."""


class Steps:
    """Does steps on machines, the same ones on each."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        """Take the machines."""
        self._machines = machines

    def do(self, at: int, words: list[bytes]) -> bool:
        """Do the step of a line; return whether a kernel would have recycled shadow pages by now.

        Raises PtelistError, with the line's number, for a step that cannot be.
        """
        name, *rest = words
        usage, least, most = USAGE[name]
        if not least <= len(rest) <= most:
            raise PtelistError(
                f'{name.decode()} has {len(rest)} words, expected "{f"{name.decode()} {usage}".rstrip()}"',
                Where(line=at),
            )
        try:
            step = _STEPS[name](*rest)
            for machine in self._machines:
                step(machine)
        except ValueError as error:
            raise PtelistError(f"{name.decode()}: {error}", Where(line=at)) from None
        return any(machine.limited for machine in self._machines)


def _run(vm: bytes, vcpu: bytes, mode: bytes | None = None) -> Step:
    if mode not in {None, UNPAGED}:
        raise ValueError(f'expected "unpaged" or nothing behind the vCPU, got "{_shown(mode)}"')
    return lambda machine: machine.vm(vm).run(vcpu, unpaged=mode is not None)


def _touch(vm: bytes, vcpu: bytes, where: bytes, *mapped: bytes) -> Step:
    """Touch addresses; `mapped` is the page, and the table, if the step says them."""
    span, named = _page_run(where), _named(mapped[0]) if mapped else None
    table = mapped[1] if len(mapped) > 1 else None

    def step(machine: Machine) -> None:
        found, page = machine.vm(vm), None if named is None else _page(machine, named)
        for address in span.addresses(machine.mmu.page_bytes):
            found.touch(vcpu, address, _page(machine, address) if page is None else page, table)

    return step


def _fault(vm: bytes, vcpu: bytes) -> Step:
    return lambda machine: machine.vm(vm).fault(vcpu)


def _drop(vm: bytes, where: bytes, table: bytes | None = None) -> Step:
    span = _page_run(where)

    def step(machine: Machine) -> None:
        found = machine.known(vm)
        for address in span.addresses(machine.mmu.page_bytes):
            found.drop(address, table)

    return step


def _unmap(vm: bytes, page: bytes) -> Step:
    named = _named(page)
    return lambda machine: machine.known(vm).unmap(_page(machine, named))


def _unslot(vm: bytes, where: bytes | None = None) -> Step:
    address = None if where is None else _address(where)
    return lambda machine: machine.known(vm).unslot(address)


def _slot(vm: bytes, where: bytes | None = None, size: bytes | None = None) -> Step:
    if where is None:
        return lambda machine: machine.known(vm).slot()
    first = _address(where)
    length = _address(size) if size is not None else 0
    if not length or first % SLOT_UNIT or length % SLOT_UNIT:
        raise ValueError(f'expected an address and a size in pages of 4 KiB, got "{_shown(where)} {_shown(size)}"')
    return lambda machine: machine.known(vm).slot((first, first + length))


def _log(vm: bytes, where: bytes, state: bytes) -> Step:
    if state not in {b"on", b"off"}:
        raise ValueError(f'expected on or off, got "{_shown(state)}"')
    address = _address(where)
    return lambda machine: machine.known(vm).log(address, on=state == b"on")


def _open(vm: bytes) -> Step:
    return lambda machine: machine.open(vm)


def _vcpu(vm: bytes, vcpu: bytes) -> Step:
    return lambda machine: _created(machine.vm(vm), vcpu)


def _created(vm: Vm, vcpu: bytes) -> None:
    vm.create(vcpu)


def _limit(vm: bytes, tables: bytes) -> Step:
    most = _number(tables)
    if not 1 <= most <= MOST_COUNT:
        raise ValueError(f'expected a number of shadow pages, got "{_shown(tables)}"')
    return lambda machine: machine.vm(vm).limit(most)


def _close(vm: bytes) -> Step:
    return lambda machine: machine.close(vm)


def _cpu(number: bytes) -> Step:
    if not number.isdigit() or len(number) > MOST_DIGITS:
        raise ValueError(f'expected the number of a CPU, from 0 on, got "{_shown(number)}"')
    return lambda machine: machine.followed().move(int(number))


def _shrink() -> Step:
    return lambda machine: machine.followed().shrink()


_STEPS: dict[bytes, Callable[..., Step]] = {
    b"run": _run,
    b"touch": _touch,
    b"fault": _fault,
    b"drop": _drop,
    b"unmap": _unmap,
    b"unslot": _unslot,
    b"slot": _slot,
    b"log": _log,
    b"open": _open,
    b"vcpu": _vcpu,
    b"limit": _limit,
    b"close": _close,
    b"cpu": _cpu,
    b"shrink": _shrink,
}


def _named(word: bytes) -> int | bytes:
    """Return what a word says of a page: its address, or else its name."""
    try:
        return _address(word)
    except ValueError:
        return word


def _page(machine: Machine, named: int | bytes) -> int | bytes:
    """Return a page, by its name or by an address in it; pages are as large as leaves."""
    if isinstance(named, bytes):
        return named
    return named // machine.mmu.leaf_bytes


def _page_run(word: bytes) -> PageRun:
    first, star, count = word.partition(b"*")
    if star and not 1 <= _number(count) <= MOST_COUNT:
        raise ValueError(f'expected a count of 1 to {MOST_COUNT:,} behind "*", got "{_shown(count)}"')
    return PageRun(_address(first), int(count) if star else 1)


def _number(word: bytes) -> int:
    """Return a whole number, 0 for what is none or is far too large."""
    return int(word) if word.isdigit() and len(word) <= MOST_DIGITS else 0


def _address(word: bytes) -> int:
    """Return the bytes that a word says; raises ValueError if it is no address."""
    text = word.decode("ascii", "replace")
    try:
        found = int(text, 16) if text[:2] in {"0x", "0X"} else parse_size(text)
    except ValueError:
        raise ValueError(f'expected an address such as 0x1000, 4096 or 1GiB, got "{_shown(word)}"') from None
    if found >= MOST_ADDRESS:
        raise ValueError(f"no root maps so high an address: {found:#x}")
    return found


def _shown(word: bytes | None) -> str:
    return (word or b"").decode("ascii", "backslashreplace")[:40]
