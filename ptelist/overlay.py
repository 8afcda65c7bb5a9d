"""Partial scenarios that are laid over each other until one is whole.

Presets, proposals and options all end here, each setting with its origin, so
that any value can be traced and any error can name its line or its option.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from ptelist import toml_lines
from ptelist.errors import PtelistError, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptelist.consistency import Problem
    from ptelist.scenario import Model, Scenario

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
            self._lines = toml_lines.index(self._text) if self._text else {}
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
    """Settings of a kernel, a host, every VM group, the groups themselves, and the kernel's configuration."""

    kernel: Fields = NONE
    host: Fields = NONE
    vm: Fields = NONE
    vms: tuple[Fields, ...] = ()
    proposals: tuple[tuple[str, str], ...] = ()
    config: Fields = NONE

    def over(self, base: Overlay) -> Overlay:
        """Return base with this laid over it; groups given here replace base's."""
        groups = tuple(base.vm | group for group in self.vms) or tuple(group | self.vm for group in base.vms)
        return Overlay(
            base.kernel | self.kernel,
            base.host | self.host,
            base.vm | self.vm,
            groups,
            base.proposals + self.proposals,
            base.config | self.config,
        )

    def groups(self) -> tuple[Fields, ...]:
        """Return the VM groups; `[vm]` alone is one group."""
        return self.vms or (self.vm,)


OFTEN = 8
"""Parts of one name from which on it is worth it to check only what changes."""


class Builder:
    """Builds scenarios; settings that are the very same as before are not validated again."""

    def __init__(self) -> None:
        """Start with nothing validated."""
        self._parts: dict[tuple[str, int], _Part] = {}
        self._last: dict[str, tuple[int, _Part]] = {}
        from ptelist.engine.shared import Shared  # noqa: PLC0415 -- overlays alone need no engine

        self._shared = Shared()

    def build(self, overlay: Overlay) -> Scenario:
        """Return the validated scenario.

        Raises PtelistError with one line that names the file and line, or the option,
        of the first value that is missing, unknown, of a wrong type or out of range.
        """
        from ptelist.scenario import Config, Host, Kernel, Scenario, Vm  # noqa: PLC0415 -- heavy, not for --help

        kernel, host = self._part("kernel", Kernel, overlay.kernel), self._part("host", Host, overlay.host)
        config = self._part("config", Config, overlay.config)
        vms = [self._part(f"vms.{number}", Vm, group) for number, group in enumerate(overlay.groups())]
        parts = {part.name: part for part in (kernel, config, host, *vms)}
        if errors := [(part, error) for part in parts.values() for error in part.errors]:
            raise PtelistError(_message(*errors[0], len(errors) - 1))
        sources = {f"proposals.{name}": about for name, about in overlay.proposals}
        for part in parts.values():
            sources |= part.sources
        scenario = Scenario.model_construct(
            kernel=kernel.model,
            config=config.model,
            host=host.model,
            vms=tuple(part.model for part in vms),
            proposals=tuple(name for name, _ in overlay.proposals),
            sources=sources,
        )
        if problem := self._shared.once(("problem",), scenario, _problem):
            raise PtelistError(_told(problem, parts))
        return scenario

    def _part(self, name: str, model: type[Model], fields: Fields) -> _Part:
        key = name, id(fields)
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = self._new(name, model, fields)
        return found

    def _new(self, name: str, model: type[Model], fields: Fields) -> _Part:
        last = self._last.get(name)
        count = last[0] + 1 if last else 1
        found = _varied(last[1], model, fields) if last and count > OFTEN else None
        found = found or _validated(name, model, fields)
        if not found.errors:
            self._last[name] = count, found
        return found


class _Part(NamedTuple):
    """A part of a scenario as validated; its settings are kept, so that no others get their id."""

    name: str
    fields: Fields
    model: Any
    sources: dict[str, str]
    errors: list[Any]


def _validated(name: str, model: type[Model], fields: Fields) -> _Part:
    from pydantic import ValidationError  # noqa: PLC0415 -- heavy, not needed for --help

    sources = {f"{name}.{field}": setting.provenance for field, setting in fields.items()}
    try:
        found = model.model_validate({field: setting.value for field, setting in fields.items()})
    except ValidationError as error:
        return _Part(name, fields, None, sources, error.errors(include_url=False))
    return _Part(name, fields, found, sources, [])


def _varied(part: _Part, model: type[Model], fields: Fields) -> _Part | None:
    """Return a part that says the same as another but for some values, only these checked; None if it does not."""
    from pydantic import ValidationError  # noqa: PLC0415 -- heavy, not needed for --help

    if list(part.fields) != list(fields):
        return None
    new = {field: setting for field, setting in fields.items() if part.fields[field] is not setting}
    try:
        values = {field: _check_of(model, field)(setting.value) for field, setting in new.items()}
    except ValidationError:
        return None
    sources = part.sources | {f"{part.name}.{field}": setting.provenance for field, setting in new.items()}
    return _Part(part.name, fields, part.model.model_copy(update=values), sources, [])


@cache
def _check_of(model: type[Model], field: str) -> Callable[[object], Any]:
    """Return what validates one field as the model does."""
    from pydantic import TypeAdapter  # noqa: PLC0415 -- heavy, for many scenarios only

    info = model.model_fields[field]
    kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(kind, config=model.model_config)
    return adapter.validate_python


def _problem(scenario: Scenario) -> Problem | None:
    from ptelist.consistency import problems  # noqa: PLC0415 -- after the models

    return next(problems(scenario), None)


def _told(problem: Problem, parts: dict[str, _Part]) -> str:
    part, field, text = problem
    setting = parts[part].fields.get(field)
    where = setting.origin.at(setting.path) if setting else part
    name = "" if where.startswith("--") else f"{part.partition('.')[0].rstrip('s')}.{field}: "
    return f"{where}: {name}{text}"


def _message(part: _Part, error: Any, others: int) -> str:
    loc = [str(step) for step in error["loc"]]
    setting = part.fields.get(loc[0])
    inner = [step for step in loc[1:] if not step.startswith("function-")]
    kind = part.name.partition(".")[0].rstrip("s")
    where = setting.origin.at(".".join([setting.path, *inner])) if setting else part.name
    name = ".".join(inner if where.startswith("--") else [kind, loc[0], *inner])
    more = f" (and {others} more)" if others else ""
    return f"{where}: {name + ': ' if name else ''}{reason(error, known_fields(part.name, loc[:-1]))}{more}"


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
    """Return the field names of "kernel", "config", "host" or a VM (or of a list inside it)."""
    from ptelist import scenario  # noqa: PLC0415 -- heavy, not needed for --help

    if inside:
        return list(scenario.ListClass.model_fields)
    models: dict[str, type[scenario.Model]] = {
        "kernel": scenario.Kernel,
        "config": scenario.Config,
        "host": scenario.Host,
    }
    return list(models.get(part, scenario.Vm).model_fields)
