"""Sweeps: points are those of compare, break-evens and steps those that trying every value finds."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from ptelist.compare.comparison import compare
from ptelist.output import bars, svg
from ptelist.settings.axes import AXES
from ptelist.settings.columns import expand
from ptelist.settings.space import Space
from ptelist.sweep.breakeven import SearchRange, search_range
from ptelist.sweep.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

WHOLE = "pte_list_desc.bytes.total"
GIB = 1 << 30


def found(figure: str = WHOLE, baseline: str | None = None, **options: str) -> Any:
    texts = [(name.replace("_", "-"), text) for name, text in options.items()]
    return sweep(Space((), texts), figure, baseline, "command")


def document(run: Callable[..., Result], line: str) -> dict[str, Any]:
    result = run("sweep", *shlex.split(line), "--format", "json")
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize(
    "options",
    [
        {"vcpus": "1..40", "ext": "2,14"},
        {"vcpus": "1,3,9", "memory": "1GiB,4GiB"},
        {"ext": "2..20"},
        {"proposal": "none,shrink-tdp", "vms": "1..5"},
        {"nested": "off,on"},
        {"kernel": "6.1,7.3", "cpus": "1..300*3"},
    ],
)
@pytest.mark.parametrize("figure", [WHOLE, "mmu.bytes.total", "kvm_mmu_page_header.slabs"])
def test_points_are_those_of_compare(options: dict[str, str], figure: str) -> None:
    comparison = compare(expand((), list(options.items())), "")
    points = found(figure, **options).points
    assert len(points) == len(comparison.columns)
    for number, (point, column) in enumerate(zip(points, comparison.columns, strict=True)):
        term = comparison.ledgers[number][figure]
        assert (point.low, point.high) == (term.low, term.high)
        assert point.values == column.axes
        assert point.change == comparison.change(figure, number)
        assert point.ends(delta=False) == (term.low, term.high)


def tried(figure: str, axis: str, values: list[str], **options: str) -> list[Any]:
    """Return the change at every value of an axis, by compare."""
    texts = [(axis, ",".join(values)), *options.items()]
    comparison = compare(expand((), texts), "")
    changes = [comparison.change(figure, number) for number in range(len(comparison.columns))]
    return [change for change in changes if change is not None]


@examples(15)
@given(
    st.sampled_from(["laptop", "server-256", "single-cpu"]),
    st.sampled_from(["5.14", "6.1", "6.18", "7.3"]),
    st.sampled_from(["on", "off"]),
    st.sampled_from(["2,14", "14,13", "14,15", "14,6", "14,30", "3,14"]),
    st.sampled_from(["vcpus", "vms", "cpus", "nodes"]),
    st.sampled_from([WHOLE, "pte_list_desc.pages", "pte_list_desc.bytes.waste", "mmu.bytes.total"]),
    st.sampled_from(["packed", "spread"]),
)
def test_break_evens_are_those_of_every_value(  # noqa: PLR0913, PLR0917 -- one for each option
    host: str, kernel: str, memcg: str, ext: str, axis: str, figure: str, filling: str
) -> None:
    low, high = 1, 60
    options = {"host": host, "kernel": kernel, "memcg": memcg, "ext": ext, "filling": filling}
    (other,) = found(figure, **options, **{axis: f"{low},{high}"}).break_evens
    baseline = found(figure, **options, **{axis: f"{low},{high}"}).baseline
    assert other.baseline == baseline
    changes = tried(figure, axis, [str(n) for n in range(low, high + 1)], **options)
    assert len(changes) == high - low + 1
    at = dict(enumerate(changes, low))
    assert other.tried
    assert other.maybe_first == next((n for n, change in at.items() if change.low < 0), None)
    assert other.less_first == next((n for n, change in at.items() if change.high < 0), None)
    not_less = [n for n, change in at.items() if change.high >= 0]
    assert other.less_from == (None if not_less and not_less[-1] == high else not_less[-1] + 1 if not_less else low)
    assert other.more_last == next((n for n in reversed(at) if at[n].high > 0), None)
    in_bytes = ".bytes." in figure
    assert other.page_first == (next((n for n, c in at.items() if c.high <= -4096), None) if in_bytes else None)


def test_break_evens_of_a_million_vms_take_no_million_ledgers() -> None:
    (one,) = found(vms="1,1000000", vcpus="1", ext="2,14").break_evens
    assert (one.less_from, one.page_first, one.more_last) == (1, 2, None)
    assert one.over == SearchRange(AXES["vms"], 1, 1_000_000, 1)


def test_a_search_that_would_take_too_long_says_so(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptelist.sweep.breakeven.MOST_TRIED", 300)
    one = found("pte_list_desc.bytes.waste", vms="1,1000000", ext="2,14").break_evens[0]
    assert not one.tried
    printed = run("sweep", "--vms", "1,1000000", "--ext", "2,14", "--figure", "pte_list_desc.bytes.waste").stdout
    assert "where it breaks even was not searched, vms has too many values" in " ".join(printed.split()).lower()


def test_sizes_are_searched_in_the_unit_that_they_share() -> None:
    axis = AXES["memory"]
    assert search_range(axis, [GIB, 3 * GIB]).step == GIB
    assert search_range(axis, [GIB, GIB + (1 << 20)]).step == 1 << 20
    assert search_range(axis, [4096]).step == 1 << 10
    assert search_range(AXES["vcpus"], [4, 2, 8]) == SearchRange(AXES["vcpus"], 2, 8, 1)
    (one,) = found("mmu.bytes.total", memory="1GiB,32GiB", ext="2,14").break_evens
    assert (one.less_from, one.over.step) == (GIB, GIB)


@pytest.mark.parametrize("ext", [2, 8, 14, 20])
@pytest.mark.parametrize("kernel", ["5.14", "6.18"])
def test_steps_are_where_the_order_changes(ext: int, kernel: str) -> None:
    steps = found(cpus="1,300", ext=str(ext), kernel=kernel).steps
    orders = [
        ledger["pte_list_desc.slab_order"].low
        for ledger in compare(expand((), [("cpus", "1..300"), ("ext", str(ext)), ("kernel", kernel)]), "").ledgers
    ]
    assert [step.at for step in steps] == [n for n in range(2, 301) if orders[n - 1] != orders[n - 2]]
    for step in steps:
        last = step.moved[-1]
        assert last.figure == "pte_list_desc.slab_order"
        assert (last.before[0], last.after[0]) == (orders[step.at - 2], orders[step.at - 1])
        assert [each.figure for each in step.moved[:3]] == ["cpus", "cpus_counted", "min_objects"]


def test_the_128_byte_cache_moves_to_order_1_at_128_present_cpus(run: Callable[..., Result]) -> None:
    """As design.md says."""
    text = " ".join(run("sweep", "--cpus", "1..512*2").stdout.split())
    step = "step: at cpus=128 pte_list_desc.slab_order moves 0 -> 1: cpus 127 -> 128"
    assert f"{step}, cpus_counted 127 -> 128, min_objects 32 -> 36" in text
    assert text.count("step:") == 1
    both = found("mmu.bytes.total", cpus="1..512*2", kernel="6.18").steps
    assert {step.moved[-1].figure for step in both} == {
        "pte_list_desc.slab_order",
        "kvm_mmu_page_header.slab_order",
    }


@pytest.mark.parametrize(("cpus", "steps"), [("127,130", [128]), ("100,127", []), ("128,200", []), ("64,128", [128])])
def test_steps_at_the_ends(cpus: str, steps: list[int]) -> None:
    assert [step.at for step in found(cpus=cpus).steps] == steps


def test_no_steps_along_what_slabs_do_not_depend_on() -> None:
    assert found(vcpus="1..64").steps == ()
    assert found(nested="off,on").steps == ()
    assert found(vcpus="1,2,3", cpus="64,128").steps == (), "the axis that goes across has columns"
    labelled = found(cpus="64,96,128", ext="2,14").steps
    assert [(step.column, step.at) for step in labelled] == [("ext=14", 128)]


def test_the_answer_of_the_first_page(run: Callable[..., Result]) -> None:
    """One vCPU saves from the start on, also on two nodes, whichever of them its objects are on."""
    slab = ["sweep", "--vcpus", "1..8", "--ext", "2,14", "--figure", "pte_list_desc.bytes.slab"]
    small = run(*slab, "--host", "laptop").stdout
    assert re.search(r"^1 +8,192 +4,096 +-4,096 +-50\.0%", small, re.MULTILINE)
    assert re.search(r"^8 +40,960 +12,288 +-28,672 +-70\.0%", small, re.MULTILINE)
    assert "It saves for every vcpus=1..8; the first whole page at vcpus=1." in " ".join(small.split())
    large = " ".join(run("sweep", "--vcpus", "1..8", "--ext", "2,14", "--host", "server-256").stdout.split())
    assert large.startswith("ext=2 takes between 3,584 and 7,168 bytes (3.5..7.0 KiB, 20.6..70.6%) less than ext=14")
    assert "It saves for every vcpus=1..8; the first whole page at vcpus=2." in large


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--memory 1GiB..1TiB*4 --leaf 4K,2M", "12 points; neither memory nor leaf moves it."),
        ("--memory 1GiB..1TiB*4", "6 points; memory does not move it."),
        ("--memory 1GiB,2GiB --leaf 4K,2M,1G", "6 points; neither leaf nor memory moves it."),
    ],
)
def test_a_figure_that_nothing_moves_goes_nowhere(run: Callable[..., Result], line: str, says: str) -> None:
    """4 vCPUs of 40 descriptors in 5 slabs, with vectors of 32 x 8 bytes: 5 x (4,096 + 256)."""
    text = " ".join(run("sweep", *shlex.split(line)).stdout.split())
    assert text.startswith(f"pte_list_desc.bytes.total is 21,760 bytes (21.3 KiB) at all {says} ")


def test_values_compared_that_nothing_moves_have_no_least(run: Callable[..., Result]) -> None:
    text = " ".join(run("sweep", "--ext", "2..5", "--figure", "memslots.bytes").stdout.split())
    assert text.startswith("memslots.bytes is 207,776 bytes (202.9 KiB) at all 4 points; ext does not move it. ")


def test_a_page_of_a_sweep(run: Callable[..., Result]) -> None:
    text = run("sweep", "--vms", "1..3", "--vcpus", "1").stdout
    assert text.splitlines()[:9] == [
        "pte_list_desc.bytes.total goes from 8,704 bytes (8.5 KiB) at vms=1 to",
        "17,408 bytes (17.0 KiB) at vms=3: 8,704 bytes (8.5 KiB, 100.0%) more.",
        "",
        "pte_list_desc.bytes.total, bytes",
        "vms      bytes",
        "-----  -------  ---------------------------------------",
        "1        8,704  ####################",
        "2       13,056  ##############################",
        "3       17,408  #######################################",
    ]
    assert "explain: ptelist explain pte_list_desc.bytes.total --vms 3 --vcpus 1, for one of these" in " ".join(
        text.split()
    )
    assert text.endswith("$ ptelist sweep --vms 1..3 --vcpus 1\n")


@pytest.mark.parametrize("width", [30, 40, 60, 72])
@pytest.mark.parametrize(
    "line",
    [
        "--vcpus 1..1024*2 --ext 2,14",
        "--vcpus 1..1024*2 --ext 2,14 --host server-256",
        "--vcpus 1..1024*2 --ext 2,14 --host server-256 --delta",
        "--vcpus 1..1024*4 --ext 2..12",
        "--vcpus 1..1024*4 --memory 1GiB,4GiB --figure mmu.bytes.total",
        "--ext 2..9 --delta",
    ],
)
def test_tables_fit_and_no_number_is_cropped(run: Callable[..., Result], line: str, width: int) -> None:
    text = run("sweep", *shlex.split(line), columns=width).stdout
    table = text.partition("\nbaseline")[0].partition("\nkernel")[0]
    data = document(run, line)
    printed = set(re.findall(r"[+-]?\d[\d,]*", table))
    for point in data["points"]:
        ends = point["change"] if "--delta" in line else point
        for end in () if ends is None else (ends["low"], ends["high"]):
            assert f"{end:+,}" in printed or f"{end:,}" in printed
    longest = max(map(len, table.splitlines()))
    assert longest <= max(width, 44), "only a title or a single cell may be wider"


def test_json_and_csv_have_every_point(run: Callable[..., Result]) -> None:
    line = "--cpus 64,128 --ext 2,14,15"
    data = document(run, line)
    assert data["schema"] == "ptelist/1"
    assert data["baseline"] == "ext=14"
    assert (data["figure"], data["unit"]) == (WHOLE, "bytes")
    assert [each["column"] for each in data["break_evens"]] == ["ext=2", "ext=15"]
    assert data["break_evens"][0]["over"] == {"axis": "cpus", "low": 64, "high": 128, "step": 1}
    rows = list(csv.DictReader(io.StringIO(run("sweep", *line.split(), "--format", "csv").stdout)))
    assert len(rows) == len(data["points"]) == 6
    for row, point in zip(rows, data["points"], strict=True):
        assert {name: int(row[name]) for name in ("cpus", "ext")} == point["axes"]
        assert (int(row["low"]), int(row["high"]), row["unit"]) == (point["low"], point["high"], "bytes")
        assert (point["change"] is None) is (row["change_low"] == "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "no axis varies"),
        ("--vcpus 1,2 --ext 2,3 --memory 1GiB,2GiB", "3 axes vary, at most 2 can: --vcpus, --ext, --memory"),
        ("--vcpus 1,2 --figure pte_list_desc.bytes.slap", 'no figure "pte_list_desc.bytes.slap"; did you mean'),
        ("--vcpus 1,2 --figure nonsense", 'no figure "nonsense"'),
        ("--vcpus 1..200000", "more than 100,000 values"),
        ("--vcpus 1,70000", "--vcpus: should be less than or equal to 65536"),
        ("--vcpus 1,2 --baseline ext=2", '--baseline: no axis "ext" varies'),
    ],
)
def test_bad_sweeps_get_one_line(run: Callable[..., Result], line: str, says: str) -> None:
    assert says in refused(run("sweep", *shlex.split(line)))


# break-evens in words


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "--vcpus 1..9 --proposal none,ulong-count",
            "ulong-count takes what proposal=none takes for every vcpus=1..9.",
        ),
        ("--vcpus 1..9 --ext 14,40", "at vcpus=9. It takes less at no vcpus=1..9."),
        (
            "--vcpus 1..1024*2 --ext 14,13",
            "Up to vcpus=188 it may cost more; it first saves at vcpus=5; from vcpus=217 on it always saves; the first",
        ),
        (
            "--vms 1..4 --vcpus 1 --ext 14,13 --host server-256",
            "It may take less than ext=14, but surely does at no vms.",
        ),
        ("--memory 1GiB,4GiB --ext 2,14", "It saves for every memory=1 GiB..4 GiB by 1 GiB; the first whole page at"),
        ("--vcpus 1..9 --ext 2,14,40", "break-even: ext=40 takes less at no vcpus=1..9 "),
        (
            "--vcpus 1,40,41 --ext 14,13 --figure pte_list_desc.bytes.waste",
            "at vcpus=41. It first saves at vcpus=5, but not always beyond.",
        ),
    ],
)
def test_break_evens_in_words(run: Callable[..., Result], line: str, says: str) -> None:
    assert says in " ".join(run("sweep", *shlex.split(line)).stdout.split())


def test_break_evens_of_many_columns_are_a_table(run: Callable[..., Result]) -> None:
    text = run("sweep", "--vcpus", "1..64*2", "--ext", "2,8,13,14,15").stdout
    title = "break-even against ext=14, for every vcpus=1..64: always saves from, first saves at"
    assert title in " ".join(text.split())
    assert re.search(r"^2 +1 +1 +2 +-$", text, re.MULTILINE)
    assert re.search(r"^15 +- +- +- +64$", text, re.MULTILINE)


# bars


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted), min_size=1), st.integers(8, 40))
def test_bars_are_as_long_as_what_they_stand_for(values: list[list[int]], room: int) -> None:
    ends = [(low, high) for low, high in values]
    most = max(high for _, high in ends)
    for (low, high), bar in zip(ends, bars.bars(ends, room), strict=True):
        assert len(bar) <= room
        if most:
            assert bar.count("#") == -(-low * room // most)
            assert len(bar) == -(-high * room // most)
        assert set(bar) <= {"#", "."}
    assert bars.bars([None, (0, 0)], room) == ["", ""]


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)).map(sorted), min_size=1), st.integers(8, 40))
def test_bars_of_changes_go_both_ways(values: list[list[int]], room: int) -> None:
    ends = [(low, high) for low, high in values]
    drawn = bars.changes(ends, room)
    both = min(low for low, _ in ends) < 0 < max(high for _, high in ends)
    for (low, high), bar in zip(ends, drawn, strict=True):
        assert len(bar) <= room + 1
        left, middle, right = bar.partition("|")
        assert (not both) or middle == "|" or room < 2 or "|" not in "".join(drawn)
        assert ("+" in bar) is (low > 0)
        assert ("-" in bar) is (high < 0)
        if middle:
            assert bool(right.strip(".+")) is False
            assert bool(left.strip(".- ")) is False


# the chart


def drawn(run: Callable[..., Result], line: str) -> tuple[ET.Element, list[ET.Element]]:
    result = run("sweep", *shlex.split(line), "--format", "svg")
    assert result.exit_code == 0, result.stderr
    root = ET.fromstring(result.stdout)
    return root, root.findall("{http://www.w3.org/2000/svg}polyline")


def pixels(line: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]


def places(line: ET.Element) -> list[tuple[float, float]]:
    """Return where each point is: the start of each step, if there are steps."""
    found = pixels(line)
    ys = [y for _, y in found]
    return found[::2] if len(found) % 2 == 0 and ys[::2] == ys[1::2] else found


@pytest.mark.parametrize(
    "line", ["--vcpus 1..1024*2 --ext 2,4,14 --log", "--vcpus 1..9 --ext 2,14 --delta", "--ext 2..20"]
)
def test_the_chart_has_every_point_where_it_belongs(run: Callable[..., Result], line: str) -> None:
    """The pixels of each line are a linear image of its values: two known points give all others."""
    points = document(run, line)["points"]
    _, lines = drawn(run, line)
    values: dict[str, list[int]] = {}
    for point in points:
        ends = point["change"] if "--delta" in line else point
        name = f"ext={point['axes']['ext']}" if "vcpus" in point["axes"] else "figure"
        if ends is not None:
            values.setdefault(name, []).append(ends["high"])
    assert {each.attrib["data-name"] for each in lines} == set(values)
    known = [
        (y, value)
        for each in lines
        for (_, y), value in zip(places(each), values[each.attrib["data-name"]], strict=True)
    ]
    (top, most), (bottom, least) = min(known), max(known)
    for y, value in known:
        assert y == pytest.approx(bottom + (value - least) / (most - least) * (top - bottom), abs=0.11)
    for each in lines:
        across = [x for x, _ in places(each)]
        steps = [after - before for before, after in pairwise(across)]
        assert max(steps) - min(steps) <= 0.21, "evenly spaced: doubling, or one by one"


def test_the_chart_says_all_that_it_needs(run: Callable[..., Result]) -> None:
    root, lines = drawn(run, "--vcpus 1..64*2 --ext 2,14 --host server-256")
    text = "".join(root.itertext())
    for wanted in ("vcpus", "ext=2", "ext=14", "bytes", WHOLE, "KiB", "$ ptelist sweep", "kernel: 6.18"):
        assert wanted in text
    assert len(lines) == 4, "open figures have a line at each end"
    assert len(root.findall("{http://www.w3.org/2000/svg}polygon")) == 2
    source = run("sweep", "--vcpus", "1..4", "--format", "svg").stdout
    assert "href" not in source, "self-contained"
    assert "url(" not in source
    assert source.isascii()


def test_the_axis_is_linear_unless_asked_and_steps_are_steps(run: Callable[..., Result]) -> None:
    _, lines = drawn(run, "--vcpus 1..64*2 --ext 2,14")
    across = [x for x, _ in pixels(lines[0])]
    for (before, after), wide in zip(pairwise(across), (1, 2, 4, 8, 16, 32), strict=True):
        assert after - before == pytest.approx((across[-1] - across[0]) * wide / 63, abs=0.2)
    _, (line,) = drawn(run, "--vcpus 1..9")
    for one, other in pairwise(pixels(line)):
        assert one[0] == other[0] or one[1] == other[1], "flat or upright"


def test_a_break_even_is_marked_and_told(run: Callable[..., Result]) -> None:
    line = "--vcpus 1..300 --ext 13,14"
    (found,) = document(run, line)["break_evens"]
    root, _ = drawn(run, line)
    (mark,) = (each for each in root if each.get("class") == "break-even")
    ticks = {int(each.text): float(each.attrib["x"]) for each in root if each.get("y") == "456.0" and each.text}
    (one, here), *_, (last, there) = ticks.items()
    assert float(mark.attrib["x1"]) == pytest.approx(
        here + (found["less_from"] - one) * (there - here) / (last - one), abs=1
    )
    text = "".join(root.itertext())
    assert f"ext=13 saves from {found['less_from']} on" in text
    assert "kernel: 6.18\n" in text
    assert "memcg on\n" in text


def test_words_for_values_are_spaced_evenly(run: Callable[..., Result]) -> None:
    root, (line,) = drawn(run, "--kernel 5.14,6.1,6.18,7.3 --ext 2")
    across = [x for x, _ in pixels(line)]
    assert across == sorted(across)
    assert {"5.14", "7.3"} <= set(root.itertext())
    _, swapped = drawn(run, "--kernel 5.14,6.1,6.18,7.3 --vcpus 1,64")
    names = {each.attrib["data-name"] for each in swapped}
    assert names == {f"kernel={name}" for name in ("5.14", "6.1", "6.18", "7.3")}, "numbers below, a line a kernel"


def test_too_many_lines_are_refused(run: Callable[..., Result]) -> None:
    assert "a chart has at most 40 lines, this would have 41" in refused(
        run("sweep", "--vcpus", "1..60", "--ext", "2..42", "--format", "svg")
    )


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), st.booleans())
def test_ticks_are_round_and_few(low: int, more: int, binary: bool) -> None:
    found = svg.ticks(low, low + more, binary=binary)
    assert len(found) <= svg.MOST_TICKS + 1
    assert all(low <= tick <= low + more for tick in found)
    if len(found) > 1:
        step = found[1] - found[0]
        assert step.bit_count() == 1 if binary else str(step).rstrip("0") in {"1", "2", "5"}
        assert all(tick % step == 0 for tick in found)


def test_amounts() -> None:
    assert svg.amount(1024, binary=True) == "1 KiB"
    assert svg.amount(-(1 << 20), binary=True) == "-1 MiB"
    assert svg.amount(12345, binary=False) == "12,345"
