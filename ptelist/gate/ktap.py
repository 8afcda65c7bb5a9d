"""KTAP version 1, as Documentation/dev-tools/ktap.rst has it: a subtest for each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.gate import finding
from ptelist.gate.check import FAIL, NEW, PASS, REMOVED, WARN
from ptelist.gate.page import by_scenario, context
from ptelist.output.plain import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.gate.check import Finding
    from ptelist.gate.page import GateReport

VERSION_LINE = "KTAP version 1"
NOT_OK = frozenset((FAIL, NEW, REMOVED))
DIRECTIVES = {PASS: "", FAIL: "", WARN: " # over budget, severity warn", NEW: " # ERROR", REMOVED: " # ERROR"}


def render(report: GateReport) -> str:
    """Return the results; diagnostics stand before the line that they explain."""
    groups = by_scenario(report)
    lines = [VERSION_LINE, f"1..{len(groups)}", *(_diagnostic(str(note)) for note in context(report))]
    for number, (scenario, findings) in enumerate(groups.items(), 1):
        lines += [f"  {line}" for line in _subtest(scenario, findings)]
        bad = any(each.status in NOT_OK for each in findings)
        lines.append(f"{'not ok' if bad else 'ok'} {number} {_name(scenario)}")
    return "\n".join(lines) + "\n"


def _subtest(scenario: str, findings: list[Finding]) -> Iterator[str]:
    yield VERSION_LINE
    yield f"# Subtest: {_name(scenario)}"
    yield f"1..{len(findings)}"
    for number, each in enumerate(findings, 1):
        if each.status != PASS:
            texts = (finding.headline(each), *finding.reasons(each))
            yield from map(_diagnostic, texts)
        verdict = "not ok" if each.status in NOT_OK else "ok"
        yield f"{verdict} {number} {_name(finding.name(each))}{DIRECTIVES[each.status]}"


def _diagnostic(text: str) -> str:
    return f"# {clean(text, 'ascii')}"


def _name(text: str) -> str:
    """Return a name without "#", where a directive such as SKIP would begin."""
    return clean(text, "ascii").replace("#", r"\x23")
