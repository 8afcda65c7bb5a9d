"""The best PTE_LIST_EXT is the one that trying each of them by other commands finds."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from list_model import KernelList
from refusals import refused
from test_walks import added, removed

from ptelist.compare.comparison import compare
from ptelist.engine.account import slabs_of
from ptelist.engine.difference import difference
from ptelist.engine.ledger import Unit, fixed
from ptelist.readers.host.rmaps_stat import LABELS
from ptelist.settings.columns import expand
from ptelist.sweep.best.page import _hundredths, _ranges

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

DATA = Path(__file__).parents[2] / "data"
TRACE = DATA / "traces/7.3.trace"
HISTOGRAM = min((DATA / "rmaps").iterdir())
WHOLE = "pte_list_desc.bytes.total"
CLASSES = "--vm nested --rmaps 300x3+20x40+5x200"


def document(run: Callable[..., Result], line: str) -> dict[str, Any]:
    result = run("best", *shlex.split(line), "--format", "json")
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


def totals(kernel: dict[str, Any]) -> dict[int, tuple[int, int]]:
    ends = {each["ext"]: each["figures"][WHOLE] for each in kernel["values"]}
    return {ext: (figure["low"], figure["high"]) for ext, figure in ends.items()}


@pytest.mark.parametrize("more", ["", "--host server-256", "--history any --memcg off", "--vcpus 64 --vms 3"])
def test_the_best_of_classes_is_that_of_compare(run: Callable[..., Result], more: str) -> None:
    data = document(run, f"{CLASSES} --kernel 6.1,6.18 {more}")
    words = shlex.split(f"{CLASSES} {more}".replace("--", ""))
    options = [*zip(words[::2], words[1::2], strict=True), ("ext", "2..64")]
    assert [each["name"] for each in data["kernels"]] == ["kernel=6.1", "kernel=6.18"]
    for kernel in data["kernels"]:
        comparison = compare(expand((), [*options, ("kernel", kernel["name"][7:])]), "")
        terms = {
            column.axes["ext"]: ledger[WHOLE]
            for column, ledger in zip(comparison.columns, comparison.ledgers, strict=True)
        }
        found = {ext: (term.low, term.high) for ext, term in terms.items()}
        assert totals(kernel) == found
        least = min((high, low) for low, high in found.values())
        changes = {ext: difference(terms[kernel["best"][0]], term) for ext, term in terms.items()}
        assert found[kernel["best"][0]][::-1] == least
        assert kernel["best"] == [ext for ext, change in changes.items() if change == (0, 0)]
        assert kernel["own"] == 14
        for percent, values in kernel["within"].items():
            most = Fraction(100 + int(percent), 100) * least[0]
            assert values == [ext for ext, (_, high) in found.items() if high <= most]
        assert kernel["sure"] is all(low >= 0 for low, _ in changes.values())


def test_touched_descriptors_are_those_of_the_model(run: Callable[..., Result]) -> None:
    (kernel,) = document(run, f"{CLASSES} --ext 2..20")["kernels"]
    for each in kernel["values"]:
        for policy, found in each["touched"].items():
            adds = removals = entries = 0
            for count, length in ((300, 3), (20, 40), (5, 200)):
                grown = KernelList(each["ext"], policy)
                for entry in range(length):
                    adds += count * added(grown)
                    grown.add(entry)
                removals += count * removed(grown)
                entries += count * length
            assert [Fraction(end) for end in found["add"]] == 2 * [Fraction(adds, entries)]
            assert [Fraction(end) for end in found["removal"]] == 2 * [Fraction(removals, entries)]


def test_a_histogram_s_lists_beside_the_caches_of_the_scenario(run: Callable[..., Result]) -> None:
    line = ["--vm", "shadow", "--kernel", "6.18", "--pages-4k", "2000000"]
    ranged = ["--ext", "2,14,30"]
    (kernel,) = document(run, shlex.join([*line, *ranged, "--histogram", str(HISTOGRAM), "--vcpus", "8"]))["kernels"]
    lists = json.loads(run("rmaps", str(HISTOGRAM), *line, *ranged, "--format", "json").stdout)["configs"]
    for config, column in zip(lists, expand((), [("vm", "shadow"), ("ext", "2,14,30")]).columns, strict=True):
        ends = config["figures"]["pte_list_desc.objects"]
        for end, place in (("low", 0), ("high", 1)):
            objects = fixed("objects", ends[end] + 8 * 40, Unit.OBJECTS, "")
            assert totals(kernel)[config["axes"]["ext"]][place] == slabs_of(column.scenario, objects)[WHOLE].low


def test_a_trace_without_caches_beside_those_of_the_scenario(run: Callable[..., Result], tmp_path: Path) -> None:
    """One descriptor, and 40 in the cache of each of two vCPUs: 81, of 32 bytes in a slab of 128, of 128 in 3 of 32."""
    trace = tmp_path / "trace"
    trace.write_text("add a 1\nadd a 2\n", encoding="utf-8")
    data = document(run, f"--vm nested --kernel 6.1 --ext 2,14 --memcg off --vcpus 2 --trace {trace}")
    assert totals(data["kernels"][0]) == {2: (4096, 4096), 14: (3 * 4096, 3 * 4096)}
    counted = "counted: the lists, and 80 descriptors in the caches of 2 vCPUs (--vcpus); the trace has none"
    assert counted in data["assumptions"]
    assert not any("lists alone" in note for note in data["assumptions"])


def test_what_is_counted_beside_a_histogram_is_named(run: Callable[..., Result]) -> None:
    """rmaps counts the lists alone and says so; best counts the caches of its vCPUs as well, and how many these are."""
    line = [str(HISTOGRAM), "--kernel", "7.3", "--paging", "shadow"]
    alone = " ".join(run("rmaps", *line).stdout.split())
    assert "not in the file: parent_ptes lists, and what vCPU caches hold: neither is counted" in alone
    for vcpus, caches in (
        ("4", "160 descriptors in the caches of 4 vCPUs"),
        ("1", "40 descriptors in the caches of 1 vCPU"),
    ):
        text = " ".join(run("best", "--histogram", *line, "--vcpus", vcpus).stdout.split())
        assert f"counted: the lists, and {caches} (--vcpus); parent_ptes lists are not in the file" in text
        assert "not in the file: parent_ptes lists, and" not in text


def test_lists_of_open_lengths_have_a_winner_where_each_length_has_it(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """A thousand lists of 16 to 31 entries: 8 to 16 descriptors of 32 bytes each, or 6 to 11 of 40.

    With 16 entries 3 takes 16 bytes less than 2 (6 x 40, 8 x 32), with any other number more: 16,000 bytes are
    four slabs. Yet 31 entries with 3 take more than 16 with 2: 440 bytes, 256.
    """
    file = tmp_path / "stat"
    rows = {"4K": [0, 0, 0, 0, 0, 1000, *[0] * 5], "2M": [0] * 11, "1G": [0] * 11}
    head = "\t".join(("Rmap_Count:", *LABELS))
    file.write_text(
        "\n".join((head, *("\t".join((f"Level={n}:", *map(str, row))) for n, row in rows.items()))), encoding="utf-8"
    )
    line = f"--histogram {file} --kernel 6.12 --written-by 7.3 --memcg off --history grown --paging shadow --vcpus 1"
    (kernel,) = document(run, f"{line} --ext 2,3")["kernels"]
    ends = totals(kernel)
    assert ends[2][0] < ends[3][1], "subtracted, either may be smaller"
    assert (kernel["best"], kernel["sure"]) == ([3], True)
    assert run("best", *shlex.split(f"{line} --ext 2,3")).stdout.startswith("PTE_LIST_EXT 3 takes the least ")


def test_a_trace_s_lists_at_their_peak(run: Callable[..., Result]) -> None:
    data = document(run, f"--vm nested --kernel 6.18 --ext 2..5 --vcpus 2 --trace {TRACE}")
    replayed = json.loads(run("replay", str(TRACE), "--ext", "2..5", "--kernel", "6.18", "--format", "json").stdout)
    for config in replayed["configs"]:
        figure = config["figures"][WHOLE]
        assert totals(data["kernels"][0])[config["axes"]["ext"]] == (figure["low"], figure["high"])
    assert "pte_list_desc.bytes: those of lists and vCPU caches together, when they held most" in data["assumptions"]
    assert any(note.startswith("walks: of the lists as they were at line") for note in data["assumptions"])
    assert all(each["touched"]["head"]["add"][0] for each in data["kernels"][0]["values"])


def test_a_page_of_best(run: Callable[..., Result]) -> None:
    text = run("best", *shlex.split(CLASSES), "--kernel", "6.1", "--ext", "2..64").stdout
    squeezed = " ".join(text.split())
    assert "kernel=6.1, policy walk (up to v6.3); " in squeezed
    (winner, rival) = re.findall(r"PTE_LIST_EXT ([0-9]+)", squeezed.partition("smaller.")[0])
    assert squeezed.startswith(f"No clear winner: PTE_LIST_EXT {winner} has the lowest upper bound, 50,688 bytes (49.5")
    assert set(re.findall(r"^([0-9]+) \*", text, re.MULTILINE)) == {winner}
    assert re.search(rf"^{rival} .* 4[0-9],[0-9]{{3}}\.\.", text, re.MULTILINE)
    assert re.search(r"^14 \(own\)", text, re.MULTILINE)
    assert re.search(r"^2 ", text, re.MULTILINE)
    assert re.search(r"^64 ", text, re.MULTILINE)
    assert "an add touches" in squeezed
    assert "explain: ptelist explain" in squeezed
    assert all(len(line) <= 72 for line in text.splitlines())


def test_open_lists_bound_what_is_touched(run: Callable[..., Result]) -> None:
    (kernel,) = document(run, "--vm nested --rmaps 7x2-30 --ext 14,2")["kernels"]
    assert [each["ext"] for each in kernel["values"]] == [2, 14], "in the order of their size"
    for each in kernel["values"]:
        for policy, found in each["touched"].items():
            grown, adds, seen = KernelList(each["ext"], policy), 0, []
            for entry in range(30):
                adds += added(grown)
                grown.add(entry)
                if entry:
                    seen.append((Fraction(adds, entry + 1), Fraction(removed(grown), entry + 1)))
            for place, what in enumerate(("add", "removal")):
                ends = [pair[place] for pair in seen]
                assert [Fraction(end) for end in found[what]] == [min(ends), max(ends)]


def test_every_combination_of_other_axes_has_its_own_best(run: Callable[..., Result]) -> None:
    kernels = document(run, "--cpus 64,128 --memcg on,off --ext 2..20")["kernels"]
    names = [f"cpus={cpus}, memcg={memcg}" for cpus in (64, 128) for memcg in ("on", "off")]
    assert [each["name"] for each in kernels] == names
    assert document(run, "--ext 4..6 --vm shadow")["kernels"][0]["own"] == 14
    assert document(run, "--ext 2..4 --vcpus 1")["kernels"][0]["within"] == {"1": [2, 3, 4], "5": [2, 3, 4]}
    (near,) = document(run, "--ext 2..64 --vm nested --rmaps 50x1000 --vcpus 1")["kernels"]
    least = min(high for _, high in totals(near).values())
    over = sorted((100 * (high - least) / least, ext) for ext, (_, high) in totals(near).items())
    for percent, values in near["within"].items():
        assert values == sorted(ext for part, ext in over if part <= int(percent))
    assert any(0 < part <= 5 for part, _ in over)


def test_the_widest_lists(run: Callable[..., Result]) -> None:
    assert document(run, "--vm nested --parent-ptes 1x1-10000 --ext 14")["kernels"]


def test_csv_has_every_value(run: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("best", *shlex.split(CLASSES), "--format", "csv").stdout)))
    assert [int(row["ext"]) for row in rows] == list(range(2, 65))
    (kernel,) = document(run, CLASSES)["kernels"]
    assert {int(row["ext"]): (int(row["low"]), int(row["high"])) for row in rows} == totals(kernel)
    assert Fraction(rows[0]["walk_add_low"]) == Fraction(kernel["values"][0]["touched"]["walk"]["add"][0])
    plain = list(csv.DictReader(io.StringIO(run("best", "--ext", "2,3", "--format", "csv").stdout)))
    assert plain[0]["head_removal_high"] == ""


def test_without_lists_it_says_so(run: Callable[..., Result]) -> None:
    text = " ".join(run("best").stdout.split())
    assert text.startswith("PTE_LIST_EXT 2, 3 and 4 take the least pte_list_desc.bytes.total, 10,240 bytes (10.0 KiB):")
    assert "lists: none are known" in text
    assert "walk add" not in text


def test_own_may_be_the_best(run: Callable[..., Result]) -> None:
    alone = " ".join(run("best", "--ext", "14..16").stdout.split())
    assert alone.startswith("PTE_LIST_EXT 14 takes the least pte_list_desc.bytes.total, 21,760 bytes (21.3 KiB); the")
    both = " ".join(run("best", "--ext", "14,16", "--vcpus", "1").stdout.split())
    assert both.startswith("PTE_LIST_EXT 14 and 16 take the least pte_list_desc.bytes.total, 8,704 bytes (8.5 KiB);")
    assert "the kernel's own value is 14." in both


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"--histogram {HISTOGRAM} --trace {TRACE}", "--histogram or --trace, one of them"),
        ("--histogram nowhere", "nowhere: cannot be read"),
        ("--trace nowhere", "nowhere: cannot be read"),
        (f"--histogram {HISTOGRAM} --kernel 5.10", "this kernel has no mmu_rmaps_stat"),
        ("--vm nested --parent-ptes 1x2-20000", "lists of more than 10,000 possible lengths"),
        ("--ext 1..3", "--ext: should be greater than or equal to 2"),
    ],
)
def test_bad_input_gets_one_line(run: Callable[..., Result], line: str, says: str) -> None:
    assert says in refused(run("best", *shlex.split(line)))


def test_ranges_and_hundredths() -> None:
    assert _ranges([2, 3, 4, 8, 10, 11]) == "2..4 8 10..11"
    assert [_hundredths(Fraction(n, 1000)) for n in (0, 4, 5, 1234, 1235)] == ["0.00", "0.00", "0.01", "1.23", "1.24"]
