"""fleet: inventories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import atoms, mutate, seeds, words
from ptelist.settings.axes import AXES

if TYPE_CHECKING:
    from fuzz.draft import Draft

COLUMNS = ("host", "kernel", "cpus", "nodes", "host_memory", "vcpus", "memory", "paging", "nested", "count", "site")
CELLS = {
    "host": ("n1", "n2", "n3", "a b"),
    "kernel": ("6.1.0-56-amd64", "6.18.15", "5.10", "7.3", "6.12.117"),
    "nodes": ("1", "2", "4"),
    "cpus": ("1", "64", "256"),
    "host_memory": ("512GiB", "1TiB", "4"),
    "paging": ("tdp", "shadow"),
    "nested": ("no", "yes", "on", "off"),
    "count": ("1", "0", "30", "1000000"),
    "site": ("oslo", "bergen", ""),
}


def fleet(draft: Draft) -> list[str]:
    chance = draft.chance
    lines = chance.random() < 0.3
    data = _inventory(draft, lines=lines)
    how = mutate.as_json if lines else mutate.text
    made = [draft.given(data, ".jsonl" if lines else ".csv", how), *words.scenario(draft, 1)]
    draft.writes |= {f"{name}.rejected" for name in [*draft.files, *draft.links, "inventory"]}
    made += words.often(
        draft, 0.4, "--by", chance.choice(("kernel", "site,kernel", "host", "nothing", atoms.text(chance)))
    )
    made += words.often(
        draft, 0.15, "--column", chance.choice(("cpus=ncpu", "memory=memory:MiB", "site=kernel", atoms.text(chance)))
    )
    made += words.often(
        draft, 0.15, "--assume", chance.choice(("memcg=off", "cpus=8", "vcpus=many", atoms.text(chance)))
    )
    made += words.often(draft, 0.4, "--keep-going") + words.often(draft, 0.15, "--rejects", draft.output())
    made += words.often(
        draft, 0.5, "--processes", chance.choice(("1", "1", "1", "1", "1", "1", "2", "2", "0", "99999"))
    )
    made += words.often(draft, 0.15, "--figure", words.figure(chance)) + words.often(
        draft, 0.1, "--explain", chance.choice(("n1", atoms.text(chance)))
    )
    return made + words.output(draft, words.TABLES)


def _inventory(draft: Draft, *, lines: bool) -> bytes:
    """Return rows of hosts, as CSV or as JSON lines."""
    chance = draft.chance
    if chance.random() < 0.3 and not lines:
        return (seeds.DATA / "fleet/hosts.csv").read_bytes()
    columns = [
        "host",
        "kernel",
        "vcpus",
        "memory",
        *atoms.some(chance, COLUMNS[7:], 4),
        *atoms.some(chance, list(AXES), 2),
    ]
    columns = list(dict.fromkeys(columns)) if chance.random() < 0.97 else columns
    if chance.random() < 0.15:
        columns[chance.randrange(len(columns))] = atoms.text(chance)

    def cell(column: str) -> str:
        if chance.random() < (0.1 if column in {"host", "site"} else 0.01):
            return atoms.text(chance)
        axis = AXES.get(column.replace("_", "-"))
        return chance.choice(CELLS[column]) if column in CELLS else words.values(draft, axis, 1) if axis else "x"

    rows = [{column: cell(column) for column in columns} for _ in range(chance.choice((1, 3, 10, 40)))]
    if chance.random() < 0.8:  # else rows of a host may not agree on it
        rows = [row | {"host": f"h{number}{row.get('host', '')}"} for number, row in enumerate(rows)]
    if lines:
        return seeds.as_lines(rows)
    separator = chance.choice((",", ",", ",", ";", "\t"))
    table = [columns, *(list(row.values()) for row in rows)]
    return mutate.encoded("".join(separator.join(map(_quoted, row)) + "\n" for row in table))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',;\t\n"') else cell
