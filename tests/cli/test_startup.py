"""Start-up is a feature: what a command imports is looked at, not timed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from machines import WHOLE, Fake

from ptelist.output.formats import FORMATS
from ptelist.readers.host.snapshot import take

DATA = Path(__file__).parents[1] / "data"
OWN_GATE = Path(__file__).parents[2] / ".ci/ptelist.toml"


LIGHT = [
    "--version",
    "--help",
    "-h",
    "compare --help",
    "explain --help",
    "observe --help",
    "check --help",
    "sweep --help",
    "sensitivity --help",
    "best --help",
    "explore --help",
    "fleet --help",
    "patch --help",
    "presets --help",
    "collect-script --help",
    "completion bash",
    "help --help",
]
TALKATIVE = {"importlib.metadata", "email", "zipfile", "socket", "locale"}
"""What talks to others, and what looks for translations, of which there are none."""
HEAVY = {"pydantic", "rich", "tabulate", "json", "csv", "tomllib", "ptelist.scenario.models", "ptelist.engine.account"}
SCRIPT = """
import sys
from ptelist.cli import main
try:
    main({words!r})
except SystemExit as done:
    print("modules:", *sorted(sys.modules), file=sys.stderr)
    raise
"""


def modules(*words: str) -> set[str]:
    """Return what is loaded after a command in a process of its own, its stdout a pipe."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(words=list(words))], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout
    return set(done.stderr.partition("modules:")[2].split())


@pytest.mark.parametrize("command", LIGHT)
def test_help_version_and_completion_import_click_and_little_else(command: str) -> None:
    loaded = modules(*command.split())
    assert "click" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("compare --kernel 6.1", {"6.1", "6.18"}),
        ("compare --kernel 5.10,6.1", {"5.10,6.1", "5.10,6.18"}),
        ("compare --proposal shrink-tdp+top", {"shrink-tdp+topup-iff-rmaps"}),
        ("compare --nested o", {"on", "off"}),
        ("compare nes", {"nested"}),
        ("show lapt", {"laptop"}),
        ("compare --host ru", {"running"}),
        ("compare run", {"running"}),
        ("presets show shrink", {"shrink-tdp"}),
        ("comp", {"compare", "completion"}),
        ("help fi", {"fields", "figures"}),
        ("compare --filling ", {"packed", "spread", "aged"}),
        ("compare --leaf 4K,", {"4K,2M", "4K,1G"}),
        ("compare --memory 16G", {"16GiB"}),
        ("compare --memory 4", {"4MiB", "4GiB"}),
        ("compare --figure page", {"page_tables", "page_tables.bytes.tables"}),
        ("explain mmu.", {"mmu.bytes.total"}),
    ],
)
def test_completing_a_word_imports_no_model(words: str, offered: set[str]) -> None:
    env = {"_PTELIST_COMPLETE": "bash_complete", "COMP_WORDS": f"ptelist {words}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(words=[])],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=env | {"COMP_CWORD": str(len(words.split()) + words.endswith(" "))},
    )
    assert offered <= set(re.findall(r"^plain,(.*)$", done.stdout, re.MULTILINE))
    assert not set(done.stderr.partition("modules:")[2].split()) & {"pydantic", "rich", "tabulate"}


@pytest.mark.parametrize(
    ("line", "word"), [("ptelist nothing --", "2"), ("ptelist compare --", "x"), ("ptelist compare --", "")]
)
def test_completing_what_nobody_can_says_nothing(line: str, word: str) -> None:
    """A message would stand in the middle of the line that is typed."""
    env = {"_PTELIST_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": word}
    done = subprocess.run([sys.executable, "-m", "ptelist"], capture_output=True, check=False, env=os.environ | env)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_piped_compare_imports_no_rich() -> None:
    loaded = modules("compare", "--vcpus", "256", "--ext", "2,14")
    assert {"ptelist.output.formats.mail", "ptelist.scenario.models"} <= loaded
    assert not loaded & {"pydantic", "tabulate", *TALKATIVE}
    assert not loaded & {
        "pydantic",
        "rich",
        "json",
        "ptelist.output.formats.terminal",
        "ptelist.output.formats.markdown",
    }
    assert not {name for name in loaded if name.startswith(("ptelist.output.web", "ptelist.output.sheet", "html"))}
    assert not loaded & {"ptelist.engine.host_history", "ptelist.engine.slub_node", "ptelist.engine.lists.histogram"}


@pytest.mark.parametrize(
    "line",
    [
        "sweep --vcpus 1..3 --ext 2,14",
        "sensitivity --vcpus 2",
        "best --ext 2..4",
        "history --kernel 6.12,6.18",
        "where",
        "show",
        "explain pte_list_desc.slabs",
        f"rmaps {DATA}/rmaps/3bcd0662d66f --kernel 6.18",
        f"inspect {DATA}/btf/6.18 --kernel 6.18",
        f"fleet {DATA}/fleet/hosts.csv",
        "figures",
        "presets list",
        *(f"compare --format {form}" for form in FORMATS if form != "markdown"),
        "sweep --vcpus 1..3 --format svg",
        *(f"check {OWN_GATE} --format {form}" for form in ("github", "junit", "ktap")),
    ],
)
def test_no_table_needs_what_talks_to_others(line: str) -> None:
    """But for Markdown's, which are tabulate's own: it asks importlib.metadata for its version."""
    heavy = {*TALKATIVE, "pydantic", "tabulate"} | ({"rich"} if "terminal" not in line else set())
    assert not modules(*line.split()) & heavy


def test_a_preset_of_a_user_is_checked_by_pydantic(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[vm]\nvcpus = 8\n", encoding="utf-8")
    assert "pydantic" in modules("compare", str(file))


def test_a_check_imports_no_other_format(tmp_path: Path) -> None:
    """Nor the reader of BTF, unless a build is under test."""
    file = tmp_path / "ptelist.toml"
    file.write_text(
        '[scenario.one]\nvcpus = 8\n[[budget]]\nfigure = "pte_list_desc.size"\nmax = 128\n', encoding="utf-8"
    )
    loaded = modules("check", str(file))
    assert not loaded & {
        "rich",
        "xml",
        "ptelist.output.formats.markdown",
        "ptelist.gate.ktap",
        "ptelist.readers.builds.btf",
    }


def test_observe_imports_what_it_shows(tmp_path: Path) -> None:
    saved = tmp_path / "saved.txt"
    saved.write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    assert not modules("observe", str(saved), "--all-caches") & {"rich", "json"}
    assert not {
        name
        for name in modules("compare")
        if name.startswith(("ptelist.readers.host.", "ptelist.readers.builds.", "ptelist.observe"))
    }


@pytest.mark.parametrize(("form", "absent"), [("json", {"rich", "tabulate"}), ("csv", {"rich", "tabulate", "json"})])
def test_a_data_format_imports_no_other(form: str, absent: set[str]) -> None:
    assert not modules("compare", "--format", form) & absent


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("ptelist.engine.account", {"pydantic", "click", "rich", "tabulate", "tomllib", "pathlib"}),
        ("ptelist.scenario.models", {"click", "rich", "tabulate", "tomllib", "pydantic"}),
        ("ptelist.settings.named", {"click", "rich", "tabulate", "pydantic", "ptelist.engine"}),
        (
            "ptelist.readers.host.machine, ptelist.readers.host.caches, ptelist.readers.host.vms",
            {"click", "rich", "tabulate", "pydantic"},
        ),
        (
            "ptelist.readers.builds.builds, ptelist.readers.builds.profile",
            {"click", "rich", "tabulate", "pydantic", "elftools"},
        ),
        ("ptelist.traces.replay.trace_reader", {"click", "rich", "tabulate", "pydantic"}),
        ("ptelist.gate.check, ptelist.gate.causes", {"click", "rich", "tabulate"}),
        ("ptelist.traces.rmaps.rmaps, ptelist.traces.replay.replay, ptelist.inspect.differences", {"click", "rich"}),
        ("ptelist.observe.observation, ptelist.compare.comparison", {"click", "rich", "tabulate"}),
        ("ptelist.output.formats.mail", {"click", "rich", "pydantic", "ptelist.engine"}),
    ],
)
def test_a_room_brings_nothing_heavy_in(module: str, heavy: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert not set(done.stdout.split()) & heavy
