"""One pass over a trace: who is told of what, and the figures, marks and notes that come of it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.account import slabs_of
from ptelist.engine.figure_kinds import DESC
from ptelist.engine.ledger import Unit, fixed, rule
from ptelist.engine.lists.envelope import Envelope
from ptelist.engine.lists.tally import ListRules, Lists
from ptelist.output.note import Note
from ptelist.traces.replay.samples import Sample, Samples
from ptelist.traces.replay.steps import Steps
from ptelist.traces.replay.trace_reader import ENVELOPE, ODD, STEPS, TraceReader
from ptelist.traces.replay.vm_steps import Stage, StepReplay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ptelist.engine.ledger import Ledger, Term
    from ptelist.engine.lists.tally import Tally
    from ptelist.scenario.models import Scenario

COUNTS = {
    "replay.live": (Unit.OBJECTS, "descriptors in lists at the end"),
    "replay.peak": (Unit.OBJECTS, "the most at any moment"),
    "replay.allocs": (Unit.OBJECTS, "descriptors that lists took"),
    "replay.frees": (Unit.OBJECTS, "descriptors that lists gave back"),
    "replay.topups": (Unit.COUNT, "top-ups that filled a vCPU's cache, each up to its capacity"),
    "replay.cached": (Unit.OBJECTS, "descriptors left in vCPU caches at the end, of those that were topped up"),
}

BYTES = f"{DESC}.bytes"
"""The topic of what these figures are of."""

MOST_MARKS = 1 << 17
"""A trace that is marked more often is shown up to here."""

MOST_BYTES = 1 << 28
"""In memory, of marks in all columns: neither is shown what would be more."""

OF_MARK, OF_NUMBER = 512, 8
"""The most bytes in memory that a mark takes, and each number of it."""


class Mark(NamedTuple):
    """What lists took, a number for each column, when the trace was marked."""

    at: int
    text: str
    live: array[int]
    cached: array[int]

    @property
    def held(self) -> tuple[int, ...]:
        """Return the descriptors in lists and caches together: what the slab counter has of them."""
        return tuple(map(sum, zip(self.live, self.cached, strict=True)))

    @property
    def size(self) -> int:
        """Return the bytes in memory that it takes at most."""
        return OF_MARK + OF_NUMBER * (len(self.live) + len(self.cached))

    def data(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"at": self.at, "text": self.text, "live": [*self.live], "cached": [*self.cached], "held": self.held}


class Pass:
    """One pass over a trace."""

    def __init__(self, scenarios: list[Scenario]) -> None:
        """Start before the first line."""
        self._scenarios = scenarios
        first = scenarios[0]
        self._lists = Lists(map(_rule, scenarios))
        self._envelope = Envelope(map(_rule, scenarios), mmu.rmap_cap(first.kernel), 1 + first.first_vm.smm)
        self.steps = StepReplay(scenarios)
        steps = Steps(tuple(self.steps.machines.values()))
        minimum = mmu.desc_topup_min(first.kernel)
        self.reader = TraceReader(self._lists, self._envelope, steps, self._mark, minimum)
        self.marks: list[Mark] = []
        self.stages: list[Stage] = []
        self._samples = Samples()
        self._bytes = 0
        """That all marks so far take in memory."""
        self._unmarked = 0
        """The line of the first mark that is left out."""

    @property
    def upper(self) -> bool:
        """Return whether the trace gives an upper envelope only."""
        return self.reader.kind == ENVELOPE

    def _mark(self, at: int, text: str) -> None:
        if self._unmarked:
            return
        if len(self.marks) + len(self.stages) == MOST_MARKS or self._bytes > MOST_BYTES:
            self._unmarked = at
        elif self.reader.kind == STEPS:
            self.stages.append(self.steps.stage(at, text))
            self._bytes += self.stages[-1].size
        else:
            cached = array("q", (tally.cached for tally in self._lists.tallies))
            self.marks.append(Mark(at, text, array("q", self._live()), cached))
            self._bytes += self.marks[-1].size

    def _live(self) -> list[int]:
        return self._envelope.live if self.upper else [tally.live for tally in self._lists.tallies]

    def sample(self, at: int) -> None:
        """Take a sample if it is time for one."""
        self._samples.take(at, self._lengths)

    def samples(self, last: int) -> tuple[Sample, ...]:
        """Return the samples, with one of the end."""
        return self._samples.until(Sample(last, self._lengths()))

    def peaks(self) -> tuple[int, tuple[Sample, ...]]:
        """Return the longest list, and each column's lists at its peak; none for an envelope or for steps."""
        if self.upper or self.reader.kind == STEPS:
            return 0, ()
        peaks = zip(self._lists.tallies, self._lists.at_peak(), strict=True)
        return self._lists.longest, tuple(Sample(tally.peak_at, lengths) for tally, lengths in peaks)

    def _lengths(self) -> dict[int, int]:
        if self.reader.kind == STEPS:
            return self.steps.lengths()
        return (self._envelope if self.upper else self._lists).lengths()

    def ledgers(self) -> Iterator[Ledger]:
        """Yield the figures of each column: what was counted, and the slabs of the peak."""
        if self.reader.kind == STEPS:
            yield from self.steps.ledgers()
            return
        for number, scenario in enumerate(self._scenarios):
            if self.upper:
                why = "SPTEs that were set; their removal is not traced"
                ends = {"live": self._envelope.live, "peak": self._envelope.peak}
                counts = [rule(f"replay.{name}", 0, most[number], Unit.OBJECTS, why) for name, most in ends.items()]
            else:
                counts = list(_counts(self._lists.tallies[number]))
            peak_term = next(term for term in counts if term.name == "replay.peak")
            ledger, _ = slabs_of(scenario, peak_term)
            for term in counts:
                ledger.add(term)
            yield ledger

    def notes(self, lines: int) -> Iterator[Note]:
        """Yield what to know when reading the figures."""
        for what, (count, first) in sorted(self.reader.odd.items(), key=lambda item: item[1][1]):
            text = ODD[what] + (f" ({count:,} times)" if count > 1 else "")
            yield Note(f"INEXACT from line {first:,} on", text)
        if self._unmarked:
            count = len(self.marks) + len(self.stages)
            full = f"the {count:,} before take the {MOST_BYTES >> 20} MiB that there are for them"
            why = full if count < MOST_MARKS else f"there are more than {MOST_MARKS:,}"
            yield Note("marks", f"from line {self._unmarked:,} on they are left out, {why}")
        ignored = f", {self.reader.ignored:,} of them of other events" if self.reader.ignored else ""
        if self.upper:
            text = f"{lines:,} lines of kvm_mmu_set_spte{ignored}: an UPPER ENVELOPE, no removal is traced"
            yield Note("trace", text)
            yield Note("envelope", "of the rmap lists of one VM; parent_ptes lists are not traced at all")
            return
        state = "not exact" if self.reader.odd else "exact"
        if self.reader.kind == STEPS:
            yield Note("steps", f"{lines:,} lines{ignored}, replayed fault by fault, {state}")
            for name, why in self.steps.slabs.open.items():
                yield Note(f"{name} slabs", f"bounds for any history from some mark on, for {why}")
            yield Note(BYTES, "those of lists and vCPU caches together, when they held most")
            return
        yield Note("trace", f"{lines:,} lines{ignored}, replayed entry by entry, {state}")
        tallies = self._lists.tallies
        if any(tally.short for tally in tallies):
            yield Note("caches", "some were in use before the trace, or not traced: top-ups are a lower bound")
        yield Note(BYTES, "those of the lists at their peak; vCPU caches hold replay.cached beside")


def _counts(tally: Tally) -> Iterator[Term]:
    values = (tally.live, tally.peak, tally.allocs, tally.frees, tally.topups, tally.cached)
    for (name, (unit, why)), value in zip(COUNTS.items(), values, strict=True):
        yield fixed(name, value, unit, why)


def _rule(scenario: Scenario) -> ListRules:
    kernel, vm = scenario.kernel, scenario.first_vm
    return ListRules(mmu.ext(kernel, vm), kernel.list_policy, mmu.desc_capacity(kernel, vm), mmu.desc_topup_min(kernel))
