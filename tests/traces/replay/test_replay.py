"""`ptelist replay`: traces of real kernels, of none, and damaged ones."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import subprocess
import sys
import tracemalloc
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from exploring import examples
from helpers import one_line
from hypothesis import given
from hypothesis import strategies as st
from kernel.tracing import definitions
from refusals import refused

from ptelist.cli import main
from ptelist.engine.difference import difference
from ptelist.engine.lists.descriptors import List
from ptelist.output.files import bar, size
from ptelist.settings.columns import expand
from ptelist.traces.replay import one_pass, page, probes, trace_reader
from ptelist.traces.replay.replay import Replayed, replay
from ptelist.traces.replay.trace_reader import TraceReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

TRACES = Path(__file__).parents[2] / "data/traces"
RECORDED = sorted(path.stem for path in TRACES.glob("*.trace"))
LISTED = sorted(path.stem for path in TRACES.glob("*.set_spte"))


def replayed(text: str | bytes, kernel: str = "6.18", *options: tuple[str, str]) -> Replayed:
    """Return what a trace gives under a kernel's own rule, and others."""
    data = text.encode() if isinstance(text, str) else text
    return replay(io.BytesIO(data), "trace", expand((), [("kernel", kernel), *options]), "ptelist replay")


def held(found: Replayed) -> list[int]:
    """Return the descriptors in use that the slab counter said, at each mark."""
    return [int(mark.text.removeprefix("held=")) for mark in found.marks]


def counts(found: Replayed, column: int = 0) -> dict[str, int]:
    """Return the replay's own figures without their prefix."""
    ledger = found.comparison.ledgers[column]
    assert all(term.exact for name, term in ledger.items() if name.startswith("replay."))
    return {name.removeprefix("replay."): term.low for name, term in ledger.items() if name.startswith("replay.")}


# real traces: `pytest -m kernel --record tests/kernel/test_traces.py`


def test_three_eras_are_recorded() -> None:
    assert RECORDED == ["5.10", "6.1", "7.3"]
    assert LISTED == ["6.1", "7.3"]


@pytest.mark.parametrize("series", RECORDED)
def test_a_real_trace_is_replayed_exactly(series: str) -> None:
    """At each of 125 marks the descriptors in lists and in the vCPU's cache are those that SLUB counted."""
    found = replayed((TRACES / f"{series}.trace").read_text(encoding="utf-8"), series)
    assert not found.odd
    assert len(found.marks) == 125
    assert [mark.live[0] + mark.cached[0] for mark in found.marks] == held(found)
    assert max(mark.live[0] for mark in found.marks) >= 3
    assert [*found.marks[-1].live, *found.marks[-1].cached] == [0, 0]
    ours = counts(found)
    assert ours["allocs"] == ours["frees"] > 3
    assert ours["topups"] >= 2
    assert ours["held_peak"] == max(held(found))


@pytest.mark.parametrize("series", RECORDED)
def test_another_rule_does_not_fit_a_real_trace(series: str) -> None:
    """The slab counter tells PTE_LIST_EXT and policy apart: the test above can fail."""
    text = (TRACES / f"{series}.trace").read_text(encoding="utf-8")
    own = {"5.10": (3, "walk"), "6.1": (14, "walk"), "7.3": (14, "head")}[series]
    found = replayed(text, series, ("ext", "2,3,4,14"), ("list-policy", "walk,head"))
    fits = [
        (column.scenario.kernel.pte_list_ext, column.scenario.kernel.list_policy)
        for number, column in enumerate(found.comparison.columns)
        if [mark.live[number] + mark.cached[number] for mark in found.marks] == held(found)
    ]
    assert fits == [own]


@pytest.mark.parametrize("series", LISTED)
def test_the_envelope_of_a_real_trace(series: str) -> None:
    """Recorded of the same steps as the exact trace but for the parents, which SPTEs do not show."""
    upper = replayed((TRACES / f"{series}.set_spte").read_text(encoding="utf-8"), series)
    exact = replayed((TRACES / f"{series}.trace").read_text(encoding="utf-8"), series)
    assert upper.envelope
    assert len(upper.marks) > 80
    for low, high in zip(exact.marks, upper.marks, strict=False):
        assert low.live[0] <= high.live[0]
    ledger = upper.comparison.ledgers[0]
    assert (ledger["replay.peak"].low, ledger["replay.peak"].high) == (0, max(mark.live[0] for mark in upper.marks))
    assert "replay.allocs" not in ledger


# the text form

EXAMPLE = """\
# two lists, three vCPUs
topup cpu0
add a 1 cpu0
add a 2 cpu0
add b 1
mark two lists
remove a 1
add  b\t2   cpu0
zap b
free cpu0
"""


def test_the_text_form() -> None:
    found = replayed(EXAMPLE)
    assert not found.odd
    ours = counts(found)
    assert ours == {
        "live": 1,
        "peak": 2,
        "held_peak": 40,
        "allocs": 2,
        "frees": 1,
        "topups": 1,
        "cached": 0,
        "peak_bytes": 2 * 128,
    }
    (mark,) = found.marks
    assert (mark.at, mark.text, [*mark.live], [*mark.cached]) == (6, "two lists", [1], [39])
    assert found.samples[-1].lengths == {1: 1}


@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_the_most_that_lists_and_caches_hold_together(random: Random, steps: int) -> None:
    """With a mark after each operation no moment is missed; ext=14 and ext=2 draw on their caches at other moments."""
    text, live = "", {}
    for entry in range(steps):
        cache = random.choice(("cpu0", "cpu1", ""))
        match random.randrange(6):
            case 0:
                text += f"topup {cache or 'cpu0'}\n"
            case 1:
                text += f"free {cache or 'cpu0'}\n"
            case 2 if live:
                gone = random.choice(list(live))
                text += f"remove {live.pop(gone)} {gone}\n"
            case _:
                live[entry] = random.choice("ab")
                text += f"add {live[entry]} {entry} {cache}\n"
        text += "mark\n"
    found = replayed("add z 0\n" + text, "6.18", ("ext", "2,14"))
    for number in range(2):
        assert counts(found, number)["held_peak"] == max(mark.held[number] for mark in found.marks)


def test_slabs_are_those_of_lists_and_caches_together(run: Callable[..., Result]) -> None:
    """SeaBIOS in L1 on 7.3: 4 descriptors in lists at most, and 40 with the cache that they came from.

    40 of 128 bytes fill two slabs of 32, and with a sheaf's other 59 four; of 32 bytes one of 128. A slab is 4,096
    bytes and a vector of 8 an object. It lies within what compare says of any run of such a VM.
    """
    trace = lzma.decompress((TRACES / "nested/7.3-pc.trace.xz").read_bytes())
    options = ("--kernel", "7.3", "--ext", "2,14", "--cpus", "1")
    result = CliRunner().invoke(main, ["replay", "-", *options], input=trace)
    assert result.stdout.startswith("ext=2 takes between 3,584 and 12,288 bytes (3.5..12.0 KiB) less than\next=14: ")
    assert "those of lists and vCPU caches together" in " ".join(result.stdout.split())
    whole = ("pte_list_desc.bytes.total",)
    rows = [
        [row for row in csv.DictReader(io.StringIO(text)) if row["figure"] in whole]
        for text in (
            CliRunner().invoke(main, ["replay", "-", *options, "--format", "csv"], input=trace).stdout,
            run("compare", "nested-7.3-pc", *options, "--format", "csv").stdout,
        )
    ]
    assert [(row["low"], row["high"]) for row in rows[0]] == [("5120", "5120"), ("8704", "17408")]
    for told, of_any_run in zip(*rows, strict=True):
        for low, high in (("low", "high"), ("change_low", "change_high")):
            if told[low]:
                assert int(of_any_run[low]) <= int(told[low]) <= int(told[high]) <= int(of_any_run[high])


def test_lists_alone_are_called_that(run: Callable[..., Result], tmp_path: Path) -> None:
    """A trace without top-ups tells nothing of caches."""
    file = tmp_path / "trace"
    file.write_text("add a 1\nadd a 2\n", encoding="utf-8")
    pair = " ".join(run("replay", str(file), "--ext", "2,14").stdout.split())
    assert "17.6% of pte_list_desc.bytes.total. These are the lists alone, without what vCPU caches hold. " in pair
    assert "pte_list_desc.bytes: those of the lists alone, at their peak: no vCPU cache is topped up" in pair
    assert run("replay", str(file)).stdout.startswith("At their peak the lists took ")
    file.write_text("topup c\nadd a 1\nadd a 2 c\n", encoding="utf-8")
    assert run("replay", str(file)).stdout.startswith("At their peak lists and vCPU caches took ")
    assert "lists alone" not in run("replay", str(file), "--ext", "2,14").stdout


def test_an_envelope_of_other_ends_may_be_anything_within() -> None:
    """A page with 15 entries in the lists of two address spaces takes 3 descriptors at most, of 8 entries as of 14.

    How many entries have left is open, so one may take fewer than the other.
    """
    event = "q-1 [000] d..1 1.0: kvm_mmu_set_spte: gfn {:x} spte 1 (rwxu) level 1 at {:x}\n"
    text = "".join(event.format(1, entry) for entry in range(15))
    found = replayed(text, "6.18", ("ext", "8,14"))
    old, new = (ledger["replay.peak"] for ledger in found.comparison.ledgers)
    assert (old.high, new.high) == (3, 3)
    assert difference(old, new) == (-3, 3)


PACKERS = {"gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}


@pytest.mark.parametrize("name", [*PACKERS, "zstd"])
@pytest.mark.parametrize("size", [1, 100_000])
def test_a_compressed_trace_is_called_that(run: Callable[..., Result], tmp_path: Path, name: str, size: int) -> None:
    noise = Random(1).randbytes(size)
    packed = PACKERS[name](noise) if name in PACKERS else b"\x28\xb5\x2f\xfd" + noise
    file = tmp_path / "my trace"
    file.write_bytes(packed)
    said = refused(run("replay", str(file)))
    assert said == (
        f"ptelist: {file}: is compressed, expected a trace as text: {name} -dc '{file}' | ptelist replay -\n"
    )
    assert f"{name} -dc '{file}' | ptelist best --trace -" in refused(run("best", "--trace", str(file)))
    result = CliRunner().invoke(main, ["replay", "-"], input=packed)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"-: is compressed, expected a trace as text: {name} -dc FILE | ptelist replay -" in result.stderr


def events(seed: int, count: int) -> str:
    """Return random operations on lists that the engine of one list keeps as well."""
    random = Random(seed)
    lines, live = [], []
    for number in range(count):
        if live and random.random() < 0.45:
            lines.append("remove {} {}".format(*live.pop(random.randrange(len(live)))))
        else:
            live.append((f"list{random.randrange(9)}", number))
            lines.append("add {} {}".format(*live[-1]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(5))
def test_several_rules_at_once_are_each_alone(seed: int) -> None:
    text = events(seed, 2000)
    both = replayed(text, "6.18", ("ext", "2,4,8,14"), ("list-policy", "walk,head"))
    for number, column in enumerate(both.comparison.columns):
        kernel = column.scenario.kernel
        chains: dict[str, List] = {}
        for line in text.splitlines():
            op, key, entry = line.split()
            chain = chains.setdefault(key, List(kernel.pte_list_ext, kernel.list_policy))
            (chain.add if op == "add" else chain.remove)(entry)
        ours = counts(both, number)
        assert ours["live"] == sum(chain.descriptors for chain in chains.values())
        assert ours["allocs"] == sum(chain.allocs for chain in chains.values())


def test_how_lines_arrive_does_not_matter() -> None:
    """A pipe gives what it has: the same figures and samples come of it."""
    text = events(7, 30_000).encode()

    class Dribble(io.RawIOBase):
        def __init__(self) -> None:
            self._left, self._random = text, Random(3)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:
            count = min(len(buffer), self._random.randrange(1, 9000), len(self._left))
            buffer[:count], self._left = self._left[:count], self._left[count:]
            return count

    found = expand((), [])
    slow = replay(io.BufferedReader(Dribble()), "trace", found, "c")
    fast = replay(io.BytesIO(text), "trace", found, "c")
    assert slow.samples == fast.samples
    assert len(fast.samples) > 4
    assert slow.comparison == fast.comparison


def test_memory_grows_with_live_entries_alone() -> None:
    """Ten times as many events of as many live entries: no more memory."""

    class Endless(io.RawIOBase):
        def __init__(self, rounds: int) -> None:
            adds = b"".join(b"add %d %d\n" % (number % 50, number) for number in range(1000))
            self._round, self._left = adds + adds.replace(b"add", b"remove"), rounds

        def read(self, _size: int = -1) -> bytes:
            self._left -= 1
            return self._round if self._left >= 0 else b""

    peaks = []
    for rounds in (5, 50):
        columns = expand((), [])
        tracemalloc.start()
        replay(Endless(rounds), "trace", columns, "c")  # type: ignore[arg-type]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# what makes a trace inexact


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("add a 1\nremove a 2\nadd a 2\n", trace_reader.REMOVED, 2),
        ("remove a 2\nadd a 2\n", trace_reader.REMOVED, 1),
        ("add a 1\nadd a 1\n", trace_reader.TWICE, 2),
        ("add a 1\nadd a 2\nadd a 1\n", trace_reader.TWICE, 3),
        ("add a 1\nCPU:0 [LOST 12 EVENTS]\n", trace_reader.LOST, 2),
        ("add a 1\nCPU:3 [EVENTS DROPPED]\n", trace_reader.LOST, 2),
        ("add a 1\nCPU:3 [7 EVENTS DROPPED]\n", trace_reader.LOST, 2),
        ("# entries-in-buffer/entries-written: 10/12   #P:4\nadd a 1\n", trace_reader.LOST, 1),
        ("add a 1\nadd a 2", trace_reader.CUT, 2),
        ("add a 1\nadd a", trace_reader.CUT, 2),
    ],
)
def test_what_is_odd_is_said_with_its_line(text: str, what: str, line: int) -> None:
    found = replayed(text)
    assert found.odd == {what: (1, line)}
    assert found.inexact_from == line
    assert str(found.comparison.assumptions[0]) == f"INEXACT from line {line} on: {trace_reader.ODD[what]}"


def test_what_is_odd_often_is_counted() -> None:
    found = replayed("add a 1\n" + "remove b 1\n" * 1234)
    assert found.odd == {trace_reader.REMOVED: (1234, 2)}
    assert "INEXACT from line 2 on: removed without having been added (1,234 times)" in map(
        str, found.comparison.assumptions
    )
    assert not replayed("# entries-in-buffer/entries-written: 5/5 #P:1\nadd a 1\n").odd


def test_zapping_an_empty_list_is_nothing_odd() -> None:
    """The kernel zaps the lists of all pages that the host takes back, most of them empty."""
    assert not replayed("zap a\nadd a 1\n").odd


# ftrace, trace-cmd, perf

FTRACE = "    CPU 0/KVM-1234    [002] d..1.   123.456789: {}: ({}+0x0/0x1b0 [kvm]) {}\n"
FORMS = {
    "ftrace": FTRACE,
    "builtin": "  qemu-1234 [002] d..1 123.456789: {}: ({}+0x0/0x1b0) {}\n",
    "trace-cmd": "       CPU 0/KVM-1234  [002]   123.456789: {}:        (ffffffffc0a12340) {}\n",
    "perf": " CPU 0/KVM  1234 [002]   123.456789: ptelist:{}: (ffffffffc0a12340) {}\n",
}
CALLS = (
    ("pte_list_add", "cache=0xc spte=0x10 head=0xa"),
    ("pte_list_add", "cache=0xc spte=0x18 head=0xa"),
    ("pte_list_add", "cache=0xc spte=0x20 head=0xb"),
    ("pte_list_remove", "spte=0x10 head=0xa"),
    ("kvm_mmu_topup_memory_cache", "cache=0xc min=14"),
    ("kvm_mmu_topup_memory_cache", "cache=0xd min=5"),
    ("kvm_zap_all_rmap_sptes", "head=0xa"),
)


def lines(form: str, renamed: Callable[[str], str] = str) -> str:
    count = form.count("{}")
    return "".join(form.format(*(renamed(name), name)[: count - 1], arguments) for name, arguments in CALLS)


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_ftrace(form: str) -> None:
    found = replayed(lines(FORMS[form]))
    assert not found.odd
    caches = {"topups": 1, "cached": 40, "held_peak": 41}
    assert counts(found) == {"live": 0, "peak": 1, "peak_bytes": 128, "allocs": 1, "frees": 1, **caches}


@pytest.mark.parametrize(
    "renamed",
    [
        lambda name: f"p_{name}_0",
        lambda name: f"p_{name}_isra_0_0",
        lambda name: {"pte_list_remove": "__pte_list_remove"}.get(name, name),
    ],
)
def test_names_of_events(renamed: Callable[[str], str]) -> None:
    assert counts(replayed(lines(FTRACE, renamed)))["allocs"] == 1


def test_an_event_is_known_by_its_symbol() -> None:
    """Whatever someone called the probe; a made-over function is still that function."""
    form = "  qemu-1 [002] d..1 123.4: grow: ({}.isra.0+0x0/0x1b0 [kvm]) {}\n"
    text = "".join(form.format("pte_list_add", f"sptep={number} rmap_head=0xa") for number in range(5))
    caches = {"topups": 0, "cached": 0, "held_peak": 1}
    assert counts(replayed(text)) == {"live": 1, "peak": 1, "peak_bytes": 128, "allocs": 1, "frees": 0, **caches}


def test_other_events_between_are_passed_over() -> None:
    other = "    CPU 0/KVM-1234    [002] d..1.   123.456789: kvm_exit: reason EPT_VIOLATION rip 0x0 add a 1\n"
    text = "".join(line + other for line in lines(FTRACE).splitlines(keepends=True))
    found = replayed(text)
    assert counts(found)["allocs"] == 1
    assert any("7 of them of other events" in note.text for note in found.comparison.assumptions)


def test_fields_may_come_in_any_order_with_others_between() -> None:
    text = FTRACE.format("pte_list_add", "pte_list_add", "head=0xa kvm=0x1 spte=0x1 more=3 cache=0xc")
    text += text.replace("spte=0x1", "spte=0x2")
    found = replayed(text)
    assert counts(found)["allocs"] == 1
    assert "top-ups and what caches held are lower bounds" in " ".join(map(str, found.comparison.assumptions))


def test_an_event_may_have_its_fields_in_several_orders() -> None:
    """An entry that was added in one order is the one that is removed in another, in either order of the two."""
    orders = ("spte=0x1 head=0xa", "head=0xa spte=0x1")
    for first in orders:
        for then in orders:
            text = FTRACE.format("pte_list_add", "pte_list_add", first)
            text += FTRACE.format("pte_list_remove", "pte_list_remove", then)
            text += FTRACE.format("pte_list_add", "pte_list_add", then)
            found = replayed(text + FTRACE.format("pte_list_remove", "pte_list_remove", first))
            assert not found.odd
            assert found.samples[-1].lengths == {}


def test_operations_as_text_and_events_are_of_the_same_lists() -> None:
    found = replayed("add 0xa 0x1\n" + FTRACE.format("pte_list_remove", "pte_list_remove", "spte=0x1 head=0xa"))
    assert not found.odd
    assert found.samples[-1].lengths == {}


def test_bad_events() -> None:
    with pytest.raises(Exception, match=r"trace:1: pte_list_add: without head= and spte="):
        replayed(FTRACE.format("pte_list_add", "pte_list_add", "arg1=0xa arg2=0x1"))
    good = FTRACE.format("pte_list_add", "pte_list_add", "spte=0x1 head=0xa")
    with pytest.raises(Exception, match=r"trace:2: pte_list_add: without head= and spte="):
        replayed(good + FTRACE.format("pte_list_add", "pte_list_add", "spte=0x1 hea"))
    spte = "  qemu-1 [0] .... 1.0: kvm_mmu_set_spte: gfn 12 spte 8600 (rwxu) level 1 at 3f4c\n"
    with pytest.raises(Exception, match=r"trace:2: has events of lists and of kvm_mmu_set_spte"):
        replayed(spte + good)
    with pytest.raises(Exception, match=r"trace:2: has events of lists and of kvm_mmu_set_spte"):
        replayed(good + spte)


# bad input


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ": no event of a list in 0 lines: see ptelist replay --probe-script"),
        ("hello\nworld\n", ": no event of a list in 2 lines"),
        ("add a 1\nadd a\n", ':2: add has 1 names, expected "add LIST ENTRY [CACHE]"'),
        ("add a 1\nadd a 2 3 4\n", ':2: add has 4 names, expected "add LIST ENTRY [CACHE]"'),
        ("remove a 1 2\n", ':1: remove has 3 names, expected "remove LIST ENTRY"'),
        ("zap\n", ':1: zap has 0 names, expected "zap LIST"'),
        ("topup\n", ':1: topup has 0 names, expected "topup CACHE"'),
        ("add a 1\n" + "x" * 200_000 + "\n", ":2: a line of more than 65,536 bytes, not a trace"),
        ("x" * 200_000, ":1: a line of more than 65,536 bytes, not a trace"),
    ],
)
def test_bad_traces(run: Callable[..., Result], text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text(text, encoding="utf-8")
    assert f"{file}{says}" in refused(run("replay", str(file)))


def test_bad_usage(run: Callable[..., Result], tmp_path: Path) -> None:
    assert "No such file" in refused(run("replay", str(tmp_path / "none")))
    assert "is a directory, expected a trace" in refused(run("replay", str(tmp_path)))
    assert "TRACE or --probe-script" in refused(run("replay"))
    assert "TRACE or --probe-script" in refused(run("replay", "x", "--probe-script"))
    assert "one kernel at a time" in refused(run("replay", "--probe-script", "--kernel", "6.1,7.3"))


SHORT = "".join((TRACES / "6.1.trace").read_text(encoding="utf-8").splitlines(keepends=True)[:60]).encode()


@examples(150)
@given(st.data())
def test_any_damage_ends_in_one_line(data: st.DataObject) -> None:
    blob = bytearray(SHORT if data.draw(st.booleans()) else EXAMPLE.encode())
    for _ in range(data.draw(st.integers(1, 8))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.sampled_from(b"\n =():#[]x0\xff"))
    with one_line():
        replayed(bytes(blob))


# output


def test_formats(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text(EXAMPLE, encoding="utf-8")
    data = json.loads(run("replay", str(file), "--ext", "2,14", "--format", "json").stdout)
    assert (data["exact"], data["envelope"], data["inexact_from"], data["lines"]) == (True, False, None, 10)
    assert data["marks"] == [{"at": 6, "text": "two lists", "live": [1, 1], "cached": [39, 39], "held": [40, 40]}]
    assert data["longest"] == 2
    assert data["peaks"] == [{"line": 8, "lists": {"1": 1, "2": 1}}, {"line": 8, "lists": {"1": 1, "2": 1}}]
    assert data["lengths"] == [{"line": 10, "lists": {"1": 1}}]
    assert data["configs"][0]["figures"]["replay.peak"] == {"low": 2, "high": 2, "unit": "objects"}
    rows = list(csv.DictReader(io.StringIO(run("replay", str(file), "--format", "csv").stdout)))
    assert {"replay.live", "pte_list_desc.bytes.total"} <= {row["figure"] for row in rows}
    assert "**lists by length**" in run("replay", str(file), "--format", "markdown").stdout
    for width in (40, 60, 72):
        text = run("replay", str(file), "--ext", "2,4,8,14", columns=width).stdout
        assert text.isascii()
        assert max(map(len, text.partition("\n$ ")[0].splitlines())) <= width


def test_stdin(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ptelist", "replay", "-"]
    done = subprocess.run(command, input=EXAMPLE, capture_output=True, encoding="utf-8", check=True)
    (tmp_path / "t").write_text(EXAMPLE, encoding="utf-8")
    other = subprocess.run([*command[:-1], str(tmp_path / "t")], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.partition("\n$ ")[0] == other.stdout.partition("\n$ ")[0]
    assert done.stderr == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "long", "shown"), [(Terminal(), 1, True), (Terminal(), 1 << 24, False)])
def test_a_long_trace_has_a_progress_bar(
    stream: io.StringIO, long: int, shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, if that is a terminal; nothing of it is on stdout."""
    file = tmp_path / "trace"
    file.write_text(events(1, 20_000), encoding="utf-8")
    monkeypatch.setattr("sys.stderr", stream)
    with bar(size(str(file)), "replaying", long) as progress:
        replay(io.BytesIO(file.read_bytes()), "trace", expand((), []), "c", progress)
    assert ("replaying" in stream.getvalue()) is ("100%" in stream.getvalue()) is shown


# the script that sets the probes up

KALLSYMS = {
    "5.10": (
        "pte_list_add",
        "__pte_list_remove",
        "pte_list_remove",
        "mmu_topup_memory_caches",
        "kvm_arch_vcpu_destroy",
    ),
    "6.1": (
        "pte_list_add",
        "pte_list_remove",
        "pte_list_remove.cold",
        "kvm_zap_all_rmap_sptes",
        "kvm_mmu_topup_memory_cache",
        "kvm_mmu_free_memory_cache",
    ),
    "7.3": (
        "__pfx_pte_list_add.isra.0",
        "pte_list_add.isra.0",
        "pte_list_remove.isra.0",
        "kvm_zap_all_rmap_sptes",
        "kvm_mmu_topup_memory_cache",
        "kvm_mmu_free_memory_cache",
    ),
}


@pytest.mark.parametrize("version", KALLSYMS)
@pytest.mark.parametrize("module", ["\t[kvm]", ""])
def test_the_script_sets_up_what_the_tests_of_real_kernels_do(version: str, module: str, tmp_path: Path) -> None:
    """Those trace seven kernels with these definitions; the shell finds the same symbols and writes the same."""
    rows = [f"ffffffffc0a12340 t {name}{module}" for name in KALLSYMS[version]]
    rows += ["ffffffff81000000 d pte_list_add_data", "ffffffff81000000 T other"]
    (tmp_path / "events/ptelist").mkdir(parents=True)
    for name in ("kprobe_events", "buffer_size_kb", "trace", "tracing_on", "events/ptelist/enable"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "kprobe_events").write_text("p:ptelist/pte_list_add old\np:other/thing x\n", encoding="utf-8")
    (tmp_path / "kallsyms").write_text("\n".join(rows) + "\n", encoding="utf-8")
    script = tmp_path / "probes.sh"
    script.write_text(probes.script(version), encoding="utf-8")
    env = {"PATH": "/usr/bin:/bin", "PTELIST_TRACEFS": str(tmp_path), "PTELIST_KALLSYMS": str(tmp_path / "kallsyms")}
    done = subprocess.run(["sh", str(script), "start"], env=env, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    wanted = definitions(version, rows)
    written = (tmp_path / "kprobe_events").read_text(encoding="utf-8").splitlines()
    assert written[2:] == ["-:ptelist/pte_list_add", *wanted]
    assert len(wanted) == len(probes.calls(version))
    assert (tmp_path / "events/ptelist/enable").read_text(encoding="utf-8") == "1\n"
    assert (tmp_path / "buffer_size_kb").read_text(encoding="utf-8") == "65536\n"
    (tmp_path / "trace").write_text("a trace\n", encoding="utf-8")
    done = subprocess.run(["sh", str(script), "stop"], env=env, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "a trace\n"
    assert (tmp_path / "tracing_on").read_text(encoding="utf-8") == "0\n"
    assert subprocess.run(["sh", str(script)], env=env, capture_output=True, check=False).returncode == 2


def test_arguments_are_where_the_kernel_has_them() -> None:
    """A function that was made over has lost the argument that nobody used."""
    (add,) = [call for call in probes.calls("7.3") if call.op == "add"]
    assert add.fetch_args(made_over=True) == "cache=%di:x64 spte=%si:x64 head=%dx:x64"
    assert add.fetch_args() == "cache=%si:x64 spte=%dx:x64 head=%cx:x64"


def test_a_symbol_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("kprobe_events", "buffer_size_kb", "trace", "tracing_on", "kallsyms"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "events/ptelist").mkdir(parents=True)
    script = tmp_path / "probes.sh"
    script.write_text(probes.script("6.1"), encoding="utf-8")
    env = {"PATH": "/usr/bin:/bin", "PTELIST_TRACEFS": str(tmp_path), "PTELIST_KALLSYMS": str(tmp_path / "kallsyms")}
    done = subprocess.run(["sh", str(script), "start"], env=env, capture_output=True, encoding="utf-8", check=True)
    assert "probes: no symbol pte_list_add, its calls are not seen" in done.stderr


def test_the_script_says_what_it_needs(tmp_path: Path) -> None:
    script = tmp_path / "probes.sh"
    script.write_text(probes.script("6.1"), encoding="utf-8")
    env = {"PATH": "/usr/bin:/bin", "PTELIST_TRACEFS": str(tmp_path / "none")}
    done = subprocess.run(["sh", str(script), "start"], env=env, capture_output=True, encoding="utf-8", check=False)
    if not Path("/sys/kernel/debug/tracing/kprobe_events").exists():
        assert done.returncode == 1
        assert done.stderr.startswith("probes: cannot write /sys/kernel/debug/tracing/kprobe_events: is this root")


def test_the_script_is_printed(run: Callable[..., Result]) -> None:
    text = run("replay", "--probe-script", "--kernel", "6.1").stdout
    assert text == probes.script("6.1")
    assert "--kernel 6.1" in text


def test_blank_lines_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 million of them took longer than as many events."""
    read = []
    other = TraceReader._other
    monkeypatch.setattr(TraceReader, "_other", lambda self, at, line: (read.append(line), other(self, at, line)))
    assert replayed("\n" * 5000 + "add a 1\n\n\nadd a 2\n").lines == 5004
    assert read == [b"add a 1\n"]


def test_marks_of_a_document_are_made_one_at_a_time() -> None:
    """30,000 of 63 columns took 556 MiB all at once."""
    marks = page.data(replayed("add a 1\nmark one\nmark two\n"))["marks"]
    assert [next(marks)["text"], next(marks)["text"], *marks] == ["one", "two"]


@pytest.mark.parametrize("op", ["add a 1", "run vm 0", "open vm"])
def test_marks_that_take_too_much_are_left_out(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_pass, "MOST_BYTES", 1 << 20)
    found = replayed("\n".join([op, *["mark"] * 10_000, ""]), "6.1", ("ext", "2..14"), ("paging", "shadow"))
    kept = len(found.marks or found.stages[:-1])
    assert 10 < kept < 10_000
    (note,) = (note for note in found.comparison.assumptions if note.topic == "marks")
    assert (
        note.text
        == f"from line {kept + 2:,} on they are left out, the {kept:,} before take the 1 MiB that there are for them"
    )


@pytest.mark.parametrize("start", [["add a 1"], ["cpu 0", "open vm", "run vm 0"]])
def test_marks_take_no_more_than_is_counted(start: list[str]) -> None:
    """In memory, each time with another number of everything."""
    lines = [*start]
    for number in range(300):
        lines += [f"add l{number % 9} {number}" if len(start) == 1 else f"run vm {number}", "mark"]
    text = "\n".join([*lines, ""])
    options = ("ext", "2..9"), ("paging", "shadow")
    replayed(text, "6.1", *options)
    tracemalloc.start()
    found = replayed(text, "6.1", *options)
    before, _ = tracemalloc.get_traced_memory()
    marks = found.marks or found.stages
    counted = sum(mark.size for mark in marks)
    del marks
    found = found._replace(marks=(), stages=())
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < before - after < counted
