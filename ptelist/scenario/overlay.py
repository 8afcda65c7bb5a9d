"""Partial scenarios that are laid over each other until one is whole.

Presets, proposals and options all end here, each setting with its origin, so
that any value can be traced and any error can name its line or its option.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ptelist.errors import Where
from ptelist.scenario.units import parse_size

Fields = dict[str, "Setting"]
TOLD, RUN = "shadow_tables", "measured_on"
"""Fields of a VM: how many shadow pages a run told, and of which kernel it was."""
OF_A_RUN = ("nested", "rmaps", "parent_ptes", "memory", "l2_memory", "l2_smm", "l2_leaf", "l1_replacements")
"""Fields of a VM that was measured: with other values its shadow pages would have been others."""
MOST_DEEP = 64
"""So many steps up from a path its line is looked for; what is deeper is none that a preset has."""


class Origin:
    """The file (with its text) or the option that says something."""

    __slots__ = ("_lines", "_text", "is_option", "is_users", "label")

    def __init__(
        self,
        label: str,
        text: str = "",
        *,
        lines: dict[str, int] | None = None,
        is_option: bool = False,
        is_users: bool = False,
    ) -> None:
        """Take a file's name and text, or an option as it is typed.

        `lines` are those of the file's keys, if they are known; `is_users` is for a preset that a user wrote.
        """
        self.label, self.is_option, self.is_users = label, is_option, is_users
        self._text, self._lines = text, lines

    def at(self, path: str) -> Where:
        """Return the option, or the file and the line of the nearest known key at or above path, 0 if there is none."""
        if self.is_option:
            return Where(option=self.label)
        if self._lines is None:
            from ptelist.scenario import toml_lines  # noqa: PLC0415 -- shipped presets have theirs with them

            self._lines = toml_lines.index(self._text) if self._text else {}
        for _ in range(MOST_DEEP):
            if path in self._lines:
                break
            path = path.rpartition(".")[0]
        return Where(self.label, self._lines.get(path, 0))


class Source(NamedTuple):
    """Where a value comes from."""

    text: str
    """The kernel's source, or the file and line, or the option, that says it."""
    said_by: str = ""
    """The file or the option itself."""
    unverified: bool = False
    """Whether the kernel's source was not read for it."""
    struct: str = ""
    """The struct whose layout in a build says it."""
    by_caches: bool = False
    """Whether it was told by how the slab caches of a machine are laid out."""

    def __str__(self) -> str:
        """Return the text, marked if it is unverified."""
        return f"{self.text} [UNVERIFIED]" if self.unverified else self.text


class Setting(NamedTuple):
    """One value, where it was said, and its kernel source."""

    value: Any
    origin: Origin
    path: str = ""
    source: str = ""
    unverified: bool = False
    struct: str = ""
    by_caches: bool = False
    """Both as in Source."""
    member: str = ""
    """What of the struct says it, its size if that is empty."""

    @classmethod
    def of_struct(cls, origin: Origin, path: str, value: Any, struct: str, member: str) -> Setting:
        """Return what the layout of a struct in a build says."""
        source = f"{origin.label}: struct {struct}{member and ': '}{member}"
        return cls(value, origin, path, source, struct=struct, member=member)

    @property
    def provenance(self) -> Source:
        """Return the source, or where it was said if there is none."""
        text = self.source or str(self.origin.at(self.path))
        return Source(text, self.origin.label, self.unverified, self.struct, self.by_caches)


NONE: Fields = {}
"""No settings; never written to."""


class Overlay(NamedTuple):
    """Settings of a kernel, a host, every VM group, the groups themselves, and the kernel's configuration."""

    kernel: Fields = NONE
    host: Fields = NONE
    vm: Fields = NONE
    vms: tuple[Fields, ...] = ()
    proposals: tuple[tuple[str, str], ...] = ()
    config: Fields = NONE

    def over(self, base: Overlay) -> Overlay:
        """Return base with this laid over it; groups given here replace base's."""
        groups = tuple(laid(base.vm, group) for group in self.vms) or tuple(laid(group, self.vm) for group in base.vms)
        return Overlay(
            base.kernel | self.kernel,
            base.host | self.host,
            laid(base.vm, self.vm),
            groups,
            base.proposals + self.proposals,
            base.config | self.config,
        )

    def groups(self) -> tuple[Fields, ...]:
        """Return the VM groups; `[vm]` alone is one group."""
        return self.vms or (self.vm,)


def laid(base: Fields, over: Fields) -> Fields:
    """Return fields of a VM laid over others.

    Shadow pages that a run told are dropped where those over them make another VM of it; a value that is only said
    again does not. The field then says None, and still where it was told.
    """
    whole = base | over
    told, run = base.get(TOLD), base.get(RUN)
    if told and run and told.origin.label == run.origin.label and TOLD not in over and _is_another(base, over):
        whole[TOLD] = told._replace(value=None)
    return whole


def _is_another(base: Fields, over: Fields) -> bool:
    said = [field for field in OF_A_RUN if field in over]
    return any(_plain(over[field]) != _plain(base.get(field)) for field in said)


def _plain(setting: Setting | None) -> Any:
    """Return a value of whichever text: 640 MiB as 671088640; None for what says nothing, as off, 0 and no lists do."""
    value = setting.value if setting else None
    try:
        return parse_size(value) if isinstance(value, str) else value or None
    except ValueError:
        return value


def frozen(value: Any) -> Any:
    """Return a value with tuples for lists, which the strict models want."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value
