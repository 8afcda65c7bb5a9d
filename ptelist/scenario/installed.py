"""Folders of data that come with the package: installed, in a checkout, or inside an archive that Python runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = Path(__file__).parents[1]


def folder(name: str, in_a_checkout: Path | None = None) -> Path:
    """Return a folder of the package, which a checkout may keep elsewhere.

    In an archive (zipapp) it is what importlib.resources has in place of a
    path, which opens, lists and joins like one.
    """
    for path in (PACKAGE / name, in_a_checkout):
        if path and path.is_dir():
            return path
    from importlib.resources import files  # noqa: PLC0415 -- takes as long to load as ptelist's own start, for archives

    return cast("Path", files("ptelist") / name)


def stems(folder: Path, suffix: str) -> Sequence[str]:
    """Return the sorted names of the folder's files with a suffix, without it."""
    return sorted(path.name.removesuffix(suffix) for path in folder.iterdir() if path.name.endswith(suffix))
