"""From an overlay to a scenario: each part validated once, every fault told by where it was said."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from ptelist.errors import PtelistError, Where, suggestion
from ptelist.scenario.overlay import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ptelist.scenario.models import Kernel, Model, Scenario, Vm
    from ptelist.scenario.overlay import Fields
    from ptelist.settings.consistency import Problem

TAKING_AWAY = ("nested", "paging")
"""Fields of a VM that leave no room for what others say."""
OFTEN = 8
"""Parts of one name from which on it is worth it to check only what changes."""


class Builder:
    """Validates parts and builds scenarios of them; of many parts alike, only what differs is validated."""

    def __init__(self) -> None:
        """Start with nothing validated."""
        self._last: dict[str, tuple[int, Part]] = {}
        """The last valid part of each name, and how many there were."""
        from ptelist.engine.shared import Shared  # noqa: PLC0415 -- overlays alone need no engine

        self._shared = Shared()

    def part(self, name: str, fields: Fields) -> Part:
        """Return a part as its model has it: "kernel", "config", "host", or "vms.0" and so on."""
        count, last = self._last.get(name, (0, None))
        part = _varied(last, fields) if last and count >= OFTEN else None
        part = part or _validated(name, fields)
        if not part.errors:
            self._last[name] = count + 1, part
        return part

    def build(
        self, kernel: Part, config: Part, host: Part, vms: Sequence[Part], proposals: Sequence[tuple[str, str]]
    ) -> Scenario:
        """Return the scenario of these parts; a proposal is its name and what is known of it.

        Raises PtelistError with one line that names the file and line, or the option,
        of the first value that is missing, unknown, of a wrong type, out of range or at odds with others.
        """
        from ptelist.scenario.models import Scenario  # noqa: PLC0415 -- heavy, not for --help

        parts = {part.name: part for part in (kernel, config, host, *vms)}
        if errors := [(part, error) for part in parts.values() for error in part.errors]:
            raise _invalid(*errors[0], len(errors) - 1)
        sources = {f"proposals.{name}": Source(about) for name, about in proposals}
        for part in parts.values():
            sources |= part.sources
        scenario = Scenario.model_construct(
            kernel=kernel.model,
            config=config.model,
            host=host.model,
            vms=tuple(_without_void(kernel.model, part) for part in vms),
            proposals=tuple(name for name, _ in proposals),
            sources=sources,
        )
        if problem := self._shared.once(("problem",), scenario, _problem):
            raise _inconsistent(problem, parts)
        return scenario


class Part(NamedTuple):
    """A part of a scenario as validated, with the settings that say it and what is wrong with them."""

    name: str
    fields: Fields
    model: Any
    sources: dict[str, Source]
    errors: list[Any]

    def by_option(self, field: str) -> bool:
        """Return whether an option of the command line says it."""
        return field in self.fields and self.fields[field].origin.is_option


def _validated(name: str, fields: Fields) -> Part:
    from pydantic import ValidationError  # noqa: PLC0415 -- heavy, not needed for --help

    sources = {f"{name}.{field}": setting.provenance for field, setting in fields.items()}
    try:
        model = _model(name).model_validate({field: setting.value for field, setting in fields.items()})
    except ValidationError as error:
        return Part(name, fields, None, sources, error.errors(include_url=False))
    return Part(name, fields, model, sources, [])


def _without_void(kernel: Kernel, part: Part) -> Vm:
    """Return a VM without what presets say of an L2, or of lists, that options took away."""
    vm: Vm = part.model
    if not any(part.by_option(field) for field in TAKING_AWAY):
        return vm
    from ptelist.settings.void import taken_away  # noqa: PLC0415 -- after the models

    void = {field: value for field, value in taken_away(kernel, vm).items() if not part.by_option(field)}
    return vm.model_copy(update=void) if void else vm


def _varied(part: Part, fields: Fields) -> Part | None:
    """Return a part that says the same as another but for some values, only these checked; None if it does not."""
    from pydantic import ValidationError  # noqa: PLC0415 -- heavy, not needed for --help

    if list(part.fields) != list(fields):
        return None
    new = {field: setting for field, setting in fields.items() if part.fields[field] is not setting}
    model = _model(part.name)
    try:
        values = {field: _check_of(model, field)(setting.value) for field, setting in new.items()}
    except ValidationError:
        return None
    sources = part.sources | {f"{part.name}.{field}": setting.provenance for field, setting in new.items()}
    return Part(part.name, fields, part.model.model_copy(update=values), sources, [])


@cache
def _check_of(model: type[Model], field: str) -> Callable[[object], Any]:
    """Return what validates one field as the model does."""
    from pydantic import TypeAdapter  # noqa: PLC0415 -- heavy, for many scenarios only

    info = model.model_fields[field]
    kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(kind, config=model.model_config)
    return adapter.validate_python


def _problem(scenario: Scenario) -> Problem | None:
    from ptelist.settings.consistency import problems  # noqa: PLC0415 -- after the models

    return next(problems(scenario), None)


def _inconsistent(problem: Problem, parts: dict[str, Part]) -> PtelistError:
    part, field, text = problem
    return PtelistError(text, _where(parts[part], field, []))


def _invalid(part: Part, error: Any, others: int) -> PtelistError:
    loc = [str(step) for step in error["loc"]]
    inner = [step for step in loc[1:] if not step.startswith("function-")]
    more = f" (and {others} more)" if others else ""
    return PtelistError(f"{reason(error, known_fields(part.name, loc[:-1]))}{more}", _where(part, loc[0], inner))


def _where(part: Part, field: str, inner: list[str]) -> Where:
    """Return where a part says a field, or what is inside of it; an option names its field itself."""
    if field not in part.fields:
        where = Where(part.name)
    else:
        setting = part.fields[field]
        where = setting.origin.at(".".join([setting.path, *inner]))
    kind = part.name.partition(".")[0].rstrip("s")
    return where._replace(field=".".join(inner if where.option else [kind, field, *inner]))


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
    from ptelist.scenario.models import ListClass  # noqa: PLC0415 -- heavy, not for --help

    return list((ListClass if inside else _model(part)).model_fields)


def _model(part: str) -> type[Model]:
    """Return the model of "kernel", "config", "host", or of a VM group by any other name."""
    from ptelist.scenario.models import Config, Host, Kernel, Vm  # noqa: PLC0415 -- heavy, not for --help

    models: dict[str, type[Model]] = {"kernel": Kernel, "config": Config, "host": Host}
    return models.get(part, Vm)
