"""What a boot gave, as a file: written by --record, read back by everyday tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kernel.boots import BOOTS
from kernel.experiment import Difference, Experiment, Measured, differing, observations, pairs
from kernel.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = Path(__file__).parent / "recorded"
KINDS = {each.kind: type(each) for boot in BOOTS.values() for each in boot.experiments}


class DamagedError(Exception):
    """A recorded file is not what was written."""


class Observed(NamedTuple):
    """One experiment and what it measured."""

    experiment: Experiment
    measured: Measured

    def differing(self, machine: Machine) -> list[Difference]:
        """Return where ptelist says otherwise."""
        return differing(self.measured, self.experiment.predict(machine))


class Run(NamedTuple):
    """What one boot gave."""

    machine: Machine
    observed: tuple[Observed, ...]
    snapshots: dict[str, str]
    """The file's stem, and its text."""

    @property
    def observations(self) -> int:
        """How many numbers were measured."""
        return sum(observations(each.measured) for each in self.observed)


def record(name: str, done: Run) -> None:
    """Write what a boot gave."""
    folder = RECORDED / done.machine.series
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text(render(done), encoding="utf-8")
    for stem, text in done.snapshots.items():
        (folder / f"{stem}.observation").write_text(text, encoding="utf-8")


def render(done: Run) -> str:
    """Return a recorded file: what was booted, an experiment a line, how many there are."""
    lines: list[dict[str, Any]] = [done.machine._asdict()]
    for experiment, measured in done.observed:
        lines.append({"experiment": experiment.kind, "params": experiment.params(), "measured": measured})
    lines.append({"experiments": len(done.observed), "observations": done.observations})
    return "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)


def parse(text: str) -> Run:
    """Return what `render` wrote; a file that was shortened is refused."""
    try:
        head, *lines, end = (json.loads(line) for line in text.splitlines())
        observed = tuple(Observed(KINDS[line["experiment"]](**line["params"]), line["measured"]) for line in lines)
        done = Run(Machine(**head), observed, {})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedError(f"not a recorded file: {error}") from None
    if end != {"experiments": len(observed), "observations": done.observations}:
        raise DamagedError(f"its last line says {end}, there are {len(observed)} experiments")
    return done


@cache
def compared(path: Path) -> tuple[tuple[Observed, tuple[Difference, ...]], ...]:
    """Return the experiments of a recorded file, each number beside what is predicted of it."""
    done = parse(path.read_text(encoding="utf-8"))
    return tuple((each, tuple(pairs(each.measured, each.experiment.predict(done.machine)))) for each in done.observed)


def recorded() -> Iterator[Path]:
    """Yield the recorded files."""
    yield from sorted(RECORDED.glob("*/*.jsonl"))
