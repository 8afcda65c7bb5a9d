"""A writer of BTF, ELF and bzImage files, made from the formats' documents and not from the reader.

Sources: Documentation/bpf/btf.rst (the records of each kind), the ELF-64 object file format,
Documentation/arch/x86/boot.rst (the header of a bzImage).
"""

from __future__ import annotations

import struct
from typing import TypedDict

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST = range(1, 11)
RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(11, 20)


class Options(TypedDict, total=False):
    flag: bool
    extra: tuple[int, ...]


class Writer:
    """Collects types; each method returns the id of the type that it adds."""

    def __init__(self, base: Writer | None = None) -> None:
        self.base = base
        self.records: list[bytes] = []
        self.strings = b"" if base else b"\0"
        self.next = base.next if base else 1

    def string_end(self) -> int:
        return len(self.strings) + (self.base.string_end() if self.base else 0)

    def string(self, text: str) -> int:
        if not text:
            return 0
        data = text.encode() + b"\0"
        if self.base and (at := (b"\0" + self.base.strings).find(b"\0" + data)) >= 0:
            return at
        at = (b"\0" + self.strings).find(b"\0" + data)
        if at < 0:
            at = len(self.strings)
            self.strings += data
        return at + (self.base.string_end() if self.base else 0)

    def add(self, kind: int, name: str, size: int, count: int = 0, **options: object) -> int:
        flag, extra = options.get("flag", False), options.get("extra", ())
        info = count | kind << 24 | bool(flag) << 31
        self.records.append(struct.pack(f"<III{len(extra)}I", self.string(name), info, size, *extra))
        self.next += 1
        return self.next - 1

    def int(self, name: str, size: int) -> int:
        return self.add(INT, name, size, extra=(size * 8,))

    def pointer(self, to: int) -> int:
        return self.add(PTR, "", to)

    def array(self, of: int, count: int, index: int = 1) -> int:
        return self.add(ARRAY, "", 0, extra=(of, index, count))

    def typedef(self, name: str, of: int) -> int:
        return self.add(TYPEDEF, name, of)

    def const(self, of: int) -> int:
        return self.add(CONST, "", of)

    def struct(self, name: str, size: int, members: list[tuple], kind: int = STRUCT) -> int:
        """Members are (name, type, offset in bits) or (name, type, offset, bits of a bitfield)."""
        flag = any(len(member) > 3 for member in members)
        words = []
        for member in members:
            width = member[3] if len(member) > 3 else 0
            words += [self.string(member[0]), member[1], member[2] | (width << 24 if flag else 0)]
        return self.add(kind, name, size, len(members), flag=flag, extra=tuple(words))

    def one_of_each(self) -> None:
        """Add a type of every kind that has no method of its own."""
        number = self.int("int", 4)
        self.add(ENUM, "e", 4, 2, extra=(self.string("A"), 0, self.string("B"), 1))
        self.add(FWD, "later", 0)
        for kind in (VOLATILE, RESTRICT, TYPE_TAG):
            self.add(kind, "user" if kind == TYPE_TAG else "", number)
        proto = self.add(FUNC_PROTO, "", 0, 2, extra=(self.string("x"), number, 0, 0))
        self.add(FUNC, "f", proto, 1)
        self.add(FLOAT, "double", 8)
        self.add(VAR, "v", number, extra=(1,))
        self.add(DATASEC, ".data", 4, 1, extra=(self.next - 1, 0, 4))
        self.add(DECL_TAG, "tag", number, extra=(0xFFFFFFFF,))
        self.add(ENUM64, "big", 8, 1, extra=(self.string("C"), 1, 1))

    def blob(self, layout: bytes | None = None) -> bytes:
        """Return raw BTF; `layout` is the section that tells the size of each kind (from v7.1)."""
        types = b"".join(self.records)
        head = 24 if layout is None else 32
        rest = layout or b""
        header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, head, 0, len(types), len(types) + len(rest), len(self.strings))
        if layout is not None:
            header += struct.pack("<II", len(types), len(rest))
        return header + types + rest + self.strings


def elf(sections: dict[str, bytes]) -> bytes:
    """Return an ELF-64 file with these sections and no segments."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    bodies = {**sections, ".shstrtab": names}
    at, headers, data = 64, [bytes(64)], b""
    for name, body in bodies.items():
        kind = 3 if name == ".shstrtab" else 1
        headers.append(
            struct.pack("<IIQQQQIIQQ", names.find(name.encode() + b"\0"), kind, 0, 0, at, len(body), 0, 0, 1, 0)
        )
        data += body
        at += len(body)
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    count = len(headers)
    return (
        ident
        + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, at, 0, 64, 0, 0, 64, count, count - 1)
        + data
        + b"".join(headers)
    )


def bzimage(payload: bytes, release: str = "", version: int = 0x20F) -> bytes:
    """Return a boot image with a packed kernel in it, one setup sector behind the boot sector."""
    image = bytearray(1024)
    image[0x1F1] = 1
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    if release:
        struct.pack_into("<H", image, 0x20E, 0x100)
        text = f"{release} (builder@host) #1 SMP".encode() + b"\0"
        image[0x300 : 0x300 + len(text)] = text
    struct.pack_into("<II", image, 0x248, 16, len(payload))
    return bytes(image) + bytes(16) + payload + bytes(8)


def kernel(  # noqa: PLR0913 -- what tells kernels apart
    ext: int = 14,
    *,
    era: str = "head",
    size: int | None = None,
    profiling: bool = False,
    slots: bool = False,
    wide: bool = False,
    page: int | None = None,
    locks: bool = False,
    flags: tuple[str, ...] | None = None,
    ids: int = 0,
    slot: int | None = None,
    base: Writer | None = None,
) -> Writer:
    """Return the types of KVM as a kernel of an era has them; sizes and members as in the facts on each version.

    `size`, `wide` (a spte_count of 64 bits) and `page` (the size of kvm_mmu_page) are those of no kernel: a struct
    grew. With `slots` an object's metadata has the members' names of 7.3; with `locks` locks are as lockdep has them.
    For kernels between the eras: `flags` are the members of struct kvm_arch that tell what memslots have, `ids` the
    entries of id_to_index[] where memslots are in an array, `slot` the bytes of one. On a `base` they are those of a
    module.
    """
    out = Writer(base)
    out.one_of_each()
    u64, u32, u16, u8 = out.int("u64", 8), out.int("u32", 4), out.int("short unsigned int", 2), out.int("u8", 1)
    descriptors(out, (u64, u32), ext, "wide" if wide else era, size)
    head = out.struct("kvm_rmap_head", 8, [("val", u64, 0)])
    info = out.struct("kvm_lpage_info", 4, [("disallow_lpage", u32, 0)])
    heads, infos, tracks = (out.array(out.pointer(of), count) for of, count in ((head, 3), (info, 2), (u16, 1)))
    if era == "head":
        tracks = out.pointer(u16)
    track = "gfn_write_track" if era == "head" else "gfn_track"
    out.struct("kvm_arch_memory_slot", 48, [("rmap", heads, 0), ("lpage_info", infos, 192), (track, tracks, 320)])
    void = out.pointer(0)
    objects = out.array(void, 40) if era == "array" else out.pointer(void)
    bytes_ = 336 if era == "array" else 40
    cache = out.struct("kvm_mmu_memory_cache", bytes_, [("nobjs", u32, 0), ("objects", objects, 128)])
    page = page or (168 if era == "array" else 184)
    either = out.struct("", 8, [("parent_ptes", head, 0), ("ptep", u64, 0)], UNION)
    bits = [("unsync", u8, 0, 1), ("gfn", u64, 64, 0), ("", either, 128, 0)]
    out.struct("kvm_mmu_page", page, bits)
    hlist = out.struct("hlist_head", 8, [("first", u64, 0)])
    pages = out.pointer(hlist) if era == "head" else out.array(hlist, 4096)
    split = [("split_desc_cache", cache, 8 * (8 if era == "head" else 32768))] if era != "array" else []
    flags = FLAGS[era] if flags is None else flags
    told = [(name, u8, 8 * (39000 + 16 * at)) for at, name in enumerate(flags)]
    out.struct("kvm_arch", 40000, [("mmu_page_hash", pages, 0), *split, *told])
    memslots(out, ids or (512 if era == "array" else 0), slot or SLOT[era])
    external = [("mmu_external_spt_cache", cache, 640)] if era == "head" else []
    out.struct("kvm_vcpu_arch", 5000, [("mmu_pte_list_desc_cache", cache, 0), *external])
    if era == "head":
        users = [("objcg", u64, 0), *([("ref", u64, 64)] if profiling else [])]
        if slots:
            users = [("_objcg" if name == "objcg" else "_ctref", u64, 0) for name, *_ in users]
        out.struct("slabobj_ext", 8 if slots else 8 * len(users), users)
    out.struct(
        "track", 32, [("addr", u64, 0), ("handle", u32, 64), ("cpu", u32, 96), ("pid", u32, 128), ("when", u64, 192)]
    )
    if locks:
        out.struct("lockdep_map", 8, [("key", u64, 0)])
        out.struct("raw_spinlock", 8, [("raw_lock", u32, 0), ("magic", u32, 32)])
    return out


FLAGS = {
    "array": ("track_notifier_head",),
    "walk": ("track_notifier_head", "shadow_root_allocated"),
    "head": ("shadow_root_allocated",),
}
"""Of 5.10, 6.1, and 6.18 without CONFIG_KVM_EXTERNAL_WRITE_TRACKING."""


SLOT = {"array": 88, "walk": 264, "head": 280}
"""Bytes of struct kvm_memory_slot; 6.18 as Debian builds it, with guest_memfd."""


def memslots(out: Writer, ids: int, size: int) -> None:
    """Add the structs of memslots, as include/linux/kvm_host.h of 5.10, 5.12, 6.1 and 6.18 has them."""
    word, short, at = out.int("gfn_t", 8), out.int("short int", 2), 0 if ids else 8 * 176
    members = [("base_gfn", word, at), ("npages", word, at + 64), ("as_id", short, at + 688)]
    if ids:
        first = -(-(8 + 2 * ids) // 4) * 4 + 8
        slots = out.array(out.struct("kvm_memory_slot", size, members), 0)
        known = out.array(short, ids)
        members = [("generation", word, 0), ("id_to_index", known, 64), ("memslots", slots, 8 * first)]
        out.struct("kvm_memslots", first, members)
        return
    nodes = [("id_node", 4, 0), ("hva_node", 12, 256), ("gfn_node", 6, 1024)]
    links = [(name, out.array(word, count), place) for name, count, place in nodes]
    out.struct("kvm_memory_slot", size, [*links, *members])
    tree_of_memslots(out, word)


def tree_of_memslots(out: Writer, word: int) -> int:
    """Add struct kvm_memslots from v5.17 on."""
    return out.struct("kvm_memslots", 1072, [("gfn_tree", word, 256), ("id_hash", out.array(word, 128), 320)])


def vendor(  # noqa: PLR0913 -- what tells modules apart
    out: Writer, name: str = "vmx", *, vm: int = 7104, vcpu: int = 9024, grown: int = 0, spaces: int = 2, lock: int = 0
) -> Writer:
    """Add what kvm-intel.ko has (or kvm-amd.ko, `name` svm): the struct of a VM and that of a vCPU.

    Sizes are those of Debian's 7.3.4; `grown` bytes of a VM are a member that no kernel has. `spaces` are address
    spaces of memslots, `lock` what lockdep adds to each lock.
    """
    u64, u8 = out.int("long unsigned int", 8), out.int("unsigned char", 1)
    slots = tree_of_memslots(out, u64)
    sets = 2 * spaces * 1072
    members = [("__memslots", out.array(out.array(slots, 2), spaces), 0)]
    out.struct("lockdep_map", lock, [("key", u64, 0)] if lock else [])
    if grown:
        members.append(("census", out.array(u8, grown), 8 * sets))
    inner = out.struct("kvm", vm - 64 + grown, members)
    out.struct(f"kvm_{name}", vm + grown, [("kvm", inner, 0)])
    inner = out.struct("kvm_vcpu", 6456, [("mode", u64, 0), ("dirty_ring", u64, 512)])
    out.struct(f"vcpu_{name}", vcpu, [("vcpu", inner, 0)])
    return out


def descriptors(out: Writer, words: tuple[int, int], ext: int, era: str, size: int | None) -> None:
    """Add struct pte_list_desc: entries first up to v5.14, then a counter, from v6.4 two of half the size."""
    u64, u32 = words
    more, pointer = out.pointer(out.next + 3), out.pointer(u64)
    sptes = out.array(pointer, ext)
    counts = {
        "walk": [("spte_count", u64, 64)],
        "head": [("spte_count", u32, 64), ("tail_count", u32, 96)],
        "wide": [("spte_count", u64, 64), ("tail_count", u32, 128)],
    }
    if era == "array":
        members = [("sptes", sptes, 0), ("more", more, 64 * ext)]
    else:
        members = [("more", more, 0), *counts[era], ("sptes", sptes, 192 if era == "wide" else 128)]
    fixed = {"array": 8, "wide": 24}.get(era, 16)
    out.struct("pte_list_desc", size or fixed + 8 * ext, members)
