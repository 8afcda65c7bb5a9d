"""From presets and options to the columns of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist import presets
from ptelist.axes import AXES, Axis, Choice, choices, parse_set, points, preset_label
from ptelist.errors import PtelistError, suggestion
from ptelist.overlay import Origin, Overlay, Setting, build

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.overlay import Fields
    from ptelist.scenario import Scenario

DEFAULTS = {"kernel": "6.18", "host": "server-64", "vm": "tdp"}
PRESET = Axis("preset", "", "preset", "")
WHAT_IF = frozenset(("preset", "kernel", "proposal"))
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


def expand(names: Sequence[str], options: Iterable[tuple[str, str]], baseline: str | None = None) -> Columns:
    """Return a column for every combination of presets and option values.

    `options` are names and texts as typed, `set` among them. A column is
    compared with the one that has the kernel's own value (else the first one) on
    the axes that compare, and the same values on the others; if none of the first
    kind varies, all are compared with the first column. `baseline`, such as
    "ext=14", names the values to compare with. Raises PtelistError.
    """
    axes = [(PRESET, [Choice(preset_label(name), name) for name in names])] if names else []
    for option, text in options:
        axes.append(parse_set(text) if option == "set" else (AXES[option], choices(AXES[option], text)))
    _refuse_repeats(axes)
    varying = [axis for axis, values in axes if len(values) > 1]
    drafts = []
    for chosen in points(axes):
        by_name = {axis.name: choice for (axis, _), choice in zip(axes, chosen, strict=True)}
        drafts.append((by_name, *_lay(axes, by_name)))
    wanted = _baseline_values(baseline, axes) if baseline else {}
    compared = [axis for axis in varying if axis.name in wanted or _compares(axis)] or varying
    found = _baselines(drafts, compared, varying, wanted)
    columns = []
    for number, (chosen_here, _, overlay) in enumerate(drafts):
        values = {axis.name: _plain(axis, chosen_here[axis.name]) for axis in varying}
        scenario = build(overlay)
        name = _name(varying, chosen_here) or f"kernel={scenario.kernel.version}"
        columns.append(Column(name, values, scenario, found[number]))
    first = drafts[found[0]][0]
    return Columns(tuple(columns), _name(compared, first) or columns[0].name)


def _plain(axis: Axis, choice: Choice) -> Any:
    """Return a value for JSON: numbers and truth as such, presets and lists by their labels."""
    return choice.value if axis.kind in {"int", "size", "bool", "field"} else choice.label


def _refuse_repeats(axes: list[tuple[Axis, list[Choice]]]) -> None:
    names = [axis.name for axis, _ in axes]
    for name in names:
        if names.count(name) > 1:
            raise PtelistError(f"--{name}: given twice; put the values into one list")


def _compares(axis: Axis) -> bool:
    return axis.name in WHAT_IF or axis.path.startswith("kernel.")


def _name(axes: list[Axis], chosen: Chosen) -> str:
    return ", ".join(
        chosen[axis.name].label if axis is PRESET else f"{axis.name}={chosen[axis.name].label}" for axis in axes
    )


def _lay(axes: list[tuple[Axis, list[Choice]]], chosen: Chosen) -> tuple[Overlay, Overlay]:
    """Return the overlay that presets make, and the whole one with options on it."""
    extra = Overlay()
    if "preset" in chosen:
        extra = presets.load(chosen["preset"].value).overlay
    base = Overlay()
    for part in ("kernel", "host", "vm"):
        base = _part(part, chosen, extra).over(base)
    base = extra.over(base)
    if "proposal" in chosen:
        base = _proposals(chosen["proposal"].value).over(base)
    settings: dict[str, dict[str, Setting]] = {"kernel": {}, "host": {}, "vm": {}}
    for axis, _ in axes:
        if axis.path:
            origin = Origin(f"--{axis.name}")
            for path, value in (*((path, None) for path in axis.clears), (axis.path, chosen[axis.name].value)):
                part, _, field = path.partition(".")
                if part == "vm" or not _says(getattr(base, part), field, value):
                    settings[part][field] = Setting(value, origin)
    return base, Overlay(settings["kernel"], settings["host"], settings["vm"]).over(base)


def _says(fields: Fields, field: str, value: object) -> bool:
    """Return whether a preset says the same already, with its kernel source."""
    return fields[field].value == value if field in fields else value is None


def _part(part: str, chosen: Chosen, extra: Overlay) -> Overlay:
    """Return the kernel, host or VM preset in force, the default one if none is named.

    A preset that brings a whole part makes the default of that part needless.
    """
    if part in chosen:
        return _groups(chosen[part].value) if part == "vm" else presets.load(chosen[part].value, f"{part}s").overlay
    if part == "kernel" and "version" in extra.kernel and "page_bytes" in extra.kernel:
        return Overlay()
    return presets.load(DEFAULTS[part], f"{part}s").overlay


def _groups(label: str) -> Overlay:
    """Return the VM groups of "tdp" or "tdp+nested"."""
    if "+" not in label:
        return presets.load(label, "vms").overlay
    groups = [group for name in label.split("+") for group in presets.load(name, "vms").overlay.groups()]
    return Overlay(vms=tuple(groups))


def _proposals(label: str) -> Overlay:
    """Return patches applied together; two that set one field cannot be."""
    overlay = Overlay()
    for name in label.split("+"):
        patch = presets.load(name, "proposals")
        for field in patch.overlay.kernel.keys() & overlay.kernel.keys():
            raise PtelistError(f"--proposal: {label}: more than one of them sets kernel.{field}")
        overlay = patch.overlay.over(overlay)._replace(proposals=(*overlay.proposals, name))
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
