"""Whole files of each kind that a command reads as text: as shipped, as recorded, or put together from such parts."""

from __future__ import annotations

import gzip
import json
import lzma
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import guest_steps
import machines

from fuzz import atoms, mutate
from ptelist.readers.host import paths, snapshot
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from random import Random

    from fuzz.draft import Draft

TESTS = Path(__file__).parents[1]
DATA = TESTS / "data"
OBSERVATIONS = sorted((TESTS / "kernel/recorded").glob("*/*.observation"))
FOLDERS = ("kernels", "configs", "hosts", "vms", "memslots", "proposals")
PARTS = ("kernel", "config", "host", "vm")
PROMPTS = ("# ", "root@host:~# ", "$ ", "% ", "[me@host ~]$ ", ">>> ")
"""How a shell begins a line."""
TEXTS = frozenset(("name", "tree", "memslots"))
"""Fields of a preset that may be any text."""
HEAD = 60
"""Lines of a recorded trace that are kept: a case is quick."""


@cache
def presets() -> dict[str, list[bytes]]:
    """Return the text of all shipped presets, by folder."""
    return {
        folder: [shipped.path_of(*shipped.find(name, folder)).read_bytes() for name in shipped.names(folder)]
        for folder in FOLDERS
    }


@cache
def fields() -> dict[str, dict[str, list[Any]]]:
    """Return the values that shipped presets have, by part and field."""
    found: dict[str, dict[str, list[Any]]] = {part: {} for part in PARTS}
    for part, text in ((part, text) for texts in presets().values() for text in texts for part in PARTS):
        tables = tomllib.loads(text.decode()).get(part, {})
        for table in tables if isinstance(tables, list) else [tables]:
            for field, value in table.items():
                plain = value["value"] if isinstance(value, dict) and "value" in value else value
                found[part].setdefault(field, []).append(plain)
    return found


def preset(draft: Draft, folder: str, *, deep: int = 1) -> bytes:
    """Return a preset: a shipped one, or fields of a part with what they begin from."""
    chance = draft.chance
    if chance.random() < 0.4:
        return chance.choice(presets()[folder])
    part = {"kernels": "kernel", "proposals": "kernel", "configs": "config", "hosts": "host"}.get(folder, "vm")
    lines = [f"title = {mutate.as_toml(atoms.text(chance) if chance.random() < 0.2 else 'a preset')}"]
    base = chance.choice(shipped.names(folder))
    if deep and chance.random() < 0.15:
        base = draft.given(preset(draft, folder, deep=deep - 1), ".toml", mutate.toml)
    if chance.random() < 0.9:
        lines.append(f"extends = {mutate.as_toml(base if chance.random() < 0.95 else atoms.text(chance))}")
    if folder == "proposals":
        lines += ['since = "5.15"', 'status = "mine"', 'author = "me"', 'date = "2022-06-24"', 'message_id = "x@y"']
    groups = chance.choice((1, 1, 2, 3)) if part == "vm" else 1
    for _ in range(groups):
        lines += [f"\n[[{part}]]" if groups > 1 else f"\n[{part}]", *_fields(chance, part)]
    return mutate.encoded("\n".join(lines) + "\n")


def _fields(chance: Random, part: str) -> list[str]:
    known = fields()[part]
    lines = []
    for field in atoms.some(chance, list(known), 5):
        value = chance.choice(known[field])
        if field in TEXTS and chance.random() < 0.4:
            value = atoms.text(chance)
        elif chance.random() < 0.03:
            value = mutate.value(chance)
        lines.append(f"{field} = {mutate.as_toml(value)}")
        if chance.random() < 0.1:
            lines[-1] = (
                f"{field} = {{ value = {mutate.as_toml(value)}, source = {mutate.as_toml(atoms.text(chance))} }}"
            )
    return lines


def machine(chance: Random) -> machines.Fake:
    """Return a machine with one or two of its files otherwise, at times."""
    files, links = dict(machines.WHOLE), dict(machines.LINKS)
    for path in atoms.some(chance, list(files), chance.choice((0, 0, 1, 2))):
        files[path] = mutate.text(chance, files[path].encode()).decode("utf-8", "replace")
    if chance.random() < 0.3:
        release = chance.choice(("6.18.2", "7.3.4+deb13-amd64", "5.10.0", "9.9", "./f", "running", *atoms.CONTROLS))
        files[paths.RELEASE] = f"{release}\n"
    if chance.random() < 0.2:
        links[f"{paths.SLABS}/{chance.choice(('pte_list_desc', 'kvm_mmu_page_header', 'x'))}"] = atoms.text(chance)
    if chance.random() < 0.3:
        rmaps = histogram(chance).decode()
        files |= machines.vm("9-1", chance.choice((1, 3)), machines.VM) | {f"{paths.VMS}/9-1/mmu_rmaps_stat": rmaps}
    return machines.Fake(files, links)


def observation(chance: Random) -> bytes:
    """Return what `observe --save` writes of such a machine, or of one that was recorded."""
    if chance.random() < 0.15:
        return chance.choice(OBSERVATIONS).read_bytes()
    return snapshot.take(machine(chance), rmaps_stat=True).render().encode("utf-8", "surrogateescape")


def slabinfo(chance: Random) -> bytes:
    """Return a copy of slabinfo, as people paste it: quoted, between a shell's prompts, or a part of it."""
    whole = chance.choice(OBSERVATIONS).read_text().partition("==> /proc/slabinfo <==\n")[2].partition("==>")[0]
    lines = (whole if whole and chance.random() < 0.5 else machines.SLABINFO).splitlines()
    if chance.random() < 0.2:
        del lines[: chance.choice((1, 2))]
    if chance.random() < 0.2:
        lines = [line for line in lines if chance.random() < 0.5 or "kvm" in line or "pte" in line]
    if chance.random() < 0.2:
        lines = [f"{chance.choice(PROMPTS)}{chance.choice(('cat /proc/slabinfo', ''))}", *lines, chance.choice(PROMPTS)]
    if chance.random() < 0.2:
        mark = chance.choice((">", "> ", ">> ", "| ", " "))
        lines = [mark + line for line in lines]
    return mutate.encoded(chance.choice(("\n", "\n", "\r\n", " \n")).join([*lines, ""]))


def histogram(chance: Random) -> bytes:
    """Return a recorded mmu_rmaps_stat, or one with other numbers."""
    text = chance.choice(sorted((DATA / "rmaps").iterdir())).read_text()
    if chance.random() < 0.5:
        return text.encode()
    head, *rows = text.splitlines()
    counts = ("0", "0", "1", "7", "1000", "99999")
    rows = ["\t".join([row.split("\t")[0], *(chance.choice(counts) for _ in head.split("\t")[1:])]) for row in rows]
    return "\n".join([head, *rows, ""]).encode()


def trace(chance: Random) -> bytes:
    """Return the begin of a recorded trace, operations on lists, or steps of VMs."""
    how = chance.randrange(4)
    if how == 0:
        path = chance.choice([path for path in sorted((DATA / "traces").iterdir()) if path.is_file()])
        return b"".join(path.read_bytes().splitlines(keepends=True)[:HEAD])
    if how == 1:
        path = chance.choice(sorted((DATA / "traces/nested").iterdir()))
        with lzma.open(path) as file:
            return b"".join(file.readline() for _ in range(HEAD))
    lines = _operations(chance) if how == 2 else _steps(chance)
    return mutate.encoded("".join(f"{line}\n" for line in lines))


def _operations(chance: Random) -> list[str]:
    def one() -> str:
        lists, entry = chance.choice("abc"), chance.randrange(20)
        return chance.choice(
            (
                f"add {lists} {entry}",
                f"add {lists} {entry} c1",
                f"remove {lists} {entry}",
                f"zap {lists}",
                "topup c1",
                "free c1",
                f"mark m{entry}",
                f"mark {atoms.text(chance)[:200]}",
            )
        )

    return [one() for _ in range(chance.choice((1, 5, 40)))]


def _steps(chance: Random) -> list[str]:
    """Return steps of a guest in a useful order, with some others among them."""
    own = ["open vm", "vcpu vm 0", "slot vm 0x0 16MiB", "slot vm 1GiB 4KiB", "log vm 0x0 on", "cpu 1", "shrink"]
    own += ["limit vm 20", "fault vm 0", "unmap vm target", "unslot vm", "close vm", "mark x", "run vm 1 unpaged"]
    steps = [*guest_steps.start(), *guest_steps.grown(chance.choice((1, 15, 40))), guest_steps.drop(3)]
    steps += guest_steps.mapped(3, 4, interleaved=True).splitlines()
    steps = [*chance.choice(([], [], ["cpu 0"], ["shrink"], ["open vm", "slot vm 0x0 16MiB", "vcpu vm 0"])), *steps]
    for step in atoms.some(chance, own, chance.choice((0, 1, 5))):
        steps.insert(chance.randrange(len(steps) + 1), step)
    return steps


def config(chance: Random) -> bytes:
    """Return a kernel's configuration, packed at times."""
    text = chance.choice(sorted((DATA / "configs").iterdir())).read_bytes()
    return gzip.compress(text, mtime=0) if chance.random() < 0.3 else text


def gate() -> tuple[bytes, bytes]:
    """Return a gate and its baseline."""
    return tuple((DATA / f"check/{name}").read_bytes() for name in ("ptelist.toml", "ptelist-baseline.json"))  # type: ignore[return-value]


def as_lines(rows: list[dict[str, str]]) -> bytes:
    """Return rows as JSON lines."""
    return mutate.encoded("".join(f"{json.dumps(row)}\n" for row in rows))
