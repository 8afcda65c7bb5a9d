"""Values of options: as they should be, nearly so, or hostile; and the options of a scenario."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fuzz import atoms, builds, mutate, seeds
from ptelist.scenario.presets import shipped
from ptelist.settings.axes import AXES
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.settings.number_kinds import LEAVES, LISTS, SIZES
from ptelist.settings.preset_kinds import Builds, Presets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from fuzz.draft import Draft
    from ptelist.settings.axes import Axis

TABLES = ("terminal", "mail", "markdown", "html", "csv", "json", "jsonl")
"""Formats of every result."""
COUNTS = ("1", "2", "3", "4", "8", "14", "40", "64", "255", "1000")
MEMORY = ("4KiB", "16MiB", "1GiB", "4GiB", "64GiB", "1 TiB", "4096")
CLASSES = (
    "1x2",
    "1000x15",
    "10x2+5x16-31",
    "3x500",
    "none",
    "1x1001",
    "7x1",
    "1099511627776x1073741824",
    "1x1-1073741824",
)
BAD_RANGES = ("1..100000", "4..1", "1..5*1", "-3..3", "1..x", "..", "1..4..8", "1..8*1.5")
RANGES = (
    "1..4",
    "2..17",
    "1..64+8",
    "1..1024*2",
    "1..8192*2",
    "2..4096",
    "1..10000",
)
FIGURES = tuple(MEANINGS)
STRANGERS = ("5.14.0-427.el9.x86_64", "6.8.0-45-generic", "5.4.17-2136.el8uek.x86_64", "4.18.0-553.el8.x86_64", "6.6.1")
"""Releases that are no profile's: of distributions, and one of upstream."""
PATTERNS = ("el9*", "ubuntu", "*", "5.14.*", "5.4.*", "el8uek", "debian", "[", "?" * 9)
PROFILES = ("upstream", "upstream", "5.15", "6.1", "6.18.15", "7.3", "5.14.0-427.el9.x86_64", "none", "")
"""What a pattern of --map-kernel may say: some of them are refused."""
NUMBERS = {
    "slub-min-order": ("0", "1"),
    "slub-max-order": ("1", "2", "3"),
    "slub-min-objects": ("0", "16", "64"),
    "root-level": ("4", "5"),
    "dirty-ring": ("1024", "4096", "0"),
    "capacity": ("40", "64", "33"),
    "nodes": ("1", "2"),
    "vcpus-run": ("0", "1", "2"),
    "possible-cpus": ("64", "128", "8192"),
    "ext": ("2", "14", "3", "15", "4096"),
}
"""Numbers that an option takes, where not any does."""
NEEDS = {
    "l2-memory": ("--nested",),
    "l2-leaf": ("--nested",),
    "l2-smm": ("--nested",),
    "l1-replacements": ("--nested",),
    "eager-split": ("--nested",),
    "dimms": ("--dimm-size", "1GiB"),
    "dimm-size": ("--dimms", "2"),
    "rmaps": ("--nested",),
    "parent-ptes": ("--nested",),
    "written": ("--dirty-log",),
    "mapped": ("--paging", "shadow"),
    "faults": ("--paging", "shadow", "--mapped", "listed", "--rmaps", "10x2"),
    "peak-vms": ("--filling", "aged"),
}
"""What else an option wants said."""
ORDINARY = 0.95
"""So often a value is one that its option takes, if others agree."""


def scenario(draft: Draft, most: int = 3, *, several: bool = False) -> list[str]:
    """Return options of a scenario, a few of all, mostly with those that they need; `several` values if it may be."""
    chance, found = draft.chance, []
    for axis in atoms.some(chance, list(AXES.values()), most):
        text = values(draft, axis, 3 if several or chance.random() < 0.05 else 1)
        found += [f"--{axis.name}={text}"] if chance.random() < 0.5 else [f"--{axis.name}", text]
        if axis.name in NEEDS and chance.random() < 0.9:
            found += NEEDS[axis.name]
    if chance.random() < 0.15:
        found += ["--set", setting(chance)]
    if chance.random() < 0.08:
        found += ["--kernel", stranger(chance), *maps(draft)]
    return found


def stranger(chance: Random) -> str:
    """Return a distribution's kernel, with what it counts as at times."""
    name = chance.choice(STRANGERS) if chance.random() < 0.95 else atoms.text(chance)
    return f"{name}={chance.choice(PROFILES)}" if chance.random() < 0.4 else name


def maps(draft: Draft) -> list[str]:
    """Return what says which kernels count as which: pairs, or a file of them."""
    chance = draft.chance
    found: list[str] = []
    for _ in range(chance.choice((0, 1, 1, 2))):
        pairs = [(chance.choice(PATTERNS), chance.choice(PROFILES)) for _ in range(chance.choice((1, 2, 5)))]
        if chance.random() < 0.1:
            pairs[0] = (atoms.text(chance), chance.choice(PROFILES))
        lines = "".join(f"{mutate.as_toml(key)} = {mutate.as_toml(value)}\n" for key, value in dict(pairs).items())
        as_file = chance.random() < 0.3
        value = draft.given(mutate.encoded(lines), ".toml", mutate.toml) if as_file else "=".join(pairs[0])
        found += ["--map-kernel", value]
    return found


def values(draft: Draft, axis: Axis, most: int = 1) -> str:
    """Return what an axis is given: one value, or a few."""
    chance = draft.chance
    if chance.random() > ORDINARY:
        return near(chance, ",".join([*_usual(axis)[:2], "1"]))
    if isinstance(axis.kind, Builds):
        return ",".join(
            draft.given(builds.build(chance), "", mutate.image) for _ in range(chance.randint(1, min(most, 2)))
        )
    if isinstance(axis.kind, Presets) and chance.random() < 0.35:
        return file_of(draft, axis.name)
    if axis.kind.metavar.startswith("N,") and most > 1 and chance.random() < 0.2:
        return chance.choice(RANGES if chance.random() < 0.8 else BAD_RANGES)
    count = chance.randint(1, most)
    usual = _usual(axis)
    return ",".join(chance.sample(usual, min(count, len(usual))))


@cache
def _usual(axis: Axis) -> list[str]:
    if axis.kind is LISTS:
        return list(CLASSES)
    if axis.kind is LEAVES:
        return ["4K", "2M", "1G", "4KiB"]
    if axis.kind is SIZES:
        return list(MEMORY)
    if axis.name == "slub-debug":
        return ["FZPU", "-", "U", "F"]
    return list(NUMBERS.get(axis.name, ())) or list(axis.words("")) or list(COUNTS)


def file_of(draft: Draft, option: str) -> str:
    """Return a file that an option takes in the place of a preset's name."""
    chance = draft.chance
    if option == "config":
        return draft.given(seeds.config(chance))
    if option in {"kernel", "host"} and chance.random() < 0.5:
        return draft.given(seeds.observation(chance), ".txt")
    folder = f"{option}s" if option != "memslots" else option
    return draft.given(seeds.preset(draft, folder), ".toml", mutate.toml)


def preset(draft: Draft) -> str:
    """Return a word that names a preset of any kind."""
    folder = draft.chance.choice(seeds.FOLDERS)
    if draft.chance.random() < 0.4:
        return file_of(draft, folder if folder == "memslots" else folder[:-1])
    return draft.chance.choice(shipped.names(folder)) if draft.chance.random() < 0.95 else atoms.text(draft.chance)


def near(chance: Random, usual: str) -> str:
    """Return what a value should not be: a hostile text, or a usual one that was changed."""
    if chance.random() < 0.6:
        return atoms.text(chance)
    return mutate.text(chance, usual.encode()).decode("utf-8", "surrogateescape")[:20_000]


def setting(chance: Random) -> str:
    """Return what --set takes."""
    part = chance.choice(seeds.PARTS)
    known = seeds.fields()[part]
    field = chance.choice(list(known))
    value = chance.choice(known[field])
    text = (
        mutate.as_toml(value)
        if isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    if chance.random() < 0.3:
        text = near(chance, text)
    return f"{part}.{field}={text}" if chance.random() < 0.95 else atoms.text(chance)


def figure(chance: Random) -> str:
    return chance.choice(FIGURES) if chance.random() < 0.96 else near(chance, "mmu.bytes.total")


def often(draft: Draft, share: float, *made: str) -> list[str]:
    return list(made) if draft.chance.random() < share else []


def output(draft: Draft, formats: Sequence[str], *, assumptions: bool = True) -> list[str]:
    chance, found = draft.chance, []
    if chance.random() < 0.8:
        found += ["--format", chance.choice(formats) if chance.random() < 0.98 else atoms.text(chance)]
    if assumptions and chance.random() < 0.15:
        found.append("--assumptions")
    if chance.random() < 0.2:
        found += ["-o", draft.output()]
    return found
