"""The structs of a VM and of a vCPU, which KVM's modules for Intel's and AMD's CPUs have, beside kvm.ko."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.readers.builds.builds import once, paths
from ptelist.readers.builds.layouts import BYTE, layout
from ptelist.scenario.vm_structs import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.readers.builds.btf import Btf
    from ptelist.readers.builds.builds import Build
    from ptelist.readers.builds.layouts import Layout

STRUCTS = (*INSIDE, *dict.fromkeys(inner for structs in INSIDE.values() for inner in structs))
"""Those whose layouts tell why one of them grew."""

VENDORS = ("intel", "amd")
IN_TREE = "arch/x86/kvm"
"""Where a build has the modules, from its vmlinux on."""


@cache
def whole(spec: str) -> tuple[Build, ...]:
    """Return a build, and those of the modules for Intel's and AMD's CPUs that lie beside its kvm.ko, if any do.

    With KVM in vmlinux they may be modules still. Raises PtelistError for one of another kernel.
    """
    build = once(spec)
    *bases, path = paths(spec)
    if path == "-":
        return (build,)
    found = [build]
    for other in filter(os.path.isfile, _beside(path)):
        on_top = bases or ([] if _is_module(path) else [path])
        module = once("+".join((*on_top, other)))
        if module.release and build.release and module.release != build.release:
            raise PtelistError(f"{other}: of kernel {module.release}, but {path} is {build.release}: build both anew")
        found.append(module)
    return tuple(found)


def _is_module(path: str) -> bool:
    return re.fullmatch(r"kvm(?:\.ko.*)?", path.rpartition("/")[2]) is not None


def _beside(path: str) -> Iterator[str]:
    """Yield what the modules would be called: beside kvm.ko as it is packed, in a tree below vmlinux, in sysfs."""
    folder, slash, name = path.rpartition("/")
    _, dot, packing = name.partition(".")
    for vendor in VENDORS:
        if not _is_module(path):
            yield f"{folder}{slash}{IN_TREE}/kvm-{vendor}.ko"
        yield f"{folder}{slash}kvm-{vendor}.{packing}" if dot else f"{folder}{slash}kvm_{vendor}"


def of(builds: tuple[Build, ...], struct: str, only: tuple[str, ...] = ()) -> tuple[Layout, Btf] | None:
    """Return the layout of a struct in the first of several builds that has it, and its types."""
    for build in builds:
        if found := layout(build.btf, struct, only):
            return found, build.btf
    return None


def memslot_hash_bytes(btf: Btf) -> int | None:
    """Return how much of struct kvm is hashes of memslots (a54d806688fe, in v5.17); None if these are elsewhere.

    As SIZE_OF_MEMSLOTS_HASHTABLE counts it: id_hash of each set of memslots, of which the struct has two for
    each address space (arch/x86/kvm/x86.h, in v6.17).
    """
    vm, slots = layout(btf, "kvm", ("__memslots",)), layout(btf, "kvm_memslots", ("id_hash",))
    sets, hashes = (each and each.field(name) for each, name in ((vm, "__memslots"), (slots, "id_hash")))
    if not (sets and hashes and slots):
        return None
    return sets.width // BYTE // slots.size * (hashes.width // BYTE)


def lock_debugging(btf: Btf) -> str:
    """Return what tells that locks have maps for lockdep (CONFIG_DEBUG_LOCK_ALLOC), "" if nothing does.

    Without it struct lockdep_map is empty (include/linux/lockdep_types.h, read in 6.1.192, 7.3.4).
    """
    found = layout(btf, "lockdep_map", ("key",))
    return f"{found.size} bytes in each lock" if found and found.size else ""
