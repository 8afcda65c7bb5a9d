"""`import ptelist`, as a notebook or a script does."""

from __future__ import annotations

import doctest
import importlib.util
import subprocess
import sys
from inspect import isfunction
from typing import TYPE_CHECKING

import pytest

import ptelist
from ptelist.compare import api

if TYPE_CHECKING:
    from pathlib import Path

CONSUMER = """
import ptelist

def saved(vcpus: int) -> int:
    old, new = ptelist.comparison("tdp", vcpus=vcpus, ext=[14, 2])
    return -new.changes["pte_list_desc.bytes.total"].high

total: ptelist.compare.api.Figure = ptelist.figures(vcpus=8)["mmu.bytes.total"]
names: tuple[str, ...] = ptelist.preset_names("hosts")
try:
    text: str = ptelist.derivation("mmu.bytes.total", vcpus=8)
except ptelist.PtelistError as error:
    text = str(error)
print(saved(256), total.low, total.unit, names, len(text))
"""


def test_the_examples_are_true() -> None:
    failed, tried = doctest.testmod(api)
    assert tried >= len(ptelist.__all__) - 2
    assert not failed


def test_what_is_offered_is_there_and_nothing_else() -> None:
    own = {name for name, each in vars(api).items() if isfunction(each) and each.__module__ == api.__name__}
    assert set(ptelist.__all__) == {name for name in own if name[0] != "_"} | {"PtelistError", "__version__"}
    assert all(getattr(ptelist, name) is not None for name in ptelist.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ptelist.nothing


def test_the_figures_are_those_of_the_command_line() -> None:
    one, two = ptelist.comparison(vcpus=256, ext=[2, 14], set="host.cpus=1")
    assert (one.baseline, two.baseline, two.changes) == ("ext=14", "ext=14", {})
    assert two.figures == ptelist.figures(vcpus=256, ext=14, set_="host.cpus=1")
    assert two.figures["pte_list_desc.slabs"] == (320, 320, "slabs")
    assert one.changes["mmu.bytes.total"] == one.changes["pte_list_desc.bytes.total"]
    assert ptelist.figures("nested", memcg=False)["pte_list_desc.bytes.memcg"].low == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: ptelist.figures(vcpus=[1, 2]), "one scenario at a time"),
        (lambda: ptelist.figures(vcpus=-1), "--vcpus"),
        (lambda: ptelist.figures(vcpu=1), "vcpu"),
        (lambda: ptelist.derivation("nothing"), 'no figure "nothing"'),
        (lambda: ptelist.preset_names("cars"), "expected one of kernels"),
    ],
)
def test_a_fault_is_one_line(wrong: object, says: str) -> None:
    assert callable(wrong)
    with pytest.raises(ptelist.PtelistError, match=says) as caught:
        wrong()
    assert "\n" not in str(caught.value)


def test_importing_it_costs_nothing_until_it_is_used() -> None:
    code = "import sys, ptelist; ptelist.PtelistError; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert not set(done.stdout.split()) & {"pydantic", "click", "ptelist.compare.api", "ptelist.engine"}


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy, of the extra lint, is not installed")
def test_a_consumer_is_checked_strictly(tmp_path: Path) -> None:
    file = tmp_path / "consumer.py"
    file.write_text(CONSUMER, encoding="utf-8")
    assert subprocess.run([sys.executable, file], check=True, capture_output=True, encoding="utf-8").stdout.startswith(
        "983040 "
    )
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", file]
    checked = subprocess.run(mypy, check=False, capture_output=True, encoding="utf-8")
    assert checked.returncode == 0, checked.stdout
