"""The best PTE_LIST_EXT: a table a kernel, its ties and its flatness, and what list walks it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
from ptelist.engine.interval import Ratio
from ptelist.engine.lists.descriptors import HEAD, WALK
from ptelist.output import numbers
from ptelist.output.note import Note
from ptelist.output.page import Document, Table
from ptelist.sweep.best.best import ERAS
from ptelist.sweep.best.sentence import of_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from ptelist.sweep.best.best import Best, Candidate, Touches

FLAT = (1, 5)
"""Percent over the best of which the values are named."""

NEAR = 10
"""Percent over the best up to which a value has its row."""

VALUE_FIGURES = tuple(
    f"{DESC}.{name}" for name in ("size", "objects", "slabs", "bytes.slab", "bytes.memcg", "bytes.total")
)
WALKS = (
    Note("add, removal", "descriptors touched by each, on average over all entries of all lists, as these grew"),
    Note("walk, head", f"the policies of kernels {ERAS[WALK]} and {ERAS[HEAD]} on; --list-policy chooses"),
)
NO_LISTS = (
    Note("lists", "none are known (--rmaps, --histogram, --trace), so the vCPU caches alone count, and no walks"),
)


def document(kernels: Sequence[Best], notes: tuple[Note, ...], command: str, width: int | None) -> Document:
    """Return a table for each kernel, the best values below."""
    tables: list[Table] = []
    for each in kernels:
        tables += _table(each).panels(width)
    said = [note for each in kernels for note in _notes(each, several=len(kernels) > 1)]
    walks = WALKS if any(each.candidates[0].touched for each in kernels) else NO_LISTS
    return Document(tuple(tables), (*said, *walks, *notes), command)


def _table(best: Best) -> Table:
    ties, near = best.ties, set(best.within(NEAR))
    ends = best.candidates[0].ext, best.candidates[-1].ext
    least = ties[0].ledger[DESC_TOTAL]
    shown = [each for each in best.candidates if each.ext in {*near, best.own, *ends}]
    head = ["ext", "size", "slabs", "bytes.total", "over"]
    walks = bool(best.candidates[0].touched)
    policies = (best.policy, HEAD if best.policy == WALK else WALK)
    for policy in policies if walks else ():
        head += [f"{policy} add", "removal"]
    rows = []
    for each in shown:
        mark = " *" if each in ties else " (own)" if each.ext == best.own else ""
        ledger = each.ledger
        cells = [numbers.term(ledger[f"{DESC}.{name}"]) for name in ("size", "slabs", "bytes.total")]
        over = (
            "" if each in ties else numbers.tenths(Ratio(ledger[DESC_TOTAL].high - least.high, least.high), "+") + "%"
        )
        spans = [span for policy in policies for span in each.touched[policy]] if walks else []
        rows.append((f"{each.ext}{mark}", *cells, over, *map(_average, spans)))
    left = len(best.candidates) - len(shown)
    more = f"; {left} other values take more than {NEAR}% over the best" if left else ""
    return Table(tuple(head), tuple(rows), f"{best.name}, policy {best.policy} ({ERAS[best.policy]}){more}")


def _average(span: Touches) -> str:
    low, high = map(_hundredths, span)
    return low if low == high else f"{low}..{high}"


def _hundredths(ratio: Fraction) -> str:
    """Return a ratio with two decimals, halves up."""
    count = (200 * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)
    return f"{count // 100:,}.{count % 100:02}"


def _notes(best: Best, *, several: bool) -> Iterator[Note]:
    """Yield what is to be known of the winner of one kernel; the sentence above has it, unless there are several."""
    about = best.name if several else ""
    if several:
        yield Note("best", of_one(best), about)
    owned = next((each for each in best.candidates if each.ext == best.own), None)
    if owned and owned not in best.ties and owned.touched:
        yield Note("cost", _trade(best.ties[0], owned, best.policy), about)
    flat = ", ".join(f"within {percent}% {_ranges(best.within(percent))}" for percent in FLAT)
    yield Note("nearly as good", flat, about)


def _trade(one: Candidate, owned: Candidate, policy: str) -> str:
    """Return what the better value costs in walks, or saves."""
    pairs = zip(("an add touches", "a removal"), one.touched[policy], owned.touched[policy], strict=True)
    return ", ".join(f"{what} {_average(new)} instead of {_average(old)} descriptors" for what, new, old in pairs)


def _ranges(values: Sequence[int]) -> str:
    """Return 2, 3, 4, 8 as 2..4 8."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)


def body(kernels: Sequence[Best]) -> dict[str, Any]:
    """Return every value of every kernel."""
    return {
        "kernels": [
            {
                "name": each.name,
                "policy": each.policy,
                "own": each.own,
                "best": [tie.ext for tie in each.ties],
                "sure": not each.rivals,
                "within": {str(percent): each.within(percent) for percent in FLAT},
                "values": [_value(candidate) for candidate in each.candidates],
            }
            for each in kernels
        ]
    }


def _value(candidate: Candidate) -> dict[str, Any]:
    figures = {
        name: {"low": term.low, "high": term.high, "unit": term.unit.value}
        for name in VALUE_FIGURES
        for term in [candidate.ledger[name]]
    }
    touched = {
        policy: {what: [str(end) for end in span] for what, span in zip(("add", "removal"), spans, strict=True)}
        for policy, spans in candidate.touched.items()
    }
    return {"ext": candidate.ext, "figures": figures, "touched": touched}


def rows(kernels: Sequence[Best]) -> Iterator[tuple[object, ...]]:
    """Return a row for every value of every kernel; averages as exact fractions, low and high."""
    walks = [
        f"{policy}_{what}_{end}" for policy in (WALK, HEAD) for what in ("add", "removal") for end in ("low", "high")
    ]
    yield "name", "ext", "low", "high", "unit", *walks
    for each in kernels:
        for candidate in each.candidates:
            term = candidate.ledger[DESC_TOTAL]
            spans = [span for policy in (WALK, HEAD) for span in candidate.touched.get(policy, ())]
            averages = [str(end) for span in spans for end in span] or [""] * len(walks)
            yield each.name, candidate.ext, term.low, term.high, term.unit.value, *averages
