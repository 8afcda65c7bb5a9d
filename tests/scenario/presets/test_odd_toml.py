"""Presets that are TOML and no presets: refused in one line, in no time, whatever is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.scenario.presets.parse import MOST_ITEMS, MOST_PARTS, toml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

HUGE = f"0x{'f' * 5000}"
"""More digits than Python writes."""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a" + ".a" * 300_000 + " = 1", ":1: a key of more than 64 parts", id="dotted key"),
        pytest.param("\n[a" + " . 'b c'" * 100_000 + "]", ":2: a key of more than 64 parts", id="dotted header"),
        pytest.param("x = {a" + ".a" * 300_000 + " = 1}", ":1: a key of more than 64 parts", id="dotted inside"),
        pytest.param(
            'x = ["""\n\'""", {a' + ".a" * 300_000 + " = 1}, '']", ":2: a key of more", id="dotted behind text"
        ),
        pytest.param('a."\u2028"' * 64 + ".a = 1", ":1: a key of more than 64 parts", id="dotted between odd ends"),
        pytest.param("x = " + f"{{{'a.' * 60}a = " * 20 + "1" + "}" * 20, ":1: x.a.a.a", id="deep tables"),
        pytest.param('title = "' + '\\"' * 500_000 + "." * 70, ":1: not valid TOML", id="no end"),
        pytest.param('# "' + '\\"' * 500_000 + "." * 70 + "\nx = 1", ":2: unknown key x", id="no end in a comment"),
        pytest.param("'" + "." * 500_000 + "' = 1", ":1: unknown key", id="quoted dots"),
        pytest.param("[vm]\nrmaps = [{'" + "." * 400_000 + "' = 1}]", ":2: vm.rmaps.0.count", id="quoted dots inside"),
        pytest.param("[[vm]]\n" * 20_000, ": vm: 20,000 items, at most 4,096", id="groups"),
        pytest.param("[vm]\ndevices = [" + "[0, 4096]," * 30_000 + "]", ":2: vm.devices: 30,000 items", id="items"),
        pytest.param(f"[vm]\nvcpus = {HUGE}", ":2: vm.vcpus: a number of more than 64 bits", id="number"),
        pytest.param(f"[vm]\nvcpus = [{HUGE}]", ":2: vm.vcpus.0: a number of more than 64 bits", id="number in a list"),
        pytest.param(f"[[vm.rmaps]]\ncount = {HUGE}", ":2: vm.rmaps.0.count: a number of", id="number in a table"),
        pytest.param("[kernel]\nversion = 2024-01-01", ":2: kernel.version: a date or a time", id="date"),
        pytest.param("[vm]\nname = 12:00:00", ":2: vm.name: a date or a time", id="time"),
        pytest.param("[kernel]\nversion = 3", ":2: kernel.version: expected text", id="version"),
        pytest.param('extends = "6.18"\n[kernel]\nrelease = [[1]]', ":3: kernel.release: expected text", id="release"),
        pytest.param('extends = "6.12"\n[kernel]\nstable = 3', ":3: kernel.stable: expected text", id="stable"),
    ],
)
def test_one_line(run: Callable[..., Result], tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text + "\n", encoding="utf-8")
    assert f"odd.toml{says}" in refused(run("compare", str(path), "--proposal", "none,shrink-tdp"))


@pytest.mark.parametrize("value", [HUGE, "2024-01-01T00:00:00"])
def test_what_no_field_can_be_is_not_shown(run: Callable[..., Result], tmp_path: Path, value: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(f"[vm]\nvcpus = {value}\n", encoding="utf-8")
    assert "odd.toml:2: vm.vcpus" in refused(run("presets", "show", str(path)))
    path.write_text(
        f"[scenario.one]\nvcpus = {value}\n[[budget]]\nfigure = 'mmu.bytes.total'\nmax = 1\n", encoding="utf-8"
    )
    assert "odd.toml:2: scenario.one.vcpus" in refused(run("check", str(path)))


@pytest.mark.parametrize("value", ["nan", "-inf", "1.5", "1e+22"])
def test_floats_are_shown_as_toml(run: Callable[..., Result], tmp_path: Path, value: str) -> None:
    path = tmp_path / "floats.toml"
    path.write_text(f"[vm]\nvcpus = {value}\n", encoding="utf-8")
    assert f"vcpus = {value}\n" in run("presets", "show", str(path)).stdout


def test_what_is_long_but_no_key_is_read() -> None:
    dots, words = "." * 500, "a.b " * 500
    assert toml(f'title = \'{dots}\' # {dots}\nnote = """\n{dots}\n{words}"""\n', "x")["title"] == dots
    assert len(toml(f"x = [{'1,' * MOST_ITEMS}]", "x")["x"]) == MOST_ITEMS
    assert toml("a" + ".a" * (MOST_PARTS - 1) + " = 1", "x")
    assert toml(f"# {'a.' * 500}\nx = 1", "x") == {"x": 1}


def test_how_deep_a_value_may_be() -> None:
    """Tables in each other end in no RecursionError."""
    inner = "a" + ".a" * (MOST_PARTS - 3)
    assert toml(f"x = {{{inner} = {{a = 1}}}}", "x")
    with pytest.raises(PtelistError, match=r"^x:1: x\.a\..*: more than 64 tables and lists in each other$"):
        toml(f"x = {{{inner} = {{a.a = 1}}}}", "x")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        pytest.param("--vcpus", "1.." + "+.." * 20_000 + "\n_", id="range"),
        pytest.param("--memory", "1.." + "*" * 50_000 + "\n_", id="steps"),
        pytest.param("--kernel", ",".join(f"{n}.{m}" for n in range(100) for m in range(1000)), id="kernels"),
        pytest.param("--set", f"kernel.slub_fractions=[{HUGE},1]", id="number"),
    ],
)
def test_long_options(run: Callable[..., Result], option: str, text: str) -> None:
    assert option in refused(run("compare", option, text))
