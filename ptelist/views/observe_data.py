"""What `ptelist observe` found, for programs: CSV and JSON."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ptelist.views.json import dump
from ptelist.views.observe import VERDICTS

if TYPE_CHECKING:
    from ptelist.observation import Observation
    from ptelist.watcher import Check, Observed

COLUMNS = ("cache", "figure", "unit", "measured_low", "measured_high", "predicted_low", "predicted_high", "verdict")


def to_csv(found: Observation) -> str:
    """Return a row a check."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cache in (*found.caches, *found.others):
        for check in cache.checks:
            measured, predicted = (span or ("", "") for span in (check.measured, check.predicted))
            writer.writerow((cache.name, check.name, check.unit.value, *measured, *predicted, VERDICTS[check.agrees]))
    return out.getvalue()


def to_json(found: Observation) -> str:
    """Return all of it, with the scenario that the predictions are for."""
    return dump(
        found.comparison.command,
        found.comparison.assumptions,
        scenario=found.comparison.columns[0].scenario.model_dump(mode="json"),
        caches=list(map(_json, found.caches)),
        others=list(map(_json, found.others)),
        vms=[{"name": vm.name, "stats": vm.stats, "rmaps_stat": vm.rmaps_stat} for vm in found.vms],
        notes=list(found.notes),
        differing=len(found.differing),
    )


def _json(cache: Observed) -> dict[str, Any]:
    return {"name": cache.name, "notes": cache.notes, "checks": {check.name: _check(check) for check in cache.checks}}


def _check(check: Check) -> dict[str, Any]:
    spans = {"measured": check.measured, "predicted": check.predicted}
    ends = {name: span and {"low": span.low, "high": span.high} for name, span in spans.items()}
    return {**ends, "unit": check.unit.value, "verdict": VERDICTS[check.agrees].lower()}
