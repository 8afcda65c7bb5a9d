"""What a machine's own types say of its kernel's profile, as a saved observation has it: a line a field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.readers.host import paths
from ptelist.scenario.models import Kernel
from ptelist.scenario.overlay import Origin, Setting

if TYPE_CHECKING:
    from ptelist.scenario.overlay import Fields

CELLS = 4
"""Field, value as JSON, struct, and the member that says it."""
NOT_TYPES = frozenset(("tree", "release"))
"""Fields that name a build."""


def render(fields: Fields) -> str:
    """Return what `readers.builds.profile.said` found, as text that `parse` reads back."""
    return "".join(
        f"{name}\t{json.dumps(setting.value)}\t{setting.struct}\t{setting.member}\n"
        for name, setting in fields.items()
        if name not in NOT_TYPES
    )


def parse(text: str, label: str) -> Fields:
    """Return the fields, each with the struct that says it; raises PtelistError for what `render` does not write."""
    origin, where = Origin(label), f"{label}: {paths.TYPES}"
    found: Fields = {}
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if len(cells) != CELLS or cells[0] not in Kernel._fields or cells[0] in NOT_TYPES:
            raise PtelistError(f'{where}: line {number}: expected FIELD, VALUE, STRUCT and MEMBER, got "{line[:40]}"')
        name, value, struct, member = cells
        try:
            loaded = json.loads(value)
        except (ValueError, RecursionError):
            raise PtelistError(f'{where}: {name}: expected a value as JSON has it, got "{value[:40]}"') from None
        found[name] = Setting.of_struct(origin, name, loaded, struct, member)
    return found
