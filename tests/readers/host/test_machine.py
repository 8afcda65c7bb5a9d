"""`--kernel running` and `--host running`: what a machine's files make of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from machines import DESC, HEADER, LINKS, MACHINE, WHOLE, Fake, changed, slab
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.readers.host import machine, paths
from ptelist.readers.host import snapshot as shot
from ptelist.readers.host.snapshot import take
from ptelist.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


def host(files: dict[str, str], links: dict[str, str] | None = None) -> dict[str, Any]:
    overlay = machine.host(take(Fake(files, links)), "here")
    return {name: setting.value for name, setting in overlay.host.items()}


def test_a_host() -> None:
    assert host(WHOLE) == {
        "name": "here",
        "cpus": 2,
        "possible_cpus": 4,
        "nodes": 1,
        "slub_max_order": 3,
        "slub_debug": "",
        "slab_merge": True,
        "memcg": True,
        "nokmem": False,
        "alloc_profiling": "off",
        "external_write_tracking": False,
        "vendor": "amd",
    }


def test_every_value_names_its_file() -> None:
    settings = machine.whole(take(Fake(changed(TDP_MMU="Y\n"))), "here")
    found = {name: str(setting.provenance) for name, setting in settings.host.items()}
    assert found == {
        "name": "here",
        "cpus": f"here: {paths.PRESENT}",
        "possible_cpus": f"here: {paths.POSSIBLE}: nr_cpu_ids",
        "nodes": f"here: {paths.NODES}",
        "slub_max_order": f"here: {paths.CMDLINE}",
        "slub_debug": "here: /sys/kernel/slab/pte_list_desc",
        "slab_merge": "here: /sys/kernel/slab",
        "memcg": f"here: {paths.SUBTREE}: memory",
        "nokmem": f"here: {paths.CMDLINE}",
        "alloc_profiling": f"here: {paths.PROFILING}",
        "external_write_tracking": f"here: {paths.KVMGT}",
        "vendor": f"here: {paths.TDP[0]}",
    }
    own = {name: str(settings.kernel[name].provenance) for name in ("release", "tdp_mmu_default", "tdp_default")}
    assert own == {
        "release": f"here: {paths.RELEASE}",
        "tdp_mmu_default": f"here: {paths.TDP_MMU}",
        "tdp_default": f"here: {paths.TDP[0]}",
    }
    without = machine.host(take(Fake(changed(NODES=None, SUBTREE=None, CGROUPS="memory\t4\t60\t1\n"))), "here").host
    assert without["nodes"].provenance.text == "here: no NUMA"
    assert without["memcg"].provenance.text == f"here: {paths.CGROUPS}: memory in hierarchy 4"


def test_what_a_host_cannot_be_names_the_machine(run: Callable[..., Result], tmp_path: Path) -> None:
    saved = tmp_path / "saved.txt"
    saved.write_text(take(Fake(changed(PRESENT="0-9000\n"))).render(), encoding="utf-8")
    result = run("compare", "--host", str(saved))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"ptelist: {saved}: host.cpus: ")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"PRESENT": "0-3,8-9\n"}, {"cpus": 6}),
        ({"POSSIBLE": "0-1\n"}, {"possible_cpus": None}),
        ({"POSSIBLE": "0,127\n"}, {"possible_cpus": 128}),
        ({"NODES": "0,2-3\n"}, {"nodes": 3}),
        ({"NODES": None}, {"nodes": 1}),
        ({"CMDLINE": "slab_max_order=1 slub_min_objects=0x10\n"}, {"slub_max_order": 1, "slub_min_objects": 16}),
        ({"CMDLINE": "slub_max_order=1 slub_max_order=2\n"}, {"slub_max_order": 2}),
        ({"SUBTREE": "cpu pids\n"}, {"memcg": False}),
        ({"SUBTREE": None}, {"memcg": False}),
        ({"SUBTREE": None, "CGROUPS": "memory\t4\t60\t1\n"}, {"memcg": True}),
        ({"SUBTREE": None, "CGROUPS": "memory\t4\t60\t0\n"}, {"memcg": False}),
        ({"CMDLINE": "cgroup_disable=memory\n"}, {"memcg": False}),
        ({"CMDLINE": "cgroup.memory=nosocket,nokmem\n"}, {"memcg": False, "nokmem": True}),
        ({"CMDLINE": "cgroup_disable=memory\n"}, {"memcg": False, "nokmem": False}),
        ({"CMDLINE": "cgroup.memory=nosocket\n"}, {"memcg": True}),
        ({"PROFILING": "0\n"}, {"alloc_profiling": "off"}),
        ({"PROFILING": "0\n", "CMDLINE": "sysctl.vm.mem_profiling=never\n"}, {"alloc_profiling": "never"}),
        ({"PROFILING": "0\n", "CMDLINE": "sysctl.vm.mem_profiling=0,compressed\n"}, {"alloc_profiling": "off"}),
        ({"PROFILING": None, "CMDLINE": "sysctl.vm.mem_profiling=never\n"}, {"alloc_profiling": "off"}),
        ({"PROFILING": "1\n"}, {"alloc_profiling": "on"}),
        ({"KVMGT": "live\n"}, {"external_write_tracking": True}),
    ],
)
def test_what_files_say(files: dict[str, str | None], expected: dict[str, Any]) -> None:
    found = host(changed(**files))
    assert {name: found.get(name) for name in expected} == expected


NO_KVM = {path: text for path, text in WHOLE.items() if path not in paths.TDP}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {"vendor": None, "avic": None, "unrestricted_guest": None, "pml": None, "itlb_multihit": None}),
        ({paths.TDP[0]: "1\n", paths.AVIC: "Y\n"}, {"vendor": "amd", "avic": True}),
        ({paths.TDP[1]: "Y\n", paths.UNRESTRICTED: "N\n"}, {"vendor": "intel", "unrestricted_guest": False}),
        ({paths.TDP[1]: "N\n", paths.PML: "N\n"}, {"vendor": "intel", "pml": False}),
        ({paths.NX_HUGE_PAGES: "Y\n", paths.ITLB_MULTIHIT: "Not affected\n"}, {"itlb_multihit": True}),
        ({paths.NX_HUGE_PAGES: "N\n", paths.ITLB_MULTIHIT: "KVM: Vulnerable\n"}, {"itlb_multihit": False}),
        ({paths.NX_HUGE_PAGES: "never\n", paths.ITLB_MULTIHIT: "KVM: Vulnerable\n"}, {"itlb_multihit": False}),
        ({paths.NX_HUGE_PAGES: "auto\n", paths.ITLB_MULTIHIT: "KVM: Vulnerable\n"}, {"itlb_multihit": True}),
        ({paths.NX_HUGE_PAGES: "auto\n", paths.ITLB_MULTIHIT: "Not affected\n"}, {"itlb_multihit": False}),
        ({paths.ITLB_MULTIHIT: "KVM: Mitigation: Split huge pages\n"}, {"itlb_multihit": True}),
        ({paths.ITLB_MULTIHIT: "Not affected\n"}, {"itlb_multihit": False}),
    ],
)
def test_what_kvm_s_modules_say_of_the_cpus(files: dict[str, str], expected: dict[str, Any]) -> None:
    """get_nx_huge_pages(): what is in force, "never", or "auto" before a vendor's module is loaded."""
    found = host(NO_KVM | files)
    assert {name: found.get(name) for name in expected} == expected


BARE = {path: text for path, text in WHOLE.items() if not path.startswith(f"{paths.SLABS}/")}


@pytest.mark.parametrize(
    ("options", "letters"),
    [
        ("", ""),
        ("slub_debug", "FZPU"),
        ("slub_debug=FZ", "FZ"),
        ("slab_debug=fzu", "FZU"),
        ("slub_debug=-", ""),
        ("slub_debug=U,kmalloc-64", ""),
        ("slub_debug=U,kmalloc-64,pte_*", "U"),
        ("slub_debug=,pte_list_desc", "FZPU"),
        ("slub_debug=F;U,pte_list_desc", "U"),
        ("slub_debug=U,TCP;P", "P"),
        ("slub_debug=O", ""),
        ("slub_debug=FXA", "FA"),
        ("slub_debug=U,pte_list", ""),
        ("slub_debug=U,pte*list*", "U"),
        ("slub_debug=F-U", "U"),
        ("slub_debug=U,pte*ignored", "U"),
        ("slub_debug=F,pte_list_desc;U,pte_list_desc", "F"),
    ],
)
def test_slub_debug_of_the_command_line(options: str, letters: str) -> None:
    """Where sysfs does not show the flags of the cache itself."""
    assert host(BARE | {paths.CMDLINE: f"{options}\n"}, {})["slub_debug"] == letters


def test_the_flags_of_the_cache_itself_go_first() -> None:
    files = changed(CMDLINE="slub_debug=FZPU\n") | slab(":A-0000128", DESC | {"store_user": "1", "trace": "1"})
    assert host(files)["slub_debug"] == "UT"


def test_the_flags_of_an_unmerged_cache() -> None:
    files = changed(CMDLINE="slub_debug=FZPU\n") | slab("pte_list_desc", DESC | {"red_zone": "1"})
    assert host(files, {})["slub_debug"] == "Z"


def test_without_a_command_line_nothing_is_debugged() -> None:
    files = {path: text for path, text in BARE.items() if path != paths.CMDLINE}
    assert host(files, {})["slub_debug"] == ""


def test_no_merged_cache_is_no_merging() -> None:
    files = MACHINE | slab("pte_list_desc", DESC) | slab("kvm_mmu_page_header", HEADER)
    assert host(files, {})["slab_merge"] is False
    assert "slab_merge" not in host(MACHINE, {})


def test_a_kernel_is_its_profile_and_its_modules() -> None:
    found = machine.kernel(take(Fake(changed(TDP_MMU="N\n"))), "here").kernel
    profile = named.load("6.1", "kernels").overlay.kernel
    own = {"release", "tdp_mmu_default", "tdp_default"}
    assert {name: each.value for name, each in found.items() if name not in own} == {
        name: each.value for name, each in profile.items() if name not in own
    }
    assert found["release"].value == "6.1.0-56-cloud-amd64"
    assert (found["tdp_mmu_default"].value, found["tdp_default"].value) == (False, True)
    assert found["tdp_mmu_default"].provenance.text == f"here: {paths.TDP_MMU}"


@pytest.mark.parametrize("text", ["0\n", "N\n"])
@pytest.mark.parametrize("path", paths.TDP)
def test_npt_or_ept_off_is_shadow_paging(path: str, text: str, run: Callable[..., Result], tmp_path: Path) -> None:
    files = {name: each for name, each in WHOLE.items() if name not in paths.TDP}
    saved = tmp_path / "saved.txt"
    saved.write_text(take(Fake(files | {path: text})).render(), encoding="utf-8")
    result = run("compare", "--kernel", str(saved))
    assert result.exit_code == 0, result.output
    assert "shadow paging (no EPT or NPT)" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"PRESENT": None}, "here: /sys/devices/system/cpu/present: not there"),
        ({"PRESENT": "0-x\n"}, 'here: /sys/devices/system/cpu/present: expected a list such as 0-3,8, got "0-x"'),
        ({"POSSIBLE": "3-0\n"}, 'here: /sys/devices/system/cpu/possible: expected a list such as 0-3,8, got "3-0"'),
        ({"CMDLINE": "slub_max_order=lots\n"}, 'here: /proc/cmdline: slub_max_order: not a number, "lots"'),
    ],
)
def test_a_host_that_cannot_be_read(files: dict[str, str | None], message: str) -> None:
    with pytest.raises(PtelistError) as caught:
        host(changed(**files))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("release", "message"),
    [
        (None, "here: /proc/sys/kernel/osrelease: not there"),
        ("6.7.12-amd64\n", "here: no profile for kernel 6.7; the nearest are 6.6 and 6.8"),
        ("mainline\n", "here: /proc/sys/kernel/osrelease: expected a release such as 6.1.0-56-amd64, got"),
    ],
)
def test_a_kernel_without_a_profile(release: str | None, message: str) -> None:
    with pytest.raises(PtelistError) as caught:
        machine.kernel(take(Fake(changed(RELEASE=release))), "here")
    assert str(caught.value).startswith(message)
    assert release is None or str(caught.value).endswith(": choose one with --kernel")


def test_what_may_not_be_read_says_so() -> None:
    with pytest.raises(PtelistError, match="cpu/present: permission denied"):
        machine.host(take(Fake(WHOLE, LINKS, denied=(paths.PRESENT,))), "here")


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "saved.txt"
    path.write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("words", [("--kernel", "{}", "--host", "{}"), ("{}",)])
def test_a_saved_machine_stands_where_a_preset_can(
    words: tuple[str, ...], saved: str, run: Callable[..., Result]
) -> None:
    result = run("compare", *(word.format(saved) for word in words), "--vcpus", "256", "--ext", "2,14")
    assert result.exit_code == 0, result.output
    assert "kernel: 6.1.0-56-cloud-amd64, as 6.1\n" in result.stdout
    assert "host: 2 CPUs of 4 possible, memcg on" in result.stdout


def test_a_machine_is_no_vm(saved: str, run: Callable[..., Result]) -> None:
    result = run("compare", "--vm", saved)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is a machine, which can be a kernel or a host" in result.stderr


def test_this_machine_is_read_once() -> None:
    """The counts and the CPUs that predict them are of one moment."""
    assert shot.here() is shot.here()


def test_this_machine_as_it_runs(run: Callable[..., Result]) -> None:
    """Whatever it is: figures, or one line that says what is missing."""
    result = run("compare", "running", "--ext", "2,14")
    if result.exit_code == 0:
        assert "host: running, " in result.stdout
    else:
        assert result.exit_code == 2
        assert result.stderr.startswith("ptelist: running: ")
        assert result.stderr.count("\n") == 1


def test_a_machine_of_another_architecture_is_refused(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "arm.txt"
    file.write_text(take(Fake(WHOLE | {paths.RELEASE: "6.1.0-32-arm64\n"})).render(), encoding="utf-8")
    line = refused(run("compare", "--kernel", str(file)))
    assert line == (
        f"ptelist: {file}: {paths.RELEASE}: 6.1.0-32-arm64 is of arm64, whose KVM has no shadow MMU as on x86\n"
    )
