"""JUnit's XML: a suite for each scenario, a case for each budget."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ptelist.gate import finding
from ptelist.gate.check import FAIL, NEW, PASS, REMOVED
from ptelist.gate.page import by_scenario, context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.gate.check import Finding
    from ptelist.gate.page import GateReport

ERRORS = frozenset((NEW, REMOVED))
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_NO_XML = r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def render(report: GateReport) -> str:
    """Return the document in ASCII; a warning is a case that passes and says so."""
    root = ET.Element("testsuites", {"name": "ptelist check"} | _counts(report.findings))
    for scenario, findings in by_scenario(report).items():
        suite = ET.SubElement(root, "testsuite", {"name": scenario} | _counts(findings))
        properties = ET.SubElement(suite, "properties")
        for note in context(report):
            ET.SubElement(properties, "property", {"name": _xml(note.head), "value": _xml(note.text)})
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
    case = ET.SubElement(suite, "testcase", classname=each.scenario, name=finding.name(each))
    if each.status == PASS:
        return
    text = "\n".join((finding.headline(each), *finding.reasons(each)))
    if each.status == FAIL or each.status in ERRORS:
        tag = "failure" if each.status == FAIL else "error"
        body = ET.SubElement(case, tag, message=_xml(finding.headline(each)), type=each.status)
    else:
        body = ET.SubElement(case, "system-out")
        text = f"warning: {text}"
    body.text = _xml(text)


def _xml(text: str) -> str:
    """Return text with what XML cannot hold written as escapes."""
    return re.sub(_NO_XML, lambda match: ascii(match[0])[1:-1], text)
