"""What pydantic found wrong with a value, in our words and with the place where it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.scenario.check import checked
from ptelist.scenario.models import RECORDS, ListClass, Vm
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ptelist.errors import Where
    from ptelist.settings.part import Part

CAPACITIES = frozenset(("capacity_below_minimum", "pte_list_desc_capacity", "pte_list_desc_capacity_tdp"))
"""Fields by which a proposal has smaller caches than a kernel of today can have."""


def invalid(errors: Sequence[tuple[Part, Any]]) -> PtelistError:
    """Return an error for the first that pydantic tells of a part, which names what else is wrong."""
    (part, error), *others = errors
    loc, where = _place(part, error)
    said = f"{reason(error, known_fields(part.name, loc[:-1]))}{hint(part.name, loc[0])}"
    named = dict.fromkeys(_named(_place(*other)[1]) for other in others)
    return PtelistError(f"{said} (also wrong: {', '.join(named)})" if named else said, where)


class Fault(NamedTuple):
    """The first of what is wrong with a record, and where in it."""

    path: tuple[str, ...]
    reason: str


def read_record(record: type[NamedTuple], values: Mapping[str, Any]) -> Any:
    """Return a record that a file says, or a `Fault`: pydantic is loaded to tell what is wrong."""
    try:
        return checked(record, values)
    except (ValueError, KeyError):
        from pydantic import ValidationError  # noqa: PLC0415 -- heavy, for faults only

        from ptelist.scenario.validate import validated  # noqa: PLC0415 -- needs pydantic
    try:
        return validated(record, values)
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        inner = [str(step) for step in error["loc"] if not str(step).startswith("function-")]
        return Fault(tuple(inner), reason(error, record._fields))


def _place(part: Part, error: Any) -> tuple[list[str], Where]:
    """Return the path of what is wrong, as pydantic tells it, and where that is said."""
    loc = [str(step) for step in error["loc"]]
    inner = [step for step in loc[1:] if not step.startswith("function-")]
    return loc, part.where(loc[0], inner)


def _named(where: Where) -> str:
    return where.option or where.field


def hint(part: str, field: str) -> str:
    """Return which proposals do what a field alone cannot, "" where there are none."""
    if (part, field) != ("kernel", "cache_capacity"):
        return ""
    kernels = {name: shipped.load(name, "proposals").overlay.kernel for name in shipped.names("proposals")}
    able = [name for name, fields in kernels.items() if CAPACITIES & fields.keys()]
    return f"; these proposals do with less: {', '.join(able)}" if able else ""


def reason(error: Any, known: Iterable[str]) -> str:
    """Return what pydantic found wrong, in our words; `known` are the fields that there are."""
    kind = error["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"unknown field{suggestion(str(error['loc'][-1]), known)}"
    text = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if kind == "string_pattern_mismatch":
        is_any_text = error["ctx"]["pattern"].startswith("^[^")
        text = "should be text on one line" if is_any_text else "should be a version such as 6.18"
    value = error["input"]
    if kind == "value_error":
        return str(text)
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return f"{text}, got {shown[:80]}"


def record_of(part: str) -> type[NamedTuple]:
    """Return the record of "kernel", "config", "host", or of a VM group by any other name."""
    return RECORDS.get(part, Vm)


def known_fields(part: str, inside: list[str] | None = None) -> list[str]:
    """Return the field names of "kernel", "config", "host" or a VM (or of a list inside it)."""
    return list((ListClass if inside else record_of(part))._fields)
