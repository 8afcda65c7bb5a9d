"""What an experiment is, and how measured numbers are held against predicted ones."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kernel.machine import Between, Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kernel.guest import Guest
    from kernel.machine import Machine

NAMED = "named."
"""How keys begin of what is measured, but no matter of KVM's MMU: it is told apart, not predicted."""

Measured = dict[str, int | list[int]]
Predicted = dict[str, Number | list[Number]]


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One thing to do to a kernel: `run` does it, `predict` says what ptelist expects, under the same keys.

    Each has a `paging`, as a field or for all of its kind: which MMU KVM is loaded with (tdp-mmu, tdp-legacy, shadow).
    """

    kind: ClassVar[str]

    def run(self, guest: Guest, machine: Machine) -> Measured:
        raise NotImplementedError

    def predict(self, machine: Machine) -> Predicted:
        raise NotImplementedError

    def params(self) -> dict[str, Any]:
        """Return the fields, as they are recorded."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        """Return kind and parameters."""
        return " ".join((self.kind, *(f"{name}={value}" for name, value in self.params().items())))


class Difference(NamedTuple):
    """A number that is not what was predicted; None stands for one that is not there."""

    name: str
    measured: int | None
    predicted: Number | None

    def __str__(self) -> str:
        """Return both numbers, and why if the prediction is an interval."""
        expected: object = self.predicted
        if isinstance(self.predicted, Between):
            low, high, why = self.predicted
            expected = f"{low}..{'' if high is None else high} ({why})"
        return f"{self.name}: measured {self.measured}, predicted {expected}"


def observations(measured: Measured) -> int:
    """Return how many numbers were measured."""
    return sum(1 for _ in _numbers(_predictable(measured)))


def exact(predicted: Predicted) -> int:
    """Return how many numbers are predicted as one number, not as an interval."""
    return sum(not isinstance(number, Between) for _, number in _numbers(predicted))


def differing(measured: Measured, predicted: Predicted) -> list[Difference]:
    """Return the numbers where the two disagree, or which only one of them has."""
    seen, expected = dict(_numbers(_predictable(measured))), dict(_numbers(predicted))
    names = {**expected, **seen}
    pairs = [Difference(name, seen.get(name), expected.get(name)) for name in names]
    return [pair for pair in pairs if not _agree(pair.measured, pair.predicted)]


def _predictable(measured: Measured) -> Measured:
    return {name: value for name, value in measured.items() if not name.startswith(NAMED)}


def _numbers(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, list):
            yield from ((f"{name}[{index}]", each) for index, each in enumerate(value))
        else:
            yield name, value


def _agree(measured: int | None, predicted: Number | None) -> bool:
    if isinstance(predicted, Between) and measured is not None:
        return predicted.low <= measured and (predicted.high is None or measured <= predicted.high)
    return measured == predicted
