"""What is in force where no option says otherwise: presets, and what they say, as --help shows it."""

from __future__ import annotations

PRESETS = {"memslots": "q35", "kernel": "6.18", "host": "server-64", "vm": "tdp"}
"""Each lies over those before it."""

CONFIG = "upstream"
"""The configuration of a kernel that names none."""

SAID_BY_PRESETS = {
    "ext": "14",
    "list-policy": "head",
    "capacity": "40",
    "vcpus": "4",
    "vms": "1",
    "memory": "4 GiB",
    "dimms": "0",
    "leaf": "2M",
    "mapped": "all",
    "root-level": "4",
    "paging": "tdp",
    "nested": "off",
    "l2-memory": "1 GiB",
    "l2-leaf": "4K",
    "l2-smm": "off",
    "l1-replacements": "0",
    "history": "grown",
    "faults": "any",
    "caches": "drawn",
    "eager-split": "off",
    "dirty-log": "off",
    "dirty-ring": "0",
    "smm": "on",
    "tdx": "off",
    "cpus": "64",
    "nodes": "1",
    "filling": "packed",
    "vendor": "intel",
    "itlb-multihit": "off",
    "memcg": "on",
    "alloc-profiling": "absent",
    "slab-merge": "on",
    "slub-min-objects": "0",
    "slub-min-order": "0",
    "slub-debug": "none",
}
"""Values of axes in the default scenario: --help has no time to read presets; a test holds the two equal."""


def default(axis: str) -> str:
    """Return what is in force on an axis that no option names, "" if that follows from others."""
    return (PRESETS | SAID_BY_PRESETS).get(axis, "")
