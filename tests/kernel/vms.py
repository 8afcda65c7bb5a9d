"""A VM in the guest: `with Vm(guest) as vm: vm.run(0)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from guest_steps import ALIASES, PAGE

from kernel import binary_stats
from kernel.machine import DESC, GUEST_MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kernel.guest import Guest

TARGET = 512
"""The first gfn for aliases: from here on there is nothing else."""
FIRST_PROCESS = 1
"""The probe is PID 1: debugfs names a VM's folder after process and file."""


class Vm:
    """One VM of the probe's."""

    def __init__(self, guest: Guest, memory: int = GUEST_MEMORY) -> None:
        """Create it with one memslot and no vCPU."""
        self.guest = guest
        self._number, fd = guest.ask("vm", memory)
        self.debugfs = f"/sys/kernel/debug/kvm/{FIRST_PROCESS}-{fd}"

    @classmethod
    def started(cls, guest: Guest) -> Self:
        """Create one whose first vCPU has run."""
        vm = cls(guest)
        vm.start_vcpu()
        return vm

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it; after an error the whole machine goes."""
        if kind is None:
            self.close()

    def close(self) -> None:
        """Close it: the last of its files, so that KVM destroys it."""
        self.guest.ask("close", self._number)

    def ask(self, command: str, *words: object) -> None:
        self.guest.ask(command, self._number, *words)

    def start_vcpu(self, mode: str = "long") -> None:
        """Add the first vCPU and let it run once: its caches are full, and code and a page of data are mapped."""
        self.ask("vcpu", mode)
        self.ask("run", 0)

    def map(self, count: int, gfns: int = 1, each: int = 1) -> None:
        """Let aliases from 0 map pages: `each` aliases in a row the same one of `gfns`."""
        self.ask("map", 0, count, TARGET, gfns, each)

    def touch(self, count: int) -> None:
        """Let the guest read a byte of each alias from 0, in one go."""
        self.ask(*touching(0, count))

    def share(self, parents: int) -> None:
        """Let so many entries of a page directory point to the page table of alias 0."""
        self.ask("share", parents)

    def held(self) -> int:
        """Return how many descriptors there are."""
        return self.guest.count(DESC).active

    def held_after_each(self, steps: Iterable[Sequence[tuple[object, ...]]]) -> list[int]:
        """Do step by step, each of one or more commands, and return how many descriptors there are after each."""
        lines: list[tuple[object, ...]] = []
        counts = []
        for step in steps:
            lines += [(name, self._number, *words) for name, *words in step]
            counts.append(len(lines))
            lines.append(("count", DESC))
        answers = self.guest.all(lines)
        return [int(answers[number][1]) for number in counts]

    def end(self) -> int:
        """Delete the memslot and return how many descriptors stay: those in use go, those in caches do not."""
        self.ask("unslot")
        self.guest.settle()
        return self.guest.count(DESC).active

    def stat(self, name: str) -> int:
        """Return one of KVM's statistics."""
        return int(self.guest.text(f"{self.debugfs}/{name}"))

    def statistics(self) -> dict[str, int]:
        """Return KVM's binary statistics, of KVM_GET_STATS_FD."""
        _, found = binary_stats.parse(self.guest.data("stats", self._number))
        return found

    def rmaps_stat(self) -> dict[str, list[int]]:
        """Return the rows of mmu_rmaps_stat."""
        _, *rows = self.guest.text(f"{self.debugfs}/mmu_rmaps_stat").splitlines()
        cells = (row.removeprefix("Level=").split(":") for row in rows)
        return {level: [int(count) for count in counts.split()] for level, counts in cells}


Command = tuple[str, int, int, int, int]
"""Without the VM's number, which comes second."""


def touching(alias: int, count: int = 1) -> Command:
    """Return the command to read a byte of each of these aliases."""
    return "touch", 0, ALIASES + alias * PAGE, count, PAGE


def mapping(alias: int) -> tuple[str, int, int, int, int, int]:
    """Return the command to map one alias."""
    return "map", alias, 1, TARGET, 1, 1


def clearing(alias: int) -> Command:
    """Return the command to take one alias out of the guest's page table."""
    return "clear", 0, alias, 1, 1
