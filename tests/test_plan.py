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
FEATURE = {"errors", "scenario", "engine", "settings", "output", "compare"}
"""What a feature that compares scenarios stands on; one that needs no more has no line in the plan."""
PLAN: dict[str, set[str]] = {
    "errors": set(),
    # what is accounted for, and the accounting
    "scenario": {"errors"},
    "engine": {"scenario"},
    # what comes in, what goes out
    "readers": {"errors", "scenario"},
    "output": {"errors", "scenario", "engine"},
    "settings": {"errors", "scenario", "readers", "engine", "output"},
    # features that stand on more, or that others stand on
    "compare": FEATURE,
    "traces": {*FEATURE, "readers"},
    "sweep": {*FEATURE, "traces"},
    "gate": {*FEATURE, "readers"},
    "inspect": {*FEATURE, "readers"},
    "observe": {*FEATURE, "readers"},
    "fleet": {*FEATURE, "readers"},
    "explore": {*FEATURE, "sweep"},
    "patch": {*FEATURE, "readers", "inspect", "fleet"},
    # the command line declares; what a command does is loaded by its name when it runs
    "cli": {"errors", "scenario", "settings", "output"},
    "__main__": {"cli", "errors"},
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
    assert imported(path) - {room} <= PLAN.get(room, FEATURE)


def test_the_plan_has_no_arrow_that_nobody_takes() -> None:
    taken: dict[str, set[str]] = {room: set() for room in PLAN}
    for room, path in MODULES:
        taken.setdefault(room, set()).update(imported(path))
    idle = {(room, other) for room, others in PLAN.items() for other in others - taken[room]}
    shared = {(room, other) for room in PLAN for other in FEATURE}
    assert not idle - shared


def test_the_plan_has_no_circle() -> None:
    assert not circles(PLAN)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Inside a package too, and for type checkers alone."""
    names = {".".join(path.relative_to(HOUSE.parent).with_suffix("").parts) for _, path in MODULES}
    arrows = {
        ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts): set(_named(path)) & names for _, path in MODULES
    }
    assert not circles(arrows)


def circles(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what is left when all that stands on nothing has been taken away, again and again."""
    left = dict(arrows)
    while lowest := [name for name, others in left.items() if not others & left.keys() - {name}]:
        for name in lowest:
            del left[name]
    return left


def _named(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_what_a_command_does_is_where_the_link_looks_for_it() -> None:
    from ptelist.cli import COMMANDS  # noqa: PLC0415 -- the command line is not the plan

    for entry in COMMANDS.values():
        assert (HOUSE.parent / Path(*entry.module.split("."))).with_suffix(".py").is_file()
