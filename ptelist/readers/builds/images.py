"""The BTF in a file of a kernel's: raw, in an ELF file or a bzImage, compressed or not."""

from __future__ import annotations

import os
import re
import struct
from io import BytesIO
from typing import BinaryIO, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.builds import btf_raw, elf
from ptelist.readers.builds.unpack import unpack
from ptelist.scenario.inputs import noted, stdin

MOST_BYTES = 1 << 27
"""What is read as a whole: a bzImage has 10 to 20 MB. A vmlinux, which may have 1 GB, is not, unless through a pipe."""

MOST_OF = {".BTF": btf_raw.MOST_BYTES, ".BTF.base": btf_raw.MOST_BYTES, ".modinfo": 1 << 20}
"""The most bytes of a section that is read as a whole."""

BTF_FOLDER = "/sys/kernel/btf"
RELEASE = "/proc/sys/kernel/osrelease"

_BANNER = rb"Linux version (\S{1,64}) "
_VERMAGIC = rb"(?:^|\0)vermagic=(\S{1,64}) "
_NAMED = r"vmlinu[xz]-(\d+\.\d+\S{0,60})"

_SETUP_SECTORS, _HEADER, _VERSION, _VERSION_TEXT, _PAYLOAD = 0x1F1, 0x202, 0x206, 0x20E, 0x248
_LEAST_VERSION = 0x208
"""From this version of the boot protocol on, a bzImage says where its payload is (Documentation/arch/x86/boot.rst)."""

_SECTOR = 512
_VERSION_AT = 0x200


class Image(NamedTuple):
    """What one file tells."""

    data: bytes
    """Raw BTF."""
    base: bytes | None
    """What the file itself has for a base: .BTF.base, of a module built apart from its kernel."""
    release: str
    """The kernel's, "" if the file does not say."""


def read(path: str) -> Image:
    """Return the BTF of a file (- is stdin); raises PtelistError if there is none."""
    try:
        if path == "-":
            image = _image(stdin(), path)
        else:
            with open(path, "rb") as file:  # noqa: PTH123 -- to load pathlib takes as long as to read BTF
                image = _image(noted(file), path)
    except IsADirectoryError:
        raise PtelistError(f"{path}: is a directory, expected a vmlinux, kvm.ko, bzImage or raw BTF") from None
    except OSError as error:
        raise PtelistError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise PtelistError(f"{path!r}: is not a file name") from None
    return image if image.release else image._replace(release=_release_of(path))


def _image(file: BinaryIO, path: str) -> Image:
    """Return what a file, or what was packed in one, has; of an ELF file no more is read than needed."""
    limit = MOST_BYTES + 1
    if file.seekable():
        start = file.read(len(elf.MAGIC))
        limit = min(file.seek(0, os.SEEK_END) or limit, limit)  # room is made for as much as is asked for
        file.seek(0)
        if start == elf.MAGIC:
            return _elf(file, path)
    data = file.read(limit)
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{path}: larger than {MOST_BYTES >> 20} MiB, too large to read as a whole")
    release = ""
    if data[_HEADER : _HEADER + 4] == b"HdrS":
        data, release = _payload(data, path)
    if not data.startswith((btf_raw.MAGIC, btf_raw.MAGIC[::-1], elf.MAGIC)):
        data = unpack(data, path)
    if not data.startswith(elf.MAGIC):
        return Image(data, None, release)
    image = _elf(BytesIO(data), path)
    return image if image.release else image._replace(release=release)


def _payload(data: bytes, path: str) -> tuple[bytes, str]:
    """Return the packed vmlinux of a bzImage, and the release in its header."""
    try:
        (version,) = struct.unpack_from("<H", data, _VERSION)
        (text,) = struct.unpack_from("<H", data, _VERSION_TEXT)
        offset, length = struct.unpack_from("<II", data, _PAYLOAD)
    except struct.error:
        raise PtelistError(f"{path}: truncated bzImage") from None
    if version < _LEAST_VERSION:
        raise PtelistError(f"{path}: a bzImage of boot protocol {version:#x}, expected {_LEAST_VERSION:#x} or later")
    start = ((data[_SETUP_SECTORS] or 4) + 1) * _SECTOR + offset
    if start + length > len(data):
        raise PtelistError(f"{path}: truncated bzImage, {start + length - len(data):,} bytes are missing")
    words = data[text + _VERSION_AT : text + _VERSION_AT + 80].split(b"\0")[0].split()
    return data[start : start + length], _text(words[0]) if text and words else ""


def _elf(file: BinaryIO, path: str) -> Image:
    """Return the .BTF and .BTF.base sections of an ELF file."""
    sections = elf.sections(file, path)
    parts = {name: elf.data(file, sections[name], most, path) for name, most in MOST_OF.items() if name in sections}
    match = re.search(_VERMAGIC, parts.get(".modinfo", b""))
    if not match and ".rodata" in sections and sections[".rodata"].size <= elf.MOST_READ:
        match = re.search(_BANNER, elf.data(file, sections[".rodata"], elf.MOST_READ, path))
    if ".BTF" not in parts:
        raise PtelistError(f"{path}: no .BTF section: built without CONFIG_DEBUG_INFO_BTF, or stripped of it")
    return Image(parts[".BTF"], parts.get(".BTF.base"), _text(match[1]) if match else "")


def running() -> str:
    """Return the release of this machine's kernel, "" if it is no Linux."""
    try:
        with open(RELEASE, encoding="ascii") as file:  # noqa: PTH123 -- as above
            return file.read().strip()
    except OSError:
        return ""


def _release_of(path: str) -> str:
    """Return the release that a file's place or name tells."""
    folder, _, name = path.rpartition("/")
    if folder == BTF_FOLDER:
        return running()
    match = re.fullmatch(_NAMED, name)
    return match[1] if match else ""


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")
