"""Sensitivity: every effect is what changing that one option by hand gives, and the order is that of their size."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from refusals import refused

from ptelist.engine.account import account
from ptelist.engine.difference import difference
from ptelist.errors import PtelistError
from ptelist.scenario.presets import shipped
from ptelist.settings.axes import AXES
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from ptelist.engine.ledger import Term

WHOLE = "pte_list_desc.bytes.total"

NEXT_TO_NEWEST, NEWEST = shipped.names("kernels")[-2:]


def document(run: Callable[..., Result], line: str) -> dict[str, Any]:
    result = run("sensitivity", *shlex.split(line), "--format", "json")
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


def alone(base: dict[str, str], presets: list[str], axis: str, value: str, figure: str) -> Term:
    """Return a figure with one parameter at another value, none if its name is empty."""
    options = [*((name, text) for name, text in base.items() if name != axis), *([(axis, value)] if axis else [])]
    space = Space(presets, options)
    return account(space.scenario(space.along(None)[0]))[figure]


@pytest.mark.parametrize(
    ("presets", "base", "figure"),
    [
        ([], {"vcpus": "256"}, WHOLE),
        (["nested"], {"memory": "64GiB"}, "mmu.bytes.total"),
        ([], {"kernel": "5.10", "vm": "shadow", "host": "server-256", "slub-min-order": "1"}, "memslots.bytes"),
        ([], {"kernel": "7.3", "proposal": "shrink-tdp", "vm": "nested", "rmaps": "9x3+4x5-20"}, WHOLE),
    ],
)
def test_every_effect_is_that_of_the_one_option(
    run: Callable[..., Result], presets: list[str], base: dict[str, str], figure: str
) -> None:
    words = [*presets, "--figure", figure, *(word for name, text in base.items() for word in (f"--{name}", text))]
    data = document(run, shlex.join(words))
    parameters = {each["parameter"]: each for each in data["parameters"]}
    assert set(parameters) == set(AXES) - {"host", "config", "vm", "memslots", "kernel-from"}
    before = alone(base, presets, "", "", figure)
    tried = 0
    for axis, found in parameters.items():
        for trial in found["trials"]:
            term = alone(base, presets, axis, trial["value"], figure)
            assert (trial["low"], trial["high"]) == (term.low, term.high)
            assert (trial["change"]["low"], trial["change"]["high"]) == difference(before, term)
            tried += 1
        for trial in found["refused"]:
            with pytest.raises(PtelistError, match=re.escape(trial["why"])):
                alone(base, presets, axis, trial["value"], figure)
    assert tried > 30
    spans = []
    for found in data["parameters"]:
        ends = [end for trial in found["trials"] for end in trial["change"].values()]
        spans.append(max([0, *ends]) - min([0, *ends]))
    assert spans == sorted(spans, reverse=True)


@pytest.mark.parametrize(
    ("line", "axis", "base", "values"),
    [
        ("", "vcpus", "4", ["2", "8"]),
        ("--vcpus 1", "vcpus", "1", ["2"]),
        ("--vcpus 64,100,200", "vcpus", "64", ["100", "200"]),
        ("--memory 4GiB", "memory", "4 GiB", ["2 GiB", "8 GiB"]),
        ("", "memcg", "on", ["off"]),
        ("", "leaf", "2M", ["4K", "1G"]),
        ("", "root-level", "4", ["5"]),
        ("", "kernel", "6.18", ["6.17", "6.19"]),
        ("--kernel 5.10", "kernel", "5.10", ["5.11"]),
        (f"--kernel {NEWEST}", "kernel", NEWEST, [NEXT_TO_NEWEST]),
        ("--ext 2", "ext", "2", ["1", "4"]),
        ("", "slub-max-order", "3", ["2", "4"]),
        ("", "slub-min-order", "0", ["1"]),
        ("", "slub-min-objects", "32", ["16", "64"]),
        ("", "vcpus-run", "4", ["2", "8"]),
        ("", "possible-cpus", "64", ["32", "128"]),
        ("--vm nested --rmaps 8x3+1x4-9", "rmaps", "8x3+1x4-9", ["4x3+1x4-9", "16x3+2x4-9"]),
        ("", "rmaps", "none", []),
        ("", "slub-debug", "none", ["FZPU"]),
        ("--slub-debug Z", "slub-debug", "Z", []),
        ("--memory 12KiB", "memory", "12 KiB", ["4 KiB", "24 KiB"]),
        ("--memory 4KiB", "memory", "4 KiB", ["8 KiB"]),
        ("--slub-min-order 1", "slub-min-order", "1", ["0", "2"]),
        ("--kernel 5.11", "kernel", "5.11", ["5.10", "5.12"]),
        ("--proposal shrink-tdp", "ext", "2", ["1", "4"]),
        ("--proposal topup-iff-rmaps+shrink-tdp", "ext", "2", ["1", "4"]),
        ("--proposal shrink-tdp,topup-iff-rmaps", "proposal", "shrink-tdp", ["topup-iff-rmaps"]),
    ],
)
def test_what_is_tried(run: Callable[..., Result], line: str, axis: str, base: str, values: list[str]) -> None:
    (found,) = (each for each in document(run, line)["parameters"] if each["parameter"] == axis)
    assert found["base"] == base
    assert sorted(each["value"] for each in (*found["trials"], *found["refused"])) == sorted(values)


def test_proposals_are_tried_one_by_one(run: Callable[..., Result]) -> None:
    for line, base in (("", "none"), ("--proposal shrink-tdp+topup-iff-rmaps", "shrink-tdp+topup-iff-rmaps")):
        (found,) = (each for each in document(run, line)["parameters"] if each["parameter"] == "proposal")
        assert found["base"] == base
        tried = {each["value"] for each in (*found["trials"], *found["refused"])}
        assert tried == set(shipped.names("proposals")) - {base}


def test_percents_are_those_of_the_changes(run: Callable[..., Result]) -> None:
    text = run("sensitivity", "--vcpus", "256", columns=120).stdout
    assert re.search(r"^capacity +40 +20 +-696,320 +-50\.0%", text, re.MULTILINE)
    wide = run("sensitivity", "--vcpus", "1", "--host", "server-256", "--format", "markdown").stdout
    row = r"^\| vcpus +\| +1 \| +2 \| +17,408\.\.26,112 \| +0\.\.\+17,408 \| +0\.0\.\.\+200\.0% \|"
    assert re.search(row, wide, re.MULTILINE)
    nothing = run("sensitivity", "--vcpus", "1", "--proposal", "tdp-no-objects", columns=120).stdout
    assert "%" not in nothing.partition("no effect")[0]


def test_set_fields_stay_as_given(run: Callable[..., Result]) -> None:
    plain, more = document(run, ""), document(run, "--set kernel.page_topup_min=4 --set vm.low_memory=4096,8192")
    assert plain["low"] == more["low"]
    assert "--set vm.low_memory=4096" in run("sensitivity", "--set", "vm.low_memory=4096,8192").stdout


@pytest.mark.parametrize("width", [40, 60, 72, 120])
def test_a_page_of_sensitivity(run: Callable[..., Result], width: int) -> None:
    text = run("sensitivity", "--vcpus", "256", columns=width).stdout
    table = text.partition("\nno effect")[0]
    assert max(map(len, table.splitlines()[2:])) <= width
    for number in ("+1,392,640", "-696,320", "-1,253,376"):
        assert number in table
    squeezed = " ".join(text.split())
    said = "no effect: kernel (6.17, 6.19), list-policy (walk), peak-vms (2), memory (2 GiB, 8 GiB)"
    assert said in squeezed
    assert "; the values in brackets were tried " in squeezed
    assert "not possible alone: mapped, faults, eager-split, tdx" in squeezed
    assert "not possible here: vcpus-run 512" in squeezed
    assert "explain: ptelist explain pte_list_desc.bytes.total --vcpus 256" in squeezed
    first = [line.split()[0] for line in table.splitlines() if line.startswith(("capacity", "vcpus ", "nodes"))]
    assert first[-1] == "nodes", "the least effect comes last"


def test_what_an_open_figure_does_not_depend_on_does_not_move_it(run: Callable[..., Result]) -> None:
    """The total is open by much; PTE_LIST_EXT moves it by what it moves pte_list_desc, memcg's switch by less."""
    effects = {each["parameter"]: each for each in document(run, "nested --figure mmu.bytes.total")["parameters"]}
    own = {each["parameter"]: each for each in document(run, f"nested --figure {WHOLE}")["parameters"]}
    assert [each["change"] for each in effects["ext"]["trials"]] == [each["change"] for each in own["ext"]["trials"]]
    (switch,) = effects["slab-merge"]["trials"]
    assert switch["change"] == {"low": 0, "high": 0}


def test_csv_has_every_trial(run: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("sensitivity", "--vcpus", "8", "--format", "csv").stdout)))
    trials = [
        (each["parameter"], trial) for each in document(run, "--vcpus 8")["parameters"] for trial in each["trials"]
    ]
    assert [(row["parameter"], row["value"], int(row["change_high"])) for row in rows] == [
        (name, trial["value"], trial["change"]["high"]) for name, trial in trials
    ]


def test_the_tornado_s_bars_are_as_long_as_the_effects(run: Callable[..., Result]) -> None:
    data = document(run, "--vcpus 256 --host server-256")
    root = ET.fromstring(run("sensitivity", "--vcpus", "256", "--host", "server-256", "--format", "svg").stdout)
    boxes = root.findall("{http://www.w3.org/2000/svg}rect")[1:]
    text = list(root.itertext())
    moving = []
    for each in data["parameters"]:
        ends = [end for trial in each["trials"] for end in trial["change"].values()]
        if any(ends):
            moving.append((each, min([0, *ends]), max([0, *ends])))
    widths = {-low for _, low, _ in moving} | {high for _, _, high in moving}
    scale = max(float(box.attrib["width"]) for box in boxes) / max(widths)
    drawn = [float(box.attrib["width"]) for box in boxes]
    for each, low, high in moving:
        assert f"{each['parameter']} {each['base']}" in text
        for end in (-low, high):
            assert not end or any(abs(width - end * scale) <= 0.11 for width in drawn)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--figure nonsense", 'no figure "nonsense"'),
        ("--vcpus 0", "--vcpus: should be greater than or equal to 1"),
        ("--vcpus 1 --vcpus 2", "--vcpus: given twice"),
    ],
)
def test_bad_input_gets_one_line(run: Callable[..., Result], line: str, says: str) -> None:
    assert says in refused(run("sensitivity", *shlex.split(line)))


def test_what_was_tried_in_vain_is_said(run: Callable[..., Result]) -> None:
    """6.17 and 6.19 have the memslots of 6.18, 5.14 has not: a kernel is not without effect."""
    text = " ".join(run("sensitivity", "--figure", "memslots.bytes").stdout.split())
    idle = text.partition("no effect: ")[2].partition("; the values in brackets were tried")[0]
    assert "kernel (6.17, 6.19), " in idle
    proposals = len(shipped.names("proposals")) - 1
    assert f" proposal ({proposals} values), " in idle
    assert " leaf (4K, 1G), " in idle
    told = " ".join(run("sensitivity", "--figure", "memslots.bytes", "--kernel", "6.18,5.14").stdout.split())
    assert "kernel (" not in told
