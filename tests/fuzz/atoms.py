"""Texts, numbers and names of files that have broken programs, and how one is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Item = TypeVar("Item")

CONTROLS = (
    "\x1b]0;x\x07",
    "\x1b[31mred",
    "\x9b31m",
    "a\rb",
    "\x85",
    "\u2028",
    "\u202ecod.exe",
    "a\tb",
    "\x7f",
    "\b\b\b",
    "a\nb",
    "\n::error::x",
    "a\n# Plan 1..0",
)
"""Control characters, escape sequences, and lines that a text would begin."""
MARKUP = (
    "<script>alert(1)</script>",
    "]]>",
    '" onload="x',
    "'\"`",
    "a|b",
    "`x`",
    "[a](javascript:x)",
    "&amp;",
    "::error::x",
    "%0A::error::x",
    "ok 1 # SKIP",
    "# TODO",
    "=1+1",
    "@SUM(A1)",
    "+1-1",
    "a,b",
    'a"b',
    "[bold red]x[/]",
    ":smile:",
)
"""What a format, a shell or a sheet would read as its own."""
SCRIPTS = (
    "\u4e2d\u6587",
    "\u0645\u0631\u062d\u0628\u0627",
    "e\u0301",
    "\U0001f600",
    "\uff11\uff12",
    "\u0661\u0662",
    "\u00b2",
    "\u00c5ngstr\u00f6m",
    "\u200b",
    "\ufeff",
    "\udcff",
    "\u0130",
)
"""Other scripts, digits of other scripts, and a byte that is no UTF-8."""
SHELL = ("$(x)", "; x", "-", "--", "-x", "--help", "*", "~", "a b", "a\\b", "%s%n", "{0}", "", " ", ".", "..", "/", "!")
LONG = ("x" * 300, "x" * 5000, "a." * 2000, "x y " * 1000, "\u4e2d" * 500, "[" * 3000, "1..+" * 1500 + "\n", "(" * 1000)
NUMBERS = (
    "0",
    "-1",
    "1",
    "2",
    "4095",
    "4096",
    "4097",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "1099511627777",
    "9" * 25,
    "9" * 5000,
    "0" * 400 + "7",
    "1e9",
    "1e400",
    "0x10",
    "0b1",
    "1_000",
    "+5",
    " 5",
    "5 ",
    "1.5",
    "nan",
    "inf",
    "-0",
    "NaN",
    "1,000",
    "true",
    "null",
    "1979-05-27",
    "07:32:00",
)
TEXTS = (*CONTROLS, *MARKUP, *SCRIPTS, *SHELL, *LONG, *NUMBERS)

FILE_NAMES = (
    "a b",
    "-x",
    "\x1b[31m",
    "a\nb",
    "a'b",
    'a"b',
    "<b>&",
    "\udcff",
    "\u4e2d",
    "a,b",
    "a+b",
    "a=b",
    "a:b",
    "a|b",
    "$(x)",
    "%0A",
    "x" * 200,
    "x" * 240,
    ".hidden",
    "..x",
    "[x]",
    "running",
    "6.1",
    "*",
    "#1",
)
"""Names that a file may have; a case's folder is fresh, so none of them is taken."""


def text(chance: Random) -> str:
    """Return a hostile text; each group of them as often as any other, and now and then two in one."""
    one: str = chance.choice(chance.choice((CONTROLS, MARKUP, SCRIPTS, SHELL, LONG, NUMBERS)))
    return one if chance.random() < 0.85 else one + chance.choice(TEXTS)


def number(chance: Random) -> str:
    return chance.choice(NUMBERS) if chance.random() < 0.8 else str(chance.getrandbits(chance.randint(1, 80)))


def some(chance: Random, items: Sequence[Item], most: int) -> list[Item]:
    """Return up to `most` different items, in any order."""
    return chance.sample(items, min(chance.randint(0, most), len(items)))
