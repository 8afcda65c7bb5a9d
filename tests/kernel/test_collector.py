"""The collector's script on an emulated host where a real QEMU VM runs: `pytest -m kernel --kernels 6.1`, and --record.

busybox sh and dash run it, fleet reads what they print, and what it counted is what the kernel says.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kernel import initramfs, qemu_vm, suite
from kernel.charge import ROOT
from kernel.fetch import FetchError, fetch
from kernel.guest import Guest, GuestError
from kernel.initramfs import FILE, FOLDER, Entry
from kernel.machine import DESC, HEADER
from kernel.nested_qemu import TOOLS, qemu_files
from ptelist.collect.command import run as script

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from kernel.fetch import Kernel

pytestmark = pytest.mark.kernel
LINK = 0o120777
COLLECTED = Path(__file__).parents[1] / "data/fleet/collected.jsonl"
"""With --record the host that was collected."""
NAME = 'quote"and\\backslash'
SHELLS = ("busybox sh", "dash")
APPLETS = ("tr", "od", "cat", "grep", "gzip", "readlink", "sha256sum")
OPTIONS = qemu_vm.OPTIONS.replace("-smp 1", "-smp 2,maxcpus=4")
PATIENCE = 120
MOVING = ("rss", "kvm", "cgroup")
"""What a VM takes from moment to moment."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "series" in metafunc.fixturenames:
        metafunc.parametrize("series", [each for each in metafunc.config.getoption("--kernels").split(",") if each])


def configs(kernel: Kernel) -> list[Path]:
    """Return the configuration that came with a kernel, if any did."""
    return list(kernel.image.parent.glob("config-*"))


def archive(kernel: Kernel) -> bytes:
    """Return a host's files: KVM, QEMU, two shells and the script."""
    with tempfile.TemporaryDirectory() as folder:
        probe = initramfs.compile_probe(suite.HERE, Path(folder))
    entries = [*initramfs.files(probe, initramfs.kvm_modules(kernel.modules)), *qemu_files()]
    have = {entry.name for entry in entries}
    entries += [Entry(name, FOLDER) for name in ("bin", "boot") if name not in have]
    entries += [
        Entry(f"bin/{name}", FILE, Path(shutil.which(name) or name).read_bytes()) for name in ("busybox", "dash")
    ]
    entries += [Entry(f"bin/{name}", LINK, b"busybox") for name in APPLETS]
    entries += [Entry(f"boot/{path.name}", FILE, path.read_bytes()) for path in configs(kernel)]
    runs = "".join(f"{shell} /collect.sh > /{shell[0]}.json 2> /{shell[0]}.err\n" for shell in SHELLS)
    text = f"#!/bin/dash\nexport PATH=/bin\n{runs}busybox sh /collect.sh --hash > /h.json\necho > /done\n"
    return initramfs.cpio(
        [*entries, Entry("collect.sh", FILE, script().encode()), Entry("all.sh", FILE, text.encode())]
    )


def collected(guest: Guest) -> list[dict[str, Any]]:
    """Run the script in each shell, and once with names hashed."""
    guest.ask("spawn", "/bin/dash", "/all.sh")
    for _ in range(PATIENCE):
        time.sleep(1)
        try:
            guest.text("/done")
        except GuestError:
            continue
        assert [guest.text(f"/{shell[0]}.err") for shell in SHELLS] == ["", ""]
        return [json.loads(guest.text(f"/{name}.json")) for name in (*(shell[0] for shell in SHELLS), "h")]
    raise GuestError(f"the script did not end: {guest.text('/output')}")


def still(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a line without what moves."""
    lasting = {name: value for name, value in shown.items() if name not in {"measured", "vms"}}
    return lasting | {"vms": [{name: value for name, value in vm.items() if name != "measured"} for vm in shown["vms"]]}


def test_a_real_vm_is_collected(
    series: str, run: Callable[..., Result], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if missing := [tool for tool in (*TOOLS, "dash") if not shutil.which(tool)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    try:
        kernel = fetch(series)
    except FetchError as error:
        pytest.fail(str(error), pytrace=False)
    with Guest(kernel.image, archive(kernel), "1", "slab_nomerge slub_max_order=3") as guest:
        suite.load(guest, tuple(initramfs.kvm_modules(kernel.modules)), suite.IDLE)
        guest.ask("write", "/proc/sys/kernel/hostname", "node-1")
        guest.ask("write", f"{ROOT}/cgroup.subtree_control", "+memory")
        guest.ask("mkdir", qemu_vm.GROUP)
        guest.ask("mkdir", qemu_vm.READER)
        guest.ask("write", f"{qemu_vm.GROUP}/cgroup.procs", 0)
        program = shutil.which("qemu-system-x86_64")
        (process,) = guest.ask("spawn", program, "-M", "pc", "-name", f"guest={NAME}", *OPTIONS.split())
        guest.ask("write", f"{qemu_vm.READER}/cgroup.procs", 0)
        qemu_vm._await_end(guest)
        busybox, dash, hashed = collected(guest)
        rows = {name: guest.raw(name) for name in (DESC, HEADER)}
        objects = guest.count(DESC).active
        release = guest.text("/proc/sys/kernel/osrelease").strip()
        guest.ask("kill", process)
        guest.ask("off")
    assert still(busybox) == still(dash)
    assert (dash["host"], dash["kernel"], dash["slub_max_order"], dash["memcg"]) == ("node-1", release, 3, True)
    assert (dash["vendor"], dash["paging"], dash["cpus"]) == ("amd", "tdp-mmu", 1)
    assert dash["facts"].get("config", {}).get("MEMCG") == ("y" if configs(kernel) else None)
    (vm,) = dash["vms"]
    expected = {"name": NAME, "vcpus": 2, "memory": qemu_vm.MEMORY_MIB << 20, "smm": True}
    assert {name: vm[name] for name in expected} == expected
    assert vm["facts"] == {"vmm": "qemu", "machine": "pc", "max_vcpus": 4, "cpu_nests": True}
    assert vm["nested"] == ("nested_run" not in vm["measured"]["kvm"]), "no L2 ever ran; old kernels do not count"
    assert vm["measured"]["kvm"]["vcpus"] == 2
    assert vm["measured"]["cgroup"]["name"] == "/qemu"
    counted = [vm["measured"]["cgroup"].get("sec_pagetables"), dash["measured"].get("sec_pagetables")]
    assert all(counted) or counted == [None, None], "kernels before v6.1 do not count them"
    for name, row in rows.items():
        seen = dash["measured"]["slabs"][name]
        assert (seen["stride"], seen["per_slab"], seen["slabs"]) == (row.stride, row.per_slab, row.slabs)
    assert [len(text) for text in (hashed["host"], hashed["vms"][0]["name"])] == [16, 16]
    assert NAME not in json.dumps(hashed)
    lines = COLLECTED if request.config.getoption("--record") else tmp_path / "hosts.jsonl"
    lines.write_text(f"{json.dumps(dash)}\n", encoding="ascii")
    done = run("fleet", str(lines), "--figure", "pte_list_desc.objects", "--format", "json")
    assert done.exit_code == 0, done.stderr
    figure = json.loads(done.stdout)
    low, high = ends(figure)
    assert low <= objects <= high
    assert_measured(figure)


def assert_measured(body: dict[str, Any]) -> None:
    """Hold what fleet shows as measured of the host against what it predicts beside; a guest may touch less memory."""
    beside = {each["figure"]: each for each in body["measured"]}
    assert beside.keys() >= {f"{cache}.{what}.raw" for cache in (DESC, HEADER) for what in ("objects", "slabs")}
    for name, each in beside.items():
        low, high = each["predicted"]["low"], each["predicted"]["high"]
        assert each["measured"] <= high, name
        assert low <= each["measured"] or name == "page_tables.bytes.raw", name


def ends(body: dict[str, Any]) -> tuple[int, int]:
    """Return the one figure of a fleet."""
    span = body["total"]["what_ifs"][0]["figures"]["pte_list_desc.objects"]
    return span["low"], span["high"]
