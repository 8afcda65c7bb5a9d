"""From presets and options to the columns of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.settings.axes import PRESET
from ptelist.settings.space import Space
from ptelist.settings.typed_options import MOST_COLUMNS, pairs, points
from ptelist.settings.void import refuse_void
from ptelist.settings.work import GROUPS, Vms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Fields
    from ptelist.settings.axes import Axis
    from ptelist.settings.kinds import Choice, Chosen

KERNELS = frozenset(("kernel", "kernel-from"))
"""Axes that name a kernel."""
WHAT_IF = KERNELS | {"preset", "config", "proposal"}
"""Axes that compare, beside those of kernel fields; others set the scene."""


class Column(NamedTuple):
    """One scenario to account for; `axes` holds only what varies."""

    name: str
    axes: dict[str, Any]
    scenario: Scenario
    baseline: int
    """Number of the column that this one is compared with."""
    labels: tuple[str, ...] = ()
    """Its values as typed, on the axes that vary."""


class Columns(NamedTuple):
    """All columns, and the name of what they are compared with."""

    columns: tuple[Column, ...]
    baseline: str
    by_preset: bool
    """Whether presets or kernels differ, which say more than their name."""


def expand(
    names: Sequence[str], options: Iterable[tuple[str, str]], baseline: str | None = None, *, paired: bool = False
) -> Columns:
    """Return a column for every combination of presets and option values; or `paired`, see `columns`.

    `options` are names and texts as typed, `set` among them. A column is
    compared with the one that has the kernel's own value (else the first one) on
    the axes that compare, and the same values on the others; if none of the first
    kind varies, all are compared with the first column. `baseline`, such as
    "ext=14", names the values to compare with. Raises PtelistError, for an option
    without effect in any column too.
    """
    return columns(Space(names, options), baseline, paired=paired)


def columns(space: Space, baseline: str | None = None, most: int = MOST_COLUMNS, *, paired: bool = False) -> Columns:
    """Return a column for every point of a space, at most so many; see `expand`.

    With `paired`, one for the first values of all axes, one for the second ones, and so on: the first column is what
    the others are compared with, unless `baseline` says another.
    """
    varying = space.varying
    taken = pairs(space.axes, most) if paired else points(space.axes, most)
    chosen = [dict(zip((axis.name for axis, _ in space.axes), point, strict=True)) for point in taken]
    wanted = {} if baseline is None else _baseline_values(baseline, space)
    compared = [axis for axis in varying if paired or axis.name in wanted or compares(axis)] or varying
    found = [0] * len(chosen) if paired and not wanted else _baselines(space, chosen, compared, wanted)
    columns = []
    vms = Vms(GROUPS)
    for here, against in zip(chosen, found, strict=True):
        scenario = space.scenario(here)
        vms.add(scenario)
        values = {axis.name: axis.kind.plain(here[axis.name]) for axis in varying}
        labels = tuple(here[axis.name].label for axis in varying)
        called = name(varying, here) or f"kernel={scenario.kernel.version}"
        columns.append(Column(called, values, scenario, against, labels))
    refuse_void((axis for axis, _ in space.axes), (column.scenario for column in columns))
    by_preset = any(axis.kind.by_preset for axis in varying)
    return Columns(tuple(columns), name(compared, chosen[found[0]]) or columns[0].name, by_preset)


def compares(axis: Axis) -> bool:
    """Return whether an axis is one that compares; others set the scene."""
    return axis.name in WHAT_IF or axis.path.startswith(("kernel.", "config."))


def name(axes: list[Axis], chosen: Chosen) -> str:
    """Return how a point is called, by its values on some axes."""
    return ", ".join(
        chosen[axis.name].label if axis is PRESET else f"{axis.name}={chosen[axis.name].label}" for axis in axes
    )


def _baseline_values(text: str, space: Space) -> dict[str, str]:
    """Return the labels that `--baseline` asks for, by axis."""
    varying = {axis.name: [choice.label for choice in values] for axis, values in space.axes if len(values) > 1}
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


def _baselines(space: Space, chosen: list[Chosen], compared: list[Axis], wanted: dict[str, str]) -> list[int]:
    """Return for each column the number of the one that it is compared with."""
    scene = [axis.name for axis in space.varying if axis not in compared]
    telling = [axis for axis in compared if axis.name in wanted or _has_own_value(axis)]
    best: dict[tuple[str, ...], tuple[int, int]] = {}
    keys = []
    for number, here in enumerate(chosen):
        key = tuple(here[name].label for name in scene)
        keys.append(key)
        rank = sum(_is_baseline(axis, here[axis.name], space.kernel(here), wanted) for axis in telling)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, number)
    return [best[key][1] for key in keys]


def _has_own_value(axis: Axis) -> bool:
    """Return whether one of an axis's values may be that of the kernel itself."""
    return axis.name == "proposal" or axis.path.startswith("kernel.")


def _is_baseline(axis: Axis, choice: Choice, kernel: Fields, wanted: dict[str, str]) -> bool:
    if axis.name in wanted:
        return choice.label == wanted[axis.name]
    if axis.name == "proposal":
        return choice.label == "none"
    field = axis.path.removeprefix("kernel.")
    return field in kernel and kernel[field].value == choice.value
