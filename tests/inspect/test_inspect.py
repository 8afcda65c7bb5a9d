"""`ptelist inspect` and --kernel-from, on files made by the tests' own writer."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import btf_writer
import pytest
from refusals import refused

from ptelist.readers.builds import profile
from ptelist.readers.builds.builds import once
from ptelist.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


ERAS = {"5.10": ("array", 3), "6.1": ("walk", 14), "6.18": ("head", 14)}


DATA = Path(__file__).parents[1] / "data/btf"
MADE = {"6.18": {}, "6.18-grown": {"wide": True}}
"""Files for the README, and what the writer makes them of."""


@pytest.mark.parametrize("name", MADE)
def test_files_are_what_the_writer_makes(name: str, update_golden: bool) -> None:
    data = btf_writer.kernel(**MADE[name]).blob()
    if update_golden:
        (DATA / name).write_bytes(data)
    assert (DATA / name).read_bytes() == data


@pytest.fixture
def vmlinux(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a kernel's file."""

    def write(name: str = "vmlinux", release: str = "", **options: object) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        blob = btf_writer.kernel(**options).blob()
        sections = {".BTF": blob, ".rodata": f"Linux version {release} (x)".encode()}
        path.write_bytes(btf_writer.elf(sections) if release else blob)
        return str(path)

    return write


@pytest.mark.parametrize("version", ERAS)
def test_layouts_of_each_era_say_what_the_profile_says(version: str, vmlinux: Callable[..., str]) -> None:
    """But for what kernels of that era do not have in their types, every field agrees with the shipped profile."""
    era, ext = ERAS[version]
    found = profile.overlay(vmlinux(release=f"{version}.7", ext=ext, era=era)).kernel
    known = named.load(version, "kernels").overlay.kernel
    told = {field for field in found if "vmlinux" in found[field].source} - {"tree", "release"}
    differing = {field for field in told if found[field].value != known[field].value}
    assert differing <= {"slub_track_bytes", "split_caches"}
    assert {"pte_list_ext", "list_policy", "kvm_mmu_page_bytes", "memory_cache_array"} <= told
    assert found["release"].value == f"{version}.7"


SET = {
    "5.12": (32767, ()),
    "5.14": (32767, ("memslots_have_rmaps",)),
    "5.15": (32767, ("memslots_have_rmaps",)),
    "5.16": (32767, ("shadow_root_allocated",)),
    "5.17": (0, ("shadow_root_allocated",)),
}
"""Versions between the eras: entries of id_to_index[], and the flags of a VM."""


@pytest.mark.parametrize("version", SET)
def test_types_tell_what_memslots_have_and_when(version: str, vmlinux: Callable[..., str]) -> None:
    ids, flags = SET[version]
    slot = btf_writer.SLOT["array" if ids else "walk"]
    made = vmlinux(release=f"{version}.7", era="walk", ids=ids, slot=slot, flags=("track_notifier_head", *flags))
    found = profile.overlay(made).kernel
    known = named.load(version, "kernels").overlay.kernel
    for field in ("memslot_bytes", "memslots_in", "memslots_fixed_bytes", "rmap_lazy", "write_track_lazy"):
        assert "vmlinux" in found[field].source
        assert (field, found[field].value) == (field, known[field].value)
    assert "vmlinux" not in found["track_srcu"].source
    assert found["track_srcu"].value == "always"


def test_a_flag_of_users_outside_of_kvm_tells_that_they_are_counted(vmlinux: Callable[..., str]) -> None:
    """A 6.18 that is built with CONFIG_KVM_EXTERNAL_WRITE_TRACKING, in the place of a 5.14."""
    flags = ("track_notifier_head", "shadow_root_allocated", "external_write_tracking_enabled")
    found = profile.overlay(vmlinux(release="5.14.0", flags=flags)).kernel
    assert (found["write_track_forced"].value, found["track_srcu"].value) == ("if_used", "if_external")
    without = profile.overlay(vmlinux("without", release="5.14.0")).kernel
    assert (without["write_track_forced"].value, without["track_srcu"].value) == ("if_built", "if_external")


def test_room_for_all_memslots_that_there_may_be_tells_nothing(tmp_path: Path) -> None:
    """As struct kvm_memslots was before v5.7: no profile knows it."""
    writer = btf_writer.Writer()
    word = writer.int("u64", 8)
    btf_writer.descriptors(writer, (word, word), 3, "array", None)
    slots = writer.array(writer.struct("kvm_memory_slot", 88, [("base_gfn", word, 0)]), 509)
    writer.struct("kvm_memslots", 45832, [("generation", word, 0), ("memslots", slots, 64)])
    (tmp_path / "vmlinux").write_bytes(writer.blob())
    found = profile.said(once(str(tmp_path / "vmlinux"))).kernel
    assert found["memslot_bytes"].value == 88
    assert not {"memslots_in", "memslots_fixed_bytes"} & set(found)


def test_a_struct_that_grew(run: Callable[..., Result], vmlinux: Callable[..., str]) -> None:
    """136 bytes: 30 descriptors a slab, and the bytes beside the entries are 24."""
    old, new = vmlinux("old/vmlinux", "6.18.1"), vmlinux("new/vmlinux", "6.18.2", size=136)
    result = run("inspect", "--diff", old, new, "--vcpus", "256", "--host", "single-cpu")
    assert result.exit_code == 0, result.output
    for text in ("sizeof                     128      136", "pte_list_desc_fixed_bytes         16       24"):
        assert text.split() in [line.split() for line in result.stdout.splitlines()]
    data = json.loads(
        run("compare", "--kernel-from", f"{old},{new}", "--host", "single-cpu", "--format", "json").stdout
    )
    assert [config["name"] for config in data["configs"]] == [
        "kernel-from=old/../vmlinux",
        "kernel-from=new/../vmlinux",
    ]
    figures = [config["figures"]["pte_list_desc.objects_per_slab"]["low"] for config in data["configs"]]
    assert figures == [4096 // 128, 4096 // 136]
    assert data["baseline"] == "kernel-from=old/../vmlinux"


def test_nothing_differs(run: Callable[..., Result], vmlinux: Callable[..., str]) -> None:
    result = run("inspect", "--diff", vmlinux("a", "6.18.1"), vmlinux("b", "6.18.2"))
    text = " ".join(result.stdout.split())
    assert "take the same mmu.bytes.total: 925,856 bytes" in text
    assert "Every struct that ptelist inspect shows is the same in both." in text


def test_a_flexible_array_tells_no_count(run: Callable[..., Result], vmlinux: Callable[..., str]) -> None:
    """As the 2022 series has it: the number of entries is a variable."""
    result = run("inspect", vmlinux(ext=0, size=16), "--kernel", "6.1")
    text = " ".join(result.stdout.split())
    assert "PTE_LIST_EXT is not in the type, a flexible array: 16 bytes and 8 for each entry" in text
    assert "pte_list_ext " not in result.stdout
    assert "pte_list_desc_fixed_bytes  16         agrees" in result.stdout


def test_what_a_build_was_configured_with(vmlinux: Callable[..., str]) -> None:
    """A slabobj_ext with room for allocation profiling is a host where it is built in."""
    found = profile.overlay(vmlinux(release="6.18.0", profiling=True))
    assert found.config["alloc_profiling"].value is True
    assert found.kernel["obj_ext_bytes"].value == 8
    assert not profile.overlay(vmlinux("plain", release="6.18.0")).config


@pytest.mark.parametrize(("slots", "how"), [(False, "struct"), (True, "slots")])
def test_how_metadata_of_objects_is_kept(vmlinux: Callable[..., str], slots: bool, how: str) -> None:
    """Up to v7.2 a struct with a member a user, objcg first; from v7.3 a slot a user, which _objcg is one of."""
    found = profile.overlay(vmlinux(release="7.3.1", slots=slots)).kernel
    assert (found["obj_ext"].value, found["obj_ext_bytes"].value) == (how, 8)


def test_as_preset_gives_what_kernel_from_gives(
    run: Callable[..., Result], vmlinux: Callable[..., str], tmp_path: Path
) -> None:
    file = vmlinux(release="6.18.9", size=136, profiling=True)
    out = str(tmp_path / "mine.toml")
    assert run("inspect", file, "--as-preset", "-o", out).exit_code == 0
    written = tomllib.loads(Path(out).read_text(encoding="utf-8"))
    assert written["extends"] == "6.18"
    assert written["kernel"]["pte_list_desc_fixed_bytes"]["source"].startswith("vmlinux: struct pte_list_desc")
    figures = []
    for option in ("--kernel-from", "--kernel"):
        data = json.loads(run("compare", option, file if option == "--kernel-from" else out, "--format", "json").stdout)
        figures.append([(config["figures"], config["scenario"]["kernel"]) for config in data["configs"]])
    assert figures[0] == figures[1]


def test_formats(run: Callable[..., Result], vmlinux: Callable[..., str]) -> None:
    file = vmlinux(release="6.18.9")
    data = json.loads(run("inspect", file, "--format", "json").stdout)
    (kernel,) = data["kernels"]
    assert kernel["structs"]["pte_list_desc"]["size"] == 128
    assert kernel["fields"]["pte_list_ext"] == {
        "value": 14,
        "profile": 14,
        "source": "vmlinux: struct pte_list_desc: u64 *sptes[14]",
    }
    rows = list(csv.DictReader(io.StringIO(run("inspect", file, "--format", "csv").stdout)))
    assert {
        "kernel": "vmlinux",
        "struct": "pte_list_desc",
        "member": "sptes",
        "offset_bits": "128",
        "width_bits": "896",
    } in rows
    assert "```text\nvmlinux (6.18.9)\n" in run("inspect", file, "--format", "markdown").stdout
    terminal = run("inspect", file, "--format", "terminal").stdout
    assert "\x1b[1mstruct pte_list_desc, 128 bytes\x1b[0m" in terminal


@pytest.mark.parametrize("width", [40, 60, 72])
def test_no_line_is_wider_than_the_page(run: Callable[..., Result], vmlinux: Callable[..., str], width: int) -> None:
    text = run("inspect", vmlinux(release="6.18.9"), columns=width).stdout
    assert text.isascii()
    assert max(map(len, text.partition("\n$ ")[0].splitlines())) <= width


def test_named_structs(run: Callable[..., Result], vmlinux: Callable[..., str]) -> None:
    file = vmlinux()
    text = run("inspect", file, "--struct", "kvm_vcpu_arch", "--struct", "hlist_head").stdout
    assert "struct kvm_vcpu_arch, 5000 bytes" in text
    assert "struct hlist_head, 8 bytes" in text
    assert "pte_list_desc," not in text
    assert "no struct kvm_vcpu" in refused(run("inspect", file, "--struct", "kvm_vcpu"))


def test_kvm_is_a_module(run: Callable[..., Result], tmp_path: Path) -> None:
    writer = btf_writer.Writer()
    writer.one_of_each()
    writer.struct("track", 32, [])
    file = tmp_path / "vmlinux"
    file.write_bytes(writer.blob())
    result = run("inspect", str(file))
    assert result.exit_code == 0
    assert "KVM is a module of this kernel" in result.stdout
    assert "give its kvm.ko" in refused(run("compare", "--kernel-from", str(file), "--kernel", "6.1"))


def test_bad_input(run: Callable[..., Result], vmlinux: Callable[..., str], tmp_path: Path) -> None:
    raw, known, far = vmlinux(), vmlinux("known", "6.18.1"), vmlinux("far", "9.9.0")
    assert "name its profile with --kernel" in refused(run("compare", "--kernel-from", raw))
    assert "choose one with --kernel" in refused(run("inspect", far, "--as-preset"))
    assert "no profile for kernel 9.9" in " ".join(run("inspect", far).stdout.split())
    assert "--diff takes two FILEs, got 1" in refused(run("inspect", "--diff", raw))
    assert "exclude each other" in refused(run("inspect", "--diff", "--as-preset", raw, known))
    assert "options of a scenario are for --diff" in refused(run("inspect", raw, "--vcpus", "3"))
    assert "--as-preset takes one FILE" in refused(run("inspect", raw, known, "--as-preset"))
    assert "must have no comma" in refused(run("inspect", "--diff", "a,b", "c"))
    assert "names a kernel-from as well" in refused(run("compare", "6.1", "--kernel-from", known))
    assert "is a directory" in refused(run("inspect", str(tmp_path)))
    odd = btf_writer.Writer()
    odd.struct("pte_list_desc", 8, [("x", odd.int("int", 4), 0)])
    file = tmp_path / "odd"
    file.write_bytes(odd.blob())
    assert "has no array of pointers `sptes`" in refused(run("inspect", str(file)))


def test_stdin_may_be_one_of_two(vmlinux: Callable[..., str]) -> None:
    """It is read once, though layouts and footprints both come of it."""
    command = [sys.executable, "-m", "ptelist", "inspect", "--diff", vmlinux("a", "6.18.1"), "-"]
    grown = Path(vmlinux("grown", "6.18.1", size=136)).read_bytes()
    done = subprocess.run(command, input=grown, capture_output=True, check=True)
    assert b"pte_list_desc_fixed_bytes" in done.stdout


def test_kernel_from_over_a_profile(run: Callable[..., Result], vmlinux: Callable[..., str]) -> None:
    """--kernel gives what types do not tell, here 6.1's SLUB; the types give the rest."""
    data = json.loads(run("compare", "--kernel", "6.1", "--kernel-from", vmlinux(), "--format", "json").stdout)
    kernel = data["configs"][0]["scenario"]["kernel"]
    assert (kernel["version"], kernel["list_policy"], kernel["slub_fractions"]) == ("6.1", "head", [16, 8, 4])
    assert kernel["tree"] == "layouts of vmlinux"
