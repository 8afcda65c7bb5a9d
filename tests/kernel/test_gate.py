"""The gate on the types of real kernels, as they are and with a descriptor that grew: `pytest -m kernel`."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kernel.test_layouts import module, pytest_generate_tests, read
from ptelist.cli import main
from ptelist.readers.builds import images
from ptelist.readers.builds.layouts import layout
from ptelist.readers.builds.places import kernels

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["pytest_generate_tests"]
pytestmark = pytest.mark.kernel

STRUCT = 4
GROWN = 8


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*words: str) -> tuple[int, list[dict]]:
    result = CliRunner().invoke(main, ["check", *words, "--format", "json"])
    assert result.exit_code < 2, result.stderr
    return result.exit_code, json.loads(result.stdout)["findings"]


def raw(series: str, folder: Path, size: int) -> str:
    """Write a kernel's BTF and that of its module with so large a descriptor; return how they are named."""
    found = images.read(module(series))
    base = next(images.read(str(path)) for path in kernels(module(series), found.release) if path.is_file())
    data = bytearray(found.data)
    head, types, length, strings = struct.unpack_from("<IIII", data, 4)
    (names,) = struct.unpack_from("<I", base.data, 20)
    own = data[head + strings :].find(b"\0pte_list_desc\0") + 1 + names
    records = data[head + types : head + types + length]
    at = next(
        place
        for place in range(0, length - 12, 4)
        if struct.unpack_from("<I", records, place)[0] == own and records[place + 7] & 0x1F == STRUCT
    )
    struct.pack_into("<I", data, head + types + at + 8, size)
    (folder / "vmlinux").write_bytes(base.data)
    (folder / "kvm").write_bytes(data)
    return f"{folder / 'vmlinux'}+{folder / 'kvm'}"


def test_a_kernel_passes_and_a_grown_one_fails(series: str, tmp_path: Path) -> None:
    """Against its profile, and against a baseline of its own."""
    found = read(series)
    assert check("--kernel-from", module(series))[0] == 0
    (tmp_path / "ptelist.toml").write_text(
        '[scenario.one]\nvcpus = 256\n[[budget]]\nfigure = "pte_list_desc.bytes.slab"\nmax_growth = 0\n',
        encoding="utf-8",
    )
    words = ("--kernel", found.release, "--kernel-from")
    updated = CliRunner().invoke(main, ["check", "--update", *words, module(series)])
    assert updated.exit_code == 0, updated.stderr
    assert check(*words, module(series))[0] == 0
    before = layout(found.btf, "pte_list_desc")
    assert before
    size = before.size
    code, (finding,) = check(*words, raw(series, tmp_path, size + GROWN))
    assert code == 1
    assert finding["why"] == [f"struct pte_list_desc: sizeof {size} -> {size + GROWN} bytes"]
    assert finding["moved"][0]["figure"] == "pte_list_desc.size"
