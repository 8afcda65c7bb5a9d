"""Errors know what they are about, and say it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from ptelist.errors import PtelistError, Where
from ptelist.gate.budgets import parse
from ptelist.gate.tested import measure
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (Where(), "is bad"),
        (Where("a.toml"), "a.toml: is bad"),
        (Where("a.toml", 3), "a.toml:3: is bad"),
        (Where("a.toml", 3, field="host.cpus"), "a.toml:3: host.cpus: is bad"),
        (Where(option="--cpus"), "--cpus: is bad"),
        (Where(field="host.cpus"), "host.cpus: is bad"),
    ],
)
def test_a_message_begins_with_what_it_is_about(where: Where, message: str) -> None:
    error = PtelistError("is bad", where)
    assert str(error) == message
    assert error.inner == ("host.cpus: is bad" if where.field else "is bad")


def test_an_error_of_another_process_is_the_same() -> None:
    error = pickle.loads(pickle.dumps(PtelistError("is bad", Where("a.toml", 3))))
    assert (str(error), error.text, error.where) == ("a.toml:3: is bad", "is bad", Where("a.toml", 3))


@pytest.mark.parametrize(
    ("presets", "options", "option"),
    [
        ((), [("vcpus", "many")], "--vcpus"),
        ((), [("vcpus", "0")], "--vcpus"),
        ((), [("rmaps", "1x2000"), ("nested", "on")], "--rmaps"),
        ((), [("vcpus", "1,1")], "--vcpus"),
        ((), [("set", "kernel.page_bytes=1")], "--set kernel.page_bytes"),
        ((), [("set", "nonsense")], "--set"),
        ((), [("l2-memory", "4GiB")], "--l2-memory"),
        ((), [("config", "none-such")], "--config"),
        (("6.1",), [("kernel", "6.12")], "--kernel"),
        (("tdp", "tdp"), [], "preset"),
    ],
)
def test_an_error_names_the_option_that_it_is_about(
    presets: Sequence[str], options: list[tuple[str, str]], option: str
) -> None:
    with pytest.raises(PtelistError) as failed:
        expand(presets, options)
    assert failed.value.where.option == option


def test_an_option_in_a_file_is_told_by_its_line_and_what_is_inside_of_it_by_its_place() -> None:
    text = '[scenario.a]\nvcpus = 1\nnested = true\nrmaps = "0x0"\n[[budget]]\nfigure = "mmu.bytes.total"\nmax = 1\n'
    with pytest.raises(PtelistError) as failed:
        measure(parse(text, "a.toml"), [], {})
    assert failed.value.where == Where("a.toml", 4, field="scenario.a.rmaps")
    assert "--" not in str(failed.value)
