"""The kinds of presets that ship, each a folder; light, for whoever only names them."""

from __future__ import annotations

KINDS = ("kernels", "configs", "hosts", "vms", "memslots", "proposals")
