"""Shadow pages and page headers of nested boots: what traces and slab counters had is what commands print."""

from __future__ import annotations

import lzma
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from helpers import scenario
from test_nested import CASES, OBJECTS, RUNS, TABLES, ends, exact, printed, replayed, rows, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers import Figures

HEADERS = "kvm_mmu_page_header.objects"
EVENT = re.compile(
    rb" (pte_list_add|pte_list_remove|pte_list_destroy|kvm_zap_all_rmap_sptes): .*?(?:spte=(\S+) )?head=(\S+)"
)
PAGE = 4096


class AtPeak(NamedTuple):
    """What a trace has while lists take the most descriptors: from that line on, until an entry leaves a chain."""

    fewest: int
    """Pages in which SPTEs of lists lie: each is a shadow page."""
    ever: int
    """Pages in which one has lain by then: the others are empty shadow pages, or were freed."""
    trace: bytes
    """The lines up to there."""


class Sptes:
    """The lists of a trace by the addresses of their heads and SPTEs."""

    def __init__(self) -> None:
        self._lists: dict[bytes, set[int]] = {}
        self.chains: set[bytes] = set()
        """Heads of lists that had two entries since they were last empty."""
        self.ever: set[int] = set()

    @property
    def pages(self) -> int:
        return len({spte // PAGE for each in self._lists.values() for spte in each})

    def follow(self, call: bytes, spte: int, head: bytes) -> None:
        found = self._lists.setdefault(head, set())
        if call == b"pte_list_add":
            found.add(spte)
            self.ever.add(spte // PAGE)
            self.chains |= {head} if len(found) > 1 else set()
            return
        found -= {spte} if call == b"pte_list_remove" else set(found)
        if not found:
            self.chains.discard(head)


def at_peak(case: str) -> AtPeak:
    """Return what a run's trace has at the peak of its lists."""
    series, path = case.partition("-")[0], RUNS / f"{case}.trace.xz"
    peak = replayed(path, series)["peaks"][0]["line"]
    lines = lzma.decompress(path.read_bytes()).splitlines(keepends=True)
    sptes, fewest = Sptes(), len(lines)
    for number, line in enumerate(lines, 1):
        event = EVENT.search(line)
        if event and number > peak and event[1] != b"pte_list_add" and event[3] in sptes.chains:
            return AtPeak(fewest, len(sptes.ever), b"".join(lines[: number - 1]))
        if event:
            sptes.follow(event[1], int(event[2] or b"0", 16), event[3])
        if number >= peak:
            fewest = min(fewest, sptes.pages)
    raise AssertionError("lists take the most until the end")


@pytest.mark.parametrize("case", CASES)
def test_shadow_pages_of_a_preset_are_those_of_its_run(case: str) -> None:
    found = at_peak(case)
    told = scenario(vm=f"nested-{case}", kernel=case.partition("-")[0]).vms[0].shadow_tables
    assert told == (found.fewest, found.ever)


@pytest.mark.parametrize("case", CASES)
def test_what_a_run_held_at_its_peak_is_printed(case: str, tmp_path: Path) -> None:
    """Descriptors in lists and in the vCPU's cache: on 7.3 some had been drawn for lists that were gone."""
    series, path = case.partition("-")[0], tmp_path / "trace.xz"
    path.write_bytes(lzma.compress(at_peak(case).trace))
    (config,) = replayed(path, series)["configs"]
    live, cached = (exact(config, f"replay.{name}") for name in ("live", "cached"))
    assert live == exact(config, "replay.peak")
    found = printed(f"--vm nested-{case} --kernel {series}")
    assert within(found[OBJECTS], live + cached)
    assert within(found[f"{OBJECTS}.vcpu_caches"], cached)


PRESETS = {
    "6.1-bios": "6.1-pc-nodefaults", "6.1-nosmm": "6.1-pc-nosmm", "6.1-biosd": "6.1-pc", "6.1-ev-biosd": "6.1-pc",
    "6.1-biosq": "6.1-q35", "6.1-linux": "6.1-linux", "6.1-seq": "6.1-eight", "7.3-ev-nosmm": "7.3-pc-nosmm",
}  # fmt: skip
"""Runs of e2-runs.csv, and the presets of the same VMs; of `two` there is none."""
L2_IS_THERE = ("start", "reached", "end")


def headers() -> Iterator[tuple[int, Figures]]:
    """Yield the page headers that slabinfo counted while an L2 was there, and what is printed for such a VM."""
    for row in rows("e2-runs.csv"):
        if row["run"] in PRESETS and row["phase"].rpartition("-")[2] in L2_IS_THERE:
            yield int(row["hdr_active"]), _of_preset(row["run"])


def _of_preset(run: str, *options: str) -> Figures:
    case = PRESETS[run]
    return printed(" ".join(("--vm", f"nested-{case}", "--kernel", case.partition("-")[0], "--cpus", "1", *options)))


def test_page_headers_of_nested_boots_are_printed() -> None:
    """Those of L1's tables, of shadow pages, and in the vCPU's cache: of every run that has a preset.

    How wide the ranges are is in the table of the manual (accuracy.py).
    """
    found = list(headers())
    assert len(found) == len(L2_IS_THERE) * len(PRESETS)
    for counted, figures in found:
        assert within(figures[HEADERS], counted)


def test_page_headers_before_an_l2_are_printed() -> None:
    """L1's firmware deletes memslots, and tables with them: fewer are left than the first top-up took."""
    before = [row for row in rows("e2-runs.csv") if row["phase"] == "l1-kvm-loaded" and row["run"] in PRESETS]
    assert len(before) == len(PRESETS)
    for row in before:
        assert within(_of_preset(row["run"], "--no-nested", "--history", "any")[HEADERS], int(row["hdr_active"]))


def test_told_shadow_pages() -> None:
    """L1's 259 tables of 512 MiB at 4K, and those told; one of these is a root, without shadowed translations."""
    line = "--kernel 6.18 --memslots ram --no-smm --memory 512MiB --leaf 4K"
    found = printed(f"{line} --nested --l2-memory 64MiB --set vm.shadow_tables=[10,30]")
    assert found[TABLES] == (259 + 10, 259 + 30)
    assert found["page_tables.bytes.shadowed_info"] == (0, 29 * PAGE)
    assert printed(f"{line} --paging shadow --set vm.shadow_tables=[7,7]")[TABLES] == 7


def test_told_shadow_pages_are_those_of_orphans_and_smm_too() -> None:
    line = "--kernel 6.18 --nested --leaf 4K --l2-memory 64MiB --set vm.shadow_tables=[10,30]"
    assert ends(printed(line)[TABLES]) == ends(printed(f"{line} --l2-smm --l1-replacements 3")[TABLES])
