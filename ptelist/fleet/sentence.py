"""What a fleet takes and what may save how much of it, in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.output import numbers, sentence

if TYPE_CHECKING:
    from ptelist.engine.interval import Change
    from ptelist.fleet.report import FleetReport


def headline(report: FleetReport) -> str:
    """Return the sum of the figure that counts, its average over the hosts, and what the best what-if saves."""
    figure = next(iter(report.figures)) if report.wanted else TOTAL
    unit, counted = report.figures[figure], report.counted(None)
    ends, _ = report.value(None, 0, figure)
    said = f"{sentence.plural(counted.hosts, 'host')} with {sentence.plural(counted.vms, 'VM')}"
    text = f"{said} {sentence.takes(unit, counted.hosts)} {sentence.amount(ends, unit)} of {figure}"
    if unit is Unit.BYTES and counted.hosts > 1:
        mean = Interval(ends.low // counted.hosts, -(-ends.high // counted.hosts))
        text += f", {numbers.human(*mean)} each on average"
    share = report.share() if figure == TOTAL else None
    if share:
        known = report.host_memory
        whose = f"memory that is known, of {known.hosts:,} of the hosts" if known else "hosts' memory"
        text += f", {numbers.share(share)} of the {whose}"
    return f"{text}.{_saved(report, figure, unit)}"


def _saved(report: FleetReport, figure: str, unit: Unit) -> str:
    """Return what the what-if that takes the least changes."""
    changes: list[tuple[Change, str]] = []
    for number, what_if in enumerate(report.what_ifs):
        _, change = report.value(None, number, figure)
        changes += [(change, what_if.name)] if change else []
    if not changes:
        return ""
    change, name = min(changes, key=lambda each: (each[0].high, each[0].low))
    who = name if len(changes) == 1 else f"Of {len(changes)} what-ifs {name} is best: it"
    if change[:2] == (0, 0):
        return f" {who} {sentence.takes(unit)} the same."
    return f" {who} {sentence.changes(change, unit)} {sentence.difference(change, unit, sentence.part(change))}."
