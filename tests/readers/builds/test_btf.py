"""The reader of BTF, against a writer made from the format's documents."""

from __future__ import annotations

import struct
import tracemalloc

import btf_writer
import pytest
from btf_writer import Writer
from exploring import examples
from helpers import one_line
from hypothesis import given
from hypothesis import strategies as st

from ptelist.errors import PtelistError
from ptelist.readers.builds.btf import Btf
from ptelist.readers.builds.btf_raw import is_split
from ptelist.readers.builds.builds import Build
from ptelist.readers.builds.layouts import layout
from ptelist.readers.builds.profile import said
from ptelist.readers.builds.rules import STRUCTS

NEW_KIND = 20


def read(writer: Writer, base: Btf | None = None) -> Btf:
    return Btf(writer.blob(), "file", base)


def places(btf: Btf, name: str) -> list[tuple[str, int, int]]:
    found = layout(btf, name)
    assert found
    return [(field.declaration, field.offset, field.width) for field in found.fields]


def test_every_kind_is_passed_over() -> None:
    writer = Writer()
    writer.one_of_each()
    number = writer.struct("after", 4, [("x", 1, 0)])
    assert places(read(writer), "after") == [("int x", 0, 32)]
    assert read(writer).structs("after") == [number]
    assert read(writer).end == number + 1


def test_declarations_read_as_c() -> None:
    writer = Writer()
    number = writer.int("int", 4)
    text = writer.typedef("u32", number)
    proto = writer.add(btf_writer.FUNC_PROTO, "", 0)
    deep = writer.array(writer.array(text, 3), 2)
    opaque = (writer.add(btf_writer.FWD, "later", 0), writer.add(btf_writer.FWD, "one_of", 0, flag=True))
    volatile = writer.add(btf_writer.VOLATILE, "", number)
    members = {
        "u32 a": text,
        "const int *b": writer.pointer(writer.const(number)),
        "int *const c": writer.const(writer.pointer(number)),
        "u32 d[2][3]": deep,
        "int (*e)[4]": writer.pointer(writer.array(number, 4)),
        "int *f[4]": writer.array(writer.pointer(number), 4),
        "void (*g)(...)": writer.pointer(proto),
        "void *h": writer.pointer(0),
        "struct later *i": writer.pointer(opaque[0]),
        "union one_of *j": writer.pointer(opaque[1]),
        "volatile int k": volatile,
        "int l[]": writer.array(number, 0),
    }
    sizes = (4, 8, 8, 24, 8, 32, 8, 8, 8, 8, 4, 0)
    at, rows = 0, []
    for name, kind, size in zip("abcdefghijkl", members.values(), sizes, strict=True):
        rows.append((name, kind, at))
        at += 8 * size
    writer.struct("s", at // 8, rows)
    assert [text for text, _, _ in places(read(writer), "s")] == list(members)
    assert [width // 8 for _, _, width in places(read(writer), "s")] == list(sizes)


def test_bitfields_and_unnamed_members_lie_where_they_are() -> None:
    writer = Writer()
    word = writer.int("unsigned int", 4)
    inner = writer.struct("", 8, [("b", word, 0), ("c", word, 32)])
    either = writer.struct("", 8, [("a", word, 0), ("", inner, 0)], btf_writer.UNION)
    writer.struct("s", 24, [("x", word, 0, 3), ("y", word, 5, 2), ("", either, 64, 0)])
    btf = read(writer)
    assert places(btf, "s") == [
        ("unsigned int x:3", 0, 3),
        ("unsigned int y:2", 5, 2),
        ("unsigned int a", 64, 32),
        ("unsigned int b", 64, 32),
        ("unsigned int c", 96, 32),
    ]
    found = layout(btf, "s")
    assert found
    assert list(found.holes()) == [(3, 2), (7, 57), (128, 64)]


def test_a_module_builds_on_its_kernel() -> None:
    kernel, number = Writer(), 0
    kernel.one_of_each()
    number = kernel.int("u64", 8)
    kernel.struct("shared", 8, [("x", number, 0)])
    module = Writer(kernel)
    module.struct("own", 16, [("x", number, 0), ("other", number, 64)])
    base = read(kernel)
    btf = read(module, base)
    assert places(btf, "own") == [("u64 x", 0, 64), ("u64 other", 64, 64)]
    assert places(btf, "shared") == [("u64 x", 0, 64)]
    assert is_split(module.blob(), "file")
    assert not is_split(kernel.blob(), "file")
    with pytest.raises(PtelistError, match="split BTF, as modules have it"):
        read(module)


def test_another_base_is_noticed() -> None:
    """Type ids and offsets of names go on where the base's end: on a smaller base they lead nowhere."""
    kernel, other = Writer(), Writer()
    kernel.one_of_each()
    module = Writer(kernel)
    module.struct("own", 8, [("x", kernel.next, 0)])
    other.int("int", 4)
    with pytest.raises(PtelistError, match="refers to type 14, but there are 2: another base"):
        read(module, read(other)).type(kernel.next)
    with pytest.raises(PtelistError, match="a name lies beyond the strings: another base"):
        read(module, read(other)).type(2)


def test_names_that_contain_each_other_are_told_apart() -> None:
    writer = Writer()
    number = writer.int("int", 4)
    for name in ("my_track", "track_more", "track"):
        writer.struct(name, 4, [("x", number, 0)])
    assert len(read(writer).structs("track")) == 1
    assert read(writer).structs("rack") == []


def test_kinds_of_the_future_are_passed_over_where_the_file_says_how() -> None:
    """Linux 7.1 began to write the sizes of all kinds: so many bytes, and so many for each member."""
    writer = Writer()
    number = writer.int("int", 4)
    writer.add(NEW_KIND, "new", 0, 3, extra=(1, 2, 3, 4, 5, 6, 7))
    writer.struct("s", 4, [("x", number, 0)])
    sizes = bytes(4 * NEW_KIND) + bytes((4, 8, 0, 0))
    assert places(Btf(writer.blob(sizes), "file"), "s") == [("int x", 0, 32)]
    for layout_ in (None, b"", bytes(4 * NEW_KIND), bytes(4 * NEW_KIND) + bytes((3, 0, 0, 0))):
        with pytest.raises(PtelistError, match="types of kind 20, unknown to this version, and of unknown size"):
            Btf(writer.blob(layout_), "file")


def test_many_members_fit_in_24_bits() -> None:
    """The count of members had 16 bits up to v7.0, 24 from v7.1."""
    writer = Writer()
    number = writer.int("int", 4)
    count = 70_000
    writer.add(btf_writer.ENUM, "big", 4, count, extra=(0,) * (2 * count))
    writer.struct("s", 4, [("x", number, 0)])
    assert places(read(writer), "s") == [("int x", 0, 32)]


def test_one_struct_that_units_know_more_or_less_of() -> None:
    writer = Writer()
    number = writer.int("int", 4)
    for to in (0, number):
        writer.struct("s", 8, [("p", writer.pointer(to), 0)])
    assert places(read(writer), "s") == [("int *p", 0, 64)]
    writer.struct("s", 16, [("p", writer.pointer(to), 0)])
    with pytest.raises(PtelistError, match="two structs s that differ, of 8 and 16 bytes"):
        layout(read(writer), "s")


def broken(data: bytes, match: str) -> None:
    with pytest.raises(PtelistError, match=match):
        Btf(data, "file")


def test_damage_is_named() -> None:
    data = btf_writer.kernel().blob()
    broken(b"", "not BTF")
    broken(b"\x7fELF" + data[4:], "not BTF")
    broken(b"\xeb\x9f" + data[2:], "big-endian BTF")
    broken(data[:2] + b"\2" + data[3:], "BTF of version 2, expected 1")
    broken(data[:-10], "truncated BTF, 10 bytes of it are missing")
    broken(data[:12] + struct.pack("<I", 30) + data[16:], "types of 30 bytes, expected a multiple of 4")
    broken(data[:12] + struct.pack("<I", 40) + data[16:], "type 2 is cut off")
    broken(bytes(1 << 26), "at most 33,554,432 are a kernel's")


def test_a_type_made_of_itself_is_named() -> None:
    writer = Writer()
    number = writer.typedef("t", 1)
    array = writer.array(2, 2)
    pointer = writer.pointer(3)
    writer.struct("s", 8, [("x", number, 0)])
    writer.struct("a", 8, [("x", array, 0)])
    writer.struct("p", 8, [("x", pointer, 0)])
    for name in "sap":
        with pytest.raises(PtelistError, match="or of itself"):
            layout(read(writer), name)


def test_structs_in_structs_without_end_are_named() -> None:
    writer = Writer()
    writer.struct("s", 8, [("", 1, 0)] * 100)
    with pytest.raises(PtelistError, match="corrupt BTF"):
        layout(read(writer), "s")


def test_empty_structs_in_structs_without_end_are_named() -> None:
    """Ten levels of a hundred unnamed ones each, and nothing in the last."""
    writer = Writer()
    inner = writer.struct("", 0, [])
    for _ in range(10):
        inner = writer.struct("", 8, [("", inner, 0)] * 100)
    writer.struct("s", 8, [("", inner, 0)])
    with pytest.raises(PtelistError, match="a struct of more than 4,096 members"):
        layout(read(writer), "s")


def test_one_name_for_thousands_is_named() -> None:
    writer = Writer()
    for _ in range(1001):
        writer.struct("s", 8, [])
    with pytest.raises(PtelistError, match="1,001 structs s, no kernel's BTF"):
        layout(read(writer), "s")


@examples(400)
@given(st.data())
def test_any_damage_ends_in_one_line(data: st.DataObject) -> None:
    blob = bytearray(BLOB)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(blob) - 1))
        blob[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(blob)), st.integers(0, len(blob))))
    whole(bytes(blob[:cut]))


BLOB = btf_writer.kernel().blob()


@examples(200)
@given(st.binary(max_size=400), st.integers(0, 100))
def test_any_bytes_end_in_one_line(body: bytes, types: int) -> None:
    whole(struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 4 * types, 4 * types, max(len(body) - 4 * types, 0)) + body)


def whole(data: bytes) -> None:
    """Read all that inspect reads; nothing but a PtelistError may come of it."""
    with one_line():
        btf = Btf(data, "file")
        for name in STRUCTS:
            layout(btf, name)
        said(Build("file", "file", btf, ""))


def test_hostile_sizes_take_no_memory() -> None:
    """A header may claim anything, and types may claim members that are not there."""
    tracemalloc.start()
    for data in (
        struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 0xFFFFFFFC, 0, 4),
        struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 12, 12, 1) + struct.pack("<III", 0, 0x04FFFFFF, 0) + b"\0",
        struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 0xFFFFFFFF, 0, 0, 0, 1),
    ):
        with pytest.raises(PtelistError):
            Btf(data, "file")
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
