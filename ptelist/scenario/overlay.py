"""Partial scenarios that are laid over each other until one is whole.

Presets, proposals and options all end here, each setting with its origin, so
that any value can be traced and any error can name its line or its option.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ptelist.scenario import toml_lines

Fields = dict[str, "Setting"]


class Origin:
    """The file (with its text) or the option that says something."""

    __slots__ = ("_lines", "_text", "label")

    def __init__(self, label: str, text: str = "") -> None:
        """Take a file's name and text, or an option's name."""
        self.label = label
        self._text = text
        self._lines: dict[str, int] | None = None

    def at(self, path: str) -> str:
        """Return `file:line` for the nearest known key at or above path."""
        label, line = self.place(path)
        return f"{label}:{line}" if line else label

    def place(self, path: str) -> tuple[str, int]:
        """Return file and line for the nearest known key at or above path; line 0 if there is none."""
        if self._lines is None:
            self._lines = toml_lines.index(self._text) if self._text else {}
        while path and path not in self._lines:
            path = path.rpartition(".")[0]
        return self.label, self._lines.get(path, 0)


class Setting(NamedTuple):
    """One value, where it was said, and its kernel source."""

    value: Any
    origin: Origin
    path: str = ""
    source: str = ""
    unverified: bool = False

    @property
    def provenance(self) -> str:
        """Return the source, or where it was said if there is none."""
        text = self.source or self.origin.at(self.path)
        return f"{text} [UNVERIFIED]" if self.unverified and "UNVERIFIED" not in text else text


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
