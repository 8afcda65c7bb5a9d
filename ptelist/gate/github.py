"""GitHub's workflow commands: an annotation at the budget's line for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.gate import finding
from ptelist.gate.budgets import BUILT_IN
from ptelist.gate.check import PASS, WARN
from ptelist.gate.page import context, summary
from ptelist.output.plain import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.gate.check import Finding
    from ptelist.gate.page import GateReport

ANNOTATION = "ptelist check"


def render(report: GateReport) -> str:
    """Return a line for each finding that is not a pass, and one for the whole."""
    lines = [_annotation(each) for each in report.findings if each.status != PASS]
    whole = _data((summary(report), *map(str, context(report))))
    lines.append(f"::notice title={ANNOTATION}::{whole}")
    return "\n".join(lines) + "\n"


def _annotation(each: Finding) -> str:
    level = "warning" if each.status == WARN else "error"
    text = _data((finding.headline(each), *finding.reasons(each)))
    fields = {}
    if each.rule and each.rule.place.file not in {BUILT_IN, "-"}:
        fields = {"file": each.rule.place.file, "line": str(each.rule.place.line or 1)}
    fields["title"] = f"{ANNOTATION}: {each.scenario}: {each.status}"
    return f"::{level} {','.join(f'{key}={_property(value)}' for key, value in fields.items())}::{text}"


def _data(lines: Iterable[str]) -> str:
    return "%0A".join(clean(line).replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data([text]).replace(":", "%3A").replace(",", "%2C")
