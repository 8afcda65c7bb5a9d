"""fleet: inventories, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import atoms, inventories, words

if TYPE_CHECKING:
    from fuzz.draft import Draft

BY = ("kernel", "site,kernel", "host", "host", "nothing", "VM RAM")
COLUMNS = ("cpus=ncpu", "memory=memory:MiB", "site=kernel", "vcpus=host", "host=site", "kernel=host")
FIGURES = ("mmu.bytes.total", "pte_list_desc.slabs", "page_tables.bytes", "memslots.bytes")
"""Such as hosts have a sum of."""


def fleet(draft: Draft) -> list[str]:
    chance = draft.chance
    inventory = inventories.of(draft)
    made = [inventory, *words.scenario(draft, 1), *(words.maps(draft) if chance.random() < 0.2 else ())]
    draft.writes |= {f"{name}.rejected" for name in [*draft.files, *draft.links, "inventory"]}
    draft.writes |= {f"{inventory.strip('./')}.rejected"}
    made += words.often(draft, 0.4, "--by", chance.choice((*BY, atoms.text(chance))))
    made += words.often(draft, 0.15, "--column", chance.choice((*COLUMNS, atoms.text(chance))))
    assumed = ("memcg=off", "cpus=8", "vcpus=many", "kernel=6.1", f"kernel={words.stranger(chance)}")
    made += words.often(draft, 0.15, "--assume", chance.choice((*assumed, atoms.text(chance))))
    made += words.often(draft, 0.4, "--keep-going") + words.often(draft, 0.15, "--rejects", draft.output())
    processes = chance.choice((*["1"] * 12, *["2"] * 6, "0", "99999"))
    made += words.often(draft, 0.5, "--processes", processes)
    for _ in range(chance.choice((0, 0, 0, 0, 1, 2))):
        made += ["--figure", chance.choice(FIGURES) if chance.random() < 0.7 else words.figure(chance)]
    made += words.often(draft, 0.2, "--top", chance.choice(("1", "2", "3", "3", "10000", "0", atoms.number(chance))))
    made += words.often(draft, 0.1, "--explain", chance.choice(("n1", "h0n1", atoms.text(chance))))
    return made + words.output(draft, words.TABLES)
