"""Compressed kernels and modules, as their makers pack them, within a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 1 << 27
"""What is packed in a bzImage or a module has 10 to 100 MB."""

MOST_WINDOW = 1 << 27
"""Bytes that a packer looks back: zstd -22 as the kernel's build calls it, and xz from v6.12 on, take as many."""

LZ4_BLOCK = 8 << 20
"""Blocks of lz4's legacy format, which the kernel's build uses, unpack to 8 MiB, the last one to less."""


def unpack(data: bytes, path: str, most: int | None = None) -> bytes:
    """Return what is packed, of at most so many bytes (MOST_BYTES); what follows the packed part is ignored.

    Raises PtelistError if it is none of the kernel's formats, damaged, or too large.
    """
    known = next((form for magic, form in FORMATS.items() if data.startswith(magic)), None)
    if known is None:
        raise PtelistError(f"{path}: neither BTF nor ELF nor a bzImage, nor one of these packed")
    name, method = known
    limit = MOST_BYTES if most is None else most
    try:
        unpacked = method(data, limit)
    except ModuleNotFoundError as error:
        raise PtelistError(
            f"{path}: packed with {name}, which needs {error.name}: pip install 'ptelist[images]'"
        ) from None
    except PtelistError as error:
        raise PtelistError(f"{path}: {error}") from None
    except Exception as error:  # noqa: BLE001 -- each library has errors of its own
        reason = " ".join(str(error).split())[:60] or type(error).__name__
        raise PtelistError(f"{path}: damaged {name} data: {reason}") from None
    if len(unpacked) > limit:
        raise PtelistError(f"{path}: unpacks to more than {limit >> 20} MiB, no file of a kernel's")
    return unpacked


def _gzip(data: bytes, most: int) -> bytes:
    import zlib  # noqa: PLC0415 -- one format is loaded, not all

    return _whole(zlib.decompressobj(wbits=31), data, most)


def _xz(data: bytes, most: int) -> bytes:
    import lzma  # noqa: PLC0415 -- one format is loaded, not all

    return _whole(lzma.LZMADecompressor(memlimit=MOST_WINDOW + (1 << 24)), data, most)


def _bzip2(data: bytes, most: int) -> bytes:
    import bz2  # noqa: PLC0415 -- one format is loaded, not all

    return _whole(bz2.BZ2Decompressor(), data, most)


def _whole(decompressor: Any, data: bytes, most: int) -> bytes:
    unpacked: bytes = decompressor.decompress(data, most + 1)
    if not decompressor.eof and len(unpacked) <= most:
        raise ValueError("its end is missing")
    return unpacked


def _zstd(data: bytes, most: int) -> bytes:
    import zstandard  # noqa: PLC0415 -- an optional extra

    decompressor = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW)
    with decompressor.stream_reader(data, read_across_frames=False) as reader:
        unpacked: bytes = reader.read(most + 1)
    size = zstandard.get_frame_parameters(data).content_size
    if len(unpacked) < min(size, most) and size != zstandard.CONTENTSIZE_UNKNOWN:
        raise ValueError("its end is missing")
    return unpacked


def _lz4(data: bytes, most: int) -> bytes:
    from lz4 import block  # noqa: PLC0415 -- an optional extra

    parts, size, at = [], 0, 4
    while at + 4 < len(data) and size <= most:
        count = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + count > len(data):
            break  # a bzImage ends with the unpacked size
        part = block.decompress(data[at + 4 : at + 4 + count], uncompressed_size=LZ4_BLOCK)
        parts.append(part)
        size += len(part)
        at += 4 + count
    return b"".join(parts)


def _lzo(_data: bytes, _most: int) -> bytes:
    raise PtelistError("packed with LZO, which is not supported: unpack it, as scripts/extract-vmlinux does")


GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\0"
"""How files begin that people pack: configurations, and what archives give."""

FORMATS: dict[bytes, tuple[str, Callable[[bytes, int], bytes]]] = {
    GZIP: ("gzip", _gzip),
    XZ: ("xz", _xz),
    b"\x5d\0\0": ("lzma", _xz),
    b"BZh": ("bzip2", _bzip2),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    b"\x02\x21\x4c\x18": ("lz4", _lz4),
    b"\x89LZO\0": ("lzop", _lzo),
}
"""Formats by how they begin, with the program that packs and unpacks them (scripts/Makefile.lib, .modinst)."""
