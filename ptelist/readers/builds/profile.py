"""What a kernel's own types say of its profile, laid over that of its version."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where
from ptelist.readers.builds import vm_structs
from ptelist.readers.builds.builds import once
from ptelist.readers.builds.layouts import layout
from ptelist.readers.builds.rules import MEMBERS, RULES
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.scenario.presets import mapping, shipped
from ptelist.scenario.vm_structs import ALL, size_field

if TYPE_CHECKING:
    from ptelist.readers.builds.btf import Btf
    from ptelist.readers.builds.builds import Build
    from ptelist.readers.builds.layouts import Field
    from ptelist.scenario.overlay import Fields


@cache
def overlay(spec: str, profile: str | None = None) -> Overlay:
    """Return the profile of a build: PATH or BASE+MODULE.

    What its types do not tell is taken from `profile`, else from that of its
    release. Raises PtelistError if neither is known, or it has no pte_list_desc.
    """
    read = once(spec)
    return said(read).over(shipped.load(base(read, profile), "kernels").overlay)


def base(build: Build, profile: str | None) -> str:
    """Return the name of the profile that a build's types are laid over."""
    if profile is not None:
        return mapping.stands_for(profile)
    if not build.release:
        raise PtelistError("does not say of which kernel it is: name its profile with --kernel", Where(build.label))
    try:
        return shipped.profile_of(build.release)
    except PtelistError as error:
        raise PtelistError(f"{error}: choose one with --kernel", Where(build.label)) from None


def said(build: Build) -> Overlay:
    """Return what the types of a build say; raises PtelistError if KVM is not among them."""
    if layout(build.btf, "pte_list_desc") is None:
        raise PtelistError(f"{build.label}: no struct pte_list_desc: KVM is a module of this kernel, give its kvm.ko")
    origin = Origin(build.name)
    kernel = {
        field: Setting.of_struct(origin, field, value, struct, why)
        for struct, rule in RULES.items()
        if (members := layout(build.btf, struct, MEMBERS.get(struct, ())))
        for field, value, why in rule(build.btf, members)
    }
    label = origin.label if origin.label.isprintable() else ascii(origin.label)[1:-1]  # a file may have any name
    kernel["tree"] = Setting(f"layouts of {label}", origin, "tree", label)
    if build.release:
        kernel["release"] = Setting(build.release, origin, "release", origin.label)
    kernel |= _vm_structs(build)
    profiling = _profiling(build.btf)
    config: Fields = {}
    if locks := vm_structs.lock_debugging(build.btf):
        config["lock_debugging"] = Setting.of_struct(origin, "lock_debugging", True, "lockdep_map", locks)
    if profiling is not None:
        declared = profiling.declaration
        config["alloc_profiling"] = Setting.of_struct(origin, "alloc_profiling", True, "slabobj_ext", declared)
    return Overlay(kernel=kernel, config=config)


def _vm_structs(build: Build) -> Fields:
    """Return the sizes of the structs of a VM and of a vCPU, each said by the file that has the struct."""
    builds = vm_structs.whole(build.label)
    found: Fields = {}
    for struct in ALL:
        if each := vm_structs.of(builds, struct, ("kvm", "vcpu")):
            members, btf = each
            origin = Origin(btf.label.rpartition("/")[2])
            field = size_field(struct)
            found[field] = Setting.of_struct(origin, field, members.size, struct, "")
    hashes = vm_structs.memslot_hash_bytes(build.btf) if found else None
    if hashes is not None:
        origin, name = Origin(build.name), "memslot_hash_bytes"
        found[name] = Setting.of_struct(origin, name, hashes, "kvm", "__memslots, id_hash of each")
    return found


def _profiling(btf: Btf) -> Field | None:
    """Return the member that only kernels with CONFIG_MEM_ALLOC_PROFILING have."""
    extension = layout(btf, "slabobj_ext")
    return extension and (extension.field("ref") or extension.field("_ctref"))
