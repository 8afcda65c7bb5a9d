"""The command line: every command, in this process and in one of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import pytest

from ptelist import __version__
from ptelist.cli import COMMANDS, main
from ptelist.output.formats import FORMATS
from ptelist.scenario.models import RECORDS, Scenario
from ptelist.scenario.overlay import frozen
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.kinds import KINDS
from ptelist.scenario.validate import validated
from ptelist.settings.axes import AXES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

PTELIST = [sys.executable, "-m", "ptelist"]
FIRST = ("compare", "--vcpus", "256", "--ext", "2,14")


def document(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def low(config: dict, figure: str) -> int:
    found = config["figures"][figure]
    assert found["low"] == found["high"]
    return int(found["low"])


def test_version(run: Callable[..., Result]) -> None:
    assert run("--version").stdout == f"ptelist {__version__}\n"


def test_no_command_shows_help(run: Callable[..., Result]) -> None:
    result = run()
    assert result.exit_code == 2
    assert "Usage: ptelist" in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Callable[..., Result], name: str) -> None:
    for flag in ("-h", "--help"):
        result = run(name, flag)
        assert result.exit_code == 0
        assert all(len(line) <= 80 for line in result.stdout.splitlines())
    command = main.get_command(click.Context(main), name)
    assert command
    assert command.short_help or command.help
    for param in command.params:
        assert isinstance(param, click.Argument) or param.hidden or param.help


@pytest.mark.parametrize("command", ["compare", "show", "explain pte_list_desc.size"])
def test_every_axis_is_an_option_everywhere(run: Callable[..., Result], command: str) -> None:
    text = run(*command.split(), "--help").stdout
    for name in AXES:
        assert f"--{name} " in text


@pytest.mark.parametrize("columns", ["72", "200", "nonsense", "99999"])
def test_a_pipe_gets_the_same_bytes_each_time(columns: str) -> None:
    """No clock, locale, hash seed, colour or width of the terminal gets into them."""
    outputs = set()
    odd = {"NO_COLOR": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo", "TERM": "dumb", "PYTHONHASHSEED": str(len(columns))}
    for extra in ({"PYTHONHASHSEED": "0"}, odd):
        env = os.environ | {"COLUMNS": columns, **extra}
        done = subprocess.run([*PTELIST, *FIRST], capture_output=True, env=env, check=True)
        assert done.stderr == b""
        outputs.add(done.stdout)
    assert len(outputs) == 1
    (text,) = outputs
    assert text.isascii()
    assert b"\r" not in text
    assert b"\x1b" not in text
    assert all(len(line) <= 72 for line in text.splitlines())
    assert text.endswith(b"$ ptelist compare --vcpus 256 --ext 2,14\n")


@pytest.mark.parametrize(("columns", "lc"), [(80, "C.UTF-8"), (60, "C.UTF-8"), (80, "C")])
def test_a_terminal_gets_rich_tables(columns: int, lc: str) -> None:
    env = os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color", "LC_ALL": lc, "PYTHONUTF8": "0"}
    env.pop("NO_COLOR", None)
    text = terminal([*PTELIST, *FIRST], env)
    assert "\x1b[" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "1,310,720" in plain
    assert "-70.6%" in plain
    assert all(len(line) <= columns for line in plain.splitlines())
    if lc == "C":
        assert plain.isascii()


def terminal(command: list[str], env: dict[str, str]) -> str:
    """Return what a command writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, env=env) as process:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
        assert process.wait(60) == 0
    os.close(ours)
    return b"".join(chunks).decode()


def test_the_threads_question(run: Callable[..., Result]) -> None:
    """5 120 -> 1 280 B of objects a vCPU; in slabs and vectors 70.6 % less, not 75 %."""
    found = document(run(*FIRST, "--format", "json"))
    small, large = found["configs"]
    assert [config["name"] for config in found["configs"]] == ["ext=2", "ext=14"]
    assert found["baseline"] == "ext=14"
    assert found["command"] == "ptelist compare --vcpus 256 --ext 2,14"
    assert low(large, "pte_list_desc.bytes.used") == 256 * 5120
    assert low(small, "pte_list_desc.bytes.used") == 256 * 1280
    assert "-70.6%" in run(*FIRST).stdout


@pytest.mark.parametrize(
    ("words", "baseline", "against"),
    [
        ("--ext 2,14", "ext=14", ["ext=14", "ext=14"]),
        ("--ext 2,4", "ext=2", ["ext=2", "ext=2"]),
        ("--ext 2,14 --baseline ext=2", "ext=2", ["ext=2", "ext=2"]),
        ("--capacity 20,40", "capacity=40", ["capacity=40"] * 2),
        ("--vcpus 1,8", "vcpus=1", ["vcpus=1", "vcpus=1"]),
        ("--kernel 5.14,6.18", "kernel=5.14", ["kernel=5.14"] * 2),
        ("--proposal shrink-tdp,none", "proposal=none", ["proposal=none"] * 2),
        ("nested tdp", "nested", ["nested", "nested"]),
        ("nested tdp --baseline tdp", "tdp", ["tdp", "tdp"]),
        ("--vcpus 1,8 --ext 2,14", "ext=14", ["vcpus=1, ext=14"] * 2 + ["vcpus=8, ext=14"] * 2),
        ("--vcpus 1,8 --ext 2,14 --baseline vcpus=8", "vcpus=8, ext=14", ["vcpus=8, ext=14"] * 4),
        ("--kernel 5.14,6.18 --ext 3,14", "kernel=5.14, ext=3", ["kernel=5.14, ext=3"] * 4),
    ],
)
def test_baseline(run: Callable[..., Result], words: str, baseline: str, against: list[str]) -> None:
    """The kernel's own value, else the first; what sets the scene is not compared."""
    found = document(run("compare", *words.split(), "--format", "json"))
    assert found["baseline"] == baseline
    assert [config["baseline"] for config in found["configs"]] == against


def test_product_order_is_as_typed(run: Callable[..., Result]) -> None:
    found = document(run("compare", "--ext", "2,14", "--vcpus", "8,1", "--format", "json"))
    assert [config["axes"] for config in found["configs"]] == [
        {"ext": 2, "vcpus": 8},
        {"ext": 2, "vcpus": 1},
        {"ext": 14, "vcpus": 8},
        {"ext": 14, "vcpus": 1},
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [("1..4", [1, 2, 3, 4]), ("1..10+4", [1, 5, 9]), ("1..20*3", [1, 3, 9]), ("7,1..2", [7, 1, 2]), ("5..5", [5])],
)
def test_ranges(run: Callable[..., Result], text: str, values: list[int]) -> None:
    found = document(run("compare", "--vcpus", text, "--format", "json"))
    assert [config["scenario"]["vms"][0]["vcpus"] for config in found["configs"]] == values


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("--nested", [True]),
        ("--no-nested", [False]),
        ("--nested on", [True]),
        ("--nested off,on", [False, True]),
        ("--nested tdp", [True]),
        ("--nested=off", [False]),
    ],
)
def test_switches(run: Callable[..., Result], words: str, values: list[bool]) -> None:
    """`--x`, `--no-x`, `--x on,off`; a preset's name after it is not its value."""
    found = document(run("compare", *words.split(), "--format", "json"))
    assert [config["scenario"]["vms"][0]["nested"] for config in found["configs"]] == values


def test_nothing_is_an_option_behind_two_dashes(run: Callable[..., Result]) -> None:
    assert "no preset" in run("compare", "--", "--nested").stderr


@pytest.mark.parametrize(
    ("words", "figure", "value"),
    [
        ("--set kernel.spte_pointer_bytes=4", "pte_list_desc.size", 16 + 14 * 4),
        ("--set vm.vcpus=3", "pte_list_desc.objects.vcpu_caches", 120),
        ("--set host.memcg=off", "pte_list_desc.bytes.memcg", 0),
        ("--proposal shrink-tdp", "pte_list_desc.ext", 2),
        ("5.10", "pte_list_desc.ext", 3),
        ("--set kernel.slub_fractions=[16,8] --kernel 6.1", "pte_list_desc.slab_order", 0),
        ("--nested --set vm.rmaps=[{count=3,entries=15}]", "pte_list_desc.objects.rmaps", 6),
        ("--proposal shrink-tdp --paging shadow", "pte_list_desc.ext", 14),
        ("--proposal topup-iff-rmaps", "pte_list_desc.objects.vcpu_caches", 0),
        ("--proposal topup-iff-rmaps --nested", "pte_list_desc.objects.vcpu_caches", 160),
        ("--proposal tdp-fewer-objects", "pte_list_desc.objects.vcpu_caches", 4 * 14),
        ("--proposal tdp-no-objects", "pte_list_desc.objects.vcpu_caches", 0),
        ("--proposal small-caches-v3 --vcpus 1 --caches topped-up", "vcpu_caches.bytes.pages", 5 * 4096),
        ("--proposal small-caches-v3 --vcpus 1 --nodes 2 --caches topped-up", "vcpu_caches.bytes.pages", 2 * 5 * 4096),
        ("--proposal small-caches-v3 --vcpus 1", "pte_list_desc.objects.vcpu_caches", 14),
        ("--proposal small-caches-v4 --vcpus 1", "pte_list_desc.objects.vcpu_caches", 4),
        ("--vm tdp", "pte_list_desc.objects.vcpu_caches", 160),
        ("--vm tdp+nested --rmaps none", "pte_list_desc.objects.vcpu_caches", 160 + 40),
        ("--vm tdp+nested --vcpus 2 --vms 10 --rmaps none", "pte_list_desc.objects.vcpu_caches", 1600),
        ("--kernel 6.1.192", "kvm_mmu_page_header.size", 184),
        ("--kernel v5.10", "kvm_mmu_page_header.size", 168),
        ("--kernel 6.1.0-56-cloud-amd64", "pte_list_desc.size", 128),
        ("--vcpus-run 1", "pte_list_desc.objects.vcpu_caches", 40),
    ],
)
def test_options_reach_the_scenario(run: Callable[..., Result], words: str, figure: str, value: int) -> None:
    (config,) = document(run("compare", *words.split(), "--format", "json"))["configs"]
    assert low(config, figure) == value


def test_shrink_series_patch_by_patch(run: Callable[..., Result]) -> None:
    """1/4 and 2/4 change nothing on 64 bits, 3/4 saves 3 840 B a vCPU, 4/4 the other 1 280 B."""
    names = "none,ulong-count,defer-mmu-setup,shrink-tdp,shrink-tdp+topup-iff-rmaps"
    found = document(run("compare", "--proposal", names, "--vcpus", "1", "--format", "json"))
    assert [low(c, "pte_list_desc.bytes.used") for c in found["configs"]] == [5120, 5120, 5120, 1280, 0]


def test_assumptions_name_what_is_unverified(run: Callable[..., Result]) -> None:
    text = run("compare", "--kernel", "5.18,6.15").stdout
    assert "UNVERIFIED" in text
    assert "read in no tree" in text
    assert "UNVERIFIED" not in run("compare", "--kernel", "6.1").stdout


def test_csv_reads_back(run: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(run(*FIRST, "--format", "csv").stdout)))
    found = document(run(*FIRST, "--format", "json"))
    for config in found["configs"]:
        mine = {row["figure"]: row for row in rows if row["config"] == config["name"]}
        assert mine.keys() == config["figures"].keys()
        for name, figure in config["figures"].items():
            assert (int(mine[name]["low"]), int(mine[name]["high"])) == (figure["low"], figure["high"])
            assert mine[name]["unit"] == figure["unit"]


def read_again(record: type[NamedTuple], said: dict[str, Any]) -> Any:
    return validated(record, {field: frozen(value) for field, value in said.items()})


def test_json_is_sorted_and_its_scenario_validates(run: Callable[..., Result]) -> None:
    """JSON -> model -> JSON is the identity (L8)."""
    text = run(*FIRST, "--format", "json").stdout
    found = json.loads(text)
    assert text == json.dumps(found, indent=2, sort_keys=True) + "\n"
    for config in found["configs"]:
        said = config["scenario"]
        parts = {part: read_again(RECORDS[part], said[part]) for part in ("kernel", "config", "host")}
        groups = tuple(read_again(RECORDS["vm"], group) for group in said["vms"])
        assert Scenario(**parts, vms=groups, proposals=tuple(said["proposals"])).values() == said


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_says_the_figures(run: Callable[..., Result], form: str) -> None:
    """256 vCPUs have 40 objects each."""
    assert str(256 * 40) in run(*FIRST, "--format", form).stdout.replace(",", "")


@pytest.mark.parametrize("form", FORMATS)
def test_output_to_a_file_and_to_stdout_agree(run: Callable[..., Result], tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    assert run(*FIRST, "--format", form, "-o", str(target)).stdout == ""
    assert run(*FIRST, "--format", form, "-o", "-").stdout == target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o400


def test_markdown_escapes(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "a|b.toml"
    path.write_text('[vm]\nname = "x|[bold]y"\n', encoding="utf-8")
    assert "a\\|b |" in run("compare", "--format", "markdown", "tdp", str(path)).stdout
    text = run("compare", "--assumptions", "--format", "markdown", str(path)).stdout
    assert "x\\|[bold]y" in text


def test_a_name_is_no_markup_and_no_control(tmp_path: Path, run: Callable[..., Result]) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[vm]\nname = "[red]\\u00fc"\n', encoding="utf-8")
    assert "[red]\\xfc" in run("compare", str(path), "--assumptions").stdout
    assert "[red]" in run("compare", str(path), "--assumptions", "--format", "terminal").stdout


def test_explain_reaches_the_kernels_constants(run: Callable[..., Result]) -> None:
    text = run("explain", "pte_list_desc.bytes.slab", "--vcpus", "1", "--ext", "14", "--depth", "all").stdout
    for part in ("8,192 bytes", "ceil(40 / 32)", "KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE", "13236e25ebab", "PAGE_SIZE"):
        assert part in text
    assert text.endswith("$ ptelist explain pte_list_desc.bytes.slab --vcpus 1 --ext 14 \\\n      --depth all\n")


def test_explain_works_for_every_figure(run: Callable[..., Result]) -> None:
    figures = document(run("show", "--format", "json"))["configs"][0]["figures"]
    for figure in figures:
        for form in ("mail", "terminal", "markdown"):
            assert run("explain", figure, "nested", "--format", form).exit_code == 0
        tree = document(run("explain", figure, "--format", "json"))["figure"]
        assert {key: tree[key] for key in ("low", "high", "unit")} == figures[figure]


def test_presets_commands(run: Callable[..., Result], tmp_path: Path) -> None:
    listed = run("presets", "list").stdout
    for kind in KINDS:
        assert f"{kind}:" in listed
        for name in shipped.names(kind):
            assert re.search(rf"^  {re.escape(name)} ", listed, re.MULTILINE)
            shown = run("presets", "show", name).stdout
            tomllib.loads(shown)
            assert all(len(line) <= 72 for line in shown.splitlines() if line.startswith("#") and "@" not in line)
            path = run("presets", "path", name).stdout.strip()
            assert path.endswith(f"{kind}/{name}.toml")
            assert run("presets", "validate", path).stdout == f"{path}: ok\n"
    assert run("presets", "list", "hosts").stdout.startswith("hosts:\n")
    assert run("presets", "path").stdout.strip() == str(shipped.root())
    mine = tmp_path / "mine.toml"
    mine.write_text(run("presets", "show", "6.1", "--format", "mail").stdout, encoding="utf-8")
    same = document(run("compare", "--kernel", str(mine), "--format", "json"))
    assert (
        same["configs"][0]["figures"]
        == document(run("compare", "--kernel", "6.1", "--format", "json"))["configs"][0]["figures"]
    )


def test_own_preset(run: Callable[..., Result], tmp_path: Path) -> None:
    """A file by path, extending another by path or a shipped one by name; options go over it."""
    (tmp_path / "base.toml").write_text(
        'extends = "nested"\n[vm]\nname = "mine"\nvcpus = 3\ncaches = "topped-up"\n', encoding="utf-8"
    )
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "base.toml"\n[kernel]\ncache_capacity = 20\n[host]\ncpus = 128\n', encoding="utf-8")
    mine.write_text(mine.read_text(encoding="utf-8").replace('"base.toml"', '"./base.toml"'), encoding="utf-8")
    (config,) = document(run("compare", str(mine), "--format", "json"))["configs"]
    assert config["scenario"]["vms"][0]["nested"] is True
    assert low(config, "pte_list_desc.objects.vcpu_caches") == 60
    assert low(config, "pte_list_desc.slab_order") == 1
    (config,) = document(run("compare", str(mine), "--vcpus", "5", "--kernel", "6.1", "--format", "json"))["configs"]
    assert low(config, "pte_list_desc.objects.vcpu_caches") == 100
    groups = tmp_path / "groups.toml"
    tdp = run("presets", "show", "tdp").stdout.partition("[vm]")[2]
    groups.write_text(f"[[vm]]{tdp}\n[[vm]]{tdp}", encoding="utf-8")
    (config,) = document(run("compare", str(groups), "--vcpus", "2", "--format", "json"))["configs"]
    assert low(config, "pte_list_desc.objects.vcpu_caches") == 160


def test_groups_of_ones_own_need_only_say_what_differs(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(
        'extends = "tdp"\n[[vm]]\nname = "a"\nvcpus = 2\n[[vm]]\nname = "b"\ncount = 3\nvcpus = 1\n', encoding="utf-8"
    )
    (config,) = document(run("compare", str(path), "--format", "json"))["configs"]
    assert low(config, "pte_list_desc.objects.vcpu_caches") == 40 * (2 + 3)


def test_a_dash_is_stdin() -> None:
    done = subprocess.run(
        [*PTELIST, "compare", "-", "--format", "json"],
        input='[vm]\nname = "x"\nvcpus = 3\n',
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    (config,) = json.loads(done.stdout)["configs"]
    assert low(config, "pte_list_desc.objects.vcpu_caches") == 120


def test_what_is_no_regular_file_is_written_to_not_replaced(run: Callable[..., Result], tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    assert run("compare", "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    assert "pte_list_desc" in real.read_text(encoding="utf-8")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen([*PTELIST, "compare", "-o", str(fifo)]) as process:
        assert "pte_list_desc" in fifo.read_text(encoding="utf-8")
        assert process.wait(60) == 0
    assert fifo.is_fifo()
    assert run("compare", "-o", f"{tmp_path}/new/").exit_code == 2
    assert not (tmp_path / "new").exists()


def test_columns_that_do_not_differ(run: Callable[..., Result]) -> None:
    for words in ("--kernel 6.8,6.9,6.10", "--kernel 6.1,6.2,6.3 --figure pte_list_desc.size", ""):
        for columns in (30, 72):
            assert run("compare", *words.split(), columns=columns).exit_code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Callable[..., Result], shell: str) -> None:
    assert "_PTELIST_COMPLETE" in run("completion", shell).stdout


def test_compare_shows_bounds_beside_the_total_where_columns_differ(run: Callable[..., Result]) -> None:
    """An option that moves nothing but a bound is not shown to move nothing; else tables are as they were."""
    differing = run("compare", "--itlb-multihit", "off,on").stdout
    (bounds,) = (line.split() for line in differing.splitlines() if line.startswith("beside."))
    assert bounds == ["beside.nx_split_tables", "0", "0..8,761,160"]
    many = run("compare", "--itlb-multihit", "off,on", "--vcpus", "1..20").stdout
    assert "vcpus=20" in many[many.index("beside.nx_split_tables") :]
    narrow = run("compare", "--itlb-multihit", "off,on", "--vms", "1,2", "--format", "terminal", columns=40).stdout
    assert "0..17,522,320" in narrow
    assert "beside." not in run("compare", "--ext", "2,14").stdout
    assert "beside." not in run("compare").stdout
    assert "beside." not in run("compare", "--itlb-multihit", "off,on", "--figure", "mmu.bytes.total").stdout
