"""Partial scenarios that are laid over each other until one is whole.

Presets, proposals and options all end here, each setting with its origin, so
that any value can be traced and any error can name its line or its option.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ptelist.errors import Where

Fields = dict[str, "Setting"]
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
        groups = tuple(base.vm | group for group in self.vms) or tuple(group | self.vm for group in base.vms)
        return Overlay(
            base.kernel | self.kernel,
            base.host | self.host,
            base.vm | self.vm,
            groups,
            base.proposals + self.proposals,
            base.config | self.config,
        )

    def groups(self) -> tuple[Fields, ...]:
        """Return the VM groups; `[vm]` alone is one group."""
        return self.vms or (self.vm,)


def frozen(value: Any) -> Any:
    """Return a value with tuples for lists, which the strict models want."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value
