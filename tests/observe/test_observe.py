"""ptelist observe: measured beside predicted, on a made-up machine and on every recorded dump."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from exploring import sampled
from helpers import DATA, comments, table
from hypothesis import given
from hypothesis import strategies as st
from kernel.fetch import SERIES
from machines import DESC, HEADER, MACHINE, SLABINFO, TCP, VM, WHOLE, Fake, changed, slab, vm
from refusals import refused

from ptelist.observe import page
from ptelist.readers.host import paths
from ptelist.readers.host.snapshot import Snapshot, take
from ptelist.readers.host.vms import Vm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.testing import Result

    from ptelist.output.page import Table

    Run = Callable[..., Result]
    Save = Callable[..., str]

UNMERGED = MACHINE | slab("pte_list_desc", DESC) | slab("kvm_mmu_page_header", HEADER)
UNMERGED |= {paths.SLABINFO: SLABINFO.replace("pid          ", "pte_list_desc")}
TCP_ALONE = "".join(line for line in SLABINFO.splitlines(keepends=True) if line.startswith(("slabinfo", "TCP")))

MERGED = "merged under another name (a copy of sysfs says which)"


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def call(files: dict[str, str] | None = None, links: dict[str, str] | None = None, **kwargs: Any) -> str:
        path = tmp_path / "saved.txt"
        path.write_text(take(Fake(WHOLE if files is None else files, links, **kwargs)).render(), encoding="utf-8")
        return str(path)

    return call


def every(document: dict[str, Any]) -> list[str]:
    """Return the names of all caches, from JSON."""
    return [cache["name"] for cache in (*document["caches"], *document["others"])]


def checks(result: Result, cache: str) -> dict[str, tuple[Any, Any, str]]:
    """Return measured, predicted and verdict of each figure of a cache, from JSON."""
    document = json.loads(result.stdout)
    (found,) = (each for each in (*document["caches"], *document["others"]) if each["name"] == cache)

    def ends(span: dict[str, int] | None) -> Any:
        if span is None:
            return None
        return span["low"] if span["low"] == span["high"] else (span["low"], span["high"])

    return {
        name: (ends(check["measured"]), ends(check["predicted"]), check["verdict"])
        for name, check in found["checks"].items()
    }


def test_a_machine_that_agrees(run: Run, save: Save) -> None:
    result = run("observe", save(UNMERGED, {}), "--format", "json")
    assert result.exit_code == 0, result.output
    assert checks(result, "pte_list_desc") == {
        "size": (128, 128, "agrees"),
        "stride": (128, 128, "agrees"),
        "slab_order": (0, 0, "agrees"),
        "objects_per_slab": (32, 32, "agrees"),
        "min_partial": (5, 5, "agrees"),
        "cpu_partial": (120, 120, "agrees"),
        "objects": ((416 - 3 * 32, 416), None, ""),
        "slabs": (13, None, ""),
    }
    assert checks(result, "kvm_mmu_page_header")["objects"] == (352, None, "")


def test_what_is_saved_does_nothing_to_a_terminal(run: Run, save: Save, tmp_path: Path) -> None:
    saved, again = save(UNMERGED | {paths.SUBTREE: "cpu memory \x1b]0;x\x07\n"}, {}), tmp_path / "again.txt"
    plain = run("observe", saved, "--save", str(again))
    text = again.read_text(encoding="utf-8")
    assert "cpu memory \\x1b]0;x\\x07\n" in text
    assert all(each.isprintable() or each in "\n\t" for each in text)
    assert run("observe", str(again)).stdout.partition("$ ")[0] == plain.stdout.partition("$ ")[0]


def test_a_copy_is_not_written_to(run: Run, tmp_path: Path) -> None:
    folder = Fake(UNMERGED, {}).write(tmp_path) / paths.SLABS.lstrip("/")
    place = folder / "pte_list_desc/order"
    words = ("--sysfs", str(folder), "--slabinfo", str(tmp_path / paths.SLABINFO.lstrip("/")), "--host", "single-cpu")
    result = run("observe", *words, "--kernel", "6.1", "--save", str(place))
    assert f"{place}: is read by this command" in refused(result)
    assert place.read_text(encoding="utf-8") == "0\n"


def test_raw_and_exact_counts_are_told_apart(run: Run, save: Save) -> None:
    text = " ".join(run("observe", save(UNMERGED, {})).stdout.split())
    assert "pte_list_desc: counts are raw" in text
    assert "exact right after: echo 1 > /sys/kernel/slab/pte_list_desc/shrink" in text
    assert "kvm_mmu_page_header: counts are exact, for no slab is on a CPU" in text


@pytest.mark.parametrize(
    ("cpu_slabs", "partial", "low"),
    [("0", "0(0)", 416), ("3 N0=3", "0(0)", 320), ("2 N0=2", "31(3) C0=31(3)", 256), ("14 N0=14", "0(0)", 0)],
)
def test_free_objects_on_cpus_are_at_most_whole_slabs(
    run: Run, save: Save, cpu_slabs: str, partial: str, low: int
) -> None:
    cells = DESC | {"cpu_slabs": cpu_slabs, "slabs_cpu_partial": partial}
    result = run("observe", save(UNMERGED | slab("pte_list_desc", cells), {}), "--format", "json")
    assert checks(result, "pte_list_desc")["objects"][0] == ((low, 416) if low < 416 else 416)


def test_without_sysfs_a_cpu_may_keep_what_the_model_lets_it(run: Run, save: Save) -> None:
    """2 CPUs of 1 + ceil(2 * 120 / 32) slabs of 32: more than there are."""
    files = {path: text for path, text in UNMERGED.items() if not path.startswith(paths.SLABS)}
    many = files | {paths.SLABINFO: SLABINFO.replace("pid                    416    416", "pte_list_desc 4160   4160")}
    result = run("observe", save(many, {}), "--format", "json")
    assert checks(result, "pte_list_desc")["objects"] == ((4160 - 2 * 9 * 32, 4160), None, "")


def test_sheaves_hold_free_objects_too(run: Run, save: Save) -> None:
    """7.3, 2 CPUs, one node: 2 x 2 sheaves on CPUs and 10 in the barn, of 60 objects each."""
    files = UNMERGED | {paths.RELEASE: "7.3.4-cloud-amd64\n"}
    cells = DESC | {"sheaf_capacity": "60", "cpu_slabs": "0", "cpu_partial": "0", "objects": "2580 N0=2580"}
    result = run("observe", save(files | slab("pte_list_desc", cells), {}), "--format", "json")
    found = checks(result, "pte_list_desc")
    assert found["objects"] == ((2580 - 60 * 14, 2580), None, "")
    assert found["sheaf_capacity"] == (60, 60, "agrees")


def test_cpus_that_are_offline_keep_nothing(run: Run, save: Save) -> None:
    """7.3, 2 CPUs of which one is online: 2 sheaves on it and 10 in the barn."""
    files = UNMERGED | {paths.RELEASE: "7.3.4-cloud-amd64\n", paths.ONLINE: "0\n"}
    cells = DESC | {"sheaf_capacity": "60", "cpu_slabs": "0", "cpu_partial": "0", "objects": "2580 N0=2580"}
    files |= slab("pte_list_desc", cells)
    result = run("observe", save(files, {}), "--format", "json")
    assert checks(result, "pte_list_desc")["objects"] == ((2580 - 60 * 12, 2580), None, "")
    result = run("observe", save(files | {paths.ONLINE: "first\n"}, {}))
    assert result.exit_code == 2
    assert 'cpu/online: expected a list such as 0-3,8, got "first"' in result.stderr


def test_counts_as_they_stand_are_predicted_of_a_history_that_is_told(run: Run, save: Save) -> None:
    """7.3, one CPU filled 81 slabs for 64 vCPUs (recorded): one number; a host of any history may have more."""
    files = UNMERGED | {paths.RELEASE: "7.3.4-cloud-amd64\n", paths.PRESENT: "0\n", paths.POSSIBLE: "0\n"}
    cells = DESC | {"sheaf_capacity": "60", "cpu_slabs": "0", "cpu_partial": "0", "objects": "2580 N0=2580"}
    saved = save(files | slab("pte_list_desc", cells | {"slabs": "81 N0=81"}), {})
    fresh = checks(run("observe", saved, "--vcpus", "64", "--filling", "packed", "--format", "json"), "pte_list_desc")
    assert fresh["objects.raw"] == (2580, 2580, "agrees")
    assert fresh["slabs"] == (81, 81, "agrees")
    other = checks(run("observe", saved, "--vcpus", "65", "--filling", "packed", "--format", "json"), "pte_list_desc")
    assert other["objects.raw"] == (2580, 2640, "differs")
    assert "objects.raw differs: another past of the host" in " ".join(
        run("observe", saved, "--vcpus", "65", "--filling", "packed").stdout.split()
    )
    aged = run("observe", saved, "--vcpus", "64", "--filling", "aged", "--peak-vms", "1", "--format", "json")
    assert checks(aged, "pte_list_desc")["slabs"] == (81, (80, 82), "agrees")
    assert checks(aged, "pte_list_desc")["objects.raw"][1][0] == 2560
    untold = checks(run("observe", saved, "--vcpus", "64", "--format", "json"), "pte_list_desc")
    assert "objects.raw" not in untold
    assert untold["slabs"][1] == (80, 82 + 725)


def test_the_scenario_says_which_vms_there_are(run: Run, save: Save) -> None:
    """416 active, 96 of them perhaps free: 8 to 10 vCPUs of 40 fit, 7 and 11 do not."""
    saved = save(UNMERGED, {})
    for vcpus, verdict in ((7, "differs"), (8, "agrees"), (10, "agrees"), (11, "differs")):
        result = run("observe", saved, "--vcpus", str(vcpus), "--format", "json")
        assert checks(result, "pte_list_desc")["objects"][1:] == (40 * vcpus, verdict)
        assert result.exit_code == (1 if json.loads(result.stdout)["differing"] else 0)


def test_slabs_are_predicted_with_what_a_busy_host_retains(run: Run, save: Save) -> None:
    """8 vCPUs need 10 slabs; 5 a node and 1 + 8 on each of 2 CPUs may stay beside."""
    result = run("observe", save(UNMERGED, {}), "--vcpus", "8", "--format", "json")
    assert checks(result, "pte_list_desc")["slabs"] == (13, (10, 10 + 5 + 2 * 9), "agrees")
    result = run("observe", save(UNMERGED, {}), "--vcpus", "11", "--format", "json")
    assert checks(result, "pte_list_desc")["slabs"] == (13, (14, 14 + 5 + 2 * 9), "differs")


def test_slabs_of_a_merged_cache_are_a_bound(run: Run, save: Save) -> None:
    assert checks(run("observe", save(), "--format", "json"), "pte_list_desc")["slabs"] == ((0, 13), None, "")


def test_slabinfo_alone_has_the_layout(run: Run, save: Save) -> None:
    rows = SLABINFO.replace("pid                    416    416    128   32    1", "pte_list_desc 416 416 128 64 2")
    result = run("observe", save(MACHINE | {paths.SLABINFO: rows}, {}), "--cpus", "128", "--possible-cpus", "128")
    assert re.search(r"slab_order +1 +1 +agrees", result.stdout)
    assert re.search(r"objects_per_slab +64 +64 +agrees", result.stdout)


def test_slabinfo_alone_on_a_kernel_with_sheaves(run: Run, save: Save) -> None:
    """2 CPUs and a node: 14 sheaves of 60."""
    rows = SLABINFO.replace("pid                    416    416", "pte_list_desc 4160   4160")
    files = MACHINE | {paths.RELEASE: "7.3.4\n", paths.SLABINFO: rows}
    result = run("observe", save(files, {}), "--format", "json")
    assert checks(result, "pte_list_desc")["objects"] == ((4160 - 840, 4160), None, "")


def test_debugging_of_one_cache_alone(run: Run, save: Save) -> None:
    """slub_debug=U,kvm_mmu_page_header: 64 bytes more there, and nowhere else; its slabs hold fewer objects."""
    cells = HEADER | {"store_user": "1", "slab_size": "248", "objs_per_slab": "16", "cpu_partial": "0"}
    saved = save(UNMERGED | slab("kvm_mmu_page_header", cells), {})
    result = run("observe", saved, "--vcpus", "8", "--format", "json")
    header, desc = checks(result, "kvm_mmu_page_header"), checks(result, "pte_list_desc")
    assert (header["stride"], header["objects_per_slab"], header["cpu_partial"]) == (
        (248, 248, "agrees"),
        (16, 16, "agrees"),
        (0, 0, "agrees"),
    )
    assert header["slabs"][1:] == (None, "")
    assert desc["stride"] == (128, 128, "agrees")
    text = " ".join(run("observe", saved, "--vcpus", "8").stdout.split())
    assert "kvm_mmu_page_header: slub_debug=U for this cache: its slabs are not predicted" in text


@pytest.mark.parametrize("letters", ["U", "UA", "AU"])
def test_debugging_of_all_caches_is_the_hosts(run: Run, save: Save, letters: str) -> None:
    files = UNMERGED | slab("pte_list_desc", DESC | {"store_user": "1", "slab_size": "192", "objs_per_slab": "21"})
    result = run("observe", save(files, {}), "--slub-debug", letters, "--vcpus", "8", "--format", "json")
    found = checks(result, "pte_list_desc")
    assert found["stride"] == (192, 192, "agrees")
    assert found["slabs"] == (13, (-(-320 // 21), -(-320 // 21) + 5), "differs")


def test_members_of_a_merged_cache_are_named_up_to_six(run: Run, save: Save) -> None:
    for others, shown in ((6, "a0, a1, a2, a3, a4, a5:"), (7, "a0, a1, a2, a3, a4, a5, ...:")):
        links = {
            f"{paths.SLABS}/{name}": "../slab/:A-0000128/"
            for name in ("pte_list_desc", *(f"a{n}" for n in range(others)))
        }
        text = " ".join(run("observe", save(WHOLE, links), "--format", "csv").stdout.split())
        assert "pte_list_desc,stride,bytes,128,128,128,128,agrees" in text
        text = " ".join(run("observe", save(WHOLE, links)).stdout.split())
        assert f"merged, :A-0000128 in sysfs, shared with {shown} counts include theirs" in text


def test_a_cache_whose_alignment_was_not_read_is_left_out(run: Run, save: Save) -> None:
    for missing in ("align", "slab_size"):
        cells = {name: text for name, text in TCP.items() if name != missing}
        files = {path: text for path, text in WHOLE.items() if not path.startswith(f"{paths.SLABS}/TCP/")}
        result = run("observe", save(files | slab("TCP", cells)), "--all-caches", "--format", "json")
        assert every(json.loads(result.stdout)) == ["pte_list_desc", "kvm_mmu_page_header"]


@pytest.mark.parametrize(("files", "links"), [(WHOLE, None), (UNMERGED, {})])
def test_a_cache_of_kvm_stands_once_among_all(
    run: Run, save: Save, files: dict[str, str], links: dict[str, str] | None
) -> None:
    """A figure that differs, too; and whichever name sysfs has for the slabs it is merged into."""
    orders = {path: text for path, text in files.items() if path.endswith("/order") and "TCP" not in path}
    saved = save(files | dict.fromkeys(orders, "1\n"), links)
    body = json.loads(run("observe", saved, "--all-caches", "--format", "json").stdout)
    assert every(body) == ["pte_list_desc", "kvm_mmu_page_header", *(["TCP"] if files is WHOLE else [])]
    assert body["differing"] == len(orders) == 2
    rows = list(csv.DictReader(io.StringIO(run("observe", saved, "--all-caches", "--format", "csv").stdout)))
    assert sum(row["verdict"] == "DIFFERS" for row in rows) == 2
    text = " ".join(run("observe", saved, "--all-caches").stdout.split())
    assert text.count("pte_list_desc.slab_order") == 1, "in the sentence alone: its own table has the verdict"
    told = sum(row["verdict"] != "" for row in rows)
    assert f"in 2 of {told} figures of {len(every(body))} slab caches" in text


def test_a_merged_cache_bounds_from_above_only(run: Run, save: Save) -> None:
    saved = save(WHOLE)
    result = run("observe", saved, "--vcpus", "1", "--format", "json")
    assert checks(result, "pte_list_desc")["objects"] == ((0, 416), 40, "agrees")
    text = " ".join(run("observe", saved).stdout.split())
    assert (
        "pte_list_desc: merged, :A-0000128 in sysfs and pid in slabinfo, shared with pid: counts include theirs" in text
    )


def test_a_larger_member_shows_its_own_size(run: Run, save: Save) -> None:
    """object_size of a merged cache is that of its largest member: no contradiction, nor is 0."""
    cells = DESC | {"object_size": "121"}
    result = run("observe", save(WHOLE | slab(":A-0000128", cells)), "--format", "json")
    assert checks(result, "pte_list_desc")["size"] == ((0, 121), 128, "differs")
    assert checks(run("observe", save(WHOLE), "--format", "json"), "pte_list_desc")["size"] == ((0, 128), 128, "agrees")


def test_differences_are_exit_1_and_explained(run: Run, save: Save) -> None:
    result = run("observe", save(UNMERGED, {}), "--cpus", "128", "--possible-cpus", "128")
    assert result.exit_code == 1
    assert re.search(r"slab_order +0 +1 +DIFFERS", result.stdout)
    assert "slab_order differs: another slub_min_objects" in " ".join(result.stdout.split())


def test_what_was_not_read_is_named_and_the_rest_shown(run: Run, save: Save) -> None:
    result = run("observe", save(WHOLE, denied=(paths.SLABINFO, f"{paths.SLABS}/")))
    assert result.exit_code == 0
    assert "not read: /proc/slabinfo (Permission denied); root may" in result.stdout
    assert re.search(r"stride +- +128\n", result.stdout)


@pytest.mark.parametrize(
    ("files", "links", "text"),
    [
        (
            MACHINE | slab("TCP", HEADER) | {paths.SLABINFO: TCP_ALONE},
            {},
            "no cache pte_list_desc or kvm_mmu_page_header: kvm is not loaded",
        ),
        (MACHINE, {}, f"no cache pte_list_desc: {MERGED}"),
        (
            MACHINE | {paths.SLABINFO: TCP_ALONE},
            {},
            f"no cache pte_list_desc or kvm_mmu_page_header: either {MERGED}, or kvm is not loaded",
        ),
    ],
)
def test_a_missing_cache_is_named(
    run: Run, save: Save, files: dict[str, str], links: dict[str, str], text: str
) -> None:
    assert text in " ".join(run("observe", save(files, links)).stdout.split())


def test_vms_and_what_they_tell(run: Run, save: Save) -> None:
    files = WHOLE | vm("99-7", 2, VM | {"max_mmu_rmap_size": "0", "mmu_recycled": "3"})
    files |= {f"{paths.VMS}/99-7/vcpu0/pid": "100\n", f"{paths.VMS}/99-7/vcpu1/pid": "0\n"}
    result = run("observe", save(files))
    assert re.search(r"VM +812-11 +99-7\n", result.stdout)
    assert re.search(r"vcpus +4 +2\n", result.stdout)
    assert re.search(r"vcpus_run +- +1\n", result.stdout)
    text = " ".join(result.stdout.split())
    assert "VM 812-11: the longest rmap list so far had at least 100 entries: 8 descriptors if it only grew" in text
    assert "VM 99-7: no rmap list ever held two entries (max_mmu_rmap_size 0), so none has a descriptor" in text
    assert "3 of them at the shadow-page limit" in text
    assert "say which VMs run, or as one: --vcpus 6" in text


def test_without_the_tdp_mmu_every_leaf_is_an_entry(run: Run, save: Save) -> None:
    text = " ".join(run("observe", save(changed(TDP_MMU="N\n"))).stdout.split())
    assert "4,096 entries in all rmap lists: at most 2,048 descriptors if no entry was removed" in text


def test_equal_vms_are_offered_as_options(run: Run, save: Save) -> None:
    assert "--vms 1 --vcpus 4" in run("observe", save()).stdout


def test_many_vms_fit_a_mail(run: Run, save: Save) -> None:
    files = WHOLE.copy()
    for number in range(20):
        files |= vm(f"{1000 + number}-11", 4, VM)
    result = run("observe", save(files))
    assert max(map(len, result.stdout.partition("\n$ ")[0].splitlines())) <= 72
    assert all(f"{1000 + number}-11" in result.stdout for number in range(20))


def test_a_histogram_is_shown_as_it_is(run: Run, tmp_path: Path) -> None:
    histogram = (DATA / "observations/mmu_rmaps_stat/6.1/one-gfn-12-entries.txt").read_text(encoding="utf-8")
    files = Fake(WHOLE | {f"{paths.VMS}/812-11/mmu_rmaps_stat": histogram})
    saved = tmp_path / "saved.txt"
    saved.write_text(take(files, rmaps_stat=True).render(), encoding="utf-8")
    result = run("observe", str(saved))
    assert "by the lowest set bit of a length, not by its magnitude" in " ".join(result.stdout.split())
    assert re.search(r"Rmap_Count: +Level=4K: +Level=2M: +Level=1G:", result.stdout)
    assert re.search(r"8-15 +1 +0 +0\n", result.stdout) is None  # 12 entries are not there: its lowest bit is 4
    assert re.search(r"4-7 +1 +0 +0\n", result.stdout)
    assert max(map(len, result.stdout.partition("\n$ ")[0].splitlines())) <= 72


def test_a_histogram_of_many_lines_is_none(run: Run, tmp_path: Path) -> None:
    """Found by the fuzzer: 20,000 times the same level made a table that took 20 s to draw."""
    histogram = (DATA / "observations/mmu_rmaps_stat/6.1/one-gfn-12-entries.txt").read_text(encoding="utf-8")
    files = Fake(WHOLE | {f"{paths.VMS}/812-11/mmu_rmaps_stat": histogram + histogram.splitlines()[-1]})
    saved = tmp_path / "saved.txt"
    saved.write_text(take(files, rmaps_stat=True).render(), encoding="utf-8")
    assert "kvm/812-11/mmu_rmaps_stat:5: Level=1G is there twice" in refused(run("observe", str(saved)))


def test_an_empty_histogram_says_that_there_are_no_lists(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "saved.txt"
    files = Fake(WHOLE | {f"{paths.VMS}/812-11/mmu_rmaps_stat": ""})
    saved.write_text(take(files, rmaps_stat=True).render(), encoding="utf-8")
    assert "VM 812-11: it has no rmap lists at all" in run("observe", str(saved)).stdout


@pytest.mark.parametrize("columns", [30, 40, 50, 72])
def test_narrow_terminals_lose_nothing(run: Run, save: Save, columns: int) -> None:
    result = run("observe", save(UNMERGED, {}), "--all-caches", columns=columns)
    numbers = re.findall(r"\d+", run("observe", save(UNMERGED, {}), "--all-caches").stdout)
    assert sorted(re.findall(r"\d+", result.stdout)) == sorted(numbers)
    tables = result.stdout.partition("\n\npte_list_desc: counts")[0].splitlines()
    assert max(map(len, tables)) <= columns


# copies, saving, and what cannot be used


def test_copies_of_slabinfo_and_sysfs(run: Run, tmp_path: Path) -> None:
    Fake(UNMERGED, {}).write(tmp_path)
    both = ("--slabinfo", str(tmp_path / "proc/slabinfo"), "--sysfs", str(tmp_path / "sys/kernel/slab"))
    machine = ("--kernel", "6.1", "--host", "single-cpu")
    result = run("observe", *both, *machine, "--format", "json")
    assert result.exit_code == 0, result.output
    assert checks(result, "pte_list_desc")["objects"][0] == (320, 416)
    alone = run("observe", *both[:2], *machine, "--format", "json")
    assert checks(alone, "pte_list_desc")["stride"] == (128, 128, "agrees")
    assert checks(alone, "pte_list_desc")["size"] == (None, 128, "")


def test_what_is_saved_observes_the_same(run: Run, save: Save, tmp_path: Path) -> None:
    first = save(WHOLE)
    again = str(tmp_path / "again.txt")
    result = run("observe", first, "--save", again)
    assert result.exit_code == 0
    assert run("observe", again).stdout.replace("again", "saved") == result.stdout.replace(f" --save {again}", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("{saved}", "--sysfs", "."), "--slabinfo, --sysfs and --rmaps-stat read this host or copies, not SAVED"),
        (("{saved}", "--rmaps-stat"), "read this host or copies, not SAVED"),
        (("nothing.txt",), "nothing.txt: cannot be read: No such file or directory"),
        (("--sysfs", "nowhere"), "nowhere: no slab caches there, expected a copy of /sys/kernel/slab"),
        (("--slabinfo", "{saved}", "--kernel", "6.1", "--host", "laptop"), ":1: not a copy of /proc/slabinfo"),
        (("{saved}", "--vcpus", "1,2"), "one scenario at a time"),
        (("{saved}", "--kernel", "6.7"), "no profile for kernel 6.7"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(run: Run, save: Save, words: tuple[str, ...], message: str) -> None:
    saved = save(WHOLE)
    result = run("observe", *(word.format(saved=saved) for word in words))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("ptelist: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_counter_that_is_no_number_is_named(run: Run, save: Save) -> None:
    result = run("observe", save(WHOLE | vm("812-11", 4, VM | {"pages_4k": "lots"})))
    assert result.exit_code == 2
    assert '/812-11/pages_4k: expected a number, got "lots"' in result.stderr


@pytest.mark.parametrize(("column", "text"), [("slab_size", "0"), ("align", "-8"), ("object_size", "big")])
def test_a_size_that_no_cache_has_is_named(run: Run, save: Save, column: str, text: str) -> None:
    result = run("observe", save(UNMERGED | slab("pte_list_desc", DESC | {column: text}), {}), "--all-caches")
    assert result.exit_code == 2
    assert f'/pte_list_desc/{column}: expected a number of 1 or more, got "{text}"' in result.stderr


def test_csv_has_a_row_a_check(run: Run, save: Save) -> None:
    result = run("observe", save(UNMERGED, {}), "--all-caches", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    (stride,) = (row for row in rows if row["cache"] == "pte_list_desc" and row["figure"] == "size")
    assert stride["measured_low"] == stride["predicted_high"] == "128"
    assert {row["verdict"] for row in rows} == {"agrees", ""}


def test_this_machine_is_observed(run: Run) -> None:
    """Whatever it is, and whoever runs this: a report, or one line that says what is missing."""
    result = run("observe", "--all-caches")
    if result.exit_code == 2:
        assert result.stderr.startswith("ptelist: running: ")
    else:
        assert "$ ptelist observe --all-caches" in result.stdout


# --all-caches, on the recorded dumps of whole machines


def dumped(path: Path) -> Snapshot:
    """Return a dump as the snapshot that it would be."""
    name = f"slub/{path.name}"
    head = dict(re.findall(r"# (\w+): (.*)", comments(name)))
    cpus = dict(re.findall(r"(\w+)=(\S+)", head["cpus"]))
    files = {
        paths.RELEASE: head["uname"].split()[0],
        paths.CMDLINE: head["cmdline"],
        paths.PRESENT: cpus["present"],
        paths.POSSIBLE: cpus["possible"],
    }
    slabs = {}
    for row in table(name, "\t"):
        cells = {column: row[column] for column in paths.ATTRIBUTES if row.get(column, "NA") != "NA"}
        slabs[row["name"]] = cells if row["link_target"] == "-" else {paths.LINK: row["link_target"]}
    return Snapshot({path: f"{text}\n" for path, text in files.items()}, slabs, {}, {})


@pytest.mark.parametrize("path", sorted((DATA / "slub").iterdir()), ids=lambda path: path.stem)
def test_every_cache_of_every_recorded_machine(path: Path, run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "saved.txt"
    saved.write_text(dumped(path).render(), encoding="utf-8")
    result = run("observe", str(saved), "--all-caches", "--format", "json")
    assert result.exit_code == 0, run("observe", str(saved), "--all-caches").output
    body = json.loads(result.stdout)
    caches = every(body)
    assert len(caches) == len(set(caches)) >= 150
    assert len(caches) == sum(row["link_target"] == "-" for row in table(f"slub/{path.name}", "\t"))
    agreeing = [check["verdict"] for cache in body["others"] for check in cache["checks"].values()]
    assert set(agreeing) == {"agrees"}
    assert len(agreeing) >= 5 * len(body["others"])


RECORDED = Path(__file__).parents[1] / "kernel" / "recorded"
SEEN = sorted(RECORDED.glob("*/*.observation"))


def test_machines_of_every_kernel_were_saved() -> None:
    assert {path.parent.name for path in SEEN} == set(SERIES)


@pytest.mark.parametrize("path", sampled(SEEN, 3), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_cache_of_every_saved_machine(path: Path, run: Run) -> None:
    result = run("observe", str(path), "--all-caches", "--format", "json")
    assert result.exit_code == 0, run("observe", str(path), "--all-caches").output
    verdicts = Counter(
        check["verdict"] for cache in json.loads(result.stdout)["others"] for check in cache["checks"].values()
    )
    assert verdicts["agrees"] == verdicts.total() >= 5 * 130


@pytest.mark.parametrize("series", ["5.10", "6.1", "6.12", "6.16", "6.18", "7.2", "7.3"])
def test_live_machines_hold_what_their_vms_do(series: str, run: Run) -> None:
    """VMs of 3 and 1 vCPUs that have run; ten would be seen."""
    path = str(RECORDED / series / "one-cpu-vcpus-live.observation")
    for vcpus, code in ((4, 0), (10, 1)):
        assert run("observe", path, "--vcpus", str(vcpus)).exit_code == code
    found = json.loads(run("observe", path, "--format", "json").stdout)["vms"]
    assert [vm["stats"]["vcpus"] for vm in found] == [3, 1]


NAMED = st.tuples(st.text("ab", max_size=9), st.dictionaries(st.sampled_from("xyz"), st.sampled_from([0, 7, 123456])))


@given(st.lists(NAMED, max_size=12), st.one_of(st.none(), st.integers(8, 60)))
def test_as_many_vms_stand_beside_each_other_as_fit(found: list[tuple[str, dict[str, int]]], width: int | None) -> None:
    """A table that is too wide has one VM; with the next one each would be."""
    vms = [Vm(name, stats, None) for name, stats in found]
    groups = [*page._fitting(vms, width)]
    assert [vm for group in groups for vm in group] == vms
    for group, after in zip(groups, [*groups[1:], []], strict=False):
        assert len(group) == 1 or width is None or page._beside(group).width() <= width
        assert not after or (width is not None and page._beside([*group, after[0]]).width() > width)


def test_the_table_of_each_vm_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its width, and then the table; 500 VMs took 48 s when all were made for each number of them."""
    made = 0
    beside = page._beside

    def counted(group: Sequence[Vm]) -> Table:
        nonlocal made
        made += len(group)
        return beside(group)

    monkeypatch.setattr(page, "_beside", counted)
    vms = tuple(Vm(f"{number}", {"vcpus": number}, None) for number in range(1000))
    observation = SimpleNamespace(vms=vms)
    assert sum(len(table.head) - 1 for table in page._vms(observation, 72)) == 1000
    assert made == 2 * 1000
