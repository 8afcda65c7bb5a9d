"""The objects of JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from ptelist.fleet.collected import BESIDE, FACTS, NOTHING, READ, Collected, collected
from ptelist.fleet.records import MOST_COLUMNS, REASON, NoRecordError, Place, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ptelist.fleet.records import Cells, Record, Text

LIST = "vms"
"""The key of an object's parts."""


class _TwiceError(ValueError):
    """A key that an object has twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raises ValueError if it has a key twice, of which JSON would keep the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        raise _TwiceError(next(name for name, count in times.items() if count > 1))
    return found


_DECODE = json.JSONDecoder(object_pairs_hook=_once).decode


def keys(text: str) -> list[str]:
    """Return the names of what a JSON object and its parts say; none if it is no object, which is told later."""
    try:
        whole = _DECODE(text)
    except (ValueError, RecursionError):
        return []
    whole = whole if isinstance(whole, dict) else {}
    parts = whole.pop(LIST) if isinstance(whole.get(LIST), list) else []
    return [*dict.fromkeys(name for each in (whole, *parts) if isinstance(each, dict) for name in each)]


class Objects:
    """The parts of JSON objects, those in a list `vms` or the object itself, each as cells of named columns."""

    def __init__(self, text: Text, head: Sequence[str], top: dict[str, str]) -> None:
        """Take the names of columns, and other names of some that stand beside the list."""
        self._text, self.head, self._top = text, list(head), top
        self._names = [plain(name) for name in head]
        self.unused: dict[str, None] = {}
        self.collected: dict[str, Collected] = {}
        """What the collector tells of hosts beside what they are."""
        self._place = Place(1)

    def of(self, head: Sequence[str], top: dict[str, str]) -> Objects:
        """Return the same objects as cells of other columns, of which some have another name beside the list."""
        return Objects(self._text, head, top)

    def place(self, number: int) -> Place:  # noqa: ARG002 -- a line can have several
        """Return where the part is that was given last."""
        return self._place

    def glimpse(self, names: Collection[str], most: int) -> dict[str, list[str]]:
        """Return what the parts of the first objects say by some names; the objects stay to be read."""
        parts: list[dict[str, Any]] = []
        with suppress(NoRecordError):  # which is told where it is read
            for text in (self._text.first, *self._text.ahead(most)):
                parts += self._parts(_loaded(text)) if text.strip() else []
        return {name: [str(part.get(plain(name)) or "") for part in parts] for name in names}

    def records(self, host: int, used: Sequence[int]) -> Iterator[Record]:
        """Yield each part; `used` are the places of cells that are read beside the host's name."""
        for line, text in self.texts():
            try:
                whole = _loaded(text)
                told = collected(whole)
                parts = list(self._parts(whole))
            except NoRecordError as error:
                self._place = Place(line, None)
                yield "", "", error
                continue
            known = BESIDE.union(self._names) if FACTS in whole else (READ & whole.keys()).union(self._names)
            for number, part in enumerate(parts):
                self._place = Place(line, number)
                if len(self.unused) < MOST_COLUMNS:
                    self.unused |= dict.fromkeys(sorted(part.keys() - known))
                try:
                    cells = [_cell(name, part.get(name)) for name in self._names]
                except NoRecordError as error:
                    yield "", "", error
                    continue
                if told != NOTHING:
                    self.collected[cells[host].strip()] = told
                yield cells[host], "", tuple(cells[place] for place in used)

    def cells(self, rest: str | Cells) -> Cells:
        """Return the cells of a part."""
        return tuple(rest)

    def texts(self) -> Iterator[tuple[int, str]]:
        """Yield the line of each object, and the object as it is."""
        lines = chain((self._text.first,), self._text.lines())
        return ((line, text) for line, text in enumerate(lines, 1) if text.strip())

    def _parts(self, whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield an object's parts, each with what stands beside the list; raises NoRecordError for one that is none."""
        parts = whole.get(LIST)
        if not isinstance(parts, list):
            yield whole
            return
        above = {self._top.get(name, name): value for name, value in whole.items() if name != LIST}
        for part in parts or [{"count": 0}]:
            if not isinstance(part, dict):
                raise NoRecordError(f"{LIST}: expected objects")
            yield above | {plain(name): value for name, value in part.items()}

    def rejects(self) -> str:
        """Return what a file of rejected objects begins with."""
        return ""

    def rejected(self, text: str, why: dict[int | None, str]) -> str:
        """Return an object with its bad parts only, and what is wrong with them; what is none, as text."""
        reason = "; ".join(why.values())
        try:
            told = _DECODE(text)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            return json.dumps({"row": text.rstrip("\n"), REASON: reason}) + "\n"
        parts = told.get(LIST)
        if isinstance(parts, list) and None not in why:
            told[LIST] = [part for number, part in enumerate(parts) if number in why]
        return json.dumps(told | {REASON: reason}) + "\n"


def _loaded(text: str) -> dict[str, Any]:
    """Return a line's object, its keys as options are spelt; raises NoRecordError if it is none."""
    try:
        loaded = _DECODE(text)
    except json.JSONDecodeError as error:
        whole = len(text.rstrip())
        why = "it ends too early, expected one whole object a line" if error.pos >= whole else error.msg
        raise NoRecordError(f"not valid JSON at character {min(error.pos, whole) + 1}: {why}") from None
    except _TwiceError as error:
        raise NoRecordError(f'key "{str(error)[:80]}" is there twice') from None
    except ValueError:  # of int()
        raise NoRecordError("not valid JSON: a number is too long") from None
    except RecursionError:
        raise NoRecordError("not valid JSON: nested too deeply") from None
    if not isinstance(loaded, dict):
        raise NoRecordError("expected an object")
    return {plain(name): value for name, value in loaded.items()}


def _cell(name: str, value: Any) -> str:
    """Return a value as text; raises NoRecordError for one that is no cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int):
        return str(value)
    raise NoRecordError(f"{name}: expected text or a whole number")
