"""Inventories of a fleet: CSV, JSON lines, what collectors print, and saved observations."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collect import hosts

from fuzz import atoms, mutate, seeds, words
from ptelist.collect.command import run as script
from ptelist.settings.axes import AXES

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from fuzz.draft import Draft

COLUMNS = ("host", "kernel", "cpus", "nodes", "host_memory", "vcpus", "memory", "paging", "nested", "count", "site")
CELLS = {
    "host": ("n1", "n2", "n3", "a b", "a,b", 'a"b', "a;b", "a\tb"),
    "kernel": ("6.1.0-56-amd64", "6.18.15", "5.10", "7.3", "6.12.117", *words.STRANGERS[:1]),
    "nodes": ("1", "2", "4"),
    "cpus": ("1", "64", "256"),
    "host_memory": ("512GiB", "1TiB", "4"),
    "paging": ("tdp", "shadow"),
    "nested": ("no", "yes", "on", "off"),
    "count": ("1", "0", "30", "1000000"),
    "site": ("oslo", "bergen", ""),
}
COMMON = {
    "host": ("Hostname", "node_name", "FQDN", "a\nb"),
    "kernel": ("uname -r", "kernel_release", "Release"),
    "cpus": ("ncpu", "nproc"),
    "host_memory": ("memtotal_kb", "Host RAM GB", "mem_total"),
    "vcpus": ("vCPU", "num_vcpus", "vm cpus"),
    "memory": ("ram_mb", "VM RAM", "mem_gib", "vm_memory_KB"),
    "count": ("vm count", "instances", "vms"),
}
"""What else people call columns; one name has two lines."""
ENDS = ("\n", "\n", "\n", "\n", "\r\n", "\r\n", "\n\n", "\n\r\n", "\n \n", "\r")
"""How lines end; some ends are blank lines as well."""
SEPARATORS = (",", ",", ",", ";", "\t")
COLLECTED = ".told.jsonl"
"""How files are called that are as the collector's script printed them."""


def of(draft: Draft) -> str:
    """Return the word for an inventory of some kind."""
    chance = draft.chance
    how = chance.random()
    if how < 0.08:
        return _observations(draft)
    if how < 0.1:
        return f"./{draft.put(_of_a_script(chance), COLLECTED)}"
    if how < 0.2:
        return draft.given(_collected(chance), ".jsonl", _a_line)
    if how < 0.4:
        return draft.given(seeds.as_lines(_rows(draft)), ".jsonl", _a_line)
    return draft.given(_csv(draft), ".csv")


def _rows(draft: Draft, most: int = 40) -> list[dict[str, str]]:
    """Return rows by columns, those of a host mostly at one."""
    chance = draft.chance
    more = [*atoms.some(chance, COLUMNS[7:], 4), *atoms.some(chance, list(AXES), 2)]
    columns = list(dict.fromkeys(["host", "kernel", "vcpus", "memory", *more]))
    if chance.random() < 0.3:
        chance.shuffle(columns)
    if chance.random() < 0.1:
        columns = columns[: chance.choice((1, 2, 3))]
    named = {each: chance.choice(COMMON[each]) for each in columns if each in COMMON and chance.random() < 0.1}
    if chance.random() < 0.15:
        named[chance.choice(columns)] = atoms.text(chance)
    saved = f"./{draft.put(seeds.observation(chance), '.txt')}" if chance.random() < 0.04 else ""

    def cell(column: str) -> str:
        if chance.random() < (0.1 if column in {"host", "site"} else 0.01):
            return atoms.text(chance)
        if column == "kernel" and saved:
            return saved
        axis = AXES.get(column.replace("_", "-"))
        return chance.choice(CELLS[column]) if column in CELLS else words.values(draft, axis, 1) if axis else "x"

    rows = [{column: cell(column) for column in columns} for _ in range(chance.choice((1, 3, 10, most)))]
    if chance.random() < 0.8:  # else rows of a host may not agree on it
        rows = [row | {"host": f"h{number}{row.get('host', '')}"} for number, row in enumerate(rows)]
    return [{named.get(column, column): value for column, value in row.items()} for row in rows]


def _csv(draft: Draft) -> bytes:
    """Return rows as CSV: quoted where it must be, or where it need not, with ends of lines of one kind or several."""
    chance = draft.chance
    if chance.random() < 0.3:
        return (seeds.DATA / "fleet/hosts.csv").read_bytes()
    rows = _rows(draft)
    separator, always = chance.choice(SEPARATORS), chance.choice((0.0, 0.0, 0.0, 0.1, 1.0))
    ends = (chance.choice(ENDS),) if chance.random() < 0.8 else ENDS
    table = [list(rows[0]), *(list(row.values()) for row in rows)]
    made = [separator.join(_quoted(cell, always, chance) for cell in row) for row in table]
    told = "".join(line + chance.choice(ends) for line in made)
    told = told.rstrip("\r\n") if chance.random() < 0.2 else told
    return mutate.encoded("\ufeff" * (chance.random() < 0.05) + told)


def _quoted(cell: str, always: float, chance: Random) -> str:
    odd = set(cell) & set(',;\t\n\r"') and chance.random() < 0.98
    return '"' + cell.replace('"', '""') + '"' if odd or chance.random() < always else cell


@cache
def _host() -> dict[str, Any]:
    return dict(json.loads((seeds.DATA / "fleet/collected.jsonl").read_bytes()))


def _collected(chance: Random) -> bytes:
    """Return lines of a collector, with other numbers, VMs and counts at times."""
    lines = []
    for number in range(chance.choice((1, 1, 3, 10))):
        told = json.loads(json.dumps(_host())) | {"host": f"h{number}"}
        if chance.random() < 0.5:
            counts = {"sec_pagetables": chance.choice((0, 4096, 1 << 62)), "slabs": _slabs(chance)}
            told["measured"] = dict(atoms.some(chance, list(counts.items()), 2))
        if chance.random() < 0.3:
            told["unknown_vms"] = [{"pid": each, "why": "x"} for each in range(chance.choice((0, 1, 5)))]
        if chance.random() < 0.3:
            told["vms"] = [{"vcpus": chance.choice((1, 2, 64)), "memory": "1GiB"} for _ in range(chance.choice((0, 3)))]
        if chance.random() < 0.1:
            told["kernel"] = words.stranger(chance)
        if chance.random() < 0.2:
            told[chance.choice(("facts", "measured", "unknown_vms", "vms", "unread"))] = mutate.value(chance)
        lines.append(told)
    return mutate.encoded("".join(f"{json.dumps(line)}\n" for line in lines))


def _slabs(chance: Random) -> dict[str, Any]:
    counts = ("0", "1", "96", "1000000")
    return {
        cache: {name: int(chance.choice(counts)) for name in atoms.some(chance, ("active", "slabs", "merged"), 3)}
        for cache in atoms.some(chance, ("pte_list_desc", "kvm_mmu_page_header", "x"), 3)
    }


def _a_line(chance: Random, data: bytes) -> bytes:
    """Change one line of JSON, or the whole as a text."""
    lines = data.splitlines(keepends=True)
    if not lines or chance.random() < 0.2:
        return mutate.text(chance, data)
    at = chance.randrange(len(lines))
    lines[at] = mutate.as_json(chance, lines[at]).rstrip(b"\n") + chance.choice((b"\n", b"\n", b"\r\n", b"\n\n", b""))
    return b"".join(lines)


def _observations(draft: Draft) -> str:
    """Return a saved observation, a folder of some, or a file that names them."""
    chance = draft.chance
    folder = draft.name()
    count = chance.choice((0, 1, 2, 3))
    names = [f"{folder}/{chance.choice(('a', 'b', 'c', *atoms.FILE_NAMES))}{number}.txt" for number in range(count)]
    for name in names:
        draft.files[name] = mutate.maybe(chance, seeds.observation(chance), mutate.text)
    draft.files[f"{folder}/notes"] = b"none\n"
    how = chance.random()
    if how < 0.2 and names:
        return f"./{names[0]}"
    if how < 0.6:
        return chance.choice((f"./{folder}", f"./{folder}/"))
    lines = [name if chance.random() < 0.8 else atoms.text(chance) for name in [*names, *names[:1]]]
    return draft.given(mutate.encoded("".join(f"{line}\n" for line in lines)), "")


def _of_a_script(chance: Random) -> bytes:
    """Return what the collector's script prints on a host of odd files."""
    change: Callable[[str], str] = lambda text: mutate.text(chance, text.encode()).decode("utf-8", "replace")  # noqa: E731
    files: dict[str, Any] = dict(hosts.INTEL)
    for pid in (7, 812):
        options = chance.choice(("-m 2G -smp 2", "-m size=4096M,slots=2 -smp cpus=2,maxcpus=4", "-name guest=x -smp 1"))
        name = mutate.encoded(atoms.text(chance)[:500])
        files |= hosts.qemu(pid, change(options) if chance.random() < 0.5 else options, "-name", name)
    for path in atoms.some(chance, [path for path, text in files.items() if isinstance(text, str)], 3):
        files[path] = change(files[path])[:20_000]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        hosts.made(Path(folder), {path: _written(text) for path, text in files.items()})
        env = {"PATH": "/usr/bin:/bin", "PTELIST_ROOT": folder}
        told = ["sh", "-s", "--", *(["--hash"] if chance.random() < 0.3 else [])]
        return subprocess.run(told, input=script().encode(), capture_output=True, check=False, env=env).stdout


def _written(text: str | bytes) -> bytes:
    return mutate.encoded(text) if isinstance(text, str) else text
