"""The gate: figures of the scenarios under test against their budgets and the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.comparison import pick_one
from ptelist.compare.moved import steps
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.errors import PtelistError
from ptelist.gate.baseline import UPDATE
from ptelist.gate.before import derived
from ptelist.gate.limits import EXACT, GROWTH
from ptelist.gate.totals import change, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.moved import Moved
    from ptelist.engine.interval import Change
    from ptelist.engine.ledger import Ledger, Term
    from ptelist.gate.baseline import Baseline, Entry
    from ptelist.gate.budgets import Gate
    from ptelist.gate.causes import Causes
    from ptelist.gate.limits import Rule
    from ptelist.gate.tested import Tested
    from ptelist.gate.totals import Total

PASS, WARN, FAIL, NEW, REMOVED = STATUSES = ("pass", "warn", "fail", "new", "removed")
MEMCG_BUILT, ACCOUNTED = "config.memcg", "host.memcg"
"""A kernel that is built without a memory controller makes a host account nothing."""

OF_KERNEL = ("kernel.", "config.")
"""How inputs begin that are the kernel's under test."""


class Finding(NamedTuple):
    """What became of one rule, or of one scenario that only the baseline has."""

    status: str
    scenario: str
    rule: Rule | None = None
    term: Term | None = None
    before: Interval | None = None
    most: int | None = None
    """The most that the high end may be, in the figure's unit; None if there is nothing to grow from."""
    old: Term | None = None
    """The baseline's figure, derived of its inputs; None where only its ends are known."""
    growth: Interval | None = None
    """New less old where both are derived."""
    hidden: int = 0
    """How wide the figure is, where that hides growth of more than is allowed."""
    steps: tuple[Moved, ...] = ()
    causes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Arguments and options that make the scenario."""

    @property
    def over(self) -> bool:
        """Return whether the figure is not within its budget."""
        return self.status in {WARN, FAIL}

    @property
    def moved(self) -> bool:
        """Return whether the figure may differ from the baseline's."""
        return self.change is not None and self.change[:2] != (0, 0)

    @property
    def change(self) -> Change | None:
        """Return how the figure differs from the baseline's."""
        if self.term is None or self.before is None:
            return None
        return change(self.term, self.before, self.growth)


class Checked(NamedTuple):
    """What became of a gate."""

    findings: tuple[Finding, ...]
    """One for each rule, in the order of the scenarios, then what only the baseline has."""
    totals: tuple[Total, ...]
    """What each scenario takes in all, where there is something before."""


def check(gate: Gate, tested: Tested, baseline: Baseline | None) -> Checked:
    """Hold figures against the budgets and the baseline.

    Raises PtelistError for a rule about an unknown figure or in another unit, for a growth
    without a baseline, and for a baseline that was taken under other assumptions.
    """
    for rule in gate.rules:
        if baseline is None and rule.relative:
            raise PtelistError(
                f"{gate.baseline}: does not exist, {rule.kind} at {rule.place} is held against it: {UPDATE}"
            )
    rules: dict[str, list[Rule]] = {name: [] for name in tested.ledgers}
    for rule in gate.rules:
        rules[rule.scenario].append(rule)
    findings: list[Finding] = []
    found: list[Total] = []
    if baseline:
        for name in rules:
            _refuse_stale(name, baseline, tested.state.scenarios[name])
    for name, ledger in tested.ledgers.items():  # each by itself: what tells why its figures moved takes much memory
        old = baseline.scenarios.get(name) if baseline else None
        derivation = derived(old, tested.state.scenarios[name], ledger) if old else None
        why = _why(name, baseline, tested.state) if baseline and old else None
        findings += [_finding(rule, tested, baseline, derivation, why) for rule in rules[name]]
        if old and TOTAL in old.figures:
            found.append(total(name, ledger[TOTAL], tested.options[name], old.figures[TOTAL], derivation, why))
    findings += [Finding(REMOVED, name) for name in (baseline.scenarios if baseline else ()) if name not in rules]
    return Checked(tuple(findings), tuple(found))


def _refuse_stale(name: str, baseline: Baseline, now: Entry) -> None:
    """Raise PtelistError if a scenario's host or VMs are not those of the baseline."""
    old = baseline.scenarios[name].inputs if name in baseline.scenarios else now.inputs
    forced = {ACCOUNTED} if not all(side.get(MEMCG_BUILT, True) for side in (old, now.inputs)) else set()
    for path in sorted((old.keys() | now.inputs.keys()) - forced):
        if not path.startswith(OF_KERNEL) and old.get(path) != now.inputs.get(path):
            was, is_ = (side.get(path, "none") for side in (old, now.inputs))
            raise PtelistError(f"{baseline.label}: {name}: stale: {path} was {was}, is {is_}: {UPDATE}")


def _why(name: str, before: Baseline, after: Baseline) -> Causes | None:
    """Return what tells why figures of a scenario moved, None if it is as it was."""
    old, new = before.scenarios[name], after.scenarios[name]
    if (old.inputs, old.figures) == (new.inputs, new.figures):
        return None
    from ptelist.gate.causes import Causes  # noqa: PLC0415 -- for figures that moved only

    return Causes(name, before, after)


def _finding(
    rule: Rule, tested: Tested, baseline: Baseline | None, derivations: Ledger | None, why: Causes | None
) -> Finding:
    ledger = tested.ledgers[rule.scenario]
    try:
        term = ledger[pick_one(ledger, rule.figure)]
    except PtelistError as error:
        raise PtelistError(f"{rule.place}: budget.figure: {error}") from None
    if rule.limit.unit == "bytes" and term.unit is not Unit.BYTES:
        raise PtelistError(
            f"{rule.place}: budget.{rule.kind}: {rule.figure} is in {term.unit}, "
            f'not in bytes: expected a whole number, got "{rule.limit.text}"'
        )
    old = baseline.scenarios.get(rule.scenario) if baseline else None
    before = old.figures.get(rule.figure) if old else None
    most = _most(rule, before)
    derived_before = derivations[term.name] if derivations and before else None
    growth = Interval(*difference(derived_before, term)) if derived_before else None
    hidden = _hidden(rule, term, most, before) if growth is None else 0
    status = _status(rule, term, most, before, growth, known=before is not None or not (baseline and baseline.is_file))
    hidden = hidden if status == PASS else 0
    status = WARN if hidden else status
    moved = before is not None and before != (term.low, term.high)
    told = tuple(why.of(term)) if moved and why else ()
    return Finding(
        status,
        rule.scenario,
        rule,
        term,
        before,
        most,
        derived_before,
        growth,
        hidden,
        tuple(steps(term, old.figures)) if old and told else (),
        told,
        tested.options[rule.scenario],
    )


def _most(rule: Rule, before: Interval | None) -> int | None:
    """Return the most that a figure's high end may be, exactly: a percentage is rounded down to whole units."""
    if not rule.relative:
        return int(rule.limit.amount)
    if before is None:
        return None
    growth = rule.limit.amount * before.low if rule.limit.unit == "percent" else rule.limit.amount
    return before.high + int(growth)


def _hidden(rule: Rule, term: Term, most: int | None, before: Interval | None) -> int:
    """Return the width of a figure, if that is more than it may grow: its ends say nothing of what lies between."""
    if rule.kind != GROWTH or before is None or most is None:
        return 0
    width = max(term.high - term.low, before.high - before.low)
    return width if width > most - before.high else 0


def _status(  # noqa: PLR0913 -- what a verdict rests on
    rule: Rule, term: Term, most: int | None, before: Interval | None, growth: Interval | None, *, known: bool
) -> str:
    if most is None:
        return NEW
    if rule.kind == EXACT:
        over = (term.low, term.high) != (before if rule.relative else (most, most))
    elif rule.kind == GROWTH and growth and before:
        over = growth.high > most - before.high
    else:
        over = term.high > most
    return rule.severity if over else PASS if known else NEW


def problems(findings: Sequence[Finding], remedy: str = UPDATE) -> Iterator[str]:
    """Yield what is wrong with the baseline and its remedy, a line each."""
    for status, text in ((NEW, "not in the baseline"), (REMOVED, "in the baseline only")):
        names = list(dict.fromkeys(each.scenario for each in findings if each.status == status))
        if names:
            yield f"{', '.join(names)}: {text}: {remedy}"
