"""The figures of a baseline as derivations: growth is then derived, and an interval hides none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.account import account
from ptelist.engine.interval import Interval
from ptelist.scenario.check import checked
from ptelist.scenario.models import RECORDS, Scenario
from ptelist.scenario.overlay import Source, frozen
from ptelist.settings.consistency import problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptelist.engine.ledger import Ledger
    from ptelist.gate.baseline import Entry

GROUPS = "vms"
IN_BASELINE = Source("the baseline")


def derived(old: Entry, now: Entry, ledger: Ledger) -> Ledger | None:
    """Return a baseline's figures of a scenario, worked out of the inputs that it keeps; `ledger` are those of now.

    None if these inputs are none of today's, or if they give other figures than were written: ptelist's
    model changed since. Figures that were not written are new ones.
    """
    if old.inputs != now.inputs:
        scenario = rebuilt(old, now)
        if scenario is None:
            return None
        ledger = account(scenario)
    written = {name: Interval.of(term) for name, term in ledger.items() if name in old.figures}
    return ledger if written == old.figures else None


def rebuilt(old: Entry, now: Entry) -> Scenario | None:
    """Return the scenario of the inputs; what is the same now has the source that it has now.

    A field that ptelist did not have then is taken to be as it is now: the figures tell if it was not.
    None if it cannot be, today.
    """
    return _rebuilt(old.inputs, now) or _rebuilt(_with_new_fields(old.inputs, now.inputs), now)


def _with_new_fields(old: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with those fields of now that they have not, for the same machine, kernel and VMs."""
    known = {path.rpartition(".")[0] for path in old}
    return {path: value for path, value in now.items() if path.rpartition(".")[0] in known} | dict(old)


def _rebuilt(inputs: Mapping[str, Any], now: Entry) -> Scenario | None:
    parts: dict[str, dict[str, Any]] = {}
    for path, value in inputs.items():
        part, _, field = path.rpartition(".")
        parts.setdefault(part, {})[field] = frozen(value)
    proposals = parts.pop("", {}).get("proposals", ())
    groups = sorted((part for part in parts if part.startswith(f"{GROUPS}.")), key=lambda part: (len(part), part))
    try:
        own = {part: checked(RECORDS[part], parts.get(part, {})) for part in ("kernel", "config", "host")}
        vms = tuple(checked(RECORDS["vm"], parts[part]) for part in groups)
    except (ValueError, KeyError):
        return None
    same = {path: source for path, source in now.sources.items() if inputs.get(path) == now.inputs.get(path)}
    sources = dict.fromkeys(inputs, IN_BASELINE) | same
    if not vms:
        return None
    scenario = Scenario(**own, vms=vms, proposals=proposals, sources=sources)
    return None if next(problems(scenario), None) else scenario
