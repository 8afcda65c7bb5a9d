"""Files that are small on disk, or of a size that anybody has, and take all time or memory of a careless reader."""

from __future__ import annotations

import json
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING

import btf_writer
import zstandard

from fuzz import atoms, seeds

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

PACKED_BYTES = 600 << 20
NO_FILES = (
    "/dev/zero",
    "/dev/null",
    ".",
    "/proc/self/mem",
    "/dev/full",
    "./nowhere",
    "/proc/self/environ",
    "",
    "~",
    "/",
)
"""What is named in the place of a file."""


def file(chance: Random, suffix: str) -> bytes:
    """Return such a file, mostly of the kind that its suffix tells."""
    kinds = OF.get(suffix, ALL) if chance.random() < 0.8 else (*ALL, _one_text)
    return chance.choice(kinds)(chance)


def _toml(chance: Random) -> bytes:
    many = chance.choice((2000, 150_000))
    text = chance.choice(
        (
            '"' + "." * many + '" = 1\n',
            "a." * many + "a = 1\n",
            "[[vm]]\n" * many,
            f"a = {'[' * many}\n",
            f"a = {'{a=' * many}\n",
            f"a = {'9' * many}\n",
            "".join(f"k{number} = 1\n" for number in range(many // 3)),
            f"title = '''{'x' * many}\n'''\n",
            "[vm]\nrmaps = [" + "{count=1,entries=2}," * (many // 6) + "]\n",
            "[vm]\nslots = [" + '{name="x",base=0,size=4096},' * (many // 6) + "]\n",
            "[vm]\nram_holes = [" + "[0,4096]," * (many // 3) + "]\n",
            "".join(f"[scenario.s{number}]\nvcpus=1\n" for number in range(many // 10)),
            '[[budget]]\nfigure="mmu.bytes.total"\nmax=1\n' * (many // 30),
            f"[scenario.a]\nvcpus = '{'1..+' * (many // 20)}\\n'\n",
        )
    )
    return text.encode()


def _csv(chance: Random) -> bytes:
    many = chance.choice((2000, 150_000))
    text = chance.choice(
        (
            "host,kernel,vcpus,memory" + "".join(f",c{number}" for number in range(many)) + "\nh,6.1,1,4GiB\n",
            "host,kernel,vcpus,memory" + "," * many + "\n",
            "host,kernel,vcpus,memory\n" + "h,6.1,1,4GiB\n" * (many // 4),
            "host,kernel,vcpus,memory\n" + "".join(f"h{number},6.1,1,4GiB\n" for number in range(many // 10)),
            f'host,kernel,vcpus,memory\nh,6.1,"{"1" * many}',
            f"host,kernel,vcpus,memory\nh,6.1,{'1..+' * (many // 20)},4GiB\n",
            "host,kernel,vcpus,memory,kernel-from\n"
            + "".join(f"h{number},6.1,1,4GiB,f{number}\n" for number in range(99)),
            "x" * many,
            f"host,kernel,vcpus,memory,rmaps\nh,6.1,1,4GiB,{'+'.join(['1x2'] * (many // 4))}\n",
        )
    )
    return text.encode()


def _json(chance: Random) -> bytes:
    many = chance.choice((2000, 150_000))
    row = {"host": "h", "kernel": "6.1", "vcpus": 1, "memory": "4GiB"}
    text = chance.choice(
        (
            "[" * many,
            '{"a":' * many,
            json.dumps({"schema": "ptelist-baseline/1", "scenarios": {"s": {"figures": {"a": [[]] * many}}}}),
            json.dumps(row | {"vcpus": 10**400}),
            '{"host": "h", "vcpus": ' + "9" * many + "}\n",
            json.dumps(row | {f"c{number}": 1 for number in range(many)}),
            json.dumps({"host": "h", "kernel": "6.1", "vms": [{"vcpus": 1, "memory": "4GiB"}] * (many // 4)}),
            json.dumps(row | {"rmaps": [{"count": 1, "entries": 2}] * (many // 4)}),
        )
    )
    return text.encode()


def _observation(chance: Random) -> bytes:
    many = chance.choice((2000, 150_000))
    told = seeds.observation(chance).decode("utf-8", "replace")
    place = chance.choice(("/sys/devices/system/cpu/possible <==\n", "/proc/cmdline <==\n", "/proc/slabinfo <==\n"))
    extra = chance.choice(
        (
            "0-99999," * (many // 8),
            "9" * many,
            "slub_debug=" + "F," * many,
            "x\n" * many,
            "kvm_x 1 1 184 22 1\n" * (many // 20),
        )
    )
    if chance.random() < 0.3:
        return told.replace("==> not read", "==> x <==\n" * (many // 10) + "==> not read").encode()
    return told.replace(place, place + extra, 1).encode()


def _trace(chance: Random) -> bytes:
    many = chance.choice((2000, 100_000))
    text = chance.choice(
        (
            "".join(f"add a {number}\n" for number in range(many // 2)),
            "".join(f"add l{number} 1\n" for number in range(many // 2)),
            "run vm 0\n" + "touch vm 0 0x40000000*1000000 target\n",
            "run vm 0\n" + "touch vm 0 0x40000000*1000 target\ndrop vm 0x40000000*1000\n" * (many // 2000),
            "kvm_mmu_set_spte: gfn " + "1 " * many + "\n",
            "kvm_mmu_set_spte: gfn x" * (many // 20) + "\n",
            "x" * (4 * many),
            "mark m\n" * (many // 4),
            "".join(f"add a {number}\nmark m{number}\n" for number in range(many // 100)),
            "add a " + "9" * many + "\n",
            "open vm\n" + "".join(f"slot vm {number << 21:#x} 2MiB\n" for number in range(many // 20)),
            "".join(f"vcpu vm {number}\n" for number in range(many // 20)),
            "cpu 99999999999\nrun vm 0\n",
        )
    )
    return text.encode()


def _histogram(chance: Random) -> bytes:
    cells = "\t".join(str(chance.getrandbits(chance.choice((10, 40, 64)))) for _ in range(11))
    head = "Rmap_Count:\t0\t1\t2-3\t4-7\t8-15\t16-31\t32-63\t64-127\t128-255\t256-511\t512-1023\n"
    return (head + "".join(f"Level={level}:\t{cells}\n" for level in ("4K", "2M", "1G"))).encode()


def _lists(chance: Random) -> bytes:
    """Return configurations and slabinfo of many lines."""
    line = chance.choice(("CONFIG_X=y\n", "kvm_mmu_page_header 1 1 184 22 1 : tunables 0 0 0 : slabdata 1 1 0\n", "\n"))
    return b"slabinfo - version: 2.1\n" * (chance.random() < 0.5) + line.encode() * ((1 << 21) // len(line))


@cache
def _zeros(packer: str) -> bytes:
    """Return much out of little: zeros, packed a part at a time."""
    part = bytes(1 << 20)
    packing = zstandard.ZstdCompressor(level=1).compressobj() if packer == "zstd" else zlib.compressobj(1, wbits=31)
    return b"".join([*(packing.compress(part) for _ in range(PACKED_BYTES // len(part))), packing.flush()])


def _bomb(chance: Random) -> bytes:
    bomb = _zeros(chance.choice(("zstd", "gzip")))
    return bomb if chance.random() < 0.5 else btf_writer.bzimage(bomb, "6.1.0")


def _sections(chance: Random) -> bytes:
    """Return an ELF file of many sections whose names are one long one, or that are compressed and say to be large."""
    if chance.random() < 0.5:
        many, name = 30_000, b"x" * 60_000 + b"\0"
        header = struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64, len(name), 0, 0, 1, 0)
        ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
        start = 64 + len(name)
        return (
            ident
            + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, start, 0, 64, 0, 0, 64, many, 0)
            + name
            + header * many
        )
    body = struct.pack("<IIQQ", 1, 0, 250 << 20, 1) + b"x" * 100
    image = bytearray(btf_writer.elf({".BTF": body, ".rodata": body, ".modinfo": body}))
    at = struct.unpack_from("<Q", image, 40)[0]
    for number in range(1, 4):
        struct.pack_into("<Q", image, at + 64 * number + 8, 0x800)  # SHF_COMPRESSED
    return bytes(image)


def _types(chance: Random) -> bytes:
    """Return types of many members, with chains of long names."""
    out = btf_writer.Writer()
    word, name = out.int("u64", 8), "n" * 60_000
    last = word
    for number in range(chance.choice((10, 3000))):
        last = out.typedef(name, last) if number % 2 else out.const(last)
    members = [(name, last, 64 * number) for number in range(chance.choice((10, 4000)))]
    out.struct("pte_list_desc", 128, members)
    return out.blob() if chance.random() < 0.5 else btf_writer.elf({".BTF": out.blob()})


def _one_text(chance: Random) -> bytes:
    return chance.choice(atoms.LONG).encode() * 300


OF: dict[str, tuple[Callable[[Random], bytes], ...]] = {
    ".toml": (_toml,),
    ".csv": (_csv,),
    ".jsonl": (_json,),
    ".json": (_json,),
    ".txt": (_observation,),
    "": (_trace, _trace, _lists, _histogram, _bomb, _sections, _types),
}
ALL = tuple(kind for kinds in OF.values() for kind in kinds)
