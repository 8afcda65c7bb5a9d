"""`ptelist rmaps`: what mmu_rmaps_stat says of real kernels' lists contains what their slab counters said."""

from __future__ import annotations

import csv
import io
import json
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exploring import sampled
from helpers import DATA, table
from hypothesis import given
from hypothesis import strategies as st
from kernel import recording
from kernel.lists import Chain
from machines import MACHINE, Fake, vm
from refusals import refused
from test_published import P1, P2

from ptelist.errors import PtelistError
from ptelist.readers.host import paths
from ptelist.readers.host.rmaps_stat import LABELS, PAGE_SIZES, parse
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from test_published import Published

FILES = sorted((DATA / "observations/mmu_rmaps_stat").glob("*/*.txt"))
PUBLISHED = Path(__file__).parents[2] / "data/rmaps"
CAP = 1001


def write(rows: dict[str, list[int]]) -> str:
    """Return the file as KVM writes it, tabs and all."""
    head = "\t".join(("Rmap_Count:", *LABELS))
    return "\n".join(
        (f"{head}\t", *("\t".join((f"Level={name}:", *map(str, row), "")) for name, row in rows.items()), "")
    )


def objects(run: Callable[..., Result], file: Path, *options: str) -> dict[str, tuple[int, int]]:
    result = run("rmaps", str(file), *options, "--paging", "shadow", "--format", "json")
    assert result.exit_code == 0, result.output
    figures = {each["name"]: each["figures"]["pte_list_desc.objects"] for each in json.loads(result.stdout)["configs"]}
    return {name: (figure["low"], figure["high"]) for name, figure in figures.items()}


CHAINS = [
    pytest.param(done.machine, each, id=f"{path.parent.name}-{path.stem}-{each.experiment.entries}")
    for path in recording.recorded()
    for done in [recording.parse(path.read_text(encoding="utf-8"))]
    for each in done.observed
    if isinstance(each.experiment, Chain) and "rmaps.4K" in each.measured and "pte_list_desc" not in done.machine.merged
]


def in_use() -> dict[tuple[str, int], set[int]]:
    """Return the descriptors of a list of so many aliases as slab counters said, by kernel and aliases.

    rmap-chains.csv has those of 6.1, the recorded boots those of 7.3, and of 6.1 once more.
    """
    found: dict[tuple[str, int], set[int]] = {}
    for row in table("observations/rmap-chains.csv"):
        if row["slab_merge"] == "no":
            found.setdefault((row["kernel"], int(row["entries"])), set()).add(int(row["in_use"]))
    for machine, each in (param.values for param in CHAINS):
        counted = each.measured["held"] - each.measured["cached"]
        found.setdefault((machine.series, each.experiment.entries), set()).add(counted)
    return found


IN_USE = in_use()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_ground_truth_lies_within(run: Callable[..., Result], path: Path) -> None:
    """One list of so many aliases, and what the slab counter of the same kernel said of it."""
    version, entries = path.parent.name, int(path.stem.split("-")[2])
    (counted,) = IN_USE[version, entries]
    ((low, high),) = objects(run, path, "--kernel", version).values()
    assert low <= counted <= high


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_ground_truth_lies_within_what_the_counters_beside_leave(
    run: Callable[..., Result], path: Path, tmp_path: Path
) -> None:
    """pages_4k beside the file says how long the one list is: three lists have one entry, or two and the one."""
    version, entries = path.parent.name, int(path.stem.split("-")[2])
    (truth,) = IN_USE[version, entries]
    file = tmp_path / "mmu_rmaps_stat"
    file.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    alone = next(iter(objects(run, file, "--kernel", version).values()))
    length = entries - CAP * ((entries - 1) // CAP)
    singles = parse(path.read_text(encoding="utf-8"), "file").counts["4K"][1] - (length == 1)
    (tmp_path / "pages_4k").write_text(f"{length + singles}\n", encoding="utf-8")
    low, high = next(iter(objects(run, file, "--kernel", version).values()))
    assert alone[0] <= low <= truth <= high <= alone[1]
    assert next(iter(objects(run, file, "--kernel", version, "--no-counters").values())) == alone
    if version == "7.3":
        assert high - low <= 1 + singles


@pytest.mark.parametrize(("machine", "found"), sampled(CHAINS, 3))
def test_recorded_counts_lie_within(run: Callable[..., Result], machine: object, found: object, tmp_path: Path) -> None:
    """Histogram alone, then with pages_4k and max_mmu_rmap_size; counters narrow the bounds, and they still hold."""
    measured = found.measured
    truth = measured["held"] - measured["cached"]
    file = tmp_path / "mmu_rmaps_stat"
    file.write_text(write({level: measured[f"rmaps.{level}"] for level in PAGE_SIZES}), encoding="utf-8")
    kernel = ("--kernel", machine.series)
    pages = ("--pages-4k", str(measured["pages_4k"]))
    longest = ("--max-rmap-size", str(measured["max_mmu_rmap_size"]))
    spans = [next(iter(objects(run, file, *kernel, *more).values())) for more in ((), pages, (*pages, *longest))]
    for low, high in spans:
        assert low <= truth <= high
    assert spans[0][0] <= spans[1][0] <= spans[2][0]
    assert spans[0][1] >= spans[1][1] >= spans[2][1]


@pytest.mark.parametrize(("machine", "found"), sampled(CHAINS, 5))
def test_counters_beside_the_file_are_read(
    run: Callable[..., Result], machine: object, found: object, tmp_path: Path
) -> None:
    """What lies in the VM's folder is as good as options that say it, and the true count lies within."""
    measured = found.measured
    file = tmp_path / "mmu_rmaps_stat"
    file.write_text(write({level: measured[f"rmaps.{level}"] for level in PAGE_SIZES}), encoding="utf-8")
    kernel = ("--kernel", machine.series)
    alone = objects(run, file, *kernel)
    said = ("--pages-4k", str(measured["pages_4k"]), "--max-rmap-size", str(measured["max_mmu_rmap_size"]))
    by_options = objects(run, file, *kernel, *said)
    for name in ("pages_4k", "max_mmu_rmap_size"):
        (tmp_path / name).write_text(f"{measured[name]}\n", encoding="utf-8")
    assert objects(run, file, *kernel) == by_options
    assert objects(run, file, *kernel, "--no-counters") == alone
    ((low, high),) = by_options.values()
    assert low <= measured["held"] - measured["cached"] <= high


def test_a_saved_observation_has_the_histograms_and_the_counters(run: Callable[..., Result], tmp_path: Path) -> None:
    """The kernel that wrote it is the one that is asked for, and the counters are those of the VM."""
    histogram = write({"4K": [4000, 3, 0, 1, *[0] * 7], "2M": [8, *[0] * 10], "1G": [1, *[0] * 10]})
    files = MACHINE | {f"{paths.VMS}/812-11/mmu_rmaps_stat": histogram}
    files |= vm("812-11", 1, {"pages_4k": "15", "max_mmu_rmap_size": "11"})
    saved = tmp_path / "saved.txt"
    saved.write_text(take(Fake(files), rmaps_stat=True).render(), encoding="utf-8")
    ((low, high),) = objects(run, saved).values()
    assert (low, high) == (1, 12 + 3)  # 12 entries in one descriptor or, thinned out, in 12; three alone in one each
    text = run("rmaps", str(saved), "--paging", "shadow").stdout
    assert "pages_4k, max_mmu_rmap_size as read beside the file" in " ".join(text.split())
    ((low, high),) = objects(run, saved, "--no-counters").values()
    assert high > 70
    assert "12 entries" not in text
    two = tmp_path / "two.txt"
    files |= {f"{paths.VMS}/99-7/mmu_rmaps_stat": histogram} | vm("99-7", 1, {"pages_4k": "23"})
    two.write_text(take(Fake(files), rmaps_stat=True).render(), encoding="utf-8")
    assert "has the lists of VMs 812-11, 99-7: say which, --of-vm" in refused(run("rmaps", str(two)))
    assert "has no lists of 5-5, but of 812-11, 99-7" in refused(run("rmaps", str(two), "--of-vm", "5-5"))
    assert objects(run, two, "--of-vm", "812-11") == objects(run, saved)
    none = tmp_path / "none.txt"
    none.write_text(take(Fake(files)).render(), encoding="utf-8")
    assert "save it with `ptelist observe --rmaps-stat --save`" in refused(run("rmaps", str(none)))


def test_counters_that_do_not_fit_or_move(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mmu_rmaps_stat"
    file.write_text((PUBLISHED / "dc1cff969101").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pages_4k").write_text("5\n", encoding="utf-8")
    text = refused(run("rmaps", str(file), "--paging", "shadow"))
    assert "pages_4k: does not go with the file, as read beside it (--no-counters leaves it out): 5 entries" in text
    assert "--of-vm" in refused(run("rmaps", str(file), "--of-vm", "1-1"))
    (tmp_path / "pages_4k").write_text("many\n", encoding="utf-8")
    assert '/pages_4k: expected a number, got "many"' in refused(run("rmaps", str(file)))
    (tmp_path / "pages_4k").write_text("100000\n", encoding="utf-8")
    beside = iter([{"pages_4k": 100_000}, {"pages_4k": 100_001}])
    monkeypatch.setattr("ptelist.traces.rmaps.histogram_file._beside", lambda _: next(beside))
    text = " ".join(run("rmaps", str(file), "--paging", "shadow").stdout.split())
    assert "counters: pages_4k changed while the file was read, not used" in text


def test_there_are_enough_of_them() -> None:
    assert len(CHAINS) > 100
    assert len(ONLY_GREW) > 50
    assert len({param.values[0].series for param in CHAINS}) == 6


@pytest.mark.parametrize(("name", "published"), [("dc1cff969101", P1), ("3bcd0662d66f", P2)])
def test_published_histograms(run: Callable[..., Result], name: str, published: Published) -> None:
    """Lower bounds hold either way; the upper ones are those of a kernel that sorted by magnitude."""
    file = PUBLISHED / name
    rows = parse(file.read_text(encoding="utf-8"), name).counts
    assert [row[: len(known)] for row, known in zip(rows.values(), published.rows, strict=True)] == list(published.rows)
    for ext in (3, 14):
        options = ("--kernel", "5.15", "--ext", str(ext))
        ((low, high),) = objects(run, file, *options).values()
        assert low == published.least[ext]
        assert high > 100 * low
        ((low, high),) = objects(run, file, *options, "--written-by", "7.3", "--history", "grown").values()
        assert (low, high) == (published.least[ext], published.most[ext])


def test_the_curve_and_its_least_value(run: Callable[..., Result], tmp_path: Path) -> None:
    """A thousand lists of 2 or 3 entries: 2 is best for lists of 2, 3 for those of 3, and 4 is never."""
    file = tmp_path / "stat"
    file.write_text(write({"4K": [0, 0, 1000, *[0] * 8], "2M": [0] * 11, "1G": [0] * 11}), encoding="utf-8")
    options = ("--kernel", "7.3", "--ext", "2..32", "--no-memcg")
    found = objects(run, file, *options)
    assert len(found) == 31
    assert found["ext=2"] == (1000, 2000)
    assert found["ext=3"] == found["ext=32"] == (1000, 1000)
    text = " ".join(run("rmaps", str(file), *options).stdout.split())
    assert text.startswith("No clear winner: ext=3 has the lowest upper bound, ")
    assert "but ext=2 may be smaller." in text
    text = " ".join(run("rmaps", str(file), *options[:2], "--ext", "3..32").stdout.split())
    assert text.startswith("ext=3 takes the least whatever the lengths are, ")


def changes(run: Callable[..., Result], file: Path, *options: str) -> dict[str, tuple[int, int]]:
    """Return the change of each figure of ext=2 against ext=14, which is the kernel's own."""
    result = run("rmaps", str(file), *options, "--ext", "2,14", "--paging", "shadow", "--format", "csv")
    rows = [row for row in csv.DictReader(io.StringIO(result.stdout)) if row["config"] == "ext=2"]
    return {
        row["figure"].removeprefix("pte_list_desc."): (int(row["change_low"]), int(row["change_high"])) for row in rows
    }


STAT = DATA / "observations/mmu_rmaps_stat"


def test_lists_have_the_same_lengths_in_all_columns(run: Callable[..., Result]) -> None:
    """One list of 256..511 entries, two of one entry.

    256 entries take 128 descriptors of 2, 19 of 14: 109 more; 511 take 256 and 37: 219 more. These are 128 x 32 -
    19 x 128 = 1,664 bytes more, and 256 x 32 - 37 x 128 = 3,456; each list of one entry that has kept a descriptor has
    kept it with either value, and makes 96 bytes less.
    """
    found = changes(run, STAT / "7.3/one-gfn-500-entries.txt", "--kernel", "7.3")
    assert found["objects"] == (109, 219)
    assert found["bytes.used"] == (1664 - 2 * 96, 3456)
    grown = changes(run, STAT / "7.3/one-gfn-500-entries.txt", "--kernel", "7.3", "--history", "grown")
    assert grown["objects"] == (109, 219)
    assert grown["bytes.used"] == (1664, 3456)


def test_slabs_of_the_same_lists_are_held_against_each_other(run: Callable[..., Result]) -> None:
    """No sheaves and one node: slabs are the objects by 128 or by 32, rounded up, of the same length in both."""
    changed = [ceil(ceil(n / 2) / 128) - ceil(ceil(n / 14) / 32) for n in range(256, 512)]
    low, high = changes(
        run, STAT / "7.3/one-gfn-500-entries.txt", "--kernel", "6.12", "--written-by", "7.3", "--history", "grown"
    )["slabs"]
    assert low <= min(changed) <= max(changed) <= high
    assert high - low <= 1 + max(changed) - min(changed)


def test_descriptors_of_a_list_that_was_thinned_out(run: Callable[..., Result]) -> None:
    """6.1, one list of 4, 12, 20, ... entries, two of 1, 3, 5, ...: at most 72 descriptors of 14, or an entry in each.

    With ext=2 the first has at least 34 for 68 entries, which may have 68 of 14: 34 fewer; the others 36 for 71, of
    71: 35 fewer each. At most 500 entries are in 500 of 2, or 36 of 14; 501 in 501, or 36.
    """
    found = changes(run, STAT / "6.1/one-gfn-500-entries.txt", "--kernel", "6.1")
    assert found["objects"] == (-34 - 2 * 35, (500 - 36) + 2 * (501 - 36))


@pytest.mark.parametrize("kernel", ["6.1", "7.3"])
def test_the_longest_list_of_lists_that_only_grew_is_known(run: Callable[..., Result], kernel: str) -> None:
    """max_mmu_rmap_size 499 was counted before an entry was added that has not left: 36 descriptors for 500, or 250.

    250 x 32 - 36 x 128 are 3,392 bytes more.
    """
    file = STAT / f"{kernel}/one-gfn-500-entries.txt"
    options = ("--kernel", kernel, "--history", "grown", "--max-rmap-size", "499")
    others = {"6.1": 2 * 250, "7.3": 0}[kernel]  # with ffs the two others have any odd number of entries, up to 499
    found = objects(run, file, *options, "--ext", "2,14")
    assert found["ext=2"] == (250, 250 + others)
    assert found["ext=14"][0] == 36
    if kernel == "7.3":
        assert found["ext=14"] == (36, 36)
        assert changes(run, file, *options)["bytes.used"] == (3392, 3392)
        text = " ".join(run("rmaps", str(file), *options).stdout.split())
        assert "longest: a list has 500 entries, max_mmu_rmap_size and one more, and none has more" in text
        assert "Level=4K: 3 lists with 502 entries in all, by their columns" in text
    refusal = refused(
        run("rmaps", str(STAT / "7.3/one-gfn-500-entries.txt"), *options[:5], "600", "--written-by", "7.3")
    )
    assert "max_mmu_rmap_size: does not go with the file and --history grown: no column has a list that" in refusal


ONLY_GREW = [
    param
    for param in CHAINS
    for _, each in [param.values]
    if 1 <= each.measured["max_mmu_rmap_size"] == each.experiment.entries - 1 < CAP
]


@pytest.mark.parametrize(("machine", "found"), sampled(ONLY_GREW, 3))
def test_recorded_lists_that_only_grew(
    run: Callable[..., Result], machine: object, found: object, tmp_path: Path
) -> None:
    """One list grows, an alias at a time: the counter of its longest length is one less than it is."""
    measured = found.measured
    file = tmp_path / "mmu_rmaps_stat"
    file.write_text(write({level: measured[f"rmaps.{level}"] for level in PAGE_SIZES}), encoding="utf-8")
    counters = ("--max-rmap-size", str(measured["max_mmu_rmap_size"]), "--pages-4k", str(measured["pages_4k"]))
    result = objects(run, file, "--kernel", machine.series, "--history", "grown", *counters)
    assert next(iter(result.values())) == (measured["held"] - measured["cached"],) * 2


def test_equal_ends_are_no_equal_numbers(run: Callable[..., Result], tmp_path: Path) -> None:
    """A list of 16..31 entries takes 2..4 descriptors of 8 or of 10; with 19 it takes 3 or 2, with 31 4 of either."""
    file = tmp_path / "stat"
    file.write_text(write({"4K": [0] * 5 + [1] + [0] * 5, "2M": [0] * 11, "1G": [0] * 11}), encoding="utf-8")
    options = ("--kernel", "7.3", "--ext", "8,10", "--paging", "shadow", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(run("rmaps", str(file), *options).stdout)))
    ends = [
        (row["low"], row["high"], row["change_low"], row["change_high"])
        for row in rows
        if row["figure"].endswith("desc.objects")
    ]
    assert ends == [("2", "4", "", ""), ("2", "4", "-1", "0")]


def test_which_kernel_wrote_it(run: Callable[..., Result], tmp_path: Path) -> None:
    """The same columns: of lists with 4, 12, ... entries, or of those with 4 to 7."""
    file = tmp_path / "stat"
    file.write_text(write({"4K": [0, 0, 0, 1, *[0] * 7], "2M": [0] * 11, "1G": [0] * 11}), encoding="utf-8")
    assert objects(run, file, "--kernel", "6.12") == {"kernel=6.12": (1, 72)}
    assert objects(run, file, "--kernel", "7.2") == {"kernel=7.2": (1, 1)}
    assert objects(run, file, "--kernel", "6.12", "--written-by", "7.2") == {"kernel=6.12": (1, 1)}
    assert "by the lowest set bit of its length (ffs)" in " ".join(run("rmaps", str(file)).stdout.split())
    text = refused(run("rmaps", str(file), "--kernel", "6.12,7.2"))
    assert "say which one wrote FILE" in text
    assert "this kernel has no mmu_rmaps_stat" in refused(run("rmaps", str(file), "--kernel", "5.14"))
    both = objects(run, file, "--kernel", "5.14,7.2", "--written-by", "7.2", "--history", "any")
    assert both == {"kernel=5.14": (2, 7), "kernel=7.2": (1, 1)}
    mine = tmp_path / "mine.toml"
    mine.write_text("[kernel]\npte_list_ext = 2\n", encoding="utf-8")
    assert f"--written-by: {mine} has no rmaps_stat" in refused(run("rmaps", str(file), "--written-by", str(mine)))


def test_counters_that_do_not_count(run: Callable[..., Result], tmp_path: Path) -> None:
    """Up to v6.3 the longest count may be too low; leaves of the TDP MMU are in no list."""
    file = tmp_path / "stat"
    file.write_text(write({"4K": [0, 3, 0, 1, *[0] * 7], "2M": [0] * 11, "1G": [0] * 11}), encoding="utf-8")
    longest = ("--max-rmap-size", "11")
    assert objects(run, file, "--kernel", "6.1", *longest) == objects(run, file, "--kernel", "6.1")
    assert "not used" in run("rmaps", str(file), "--kernel", "6.1", *longest).stdout
    assert objects(run, file, "--kernel", "6.12", *longest) != objects(run, file, "--kernel", "6.12")
    text = run("rmaps", str(file), "--kernel", "6.12", "--nested", "--pages-4k", "100").stdout
    assert "at most pages_4k, 100" in " ".join(text.split())


def test_formats_and_stdin(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    file = PUBLISHED / "dc1cff969101"
    rows = list(csv.DictReader(io.StringIO(run("rmaps", str(file), "--format", "csv").stdout)))
    assert {row["figure"] for row in rows} >= {"pte_list_desc.objects", "pte_list_desc.bytes.total"}
    assert "| pte\\_list\\_desc.objects" in run("rmaps", str(file), "--format", "markdown").stdout
    quoted = "".join(f"> {line}\n" for line in file.read_text(encoding="utf-8").splitlines())
    monkeypatch.setattr("ptelist.scenario.presets.text_file._stdin", quoted.encode)
    assert run("rmaps", "-").stdout.partition("\n$")[0] == run("rmaps", str(file)).stdout.partition("\n$")[0]


def damaged(old: str, new: str) -> str:
    return (PUBLISHED / "dc1cff969101").read_text(encoding="utf-8").replace(old, new)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty: the VM has no rmap lists"),
        ("\n\n", "is empty"),
        ("hello\n", ':1: not mmu_rmaps_stat: expected "Rmap_Count: 0 1 2-3 4-7 ..."'),
        (damaged("512-1023", "512-1024"), ":1: not mmu_rmaps_stat"),
        (damaged("Level=2M", "Level=3M"), ':3: expected "Level=4K:" or another page size, got "Level=3M:"'),
        (damaged("\t7\t", "\t"), ":2: Level=4K has 10 columns, expected 11"),
        (damaged("49005", "49o05"), ':2: Level=4K: expected a number of lists, got "49o05"'),
        (damaged("49005", "-5"), "expected a number of lists"),
        (damaged("49005", "9" * 30), "expected a number of lists"),
        (damaged("Level=2M", "Level=4K"), ":3: Level=4K is there twice"),
        (damaged("Level=2M:", "Level=1G:"), ":4: Level=1G is there twice"),
        (damaged("Level=2M", "\nLevel=2M").partition("\n\n")[0], "has levels 4K, expected 4K, 2M, 1G"),
    ],
)
def test_bad_files(run: Callable[..., Result], text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "stat"
    file.write_text(text, encoding="utf-8")
    assert says in refused(run("rmaps", str(file)))


@given(st.text(alphabet="Rmap_Count:\tLevl=4KMG0123-> \n", max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, "file")
    except PtelistError as error:
        shown = str(error)
    else:
        shown = ""
    assert "\n" not in shown


def test_contradictions(run: Callable[..., Result], tmp_path: Path) -> None:
    file = PUBLISHED / "dc1cff969101"
    shadow = ("--paging", "shadow")
    few = refused(run("rmaps", str(file), *shadow, "--pages-4k", "5"))
    assert "pages_4k: does not go with the file: 5 entries, but the lists have 88,689.." in few
    far = refused(run("rmaps", str(file), *shadow, "--pages-4k", "99999999"))
    assert "99,999,999 entries, but the lists have 88,689..64,863,033 in all" in far
    assert "none has more than 6 entries" in refused(run("rmaps", str(file), "--max-rmap-size", "5"))
    assert "No such file" in refused(run("rmaps", str(tmp_path / "none")))
    assert "--pages-4k" in refused(run("rmaps", str(file), "--pages-4k", "-1"))
