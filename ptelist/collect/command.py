"""ptelist collect-script: what it does."""

from __future__ import annotations

from ptelist.scenario import installed

PARTS = ("text", "host", "facts", "vms", "qemu", "libvirt", "vmms", "main")
"""The files that the script is made of, in their order."""


def run() -> str:
    """Return the script."""
    folder = installed.folder("collect")
    return "".join((folder / f"{name}.sh").read_text(encoding="utf-8") for name in PARTS)
