"""What a gate reads of a build under test: this loads the readers of BTF, so that a check of profiles does not."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from ptelist.readers.builds import vm_structs
from ptelist.readers.builds.builds import once, paths
from ptelist.readers.builds.layouts import layout
from ptelist.readers.builds.profile import base
from ptelist.readers.builds.rules import STRUCTS
from ptelist.readers.host import kconfig
from ptelist.scenario.vm_structs import SIZEOF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.gate.baseline import Places
    from ptelist.readers.builds.layouts import Layout
    from ptelist.scenario.limits import Text

IN_TREE = ("/arch/x86/kvm", "/arch/x86/boot")
"""Where a tree has its modules and its bzImage: the folders between these and its top."""


def layouts(build: str) -> Places:
    """Return the structs of a build on which figures depend, those of its modules for Intel's and AMD's CPUs too."""
    builds = vm_structs.whole(build)
    found = {struct: each[0] for struct in vm_structs.STRUCTS if (each := vm_structs.of(builds, struct))}
    found |= {struct: built for struct in STRUCTS if (built := layout(builds[0].btf, struct))}
    return {struct: _places(each) for struct, each in found.items()}


def _places(built: Layout) -> dict[Text, tuple[int, ...]]:
    """Return the size of a struct, and where its members are."""
    return {SIZEOF: (built.size,)} | {field.name: (field.offset, field.width) for field in built.fields}


def profile(build: str, kernel: str | None) -> str:
    """Return the name of the profile that a build is held against: `kernel`, else that of its version."""
    return base(once(build), kernel)


@cache
def configuration(build: str, name: str) -> str | None:
    """Return the file of a build's configuration, of this name; None if there is none, or it is another thing."""
    for file in _where(build, name):
        if os.path.isfile(file) and kconfig.read(file, file) is not None:
            return file
    return None


def _where(build: str, name: str) -> Iterator[str]:
    """Yield where the configuration of a build may lie: beside its files, and at the top of the tree they lie in."""
    for file in paths(build):
        if file == "-":
            continue
        folder = os.path.dirname(file)
        yield os.path.join(folder, name)
        if os.path.abspath(folder).endswith(IN_TREE):
            yield os.path.normpath(os.path.join(folder, "../../..", name))
