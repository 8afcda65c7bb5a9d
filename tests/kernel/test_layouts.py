"""Layouts of real kernels, as ptelist and as pahole read them: `pytest -m kernel --kernels 6.1,7.3`.

Kernels whose BTF the installed pahole cannot read are skipped, and say so.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kernel import fetch
from ptelist.errors import PtelistError
from ptelist.readers.builds import images, profile, rules, vm_structs
from ptelist.readers.builds.builds import build
from ptelist.readers.builds.layouts import BYTE, layout
from ptelist.readers.builds.places import kernels
from ptelist.readers.host.snapshot import parse
from ptelist.settings import named

if TYPE_CHECKING:
    from ptelist.readers.builds.builds import Build

pytestmark = pytest.mark.kernel
MEMBER = re.compile(r"\t+.*?(\w+)(?:\[\w*\])*(?::\d+)?(?:\)\(.*\))?;\s*/\* +(\d+)(?::\s*(\d+))? +(\d+) \*/")
RECORDED = Path(__file__).parent / "recorded"
STRUCTS = (*rules.STRUCTS, "kvm_arch", "kvm_vcpu_arch", "kmem_cache")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    series = [name for name in metafunc.config.getoption("--kernels").split(",") if name]
    if "series" in metafunc.fixturenames:
        metafunc.parametrize("series", series)


def module(series: str) -> str:
    found = next(fetch.fetch(series).modules.rglob("kvm.ko*"))
    return str(found)


def read(series: str) -> Build:
    try:
        return build(module(series))
    except PtelistError as error:
        if "no .BTF section" in str(error):
            pytest.skip(f"{series}: its modules have no BTF")
        raise


def test_types_agree_with_the_profile(series: str) -> None:
    """What a kernel's own types say is what the shipped profile of its version says."""
    found = read(series)
    known = named.load(profile.base(found, None), "kernels").overlay.kernel
    for field, setting in profile.said(found).kernel.items():
        if field in known and field not in {"tree", "release"}:
            assert (field, setting.value) == (field, known[field].value)


def pahole(files: list[Path], name: str) -> tuple[int, dict[str, tuple[int, int]]] | None:
    """Return the size of a struct and its members' offsets and sizes, as pahole prints them."""
    base = ["--btf_base", str(files[0])] if len(files) > 1 else []
    done = subprocess.run(
        ["pahole", *base, "-C", name, str(files[-1])], capture_output=True, encoding="utf-8", check=False
    )
    size = re.search(r"/\* size: (\d+),", done.stdout)
    if not size:
        return None
    members = {match[1]: (int(match[2]), int(match[4])) for match in MEMBER.finditer(done.stdout) if not match[3]}
    return int(size[1]), members


def same(found: Build, files: list[Path]) -> int:
    """Compare all structs that both know; return how many."""
    compared = 0
    for name in STRUCTS:
        ours, theirs = layout(found.btf, name), pahole(files, name)
        if ours and theirs:
            assert (name, ours.size) == (name, theirs[0])
            places = {field.name: (field.offset // BYTE, field.width // BYTE) for field in ours.fields}
            shared = places.keys() & theirs[1].keys()
            assert {key: places[key] for key in shared} == {key: theirs[1][key] for key in shared}
            assert shared
            compared += 1
    return compared


@pytest.mark.skipif(not shutil.which("pahole"), reason="pahole is not installed")
def test_an_image_agrees_with_pahole(series: str, tmp_path: Path) -> None:
    """The kernel alone, out of its packed boot image; KVM is a module, but SLUB's structs are there."""
    image = str(fetch.fetch(series).image)
    (tmp_path / "vmlinux").write_bytes(images.read(image).data)
    if not (compared := same(build(image), [tmp_path / "vmlinux"])):
        pytest.skip(f"pahole cannot read the BTF of {series}")
    assert compared >= 2


@pytest.mark.skipif(not shutil.which("pahole"), reason="pahole is not installed")
def test_types_agree_with_pahole(series: str, tmp_path: Path) -> None:
    found = read(series)
    path = module(series)
    place = next(each for each in kernels(path, found.release) if each.is_file())
    files = [tmp_path / "vmlinux", tmp_path / "kvm"]
    for file, source in zip(files, (str(place), path), strict=True):
        file.write_bytes(images.read(source).data)
    if not (compared := same(found, files)):
        pytest.skip(f"pahole cannot read the BTF of {series}")
    assert compared >= len(rules.STRUCTS) - 1  # slabobj_ext came with v6.10


@pytest.mark.skipif(not shutil.which("pahole"), reason="pahole is not installed")
def test_sizes_of_vms_and_vcpus_agree_with_pahole(series: str, tmp_path: Path) -> None:
    """Both modules beside kvm.ko have the struct of a VM and that of a vCPU, and what is inside."""
    path = module(series)
    place = next(each for each in kernels(path, read(series).release) if each.is_file())
    kernel, file = tmp_path / "vmlinux", tmp_path / "module"
    kernel.write_bytes(images.read(str(place)).data)
    _, *vendors = vm_structs.whole(path)
    assert [each.name.partition(".")[0] for each in vendors] == ["kvm-intel", "kvm-amd"]
    for each in vendors:
        file.write_bytes(images.read(each.label).data)
        theirs = {name: found[0] for name in vm_structs.STRUCTS if (found := pahole([kernel, file], name))}
        if not theirs:
            pytest.skip(f"pahole cannot read the BTF of {series}")
        ours = {name: found.size for name in vm_structs.STRUCTS if (found := layout(each.btf, name))}
        assert ours == theirs
        assert len(ours) >= 6


def test_a_vcpu_is_as_large_as_in_the_slabs_of_the_kernel_that_ran(series: str) -> None:
    """kvm_amd was loaded where kernels were recorded, so kvm_vcpu has objects of struct vcpu_svm."""
    path = RECORDED / series / "vm-life.observation"
    cells = parse(path.read_text(encoding="utf-8"), str(path)).slabs["kvm_vcpu"]
    struct = vm_structs.of(vm_structs.whole(module(series)), "vcpu_svm")
    assert struct
    assert struct[0].size == int(cells["object_size"])


@pytest.mark.skipif(not shutil.which("pahole"), reason="pahole is not installed")
def test_the_running_kernel_agrees_with_pahole(tmp_path: Path) -> None:
    try:
        data = images.read(f"{images.BTF_FOLDER}/vmlinux").data
    except PtelistError:
        pytest.skip("this machine shows no BTF")
    (tmp_path / "vmlinux").write_bytes(data)
    found = build(str(tmp_path / "vmlinux"))
    if not same(found, [tmp_path / "vmlinux"]):
        pytest.skip("pahole cannot read the BTF of this machine")
