"""A measured VM's shadow pages hold for its run: until another VM is made of it, and whoever says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import document

from ptelist.engine.account import account
from ptelist.engine.difference import difference
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from ptelist.scenario.models import Scenario

PRESET = "nested-6.1-pc"
FILE = Path(__file__).parents[2] / "presets" / "vms" / f"{PRESET}.toml"
TOTAL = "mmu.bytes.total"
SAYS = "the shadow pages of the preset's run do not hold for other memory or lists"
OWN = ["--memory 640MiB", "--l2-memory 128MiB", "--l2-smm on", "--l2-leaf 4K", "--l1-replacements 0", "--nested on"]
OTHER = ["--memory 1GiB", "--l2-memory 64MiB", "--l2-smm off", "--l2-leaf 2M", "--l1-replacements 1", "--rmaps 9x2"]


def figures(*words: str) -> dict[str, Any]:
    (only,) = document(*words)["configs"]
    return dict(only["figures"])


@pytest.fixture
def unmeasured(tmp_path: Path) -> str:
    """Return the VM of the preset in a file that says nothing of shadow pages."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rest = [line for line in lines if not line.startswith("shadow_tables")]
    assert len(rest) == len(lines) - 1
    path = tmp_path / f"{PRESET}.toml"
    path.write_text("\n".join(rest), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("option", OWN)
def test_the_preset_s_own_value_changes_nothing(option: str) -> None:
    assert figures(PRESET, *option.split()) == figures(PRESET)
    assert SAYS not in str(document(PRESET, *option.split()))


@pytest.mark.parametrize("option", [*OTHER, "--nested off --paging shadow"])
def test_another_value_is_that_of_a_vm_which_was_not_measured(option: str, unmeasured: str) -> None:
    assert figures(PRESET, *option.split()) == figures("--vm", unmeasured, *option.split())
    assert SAYS in str(document(PRESET, *option.split())["assumptions"])
    assert SAYS not in str(document("--vm", unmeasured, *option.split())["assumptions"])


def test_without_an_l2_there_is_nothing_to_say() -> None:
    assert SAYS not in str(document(PRESET, "--nested", "off"))


def test_the_preset_is_a_column_of_its_own_value(run: Callable[..., Result]) -> None:
    found = document(PRESET, "--l2-smm", "on,off")
    assert found["baseline"] == "l2-smm=on"
    assert found["configs"][0]["figures"] == figures(PRESET)
    text = " ".join(run("compare", PRESET, "--l2-smm", "on,off").stdout.split())
    assert "where a run told them, 7..44 shadow pages (shadow_tables)" in text
    assert "where memory or lists are others, the shadow pages of the preset's run do not hold" in text


@pytest.mark.parametrize(("memory", "same"), [("640 MiB", True), ("1 GiB", False)])
def test_a_file_that_extends_a_measured_vm(memory: str, same: bool, tmp_path: Path, unmeasured: str) -> None:
    """It makes another VM of it as an option does."""
    own = tmp_path / "own.toml"
    own.write_text(f'extends = "{PRESET}"\n[vm]\nmemory = "{memory}"\n', encoding="utf-8")
    plain = (PRESET,) if same else ("--vm", unmeasured, "--memory", memory.replace(" ", ""))
    assert figures("--vm", str(own)) == figures(*plain)
    assert (SAYS in str(document("--vm", str(own))["assumptions"])) is not same


def scenario(*options: tuple[str, str]) -> Scenario:
    space = Space((), options)
    return space.scenario(space.along(None)[0])


def test_sensitivity_holds_like_against_like(run: Callable[..., Result], unmeasured: str) -> None:
    """What drops the run's shadow pages is held against the VM without them: nothing measured hides in a change."""
    words = ["sensitivity", PRESET, "--figure", TOTAL]
    data = json.loads(run(*words, "--format", "json").stdout)
    measured = account(scenario(("vm", PRESET)))[TOTAL]
    plain = account(scenario(("vm", unmeasured)))[TOTAL]
    assert (measured.low, measured.high) != (plain.low, plain.high)
    of_another = set()
    for parameter in data["parameters"]:
        axis = parameter["parameter"]
        if axis not in {"memory", "l2-memory", "l2-smm", "l2-leaf", "rmaps", "vcpus", "caches", "nested"}:
            continue
        for trial in parameter["trials"]:
            other = trial["against"] != {"low": measured.low, "high": measured.high}
            base, vm = (plain, unmeasured) if other else (measured, PRESET)
            assert trial["against"] == {"low": base.low, "high": base.high}
            ends = difference(base, account(scenario(("vm", vm), (axis, trial["value"])))[TOTAL])
            assert (trial["change"]["low"], trial["change"]["high"]) == ends
            of_another |= {axis} if other else set()
    assert of_another == {"memory", "l2-memory", "l2-smm", "l2-leaf", "rmaps"}
    text = " ".join(run(*words).stdout.split())
    assert f"the changes are from {plain.low:,}..{plain.high:,} bytes, the figure without them" in text
    assert f"less than the {plain.low:,}..{plain.high:,} that it is without what a run told." in text
