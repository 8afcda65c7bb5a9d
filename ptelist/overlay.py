"""Partial scenarios that are laid over each other until one is whole.

Presets, proposals and options all end here, each setting with its origin, so
that any value can be traced and any error can name its line or its option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist import toml_lines
from ptelist.errors import PtelistError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.scenario import Scenario

Fields = dict[str, "Setting"]


class Origin:
    """The file (with its text) or the option that says something."""

    __slots__ = ("_lines", "_text", "label")

    def __init__(self, label: str, text: str = "") -> None:
        """Take a file's name and text, or an option's name."""
        self.label = label
        self._text = text
        self._lines: dict[str, int] | None = None

    def at(self, path: str) -> str:
        """Return `file:line` for the nearest known key at or above path."""
        label, line = self.place(path)
        return f"{label}:{line}" if line else label

    def place(self, path: str) -> tuple[str, int]:
        """Return file and line for the nearest known key at or above path; line 0 if there is none."""
        if self._lines is None:
            self._lines = toml_lines.index(self._text)
        while path and path not in self._lines:
            path = path.rpartition(".")[0]
        return self.label, self._lines.get(path, 0)


class Setting(NamedTuple):
    """One value, where it was said, and its kernel source."""

    value: Any
    origin: Origin
    path: str = ""
    source: str = ""
    unverified: bool = False

    @property
    def provenance(self) -> str:
        """Return the source, or where it was said if there is none."""
        text = self.source or self.origin.at(self.path)
        return f"{text} [UNVERIFIED]" if self.unverified and "UNVERIFIED" not in text else text


NONE: Fields = {}
"""No settings; never written to."""


class Overlay(NamedTuple):
    """Settings of a kernel, a host, every VM group, and the groups themselves."""

    kernel: Fields = NONE
    host: Fields = NONE
    vm: Fields = NONE
    vms: tuple[Fields, ...] = ()
    proposals: tuple[tuple[str, str], ...] = ()

    def over(self, base: Overlay) -> Overlay:
        """Return base with this laid over it; groups given here replace base's."""
        groups = tuple(base.vm | group for group in self.vms) or tuple(group | self.vm for group in base.vms)
        return Overlay(
            base.kernel | self.kernel,
            base.host | self.host,
            base.vm | self.vm,
            groups,
            base.proposals + self.proposals,
        )

    def groups(self) -> tuple[Fields, ...]:
        """Return the VM groups; `[vm]` alone is one group."""
        return self.vms or (self.vm,)


def build(overlay: Overlay) -> Scenario:
    """Return the validated scenario.

    Raises PtelistError with one line that names the file and line, or the option,
    of the first value that is missing, unknown, of a wrong type or out of range.
    """
    from pydantic import ValidationError  # noqa: PLC0415 -- heavy, not needed for --help

    from ptelist.scenario import Scenario  # noqa: PLC0415 -- heavy, not needed for --help

    groups = overlay.groups()
    parts = {"kernel": overlay.kernel, "host": overlay.host}
    parts |= {f"vms.{number}": group for number, group in enumerate(groups)}
    sources = {
        f"{part}.{field}": setting.provenance for part, fields in parts.items() for field, setting in fields.items()
    }
    sources |= {f"proposals.{name}": about for name, about in overlay.proposals}
    try:
        scenario = Scenario.model_validate(
            {
                "kernel": {name: setting.value for name, setting in overlay.kernel.items()},
                "host": {name: setting.value for name, setting in overlay.host.items()},
                "vms": tuple({name: setting.value for name, setting in group.items()} for group in groups),
                "proposals": tuple(name for name, _ in overlay.proposals),
                "sources": sources,
            }
        )
    except ValidationError as error:
        raise PtelistError(_message(error.errors(include_url=False), parts)) from None
    _check(scenario, parts)
    return scenario


def _check(scenario: Scenario, parts: dict[str, Fields]) -> None:
    from ptelist.consistency import problems  # noqa: PLC0415 -- after the models

    for part, field, text in problems(scenario):
        setting = parts[part].get(field)
        where = setting.origin.at(setting.path) if setting else part
        name = "" if where.startswith("--") else f"{part.partition('.')[0].rstrip('s')}.{field}: "
        raise PtelistError(f"{where}: {name}{text}")


def _message(errors: list[Any], parts: dict[str, Fields]) -> str:
    errors = [error for error in errors if error["loc"] != ("vms",)]  # follows from one inside
    error = errors[0]
    loc = [str(step) for step in error["loc"]]
    cut = 2 if loc[0] == "vms" else 1
    part, fields = ".".join(loc[:cut]), loc[cut:]
    setting = parts.get(part, {}).get(fields[0]) if fields else None
    inner = [step for step in fields[1:] if not step.startswith("function-")]
    name = ".".join([part.partition(".")[0].rstrip("s"), *fields[:1], *inner])
    where = setting.origin.at(".".join([setting.path, *inner])) if setting else part
    if where.startswith("--"):
        name = ".".join(inner)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {name + ': ' if name else ''}{reason(error, known_fields(part, fields[:-1]))}{more}"


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


def known_fields(part: str, inside: list[str] | None = None) -> list[str]:
    """Return the field names of "kernel", "host" or a VM (or of a list inside it)."""
    from ptelist import scenario  # noqa: PLC0415 -- heavy, not needed for --help

    if inside:
        return list(scenario.ListClass.model_fields)
    models: dict[str, type[scenario.Model]] = {"kernel": scenario.Kernel, "host": scenario.Host}
    return list(models.get(part, scenario.Vm).model_fields)
