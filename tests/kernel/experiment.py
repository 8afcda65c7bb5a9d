"""What an experiment is, and how measured numbers are held against predicted ones."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kernel.machine import Between, Measured, Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kernel.guest import Guest
    from kernel.machine import Machine

NAMED = "named."
"""How keys begin of what is measured, but no matter of KVM's MMU: it is told apart, not predicted."""

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
    """A number that was measured and what was predicted of it; None stands for one that is not there."""

    name: str
    measured: int | None
    predicted: Number | None

    @property
    def agrees(self) -> bool:
        """Tell whether the number lies in what was predicted."""
        if isinstance(self.predicted, Between) and self.measured is not None:
            return self.predicted.low <= self.measured and not self._exceeds(self.predicted.high)
        return self.measured == self.predicted

    def _exceeds(self, most: int | None) -> bool:
        return most is not None and self.measured is not None and self.measured > most

    @property
    def bounded_below_only(self) -> bool:
        """Tell a prediction without an upper end, which any large number agrees with."""
        return isinstance(self.predicted, Between) and self.predicted.high is None

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


def pairs(measured: Measured, predicted: Predicted) -> list[Difference]:
    """Return each number that was measured or predicted, and the other; what rests on other numbers is settled."""
    seen, expected = dict(_numbers(_predictable(measured))), dict(_numbers(predicted))
    names = {**expected, **seen}
    return [Difference(name, seen.get(name), _settled(expected.get(name), measured)) for name in names]


def _settled(predicted: Number | None, measured: Measured) -> Number | None:
    return predicted if predicted is None or isinstance(predicted, int) else predicted.at(measured)


def differing(measured: Measured, predicted: Predicted) -> list[Difference]:
    """Return the numbers where the two disagree, or which only one of them has."""
    return [pair for pair in pairs(measured, predicted) if not pair.agrees]


def _predictable(measured: Measured) -> Measured:
    return {name: value for name, value in measured.items() if not name.startswith(NAMED)}


def _numbers(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, list):
            yield from ((f"{name}[{index}]", each) for index, each in enumerate(value))
        else:
            yield name, value
