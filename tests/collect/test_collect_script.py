"""The collector's script, in each shell there is: what it makes of a host's files, and that fleet reads it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from collect.hosts import INTEL, MODULE, made, process, qemu
from exploring import whole
from hypothesis import given
from hypothesis import strategies as st

from ptelist.collect.command import run as script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from click.testing import Result

SHELLS = [name for name in ("dash", "busybox sh", "bash --posix") if shutil.which(name.split()[0])]
SHELLS = SHELLS if whole() else SHELLS[:2]
Shown = dict[str, Any]


def collected(shell: str, root: Path | None, *options: str, path: str = "") -> str:
    """Run the script; return what it prints, which is one line, and nothing else."""
    env = os.environ | {"PATH": f"{path}{os.environ['PATH']}"} | ({"PTELIST_ROOT": str(root)} if root else {})
    words = [*shell.split(), "-s", "--", *options]
    done = subprocess.run(words, input=script().encode(), capture_output=True, check=True, env=env)
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1
    return done.stdout.decode("ascii")


def once(pairs: list[tuple[str, Any]]) -> Shown:
    """Return an object; no name may stand twice."""
    found = dict(pairs)
    assert len(found) == len(pairs), pairs
    return found


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Shown]:
    """Return a function that makes a host and collects it."""

    def call(files: Mapping[str, str | bytes] = {}, *options: str, path: str = "") -> Shown:
        text = collected(request.param, made(tmp_path / "root", {**INTEL, **files}), *options, path=path)
        loaded: Shown = json.loads(text, object_pairs_hook=once)
        return loaded

    return call


def only(shown: Shown) -> Shown:
    (vm,) = shown["vms"]
    assert isinstance(vm, dict)
    return vm


def test_there_is_a_shell() -> None:
    assert SHELLS


def test_the_host_in_the_words_of_options(host: Callable[..., Shown]) -> None:
    shown = host()
    about = {name: value for name, value in shown.items() if name not in {"facts", "measured"}}
    assert about == {
        "host": "node-1",
        "kernel": "6.1.0-56-cloud-amd64",
        "cpus": 5,
        "possible_cpus": 16,
        "nodes": 2,
        "host_memory": 1 << 30,
        "slub_max_order": 2,
        "memcg": False,
        "alloc_profiling": "absent",
        "vendor": "intel",
        "paging": "tdp-mmu",
        "itlb_multihit": False,
        "vms": [],
    }


def test_facts_and_counts_as_the_kernel_has_them(host: Callable[..., Shown]) -> None:
    shown = host()
    assert shown["facts"]["boot"] == ["slub_max_order=1", "slub_max_order=2", "slab_nomerge", "cgroup.memory=nokmem"]
    assert shown["facts"]["modules"]["kvm_intel.ept"] == "Y"
    assert shown["facts"]["config"] == {"MEMCG": "y"}
    header = {"from": "slabinfo", "active": 352, "objects": 374, "slabs": 17, "stride": 184, "per_slab": 22, "pages": 1}
    desc = {"merged": ":A-0000128", "from": "sysfs", "active": 160, "objects": 192, "slabs": 6}
    desc |= {"stride": 128, "per_slab": 32, "pages": 1}
    assert shown["measured"] == {
        "sec_pagetables": 64 << 10,
        "slabs": {"pte_list_desc": desc, "kvm_mmu_page_header": header},
    }


def test_a_packed_configuration(host: Callable[..., Shown]) -> None:
    shown = host({"proc/config.gz": "CONFIG_MEMCG=y\nCONFIG_NR_CPUS=64\n"})
    assert shown["facts"]["config"] == {"MEMCG": "y", "NR_CPUS": "64"}


@pytest.mark.parametrize(
    ("files", "paging"),
    [
        ({MODULE.format("kvm", "tdp_mmu"): "N\n"}, "tdp-legacy"),
        ({MODULE.format("kvm_intel", "ept"): "N\n"}, "shadow"),
        ({MODULE.format("kvm_amd", "npt"): "1\n"}, "tdp-mmu"),
    ],
)
def test_paging_is_that_of_the_modules(host: Callable[..., Shown], files: dict[str, str], paging: str) -> None:
    assert host(files)["paging"] == paging


@pytest.mark.parametrize(
    ("word", "said", "profiled"),
    [("", "0", "built"), ("", "1", "on"), ("sysctl.vm.mem_profiling=never", "0", "never")],
)
def test_profiling(host: Callable[..., Shown], word: str, said: str, profiled: str) -> None:
    files = {"proc/cmdline": f"quiet {word}\n", "proc/sys/vm/mem_profiling": f"{said}\n"}
    shown = host(files)
    assert (shown["alloc_profiling"], shown["memcg"]) == (profiled, True)


@pytest.mark.parametrize(("word", "letters"), [("slub_debug", "FZPU"), ("slab_debug=FU", "FU"), ("slub_debug=-", None)])
def test_slub_debug(host: Callable[..., Shown], word: str, letters: str | None) -> None:
    assert host({"proc/cmdline": f"{word}\n"}).get("slub_debug") == letters


DIMMS = (
    "-object memory-backend-ram,id=a,size=1G -object memory-backend-ram,size=3G,id=b -device pc-dimm,memdev=a "
    '-device {"driver":"pc-dimm","memdev":"b"}'
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {"vcpus": 1, "memory": 128 << 20}),
        ("-m 4096 -smp 8", {"vcpus": 8, "memory": 4 << 30}),
        ("-m 1.5G -smp sockets=2,cores=3,threads=2", {"vcpus": 12, "memory": 3 << 29}),
        ("--m size=4G,slots=2,maxmem=16G --smp 2,maxcpus=6", {"vcpus": 2, "memory": 4 << 30}),
        ("-m 1G -mem-path /dev/hugepages", {"leaf": "2M"}),
        ("-m 1G -object memory-backend-file,id=m,size=1G,mem-path=/giant/x", {"leaf": "1G"}),
        ("-m 1G -object memory-backend-memfd,id=m,size=1G,hugetlb=on,hugetlbsize=1G", {"leaf": "1G"}),
        ('-object {"qom-type":"memory-backend-file","id":"m","mem-path":"/dev/hugepages/x","size":9}', {"leaf": "2M"}),
        (
            f"-m 1G {DIMMS}",
            {"memory": 1 << 30, "dimms": 2, "dimm_size": 2 << 30},
        ),
        (
            "-m 1G -object memory-backend-ram,id=a,size=8G -device virtio-mem-pci,memdev=a,requested-size=2G",
            {"memory": 3 << 30},
        ),
        ("-M q35,smm=off", {"smm": False}),
        ("-M pc", {"smm": True}),
        ("-accel kvm,dirty-ring-size=4096", {"dirty_ring": 4096}),
        ("-object tdx-guest,id=t", {"tdx": True, "leaf": "4K"}),
        ("-cpu host", {"nested": True, "l2_memory": 128 << 20}),
        ("-cpu host -m 4G", {"nested": True}),
        ("-cpu host,vmx=off", {"nested": False}),
        ("-cpu Skylake-Server,+vmx -m 1G", {"nested": True}),
        ("-cpu Skylake-Server,vmx=on -m 1G", {"nested": True}),
        ("-cpu Skylake-Server", {"nested": False}),
    ],
)
def test_qemu(host: Callable[..., Shown], options: str, expected: Shown) -> None:
    vm = only(host(qemu(7, options)))
    assert {name: vm[name] for name in expected} == expected
    assert ("l2_memory" in vm) == ("l2_memory" in expected)


def test_what_qemu_could_have_more_of(host: Callable[..., Shown]) -> None:
    facts = only(host(qemu(7, "-m size=4G,slots=2,maxmem=16G -smp 2,maxcpus=6 -M type=q35 -cpu host")))["facts"]
    assert facts == {"vmm": "qemu", "machine": "q35", "max_vcpus": 6, "max_memory": 16 << 30, "cpu_nests": True}


def test_no_vm_of_kvm(host: Callable[..., Shown]) -> None:
    files = process(7, ["qemu-system-x86_64", "-m", "1G"]) | process(8, ["grep", "qemu-system-x86_64"])
    assert host(files | process(9, ["qemu-system-x86_64", "-machine", "pc,accel=tcg"]))["vms"] == []


def test_an_option_is_not_taken_for_a_value(host: Callable[..., Shown]) -> None:
    vm = only(host(qemu(7, "-no-reboot -smp 3", "-name", "-smp", "-m", "2G")))
    assert (vm["name"], vm["vcpus"], vm["memory"]) == ("-smp", 3, 2 << 30)


HOSTILE = [
    'quote" and \\backslash',
    "two\nlines",
    "tab\tand\x01\x7fcontrols",
    "$(touch /tmp/x) `id` ${HOME} * ?",
    "m\xfcnchen \u20ac \U0001f600",
    "",
    " ",
    "'; exit",
    "%s %b \\n \\0101",
    "guest=x",
    "EOF",
    "LIST",
    "a,b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(host: Callable[..., Shown], name: str) -> None:
    vm = only(host(qemu(7, "-smp 2", "-name", "guest=" + name.replace(",", ",,"), "-m", "2G")))
    assert vm.get("name", "") == name.replace("\x01", "\n")
    assert (vm["vcpus"], vm["memory"]) == (2, 2 << 30)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"caf\xe9", "caf\ufffd"),
        (b"\xc0\xaf", "\ufffd\ufffd"),
        (b"\xed\xa0\x80", "\ufffd"),
        (b"\xf4\x90\x80\x80", "\ufffd"),
        (b"\xe2\x82", "\ufffd"),
        (b"\xe2\x82x", "\ufffdx"),
        (b"\x81\x88", "\ufffd\ufffd"),
    ],
)
def test_names_that_are_no_text(host: Callable[..., Shown], name: bytes, shown: str) -> None:
    assert only(host(qemu(7, "", "-name", name)))["name"] == shown


@pytest.mark.parametrize("shell", SHELLS)
@given(data=st.text(st.characters(exclude_characters="\0\x01", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_any_text_is_json(shell: str, data: str) -> None:
    """The functions of text alone, which is a hundred times as fast as a host."""
    text = script().partition("# unread FILE")[0] + '\nIFS= read -r word; quoted "$ARGUMENT"; echo "$json"\n'
    done = subprocess.run(
        shell.split(),
        input=text.encode(),
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "ARGUMENT": data},
    )
    assert json.loads(done.stdout) == data


XML = """<!-- WARNING: MADE -->
<domstatus state='running' reason='booted' pid='7'>
  <vcpus><vcpu id='0' pid='9'/></vcpus>
  <domain type='kvm' id='1'>
    <name>{name}</name>
    <memory unit='KiB'>6291456</memory>
    <currentMemory unit='KiB'>1</currentMemory>
    <maxMemory slots='16' unit='KiB'>16777216</maxMemory>
    {more}
    <vcpu placement='static' current='3'>8</vcpu>
    <cpu mode='custom' match='exact'><model>EPYC</model>
      <feature policy="{policy}" name="vmx"/>
    </cpu>
    <devices>
      <memory model='dimm'><target><size unit='KiB'>2097152</size></target></memory>
      <disk><source><name>other</name></source></disk>
    </devices>
  </domain>
</domstatus>
"""


@pytest.mark.parametrize(("policy", "nested"), [("require", True), ("disable", False)])
def test_libvirt_says_what_runs_now(host: Callable[..., Shown], policy: str, nested: bool) -> None:
    more = "<memoryBacking><hugepages><page size='1048576' unit='KiB'/></hugepages></memoryBacking>"
    xml = XML.format(name="a&amp;b &lt;&quot;&apos;&gt;", more=more, policy=policy)
    other = XML.format(name="other", more="", policy="require").replace("pid='7'", "pid='77'")
    files = {"run/libvirt/qemu/vm.xml": xml, "run/libvirt/qemu/a.xml": other}
    vm = only(host(qemu(7, "-name guest=old -smp 2,maxcpus=8 -m 4G -cpu host") | files))
    expected = {"name": "a&b <\"'>", "vcpus": 3, "memory": 4 << 30, "dimms": 1, "dimm_size": 2 << 30, "leaf": "1G"}
    expected |= {"nested": nested}
    assert {name: vm[name] for name in expected} == expected
    assert vm["facts"] == {"vmm": "libvirt", "max_vcpus": 8, "max_memory": 16 << 30, "cpu_nests": nested}


def test_xml_on_one_line(host: Callable[..., Shown]) -> None:
    xml = XML.format(name="x", more="<memoryBacking><hugepages/></memoryBacking>", policy="require")
    vm = only(host(qemu(7, "") | {"run/libvirt/qemu/vm.xml": " ".join(xml.split("\n"))}))
    assert (vm["name"], vm["vcpus"], vm["memory"], vm["leaf"]) == ("x", 3, 4 << 30, "2M")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--cpus boot=4,max=8 --memory size=4G,hotplug_size=2G", {"vcpus": 4, "memory": 4 << 30, "nested": True}),
        ("--cpus boot=2,nested=off --memory size=1073741824,hugepages=on", {"vcpus": 2, "leaf": "2M", "nested": False}),
        (
            "--cpus=boot=2 --memory size=0 --memory-zone id=a,size=1G id=b,size=2G,hugepages=on,hugepage_size=1G",
            {"memory": 3 << 30, "leaf": "1G", "smm": False},
        ),
        ("--api-socket path=/run/ch/vm-3.sock --cpus boot=1", {"name": "vm-3"}),
    ],
)
def test_cloud_hypervisor(host: Callable[..., Shown], words: str, expected: Shown) -> None:
    vm = only(host(process(9, ["/usr/bin/cloud-hypervisor", *words.split()])))
    assert {name: vm[name] for name in expected} == expected


CONFIG = {"machine-config": {"vcpu_count": 2, "mem_size_mib": 512, "huge_pages": "2M"}, "drives": [{"drive_id": "x"}]}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(("path", "at"), [("/vm.json", "root/vm.json"), ("vm.json", "cwd/vm.json")])
def test_firecracker(host: Callable[..., Shown], indent: int | None, path: str, at: str) -> None:
    words = ["/firecracker", "--id", "fc-1", "--config-file", path]
    vm = only(host(process(9, words, **{at: json.dumps(CONFIG, indent=indent)})))
    expected = {"name": "fc-1", "vcpus": 2, "memory": 512 << 20, "leaf": "2M", "nested": False, "smm": False}
    assert {name: vm[name] for name in expected} == expected


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large", "words"])
def test_a_configuration_that_is_none_holds_nobody_up(host: Callable[..., Shown], tmp_path: Path, kind: str) -> None:
    """A process may call itself firecracker, and name what it likes."""
    place = tmp_path / "root/proc/9/root/vm.json"
    place.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "folder":
        place.mkdir()
    elif kind == "large":
        with place.open("wb") as file:
            file.truncate(1 << 40)
    else:
        place.write_text('{"vcpu_count": $(id), "mem_size_mib": 1e9, "huge_pages": "x"}', encoding="ascii")
    shown = host(process(9, ["firecracker", "--config-file", "/vm.json"]))
    assert (shown["vms"], len(shown["unknown_vms"])) == ([], 1)


def test_threads_tell_of_vcpus_that_no_file_does(host: Callable[..., Shown]) -> None:
    names = {f"task/{number}/comm": f"fc_vcpu {number}\n" for number in range(3)} | {"task/9/comm": "fc_api\n"}
    vm = only(host(process(9, ["firecracker", "--api-sock", "/x"], **names)))
    assert (vm["vcpus"], "memory" in vm) == (3, False)


def test_a_vmm_is_asked_where_that_is_wanted(host: Callable[..., Shown], tmp_path: Path) -> None:
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text(f"#!/bin/sh\necho \"$*\" > {tmp_path}/asked\necho '{json.dumps(CONFIG)}'\n", encoding="ascii")
    curl.chmod(0o755)
    vm = only(host(process(9, ["firecracker", "--api-sock", "/x"]), "--ask", path=f"{curl.parent}:"))
    assert (vm["vcpus"], vm["memory"]) == (2, 512 << 20)
    asked = f"-s --max-time 2 --unix-socket {tmp_path}/root/proc/9/root/x http://localhost/vm/config\n"
    assert (tmp_path / "asked").read_text(encoding="ascii") == asked


def test_a_vm_of_which_nothing_is_known_is_apart(host: Callable[..., Shown]) -> None:
    shown = host(process(9, ["firecracker", "--api-sock", "/x"]))
    assert shown["vms"] == []
    assert [vm["facts"]["vmm"] for vm in shown["unknown_vms"]] == ["firecracker"]


def test_what_a_vm_takes(host: Callable[..., Shown]) -> None:
    stat = "anon 5\nkernel 7000\nslab_unreclaimable 3000\nsec_pagetables 4096\n"
    kvm = "sys/kernel/debug/kvm/7-11/"
    files = {
        "sys/fs/cgroup/machine.slice/vm.scope/memory.stat": stat,
        "sys/fs/cgroup/memory.stat": "kernel 1\n",
        f"{kvm}pages_4k": "5\n",
        f"{kvm}nested_run": "0\n",
        f"{kvm}vcpu0/pid": "1\n",
        f"{kvm}vcpu1/pid": "1\n",
    }
    own = {"cgroup": "0::/machine.slice/vm.scope/libvirt/emulator\n", "status": "Name: x\nVmRSS:\t  12 kB\n"}
    vm = only(host(qemu(7, "-cpu host -smp 2", **own) | files))
    assert vm["measured"] == {
        "kvm": {"pages_4k": 5, "nested_run": 0, "vcpus": 2},
        "rss": 12 << 10,
        "cgroup": {
            "name": "/machine.slice/vm.scope",
            "kernel": 7000,
            "slab_unreclaimable": 3000,
            "sec_pagetables": 4096,
        },
    }
    assert (vm["nested"], vm["facts"]["cpu_nests"]) == (False, True), "no L2 ever ran"


def test_what_a_file_says_twice_counts_once(host: Callable[..., Shown]) -> None:
    """The first of them; found by the fuzzer, for an object that has a name twice is read in two ways."""
    stat = "kernel 7000\nsec_pagetables 4096\nkernel 1\n"
    memory = "MemTotal: 1024 kB\nSecPageTables: 64 kB\nMemTotal: 1 kB\nSecPageTables: 1 kB\n"
    files = {
        "proc/meminfo": memory,
        "boot/config-6.1.0-56-cloud-amd64": "CONFIG_MEMCG=y\nCONFIG_MEMCG=n\n",
        "sys/fs/cgroup/vm/memory.stat": stat,
    }
    own = {"cgroup": "0::/vm\n", "status": "VmRSS: 12 kB\nVmRSS: 1 kB\nHugetlbPages: 8 kB\n"}
    shown = host(qemu(7, "-smp 2", **own) | files)
    assert (shown["host_memory"], shown["measured"]["sec_pagetables"]) == (1 << 20, 64 << 10)
    assert shown["facts"]["config"] == {"MEMCG": "y"}
    measured = only(shown)["measured"]
    assert (measured["rss"], measured["hugetlb"]) == (12 << 10, 8 << 10)
    assert measured["cgroup"] == {"name": "/vm", "kernel": 7000, "sec_pagetables": 4096}


def test_kvm_is_believed_where_it_shows_its_vms(host: Callable[..., Shown]) -> None:
    """One that was plugged two vCPUs in, and a process that only calls itself QEMU."""
    files = {f"sys/kernel/debug/kvm/7-11/vcpu{number}/pid": "1\n" for number in range(4)}
    vm = only(host(qemu(7, "-smp 2,maxcpus=8 -m 4G") | qemu(8, "-smp 5 -m 1G") | files))
    assert (vm["vcpus"], vm["memory"]) == (4, 4 << 30)


def test_no_vcpus_are_no_number_of_them(host: Callable[..., Shown]) -> None:
    assert host(qemu(7, "-smp 0") | qemu(8, "-smp x"))["vms"] == []


def test_an_old_cgroup(host: Callable[..., Shown]) -> None:
    folder = "sys/fs/cgroup/memory/vm/"
    files = {f"{folder}memory.stat": "cache 5\n", f"{folder}memory.kmem.usage_in_bytes": "900\n"}
    vm = only(host(qemu(7, "", cgroup="5:cpu,memory:/vm\n0::/other\n") | files))
    assert vm["measured"]["cgroup"] == {"name": "/vm", "kernel": 900}


def test_the_root_cgroup_is_not_a_vms(host: Callable[..., Shown]) -> None:
    vm = only(host(qemu(7, "", cgroup="0::/\n") | {"sys/fs/cgroup/memory.stat": "kernel 1\n"}))
    assert "cgroup" not in vm["measured"]


def test_another_vmm_shows_its_vcpus(host: Callable[..., Shown]) -> None:
    folder = "sys/kernel/debug/kvm/20-4/"
    files = {f"{folder}vcpu{number}/pid": "1\n" for number in range(3)} | {f"{folder}nested_run": "4\n"}
    vm = only(host(files | {"proc/20/comm": "crosvm\n"}))
    assert (vm["vcpus"], vm["name"], vm["nested"], vm["facts"]["vmm"]) == (3, "crosvm", True, "other")


def test_names_are_hashed(host: Callable[..., Shown]) -> None:
    stat = {"sys/fs/cgroup/vm/memory.stat": "kernel 1\n"}
    shown = host(qemu(7, "-name secret", cgroup="0::/vm\n") | stat, "--hash=pepper")
    words = [hashlib.sha256(f"pepper{name}".encode()).hexdigest()[:16] for name in ("node-1", "secret", "/vm")]
    vm = only(shown)
    assert [shown["host"], vm["name"], vm["measured"]["cgroup"]["name"]] == words
    assert "secret" not in json.dumps(shown)
    assert shown["facts"]["hash"] == "sha256sum"


def test_without_sha256sum_names_go_through_cksum(tmp_path: Path) -> None:
    """In a PATH that has all but it."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("cksum", "cat", "tr", "od", "grep", "gzip", "readlink", "dash", "busybox"):
        (folder / name).symlink_to(shutil.which(name) or name)
    shell = [str(folder / name) for name in SHELLS[0].split()]
    env = {"PATH": str(folder), "PTELIST_ROOT": str(made(tmp_path / "root", INTEL))}
    done = subprocess.run(
        [*shell, "-s", "--", "--hash"], input=script().encode(), capture_output=True, check=True, env=env
    )
    shown = json.loads(done.stdout)
    crc = subprocess.run(["cksum"], input=b"node-1", capture_output=True, check=True).stdout.split()[0]
    assert (shown["host"], shown["facts"]["hash"]) == (crc.decode(), "cksum")


@pytest.mark.parametrize("shell", SHELLS)
def test_an_empty_host_and_this_one(shell: str, tmp_path: Path) -> None:
    assert json.loads(collected(shell, tmp_path))["vms"] == []
    assert json.loads(collected(shell, None))["kernel"] == os.uname().release


@pytest.mark.parametrize("shell", SHELLS)
def test_a_wrong_option(shell: str) -> None:
    done = subprocess.run(
        [*shell.split(), "-s", "--", "--frob"], input=script().encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--ask", "--help")])
@pytest.mark.parametrize("shell", SHELLS)
def test_help_tells_each_option(shell: str, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [*shell.split(), "-s", "--", *words], input=script().encode(), capture_output=True, check=True
    )
    usage, *lines = done.stdout.decode("ascii").splitlines()
    assert done.stderr == b""
    assert usage.startswith("usage: sh collect.sh ")
    told = {line.split("  ")[1] for line in lines if line.startswith("  -")}
    cases = set(re.findall(r"^    (-[^)]*)\)", script().partition("esac")[0], re.MULTILINE))
    assert told == {"--hash", "--hash=SALT", "--ask", "-h, --help"}
    assert cases == {"--hash", "--hash=*", "--ask", "-h | --help"}, "an option more is one to tell"
    assert max(map(len, lines)) <= 100


def test_fleet_reads_it(host: Callable[..., Shown], run: Callable[..., Result], tmp_path: Path) -> None:
    quiet = {"proc/cmdline": "quiet\n"}
    hostile = qemu(7, "-smp 4 -m 4G -cpu host", "-name", 'a"\\\nb') | qemu(
        8, "-smp 2 -m 512 -mem-path /dev/hugepages/x"
    )
    hosts = tmp_path / "hosts.jsonl"
    hosts.write_text(json.dumps(host(hostile | quiet)) + "\n", encoding="ascii")
    done = run("fleet", str(hosts), "--format", "json")
    assert done.exit_code == 0, done.stderr
    body = json.loads(done.stdout)
    assert body["headline"].startswith("1 host with 2 VMs takes ")


def test_fleet_reads_it_from_a_pipe(host: Callable[..., Shown]) -> None:
    line = json.dumps(host(qemu(7, "-smp 3") | {"proc/cmdline": "quiet\n"}))
    words = [sys.executable, "-m", "ptelist", "fleet", "-", "--figure", "pte_list_desc.objects", "--format", "json"]
    done = subprocess.run(
        words, input=f"{line}\n{line.replace('node-1', 'node-2')}\n".encode(), capture_output=True, check=True
    )
    (figures,) = [each["figures"] for each in json.loads(done.stdout)["total"]["what_ifs"]]
    assert figures["pte_list_desc.objects"] == {"low": 240, "high": 240, "unit": "objects"}, "40 a vCPU"


def test_the_script_is_printed_as_it_is(run: Callable[..., Result]) -> None:
    printed = run("collect-script").stdout
    assert printed == script()
    assert printed.startswith("#!/bin/sh\n")
    assert printed.isascii()


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-"], input=script(), capture_output=True, check=False, encoding="utf-8"
    )
    assert done.stdout == ""


def test_it_reads_nothing_that_holds_the_lock_and_writes_nothing() -> None:
    lines = [line for line in script().split("\n") if not line.lstrip().startswith("#")]
    assert not [line for line in lines if "rmaps_stat" in line]
    targets = {target for line in lines for target in re.findall(r"> ?([/&][^\s)]+)", line)}
    assert targets == {"/dev/null", "&1", "&2"}
