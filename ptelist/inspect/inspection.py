"""What `ptelist inspect` finds in a kernel's own types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine.figure_kinds import DESC
from ptelist.errors import PtelistError
from ptelist.output.note import Note
from ptelist.readers.builds import profile as profiles
from ptelist.readers.builds import rules, vm_structs
from ptelist.readers.builds.builds import once
from ptelist.readers.builds.layouts import layout
from ptelist.scenario.vm_structs import ALL, size_field
from ptelist.settings.named import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.engine.ledger import Term
    from ptelist.readers.builds.layouts import Layout
    from ptelist.scenario.overlay import Fields


class FieldRow(NamedTuple):
    """One field of a kernel profile."""

    field: str
    value: Any
    source: str
    known: Any
    """What the profile of this version says; None if no version is known, or only builds tell the field."""

    @property
    def differs(self) -> bool:
        """Return whether the profile of this version says another value."""
        return self.known is not None and self.value != self.known


class Inspected(NamedTuple):
    """One kernel."""

    name: str
    release: str
    profile: str | None
    """The kernel profile that it was held against."""
    layouts: tuple[Layout, ...]
    rows: tuple[FieldRow, ...]
    notes: tuple[Note, ...]
    orders: tuple[Term, ...] = ()
    """Figures of the structs of a VM and of a vCPU, where the build has them and its profile is known."""

    @property
    def title(self) -> str:
        """Return files and release."""
        return f"{self.name} ({self.release})" if self.release else self.name


def inspect(spec: str, structs: Sequence[str], profile: str | None) -> Inspected:
    """Return the layouts of one kernel: the usual structs, or those named.

    Raises PtelistError if it cannot be read or lacks a struct that was named.
    """
    build = once(spec)
    layouts = []
    for name in structs or rules.STRUCTS:
        each = layout(build.btf, name) or (_beside(spec, name) if structs else None)
        if each:
            layouts.append(each)
        elif structs:
            raise PtelistError(f"{spec}: no struct {name}")
    if structs:
        return Inspected(build.name, build.release, None, tuple(layouts), (), ())
    if all(each.name != DESC for each in layouts):
        note = Note(build.name, f"no struct {DESC}: KVM is a module of this kernel, its layouts are in kvm.ko")
        return Inspected(build.name, build.release, None, tuple(layouts), (), (note,))
    said = profiles.said(build)
    known: Fields = {}
    base: str | None = None
    notes = [Note(build.name, text) for text in _of_type(said.kernel)]
    if profile or build.release:
        try:
            base = profiles.base(build, profile)
            known = load(base, "kernels").overlay.kernel
        except PtelistError as error:
            notes.append(Note(str(error.where), error.text))
    rows = tuple(
        FieldRow(field, setting.value, setting.source, known[field].value if field in known else None)
        for field, setting in said.kernel.items()
        if field not in {"tree", "release"}
    )
    orders: tuple[Term, ...] = ()
    if base and any(size_field(struct) in said.kernel for struct in ALL):
        from ptelist.inspect import orders as allocations  # noqa: PLC0415 -- brings the engine in

        orders, more = allocations.orders(spec, profile)
        notes += [Note(build.name, text) for text in more]
    return Inspected(build.name, build.release, base, tuple(layouts), rows, tuple(notes), orders)


def _beside(spec: str, name: str) -> Layout | None:
    """Return a struct of the modules for Intel's and AMD's CPUs beside kvm.ko."""
    found = vm_structs.of(vm_structs.whole(spec), name)
    return found and found[0]


def _of_type(fields: Fields) -> Iterator[str]:
    """Yield what the type of a descriptor means in short."""
    fixed, each = fields["pte_list_desc_fixed_bytes"].value, fields["spte_pointer_bytes"].value
    if "pte_list_ext" in fields:
        ext = fields["pte_list_ext"].value
        yield f"PTE_LIST_EXT is {ext}: {fixed} + {ext} x {each} = {fixed + ext * each} bytes a descriptor"
    else:
        yield f"PTE_LIST_EXT is not in the type, a flexible array: {fixed} bytes and {each} for each entry"
