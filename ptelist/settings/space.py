"""The space that presets and options span: the scenario at any point of their axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.scenario.overlay import Origin, Setting, laid
from ptelist.settings.axes import AXES, PRESET, Axis
from ptelist.settings.base import base_of
from ptelist.settings.builder import Builder
from ptelist.settings.typed_options import choices, parse_set, preset_choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Fields
    from ptelist.settings.axes import Axis
    from ptelist.settings.base import Base
    from ptelist.settings.kinds import Choice, Chosen
    from ptelist.settings.part import Part

NOTHING: dict[Axis, Origin] = {}
"""Never written to."""


class _Ground(NamedTuple):
    """What the presets at some points say, and what options made of it there."""

    base: Base
    parts: dict[tuple[object, ...], tuple[Part, ...]]
    """By the name of a part, and the labels of the options laid over it, with who says them where that varies."""


class Space:
    """Axes with their values; what points have in common is made and validated once."""

    def __init__(
        self,
        names: Sequence[str],
        options: Iterable[tuple[str, str]],
        unsaid: Mapping[Axis, Origin] = NOTHING,
    ) -> None:
        """Take the names of presets, options as typed, and axes that have no values yet.

        Options are pairs such as ("vcpus", "1..8") or ("set", "kernel.page_topup_min=4"). The value on an
        axis in `unsaid` comes with each point, as a fleet's comes with each host; the origin there
        says who gives it.

        Raises PtelistError for what does not read, and for an option given twice.
        """
        self.axes = [(PRESET, preset_choices(names))] if names else []
        for option, text in options:
            self.axes.append(parse_set(text) if option == "set" else (AXES[option], choices(AXES[option], text)))
        options_given = [axis.option for axis, _ in self.axes]
        for option in options_given:
            if options_given.count(option) > 1:
                raise PtelistError("given twice; put the values into one list", Where(option=option))
        self.axes += [(axis, []) for axis in unsaid]
        self._said_by = {axis.name: Origin(axis.option, is_option=True) for axis, _ in self.axes}
        self._said_by |= {axis.name: origin for axis, origin in unsaid.items()}
        self._by_preset = [axis.name for axis, _ in self.axes if axis.kind.by_preset]
        self._setting = {
            part: [axis for axis, _ in self.axes if axis.touches(part)] for part in ("kernel", "config", "host", "vm")
        }
        self._grounds: dict[tuple[str | None, ...], _Ground] = {}
        self._builder = Builder()

    @property
    def varying(self) -> list[Axis]:
        """Return the axes with several values."""
        return [axis for axis, values in self.axes if len(values) > 1]

    def values(self, axis: Axis) -> list[Choice]:
        """Return what an axis is given."""
        return next(values for each, values in self.axes if each == axis)

    def along(self, axis: Axis | None) -> list[Chosen]:
        """Return the points with each value of an axis, the others at their first; the first point if there is none."""
        first = {each.name: values[0] for each, values in self.axes}
        return [first | {axis.name: choice} for choice in self.values(axis)] if axis else [first]

    def one_of(self, options: Iterable[tuple[str, str]], place: int) -> list[tuple[str, str]]:
        """Return options with the first (0) or the last (-1) of their values only, as typed."""
        texts = {axis.name: axis.kind.typed(values[place]) for axis, values in self.axes}
        single = []
        for option, text in options:
            path = text.partition("=")[0]
            single.append((option, f"{path}={texts[path]}") if option == "set" else (option, texts[option]))
        return single

    def kernel(self, chosen: Chosen) -> Fields:
        """Return what presets say of the kernel, before any option."""
        return self._ground(chosen).base.overlay.kernel

    def proposals(self, chosen: Chosen) -> tuple[tuple[str, str], ...]:
        """Return the names of the proposals at a point, and what is known of each."""
        return self._ground(chosen).base.overlay.proposals

    def scenario(self, chosen: Chosen) -> Scenario:
        """Return the validated scenario at a point; raises PtelistError if there cannot be one."""
        ground = self._ground(chosen)
        (kernel,), (config,), (host,), vms = (self._parts(part, ground, chosen) for part in self._setting)
        return self._builder.build(kernel, config, host, vms, ground.base.overlay.proposals)

    def _ground(self, chosen: Chosen) -> _Ground:
        names = tuple([chosen[name].value if name in chosen else None for name in self._by_preset])
        ground = self._grounds.get(names)
        if ground is None:
            ground = self._grounds[names] = _Ground(base_of(chosen), {})
        return ground

    def _parts(self, part: str, ground: _Ground, chosen: Chosen) -> tuple[Part, ...]:
        """Return a part with options laid over it: one kernel, its configuration, one host, or the VM groups."""
        axes = self._setting[part]
        key = part, *[_key(chosen[axis.name]) if axis.name in chosen else None for axis in axes]
        parts = ground.parts.get(key)
        if parts is None:
            parts = ground.parts[key] = tuple(self._laid(part, ground.base, chosen))
        return parts

    def _laid(self, part: str, base: Base, chosen: Chosen) -> Iterator[Part]:
        """Yield what presets say of a part with options laid over it, each VM group for itself."""
        settings = self._settings(part, base.patched, chosen)
        if part == "vm":
            for number, group in enumerate(base.overlay.groups()):
                yield self._builder.part(f"vms.{number}", laid(group, settings))
        else:
            fields: Fields = getattr(base.overlay, part)
            news = {name: setting for name, setting in settings.items() if not _says(fields, name, setting.value)}
            yield self._builder.part(part, fields | news)

    def _settings(self, part: str, patched: frozenset[str], chosen: Chosen) -> Fields:
        """Return what options set of a part, and the fields that they clear."""
        settings: Fields = {}
        for axis in self._setting[part]:
            if axis.name not in chosen:
                continue
            choice = chosen[axis.name]
            for path, value in axis.sets(choice):
                owner, _, field = path.partition(".")
                if owner != part:
                    continue
                if field in settings or path in patched:
                    other = settings[field].origin.label if field in settings else AXES["proposal"].option
                    raise PtelistError(f"{other} sets {path} as well: leave one of them out", axis.where)
                settings[field] = Setting(value, choice.said_by or self._said_by[axis.name])
        return settings


def _key(choice: Choice) -> object:
    return (choice.label, choice.said_by) if choice.said_by else choice.label


def _says(fields: Fields, field: str, value: object) -> bool:
    """Return whether a preset says the same already, with its kernel source."""
    return fields[field].value == value if field in fields else value is None
