"""The usual table: never without the total, with its largest parts and those that moved, a change with its value."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

TOTAL = "mmu.bytes.total"
V4 = "--vcpus 256 --proposal none,shrink-tdp,small-caches-v4"
LINES = ["--vcpus 256 --ext 2,14", V4, "--vm shadow --ext 2,14", "tdp nested shadow", "--vcpus 1..20", "", "--ext 2..9"]


def figures(run: Callable[..., Result], line: str) -> list[dict[str, Any]]:
    data = json.loads(run("compare", *shlex.split(line), "--format", "json").stdout)
    return [config["figures"] for config in data["configs"]]


@pytest.mark.parametrize("width", [40, 60, 72])
@pytest.mark.parametrize("line", LINES)
def test_the_total_of_every_column_is_shown(run: Callable[..., Result], line: str, width: int) -> None:
    text = run("compare", *shlex.split(line), columns=width).stdout
    for each in figures(run, line):
        for figure in (TOTAL, "pte_list_desc.bytes.total"):
            assert f"{each[figure]['low']:,}" in text


def test_what_a_proposal_saves_of_the_total_is_shown(run: Callable[..., Result]) -> None:
    """small-caches-v4 makes the page caches smaller: most of what it saves is not of pte_list_desc."""
    none, _, v4 = figures(run, V4)
    for width in (60, 72):
        text = run("compare", *shlex.split(V4), columns=width).stdout
        saved = v4[TOTAL]["low"] - none[TOTAL]["high"]
        assert f"{saved:+,}" in text
        assert saved < -41_000_000
        pages = v4["shadow_pages.bytes"]["low"] - none["shadow_pages.bytes"]["high"]
        assert f"{pages:+,}" in text


def test_which_parts_moved_is_shown(run: Callable[..., Result]) -> None:
    off, on = figures(run, "--nested off,on --memory 64GiB --vcpus 32")
    text = run("compare", "--nested", "off,on", "--memory", "64GiB", "--vcpus", "32").stdout
    moved = on["memslots.bytes"]["low"] - off["memslots.bytes"]["low"]
    assert re.search(rf"^  memslots .*\n    change +\{moved:+,}$", text, re.MULTILINE)


@pytest.mark.parametrize("width", [40, 60, 72, 120])
def test_every_part_that_moved_is_shown(run: Callable[..., Result], width: int) -> None:
    """A total that moves less than a part does so because of another, however small: bitmaps that rings replace."""
    text = run("compare", "--dirty-ring", "0,4096", "--vcpus", "16", columns=width).stdout
    table = text.partition("\nbaseline")[0]
    changes = {change: int(change.replace(",", "")) for change in ("+1,053,312", "-8,544", "+1,044,768")}
    assert changes["+1,053,312"] + changes["-8,544"] == changes["+1,044,768"]
    assert all(change in table for change in changes)


@pytest.mark.parametrize("width", [40, 60, 72])
@pytest.mark.parametrize("line", ["tdp nested shadow", "--kernel 5.10,5.14,6.1,7.3", "--vm tdp,nested,shadow,large"])
def test_every_part_that_moved_in_some_column_is_shown(run: Callable[..., Result], line: str, width: int) -> None:
    """Parts of nothing but of the total, in any of the layouts."""
    text = run("compare", *shlex.split(line), columns=width).stdout
    each = figures(run, line)
    for part in ("memslots.bytes", "page_hash.bytes", "vcpu_caches.bytes.arrays", "page_tables.bytes.pae_roots"):
        if len({(figure[part]["low"], figure[part]["high"]) for figure in each if part in figure}) > 1:
            assert part.replace(".bytes", "") in text.replace(".bytes", "")


def test_parts_of_columns_with_long_names_are_a_table(run: Callable[..., Result]) -> None:
    """A row for each column, in place of a block for each part with all names again."""
    line = "--nested off,on --dirty-ring 0,4096"
    table = run("compare", *shlex.split(line), columns=72).stdout.partition("\nbaseline")[0]
    assert table.count("\n  nested=on, dirty-ring=4096 ") == 2  # of pte_list_desc and of the total
    plain, ring, nested, both = (each["memslots.bytes"]["low"] for each in figures(run, line))
    for name, memslots in (("off, dirty-ring=4096", ring), ("on, dirty-ring=0", nested), ("on, dirty-ring=4096", both)):
        assert re.search(rf"^nested={name} +{re.escape(f'{memslots - plain:+,}')} ", table, re.MULTILINE)
    assert max(map(len, table.splitlines())) <= 72


@pytest.mark.parametrize("width", [60, 72])
@pytest.mark.parametrize("figure", [TOTAL, "pte_list_desc.bytes.total"])
def test_kernels_by_one_figure_are_a_row_each(run: Callable[..., Result], figure: str, width: int) -> None:
    """With the value and its change in it."""
    kernels = ("5.10", "5.14", "5.15", "6.1", "6.6", "6.12", "6.18", "7.3")
    for command in ("compare", "sweep"):
        text = run(command, "--kernel", ",".join(kernels), "--figure", figure, columns=width).stdout
        data = json.loads(run("compare", "--kernel", ",".join(kernels), "--figure", figure, "--format", "json").stdout)
        for kernel, config in zip(kernels, data["configs"], strict=True):
            (line,) = re.findall(rf"^{re.escape(kernel)}  .*", text, re.MULTILINE)
            assert f"{config['figures'][figure]['low']:,}" in line
            assert kernel == "5.10" or len(line.split()) >= 3


@pytest.mark.parametrize("line", LINES[:4])
def test_it_fits_a_screen(run: Callable[..., Result], line: str) -> None:
    assert len(run("compare", *shlex.split(line)).stdout.splitlines()) <= 55
