"""What pydantic found wrong with a value, in our words and with the place where it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.scenario.models import RECORDS, ListClass, Vm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.settings.builder import Part


def invalid(part: Part, error: Any, others: int) -> PtelistError:
    """Return an error for what pydantic tells of a part, and how many more there are."""
    loc = [str(step) for step in error["loc"]]
    inner = [step for step in loc[1:] if not step.startswith("function-")]
    more = f" (and {others} more)" if others else ""
    return PtelistError(f"{reason(error, known_fields(part.name, loc[:-1]))}{more}", part.where(loc[0], inner))


def reason(error: Any, known: Iterable[str]) -> str:
    """Return what pydantic found wrong, in our words; `known` are the fields that there are."""
    kind = error["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"unknown field{suggestion(str(error['loc'][-1]), known)}"
    text = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
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
