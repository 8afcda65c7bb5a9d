"""Ratios against a baseline that runs beside: `python tests/benchmarks/run.py [RUNS]`.

Whole commands are timed in pairs, in turn, and the median of the pairs' ratios is
reported beside the bound that the project sets itself. Nothing is asserted: a
figure from a busy machine means little.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from ptelist.compare.ledgers import told
from ptelist.engine.account import account
from ptelist.engine.repeated import Repeated
from ptelist.explore import figures, results
from ptelist.explore.explorer import Explorer
from ptelist.settings.columns import expand

PYTHON = sys.executable
PTELIST = str(Path(PYTHON).with_name("ptelist"))
COMPARE = [PTELIST, "compare", "--vcpus", "256", "--ext", "2,14"]
DUMP = Path(__file__).parents[1] / "kernel/recorded/7.3/one-cpu-vcpus.observation"
"""A saved observation of a machine with 267 caches."""

if TYPE_CHECKING:
    from collections.abc import Iterator

BTF = Path("/sys/kernel/btf/vmlinux")
EVENTS, LISTS = 1_000_000, 3000
CSV = "import csv, sys\nfor row in csv.reader(open(sys.argv[1])): pass"
SPLIT = "import sys\nfor line in open(sys.argv[1], 'rb'): line.split()"
LEAST = r"""
import re, sys
find = re.compile(rb": pte_list_(add|remove): \S+ \[kvm\]\) (?:cache=\S+ )?spte=(\S+) head=(\S+)").findall
lists = {}
with open(sys.argv[1], "rb") as file:
    while block := file.read(1 << 20):
        for op, spte, head in find(block + file.readline()):
            if op == b"add":
                lists.setdefault(head, {})[spte] = 0
            else:
                del lists[head][spte]
"""
"""What any replay in Python does at least: one pattern, and a dictionary of each list; no descriptors, no caches."""

ROWS, HOSTS = 1_000_000, 50_000
SWEEPS = ("--vcpus 1..10000", "--vcpus 1..5000 --ext 2,14", "--vcpus 1..10000 --figure mmu.bytes.total")
IMPORT_CLICK = [PYTHON, "-c", "import click"]
PAIRS = (
    ("piped compare / import click", COMPARE, IMPORT_CLICK, 1.8),
    ("--version / import click", [PTELIST, "--version"], IMPORT_CLICK, 1.3),
    ("--help / import click", [PTELIST, "--help"], IMPORT_CLICK, 1.3),
    ("observe --all-caches / piped compare", [PTELIST, "observe", str(DUMP), "--all-caches"], COMPARE, 1.5),
)


def seconds(command: list[str]) -> float:
    """Return the wall time of one run, its output read and dropped."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def ledgers_per_second(options: str) -> tuple[float, float]:
    """Return how many full ledgers a second gives, with derivations and in plain integers, best of five."""
    words = ["--vcpus", "1..400", *options.split()]
    columns = expand([], [(words[n][2:], words[n + 1]) for n in range(0, len(words), 2)]).columns
    scenarios = [column.scenario for column in columns]
    integers = Repeated(lambda scenario: told(account(scenario)))
    best = [0.0, 0.0]
    for _ in range(5):
        for number, work in enumerate((account, integers)):
            start = time.perf_counter()
            for scenario in scenarios:
                work(scenario)
            best[number] = max(best[number], len(scenarios) / (time.perf_counter() - start))
    return best[0], best[1]


def lever_moved() -> float:
    """Return the least time that a step of explore takes, all but for the terminal: new figures, and their rows."""
    heavy = (("vcpus", "256"), ("host", "server-256"), ("nested", "on"), ("memory", "1TiB"), ("vms", "100"))
    at = Explorer((), heavy)
    at.put("ext", "2")
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        at.step("vcpus", up=True)
        results.main(at.pinned, at.here)
        figures.where(at.here, 18, 51)
        figures.difference(at.pinned, at.here, 51)
        best = min(best, time.perf_counter() - start)
        at.undo()
    return best


def trace() -> str:
    """Return a million lines as ftrace prints them: three thousand lists that grow to 1 to 100 entries and shrink."""
    random, lines, sptes = Random(2), [], 0
    lists = [_list(random) for _ in range(LISTS)]
    while len(lines) < EVENTS:
        number = random.randrange(LISTS)
        head, entries, grow = lists[number]
        for _ in range(random.randrange(1, 9)):
            if grow:
                sptes += 8
                entries.append(f"0xffff888{sptes:09x}")
                lines.append(_event(len(lines), "add", f"cache=0xffff88800dead000 spte={entries[-1]} head={head}"))
                grow -= 1
            elif entries:
                spte = entries.pop(random.randrange(len(entries)))
                lines.append(_event(len(lines), "remove", f"spte={spte} head={head}"))
        lists[number] = (head, entries, grow) if entries else _list(random)
    return "".join(lines[:EVENTS])


def _list(random: Random) -> tuple[str, list[str], int]:
    return f"0xffffc900{random.randrange(1 << 31):08x}", [], random.choice((1, 1, 2, 3, 15, 16, 40, 100))


def _event(number: int, op: str, arguments: str) -> str:
    at, symbol = f"{number // 1000}.{number % 1000:06}", f"(pte_list_{op}+0x0/0x1b0 [kvm])"
    return f"       CPU 0/KVM-1234    [000] d..1. {at}: pte_list_{op}: {symbol} {arguments}\n"


def pairs(folder: Path) -> Iterator[tuple[str, list[str], list[str], float]]:
    """Yield what to time: a name, our command, its baseline, and the bound for their ratio."""
    yield from PAIRS
    yield "check of 50 budgets over 10 scenarios / import click", gate(folder), IMPORT_CLICK, 2.5
    if BTF.exists() and shutil.which("pahole"):
        types = folder / "btf"
        types.write_bytes(BTF.read_bytes())
        name = f"inspect / pahole, {types.stat().st_size:,} bytes of BTF"
        yield name, [PTELIST, "inspect", str(types)], ["pahole", "-C", "pte_list_desc", str(types)], 2.0
    events = folder / "trace"
    events.write_text(trace(), encoding="utf-8")
    replay = [PTELIST, "replay", str(events)]
    split = [PYTHON, "-c", SPLIT, str(events)]
    yield f"replay / a loop that splits, {EVENTS:,} events", replay, split, 2.5
    yield "the least that a replay does / a loop that splits", [PYTHON, "-c", LEAST, str(events)], split, 2.5


def inventory(rows: int, hosts: int) -> str:
    """Return hosts of six kernels and four sizes, each with VMs of seven sizes."""
    random = Random(1)
    kernels = ("5.10.0-46-amd64", "5.15.0-100", "6.1.0-56-amd64", "6.8.0-45", "6.12.117", "6.18.15")
    known = [
        f"node{n},{random.choice(kernels)},{random.choice((32, 64, 128, 256))},{random.choice((1, 2))}"
        for n in range(hosts)
    ]
    lines = ["host,kernel,cpus,nodes,vcpus,memory,nested,count"]
    for number in range(rows):
        vcpus = 1 << random.randrange(7)
        nested = "yes" if random.random() < 0.1 else "no"
        lines.append(
            f"{known[number % hosts]},{vcpus},{vcpus << random.randrange(4)}GiB,{nested},{random.randint(1, 4)}"
        )
    return "\n".join(lines) + "\n"


def fleet(folder: Path) -> Iterator[str]:
    """Yield what a fleet of a million rows takes beside a loop over csv.reader: with one process and with two."""
    path = folder / "hosts.csv"
    path.write_text(inventory(ROWS, HOSTS), encoding="utf-8")
    printed = set()
    alone = min(seconds([PYTHON, "-c", CSV, str(path)]) for _ in range(3))
    for processes in ("1", "2"):
        words = ["fleet", str(path), "--proposal", "shrink-tdp", "--by", "kernel", "--processes", processes]
        words += ["--map-kernel", "ubuntu=upstream"]
        start, most = time.perf_counter(), 0
        with subprocess.Popen([PTELIST, *words], stdout=subprocess.PIPE, encoding="utf-8") as running:
            while running.poll() is None:
                most = max(most, held(running.pid))
                time.sleep(0.2)
            printed.add(running.communicate()[0])
        took = time.perf_counter() - start
        name = f"fleet of {ROWS:,} rows on {HOSTS:,} hosts, {processes} processes"
        ratio = f"{took / alone:.1f} x csv.reader{' (bound 10)' if processes == '1' else ''}"
        yield f"{name}: {ratio}, {took:.0f} s (bound 60), {most >> 10} MiB (bound 500)"
    yield f"their outputs are {'the same' if len(printed) == 1 else 'NOT THE SAME'}"


def held(pid: int) -> int:
    """Return the KiB that a process and its children hold now, shared pages counted once."""
    family = [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    found = 0
    for each in family:
        with suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="utf-8").splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found


def gate(folder: Path) -> list[str]:
    """Return a check of 50 budgets over 10 scenarios, with its baseline taken."""
    file = folder / "ptelist.toml"
    scenarios = [f"[scenario.s{n}]\nvcpus = {1 << n}\nmemory = '{4 << n} GiB'\n" for n in range(10)]
    figures = (
        "pte_list_desc.slabs",
        "pte_list_desc.bytes.total",
        "vcpu_caches.bytes",
        "memslots.bytes",
        "mmu.bytes.total",
    )
    budgets = [f'[[budget]]\nfigure = "{name}"\nmax_growth = 0\n' for name in figures]
    file.write_text("\n".join(scenarios + budgets), encoding="utf-8")
    command = [PTELIST, "check", str(file)]
    subprocess.run([*command, "--update"], stdout=subprocess.DEVNULL, check=True)
    return command


def main() -> None:
    """Print a line a benchmark."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        report(runs, Path(folder))


def report(runs: int, folder: Path) -> None:
    """Time each pair, in turn."""
    for name, command, baseline, bound in pairs(folder):
        timed = [(seconds(command), seconds(baseline)) for _ in range(runs + 1)][1:]
        print(f"{name}: {median(a / b for a, b in timed):.2f} (bound {bound})")
    took = lever_moved()
    beside = min(seconds(IMPORT_CLICK) for _ in range(runs))
    print(f"explore, a lever moved / import click: {took / beside:.2f}, {1000 * took:.0f} ms (bound 50, a frame)")
    for options in SWEEPS:
        took = min(seconds([PTELIST, "sweep", *options.split()]) for _ in range(3))
        print(f"sweep of 10,000 points, {options}: {took:.2f} s (bound 0.6)")
    for line in fleet(folder):
        print(line)
    for options in ("--kernel 6.18", "--vm nested --host server-256 --kernel 7.3"):
        terms, integers = ledgers_per_second(options)
        print(f"full ledgers a second, {options}: {terms:,.0f}, in integers {integers:,.0f} (bound 20,000)")


if __name__ == "__main__":
    main()
