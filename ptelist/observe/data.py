"""What `ptelist observe` found, for programs: CSV and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.observe.page import VERDICT_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.observe.observation import Observation
    from ptelist.observe.watcher import Check, Observed

CSV_HEAD = ("cache", "figure", "unit", "measured_low", "measured_high", "predicted_low", "predicted_high", "verdict")


def rows(observation: Observation) -> Iterator[tuple[object, ...]]:
    """Return a row a check."""
    yield CSV_HEAD
    for cache in observation.all_caches:
        for check in cache.checks:
            measured, predicted = (span or ("", "") for span in (check.measured, check.predicted))
            yield cache.name, check.name, check.unit.value, *measured, *predicted, VERDICT_OF[check.agrees]


def body(observation: Observation) -> dict[str, Any]:
    """Return all of it, with the scenario that the predictions are for."""
    return {
        "scenario": observation.comparison.columns[0].scenario.values(),
        "caches": list(map(_json, observation.caches)),
        "others": list(map(_json, observation.others)),
        "vms": [{"name": vm.name, "stats": vm.stats, "rmaps_stat": vm.rmaps_stat} for vm in observation.vms],
        "notes": [*map(str, observation.notes)],
        "differing": len(observation.differing),
    }


def _json(cache: Observed) -> dict[str, Any]:
    return {
        "name": cache.name,
        "notes": [*map(str, cache.notes)],
        "checks": {check.name: _check(check) for check in cache.checks},
    }


def _check(check: Check) -> dict[str, Any]:
    spans = {"measured": check.measured, "predicted": check.predicted}
    ends = {name: span and {"low": span.low, "high": span.high} for name, span in spans.items()}
    return {**ends, "unit": check.unit.value, "verdict": VERDICT_OF[check.agrees].lower()}
