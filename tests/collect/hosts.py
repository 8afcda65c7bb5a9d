"""Hosts made of files: what a collector's script finds below PTELIST_ROOT."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MODULE = "sys/module/{}/parameters/{}"
CPU = "sys/devices/system/cpu/"
SLABINFO = """slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> ...
kvm_mmu_page_header    352    374    184   22    1 : tunables    0    0    0 : slabdata     16     17      0
"""
INTEL: dict[str, str] = {
    "proc/sys/kernel/hostname": "node-1\n",
    "proc/sys/kernel/osrelease": "6.1.0-56-cloud-amd64\n",
    "proc/meminfo": "MemTotal:       1048576 kB\nMemFree: 1 kB\nSecPageTables:      64 kB\n",
    "proc/cmdline": "root=/dev/secret quiet slub_max_order=1 slub_max_order=2 slab_nomerge cgroup.memory=nokmem\n",
    "proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t60\t1\n",
    "proc/mounts": "none /dev/hugepages hugetlbfs rw,pagesize=2M 0 0\nnone /giant hugetlbfs rw,pagesize=1024M 0 0\n",
    "proc/slabinfo": SLABINFO,
    f"{CPU}present": "0-3,8\n",
    f"{CPU}possible": "0-15\n",
    f"{CPU}online": "0-2\n",
    "sys/devices/system/node/has_normal_memory": "0-1\n",
    "sys/fs/cgroup/cgroup.subtree_control": "cpu memory pids\n",
    MODULE.format("kvm", "tdp_mmu"): "Y\n",
    MODULE.format("kvm", "nx_huge_pages"): "N\n",
    MODULE.format("kvm_intel", "ept"): "Y\n",
    MODULE.format("kvm_intel", "nested"): "Y\n",
    "boot/config-6.1.0-56-cloud-amd64": 'CONFIG_MEMCG=y\nCONFIG_LOCALVERSION="x"\n# CONFIG_KASAN is not set\n',
}
DESC = {"objects": "160 N0=160", "total_objects": "192 N0=192", "slabs": "6 N0=6", "slab_size": "128"}
DESC |= {"objs_per_slab": "32", "order": "0"}


def made(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Make a host of files, with a merged cache of descriptors."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    slabs = folder / "sys/kernel/slab"
    for name, text in DESC.items():
        path = slabs / ":A-0000128" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    (slabs / "pte_list_desc").symlink_to(":A-0000128")
    return folder


def process(pid: int, words: Sequence[str | bytes], **files: str) -> dict[str, str | bytes]:
    """Return the files of a process: its command line, and others below /proc/PID."""
    line = b"".join((word if isinstance(word, bytes) else word.encode()) + b"\0" for word in words)
    return {f"proc/{pid}/cmdline": line, **{f"proc/{pid}/{name}": text for name, text in files.items()}}


def qemu(pid: int, options: str, *more: str | bytes, **files: str) -> dict[str, Any]:
    """Return a process of QEMU with KVM."""
    return process(pid, ["/usr/bin/qemu-system-x86_64", "-accel", "kvm", *options.split(), *more], **files)
