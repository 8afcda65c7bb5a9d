"""Kinds of values that are numbers, sizes (64GiB) or ranges (1..16), and how their texts are read."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError
from ptelist.scenario.overlay import frozen
from ptelist.scenario.presets.parse import toml
from ptelist.scenario.units import UNITS, format_size, parse_size
from ptelist.settings.kinds import Choice, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.scenario.models import ListClass

MOST_VALUES = 100_000
"""As many values as one option, and as many columns as all of them together, may make."""

_RANGE = r"([^.](?:(?!\.\.).)*)\.\.([^*+]+)(?:([*+])(.+))?"
"""Nothing of it can be matched in two ways, or a long text would take for ever."""
_LISTS = r"([0-9]{1,20})x([0-9]{1,20})(?:-([0-9]{1,20}))?"
_INTEGER = r"-?[0-9]+"
_OPENING = ("[", "{")
_CONSTANTS = {"on": True, "off": False, "true": True, "false": False, "unset": None}


class Integers(Kind):
    """Whole numbers, in lists and ranges."""

    metavar = "N,..|A..B"

    def number(self, text: str) -> int:
        """Return one number; raises ValueError."""
        if not re.fullmatch(_INTEGER, text) or len(text) > len(str(1 << 64)):
            raise ValueError(f'expected a whole number, a list (2,14) or a range (1..16, 1..1024*2), got "{text[:40]}"')
        return int(text)

    def read(self, text: str) -> Iterable[Choice]:
        """Return a number, or those of a range."""
        match = re.fullmatch(_RANGE, text)
        numbers = _range(self, match) if match else [self.number(text)]
        return [Choice(self.show(number), number) for number in numbers]

    def plain(self, choice: Choice) -> Any:
        """Return the number."""
        return choice.value

    def vary(self, value: Any, page: int) -> list[str]:
        """Return its half and its double."""
        del page
        return [self.show(number) for number in (value // 2, 2 * value) if number not in {0, value}]

    def beyond(self, value: Any, page: int, *, up: bool, fine: bool) -> str:
        """Return its double or its half, or the whole number after or before it; nothing below 0."""
        del page
        if not value and not up:
            return ""
        one = 1 if up else -1
        return self.show(value + one if fine or not value else 2 * value if up else value // 2)


class Orders(Integers):
    """Whole numbers of which one more is twice as much."""

    def beyond(self, value: Any, page: int, *, up: bool, fine: bool) -> str:
        """Return one more or one less."""
        del fine
        return super().beyond(value, page, up=up, fine=True)

    def vary(self, value: Any, page: int) -> list[str]:
        """Return one less and one more."""
        del page
        return [self.show(number) for number in (value - 1, value + 1) if number >= 0]


class Sizes(Integers):
    """Bytes, shown in the largest unit that leaves a whole number."""

    metavar = "SIZE,..|A..B"

    def number(self, text: str) -> int:
        """Return the bytes of one size; raises ValueError, for a few bytes too: a unit is missing."""
        return self.at_least(text, "KiB")

    @staticmethod
    def at_least(text: str, unit: str) -> int:
        """Return the bytes of one size; raises ValueError for less than one of this unit, if the text has no unit."""
        size = parse_size(text)
        if text.isdecimal() and 0 < size < UNITS[unit]:
            raise ValueError(f"{text} without a unit is {size:,} bytes: write {text}MiB or {text}GiB")
        return size

    def show(self, value: Any) -> str:
        """Return a size with its unit."""
        return format_size(value)

    def offered(self, begun: str) -> Sequence[str]:
        """Return the number with each unit that it can go on with."""
        number = begun.rstrip("KMGTiB")
        whole = [f"{number}{unit}" for unit in UNITS if unit.endswith("iB")]
        return [text for text in whole if number.isdecimal() and text.startswith(begun)]

    def vary(self, value: Any, page: int) -> list[str]:
        """Return its half, in whole pages, and its double."""
        return [self.show(number) for number in (value // 2 // page * page, 2 * value) if number not in {0, value}]

    def beyond(self, value: Any, page: int, *, up: bool, fine: bool) -> str:
        """Return its double, or its half in whole pages; or one more or less of its largest unit, GiB for none."""
        if not value and not up:
            return ""
        unit = self.step([value]) if value else UNITS["GiB"]
        one = unit if up else -unit
        number = value + one if fine or not value else 2 * value if up else value // 2 // page * page
        return self.show(number).replace(" ", "")

    def step(self, values: Sequence[int]) -> int:
        """Return the largest unit in which all of them are whole numbers."""
        return max(unit for unit in UNITS.values() if all(value % unit == 0 for value in values))


class Leaves(Kind):
    """Page sizes: 4K, 2M or 1G, however they are written."""

    def read(self, text: str) -> Iterable[Choice]:
        """Return the page size as the model has it; what is none, the model refuses."""
        with suppress(ValueError):
            text = format_size(parse_size(text)).removesuffix("iB").replace(" ", "")
        return [Choice(text, text)]


class Fields(Integers):
    """What --set gives any field: whole numbers and ranges, on, off, unset, a TOML array, else text."""

    prefix = "--set "

    def parse(self, text: str) -> Iterator[Choice]:
        """Yield the values; a TOML array is one, whatever commas it has."""
        array = text.lstrip().startswith(_OPENING)
        yield from self.read(text.strip()) if array else super().parse(text)

    def read(self, text: str) -> Iterable[Choice]:
        """Return what the text of one item means, or the numbers of a range."""
        match = re.fullmatch(_RANGE, text)
        if re.fullmatch(_INTEGER, match[1] if match else text):
            return super().read(text)
        if text in _CONSTANTS:
            return [Choice(text, _CONSTANTS[text])]
        return [Choice(text, _toml(text) if text.startswith(_OPENING) else text)]


class Lists(Kind):
    """Classes of lists such as "10x2+5x16-31": 10 lists of 2 entries, 5 of 16 to 31; "none" is no list."""

    metavar = "NxENTRIES,.."

    def read(self, text: str) -> Iterable[Choice]:
        """Return the classes, each with the fields of its model."""
        return [Choice(text, () if text == "none" else tuple(_list_class(item) for item in text.split("+")))]

    def show(self, value: Any) -> str:
        """Return the classes as they are typed."""
        return _lists(value)

    def vary(self, value: Any, page: int) -> list[str]:
        """Return half as many and twice as many lists of each class, if there are any."""
        del page
        return [_lists(value, 2, 1), _lists(value, 1, 2)] if value else []


def _range(kind: Integers, match: re.Match[str]) -> Iterable[int]:
    """Return first, first + 1 (or + step, or * step) up to last."""
    first, last = kind.number(match[1]), kind.number(match[2])
    scale = INTEGERS if match[3] == "*" else kind
    step = scale.number(match[4]) if match[4] else 1
    if last < first:
        raise ValueError(f"the range {match[0]} is empty: its end is below its start")
    if match[3] == "*":
        if first < 1 or step <= 1:
            raise ValueError(f"the range {match[0]} never ends: start at 1 or more, multiply by 2 or more")
        values = [first]
        while values[-1] * step <= last:
            values.append(values[-1] * step)
        return values
    if step < 1:
        raise ValueError(f"the range {match[0]} never ends: step by 1 or more")
    if (last - first) // step >= MOST_VALUES:
        raise ValueError(f"the range {match[0]} has more than {MOST_VALUES:,} values")
    return range(first, last + 1, step)


def _list_class(text: str) -> dict[str, int]:
    """Return the fields of a class of lists such as 10x2 or 5x16-31."""
    match = re.fullmatch(_LISTS, text)
    if match is None:
        raise ValueError(f'expected COUNTxENTRIES such as 1000x15, joined by "+", got "{text[:40]}"')
    fields = {"count": int(match[1]), "entries": int(match[2])}
    fields |= {"entries_to": int(match[3])} if match[3] else {}
    if not all(fields.values()):
        raise ValueError(f'expected 1 or more lists of 1 or more entries (or none), got "{text[:40]}"')
    return fields


def _lists(classes: Sequence[ListClass], divide: int = 1, times: int = 1) -> str:
    """Return classes of lists as they are typed, with so many times as many of each."""
    return "+".join(_class(each, max(each.count * times // divide, 1)) for each in classes) or "none"


def _class(each: ListClass, count: int) -> str:
    return f"{count}x{each.entries}" + (f"-{each.entries_to}" if each.entries_to else "")


def _toml(text: str) -> Any:
    try:
        value = toml(f"value = {text}", "")["value"]
    except PtelistError:
        raise ValueError(f'not a TOML array: "{text[:40]}"') from None
    return frozen(value)


INTEGERS, ORDERS, SIZES, LEAVES, LISTS, FIELDS = Integers(), Orders(), Sizes(), Leaves(), Lists(), Fields()
