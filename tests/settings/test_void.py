"""Options that have no effect given the others: refused when typed, no matter in a preset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers import document

from ptelist.engine.account import account
from ptelist.errors import PtelistError
from ptelist.settings.columns import expand
from ptelist.settings.space import Space
from ptelist.settings.void import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from ptelist.engine.ledger import Ledger

CASES = [
    # what is given beside, the option, what gives it an effect instead
    ("", "--l2-memory 2GiB", "--nested on"),
    ("", "--l2-leaf 2M", "--nested on"),
    ("--nested off", "--l2-memory 2GiB", "--nested on"),
    ("", "--dimm-size 2GiB", "--dimms 1"),
    ("", "--peak-vms 100", "--filling aged"),
    ("", "--l2-smm on", "--nested on"),
    ("", "--l1-replacements 3", "--nested on"),
    ("--paging shadow", "--populated 1GiB", "--paging tdp"),
    ("", "--written 1GiB", "--dirty-log on"),
    ("--paging shadow --dirty-log on", "--written 1GiB", "--dirty-log on"),
    ("--leaf 4K --dirty-log on", "--written 1GiB", "--dirty-log on"),
    ("--dirty-ring 4096", "--dirty-log on", ""),
    ("--vcpus-run 0", "--caches topped-up", ""),
    ("--vcpus-run 0", "--history any", ""),
    ("--leaf 4K", "--itlb-multihit on", ""),
    ("--paging shadow", "--itlb-multihit on", ""),
    ("--vendor intel", "--set host.avic=on", "--vendor amd"),
    ("--vendor amd", "--set host.unrestricted_guest=off", "--vendor intel"),
    ("--vendor amd --dirty-ring 4096", "--set host.pml=off", "--vendor intel"),
    ("--vcpus-run 0", "--capacity 64", ""),
    ("", "--set kernel.xa_node_bytes=1024", "--private-memory 1GiB"),
    ("", "--set kernel.xa_chunk_shift=4", "--private-memory 1GiB"),
    ("", "--set kernel.dirty_gfn_bytes=32", "--dirty-ring 4096"),
    ("", "--set kernel.dirty_ring_reserved=65", "--dirty-ring 4096"),
    ("", "--set kernel.pml_entries=511", "--dirty-ring 4096"),
    ("--kernel 6.18", "--set kernel.slub_sheaf_bytes=4096", "--kernel 7.3"),
    ("--kernel 6.18", "--set kernel.slub_barn_bytes=4096", "--kernel 7.3"),
    ("--kernel 6.18", "--set kernel.slub_percpu_sheaves_bytes=4096", "--kernel 7.3"),
]
ONLY_A_LIMIT = {"host.pml", "kernel.dirty_ring_reserved", "kernel.pml_entries"}
"""Fields that say which sizes of rings there can be, and move no figure."""


def options(line: str) -> list[tuple[str, str]]:
    words = line.split()
    return [(name.removeprefix("--"), value) for name, value in zip(words[::2], words[1::2], strict=True)]


def path(option: str) -> str:
    (axis,) = (axis for axis, _ in Space((), options(option)).axes)
    return axis.path


def ends(line: str) -> dict[str, tuple[int, int]]:
    """Return all figures; without what refuses."""
    space = Space((), options(line))
    ledger: Ledger = account(space.scenario(space.along(None)[0]))
    return {name: (term.low, term.high) for name, term in ledger.items()}


def test_each_reason_has_a_case() -> None:
    assert {path(option) for _, option, _ in CASES} == set(REASONS)


@pytest.mark.parametrize(("beside", "option", "instead"), CASES)
def test_an_option_without_effect_is_refused(
    beside: str, option: str, instead: str, run: Callable[..., Result]
) -> None:
    """It moves no figure, and does so where it is taken."""
    assert ends(f"{beside} {option}") == ends(beside)
    result = run("compare", *f"{beside} {option}".split())
    name = option.partition("=")[0] if option.startswith("--set") else option.split(maxsplit=1)[0]
    assert result.exit_code == 2
    assert result.stderr.startswith(f"ptelist: {name}: has no effect: ")
    expand((), options(f"{instead} {option}"))
    if path(option) not in ONLY_A_LIMIT:
        assert set(ends(f"{instead} {option}").items()) != set(ends(instead).items())


COMMANDS = ["show", "explain mmu.bytes.total", "sweep --vcpus 1,2", "best", "sensitivity", "history"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_a_scenario_refuses_it(command: str, run: Callable[..., Result]) -> None:
    result = run(*command.split(), "--l2-memory", "2GiB")
    assert result.exit_code == 2
    assert "--l2-memory: has no effect: there is no L2 without nested" in result.stderr


@pytest.mark.parametrize(
    ("axis", "option"),
    [
        ("--nested", "--l2-memory 2GiB"),
        ("--nested", "--l2-smm on"),
        ("--nested", "--l1-replacements 3"),
        ("--dirty-log", "--written 1GiB"),
    ],
)
def test_one_column_in_which_it_has_an_effect_is_enough(axis: str, option: str) -> None:
    """The other columns are as without it."""
    off, on = document(axis, "off,on", *option.split())["configs"]
    plain_off, plain_on = document(axis, "off,on")["configs"]
    assert off["figures"] == plain_off["figures"]
    assert on["figures"] != plain_on["figures"]


def test_none_and_off_are_true_whatever_else() -> None:
    expand((), options("--l2-memory 0 --dirty-ring 4096 --dirty-log off"))


def test_what_a_preset_says_of_an_l2_is_no_matter_without_one() -> None:
    """Its lists, its SMM and its memory: all figures are those of a VM that never had an L2."""
    (nested,) = document("nested", "--nested", "off")["configs"]
    (plain,) = document("tdp", "--vcpus", "1", "--memory", "640MiB", "--memslots", "pc-nodefaults")["configs"]
    assert nested["figures"] == plain["figures"]


def test_legacy_paging_keeps_the_lists_of_a_preset() -> None:
    (found,) = document("nested", "--nested", "off", "--paging", "tdp-legacy")["configs"]
    assert found["figures"]["pte_list_desc.objects.rmaps"]["low"] > 0


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("--l2-smm on", "--l2-smm: has no effect: there is no L2 without nested"),
        ("--l1-replacements 3", "--l1-replacements: has no effect: there is no L2 without nested"),
        ("--rmaps 3x4", "--rmaps: the TDP MMU keeps no rmaps"),
    ],
)
def test_what_is_typed_for_an_l2_is_not_dropped(typed: str, says: str) -> None:
    with pytest.raises(PtelistError, match=says):
        expand(("nested",), options(f"--nested off {typed}"))


NO_L2 = "there is no L2 without nested"
NO_LOG = "only dirty logging makes a difference of it: use dirty_log, or a dirty ring"


def vm_file(folder: Path, *lines: str) -> str:
    path = folder / "own.toml"
    path.write_text("\n".join(['extends = "tdp"', "[vm]", *lines, ""]), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("line", "why"),
    [("l2_smm = true", NO_L2), ("l1_replacements = 5", NO_L2), ('written = "1GiB"', NO_LOG)],
)
def test_a_file_that_says_what_is_in_vain_is_refused(
    line: str, why: str, tmp_path: Path, run: Callable[..., Result]
) -> None:
    """Also where an option has nothing to do with it, and not where one gives it an effect."""
    name = vm_file(tmp_path, 'name = "w"', line)
    field = line.partition(" ")[0]
    for words in (["show"], ["compare", "--ext", "2,14"], ["compare", "--vcpus", "2"]):
        assert run(*words, "--vm", name).stderr == f"ptelist: {name}:4: vm.{field}: {why}\n"
    enabling = ["--dirty-log", "on"] if field == "written" else ["--nested", "on"]
    assert run("show", "--vm", name, *enabling).exit_code == 0


@pytest.mark.parametrize(
    ("lines", "option"),
    [
        (["nested = true", "l2_smm = true", "l1_replacements = 5", 'l2_memory = "1 GiB"'], "--nested off"),
        (["dirty_log = true", 'written = "1 GiB"'], "--dirty-log off"),
        (["dirty_ring = 4096", 'written = "1 GiB"'], "--dirty-ring 0"),
    ],
)
def test_what_an_option_takes_away_is_no_matter(lines: list[str], option: str, tmp_path: Path) -> None:
    """All figures are those of a VM of which it was never said, and no note tells of it."""
    found = document("--vm", vm_file(tmp_path, *lines), *option.split())
    (without,), (plain,) = found["configs"], document()["configs"]
    assert without["figures"] == plain["figures"]
    assert "written" not in str(found["assumptions"])


def test_a_file_may_say_none_and_off_and_the_memory_of_an_l2(tmp_path: Path) -> None:
    """As the plainest preset does of every VM."""
    name = vm_file(tmp_path, "l2_smm = false", "l1_replacements = 0", 'written = "0 B"', 'l2_memory = "2 GiB"')
    assert document("--vm", name)["configs"][0]["figures"] == document()["configs"][0]["figures"]


def test_what_is_written_is_told_of_columns_that_log(run: Callable[..., Result]) -> None:
    text = " ".join(run("compare", "--dirty-log", "off,on", "--written", "4GiB").stdout.split())
    assert "where writes are logged, 4 GiB written" in text
    text = " ".join(run("show", "--dirty-log", "on", "--written", "4GiB").stdout.split())
    assert ", 4 GiB written" in text
    assert "where writes" not in text
