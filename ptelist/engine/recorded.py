"""Rules recorded once, and repeated on plain integers: no term is made where nobody asks how a number came.

The rules of this package are run on numbers that remember how they were computed. What comes out is a straight line
of arithmetic, good for every scenario of which all that the rules decided by is the same: each comparison, and each
value that is no number. A number that is used in any other way, as text or to count a loop, must be the very same.
"""

from __future__ import annotations

import operator
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

P = ParamSpec("P")
T = TypeVar("T")

MOST_REMEMBERED = 512
MOST_STEPS = 20_000
"""More are no straight line worth keeping: a simulation, or a loop over all there is."""


class TooLongError(Exception):
    """Rules took more steps than are recorded."""


class Tape:
    """The arithmetic and the decisions of one run, as Python."""

    def __init__(self) -> None:
        """Start with none."""
        self._names: dict[str, str] = {}
        self._steps: dict[tuple[str, str], tuple[str, ...]] = {}
        """A variable and its expression, or no variable and a condition; and the variables that each rests on."""
        self.constants: dict[str, object] = {}

    def variable(self, expression: str, *of: str) -> str:
        """Return the variable that an expression of others gives."""
        name = self._names.get(expression)
        if name is None:
            name = self._names[expression] = f"v{len(self._names)}"
            self._enter(name, expression, of)
        return name

    def require(self, condition: str, *of: str) -> None:
        """Let the line hold only where a condition does."""
        self._enter("", condition, of)

    def require_same(self, name: str, value: object) -> None:
        """Let it hold only where a variable is equal to a value."""
        if value is None or isinstance(value, bool):
            self.require(f"{name} is {value}", name)
        else:
            constant = self._constant(value)
            self.require(f"{name} is {constant} or {name} == {constant}", name)

    def require_itself(self, name: str, value: object) -> None:
        """Let it hold only where a variable is the very same object."""
        self.require(f"{name} is {self._constant(value)}", name)

    def _constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def _enter(self, name: str, expression: str, of: tuple[str, ...]) -> None:
        self._steps.setdefault((name, expression), of)
        if len(self._steps) > MOST_STEPS:
            raise TooLongError

    def call(self, work: Callable[..., Sequence[int]], of: Sequence[int | Recorded]) -> tuple[Recorded, ...]:
        """Return what a function gives of numbers, which is one step."""
        self.constants[work.__name__] = work
        recorded = [each.name for each in of if isinstance(each, Recorded)]
        words = ", ".join(each.name if isinstance(each, Recorded) else _literal(each) for each in of)
        name = self.variable(f"{work.__name__}({words})", *recorded)
        given = work(*(each.value if isinstance(each, Recorded) else each for each in of))
        places = (self.variable(f"{name}[{number}]", name) for number in range(len(given)))
        return tuple(Recorded(self, place, value) for place, value in zip(places, given, strict=True))

    def code(self, results: Iterable[str]) -> list[str]:
        """Return the statements that results need, in their order; they return None where the line does not hold."""
        needed, lines = set(results), []
        for (name, expression), of in reversed(self._steps.items()):
            if not name or name in needed:
                needed.update(of)
                lines.append(f"{name} = {expression}" if name else f"if not ({expression}): return None")
        return lines[::-1]


def _arithmetic(
    symbol: str, work: Callable[[int, int], int], neutral: int | None, *, either: bool = False
) -> tuple[Any, Any]:
    """Return what an operator does, and what it does from the right.

    From the left, or from either side, the neutral number changes nothing.
    """

    def left(self: Recorded, other: object) -> Any:
        if isinstance(other, Recorded):
            name = self.tape.variable(f"{self.name} {symbol} {other.name}", self.name, other.name)
            return Recorded(self.tape, name, work(self.value, other.value))
        if not isinstance(other, int):
            return NotImplemented
        if other == neutral:
            return self
        name = self.tape.variable(f"{self.name} {symbol} {_literal(other)}", self.name)
        return Recorded(self.tape, name, work(self.value, other))

    def right(self: Recorded, other: object) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        if either and other == neutral:
            return self
        name = self.tape.variable(f"{_literal(other)} {symbol} {self.name}", self.name)
        return Recorded(self.tape, name, work(other, self.value))

    return left, right


def _literal(number: int) -> str:
    return f"({number:d})"


def _comparison(symbol: str, opposite: str, work: Callable[[int, int], bool]) -> Any:
    """Return what a comparison does: its outcome is taken for granted from then on."""

    def compared(self: Recorded, other: object) -> Any:
        if isinstance(other, Recorded):
            answer = work(self.value, other.value)
            self.tape.require(f"{self.name} {symbol if answer else opposite} {other.name}", self.name, other.name)
            return answer
        if not isinstance(other, int):
            return NotImplemented
        answer = work(self.value, other)
        self.tape.require(f"{self.name} {symbol if answer else opposite} {_literal(other)}", self.name)
        return answer

    return compared


class Recorded:
    """A number that remembers how it was computed. It is no int, so that nothing reads it but through what is here."""

    __slots__ = ("name", "tape", "value")
    __hash__ = None  # type: ignore[assignment]  # a table that outlives the run must not hold it

    def __init__(self, tape: Tape, name: str, value: int) -> None:
        """Take the variable that it is on a tape."""
        self.tape, self.name, self.value = tape, name, value

    __add__, __radd__ = _arithmetic("+", operator.add, 0, either=True)
    __sub__, __rsub__ = _arithmetic("-", operator.sub, 0)
    __mul__, __rmul__ = _arithmetic("*", operator.mul, 1, either=True)
    __floordiv__, __rfloordiv__ = _arithmetic("//", operator.floordiv, 1)
    __mod__, __rmod__ = _arithmetic("%", operator.mod, None)
    __lshift__, __rlshift__ = _arithmetic("<<", operator.lshift, 0)
    __rshift__, __rrshift__ = _arithmetic(">>", operator.rshift, 0)
    __lt__ = _comparison("<", ">=", operator.lt)
    __le__ = _comparison("<=", ">", operator.le)
    __gt__ = _comparison(">", "<=", operator.gt)
    __ge__ = _comparison(">=", "<", operator.ge)
    __eq__ = _comparison("==", "!=", operator.eq)
    __ne__ = _comparison("!=", "==", operator.ne)

    def __neg__(self) -> Recorded:
        """Return the negative."""
        return Recorded(self.tape, self.tape.variable(f"-{self.name}", self.name), -self.value)

    def bit_length(self) -> Recorded:
        """Return the bits that it needs."""
        name = self.tape.variable(f"{self.name}.bit_length()", self.name)
        return Recorded(self.tape, name, self.value.bit_length())

    def __bool__(self) -> bool:
        """Tell whether it is not 0, and take that for granted."""
        self.tape.require(self.name if self.value else f"not {self.name}", self.name)
        return bool(self.value)

    def __index__(self) -> int:
        """Return the plain number, for a loop or a place, and take it for granted."""
        self.tape.require(f"{self.name} == {_literal(self.value)}", self.name)
        return self.value

    def __format__(self, spec: str) -> str:
        """Return it as text, and take it for granted."""
        return format(self.__index__(), spec)

    def __str__(self) -> str:
        """Return it as text, and take it for granted."""
        return str(self.__index__())


def one_step(work: Callable[..., tuple[int, int]]) -> Callable[..., tuple[int, int]]:
    """Return a function of nothing but whole numbers that is recorded as one step, whatever it decides by."""

    @wraps(work)
    def once(*of: Any) -> tuple[int, int]:
        tape = next((each.tape for each in of if isinstance(each, Recorded)), None)
        return cast("tuple[int, int]", tape.call(work, of)) if tape else work(*of)

    return once


def remembered(work: Callable[P, T]) -> Callable[P, T]:
    """Return what remembers the last results of a function, but for those of numbers that are being recorded."""
    known = lru_cache(MOST_REMEMBERED)(work)

    @wraps(work)
    def once(*of: P.args, **named: P.kwargs) -> T:
        try:
            return known(*of, **named)  # type: ignore[arg-type]  # what it cannot remember is caught here
        except TypeError:
            return work(*of, **named)

    return once
