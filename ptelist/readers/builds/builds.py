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
    *bases, path = paths(spec)
    image = images.read(path)
    label = "+".join(part.rpartition("/")[2] for part in (*bases, path))
    if not bases and image.base is not None:
        return Build(spec, label, Btf(image.data, path, Btf(image.base, f"{path}: .BTF.base")), image.release)
    if not bases and is_split(image.data, path):
        bases = [_kernel_of(path, image)]
    if not bases:
        return Build(spec, label, Btf(image.data, path), image.release)
    kernel, release = _kernel(bases[0])
    if release and image.release and release != image.release:
        raise PtelistError(f"{path}: of kernel {image.release}, but {bases[0]} is {release}")
    return Build(spec, label, Btf(image.data, path, kernel), image.release or release)


once = cache(build)
"""The same, for one that is asked for again: stdin can be read once only."""


@cache
def _kernel(path: str) -> tuple[Btf, str]:
    """Return the types of the kernel that modules are of, which is read once for all of them, and its release."""
    base = images.read(path)
    if is_split(base.data, path):
        raise PtelistError(f"{path}: BTF of a module, expected that of its kernel")
    return Btf(base.data, path), base.release


def paths(spec: str) -> list[str]:
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
