"""JUnit's XML: a suite for each scenario, a case for each budget."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ptelist.gate import finding
from ptelist.gate.check import FAIL, NEW, PASS, REMOVED
from ptelist.gate.page import by_scenario, context
from ptelist.output.plain import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.gate.check import Finding
    from ptelist.gate.page import GateReport

ERRORS = frozenset((NEW, REMOVED))
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def render(report: GateReport) -> str:
    """Return the document in ASCII; a warning is a case that passes and says so."""
    root = ET.Element("testsuites", {"name": "ptelist check"} | _counts(report.findings))
    for scenario, findings in by_scenario(report).items():
        suite = ET.SubElement(root, "testsuite", {"name": clean(scenario)} | _counts(findings))
        properties = ET.SubElement(suite, "properties")
        for note in context(report):
            ET.SubElement(properties, "property", {"name": clean(note.head), "value": clean(note.text)})
        for each in findings:
            _case(suite, each)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=False)
    return f"{DECLARATION}{body.decode()}\n"


def _counts(findings: Sequence[Finding]) -> dict[str, str]:
    return {
        "tests": str(len(findings)),
        "failures": str(sum(each.status == FAIL for each in findings)),
        "errors": str(sum(each.status in ERRORS for each in findings)),
        "skipped": "0",
    }


def _case(suite: ET.Element, each: Finding) -> None:
    case = ET.SubElement(suite, "testcase", classname=clean(each.scenario), name=clean(finding.name(each)))
    if each.status == PASS:
        return
    text = "\n".join(map(clean, (finding.headline(each), *finding.reasons(each))))
    if each.status == FAIL or each.status in ERRORS:
        tag = "failure" if each.status == FAIL else "error"
        body = ET.SubElement(case, tag, message=clean(finding.headline(each)), type=each.status)
    else:
        body = ET.SubElement(case, "system-out")
        text = f"warning: {text}"
    body.text = text
