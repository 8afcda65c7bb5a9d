"""The one object that has all structs, built in a copy of the tree, and its types as BTF."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.patch.programs import missing, run

if TYPE_CHECKING:
    from pathlib import Path

OBJECT = "arch/x86/kvm/mmu/mmu.o"
FLAGS = "KCFLAGS=-g -Wno-error"
"""Debugging information, whatever the configuration says of it; old trees warn of more under new compilers."""

NEEDED = ("git", "make", "gcc", "flex", "bison", "pahole")
MAKE = ("make", "--silent", "ARCH=x86_64", "WERROR=0")
SETTLE, COMPILE, ENCODE = 10, 120, 5
"""Minutes for each step."""

WITHOUT = ("WERROR", "KVM_WERROR", "DEBUG_INFO_REDUCED", "DEBUG_INFO_SPLIT", "DEBUG_INFO_BTF")
"""Options that are switched off: none has a say in a struct of KVM's, and with each the object may lack types."""

RECIPE = (
    f"make '{FLAGS}' {OBJECT} && pahole --btf_encode_detached=before.btf {OBJECT}; the same for after.btf with the"
    " patches; then: ptelist patch --before before.btf --after after.btf"
)


def refuse_without_programs() -> None:
    """Raise PtelistError that says what to run elsewhere if a program is missing here."""
    if lacking := missing(NEEDED):
        verb = "is" if len(lacking) == 1 else "are"
        raise PtelistError(
            f"--tree: cannot be built here, {' and '.join(lacking)} {verb} not installed; where all are: {RECIPE}"
        )


class Build:
    """A copy of a tree with its configuration, built again after each change."""

    def __init__(self, folder: Path, configuration: str, label: str) -> None:
        """Take the copy, and the text of a configuration with the name of its file."""
        self._folder, self._label = folder, label
        off = "".join(f"# CONFIG_{name} is not set\n" for name in WITHOUT)
        (folder / ".config").write_text(f"{configuration}\n{off}", encoding="utf-8", errors="surrogateescape")
        self.options: dict[str, str] = {}
        """What the configuration says, by option, since the tree was built last."""

    def types(self, file: Path) -> None:
        """Write the types of the tree as it is now; raises PtelistError if it cannot be built."""
        cpus = len(os.sched_getaffinity(0))
        run((*MAKE, "olddefconfig"), self._folder, SETTLE)
        text = (self._folder / ".config").read_text(encoding="utf-8", errors="surrogateescape")
        self.options = dict(re.findall(r"(?m)^CONFIG_(\w+)=(.*)$", text))
        if "KVM" not in self.options:
            raise PtelistError(f"{self._label}: has no CONFIG_KVM, so there is no KVM to build")
        # else make asks the files' times, and a clock may stand still, or go back, between a build and a patch
        (self._folder / OBJECT).unlink(missing_ok=True)
        run((*MAKE, f"-j{cpus}", FLAGS, OBJECT), self._folder, COMPILE)
        run(("pahole", f"--btf_encode_detached={file}", OBJECT), self._folder, ENCODE)
        if not file.is_file():
            raise PtelistError(f"pahole: found no types in {OBJECT}")

    def release(self) -> str:
        """Return the release that the tree says it is, "" if it does not."""
        file = self._folder / "include/config/kernel.release"
        return file.read_text(encoding="utf-8", errors="replace").strip() if file.is_file() else ""
