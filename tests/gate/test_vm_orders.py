"""The structs of a VM and of a vCPU in the gate: found beside kvm.ko, sized, and held to KVM's own limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import btf_writer
import pytest
from click.testing import CliRunner
from refusals import refused

from ptelist.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

RELEASE = "6.18.7"
PAGE = 4096
HASHES = {1: 2048, 2: 4096}
"""SIZE_OF_MEMSLOTS_HASHTABLE by address spaces: 1024 x 2 on 64 bits, twice that with CONFIG_KVM_SMM (x86.h)."""

ORDERS = ["kvm_vmx.order", "kvm_svm.order"]
WITHOUT = [f"{figure}.without_memslot_hashes" for figure in ORDERS]
BUDGETED = "[scenario.one]\nvcpus = 1\n[[budget]]\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def tree(name: str = "tree", release: str = RELEASE, modules: str = RELEASE, **vendor: Any) -> str:
    """Write a vmlinux and three modules on top of it; return the path of kvm.ko, a whole one: builds are kept by it."""
    folder = Path(name, "arch/x86/kvm").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    kernel = btf_writer.Writer()
    kernel.one_of_each()
    banner = f"Linux version {release} (x)".encode()
    Path(name, "vmlinux").write_bytes(btf_writer.elf({".BTF": kernel.blob(), ".rodata": banner}))
    kvm = btf_writer.kernel(base=kernel)
    parts = {
        "kvm": btf_writer.vendor(kvm, "none", **vendor),
        "kvm-intel": btf_writer.vendor(btf_writer.Writer(kernel), **vendor),
        "kvm-amd": btf_writer.vendor(btf_writer.Writer(kernel), "svm", **{"vcpu": 7408, **vendor}),
    }
    for module, writer in parts.items():
        said = f"vermagic={release if module == 'kvm' else modules} SMP\0".encode()
        (folder / f"{module}.ko").write_bytes(btf_writer.elf({".BTF": writer.blob(), ".modinfo": said}))
    return str(folder / "kvm.ko")


def findings(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code < 2, result.output
    return {each["figure"]: each for each in json.loads(result.stdout)["findings"]}


def figures(run: Run, *words: str) -> dict[str, int]:
    result = run("show", *words, "--format", "json")
    assert result.exit_code == 0, result.output
    (config,) = json.loads(result.stdout)["configs"]
    found = {name: value["high"] for name, value in config["figures"].items() if name.startswith(("kvm_", "vcpu_"))}
    return {name: value for name, value in found.items() if not name.startswith(("kvm_mmu_page_header", "vcpu_caches"))}


def test_a_tree_is_held_to_the_limits_of_kvm(run: Run) -> None:
    """Order 1 with the memslots' hashes, order 0 without, as KVM_SANITY_CHECK_VM_STRUCT_SIZE has it."""
    found = findings(run("check", "--kernel-from", tree(), "--format", "json"))
    assert [(found[figure]["after"]["high"], found[figure]["most"]) for figure in ORDERS] == [(1, 1)] * 2
    assert [(found[figure]["after"]["high"], found[figure]["most"]) for figure in WITHOUT] == [(0, 0)] * 2
    assert {found[figure]["status"] for figure in (*ORDERS, *WITHOUT)} == {"pass"}


@pytest.mark.parametrize("spaces", [1, 2])
@pytest.mark.parametrize("more", [0, 1])
def test_a_limit_is_kept_to_the_byte(run: Run, spaces: int, more: int) -> None:
    """A page beside the hashes is fine, and 1 byte more is not."""
    build = tree(vm=PAGE + HASHES[spaces] + more, spaces=spaces)
    result = run("check", "--kernel-from", build, "--format", "json")
    found = findings(result)
    assert result.exit_code == more
    assert [found[figure]["status"] for figure in WITHOUT] == [("pass", "fail")[more]] * 2
    whole = 1 if PAGE + HASHES[spaces] + more <= 2 * PAGE else 2
    assert [found[figure]["after"]["high"] for figure in ORDERS] == [whole] * 2


def test_two_pages_are_the_most(run: Run) -> None:
    for size, order in ((2 * PAGE, 1), (2 * PAGE + 1, 2)):
        found = figures(run, "--kernel-from", tree(f"of-{size}", vm=size))
        assert (found["kvm_vmx.size"], found["kvm_vmx.order"]) == (size, order)


def test_why_a_vm_grew_is_told_by_the_structs_inside(run: Run) -> None:
    Path("ptelist.toml").write_text(f'{BUDGETED}figure = "kvm_vmx.size"\nmax_growth = 0\n', encoding="utf-8")
    old, new = tree("old"), tree("new", grown=1200)
    result = run("check", "--against-from", old, "--kernel-from", new, "--format", "json")
    (found,) = findings(result).values()
    assert result.exit_code == 1
    assert found["delta"] == 1200
    assert found["why"] == [
        "struct kvm_vmx: kvm grew 7040 bytes -> 8240 bytes, sizeof 7104 -> 8304 bytes",
        "struct kvm: census was added (1200 bytes), sizeof 7040 -> 8240 bytes",
    ]


def test_vcpus_are_objects_of_a_slab_cache(run: Run) -> None:
    """3 objects of 9,024 bytes in 32 KiB: no lower order holds one with less than 1/16 wasted."""
    found = figures(run, "--kernel-from", tree(), "--cpus", "64")
    assert (found["vcpu_vmx.size"], found["vcpu_vmx.slab_order"]) == (9024, 3)
    debugged = figures(run, "--kernel-from", tree(), "--slub-debug", "U")
    assert "vcpu_vmx.slab_order" not in debugged, "it would depend on an alignment that types do not tell"


def test_vmalloc_asks_for_no_order(run: Run) -> None:
    """Up to v6.16 pages are taken one by one, and KVM has no limit."""
    found = figures(run, "--kernel-from", tree(vm=40528), "--kernel", "6.1")
    assert (found["kvm_vmx.size"], found["kvm_vmx.order"]) == (40528, 0)
    older = run("check", "--kernel-from", tree(vm=40528), "--kernel", "6.1", "--format", "json")
    assert not findings(older).keys() & set(ORDERS)


def test_lockdep_is_said_and_held_to_no_limit(run: Run) -> None:
    """KVM's own limit is for builds without CONFIG_DEBUG_KERNEL, on which lockdep depends."""
    build = tree(vm=9000, lock=48)
    result = run("check", "--kernel-from", build)
    assert result.exit_code == 0
    assert "lockdep: CONFIG_DEBUG_LOCK_ALLOC (by PROVE_LOCKING or LOCK_STAT)" in " ".join(result.stdout.split())
    assert "kvm_vmx.order" not in result.stdout
    Path("ptelist.toml").write_text(f'{BUDGETED}figure = "kvm_vmx.order"\nmax = 1\n', encoding="utf-8")
    result = run("check", "--kernel-from", build, "--format", "json")
    assert findings(result)["kvm_vmx.order"]["status"] == "fail", "a budget of one's own holds"
    assert "lockdep:" not in run("check", "--kernel-from", tree("plain")).stdout
    other = run("compare", "--kernel-from", build, "--figure", "mmu.bytes.total").stdout
    assert "lockdep:" not in other, "no figure of the MMU depends on it"


def test_a_configuration_says_lockdep_too(run: Run) -> None:
    Path("config").write_text("CONFIG_MEMCG=y\nCONFIG_DEBUG_LOCK_ALLOC=y\n", encoding="utf-8")
    words = ("explain", "kvm_vmx.order", "--kernel-from", tree(), "--config", "./config")
    text = " ".join(run(*words).stdout.split())
    assert "lockdep: CONFIG_DEBUG_LOCK_ALLOC" in text
    assert "get_order(size), lockdep's maps included" in text


def test_modules_of_another_build_are_refused(run: Run) -> None:
    said = refused(run("show", "--kernel-from", tree(modules="6.18.8")))
    assert "kvm-intel.ko: of kernel 6.18.8, but " in said
    assert said.endswith("tree/vmlinux is 6.18.7\n")


def test_a_vmlinux_that_has_kvm_finds_its_modules_below(run: Run) -> None:
    tree()
    kernel = btf_writer.kernel()
    banner = f"Linux version {RELEASE} (x)".encode()
    Path("tree/vmlinux").write_bytes(btf_writer.elf({".BTF": kernel.blob(), ".rodata": banner}))
    module = btf_writer.vendor(btf_writer.Writer(kernel)).blob()
    Path("tree/arch/x86/kvm/kvm-intel.ko").write_bytes(btf_writer.elf({".BTF": module}))
    Path("tree/arch/x86/kvm/kvm-amd.ko").unlink()
    assert figures(run, "--kernel-from", str(Path("tree/vmlinux").absolute()))["kvm_vmx.size"] == 7104


def test_raw_types_as_sysfs_has_them(run: Run) -> None:
    kernel = btf_writer.Writer()
    kernel.one_of_each()
    kvm, amd = btf_writer.kernel(base=kernel), btf_writer.vendor(btf_writer.Writer(kernel), "svm")
    for name, writer in (("vmlinux", kernel), ("kvm", kvm), ("kvm_amd", amd)):
        Path(name).write_bytes(writer.blob())
    found = figures(run, "--kernel-from", str(Path("kvm").absolute()), "--kernel", "6.18")
    assert found["kvm_svm.size"] == 7104
    assert "kvm_vmx.size" not in found


def test_nothing_lies_beside_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that lie in this folder are of another kernel."""
    tree()
    monkeypatch.chdir("tree")
    done = CliRunner().invoke(
        main, ["show", "--kernel-from", "-", "--kernel", "6.18", "--format", "json"], btf_writer.kernel().blob()
    )
    assert done.exit_code == 0, done.output
    assert "kvm_vmx.size" not in done.stdout


def test_a_figure_of_no_build_says_what_is_missing(run: Run) -> None:
    said = refused(run("explain", "kvm_vmx.order"))
    assert "only a build tells it: --kernel-from a kvm.ko with kvm-intel.ko or kvm-amd.ko beside" in said


def test_a_build_that_lacks_what_is_held_against_it(run: Run) -> None:
    Path("ptelist.toml").write_text(f'{BUDGETED}figure = "kvm_svm.size"\nmax_growth = 0\n', encoding="utf-8")
    old, new = tree("old"), tree("new")
    Path("old/arch/x86/kvm/kvm-amd.ko").unlink()
    result = run("check", "--against-from", old, "--kernel-from", new)
    assert (result.exit_code, "kvm_svm.size" in result.stdout) == (2, True)
    assert (
        result.stderr
        == f"ptelist: {old}: one: not in the baseline: that build lacks a figure that is held against it\n"
    )


def test_inspect_shows_sizes_and_orders(run: Run) -> None:
    data = json.loads(run("inspect", tree(), "--format", "json").stdout)
    (kernel,) = data["kernels"]
    assert kernel["fields"]["kvm_svm_bytes"] == {
        "value": 7104,
        "profile": None,
        "source": "kvm-amd.ko: struct kvm_svm",
    }
    assert kernel["fields"]["memslot_hash_bytes"]["value"] == HASHES[2]
    assert kernel["orders"] == dict(zip(sorted((*ORDERS, *WITHOUT)), [1, 0] * 2, strict=True)) | {
        "vcpu_vmx.slab_order": 3,
        "vcpu_svm.slab_order": 3,
    }
    text = run("inspect", tree("locked", lock=48)).stdout
    assert "agrees in all" in " ".join(text.split())
    assert "lockdep_map" in text
    one = run("inspect", tree(), "--struct", "kvm_vmx").stdout
    assert "struct kvm_vmx, 7104 bytes" in one
