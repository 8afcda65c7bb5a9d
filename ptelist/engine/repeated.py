"""What rules give of many scenarios, or numbers, that they treat alike: recorded of one, repeated for the others."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ptelist.engine.recorded import Recorded, Tape, TooLongError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Source

    Program = Callable[..., tuple[int, ...] | None]
    """Gives the numbers of scenarios, None if it does not hold for them."""

T = TypeVar("T")
Told = tuple["Sequence[int]", T]
"""Numbers, and what is the same wherever these come about in the same way."""

WORTH = 32
"""A recording takes as long as so many runs of the rules at most, so one is made for no fewer runs.

Where the last one served nobody, the next one comes after twice as many.
"""

MOST = 32
"""Recordings that are kept."""


class _Recording(Generic[T]):
    """The line of arithmetic that some scenarios have in common."""

    __slots__ = ("follower", "program", "rest")

    def __init__(self, program: Program, rest: T) -> None:
        self.program, self.rest = program, rest
        self.follower: _Recording[T] = self
        """The one that served after it the last time: scenarios whose lines differ often come in turns."""


class Repeated(Generic[T]):
    """What some rules give of scenarios and numbers, of one or of several together."""

    def __init__(self, work: Callable[..., Told[T]], worth: int = WORTH) -> None:
        """Take the rules; they must go by nothing but what they are given.

        One in `worth` runs of the rules is recorded.
        """
        self._work, self._worth, self._wait = work, worth, worth
        self._served = True
        """Whether the last recording was good for anything yet."""
        self._known: list[_Recording[T]] = []
        self._serving: _Recording[T] | None = None
        self._last: tuple[Scenario | int, ...] = ()
        self._varying: set[str] = set()
        """Parts of scenarios that were not always the same object."""
        self._missed = 0

    def __call__(self, *of: Scenario | int) -> Told[T]:
        """Return what the rules give; raises what they raise."""
        likely = self._serving and self._serving.follower
        for known in (likely, *self._known) if likely else self._known:
            numbers = known.program(*of)
            if numbers is not None:
                if self._serving:
                    self._serving.follower = known
                self._serving, self._last, self._served = known, of, True
                return numbers, known.rest
        for number, (each, last) in enumerate(zip(of, self._last, strict=False)):
            before = _parts(f"s{number}", last)
            self._varying.update(
                name for name, part in _parts(f"s{number}", each).items() if part is not before.get(name)
            )
        self._last = of
        self._missed += 1
        if self._missed >= self._wait:
            self._missed = 0
            self._wait = self._worth if self._served else 2 * self._wait
            self._served = False
            with suppress(TooLongError, TypeError, AttributeError):  # more is done than can be recorded
                return self._recorded(of)
        return self._work(*of)

    def _recorded(self, of: tuple[Scenario | int, ...]) -> Told[T]:
        """Return what the rules give, and keep how; parts of scenarios that never varied are taken for granted."""
        tape = Tape()
        names = [f"s{number}" for number in range(len(of))]
        read = [
            Recorded(tape, name, each) if isinstance(each, int) else _Read(tape, name, each, self._varying)
            for name, each in zip(names, of, strict=True)
        ]
        numbers, rest = self._work(*read)
        found = cast("list[int | Recorded]", numbers)
        results = [each.name if isinstance(each, Recorded) else repr(each) for each in found]
        lines = [
            f"def program({', '.join(names)}):",
            *tape.code(results),
            f"return ({' '.join(f'{each},' for each in results)})",
        ]
        made: dict[str, Any] = dict(tape.constants)
        exec("\n ".join(lines), made)  # noqa: S102 -- the lines are arithmetic that this package has just done
        self._known.insert(0, _Recording(made["program"], rest))
        del self._known[MOST:]
        return [each.value if isinstance(each, Recorded) else each for each in found], rest


def _parts(name: str, scenario: Scenario | int) -> dict[str, object]:
    """Return the parts of a scenario by how they are read of it; a number has none."""
    if isinstance(scenario, int):
        return {}
    groups = {f"{name}.vms[{number}]": vm for number, vm in enumerate(scenario.vms)}
    return {f"{name}.{part}": getattr(scenario, part) for part in ("kernel", "config", "host")} | groups


class _Read:
    """A scenario of which is recorded what is read of it."""

    def __init__(self, tape: Tape, name: str, scenario: Scenario, varying: set[str]) -> None:
        tape.require(f"len({name}.vms) == {len(scenario.vms)}", name)
        parts: list[object] = []
        for expression, part in _parts(name, scenario).items():
            variable = tape.variable(expression, name)
            if expression in varying:
                parts.append(_Part(tape, variable, part))
            else:
                tape.require_itself(variable, part)
                parts.append(part)
        self.kernel, self.config, self.host, *vms = parts
        self.vms = tuple(vms)
        self.first_vm = vms[0]
        self.sources = _Sources(tape, tape.variable(f"{name}.sources", name), scenario.sources)


class _Part:
    """A part of a scenario: of its fields, whole numbers are recorded, and all others must be the same."""

    def __init__(self, tape: Tape, name: str, of: object) -> None:
        self._tape, self._name, self._of = tape, name, of

    def __getattr__(self, field: str) -> object:
        value = getattr(self._of, field)
        name = self._tape.variable(f"{self._name}.{field}", self._name)
        if type(value) is int:
            self._tape.require(f"{name}.__class__ is int", name)
            value = Recorded(self._tape, name, value)
        else:
            self._tape.require_same(name, value)
        self.__dict__[field] = value
        return value


class _Sources:
    """Where values come from; what was asked for must be the same."""

    def __init__(self, tape: Tape, name: str, of: dict[str, Source]) -> None:
        self._tape, self._name, self._of = tape, name, of

    def get(self, path: str) -> Source | None:
        """Return where a value comes from, None if nothing says it."""
        source = self._of.get(path)
        self._tape.require_same(self._tape.variable(f"{self._name}.get({path!r})", self._name), source)
        return source
