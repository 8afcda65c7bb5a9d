"""A column whose cells read as kernels, though no name says so: left out, it would be a default's in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.fleet.fields import KERNEL
from ptelist.scenario.presets import releases, shipped
from ptelist.scenario.presets.versions import is_release, version_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from ptelist.fleet.objects import Objects
    from ptelist.fleet.parquet import Parquet
    from ptelist.fleet.rows import Rows

LOOKED_AT = 20
"""Rows."""

OLDEST = 2
"""Major version of kernels that hosts may still have."""

NUMBERS = 2
"""Dots of a whole release."""

NAMES = ("kern", "uname", "linux", "release")
"""What the name of a column has whose bare versions are kernels': QEMU has a 6.2.0 too."""


def refuse_overlooked(records: Rows | Objects | Parquet, names: Collection[str], label: str) -> None:
    """Raise PtelistError if one of these columns, none of which is the kernel's, has only kernels in the first rows."""
    found = []
    for name, cells in records.glimpse(names, LOOKED_AT).items():
        said = [cell.strip() for cell in cells if cell.strip()]
        bare = any(part in name.lower() for part in NAMES)
        found += [name] if said and all(_is_kernel(cell, bare=bare) for cell in said) else []
    if found:
        columns = " or ".join(found)
        ways = " or ".join(f"--column {KERNEL}={name}" for name in found)
        instead = f"--assume {KERNEL}=VERSION says the kernel of all hosts instead"
        raise PtelistError(
            f"{label}:1: no column {KERNEL}, but the cells of {columns} read as releases: {ways} takes it, {instead}"
        )


def _is_kernel(cell: str, *, bare: bool) -> bool:
    """Return whether a cell is a release with a mark, or a bare one if that may be, of a series that has a profile."""
    if not is_release(cell):
        return False
    release, known = releases.read(cell), shipped.names("kernels")
    if not OLDEST <= version_key(cell)[0] <= max(map(version_key, known))[0]:
        return False
    if release.distribution == releases.OTHER and release.mark.isdecimal():
        return False  # 6.1.0.7 is no kernel's
    marked = release.distribution not in {releases.UPSTREAM, releases.OTHER}
    whole = release.series in known and cell.count(".") >= NUMBERS
    return marked or (whole and (bare or bool(release.mark)))
