"""A comparison in one sentence: what changes, by how much, and which part of the whole that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import change, pick, share
from ptelist.engine.difference import SAME, difference, paired
from ptelist.engine.figure_kinds import DESC_TOTAL, TOTAL
from ptelist.engine.ledger import Op
from ptelist.output import numbers, sentence
from ptelist.output.sentence import PAIR
from ptelist.settings.catalog.meanings import KMEM_CACHES, MEANINGS

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Ledger, Term


def headline(comparison: Comparison, wanted: tuple[str, ...] = ()) -> str:
    """Return the sentence about the first figure that is wanted, else about all that KVM's MMU takes."""
    first = comparison.ledgers[0]
    figure = pick(first, wanted)[0] if wanted else TOTAL if TOTAL in first else DESC_TOTAL
    columns = comparison.columns
    if len(columns) == 1:
        return of_one(first, figure)
    numbered = [number for number, column in enumerate(columns) if column.baseline != number]
    if len(columns) == PAIR:
        return of_two(comparison, figure, columns[numbered[0]].baseline, numbered[0])
    changes = [
        (change(*_pair(comparison, figure, columns[number].baseline, number)), columns[number].name)
        for number in numbered
    ]
    if all(delta[:2] == SAME for delta, _ in changes):
        return f"No column differs from {comparison.baseline} in {figure}."
    if len(columns) - len(numbered) > 1:
        return sentence.best_and_worst(figure, first[figure].unit, comparison.baseline, changes)
    return _of_many(comparison, figure)


def of_one(ledger: Ledger, figure: str) -> str:
    """Return how much a figure of one scenario is, and of the whole its largest part."""
    term, whole = ledger[figure], ledger.get(TOTAL)
    said = sentence.amount(term, term.unit)
    if figure != TOTAL or not whole:
        part = f", {numbers.share(share(term, whole))} of {TOTAL}" if whole and _within(figure, whole) else ""
        return f"{figure} is {said}{part}: {MEANINGS[figure]}."
    largest = max(whole.parts, key=lambda each: (each.high, each.low))
    if not largest.high:
        return f"KVM's MMU takes {said}."
    part = numbers.share(share(largest, whole))
    return f"KVM's MMU takes {said}; {part} of it is in {label(largest)}: {MEANINGS[largest.name]}."


def label(term: Term) -> str:
    """Return how a part of the whole is called: shadow pages, or a kmem_cache by its name."""
    group = term.name.partition(".")[0]
    return group if group in KMEM_CACHES else group.replace("_", " ")


def _within(figure: str, whole: Term) -> bool:
    """Return whether a figure is added up in the whole."""
    return any(each.name == figure or (each.op is Op.SUM and _within(figure, each)) for each in whole.parts)


def _pair(comparison: Comparison, figure: str, old: int, new: int) -> tuple[Term, Term]:
    return comparison.ledgers[old][figure], comparison.ledgers[new][figure]


def of_two(comparison: Comparison, figure: str, old: int, new: int) -> str:
    """Return how much more or less one column takes than another one, by their numbers."""
    pair = _pair(comparison, figure, old, new)
    base, name = (comparison.columns[number].name for number in (old, new))
    delta, unit = change(*pair), pair[0].unit
    if delta[:2] == (0, 0):
        return f"{name} and {base} {sentence.takes(unit, PAIR)} the same {figure}: {sentence.amount(pair[1], unit)}."
    words, part = sentence.difference(delta, unit), sentence.part(delta)
    if unit in numbers.UNITLESS:
        return f"{figure} is {words} with {name} than with {base}."
    of = f"{part} of {figure}" if part else figure
    return f"{name} {sentence.changes(delta, unit)} {words} than {base}: {of}{_all_of_it(figure, *pair)}."


def _all_of_it(figure: str, old: Term, new: Term) -> str:
    """Return which part of the whole changed, if it is all of the change, or surely the half of it."""
    if figure != TOTAL:
        return ""
    parts = [(pair[1] or old, difference(*pair)) for pair in paired(old, new)]
    changed = [(part, ends) for part, ends in parts if ends != (0, 0)]
    if len(changed) == 1:
        return f", all of it {label(changed[0][0])}"
    low, high = difference(old, new)
    for part, (least, most) in changed:
        if (high < 0 and 2 * most <= low) or (low > 0 and 2 * least >= high):
            return f", most of it {label(part)}"
    return ""


def _of_many(comparison: Comparison, figure: str) -> str:
    """Say which columns take the least and which one the most, as far as that is sure."""
    names = [column.name for column in comparison.columns]
    ends = [(ledger[figure].high, ledger[figure].low) for ledger in comparison.ledgers]
    best_of, most_of = ends.index(min(ends)), ends.index(max(ends))
    best, most = comparison.ledgers[best_of][figure], comparison.ledgers[most_of][figure]
    least, rivals, sure = [], [], True
    for name, ledger in zip(names, comparison.ledgers, strict=True):
        delta = difference(best, ledger[figure])
        if delta == SAME:
            least.append(name)
        elif delta.low < 0:
            rivals.append(name)
        sure = sure and difference(most, ledger[figure]).high <= 0
    if rivals:
        return sentence.no_winner(least[0], best, best.unit, rivals)
    less = change(most, best)
    words, verb = sentence.difference(less, best.unit, sentence.part(less)), sentence.takes(best.unit, len(least))
    which = sentence.takes(best.unit) if sure else f"may {sentence.takes(best.unit, PAIR)}"
    return (
        f"{sentence.named(least)} {verb} the least {figure}, {sentence.amount(best, best.unit)}:"
        f" {words} than {names[most_of]}, which {which} the most."
    )
