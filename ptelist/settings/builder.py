"""From an overlay to a scenario: each part checked once, every fault told by where it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.repeated import Repeated
from ptelist.errors import PtelistError
from ptelist.scenario.check import checked, checks_of
from ptelist.scenario.models import Scenario, Vm
from ptelist.scenario.overlay import Source
from ptelist.settings.consistency import problems
from ptelist.settings.faults import hint, invalid, record_of
from ptelist.settings.part import Part
from ptelist.settings.void import NEEDING, taken_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.scenario.models import Kernel
    from ptelist.scenario.overlay import Fields

MOST_SOURCES = 64
"""Scenarios of which the sources are kept together."""

TAKING_AWAY = ("nested", "paging")
"""Fields of a VM that leave no room for what others say."""


class Builder:
    """Checks parts and builds scenarios of them; of parts alike, only what differs is checked."""

    def __init__(self) -> None:
        """Start with nothing checked."""
        self._last: dict[str, Part] = {}
        """The last valid part of each name."""
        self._problem = Repeated(lambda scenario: ((), next(problems(scenario), None)))
        self._sources: dict[tuple[int, ...], tuple[list[dict[str, Source]], dict[str, Source]]] = {}
        """Those of the parts of the last scenarios, by who they are, and all of them together."""

    def part(self, name: str, fields: Fields) -> Part:
        """Return a part as its record has it: "kernel", "config", "host", or "vms.0" and so on."""
        last = self._last.get(name)
        part = (_varied(last, fields) if last else None) or _checked(name, fields)
        if not part.errors:
            self._last[name] = part
        return part

    def build(
        self, kernel: Part, config: Part, host: Part, vms: Sequence[Part], proposals: Sequence[tuple[str, str]]
    ) -> Scenario:
        """Return the scenario of these parts; a proposal is its name and what is known of it.

        Raises PtelistError with one line that names the file and line, or the option,
        of the first value that is missing, unknown, of a wrong type, out of range or at odds with others.
        """
        parts = [kernel, config, host, *vms]
        if errors := [(part, error) for part in parts if part.errors for error in part.errors]:
            raise invalid(errors)
        sources = self._together([part.sources for part in parts])
        if proposals:
            sources = {f"proposals.{name}": Source(about) for name, about in proposals} | sources
        scenario = Scenario(
            kernel=kernel.record,
            config=config.record,
            host=host.record,
            vms=tuple([_without_void(kernel.record, part) for part in vms]),
            proposals=tuple([name for name, _ in proposals]),
            sources=sources,
        )
        _, problem = self._problem(scenario)
        if problem:
            part_name, field, text = problem
            (part,) = (part for part in parts if part.name == part_name)
            raise PtelistError(f"{text}{hint(part_name, field)}", part.where(field, []))
        for part in vms:
            _refuse_void(part)
        return scenario

    def _together(self, parts: list[dict[str, Source]]) -> dict[str, Source]:
        """Return the sources of all parts: one mapping for the scenarios of a sweep: only values differ."""
        key = tuple(map(id, parts))
        known = self._sources.get(key)
        if known is None:
            if len(self._sources) > MOST_SOURCES:
                self._sources.clear()
            whole = {path: source for part in parts for path, source in part.items()}
            known = self._sources[key] = parts, whole
        return known[1]


def _checked(name: str, fields: Fields) -> Part:
    """Return a part: pydantic checks what a file of a user says, and tells what is wrong."""
    record = record_of(name)
    values = {field: setting.value for field, setting in fields.items()}
    sources = {f"{name}.{field}": setting.provenance for field, setting in fields.items()}
    if not any(setting.origin.is_users for setting in fields.values()):
        try:
            return Part(name, fields, checked(record, values), sources, [])
        except (ValueError, KeyError):
            pass
    from pydantic import ValidationError  # noqa: PLC0415 -- heavy, for files of users and faults only

    from ptelist.scenario.validate import validated  # noqa: PLC0415 -- needs pydantic

    try:
        return Part(name, fields, validated(record, values), sources, [])
    except ValidationError as error:
        return Part(name, fields, None, sources, error.errors(include_url=False))


def _refuse_void(part: Part) -> None:
    """Raise PtelistError for what a file or a row says in vain, unless it is an option that makes it so.

    Options may be in vain in some columns; see `void.refuse_void`.
    """
    for field, (needed, why) in NEEDING.items():
        is_void = getattr(part.record, field) and not any(getattr(part.record, each) for each in needed)
        if is_void and not any(part.by_option(each) for each in (field, *needed)):
            raise PtelistError(why, part.where(field, []))


def _without_void(kernel: Kernel, part: Part) -> Vm:
    """Return a VM without what presets say of an L2, of lists or of a run, that options took away."""
    vm: Vm = part.record
    if not any(part.by_option(field) for field in TAKING_AWAY):
        return vm
    void = {field: value for field, value in taken_away(kernel, vm).items() if not part.by_option(field)}
    return vm._replace(**void)


def _varied(part: Part, fields: Fields) -> Part | None:
    """Return a part that says the same as another but for some values, only these checked; None if it does not."""
    name, known, record, sources, _ = part
    if list(known) != list(fields):
        return None
    checks = checks_of(record.__class__)
    values = {}
    for field, setting in fields.items():
        before = known[field]
        if setting is before:
            continue
        try:
            values[field] = checks[field](setting.value)
        except ValueError:
            return None
        if setting[1:] != before[1:]:  # another value that the same place says has the same source
            path, source = f"{name}.{field}", setting.provenance
            if sources[path] != source:
                sources = sources | {path: source}
    return Part(name, fields, record._replace(**values), sources, [])
