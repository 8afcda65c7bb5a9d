"""A part of a scenario, between what was said and what was made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import Where

if TYPE_CHECKING:
    from ptelist.scenario.overlay import Fields, Source


class Part(NamedTuple):
    """A part of a scenario as checked, with the settings that say it and what is wrong with them."""

    name: str
    fields: Fields
    record: Any
    sources: dict[str, Source]
    errors: list[Any]
    """As pydantic tells them."""

    def by_option(self, field: str) -> bool:
        """Return whether an option of the command line says it."""
        return field in self.fields and self.fields[field].origin.is_option

    def where(self, field: str, inner: list[str]) -> Where:
        """Return where a field is said, or what is inside of it; an option names its field itself."""
        if field not in self.fields:
            where = Where(self.name)
        else:
            setting = self.fields[field]
            where = setting.origin.at(".".join([setting.path, *inner]))
        kind = self.name.partition(".")[0].rstrip("s")
        return where._replace(field=".".join(inner if where.option else [kind, field, *inner]))
