"""The space that presets and options span: the scenario at any point of their axes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.presets import versions
from ptelist.presets.kinds import KINDS
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.settings import named
from ptelist.settings.axes import AXES, Axis, Choice, choices, parse_set, preset_choices
from ptelist.settings.builder import Builder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ptelist.presets.shipped import Preset
    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Fields

DEFAULTS = {"memslots": "q35", "kernel": "6.18", "host": "server-64", "vm": "tdp"}
CONFIG = "upstream"
"""The configuration of a kernel that names none."""

DEBIAN = r".*[0-9](?:-[0-9]+|\+deb[0-9.]+)-((?:cloud-|rt-)?amd64)(?:-unsigned)?"
"""How Debian calls a release: 6.1.0-56-cloud-amd64, 6.12.118+deb13-amd64."""

PRESET = Axis("preset", "", "preset", "")
PRESET_KINDS = frozenset((PRESET.kind, "builds", *KINDS))

NOTHING: dict[Axis, Origin] = {}
"""Never written to."""

Chosen = dict[str, Choice]
"""A value on each axis that is given, by the axis's name."""


class _Base(NamedTuple):
    """What presets make, and the fields that proposals among them set."""

    overlay: Overlay
    patched: frozenset[str]


class Space:
    """Axes with their values; points that have something in common share what it makes."""

    def __init__(
        self,
        names: Sequence[str],
        options: Iterable[tuple[str, str]],
        unsaid: Mapping[Axis, Origin] = NOTHING,
    ) -> None:
        """Take presets, options by name and text as typed (`set` among them), and axes that only a point gives values.

        The origin with each of these says who gives them.

        Raises PtelistError for what does not read, and for an option given twice.
        """
        self.axes = [(PRESET, preset_choices(PRESET, names))] if names else []
        for option, text in options:
            self.axes.append(parse_set(text) if option == "set" else (AXES[option], choices(AXES[option], text)))
        options_given = [axis.option for axis, _ in self.axes]
        for option in options_given:
            if options_given.count(option) > 1:
                raise PtelistError("given twice; put the values into one list", Where(option=option))
        self.axes += [(axis, []) for axis in unsaid]
        self._said_by = {axis.name: Origin(axis.option, is_option=True) for axis, _ in self.axes}
        self._said_by |= {axis.name: origin for axis, origin in unsaid.items()}
        self._by_preset = [axis.name for axis, _ in self.axes if axis.kind in PRESET_KINDS]
        self._setting = {
            part: [axis for axis, _ in self.axes if axis.touches(part)] for part in ("kernel", "config", "host", "vm")
        }
        self._bases: dict[tuple[Any, ...], _Base] = {}
        self._laid: dict[tuple[Any, ...], tuple[Fields, ...]] = {}
        self._build = Builder().build

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
        texts = {}
        for axis, values in self.axes:
            texts[axis.name] = str(values[place].value) if axis.kind in PRESET_KINDS else values[place].label
        found = []
        for option, text in options:
            path = text.partition("=")[0]
            found.append((option, f"{path}={texts[path]}") if option == "set" else (option, texts[option]))
        return found

    def kernel(self, chosen: Chosen) -> Fields:
        """Return what presets say of the kernel, before any option."""
        return self._base(chosen).overlay.kernel

    def proposals(self, chosen: Chosen) -> tuple[tuple[str, str], ...]:
        """Return the names of the proposals at a point, and what is known of each."""
        return self._base(chosen).overlay.proposals

    def scenario(self, chosen: Chosen) -> Scenario:
        """Return the validated scenario at a point; raises PtelistError if there cannot be one."""
        base = self._base(chosen)
        kernel, config, host, groups = (self._part(part, base, chosen) for part in self._setting)
        proposals = base.overlay.proposals
        return self._build(Overlay(kernel[0], host[0], vms=groups, proposals=proposals, config=config[0]))

    def _base(self, chosen: Chosen) -> _Base:
        key = tuple(chosen[name].value if name in chosen else None for name in self._by_preset)
        if key not in self._bases:
            self._bases[key] = _presets(chosen)
        return self._bases[key]

    def _part(self, part: str, base: _Base, chosen: Chosen) -> tuple[Fields, ...]:
        """Return a part with options laid over it: one kernel, its configuration, one host, or the VM groups."""
        axes = self._setting[part]
        key = part, id(base), *(chosen[axis.name].label if axis.name in chosen else None for axis in axes)
        if key not in self._laid:
            settings = _settings(part, axes, base.patched, chosen, self._said_by)
            said = base.overlay.groups() if part == "vm" else (getattr(base.overlay, part),)
            if part != "vm":
                settings = {name: new for name, new in settings.items() if not _says(said[0], name, new.value)}
            self._laid[key] = tuple(fields | settings for fields in said)
        return self._laid[key]


def _settings(
    part: str, axes: list[Axis], patched: frozenset[str], chosen: Chosen, said_by: dict[str, Origin]
) -> Fields:
    """Return what options set of a part, those that they clear among it."""
    settings: Fields = {}
    for axis in axes:
        if axis.name not in chosen:
            continue
        for path, value in axis.sets(chosen[axis.name]):
            owner, _, field = path.partition(".")
            if owner != part:
                continue
            if field in settings or path in patched:
                raise PtelistError(f"{path} is set by another option as well", axis.where)
            settings[field] = Setting(value, said_by[axis.name])
    return settings


def _says(fields: Fields, field: str, value: object) -> bool:
    """Return whether a preset says the same already, with its kernel source."""
    return fields[field].value == value if field in fields else value is None


def _presets(chosen: Chosen) -> _Base:
    """Return what presets say.

    From the ground up: the default presets, --kernel, --host, --kernel-from,
    --vm, PRESET, --memslots, --proposal. The kernel's configuration is that of --config,
    else the one that these name, else that of its release.
    """
    base = Overlay()
    for part, name in DEFAULTS.items():
        base = named.load(name, f"{part.removesuffix('s')}s").overlay.over(base)
    for part in ("kernel", "host"):
        if part in chosen:
            base = named.load(chosen[part].value, f"{part}s").overlay.over(base)
    if "kernel-from" in chosen:
        base = _build(chosen).over(base)
    if "vm" in chosen:
        base = _groups(chosen["vm"].value, base)
    if "preset" in chosen:
        base = _preset(chosen).over(base)
    if "memslots" in chosen:
        base = named.load(chosen["memslots"].value, "memslots").overlay.over(base)
    base = base._replace(config=_config(chosen, base))
    if "proposal" not in chosen:
        return _Base(base, frozenset())
    patches = _proposals(chosen["proposal"].value, base.kernel["version"].value)
    return _Base(patches.over(base), frozenset(f"kernel.{field}" for field in patches.kernel))


def _config(chosen: Chosen, base: Overlay) -> Fields:
    """Return the configuration of the kernel, with what a build or a preset says of single fields."""
    has_name = "name" in base.config
    name = chosen["config"].value if "config" in chosen else None
    if name is None and "preset" in chosen and _is_config(named.load(chosen["preset"].value)):
        name = chosen["preset"].value
    if name is None and has_name:
        return base.config
    name = name or _own_config(chosen, base.kernel)
    try:
        found = named.config(name, base.kernel["version"].value).config
    except PtelistError as error:
        if "config" not in chosen:
            raise
        raise PtelistError(str(error), AXES["config"].where) from None
    return found if has_name else found | base.config


def _is_config(preset: Preset) -> bool:
    """Return whether a preset is a configuration, which may be another one for another kernel."""
    return preset.kind == "configs" or any(variant.table == "series" for variant in preset.variants)


def _own_config(chosen: Chosen, kernel: Fields) -> str:
    """Return the preset for a release of Debian's that there is one for, else upstream's."""
    said = [kernel["release"].value] if "release" in kernel else []
    said += [chosen[name].value for name in ("kernel", "preset") if name in chosen]
    match = re.fullmatch(DEBIAN, said[0]) if said else None
    if match:
        preset = named.load(f"debian-{match[1]}", "configs")
        if any(variant.release == kernel["version"].value for variant in preset.variants):
            return preset.name
    return CONFIG


def _build(chosen: Chosen) -> Overlay:
    """Return the profile of --kernel-from, over that of --kernel or of its own release."""
    from ptelist.build import profile  # noqa: PLC0415 -- reads BTF, for builds only

    kernel = chosen["kernel"].value if "kernel" in chosen else None
    return profile.overlay(chosen["kernel-from"].value, kernel)


def _preset(chosen: Chosen) -> Overlay:
    """Return PRESET, which may change parts named by options but not be one of them."""
    overlay = named.load(chosen["preset"].value).overlay
    is_vm = "name" in overlay.vm or bool(overlay.vms)
    is_layout = "memslots" in overlay.vm and not is_vm
    is_kernel = "version" in overlay.kernel
    is_config = "name" in overlay.config and not is_kernel
    whole = (
        ("kernel", is_kernel),
        ("kernel-from", is_kernel),
        ("config", is_config),
        ("host", "name" in overlay.host),
        ("vm", is_vm),
        ("memslots", is_layout),
    )
    for part, is_part in whole:
        if is_part and part in chosen:
            what = part if part == "memslots" else f"a {part}"
            raise PtelistError(f"{chosen['preset'].label} names {what} as well", AXES[part].where)
    return overlay


def _groups(label: str, base: Overlay) -> Overlay:
    """Return base with the VM groups of "tdp" or "tdp+nested"."""
    if "+" not in label:
        return named.load(label, "vms").overlay.over(base)
    found = [named.load(name, "vms").overlay.over(base) for name in label.split("+")]
    return found[-1]._replace(vms=tuple(group for each in found for group in each.groups()))


def _proposals(label: str, version: str) -> Overlay:
    """Return patches applied together; two that set one field, or one for later kernels, cannot be."""
    overlay = Overlay()
    for name in label.split("+"):
        patch = named.load(name, "proposals")
        since = patch.about.get("since", "0.0")
        if versions.version_key(version) < versions.version_key(since):
            text = f"{name} changes what kernel {version} does not have: {since} or later"
            raise PtelistError(text, AXES["proposal"].where)
        for field in patch.overlay.kernel.keys() & overlay.kernel.keys():
            raise PtelistError(f"{label}: more than one of them sets kernel.{field}", AXES["proposal"].where)
        about = ", ".join(patch.about[key] for key in ("status", "message_id") if key in patch.about)
        overlay = patch.overlay.over(overlay)
        overlay = overlay._replace(proposals=(*overlay.proposals, (name, about or "not described")))
    return overlay
