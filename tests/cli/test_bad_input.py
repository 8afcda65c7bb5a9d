"""Bad input: one clear line on stderr, exit 2, nothing on stdout, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from ptelist.cli import main
from ptelist.errors import PtelistError
from ptelist.scenario.presets import shipped
from ptelist.settings.axes import AXES
from ptelist.settings.typed_options import choices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

NEWEST = shipped.names("kernels")[-1]
PTELIST = [sys.executable, "-m", "ptelist"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("compare --vcpu 3", "--vcpus"),
        ("compare --frobnicate", "--frobnicate"),
        ("comparee", "did you mean compare?"),
        ("compare --kernel 6.1+6.2", "no kernel preset"),
        ("compare 6.1 --kernel 6.18", "--kernel: 6.1 names a kernel as well"),
        ("compare nested --vm tdp", "--vm: nested names a vm as well"),
        ("compare tdp tdp", "tdp is given twice"),
        ("compare --proposal none,shrink-tdp --ext 14", "--ext: --proposal sets kernel.pte_list_ext_tdp as well"),
        (
            "compare --set kernel.pte_list_ext=3 --ext 4",
            "--ext: --set kernel.pte_list_ext sets kernel.pte_list_ext as well",
        ),
        ("compare --kernel 5.14 --proposal shrink-tdp", "5.15 or later"),
        ("compare --set kernel.page_bytes=1", "--set kernel.page_bytes"),
        ("compare --set kernel.slub_max_objects=1", "--set kernel.slub_max_objects"),
        ("compare --set kernel.slub_fractions=[16]", "--set kernel.slub_fractions"),
        ("compare --set kernel.slub_fractions=[16", "not a TOML array"),
        ("compare --set kernel.kmalloc_buckets=[64,32]", "sizes must ascend"),
        ("compare --vcpus \u0663", "--vcpus: expected a whole number"),
        ("compare --memory \u0664GiB", "--memory: expected a size"),
        ("compare --mapped listed", "is for shadow paging"),
        ("compare --slub-debug X", '--slub-debug: expected letters of FZPUTA, or none, got "X"'),
        ("compare nested --rmaps 3x0", '--rmaps: expected 1 or more lists of 1 or more entries (or none), got "3x0"'),
        ("compare nested --rmaps 3x5-0", "--rmaps: expected 1 or more lists of 1 or more entries"),
        ("compare nested --parent-ptes 0x4", "--parent-ptes: expected 1 or more lists of 1 or more entries"),
        ("explain nested", '"nested" is a preset, and a figure comes first: ptelist explain FIGURE nested'),
        ("explain nested mmu.bytes.total", "a figure comes first: ptelist explain mmu.bytes.total nested"),
        ("explain mmu.bytes.total pte_list_desc.slabs", '"pte_list_desc.slabs" is a figure, as "mmu.bytes.total"'),
        ("explain mmu.bytes.total netsed", "did you mean nested?"),
        ("compare --tdx", "4K leaves only"),
        ("compare nestd", "did you mean nested?"),
        ("compare --kernel 6.7", "the nearest are 6.6 and 6.8"),
        ("compare --kernel 4.19", "the nearest is 5.10"),
        ("compare --kernel 99.1", f"the nearest is {NEWEST}"),
        ("compare --kernel six", 'no kernel preset "six"'),
        ("compare --host laptob", "did you mean laptop?"),
        ("compare --vm tdpp", "did you mean tdp?"),
        ("compare --proposal shrink-tpd", "did you mean shrink-tdp?"),
        ("compare --proposal small-caches-v3+small-caches-v4", "more than one of them sets kernel.cache_capacity"),
        ("compare --figure pte_list_desc.bytes.slb", "did you mean pte_list_desc.bytes.slab"),
        ("explain pte_list_desc.byte", "no figure"),
        ("show --figure mmu.total", "did you mean mmu.bytes.total"),
        ("compare --ext 1", "--ext: should be greater than or equal to 2, got 1"),
        ("compare --ext 5000", "--ext"),
        ("compare --ext two", '--ext: expected a whole number, a list (2,14) or a range (1..16, 1..1024*2), got "two"'),
        ("compare --ext 2.5", "--ext: expected a whole number"),
        ("compare --ext 2,,14", "--ext: a value is missing"),
        ("compare --ext=", "--ext: a value is missing"),
        ("compare --ext 2,2", "--ext: 2 is given twice"),
        ("compare --ext 2 --ext 14", "--ext: given twice"),
        ("compare --vcpus 0", "--vcpus: should be greater than or equal to 1, got 0"),
        ("compare --vcpus -4", "--vcpus"),
        ("compare --vcpus 99999999999999999999999", "--vcpus"),
        ("compare --vcpus 1000000", "--vcpus"),
        ("compare --vcpus 4 --vcpus-run 5", "--vcpus-run: 5 vCPUs have run, but there are 4"),
        ("compare --vcpus 9..1", "the range 9..1 is empty"),
        ("compare --vcpus 1..9*1", "never ends"),
        ("compare --vcpus 0..9*2", "never ends"),
        ("compare --vcpus 1..9+0", "never ends"),
        ("compare --vcpus 1..10001", "--vcpus make 10,001 columns; at most 10,000"),
        ("compare --vcpus 1..999999999999999", "more than 100,000 values"),
        ("compare --vcpus 1..5000 --ext 2..4", "--vcpus x --ext make 15,000 columns; at most 10,000"),
        ("compare --capacity 13", "--capacity: capacity 13 is below the top-up minimum of 14"),
        ("compare --capacity 0", "--capacity"),
        ("compare --memory 4GB", "--memory: "),
        ("compare --memory 4000", "--memory: should be a multiple of 4096"),
        ("compare --memory 5000TiB", "--memory"),
        (
            "where --memory 32TiB --leaf 1G",
            "--memory: a memslot of 32766 GiB has 8,589,410,304 pages, and KVM takes 2,147,483,647 at most",
        ),
        ("where --memory 8194GiB --kernel 5.14", "plug the rest in with --dimms and --dimm-size"),
        ("where --dimms 2 --dimm-size 8TiB", "--dimm-size: a memslot of 8 TiB has 2,147,483,648 pages"),
        ("compare --memory much", "--memory: expected a size"),
        ("compare --paging ept", "--paging: should be 'tdp', 'tdp-mmu', 'tdp-legacy' or 'shadow', got \"ept\""),
        ("compare --leaf 8k", "--leaf"),
        ("compare --nested=maybe", "--nested: expected on or off"),
        ("compare --memcg on,perhaps", "--memcg"),
        ("compare --nested --rmaps 3x1002", "1001 is the most"),
        ("compare --nested --rmaps 3x9-2", "entries_to 2 is below entries 9"),
        ("compare --nested --rmaps 3", "--rmaps: expected COUNTxENTRIES"),
        ("compare --nested --rmaps 0x3", "--rmaps: expected 1 or more lists"),
        ("compare --nested --parent-ptes 1099511627776x1000000", "absurd"),
        ("compare --rmaps 3x5", "the TDP MMU keeps no rmaps"),
        ("compare --nested --paging shadow", "--nested: nested TDP needs TDP"),
        ("compare --eager-split", "needs nested"),
        ("compare --eager-split --nested --kernel 5.19", "no split caches"),
        ("compare --tdx --kernel 6.12", "v6.14"),
        ("compare --tdx --leaf 4K --nested", "a TDX guest cannot run nested VMs"),
        ("compare --tdx --leaf 4K --private-memory 1GiB", "leave private_memory out"),
        ("compare --vm tdp+shadow", "the same for all VMs of a host"),
        ("compare --cpus 0", "--cpus"),
        ("compare --cpus 8 --possible-cpus 4", "--possible-cpus: 4 possible CPUs are fewer than the 8 present"),
        ("compare --slub-min-order 5", "--slub-min-order: 5 is over the largest order, 3"),
        ("compare --slub-debug XYZ", "--slub-debug"),
        ("compare --set vm.vcpu=3", "did you mean"),
        ("compare --set vcpus=3", "--set: expected PART.FIELD=VALUE"),
        ("compare --set vm.vcpus", "--set: expected PART.FIELD=VALUE"),
        ("compare --set vm.vcpus=many", "vm.vcpus"),
        ("compare --set kernel.slub_fractions=3", "kernel.slub_fractions"),
        ("compare --baseline ext=14", 'no axis "ext" varies'),
        ("compare --ext 2,14 --baseline=", 'no axis "preset" varies'),
        ("compare --ext 2,14 --baseline ext=3", "no column has ext=3"),
        ("compare --format yaml", "yaml"),
        ("show --ext 2,14", "one scenario at a time, these options make 2"),
        ("compare /nonexistent/x.toml", "/nonexistent/x.toml: cannot be read: No such file or directory"),
        ("compare ./", "is a directory, expected a preset in TOML or a saved observation"),
        ("compare -o /nonexistent/out.txt", "/nonexistent/out.txt: cannot be written"),
        ("presets show nope", "no preset"),
        ("presets path nope", "no preset"),
        ("completion tcsh", "tcsh"),
    ],
)
def test_one_line(run: Callable[..., Result], command: str, says: str) -> None:
    assert says in refused(run(*command.split()))


GOOD = '[vm]\nname = "mine"\nvcpus = 3\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[vm]\nname = "x"\nvcpus = "256"\n', ':3: vm.vcpus: should be a valid integer, got "256"'),
        ("[vm]\nvcpus = 0\n", ":2: vm.vcpus: should be greater than or equal to 1, got 0"),
        ("[vm]\nvcpus = true\n", ":2: vm.vcpus: should be a valid integer, got true"),
        ("[vm]\nvcpus = 2.5\n", ":2: vm.vcpus: should be a valid integer, got 2.5"),
        ("[vm]\n\n\nvcpsu = 2\n", ":4: vm.vcpsu: unknown field; did you mean vcpus"),
        ("[vm]\nvcpus = 2\nvcpus = 3\n", ":3: not valid TOML"),
        ("[vm\n", ":1: not valid TOML"),
        ("[vms]\nvcpus = 2\n", ":1: unknown key vms; did you mean vm?"),
        ("colour = 3\n", ":1: unknown key colour"),
        ("title = 3\n", ":1: title: expected text"),
        ("vm = 3\n", ":1: vm: expected a table"),
        ("vm = [3]\n", ":1: vm.0: expected a table"),
        ('[vm]\nmemory = "4 KB"\n', ':2: vm.memory: "KB" is ambiguous'),
        ('# a """ in a comment\n[vm]\nvcpus = 0\n', ":3: vm.vcpus"),
        ("[vm]\nvcpus = " + "9" * 5000, "not valid TOML: a number is too long"),
        ("[kernel]\ncache_capacity = { value = 20, source = 3 }\n", "source is text"),
        ('[vm]\nname = "a\\u0007b"\n', ":2: vm.name"),
        ("[[vm.rmaps]]\ncount = 2\nentries = 3\n\n[[vm.rmaps]]\ncount = 0\nentries = 3\n", ":6: vm.rmaps.1.count"),
        ("[[vm.rmaps]]\ncount = 2\nentry = 3\n", "vm.rmaps.0.entries: is missing"),
        ("[kernel]\ncache_capacity = 10\n", ":2: kernel.cache_capacity: capacity 10 is below the top-up minimum of 14"),
        ("[kernel]\ncache_capacity = { source = 'x' }\n", ":2: kernel.cache_capacity: a table here needs a value"),
        ("[kernel]\ncache_capacity = { value = 20, form = 'x' }\n", ":2: kernel.cache_capacity: unknown key form"),
        ("[host]\npossible_cpus = 3\n", ":2: host.possible_cpus: 3 possible CPUs are fewer than the 64 present"),
        ('extends = "nope"\n', "no preset"),
        ('extends = "./self.toml"\n', "extends itself"),
        ("a = " + "[" * 5000 + "]" * 5000, "not valid TOML"),
    ],
)
def test_preset_file(run: Callable[..., Result], tmp_path: Path, text: str, says: str) -> None:
    """A user's file: the file, the line, the field, and what would be right."""
    path = tmp_path / "self.toml"
    path.write_text(text, encoding="utf-8")
    for command in ("compare", "presets validate"):
        line = refused(run(*command.split(), str(path)))
        assert says in line
        assert "self.toml" in line


def test_files_that_are_no_text(run: Callable[..., Result], tmp_path: Path) -> None:
    binary = tmp_path / "junk.toml"
    binary.write_bytes(b"[vm]\n\x7fELF\xff\xfe\x00")
    assert "junk.toml:2: not UTF-8 text" in refused(run("compare", str(binary)))
    nul = tmp_path / "nul.toml"
    nul.write_bytes(b"\0" * 64)
    assert "not valid TOML" in refused(run("compare", str(nul)))
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * (1 << 20) + b"\n")
    assert "larger than 1 MiB" in refused(run("compare", str(huge)))
    assert "larger than 1 MiB" in refused(run("presets", "validate", str(huge)))
    assert "is a directory" in refused(run("compare", str(tmp_path) + "/"))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("rmaps", "a mmu_rmaps_stat file"),
        ("best --histogram", "a mmu_rmaps_stat file"),
        ("observe", "what --save wrote"),
        ("observe --slabinfo", "a copy of /proc/slabinfo"),
        ("compare --config", "a kernel's configuration"),
        ("compare --kernel", "a preset in TOML or a saved observation"),
        ("check", "a TOML file"),
        ("fleet", "CSV or JSON lines"),
        ("replay", "a trace"),
    ],
)
def test_what_a_file_should_be(run: Callable[..., Result], tmp_path: Path, command: str, expected: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (f"{folder}/", str(binary)):
        line = refused(run(*command.split(), path))
        assert f"expected {expected}" in line or "no event of a list" in line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--memory {}", "--memory: expected a size such as"),
        ("--memory {}KiB", "--memory: expected a size such as"),
        ("--memory 1.{}KiB", "--memory: expected a size such as"),
        ("--rmaps {}x2", "--rmaps: expected COUNTxENTRIES"),
        ("--rmaps 2x{}", "--rmaps: expected COUNTxENTRIES"),
        ("--rmaps 2x2-{}", "--rmaps: expected COUNTxENTRIES"),
        ("--set kernel.page_bytes={}", "expected a whole number"),
    ],
)
def test_a_number_that_python_does_not_read(run: Callable[..., Result], words: str, expected: str) -> None:
    assert expected in refused(run("compare", *words.format("9" * 5000).split()))


VALUES = ("x" * 5000, "1," * 5000 + "y", "two\nlines " * 300, "\x1b[31m" * 400, "\u00fc" * 3000)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize(
    "words", ["--vcpus", "--kernel", "--set", "--figure", "--baseline", "--format", "", "--", "-o a/"]
)
def test_a_message_is_one_line_that_can_be_read(run: Callable[..., Result], words: str, value: str) -> None:
    """Whatever was given: what is wrong comes first, the end of a long line is told, its middle is not."""
    first, _, last = words.rpartition(" ")
    line = refused(run("compare", *first.split(), *([last + value] if first else [*words.split(), value])))
    assert len(line) < 1100
    assert line.isascii()
    assert line.removesuffix("\n").isprintable()


def test_a_message_of_a_file_can_be_read(run: Callable[..., Result], tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text(",".join(f"{'column' * 100}{number}" for number in range(300)) + "\n1\n", encoding="utf-8")
    assert len(refused(run("fleet", str(wide)))) < 1100
    text = tmp_path / "long.toml"
    text.write_text(f"[vm]\nvcpus = {['x' * 3000] * 5}\n", encoding="utf-8")
    assert "vm.vcpus" in refused(run("compare", str(text)))
    assert len(refused(run("compare", str(text)))) < 1100


def test_a_lone_carriage_return_is_told_in_our_words(run: Callable[..., Result], tmp_path: Path) -> None:
    inventory = tmp_path / "mac.csv"
    inventory.write_bytes(b"host,kernel,cpus,vcpus\rx,6.18,8,4\r")
    line = refused(run("fleet", str(inventory)))
    assert line.endswith("mac.csv:1: not valid CSV: a carriage return within a line\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "secret.toml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0)
    assert "Permission denied" in refused(run("compare", str(path)))


def test_output_appears_whole_or_not_at_all(run: Callable[..., Result], tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old", encoding="utf-8")
    refused(run("compare", "--ext", "1", "-o", str(target)))
    assert target.read_text(encoding="utf-8") == "old"
    assert run("compare", "--format", "json", "-o", str(target)).exit_code == 0
    assert target.read_text(encoding="utf-8").startswith("{")
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert "is a directory" in refused(run("compare", "-o", str(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_closed_pipe() -> None:
    """`ptelist ... | head -1` ends with 141 and says nothing."""
    with subprocess.Popen(
        [*PTELIST, "compare", "--vcpus", "1..3000", "--format", "csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(60)
    assert process.returncode == 141
    assert errors == b""


@pytest.mark.parametrize("words", ["compare", "--version", "completion bash"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_full_disk(words: str, unbuffered: str) -> None:
    """The interpreter flushes once more when it ends: tests/cli/test_streams.py has all commands without that."""
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:  # noqa: PTH123 -- a device
        done = subprocess.run(
            [*PTELIST, *words.split()], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False, env=env
        )
    assert done.returncode == 2
    assert done.stderr.startswith("ptelist: ")
    assert done.stderr.count("\n") == 1


def test_interrupt() -> None:
    """Ctrl-C ends with 130 and no traceback."""
    code = """
import ptelist.cli, ptelist.settings.columns, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where tests run in the background
ptelist.settings.columns.expand = lambda *_, **__: (print("now", flush=True), time.sleep(60))
ptelist.cli.main(["compare"])
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"now\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        process.wait(60)
    assert process.returncode == 130
    assert b"Traceback" not in errors


@given(st.sampled_from(sorted(AXES)), st.text(max_size=30))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    """An option's text gives values, or a PtelistError that names the option."""
    try:
        assert choices(AXES[name], text)
    except PtelistError as error:
        assert str(error).startswith(f"--{name}: ")  # noqa: PT017 -- either is right


WORDS = st.one_of(
    st.sampled_from([f"--{name}" for name in AXES]),
    st.sampled_from(
        ["2,14", "1..8", "on", "off", "tdp", "nested", "6.1", "5.10", "4GiB", "0", "-1", "14", "none", "10x3"]
    ),
    st.sampled_from(
        ["--format", "json", "csv", "markdown", "mail", "--baseline", "ext=14", "--figure", "mmu.bytes.total"]
    ),
)


@given(st.lists(WORDS, max_size=7))
def test_any_command_line(words: list[str]) -> None:
    """Whatever is typed: exit 0 with output and no complaint, or 2 with one line."""
    result = CliRunner().invoke(main, ["compare", *words])
    if result.exit_code == 0:
        assert result.stdout
        assert not result.stderr
    else:
        refused(result)
