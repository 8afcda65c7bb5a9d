"""JSON: the stable contract that other programs build on, schema ptelist/1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ptelist import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.comparison import Comparison
    from ptelist.engine.ledger import Term

SCHEMA = "ptelist/1"


def render(comparison: Comparison, wanted: tuple[str, ...], **more: Any) -> str:
    """Return the comparison; keys sorted, columns in their order."""
    from ptelist.comparison import pick  # noqa: PLC0415 -- other documents are of no comparison

    return dump(
        comparison.command,
        comparison.assumptions,
        **more,
        baseline=comparison.baseline,
        configs=[
            {
                "name": column.name,
                "axes": column.axes,
                "baseline": comparison.columns[column.baseline].name,
                "scenario": column.scenario.model_dump(mode="json"),
                "figures": {
                    name: {"low": ledger[name].low, "high": ledger[name].high, "unit": ledger[name].unit.value}
                    for name in pick(ledger, wanted) or ledger
                },
            }
            for column, ledger in zip(comparison.columns, comparison.ledgers, strict=True)
        ],
    )


def render_tree(comparison: Comparison, figure: str) -> str:
    """Return one figure of the first column with all that it rests on."""
    tree = _tree(comparison.ledgers[0][figure])
    return dump(comparison.command, comparison.assumptions, config=comparison.columns[0].name, figure=tree)


def dump(command: str, assumptions: Sequence[str], **body: Any) -> str:
    """Return a document with the fields that all of them have."""
    head = {"schema": SCHEMA, "version": __version__, "command": command, "assumptions": assumptions}
    return json.dumps(head | body, indent=2, sort_keys=True) + "\n"


def _tree(term: Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "low": term.low,
        "high": term.high,
        "unit": term.unit.value,
        "op": term.op.value,
        "note": term.note,
        "parts": [_tree(part) for part in term.parts],
    }
