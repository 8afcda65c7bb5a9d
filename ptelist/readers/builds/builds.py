"""One kernel out of its files: a vmlinux, or a module on top of one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.builds import images
from ptelist.readers.builds.btf import Btf
from ptelist.readers.builds.btf_raw import is_split
from ptelist.readers.builds.places import kernels

if TYPE_CHECKING:
    from ptelist.readers.builds.images import Image


class Build(NamedTuple):
    """The types of one kernel."""

    label: str
    """Its files as they were named."""
    name: str
    """The same without folders."""
    btf: Btf
    release: str
    """"" if none of its files says."""


def build(spec: str) -> Build:
    """Return the kernel that PATH, or BASE+MODULE, is.

    A module's kernel is looked for where a build, an installation or sysfs has
    it, unless BASE names it. Raises PtelistError if it is not found, of another release,
    or cannot be read.
    """
    *bases, path = _paths(spec)
    image = images.read(path)
    label = "+".join(part.rpartition("/")[2] for part in (*bases, path))
    if not bases and image.base is not None:
        return Build(spec, label, Btf(image.data, path, Btf(image.base, f"{path}: .BTF.base")), image.release)
    if not bases and is_split(image.data, path):
        bases = [_kernel_of(path, image)]
    if not bases:
        return Build(spec, label, Btf(image.data, path), image.release)
    base = images.read(bases[0])
    if is_split(base.data, bases[0]):
        raise PtelistError(f"{bases[0]}: BTF of a module, expected that of its kernel")
    if base.release and image.release and base.release != image.release:
        raise PtelistError(f"{path}: of kernel {image.release}, but {bases[0]} is {base.release}")
    return Build(spec, label, Btf(image.data, path, Btf(base.data, bases[0])), image.release or base.release)


once = cache(build)
"""The same, for one that is asked for again: stdin can be read once only."""


def _paths(spec: str) -> list[str]:
    """Return the files of BASE+MODULE; a name may have a plus in it itself, as Debian's releases do."""
    if "+" not in spec:
        return [spec]
    if not Path(spec).exists():
        for at in (number for number, char in enumerate(spec) if char == "+"):
            if spec[:at] == "-" or Path(spec[:at]).is_file():
                return [spec[:at], spec[at + 1 :]]
    return [spec]


def _kernel_of(path: str, image: Image) -> str:
    for place in kernels(path, image.release):
        if place.is_file():
            return str(place)
    raise PtelistError(
        f"{path}: BTF of a module, and its kernel is not where one is looked for: name it, as VMLINUX+{path}"
    )
