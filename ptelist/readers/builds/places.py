"""Where the kernel is that a module belongs to: beside it, in its tree, or installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ptelist.readers.builds import images

if TYPE_CHECKING:
    from collections.abc import Iterator

KERNELS = ("vmlinux", "vmlinuz", "vmlinuz.unsigned", "bzImage")
"""What a kernel's own file is called beside its modules."""

TREE_DEPTH = 4
"""kvm.ko lies so far below the top of a kernel tree: arch/x86/kvm/kvm.ko."""


def kernels(module: str, release: str) -> Iterator[Path]:
    """Yield where a module's kernel may be."""
    path = Path(module).absolute()
    yield path.parent / "vmlinux"
    for parent in path.parents:
        if release and parent.name == release and parent.parent.name == "modules":
            yield from (parent / name for name in KERNELS)
            root = parent.parent.parent.parent
            root = root.parent if root.name == "usr" else root
            yield root / "boot" / f"vmlinuz-{release}"
            yield root / f"usr/lib/debug/boot/vmlinux-{release}"
            yield root / "usr/lib/debug/lib/modules" / release / "vmlinux"
            yield parent / "build/vmlinux"
    yield from (parent / "vmlinux" for parent in list(path.parents)[1:TREE_DEPTH])
    if release and release == images.running():
        yield Path(images.BTF_FOLDER, "vmlinux")
