"""A small machine in a dictionary: what the readers of /proc and /sys see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.readers.host import paths

if TYPE_CHECKING:
    from pathlib import Path

SLABINFO = """slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> ...
kvm_mmu_page_header    352    352    184   22    1 : tunables    0    0    0 : slabdata     16     16      0
pid                    416    416    128   32    1 : tunables    0    0    0 : slabdata     13     13      0
TCP                     12     12   2560   12    8 : tunables    0    0    0 : slabdata      1      1      0
"""

DESC = {
    "object_size": "128",
    "slab_size": "128",
    "objs_per_slab": "32",
    "order": "0",
    "align": "64",
    "min_partial": "5",
    "cpu_partial": "120",
    "ctor": "",
    "destroy_by_rcu": "0",
    "hwcache_align": "1",
    "sanity_checks": "0",
    "red_zone": "0",
    "poison": "0",
    "store_user": "0",
    "trace": "0",
    "cpu_slabs": "3 N0=3",
}
HEADER = DESC | {"object_size": "184", "slab_size": "184", "objs_per_slab": "22", "align": "8", "cpu_slabs": "0"}
TCP = DESC | {
    "object_size": "2496",
    "slab_size": "2560",
    "objs_per_slab": "12",
    "order": "3",
    "cpu_partial": "24",
    "destroy_by_rcu": "1",
}

MACHINE: dict[str, str] = {
    paths.RELEASE: "6.1.0-56-cloud-amd64\n",
    paths.CMDLINE: "root=UUID=secret quiet slub_max_order=3 kvm.tdp_mmu=1\n",
    paths.POSSIBLE: "0-3\n",
    paths.PRESENT: "0-1\n",
    paths.NODES: "0\n",
    paths.CGROUPS: "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t60\t1\n",
    paths.SUBTREE: "cpu memory pids\n",
    paths.TDP_MMU: "Y\n",
    paths.TDP[0]: "1\n",
    paths.SLABINFO: SLABINFO,
}
LINKS = {f"{paths.SLABS}/pte_list_desc": ":A-0000128", f"{paths.SLABS}/pid": ":A-0000128"}
VM = {"pages_4k": "4096", "pages_2m": "0", "pages_1g": "0", "max_mmu_rmap_size": "99", "mmu_shadow_zapped": "7"}


def slab(name: str, cells: dict[str, str]) -> dict[str, str]:
    return {f"{paths.SLABS}/{name}/{file}": f"{text}\n" for file, text in cells.items()}


def vm(name: str, vcpus: int, stats: dict[str, str]) -> dict[str, str]:
    files = {f"{paths.VMS}/{name}/{file}": f"{text}\n" for file, text in stats.items()}
    return files | {f"{paths.VMS}/{name}/vcpu{number}/guest_mode": "0\n" for number in range(vcpus)}


WHOLE = (
    MACHINE | slab(":A-0000128", DESC) | slab("kvm_mmu_page_header", HEADER) | slab("TCP", TCP) | vm("812-11", 4, VM)
)


class Fake:
    """Files and links by path; a path in `denied` may not be read."""

    def __init__(
        self, files: dict[str, str], links: dict[str, str] | None = None, denied: tuple[str, ...] = ()
    ) -> None:
        self.files, self.links, self.denied = files, LINKS if links is None else links, denied

    def text(self, path: str) -> str:
        if path.startswith(self.denied or ("no such",)):
            raise PermissionError(13, "Permission denied")
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def data(self, path: str) -> bytes:
        return self.text(path).encode()

    def names(self, path: str) -> list[str]:
        below = [each.removeprefix(f"{path}/") for each in (*self.files, *self.links) if each.startswith(f"{path}/")]
        return sorted({each.partition("/")[0] for each in below})

    def link(self, path: str) -> str | None:
        return self.links.get(path)

    def write(self, root: Path) -> Path:
        """Lay it out as real files below root."""
        for path, text in self.files.items():
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for path, target in self.links.items():
            (root / path.lstrip("/")).symlink_to(target)
        return root


def changed(**files: str | None) -> dict[str, str]:
    """Return the whole machine with some of its files otherwise, named as in readers/host/paths.py, None for none."""
    others = {getattr(paths, name): text for name, text in files.items()}
    return {path: text for path, text in (WHOLE | others).items() if text is not None}
