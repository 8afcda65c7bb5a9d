"""Compressed kernels and modules, as their makers pack them, within a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 1 << 29
"""What is packed in a bzImage or a module has 10 to 100 MB."""

LZ4_BLOCK = 8 << 20
"""Blocks of lz4's legacy format, which the kernel's build uses, unpack to 8 MiB, the last one to less."""


def unpack(data: bytes, path: str) -> bytes:
    """Return what is packed; what follows the packed part is ignored.

    Raises PtelistError if it is none of the kernel's formats, damaged, or too large.
    """
    known = next((form for magic, form in FORMATS.items() if data.startswith(magic)), None)
    if known is None:
        raise PtelistError(f"{path}: neither BTF nor ELF nor a bzImage, nor one of these packed")
    name, method = known
    try:
        unpacked = method(data)
    except ModuleNotFoundError as error:
        raise PtelistError(
            f"{path}: packed with {name}, which needs {error.name}: pip install 'ptelist[images]'"
        ) from None
    except PtelistError as error:
        raise PtelistError(f"{path}: {error}") from None
    except Exception as error:  # noqa: BLE001 -- each library has errors of its own
        reason = " ".join(str(error).split())[:60] or type(error).__name__
        raise PtelistError(f"{path}: damaged {name} data: {reason}") from None
    if len(unpacked) > MOST_BYTES:
        raise PtelistError(f"{path}: unpacks to more than {MOST_BYTES >> 20} MiB, no file of a kernel's")
    return unpacked


def _gzip(data: bytes) -> bytes:
    import zlib  # noqa: PLC0415 -- one format is loaded, not all

    return _whole(zlib.decompressobj(wbits=31), data)


def _xz(data: bytes) -> bytes:
    import lzma  # noqa: PLC0415 -- one format is loaded, not all

    return _whole(lzma.LZMADecompressor(memlimit=1 << 28), data)


def _bzip2(data: bytes) -> bytes:
    import bz2  # noqa: PLC0415 -- one format is loaded, not all

    return _whole(bz2.BZ2Decompressor(), data)


def _whole(decompressor: Any, data: bytes) -> bytes:
    unpacked: bytes = decompressor.decompress(data, MOST_BYTES + 1)
    if not decompressor.eof and len(unpacked) <= MOST_BYTES:
        raise ValueError("its end is missing")
    return unpacked


def _zstd(data: bytes) -> bytes:
    import zstandard  # noqa: PLC0415 -- an optional extra

    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 28)
    with decompressor.stream_reader(data, read_across_frames=False) as reader:
        unpacked: bytes = reader.read(MOST_BYTES + 1)
    size = zstandard.get_frame_parameters(data).content_size
    if len(unpacked) < min(size, MOST_BYTES) and size != zstandard.CONTENTSIZE_UNKNOWN:
        raise ValueError("its end is missing")
    return unpacked


def _lz4(data: bytes) -> bytes:
    from lz4 import block  # noqa: PLC0415 -- an optional extra

    parts, size, at = [], 0, 4
    while at + 4 < len(data) and size <= MOST_BYTES:
        count = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + count > len(data):
            break  # a bzImage ends with the unpacked size
        part = block.decompress(data[at + 4 : at + 4 + count], uncompressed_size=LZ4_BLOCK)
        parts.append(part)
        size += len(part)
        at += 4 + count
    return b"".join(parts)


def _lzo(_data: bytes) -> bytes:
    raise PtelistError("packed with LZO, which is not supported: unpack it, as scripts/extract-vmlinux does")


FORMATS: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"\xfd7zXZ\0": ("xz", _xz),
    b"\x5d\0\0": ("lzma", _xz),
    b"BZh": ("bzip2", _bzip2),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    b"\x02\x21\x4c\x18": ("lz4", _lz4),
    b"\x89LZO\0": ("LZO", _lzo),
}
"""Formats by how they begin (scripts/Makefile.lib, scripts/Makefile.modinst)."""
