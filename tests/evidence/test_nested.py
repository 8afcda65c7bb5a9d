"""Nested TDP: what real kernels did (ground_truth/nested, data/traces/nested) is what commands print."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from helpers import DATA, Row, document, figures, kernel, scenario, table

from ptelist.cli import main
from ptelist.engine import nested
from ptelist.errors import PtelistError
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Figures

    from ptelist.scenario.models import Vm

TRACES = DATA / "nested/traces"
RUNS = DATA.parent / "data/traces/nested"
RMAPS, PARENTS = "pte_list_desc.objects.rmaps", "pte_list_desc.objects.parent_ptes"
OBJECTS, TABLES = "pte_list_desc.objects", "kvm_mmu_page_header.objects.page_tables"
ROWS = {
    "e1-lists.csv": 64,
    "e1-orphans.csv": 194,
    "e1-terms.csv": 16,
    "e2-causes.csv": 7,
    "e2-ext.csv": 45,
    "e2-runs.csv": 94,
}
PROBE = "--memslots ram --nested --vcpus 1 --memory 16MiB --leaf 4K --no-smm --l2-leaf 4K"
"""The probe's L1: one memslot from 0; its L2 has what each experiment maps."""


def rows(name: str) -> tuple[Row, ...]:
    return table(f"nested/{name}")


@pytest.mark.parametrize(("name", "count"), ROWS.items())
def test_no_row_is_lost(name: str, count: int) -> None:
    assert len(rows(name)) == count


def ends(figure: int | tuple[int, int]) -> tuple[int, int]:
    return (figure, figure) if isinstance(figure, int) else figure


@cache
def printed(line: str) -> Figures:
    """Return the figures of `ptelist compare LINE`."""
    (found,) = figures(line)
    return found


def within(figure: int | tuple[int, int], measured: int) -> bool:
    low, high = ends(figure)
    return low <= measured <= high


# e1-lists: an L1 gfn that N L2 gfns map, many such gfns, an L1 table of many parents


def _lists(row: Row) -> str:
    """Return the lists of a row as an option: those that were left where the row's note says that KVM emptied some."""
    experiment, count = row["experiment"], int(row["n"])
    if row["note"]:
        count = int(row["note"].split()[-2])
    if experiment.startswith("wide-"):
        return f"--rmaps {experiment.removeprefix('wide-')}"
    if not count:
        return ""
    return f"--{'parent-ptes' if experiment == 'manyparents' else 'rmaps'} 1x{count}"


@pytest.mark.parametrize("row", rows("e1-lists.csv"), ids=lambda row: f"{row['series']}-{row['experiment']}-{row['n']}")
def test_lists(row: Row) -> None:
    """Descriptors in lists as one number; with the vCPU's cache they are what the slab counter said."""
    found = printed(f"{PROBE} --kernel {row['series']} --l2-memory 4KiB --caches drawn {_lists(row)}")
    in_lists, held = int(row["descriptors_in_lists"]), int(row["held_in_all"])
    assert (found[RMAPS], found[PARENTS]) == ((0, in_lists) if row["experiment"] == "manyparents" else (in_lists, 0))
    if not row["note"]:  # else the cache was drawn for lists that are gone: see the traces
        assert within(found[OBJECTS], held)


# e1-orphans: L1 replaces a page table of its NPT, again and again


def _gfns(row: Row) -> int:
    return int(row["experiment"].rpartition("-")[2])


def _stat(row: Row, name: str) -> int:
    return int(dict(pair.split("=") for pair in row["kvm_stats"].split())[name])


def _replaced(row: Row, l2_memory: str) -> Figures:
    times = int(row["round"]) - 1
    line = f"{PROBE} --kernel {row['series']} {l2_memory} --l1-replacements {times} --caches drawn"
    return printed(line)


TOUCHED = [row for row in rows("e1-orphans.csv") if row["step"] == "touched"]
RECYCLED = [row for row in TOUCHED if _stat(row, "mmu_recycled")]


@pytest.mark.parametrize("series", ["6.1", "7.3"])
def test_orphans(series: str) -> None:
    """While KVM recycled nothing: a descriptor in 14 entries of each gfn, and an entry for each time (7.3: for one)."""
    checked = [row for row in TOUCHED if row["series"] == series and row not in RECYCLED]
    assert len(checked) == {"6.1": 103, "7.3": 32}[series]
    for row in checked:
        found = _replaced(row, f"--l2-memory {4 * _gfns(row)}KiB")
        lists = found[RMAPS]
        assert isinstance(lists, int)
        assert within(found[OBJECTS], int(row["pte_list_desc"])), row
        assert 0 <= int(row["pte_list_desc"]) - lists <= kernel(series).cache_capacity


def test_recycled_orphans() -> None:
    """Beyond the limit KVM recycles shadow pages, oldest first: counts are within bounds.

    The limit counts the two tables of L2's code as well: here they are those of a page below, the rest lies above.
    """
    code = "--set vm.low_memory=4KiB"
    assert len(RECYCLED) == 49
    for row in RECYCLED:
        found = _replaced(row, f"--l2-memory {4 * _gfns(row) + 4}KiB {code}")
        low, high = found[RMAPS]  # type: ignore[misc]
        assert low == 0
        assert int(row["pte_list_desc"]) - kernel("6.1").cache_capacity <= high
        assert within(found[OBJECTS], int(row["pte_list_desc"]))


def test_what_goes_with_the_vm() -> None:
    """Without the gfns' pages the cache alone is left, and nothing after the VM: the capacity bounds it."""
    left = [row for row in rows("e1-orphans.csv") if row["step"] != "touched"]
    assert len(left) == 10
    for row in left:
        held = int(row["pte_list_desc"])
        if row["step"] == "closed":
            assert held == 0
        else:
            assert within(printed(f"{PROBE} --kernel {row['series']} --l2-memory 4KiB --history any")[OBJECTS], held)


# e1-terms: what the first VMRUN takes, term by term


@cache
def _first_vmrun(series: str) -> dict[str, tuple[int, int]]:
    """Return by how much each figure is greater once L2 has run: it touches one page of its code."""
    line = (
        f"--memslots ram --nested off,on --kernel {series} --vcpus 1 --memory 16MiB --leaf 4K --no-smm"
        " --l2-leaf 4K --l2-memory 4KiB"
    )
    off, on = (config["figures"] for config in document(*line.split())["configs"])
    return {name: (on[name]["low"] - off[name]["low"], on[name]["high"] - off[name]["high"]) for name in on}


def _sum(series: str, *names: str) -> tuple[int, int]:
    more = _first_vmrun(series)
    return sum(more[name][0] for name in names), sum(more[name][1] for name in names)


def _vmalloc_pages(series: str, name: str) -> int:
    """Return the pages of arrays of which the figure has their array of page pointers, 8 bytes a page, as well."""
    low, high = _sum(series, name)
    assert low == high
    page = kernel(series).page_bytes
    pages, rest = divmod(low, page + kernel(series).spte_pointer_bytes)
    assert rest == 0
    return pages * page


def _charged(series: str) -> int:
    """Return what the cgroup pays for one small object beside it: its pointer."""
    found = printed(f"--kernel {series} --memcg")
    memcg, slabs = (ends(found[f"pte_list_desc.{name}"]) for name in ("bytes.memcg", "slabs"))
    per_slab = ends(found["pte_list_desc.objects_per_slab"])[0]
    (size,) = {each // (count * per_slab) for each, count in zip(memcg, slabs, strict=True)}
    return size


@pytest.mark.parametrize("row", rows("e1-terms.csv"), ids=lambda row: f"{row['series']}-{row['term'][:24]}")
def test_terms(row: Row) -> None:
    series, measured = row["series"], int(row["measured_delta"])
    arrays = "vcpu_caches.bytes.arrays", "page_hash.bytes"
    memslots = "memslots.bytes.rmap_heads", "memslots.bytes.write_track"
    match row["ptelist_figure"]:
        case "pte_list_desc.objects" | "page_tables.bytes.tables" as name:
            assert _sum(series, name) == (measured, measured)
        case "memslots.bytes.rmap_heads" | "memslots.bytes.write_track" as name:
            assert _vmalloc_pages(series, name) == measured
        case "vcpu_caches.bytes.arrays + page_hash.bytes + 8":
            low, high = _sum(series, *arrays)
            assert low <= measured - _charged(series) <= high
        case "54 new of 136 each":
            found = printed(f"{PROBE} --kernel {series} --l2-memory 4KiB --caches drawn --rmaps 1x1001")
            each = found["pte_list_desc.stride"] + _charged(series)  # type: ignore[operator]
            before = printed(f"{PROBE} --kernel {series} --l2-memory 4KiB")[OBJECTS]
            assert measured % each == 0
            assert isinstance(before, int)
            assert within(found[OBJECTS], before + measured // each)
        case "-":
            assert row["term"] == "second VMRUN"
            assert measured == 0  # the scenario is the same one
        case _:
            page = kernel(series).page_bytes
            whole = _sum(series, "shadow_pages.bytes")[0] + sum(_vmalloc_pages(series, name) for name in memslots)
            slabs = [measured - whole - size // page * page for size in _sum(series, *arrays)]
            assert slabs[0] in {0, page}  # whole pages are charged: a new slab for the small arrays, or none


# e2: a real QEMU in L1


@cache
def replayed(path: Path, series: str, ext: str = "") -> dict[str, Any]:
    """Return what `ptelist replay` prints of a packed trace, given on stdin."""
    options = ["--kernel", series, *(["--ext", ext] if ext else []), "--format", "json"]
    result = CliRunner().invoke(main, ["replay", "-", *options], input=lzma.decompress(path.read_bytes()))
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def exact(config: dict[str, Any], name: str) -> int:
    figure = config["figures"][name]
    assert figure["low"] == figure["high"]
    value: int = figure["low"]
    return value


def _mark(mark: dict[str, Any]) -> tuple[int, str]:
    """Return what the slab counter said, and what L1 was about."""
    held, _, phase = mark["text"].removeprefix("held=").partition(" ")
    return int(held), phase


REPLAYED = {"6.1-biosd": 0, "6.1-seq": 1, "7.3-ev-nosmm": 0}
"""Runs with a trace here, and marks at which a list changed between the count and the mark."""


@pytest.mark.parametrize(("run", "differing"), REPLAYED.items())
def test_a_nested_boot_is_replayed(run: str, differing: int) -> None:
    """Every phase of e2-runs.csv: marks, what was held, in lists, in caches; and the totals."""
    found = replayed(TRACES / f"{run}.trace.xz", run.partition("-")[0])
    assert found["exact"]
    (config,) = found["configs"]
    phases = [row for row in rows("e2-runs.csv") if row["run"] == run]
    marks = found["marks"]
    assert Counter(_mark(mark)[1] for mark in marks) == {row["phase"]: int(row["marks"]) for row in phases}
    assert sum(_mark(mark)[0] != mark["held"][0] for mark in marks) == differing
    for row in phases:
        here = [mark for mark in marks if _mark(mark)[1] == row["phase"]]
        assert sum(_mark(mark)[0] != mark["held"][0] for mark in here) == int(row["marks_differing"])
        last = here[-1]
        ends = last["held"][0], last["live"][0], last["cached"][0]
        assert ends == (int(row["held_end"]), int(row["live_end"]), int(row["cached_end"]))
        assert max(mark["live"][0] for mark in here) == int(row["live_max"])
        totals = {name: exact(config, f"replay.{name}") for name in ("allocs", "frees", "topups", "peak")}
        assert totals == {name: int(row[f"{name}_total"]) for name in totals}


def test_marks_of_the_runs_without_a_trace_add_up() -> None:
    """2,415 of 2,417 marks in facts; here are those of the runs that were kept as rows."""
    for row in rows("e2-runs.csv"):
        assert int(row["held_end"]) == int(row["live_end"]) + int(row["cached_end"])
    assert sum(int(row["marks_differing"]) for row in rows("e2-runs.csv")) == 1


@pytest.mark.parametrize("run", REPLAYED)
def test_the_same_boot_under_other_values_of_ext(run: str) -> None:
    series = run.partition("-")[0]
    expected = [row for row in rows("e2-ext.csv") if row["run"] == run]
    found = replayed(TRACES / f"{run}.trace.xz", series, ",".join(row["ext"] for row in expected))
    for row, config in zip(expected, found["configs"], strict=True):
        assert exact(config, "pte_list_desc.ext") == int(row["ext"])
        assert exact(config, "pte_list_desc.size") == int(row["size"])
        assert exact(config, "replay.peak") == int(row["peak_live"])
        totals = [exact(config, f"replay.{name}") for name in ("allocs", "frees", "topups")]
        assert totals == [int(row[name]) for name in ("allocs", "frees", "topups")]
        assert exact(config, "replay.peak_bytes") == int(row["bytes_used_at_peak"])


@pytest.mark.parametrize("series", ["6.1", "7.3"])
def test_the_synthetic_trace(series: str) -> None:
    """L1 and L2 of the probe: held at each of 91 marks."""
    found = replayed(TRACES / f"e1-{series}.trace.xz", series)
    assert found["exact"]
    assert len(found["marks"]) == 91
    assert [mark["held"][0] for mark in found["marks"]] == [_mark(mark)[0] for mark in found["marks"]]


# our own runs, and the presets made of them

CASES = sorted(path.name.removesuffix(".trace.xz") for path in RUNS.glob("*.xz"))
WIDE = ["6.1-eight"]
"""Entries have left lists of more than two: with a smaller ext it matters which."""


def test_the_runs_are_there() -> None:
    each = ["pc", "pc-nodefaults", "pc-nosmm", "q35"]
    old = ["eight", "linux", *each]
    assert sorted([*(f"6.1-{name}" for name in old), *(f"7.3-{name}" for name in each)]) == CASES


@pytest.mark.parametrize("case", CASES)
def test_a_run_is_replayed(case: str) -> None:
    found = replayed(RUNS / f"{case}.trace.xz", case.partition("-")[0])
    assert found["exact"]
    assert [mark["held"][0] for mark in found["marks"]] == [_mark(mark)[0] for mark in found["marks"]]
    assert len(found["marks"]) > 15
    (config,) = found["configs"]
    most = max(_mark(mark)[0] for mark in found["marks"])
    assert 40 <= most <= exact(config, "replay.held_peak") == exact(config, "pte_list_desc.objects")


@pytest.mark.parametrize("case", CASES)
def test_a_preset_is_its_run(case: str) -> None:
    """Its lists are those at the peak; it prints what the run had, and for another ext what the replay has."""
    series = case.partition("-")[0]
    found = replayed(RUNS / f"{case}.trace.xz", series, "2,3,4,8,14")
    lists = scenario(vm=f"nested-{case}", kernel=series).vms[0].rmaps
    own = next(number for number, config in enumerate(found["configs"]) if exact(config, "pte_list_desc.ext") == 14)
    assert {str(each.entries): each.count for each in lists} == found["peaks"][own]["lists"]
    printed_ = figures(f"--vm nested-{case} --kernel {series} --ext 2,3,4,8,14")
    for config, preset in zip(found["configs"], printed_, strict=True):
        peak = exact(config, "replay.peak")
        assert within(preset[RMAPS], peak)
        if case not in WIDE or exact(config, "pte_list_desc.ext") == 14:
            assert preset[RMAPS] == peak


def test_the_plainest_is_the_one_without_a_name() -> None:
    plain, named = (figures(f"--vm {name} --kernel 6.1")[0] for name in ("nested", "nested-6.1-pc-nodefaults"))
    assert plain == named


def vm_of(preset: str, **options: str) -> Vm:
    """Return the VM of `ptelist compare --vm PRESET`, on a kernel on which all of them can be."""
    (column,) = expand((), [("vm", preset), ("kernel", "6.1"), *options.items()]).columns
    return column.scenario.vms[0]


@pytest.mark.parametrize("case", ["", *(f"-{case}" for case in CASES)])
def test_memslots_are_those_of_the_vm_that_was_run(case: str) -> None:
    """L1 was a QEMU -M pc -nodefaults; an option may still say otherwise."""
    own = vm_of(f"nested{case}")
    assert own == vm_of(f"nested{case}", memslots="pc-nodefaults")
    assert own.memslots == "memslots of QEMU pc -nodefaults with SeaBIOS"
    assert vm_of(f"nested{case}", memslots="pc").memslots == "memslots of QEMU pc with SeaBIOS"


def test_a_layout_that_a_preset_names(tmp_path: Path) -> None:
    """The preset's own settings lie over it, an option over both."""
    path = tmp_path / "own.toml"
    path.write_text('extends = "tdp"\nmemslots = "pc"\n[vm]\nlow_memory = "2 GiB"\n', encoding="utf-8")
    own = vm_of(str(path))
    assert (own.slots, own.low_memory) == (vm_of("tdp", memslots="pc").slots, 2 << 30)
    assert vm_of(str(path), memslots="firecracker") == vm_of("tdp", memslots="firecracker")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('extends = "tdp"\n\nmemslots = "nothing"\n', encoding="utf-8")
    with pytest.raises(PtelistError, match=r'wrong\.toml:3: memslots: no memslot preset "nothing"'):
        vm_of(str(wrong))
    with pytest.raises(PtelistError, match="--memslots: pc names memslots as well"):
        expand(("pc",), [("memslots", "q35")])


def evidence(line: str) -> list[str]:
    """Return what `ptelist compare LINE` says of where lists come from."""
    shown = CliRunner().invoke(main, ["compare", *line.split(), "--format", "json"])
    assert shown.exit_code == 0, shown.stderr
    return [text for text in json.loads(shown.stdout)["assumptions"] if text.startswith("evidence:")]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("series", ["5.10", "6.1", "6.18", "7.1", "7.2", "7.3"])
def test_a_run_on_a_kernel_that_does_otherwise_is_told(case: str, series: str) -> None:
    """In a sentence, and only there: 6.1 keeps orphans as all do up to 7.1, 7.3 zaps them as 7.2 does."""
    measured, name = case.partition("-")[0], f"nested-{case}"
    said = evidence(f"{name} --kernel {series}")
    if (measured == "6.1") is (series in {"5.10", "6.1", "6.18", "7.1"}):
        assert said == []
        return
    does, other, longer = ("keeps", "zaps", "shorter") if measured == "6.1" else ("zaps", "keeps", "longer")
    (text,) = said
    assert text == (
        f"evidence: the rmap lists of {name} were measured on {measured}, which {does} the shadow pages of tables that"
        f" L1 replaced; {series} {other} them, so its lists would be {longer} (kernel.nested_orphans)"
    )


def test_lists_of_ones_own_were_measured_nowhere(tmp_path: Path) -> None:
    assert evidence("nested-6.1-pc --kernel 7.3 --rmaps 5x3") == []
    assert evidence("tdp --kernel 7.3 --nested") == []
    assert evidence("tdp --kernel 7.3 --set vm.measured_on=6.1") == []  # there are no lists
    other = tmp_path / "other.toml"
    other.write_text(
        'extends = "nested"\n[vm]\nname = "other"\nrmaps = [{ count = 1, entries = 2 }]\n', encoding="utf-8"
    )
    assert evidence(f"{other} --kernel 7.3") == []
    path = tmp_path / "own.toml"
    path.write_text(other.read_text(encoding="utf-8") + 'measured_on = "6.2"\n', encoding="utf-8")
    assert evidence(f"{path} --kernel 6.18") == []
    assert len(evidence(f"{path} --kernel 7.2")) == 1
    path = tmp_path / "wrong.toml"
    path.write_text(other.read_text(encoding="utf-8") + 'measured_on = "9.9"\n', encoding="utf-8")
    shown = CliRunner().invoke(main, ["compare", str(path)])
    assert (shown.exit_code, shown.stderr.count("\n")) == (2, 1)
    assert "vm.measured_on: no profile for kernel 9.9" in shown.stderr


def test_causes_add_up() -> None:
    """Each list of two of the classified boot took one descriptor: as many as it drew."""
    (run,) = {row["allocs_total"] for row in rows("e2-runs.csv") if row["run"] == "6.1-ev-biosd"}
    taken = [row for row in rows("e2-causes.csv") if row["series"] == "6.1" and row["add"] == "rmap 1->2"]
    assert sum(int(row["count"]) for row in taken) == int(run)
    reachable = [row for row in taken if row["old_and_new"].endswith("old-entry-reachable")]
    assert sum(int(row["count"]) for row in reachable) == 2


# the model's laws


@pytest.mark.parametrize(("older", "newer"), [("6.18", "7.1"), ("7.2", "7.3")])
def test_orphans_ended_with_7_2(older: str, newer: str) -> None:
    """69397c92de77 is neither in 7.1.13 nor, by backport, in any series before; both sides of it differ by it alone."""
    line = "--nested --l2-memory 96MiB --l2-leaf 4K --l1-replacements 13"
    before, after = (printed(f"--kernel {series} {line}") for series in (older, newer))
    for name in (RMAPS, TABLES, "page_tables.bytes.shadowed_info"):
        assert before[name] == after[name]
    assert (before[RMAPS] == 0) is (older == "7.2")


def test_each_replacement_leaves_a_table_and_an_entry() -> None:
    """96 MiB at 4K: 48 tables and 24,576 gfns each time."""
    line = "--kernel 6.18 --nested --leaf 4K --l2-memory 96MiB --l1-replacements"
    first, second = printed(f"{line} 0"), printed(f"{line} 3")
    assert second[TABLES] == first[TABLES] + 3 * 48  # type: ignore[operator]
    assert (first[RMAPS], second[RMAPS]) == (0, 24_576)


def test_with_the_legacy_mmu_l1_has_an_entry_too() -> None:
    """One gfn: L1's SPTE, L2's, and 13 orphans are 15 entries, two descriptors."""
    line = "--kernel 6.18 --nested --paging tdp-legacy --leaf 4K --l2-memory 4KiB --l1-replacements"
    assert [printed(f"{line} {times}")[RMAPS] for times in (0, 12, 13)] == [1, 1, 2]
    huge = "--kernel 6.18 --nested --paging tdp-legacy --leaf 2M --l2-memory 4KiB --l1-replacements"
    assert [printed(f"{huge} {times}")[RMAPS] for times in (0, 1, 14)] == [0, 1, 2]


def test_smm_of_l2() -> None:
    """A second tree, of at least one table a level; its root has no shadowed translations."""
    plain, smm = (printed(f"--kernel 6.18 --nested --leaf 4K {option}") for option in ("", "--l2-smm"))
    assert isinstance(plain[TABLES], int)
    assert smm[TABLES] == (plain[TABLES] + 4, plain[TABLES] + 6)
    info = "page_tables.bytes.shadowed_info"
    assert smm[info] == (plain[info] + 3 * 4096, plain[info] + 5 * 4096)  # type: ignore[operator]


@pytest.mark.parametrize(("leaf", "split"), [("4K", 0), ("2M", 515), ("1G", 515 + 4)])
def test_huge_pages_that_hold_tables_of_l1_may_be_split(leaf: str, split: int) -> None:
    """1 GiB of L2 at 4K has 515 tables, in as many windows of 2M at most, and in each of the 4 GiB that L1 has."""
    found = printed(f"--kernel 6.18 --nested --l2-memory 1GiB --leaf {leaf}")[TABLES]
    plain = printed(f"--kernel 6.18 --no-nested --leaf {leaf}")[TABLES]
    low, high = ends(found)
    assert high - low == split
    assert low == plain + 515  # type: ignore[operator]


def test_a_list_that_shrank_keeps_a_descriptor() -> None:
    one, peaked, long = (
        printed(f"--kernel 6.1 --nested --set vm.rmaps=[{{{text}}}]")[RMAPS]
        for text in ("count=3,entries=1", "count=3,entries=1,peak=2", "count=1,entries=20,peak=30")
    )
    assert (one, peaked, long) == (0, 3, (2, 3))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--l1-replacements 3", "--l1-replacements: has no effect: there is no L2 without nested"),
        ("--l2-smm", "--l2-smm: has no effect: there is no L2 without nested"),
        ("--nested --l1-replacements 1001", "1001 orphans of a gfn empty its rmap list, so 1000 are the most"),
        ("--nested --paging tdp-legacy --l1-replacements 1000", "so 999 are the most"),
        ("--nested --set vm.rmaps=[{count=1,entries=3,peak=2}]", "peak 2 is below the 3 entries that a list has"),
        ("--set vm.shadow_tables=[1,2]", "there are no shadow pages without nested or paging shadow"),
        ("--nested --set vm.shadow_tables=[3,2]", "the most, 2, is below the fewest, 3"),
        ("--nested --set vm.shadow_tables=[1,2] --rmaps 2x513", "1,026 entries, more than the 1,024 of the 2 shadow"),
        ("--nested --set vm.rmaps=[{count=1,entries=3,peak=1002}]", "1002 entries: the add that makes 1002"),
    ],
)
def test_what_cannot_be(line: str, says: str) -> None:
    result = CliRunner().invoke(main, ["compare", *line.split()])
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_kernel_that_zaps_may_replace_as_often_as_it_likes() -> None:
    assert printed("--kernel 7.3 --nested --l1-replacements 5000")[RMAPS] == 0


def test_nothing_of_it_without_nesting() -> None:
    found = scenario(kernel="6.18", leaf="2M")
    assert nested.split_windows(found.kernel, found.vms[0], 100) == 0
    assert list(nested.repeated(found.kernel, found.vms[0], 100)) == []
    assert nested.smm_above(found.vms[0], 3) == 0
    with pytest.raises(PtelistError):
        expand((), [("l2-smm", "on")])
