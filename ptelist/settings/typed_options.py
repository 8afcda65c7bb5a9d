"""Options as they are typed: the axis of each, and the values that it lists."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where, suggestion
from ptelist.settings.axes import PRESET, PRESETS, Axis
from ptelist.settings.faults import known_fields
from ptelist.settings.number_kinds import FIELDS, MOST_VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.settings.kinds import Choice

MOST_COLUMNS = 10_000
"""Of a table; a sweep, which keeps one figure a point, has more."""

SET = Where(option="--set")


def choices(axis: Axis, text: str) -> list[Choice]:
    """Return the values that an option's text lists.

    Raises PtelistError, naming the option, for what does not read as such
    values, for one given twice and for more than 100 000.
    """
    try:
        values = list(islice(axis.kind.parse(text), MOST_VALUES + 1))
    except ValueError as error:
        raise PtelistError(str(error), axis.where) from None
    if len(values) > MOST_VALUES:
        raise PtelistError(f"more than {MOST_VALUES:,} values", axis.where)
    _refuse_twice(axis, values)
    return values


def preset_choices(names: Sequence[str]) -> list[Choice]:
    """Return the presets that are given as arguments; raises PtelistError for one given twice."""
    values = PRESETS.named(names)
    _refuse_twice(PRESET, values)
    return values


def _refuse_twice(axis: Axis, values: list[Choice]) -> None:
    seen: set[str] = set()
    for choice in values:
        if choice.label in seen:
            raise PtelistError(f"{choice.label} is given twice", axis.where)
        seen.add(choice.label)


def parse_set(text: str) -> tuple[Axis, list[Choice]]:
    """Return the axis and the values of `--set PATH=VALUE[,VALUE..]`."""
    path, equals, values = text.partition("=")
    part, _, field = path.partition(".")
    if not equals or part not in {"kernel", "config", "host", "vm"} or not field:
        what = "expected PART.FIELD=VALUE with kernel, config, host or vm"
        raise PtelistError(f'{what}, got "{text[:60]}"', SET)
    if field not in (known := known_fields(part)):
        raise PtelistError(f"unknown field {path}{suggestion(field, known)}", SET)
    axis = Axis(path, path, FIELDS, "")
    return axis, choices(axis, values)


def points(axes: list[tuple[Axis, list[Choice]]], most: int = MOST_COLUMNS) -> list[tuple[Choice, ...]]:
    """Return the product of the axes, the first one slowest; raises PtelistError if that makes more than `most`."""
    columns = 1
    for _, values in axes:
        columns *= len(values)
    if columns > most:
        named = " x ".join(f"--{axis.name}" for axis, _ in axes)
        raise PtelistError(f"{named} make {columns:,} columns; at most {most:,}")
    return list(product(*(values for _, values in axes)))


def pairs(axes: list[tuple[Axis, list[Choice]]], most: int = MOST_COLUMNS) -> list[tuple[Choice, ...]]:
    """Return the first values of all axes, the second ones, and so on; one that has a single value has it in all.

    Raises PtelistError for axes that have not as many values as each other, and for more than `most`.
    """
    several = [(axis, len(values)) for axis, values in axes if len(values) > 1]
    count = several[0][1] if several else 1
    if count > most:
        raise PtelistError(f"{count:,} values make as many columns; at most {most:,}", several[0][0].where)
    for axis, other in several:
        if other != count:
            first = several[0][0].where.option
            raise PtelistError(f"{other} values, and {first} has {count}: --paired takes as many of each", axis.where)
    return list(zip(*(values if len(values) > 1 else values * count for _, values in axes), strict=True))
