"""What is needed for the screen: a scenario that can be, the extra, and a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from screens import MISSING

from ptelist.errors import PtelistError
from ptelist.explore import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]


def test_without_the_extra_one_line_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith(("textual", "ptelist.explore.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)
    result = run("explore", "--vcpus", "256")
    assert result.exit_code == 2
    assert result.stderr == "ptelist: explore needs textual: pip install 'ptelist[explore]'\n"


def test_without_a_terminal_it_says_so(run: Run) -> None:
    pytest.importorskip("textual", reason=MISSING)
    result = run("explore")
    assert result.exit_code == 2
    assert result.stderr.startswith("ptelist: explore shows a screen: stdin and stderr must be a terminal")


@pytest.mark.parametrize("kind", ["dumb", "DUMB", "unknown", ""])
def test_a_terminal_that_cannot_be_drawn_on_is_told_so(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("textual", reason=MISSING)
    monkeypatch.setenv("TERM", kind)
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{name}.isatty", lambda: True, raising=False)
    with pytest.raises(PtelistError, match=f"^explore draws on the whole terminal, which TERM={kind or '.not set.'}"):
        command.run([], None)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--ext", "2,14"], "--ext: one value is wanted here"),
        (["--capacity", "10"], "--capacity: capacity 10 is below the top-up minimum"),
        (["nothing"], 'no preset "nothing"'),
        (["tdp", "nested"], "unexpected extra argument"),
    ],
)
def test_a_scenario_that_cannot_be_is_told_before_the_screen(run: Run, words: list[str], why: str) -> None:
    result = run("explore", *words)
    assert result.exit_code == 2
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1
