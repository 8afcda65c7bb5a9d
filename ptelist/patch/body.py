"""The reply for programs: what each patch changes, and each place's costs, beside the columns of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ptelist.engine.interval import Ends
    from ptelist.patch.costs import Cost
    from ptelist.patch.reply import Reply
    from ptelist.patch.states import Step


def body(reply: Reply) -> dict[str, Any]:
    """Return what goes into JSON."""
    counting = [step.patch.label for step in reply.counting]
    return {
        "patches": [_patch(step) for step in reply.steps],
        "costs": [_cost(cost, counting) for cost in reply.costs],
    }


def _patch(step: Step) -> dict[str, Any]:
    return {
        "label": step.patch.label,
        "title": step.patch.title,
        "structs": {
            name: {each.name: {"before": _place(each.before), "after": _place(each.after)} for each in changes}
            for name, changes in step.structs()
        },
        "kernel": {each.name: {"before": each.before, "after": each.after} for each in step.fields()},
        "config": {name: {"before": old, "after": new} for name, old, new in step.options()},
        "proposals": list(step.proposals),
    }


def _place(place: Any) -> Any:
    """Return a size in bytes, or a member's offset and width in bits."""
    return {"offset_bits": place[0], "width_bits": place[1]} if isinstance(place, tuple) else place


def _cost(cost: Cost, counting: list[str]) -> dict[str, Any]:
    return {
        "place": cost.place,
        "before": _ends(cost.values[0]),
        "after": _ends(cost.values[-1]),
        "patches": [{"label": label} | _ends(step) for label, step in zip(counting, cost.steps, strict=True)],
        "change": _ends(cost.whole),
    }


def _ends(known: Ends) -> dict[str, Any]:
    return {"low": known.low, "high": known.high}
