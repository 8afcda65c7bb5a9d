"""Kinds of values that options take: how a value is read, shown, completed and varied.

Nothing heavy is imported: --help shows all kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ptelist.scenario.overlay import Origin


class Choice(NamedTuple):
    """One value on an axis: how it reads in a name, and what the scenario is given."""

    label: str
    value: Any
    said_by: Origin | None = None
    """Who says it, if that is not who says the others on its axis."""


Chosen = dict[str, Choice]
"""A point: the value on each axis that is given, by the axis's name."""


class Kind:
    """Words, which the model of the field knows."""

    metavar = "WORD,.."
    """How --help shows a value."""
    prefix = "--"
    """What is typed before the name of an axis."""
    by_preset = False
    """Whether a value is the name of a preset or of a file, which says more than that name."""
    is_switch = False
    """Whether it is on or off, so that the option alone means on."""
    in_order = False
    """Whether its words follow each other, as versions do, so that the first does not come after the last."""
    part = ""
    """The part of a scenario that a preset of this kind says most of."""

    def parse(self, text: str) -> Iterator[Choice]:
        """Yield the values in an option's text; raises ValueError for what does not read as such values."""
        for item in text.split(","):
            if not item.strip():
                raise ValueError("a value is missing")
            yield from self.read(item.strip())

    def read(self, text: str) -> Iterable[Choice]:
        """Return the value that one item of a list names; a range names several."""
        return [Choice(text, text)]

    def show(self, value: Any) -> str:
        """Return how a value that a scenario has is typed."""
        return str(value)

    def typed(self, choice: Choice) -> str:
        """Return how a value that was given is typed."""
        return choice.label

    def plain(self, choice: Choice) -> Any:
        """Return a value for JSON: numbers and truth as such, all others by their labels."""
        return choice.label

    def words(self) -> Sequence[str]:
        """Return all values, or their names; nothing where the model of the field has them, or they are numbers."""
        return ()

    def offered(self, begun: str) -> Sequence[str]:
        """Return what a shell may offer for a value that is begun."""
        return [word for word in self.words() if word.startswith(begun)]

    def vary(self, value: Any, page: int) -> list[str]:
        """Return, as they are typed, the values to try beside one that a scenario has; `page` is a page's bytes."""
        del value, page
        return []

    def beyond(self, value: Any, page: int, *, up: bool, fine: bool) -> str:
        """Return the next number above or below one that a scenario has, as it is typed; "" if there is none.

        It is twice or half as much, or with `fine` one more or one less; `page` is a page's bytes.
        """
        del value, page, up, fine
        return ""

    def step(self, values: Sequence[int]) -> int:
        """Return the steps in which a search goes from the least of these values to the greatest."""
        del values
        return 1

    def sets(self, path: str, value: Any) -> tuple[tuple[str, Any], ...]:
        """Return the fields that a value sets, and to what; `path` is the field of the axis."""
        return ((path, value),)

    def paths(self, path: str) -> tuple[str, ...]:
        """Return the fields that any value sets."""
        return (path,)

    def value_of(self, fields: Mapping[str, Any]) -> Any:
        """Return the value that sets these fields, by path, to what they are."""
        (value,) = fields.values()
        return value


class Switches(Kind):
    """On or off."""

    metavar = "[on|off]"
    is_switch = True

    def read(self, text: str) -> Iterable[Choice]:
        """Return on or off."""
        if text not in self.words():
            raise ValueError(f'expected on or off, got "{text}"')
        return [Choice(text, text == "on")]

    def show(self, value: Any) -> str:
        """Return on or off."""
        return "on" if value else "off"

    def plain(self, choice: Choice) -> Any:
        """Return whether it is on."""
        return choice.value

    def words(self) -> Sequence[str]:
        """Return both."""
        return ("on", "off")

    def vary(self, value: Any, page: int) -> list[str]:
        """Return the other one."""
        del page
        return [self.show(not value)]


class Letters(Kind):
    """Letters, each of which switches something on."""

    def __init__(self, usual: str) -> None:
        """Take those that are usually switched on together."""
        self._usual = usual

    def show(self, value: Any) -> str:
        """Return the letters."""
        return value or "none"

    def vary(self, value: Any, page: int) -> list[str]:
        """Return the usual letters, if there are none."""
        del page
        return [] if value else [self._usual]


class Bundles(Kind):
    """Words of which each sets several fields."""

    def __init__(self, bundles: Mapping[str, Mapping[str, Any]]) -> None:
        """Take each word with the values of its fields, by path; all words set the same fields."""
        self._bundles = bundles

    def read(self, text: str) -> Iterable[Choice]:
        """Return the word, if there is such a one."""
        if text not in self._bundles:
            raise ValueError(f'expected {", ".join(self._bundles)}, got "{text[:40]}"')
        return [Choice(text, text)]

    def words(self) -> Sequence[str]:
        """Return all words."""
        return tuple(self._bundles)

    def vary(self, value: Any, page: int) -> list[str]:
        """Return the other words."""
        del page
        return [word for word in self._bundles if word != value]

    def sets(self, path: str, value: Any) -> tuple[tuple[str, Any], ...]:
        """Return all fields of a word."""
        del path
        return tuple(self._bundles[value].items())

    def paths(self, path: str) -> tuple[str, ...]:
        """Return the fields that a word sets."""
        del path
        return tuple(next(iter(self._bundles.values())))

    def value_of(self, fields: Mapping[str, Any]) -> Any:
        """Return the word that sets the fields to what they are."""
        return next(word for word, bundle in self._bundles.items() if bundle == fields)


WORDS, SWITCHES = Kind(), Switches()
