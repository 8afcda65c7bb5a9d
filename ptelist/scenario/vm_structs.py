"""The structs of a VM and of a vCPU, by vendor: what a kernel's build tells of them, and no profile does."""

from __future__ import annotations

SIZEOF = "sizeof"
"""What the size of a struct is called among its members."""

OF_VM, OF_VCPU = ("kvm_vmx", "kvm_svm", "kvm_tdx"), ("vcpu_vmx", "vcpu_svm", "vcpu_tdx")
"""TDX's are of Intel's module as well."""

INSIDE = {**dict.fromkeys(OF_VM, ("kvm", "kvm_arch")), **dict.fromkeys(OF_VCPU, ("kvm_vcpu", "kvm_vcpu_arch"))}
"""What makes up most of each."""
ALL = tuple(INSIDE)


def size_field(struct: str) -> str:
    """Return the field of a kernel that says how large a struct is."""
    return f"{struct}_bytes"
