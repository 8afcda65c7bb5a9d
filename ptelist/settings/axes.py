"""Parameters and their values: every option is an axis, several give a product."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, Where, suggestion
from ptelist.presets.kinds import KINDS
from ptelist.scenario.overlay import frozen
from ptelist.units import format_size, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_COLUMNS = 10_000
_RANGE = r"([^.].*?)\.\.(.+?)(?:([*+])(.+))?"
_LISTS = r"([0-9]+)x([0-9]+)(?:-([0-9]+))?"
_INTEGER = r"-?[0-9]+"

Value = Any
SET = Where(option="--set")


class Axis(NamedTuple):
    """One parameter: its option, the field it sets, and how its values read."""

    name: str
    path: str
    kind: str
    """`int`, `size`, `bool`, `text`, `lists`, `words`, or the kind of preset it names."""
    help: str
    clears: tuple[str, ...] = ()
    """Fields reset to none, so that the value given is the one in force."""
    words: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...] = ()
    """Of kind `words`: each word, and the fields that it sets."""

    def sets(self, choice: Choice) -> tuple[tuple[str, Value], ...]:
        """Return the fields that a value sets, and their values."""
        if self.words:
            return dict(self.words)[choice.value]
        return (*((path, None) for path in self.clears), (self.path, choice.value))

    def touches(self, part: str) -> bool:
        """Return whether it sets a field of this part of a scenario."""
        paths = [path for _, fields in self.words for path, _ in fields] or [self.path]
        return any(path.startswith(f"{part}.") for path in paths)

    @property
    def option(self) -> str:
        """Return how it is typed."""
        return self.name if self.kind == "preset" else f"--{'set ' if self.kind == 'field' else ''}{self.name}"

    @property
    def where(self) -> Where:
        """Return what an error about it is about."""
        return Where(option=self.option)

    @property
    def metavar(self) -> str:
        """Return how --help shows a value."""
        return METAVARS.get(self.kind, "NAME,..")


METAVARS = {
    "int": "N,..|A..B",
    "size": "SIZE,..|A..B",
    "bool": "[on|off]",
    "text": "WORD,..",
    "words": "WORD,..",
    "lists": "NxENTRIES,..",
    "builds": "FILE,..",
}

BUILT, PROFILED = "config.alloc_profiling", "host.alloc_profiling"
PROFILING = (
    ("absent", ((BUILT, False), (PROFILED, "off"))),
    ("built", ((BUILT, True), (PROFILED, "off"))),
    ("never", ((BUILT, True), (PROFILED, "never"))),
    ("on", ((BUILT, True), (PROFILED, "on"))),
)
"""CONFIG_MEM_ALLOC_PROFILING and the boot option sysctl.vm.mem_profiling in one word."""

AXES = {
    axis.name: axis
    for axis in (
        Axis("kernel", "", "kernels", "5.10 to 7.3, running, a saved observation or a TOML file."),
        Axis("kernel-from", "", "builds", "A build's own layouts: vmlinux, kvm.ko, bzImage, BTF (see inspect)."),
        Axis("config", "", "configs", "How the kernel was built: a preset, a TOML file, /boot/config-* or config.gz."),
        Axis("host", "", "hosts", "Host preset, running, a saved observation or a TOML file."),
        Axis("vm", "", "vms", "VM preset or TOML file; A+B puts groups on one host."),
        Axis("memslots", "", "memslots", "Layout of memslots: of a VMM, or of RAM alone (ram)."),
        Axis("proposal", "", "proposals", "Unmerged patches; A+B applies both."),
        Axis("ext", "kernel.pte_list_ext", "int", "PTE_LIST_EXT, at least 2.", ("kernel.pte_list_ext_tdp",)),
        Axis("list-policy", "kernel.list_policy", "text", "walk (up to v6.3) or head."),
        Axis(
            "capacity",
            "kernel.cache_capacity",
            "int",
            "Objects in a full memory cache.",
            ("kernel.pte_list_desc_capacity", "kernel.pte_list_desc_capacity_tdp"),
        ),
        Axis("vcpus", "vm.vcpus", "int", "vCPUs of each VM."),
        Axis("vcpus-run", "vm.vcpus_run", "int", "vCPUs that have run, if not all."),
        Axis("vms", "vm.count", "int", "Equal VMs on the host."),
        Axis("peak-vms", "vm.peak_count", "int", "The most that there ever were, for --filling aged."),
        Axis("memory", "vm.memory", "size", "Memory of each VM, e.g. 4GiB."),
        Axis("populated", "vm.populated", "size", "Memory touched, from 0 up, if not all."),
        Axis("dimms", "vm.dimms", "int", "DIMMs plugged in, a memslot each."),
        Axis("dimm-size", "vm.dimm_size", "size", "Memory of each, e.g. 1GiB."),
        Axis("leaf", "vm.leaf", "text", "Page size it is mapped with: 4K, 2M or 1G."),
        Axis("mapped", "vm.mapped", "text", "all memory, or only what the rmap lists name: listed."),
        Axis("root-level", "vm.root_level", "int", "Levels of page tables: 4 or 5."),
        Axis("paging", "vm.paging", "text", "tdp, tdp-mmu, tdp-legacy or shadow."),
        Axis("nested", "vm.nested", "bool", "An L2 runs (nested TDP)."),
        Axis("l2-memory", "vm.l2_memory", "size", "Memory that L2 has mapped."),
        Axis("l2-leaf", "vm.l2_leaf", "text", "Page size it is mapped with."),
        Axis("l2-smm", "vm.l2_smm", "bool", "L2 has SMM: a second tree."),
        Axis("l1-replacements", "vm.l1_replacements", "int", "How often L1 replaced its tables for L2."),
        Axis("rmaps", "vm.rmaps", "lists", "rmap lists, e.g. 1000x15 or 10x2+5x16-31."),
        Axis("parent-ptes", "vm.parent_ptes", "lists", "parent_ptes lists, e.g. 3x500."),
        Axis("history", "vm.history", "text", "Lists only grown, or of any history."),
        Axis("faults", "vm.faults", "text", "Guest pages touched in any order, or once in-order."),
        Axis("caches", "vm.caches", "text", "topped-up, or drawn from since."),
        Axis("eager-split", "vm.eager_split", "bool", "Split caches filled (dirty logging of an L1)."),
        Axis("dirty-log", "vm.dirty_log", "bool", "Dirty bitmaps present."),
        Axis("written", "vm.written", "size", "Memory written or split since dirty logging began."),
        Axis("dirty-ring", "vm.dirty_ring", "int", "Entries of each vCPU's dirty ring, in place of bitmaps."),
        Axis("private-memory", "vm.private_memory", "size", "Memory with the attribute private."),
        Axis("smm", "vm.smm", "bool", "A second address space, for SMM."),
        Axis("tdx", "vm.tdx", "bool", "A TDX guest."),
        Axis("cpus", "host.cpus", "int", "Present CPUs."),
        Axis("possible-cpus", "host.possible_cpus", "int", "Possible CPUs, if more."),
        Axis("nodes", "host.nodes", "int", "NUMA nodes."),
        Axis(
            "filling",
            "host.filling",
            "text",
            "Fresh and packed, fresh and spread over CPUs, or aged.",
        ),
        Axis("vendor", "host.vendor", "text", "intel or amd."),
        Axis("itlb-multihit", "host.itlb_multihit", "bool", "CPUs have it: huge pages are not executable."),
        Axis("memcg", "host.memcg", "bool", "Kernel memory is accounted to cgroups."),
        Axis(
            "alloc-profiling",
            "host.alloc_profiling",
            "words",
            "absent, built, never (by boot option) or on.",
            (),
            PROFILING,
        ),
        Axis("slab-merge", "host.slab_merge", "bool", "Caches of a stride are merged; changes no figure."),
        Axis("slub-min-objects", "host.slub_min_objects", "int", "Boot option; 0: by CPUs."),
        Axis("slub-min-order", "host.slub_min_order", "int", "Boot option."),
        Axis("slub-max-order", "host.slub_max_order", "int", "Boot option."),
        Axis("slub-debug", "host.slub_debug", "text", "Boot option: letters of FZPUTA, - for none."),
    )
}


class Choice(NamedTuple):
    """One value on an axis: how it reads in a name, and what it is in JSON."""

    label: str
    value: Value


def choices(axis: Axis, text: str) -> list[Choice]:
    """Return the values that an option's text lists.

    Raises PtelistError, naming the option, for what does not read as such
    values, for one given twice and for more than 10 000.
    """
    if axis.kind in {*KINDS, "builds"}:
        return preset_choices(axis, [item.strip() for item in text.split(",")])
    found: list[Choice] = []
    for item in _items(axis, text):
        try:
            found += _item(axis, item.strip())
        except ValueError as error:
            raise PtelistError(str(error), axis.where) from None
        if len(found) > MOST_COLUMNS:
            raise PtelistError(f"more than {MOST_COLUMNS:,} values", axis.where)
    _refuse_twice(axis, found)
    return found


def preset_choices(axis: Axis, names: Sequence[str]) -> list[Choice]:
    """Return presets by name or path; files are called by their stem, if that tells them apart."""
    labels = _build_labels(names) if axis.kind == "builds" else [preset_label(name) for name in names]
    found = [
        Choice(label if labels.count(label) == 1 else name, name) for label, name in zip(labels, names, strict=True)
    ]
    _refuse_twice(axis, found)
    return found


def _build_labels(names: Sequence[str]) -> list[str]:
    """Return the names of files, after the first folder that is not the same for all of them."""
    files = [name.rpartition("/")[2] for name in names]
    if len(set(files)) == len(files):
        return files
    paths = [name.split("/") for name in names]
    same = next((at for at, folders in enumerate(zip(*paths, strict=False)) if len(set(folders)) > 1), 0)
    return [f"{path[same]}/../{file}" for path, file in zip(paths, files, strict=True)]


def _refuse_twice(axis: Axis, found: list[Choice]) -> None:
    seen: set[str] = set()
    for label, _ in found:
        if label in seen:
            raise PtelistError(f"{label} is given twice", axis.where)
        seen.add(label)


def _item(axis: Axis, text: str) -> Iterable[Choice]:
    if not text:
        raise ValueError("a value is missing")
    if axis.kind in {"int", "size"}:
        read = _integer if axis.kind == "int" else parse_size
        match = re.fullmatch(_RANGE, text)
        values = _span(match, read) if match else [read(text)]
        show = str if axis.kind == "int" else format_size
        return [Choice(show(value), value) for value in values]
    if axis.kind == "bool":
        if text not in {"on", "off"}:
            raise ValueError(f'expected on or off, got "{text}"')
        return [Choice(text, text == "on")]
    if axis.kind == "words" and text not in dict(axis.words):
        raise ValueError(f'expected {", ".join(dict(axis.words))}, got "{text[:40]}"')
    if axis.kind == "lists":
        return [Choice(text, _lists(text))]
    if axis.kind == "field":
        return _fields(text)
    return [Choice(text, text)]


def preset_label(text: str) -> str:
    """Return how presets are called in names: a file by its stem."""
    parts = text.split("+")
    return "+".join(part.rpartition("/")[2].removesuffix(".toml") or part for part in parts)


def _integer(text: str) -> int:
    if not re.fullmatch(_INTEGER, text) or len(text) > len(str(1 << 64)):
        raise ValueError(f'expected a whole number, a list (2,14) or a range (1..16, 1..1024*2), got "{text[:40]}"')
    return int(text)


def _span(match: re.Match[str], read: Callable[[str], int]) -> Iterable[int]:
    """Return first, first + 1 (or + step, or * step) up to last."""
    first, last = read(match[1]), read(match[2])
    step = read(match[4]) if match[4] else 1
    if last < first:
        raise ValueError(f"the range {match[0]} is empty: its end is below its start")
    if match[3] == "*":
        if first < 1 or step <= 1:
            raise ValueError(f"the range {match[0]} never ends: start at 1 or more, multiply by 2 or more")
        values = [first]
        while values[-1] * step <= last:
            values.append(values[-1] * step)
        return values
    if step < 1:
        raise ValueError(f"the range {match[0]} never ends: step by 1 or more")
    if (last - first) // step >= MOST_COLUMNS:
        raise ValueError(f"the range {match[0]} has more than {MOST_COLUMNS:,} values")
    return range(first, last + 1, step)


def _lists(text: str) -> tuple[dict[str, int], ...]:
    """Return the classes of lists in "10x2+5x16-31"; "none" is no list."""
    if text == "none":
        return ()
    classes = []
    for item in text.split("+"):
        match = re.fullmatch(_LISTS, item)
        if match is None:
            raise ValueError(f'expected COUNTxENTRIES such as 1000x15, joined by "+", got "{item[:40]}"')
        fields = {"count": int(match[1]), "entries": int(match[2])}
        fields |= {"entries_to": int(match[3])} if match[3] else {}
        if not all(fields.values()):
            raise ValueError(f'expected 1 or more lists of 1 or more entries (or none), got "{item[:40]}"')
        classes.append(fields)
    return tuple(classes)


def _items(axis: Axis, text: str) -> list[str]:
    """Return the values in a list; a TOML array is one value."""
    return [text] if axis.kind == "field" and text.lstrip().startswith(("[", "{")) else text.split(",")


def _fields(text: str) -> list[Choice]:
    """Return the values of a --set item: a range, on or off, unset, TOML, else text."""
    if (match := re.fullmatch(_RANGE, text)) and re.fullmatch(_INTEGER, match[1]):
        return [Choice(str(value), value) for value in _span(match, _integer)]
    if text in WORDS:
        return [Choice(text, WORDS[text])]
    if re.fullmatch(_INTEGER, text):
        return [Choice(text, _integer(text))]
    if text.startswith(("[", "{")):
        return [Choice(text, _toml(text))]
    return [Choice(text, text)]


WORDS = {"on": True, "off": False, "true": True, "false": False, "unset": None}


def _toml(text: str) -> Value:
    import tomllib  # noqa: PLC0415 -- for arrays only

    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        raise ValueError(f'not a TOML array: "{text[:40]}"') from None
    return frozen(value)


def parse_set(text: str) -> tuple[Axis, list[Choice]]:
    """Return the axis and the values of `--set PATH=VALUE[,VALUE..]`."""
    path, equals, values = text.partition("=")
    part, _, field = path.partition(".")
    if not equals or part not in {"kernel", "config", "host", "vm"} or not field:
        what = "expected PART.FIELD=VALUE with kernel, config, host or vm"
        raise PtelistError(f'{what}, got "{text[:60]}"', SET)
    from ptelist.settings.builder import known_fields  # noqa: PLC0415 -- brings the models in

    if field not in (known := known_fields(part)):
        raise PtelistError(f"unknown field {path}{suggestion(field, known)}", SET)
    axis = Axis(path, path, "field", "")
    return axis, choices(axis, values)


def points(axes: list[tuple[Axis, list[Choice]]]) -> list[tuple[Choice, ...]]:
    """Return the product of the axes, the first one slowest.

    Raises PtelistError if that makes more than 10 000 columns.
    """
    columns = 1
    for _, values in axes:
        columns *= len(values)
    if columns > MOST_COLUMNS:
        raise PtelistError(
            f"{' x '.join(f'--{axis.name}' for axis, _ in axes)} make {columns:,} columns; at most {MOST_COLUMNS:,}"
        )
    return list(product(*(values for _, values in axes)))
