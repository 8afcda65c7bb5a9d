"""Figures of many columns, without their derivations: those of the ledgers."""

from __future__ import annotations

import csv
import io
import shlex
from typing import TYPE_CHECKING

import pytest

from ptelist.compare.comparison import compare
from ptelist.compare.ledgers import Numbers
from ptelist.engine.repeated import WORTH
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


@pytest.mark.parametrize(
    "options",
    [
        [("vcpus", f"1..{3 * WORTH}")],
        [("vm", "shadow"), ("rmaps", "10x2-40"), ("ext", f"2..{2 * WORTH}"), ("kernel", "6.1,7.3")],
        [
            ("nested", "off,on"),
            ("memory", ",".join(f"{size}GiB" for size in range(1, WORTH))),
            ("filling", "packed,spread"),
        ],
    ],
)
@pytest.mark.parametrize("charged", [False, True])
def test_numbers_are_those_of_the_ledgers(options: list[tuple[str, str]], charged: bool) -> None:
    """What is recorded of some columns is that of all others."""
    comparison = compare(expand((), options), "", charged=charged)
    for number, ledger in enumerate(comparison.ledgers):
        wanted = []
        for figure, term in ledger.items():
            change = comparison.change(figure, number)
            wanted.append(Numbers(figure, term.unit, term.low, term.high, *(change[:2] if change else ())))
        assert list(comparison.numbers(number)) == wanted


def test_a_figure_that_the_baseline_has_not_has_no_change(run: Callable[..., Result]) -> None:
    """Only a host with a past has a peak; what is simulated of it, a fresh one has as well."""
    line = "compare --vcpus 4 --filling packed,aged --peak-vms 3 --format csv"
    result = run(*shlex.split(line))
    assert result.exit_code == 0, result.stderr
    rows = {(row["config"], row["figure"]): row for row in csv.DictReader(io.StringIO(result.stdout))}
    peak = rows["filling=aged", "pte_list_desc.objects.peak"]
    assert (peak["low"], peak["change_low"], peak["change_high"]) == (str(3 * 4 * 40), "", "")
    typical = rows["filling=aged", "pte_list_desc.slabs.typical"]
    fresh = int(rows["filling=packed", "pte_list_desc.slabs"]["low"])
    assert int(typical["change_low"]) == int(typical["low"]) - fresh


@pytest.mark.parametrize("form", ["mail", "json", "csv", "markdown", "html"])
@pytest.mark.parametrize("fillings", ["packed,aged", "aged,packed"])
def test_a_group_is_what_every_column_has_of_it(run: Callable[..., Result], fillings: str, form: str) -> None:
    line = f"compare --vcpus 4 --filling {fillings} --peak-vms 3 --figure pte_list_desc --format {form}"
    result = run(*shlex.split(line))
    assert result.exit_code == 0, result.stderr
    assert "pte_list_desc" in result.stdout
