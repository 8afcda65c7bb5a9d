"""The plan of the house: which package may import which. Arrows go down only, and there is no circle."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ptelist

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(ptelist.__file__).parent
BASE = {"errors"}
FEATURE = {"catalog", "scenario", "engine", "settings", "output", "compare"}
"""What a feature that compares scenarios stands on; one that needs no more has no line in the plan."""
PLAN: dict[str, set[str]] = {
    "errors": set(),
    "catalog": {"errors"},
    # what is accounted for, and the accounting
    "scenario": {"errors"},
    "lists": set(),
    "engine": {"scenario", "lists"},
    # where scenarios come from
    "presets": {"errors", "scenario"},
    "build": {"errors", "scenario", "presets"},
    "host": {"errors", "scenario", "presets", "build"},
    "output": {*BASE, "scenario", "engine"},
    "settings": {*BASE, "catalog", "scenario", "presets", "build", "host", "lists", "engine", "output"},
    # features that stand on more, or that others stand on
    "compare": {*BASE, "presets", *FEATURE},
    "rmaps": {*BASE, "presets", "lists", "host", *FEATURE},
    "replay": {*BASE, "lists", "presets", "rmaps", *FEATURE},
    "best": {*BASE, "lists", "rmaps", "replay", *FEATURE},
    "history": {*BASE, "presets", *FEATURE},
    "gate": {*BASE, "presets", "build", *FEATURE},
    "inspect": {*BASE, "build", *FEATURE},
    "observe": {*BASE, "presets", "host", *FEATURE},
    "manual": {"errors", "output"},
    # for notebooks
    "api": {*BASE, "presets", *FEATURE},
    # the command line declares; what a command does is loaded by its name when it runs
    "cli": {"errors", "presets", "settings", "output", "manual"},
    "__main__": {"cli"},
}
"""For each package or module below ptelist/, those that it may import, also where a type checker alone reads it."""


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(HOUSE.rglob("*.py")):
        room = path.relative_to(HOUSE).parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, path


MODULES = list(_modules())


def imported(path: Path) -> set[str]:
    """Return the packages below ptelist/ that a module imports anywhere, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("ptelist.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "ptelist":
            found |= {name.name for name in node.names if not name.name.startswith("__")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ptelist."):
            found.add(str(node.module).split(".")[1])
    return found


def test_the_plan_is_of_rooms_that_there_are() -> None:
    assert set(PLAN).union(*PLAN.values()) <= {room for room, _ in MODULES}


def test_a_room_that_others_stand_on_is_in_the_plan() -> None:
    assert set().union(*PLAN.values()) <= set(PLAN)


@pytest.mark.parametrize(("room", "path"), MODULES, ids=[f"{room}.{path.stem}" for room, path in MODULES])
def test_no_arrow_is_off_the_plan(room: str, path: Path) -> None:
    assert imported(path) - {room} <= PLAN.get(room, {*BASE, *FEATURE})


def test_the_plan_has_no_arrow_that_nobody_takes() -> None:
    taken: dict[str, set[str]] = {room: set() for room in PLAN}
    for room, path in MODULES:
        taken.setdefault(room, set()).update(imported(path))
    idle = {(room, other) for room, others in PLAN.items() for other in others - taken[room]}
    shared = {(room, other) for room in PLAN for other in (*BASE, *FEATURE)}
    assert not idle - shared


def test_the_plan_has_no_circle() -> None:
    left = dict(PLAN)
    while left:
        lowest = [room for room, others in left.items() if not others & left.keys() - {room}]
        assert lowest, f"a circle among {sorted(left)}"
        for room in lowest:
            del left[room]


def test_what_a_command_does_is_where_the_link_looks_for_it() -> None:
    from ptelist.cli import COMMANDS  # noqa: PLC0415 -- the command line is not the plan

    for module in COMMANDS.values():
        assert (HOUSE.parent / Path(*module.split("."))).with_suffix(".py").is_file()
