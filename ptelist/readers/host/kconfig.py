"""A kernel's configuration out of its own file: /boot/config-RELEASE, .config or config.gz."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.readers.builds.unpack import GZIP, XZ, unpack
from ptelist.scenario.overlay import Origin, Setting
from ptelist.scenario.presets.text_file import decoded, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from ptelist.scenario.overlay import Fields

OPTION_OF = {
    "external_write_tracking": "KVM_EXTERNAL_WRITE_TRACKING",
    "memcg": "MEMCG",
    "alloc_profiling": "MEM_ALLOC_PROFILING",
    "slub_cpu_partial": "SLUB_CPU_PARTIAL",
    "slab_merge": "SLAB_MERGE_DEFAULT",
    "hardened_usercopy": "HARDENED_USERCOPY",
}
"""Fields of a configuration, and the options that say them."""

LOCK_DEBUGGING = "DEBUG_LOCK_ALLOC"
"""No kernel that is shipped has it; it is said only where it is on."""

OFF_AT_BOOT = "# CONFIG_MEM_ALLOC_PROFILING_ENABLED_BY_DEFAULT is not set"
"""The line of a kernel that never profiles allocations unless a boot option says so."""

EXPECTED = "a kernel's configuration"
MOST_BYTES = 1 << 22
"""A distribution's file has 250 to 350 KB."""

_SET = re.compile(r"CONFIG_([A-Z0-9_a-z]+)=(.*)")
_UNSET = re.compile(r"# CONFIG_([A-Z0-9_a-z]+) is not set")
_HEAD = re.compile(r"# Linux/\S+ ([0-9]\S*) Kernel Configuration")


def read(path: Path | str, label: str) -> Fields | None:
    """Return the settings in a file, None for one that is not a kernel's configuration.

    Raises PtelistError for one that is packed and damaged, or that sets an option to what it cannot be.
    """
    data = read_bytes(path, label, EXPECTED)
    text = unpacked(data, label) if data.startswith((GZIP, XZ)) else decoded(data, label, EXPECTED)
    return fields(text, label) if is_config(text) else None


def is_config(text: str) -> bool:
    """Return whether any line is one of a kernel's configuration."""
    return any(_SET.fullmatch(line) or _UNSET.fullmatch(line) for line in text.splitlines())


def unpacked(data: bytes, label: str) -> str:
    """Return the text of a file that may be packed, as /proc/config.gz is; raises PtelistError if it is damaged."""
    if data.startswith((GZIP, XZ)):
        data = unpack(data, label, MOST_BYTES)
    return data.decode("utf-8", "replace")


def telling(text: str) -> list[str]:
    """Return the lines that bear on a figure, and the one that names the kernel."""
    names = {"MEMCG_KMEM", "MEM_ALLOC_PROFILING_ENABLED_BY_DEFAULT", LOCK_DEBUGGING, *OPTION_OF.values()}
    kept = []
    for line in text.splitlines():
        match = _SET.fullmatch(line) or _UNSET.fullmatch(line)
        if _HEAD.fullmatch(line) or (match and match[1] in names):
            kept.append(line)
    return kept


def fields(text: str, label: str, name: str = "") -> Fields:
    """Return the settings in a configuration's text, each with the line that says it.

    An option that is not there is off: its kernel has it not, or does not offer it. Accounting kernel memory
    was an option of its own up to v6.10, MEMCG_KMEM, on wherever MEMCG is.
    """
    origin = Origin(label)
    said: dict[str, tuple[int, str]] = {}
    release = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _SET.fullmatch(line):
            said[match[1]] = number, match[2]
        elif match := _UNSET.fullmatch(line):
            said[match[1]] = number, "n"
        elif (match := _HEAD.fullmatch(line)) and not release:
            release = match[1]
    settings: Fields = {}

    def put(field: str, value: bool | str, source: str) -> None:
        settings[field] = Setting(value, origin, field, source)

    put("name", name or label.rpartition("/")[2] or "stdin", label)
    put("release", release, label)
    for field, option in OPTION_OF.items():
        put(field, *_switch(option, said, label))
    if said.get("MEMCG_KMEM", (0, "y"))[1] != "y":
        put("memcg", *_switch("MEMCG_KMEM", said, label))
    if (locks := _switch(LOCK_DEBUGGING, said, label))[0]:
        put("lock_debugging", *locks)
    return settings


def _switch(option: str, said: dict[str, tuple[int, str]], label: str) -> tuple[bool, str]:
    """Return whether an option is on, and where it is said."""
    if option not in said:
        return False, f"{label}: no CONFIG_{option}"
    number, value = said[option]
    if value not in {"y", "n"}:
        raise PtelistError(f'{label}:{number}: CONFIG_{option}: expected y or "is not set", got {value[:40]}')
    return value == "y", f"{label}:{number}: CONFIG_{option}{'=y' if value == 'y' else ' is not set'}"
