"""From presets and options to the columns of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist import presets
from ptelist.axes import AXES, KINDS, Axis, Choice, choices, parse_set, points, preset_choices
from ptelist.errors import PtelistError, suggestion
from ptelist.overlay import Origin, Overlay, Setting, build

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.overlay import Fields
    from ptelist.scenario import Scenario

DEFAULTS = {"kernel": "6.18", "host": "server-64", "vm": "tdp"}
PRESET = Axis("preset", "", "preset", "")
PRESET_KINDS = frozenset((PRESET.kind, "builds", *KINDS))
WHAT_IF = frozenset(("preset", "kernel", "kernel-from", "proposal"))
"""Axes that compare, beside those of kernel fields; others set the scene."""

Chosen = dict[str, Choice]


class Column(NamedTuple):
    """One scenario to account for; `axes` holds only what varies."""

    name: str
    axes: dict[str, Any]
    scenario: Scenario
    baseline: int
    """Number of the column that this one is compared with."""


class Columns(NamedTuple):
    """All columns, and the name of what they are compared with."""

    columns: tuple[Column, ...]
    baseline: str
    by_preset: bool
    """Whether presets or kernels differ, which say more than their name."""


def expand(names: Sequence[str], options: Iterable[tuple[str, str]], baseline: str | None = None) -> Columns:
    """Return a column for every combination of presets and option values.

    `options` are names and texts as typed, `set` among them. A column is
    compared with the one that has the kernel's own value (else the first one) on
    the axes that compare, and the same values on the others; if none of the first
    kind varies, all are compared with the first column. `baseline`, such as
    "ext=14", names the values to compare with. Raises PtelistError.
    """
    axes = [(PRESET, preset_choices(PRESET, names))] if names else []
    for option, text in options:
        axes.append(parse_set(text) if option == "set" else (AXES[option], choices(AXES[option], text)))
    _refuse_repeats(axes)
    varying = [axis for axis, values in axes if len(values) > 1]
    drafts = []
    for chosen in points(axes):
        by_name = {axis.name: choice for (axis, _), choice in zip(axes, chosen, strict=True)}
        drafts.append((by_name, *_lay(axes, by_name)))
    wanted = {} if baseline is None else _baseline_values(baseline, axes)
    compared = [axis for axis in varying if axis.name in wanted or _compares(axis)] or varying
    found = _baselines(drafts, compared, varying, wanted)
    columns = []
    for number, (chosen_here, _, overlay) in enumerate(drafts):
        values = {axis.name: _plain(axis, chosen_here[axis.name]) for axis in varying}
        scenario = build(overlay)
        name = _name(varying, chosen_here) or f"kernel={scenario.kernel.version}"
        columns.append(Column(name, values, scenario, found[number]))
    first = drafts[found[0]][0]
    by_preset = any(axis.kind in PRESET_KINDS for axis in varying)
    return Columns(tuple(columns), _name(compared, first) or columns[0].name, by_preset)


def _plain(axis: Axis, choice: Choice) -> Any:
    """Return a value for JSON: numbers and truth as such, presets and lists by their labels."""
    return choice.value if axis.kind in {"int", "size", "bool", "field"} else choice.label


def _refuse_repeats(axes: list[tuple[Axis, list[Choice]]]) -> None:
    options = [axis.option for axis, _ in axes]
    for option in options:
        if options.count(option) > 1:
            raise PtelistError(f"{option}: given twice; put the values into one list")


def _compares(axis: Axis) -> bool:
    return axis.name in WHAT_IF or axis.path.startswith("kernel.")


def _name(axes: list[Axis], chosen: Chosen) -> str:
    return ", ".join(
        chosen[axis.name].label if axis is PRESET else f"{axis.name}={chosen[axis.name].label}" for axis in axes
    )


def _lay(axes: list[tuple[Axis, list[Choice]]], chosen: Chosen) -> tuple[Overlay, Overlay]:
    """Return the overlay that presets make, and the whole one with options on it."""
    base, patched = _presets(chosen)
    settings: dict[str, dict[str, Setting]] = {"kernel": {}, "host": {}, "vm": {}}
    for axis, _ in axes:
        for path, value in _set_by(axis, chosen):
            part, _, field = path.partition(".")
            if field in settings[part] or path in patched:
                raise PtelistError(f"{axis.option}: {path} is set by another option as well")
            settings[part][field] = Setting(value, Origin(axis.option))
    for part, said in (("kernel", base.kernel), ("host", base.host)):
        settings[part] = {name: new for name, new in settings[part].items() if not _says(said, name, new.value)}
    return base, Overlay(settings["kernel"], settings["host"], settings["vm"]).over(base)


def _presets(chosen: Chosen) -> tuple[Overlay, set[str]]:
    """Return what presets say, and the fields that proposals set.

    From the ground up: the default presets, --kernel, --host, --kernel-from and
    --vm, PRESET, --proposal.
    """
    base = Overlay()
    for part, name in DEFAULTS.items():
        base = presets.load(name, f"{part}s").overlay.over(base)
    for part in ("kernel", "host"):
        if part in chosen:
            base = presets.load(chosen[part].value, f"{part}s").overlay.over(base)
    if "kernel-from" in chosen:
        base = _build(chosen).over(base)
    if "vm" in chosen:
        base = _groups(chosen["vm"].value, base)
    if "preset" in chosen:
        base = _preset(chosen).over(base)
    if "proposal" not in chosen:
        return base, set()
    patches = _proposals(chosen["proposal"].value, base.kernel["version"].value)
    return patches.over(base), {f"kernel.{field}" for field in patches.kernel}


def _build(chosen: Chosen) -> Overlay:
    """Return the profile of --kernel-from, over that of --kernel or of its own release."""
    from ptelist.sources import profile  # noqa: PLC0415 -- reads BTF, for builds only

    kernel = chosen["kernel"].value if "kernel" in chosen else None
    return profile.overlay(chosen["kernel-from"].value, kernel)


def _preset(chosen: Chosen) -> Overlay:
    """Return PRESET, which may change parts named by options but not be one of them."""
    overlay = presets.load(chosen["preset"].value).overlay
    is_vm = "name" in overlay.vm or bool(overlay.vms)
    is_kernel = "version" in overlay.kernel
    whole = (("kernel", is_kernel), ("kernel-from", is_kernel), ("host", "name" in overlay.host), ("vm", is_vm))
    for part, named in whole:
        if named and part in chosen:
            raise PtelistError(f"--{part}: {chosen['preset'].label} names a {part} as well")
    return overlay


def _set_by(axis: Axis, chosen: Chosen) -> list[tuple[str, Any]]:
    """Return the fields that an axis sets, those that it clears among them."""
    return [*((path, None) for path in axis.clears), (axis.path, chosen[axis.name].value)] if axis.path else []


def _says(fields: Fields, field: str, value: object) -> bool:
    """Return whether a preset says the same already, with its kernel source."""
    return fields[field].value == value if field in fields else value is None


def _groups(label: str, base: Overlay) -> Overlay:
    """Return base with the VM groups of "tdp" or "tdp+nested"."""
    if "+" not in label:
        return presets.load(label, "vms").overlay.over(base)
    found = [presets.load(name, "vms").overlay.over(base) for name in label.split("+")]
    return found[-1]._replace(vms=tuple(group for each in found for group in each.groups()))


def _proposals(label: str, version: str) -> Overlay:
    """Return patches applied together; two that set one field, or one for later kernels, cannot be."""
    overlay = Overlay()
    for name in label.split("+"):
        patch = presets.load(name, "proposals")
        since = patch.about.get("since", "0.0")
        if presets.version_key(version) < presets.version_key(since):
            raise PtelistError(f"--proposal: {name} changes what kernel {version} does not have: {since} or later")
        for field in patch.overlay.kernel.keys() & overlay.kernel.keys():
            raise PtelistError(f"--proposal: {label}: more than one of them sets kernel.{field}")
        about = ", ".join(patch.about[key] for key in ("status", "message_id") if key in patch.about)
        overlay = patch.overlay.over(overlay)
        overlay = overlay._replace(proposals=(*overlay.proposals, (name, about or "not described")))
    return overlay


def _baseline_values(text: str, axes: list[tuple[Axis, list[Choice]]]) -> dict[str, str]:
    """Return the labels that `--baseline` asks for, by axis."""
    varying = {axis.name: [choice.label for choice in values] for axis, values in axes if len(values) > 1}
    wanted = {}
    for item in text.split(","):
        name, equals, label = item.strip().partition("=")
        if not equals:
            name, label = "preset", name
        if name not in varying:
            raise PtelistError(f'--baseline: no axis "{name}" varies{suggestion(name, varying)}')
        if label not in varying[name]:
            raise PtelistError(f"--baseline: no column has {name}={label}{suggestion(label, varying[name])}")
        wanted[name] = label
    return wanted


def _baselines(
    drafts: list[tuple[Chosen, Overlay, Overlay]], compared: list[Axis], varying: list[Axis], wanted: dict[str, str]
) -> list[int]:
    """Return for each column the number of the one that it is compared with."""
    scene = [axis.name for axis in varying if axis not in compared]
    best: dict[tuple[str, ...], tuple[int, int]] = {}
    keys = []
    for number, (chosen, base, _) in enumerate(drafts):
        key = tuple(chosen[name].label for name in scene)
        keys.append(key)
        rank = sum(_is_baseline(axis, chosen, base, wanted) for axis in compared)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, number)
    return [best[key][1] for key in keys]


def _is_baseline(axis: Axis, chosen: Chosen, base: Overlay, wanted: dict[str, str]) -> bool:
    choice = chosen[axis.name]
    if axis.name in wanted:
        return choice.label == wanted[axis.name]
    if axis.name == "proposal":
        return choice.label == "none"
    part, _, field = axis.path.partition(".")
    return part == "kernel" and field in base.kernel and base.kernel[field].value == choice.value
