"""What the cells of an inventory mean: what an option of the field's name would, and what the column's unit adds."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where
from ptelist.fleet.fields import HOST_MEMORY, KERNEL
from ptelist.fleet.observations import beside, is_there
from ptelist.scenario.presets.versions import is_release
from ptelist.settings.axes import AXES
from ptelist.settings.kinds import Choice
from ptelist.settings.number_kinds import SIZES
from ptelist.settings.typed_options import choices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ptelist.fleet.guess import FieldColumn
    from ptelist.fleet.records import Cells
    from ptelist.scenario.presets.mapping import KernelMap

MOST = 1 << 15
"""Different cells of which the meaning is remembered."""

SWITCH_WORDS = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}


FILE = r"[^.].*\.[A-Za-z]\w+"
"""A name that ends as those of files do."""


class Meanings:
    """Reads cells, the same only once."""

    def __init__(
        self,
        label: str,
        called: Mapping[str, str],
        columns: Mapping[str, FieldColumn],
        maps: KernelMap,
        needed: Collection[str],
    ) -> None:
        """Take how the column of each field is called, which ones have a unit, and the fields that are needed."""
        self._label, self._called, self._columns, self._maps, self._needed = label, called, columns, maps, needed
        self._choice = lru_cache(MOST)(self._read)

    def choices(self, fields: Cells, cells: Cells) -> dict[str, Choice]:
        """Return what cells say; an empty one says nothing. Raises PtelistError that names the field."""
        said = {}
        for field, cell in zip(fields, cells, strict=True):
            if cell:
                said[field] = self._choice(field, cell)
            elif field in self._needed:
                raise PtelistError(f"{field}: is missing")
        return said

    def _read(self, field: str, cell: str) -> Choice:
        if field == KERNEL:
            return self._kernel(cell)
        axis = AXES["memory" if field == HOST_MEMORY else field]
        if axis.kind.is_switch:
            cell = SWITCH_WORDS.get(cell.lower(), cell)
        unit = self._columns[field].unit if field in self._columns else ""
        try:
            values = choices(axis, f"{cell} {unit}" if unit and re.fullmatch(r"[0-9.]+", cell) else cell)
            if axis.kind is SIZES and not unit and cell.isdecimal():
                SIZES.at_least(cell, "MiB")  # no host and no VM has less
        except (PtelistError, ValueError) as error:
            text = error.text if isinstance(error, PtelistError) else str(error)
            by_column = axis.kind is SIZES and cell.isdecimal()
            whole = f", or --column {field}={self._called[field]}:MiB" if by_column else ""
            raise PtelistError(text + whole, Where(field=field)) from None
        if len(values) > 1:
            raise PtelistError(f'{field}: expected one value, got "{cell[:40]}"')
        return values[0]

    def _kernel(self, cell: str) -> Choice:
        if saved := beside(self._label, cell):
            return Choice(cell, saved)
        if is_release(cell):
            return Choice(cell, self._maps.name(cell))
        wanted = "a release such as 6.1.0-56-amd64"
        if "/" in cell or re.fullmatch(FILE, cell):
            what = "no saved observation" if is_there(self._label, cell) else "no such file"
            raise PtelistError(f"kernel: {what}: {cell[:80]}; expected one that observe --save wrote, or {wanted}")
        raise PtelistError(f'kernel: expected {wanted}, got "{cell[:40]}"')
